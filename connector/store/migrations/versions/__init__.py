"""One script a revision, never changed once released. What they need they say themselves: no import of ours."""

__all__: list[str] = []
