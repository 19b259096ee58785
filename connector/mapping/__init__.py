"""How a vendor's record becomes a unified one, and back: paths, conditions, rules and their inverses.

Everything here is pure: no network, no clock, no files, and no text from YAML is ever run.
"""

__all__: list[str] = []
