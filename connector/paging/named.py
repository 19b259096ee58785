"""What the styles share whose vendor names the next page by a complete URL."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictInt

from connector.paging.facts import PageFacts, State, Step, Style
from connector.paging.links import follow

__all__ = ["NamedByUrl"]


class NamedByUrl(Style):
    """Each page names the next by its URL, on the api's own origin, and the call's query is not added to it."""

    size: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    """The most records to ask for at once. Asked for on the first page; the URLs say it of the others."""

    @property
    def most(self) -> int | None:
        return self.size

    def start(self, size: int) -> State:
        return {"url": None, "size": min(size, self.size)}

    def url(self, state: State) -> str | None:
        return state["url"]  # type: ignore[no-any-return]

    def variables(self, state: State, size: int) -> dict[str, Any]:  # noqa: ARG002 - every style has this face
        return {"page.size": state["size"]}

    def check(self, body: Any, state: State, size: int) -> None:
        pass

    def step(self, state: State, page: PageFacts, link: str | None) -> Step:
        """On to where the link leads; without one, the end."""
        return Step(None, "no_next") if link is None else Step({**state, "url": follow(link, page.url)})
