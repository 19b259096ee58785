"""What compiling a mapping collects besides the readers: complaints, paths, secrets, look-ups.

One object lives while one mapping is compiled; nothing of it is kept afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connector.yamlfile import Complaint

__all__ = ["Place", "Survey"]

MAX_RULES = 1_000
MAX_LOOKUPS = 10


@dataclass(frozen=True)
class Place:
    """Where a rule stands: in the file, in the unified record (dotted), and under which path its `$` is."""

    loc: tuple[str | int, ...]
    name: str
    root: str = "$"

    def at(self, *steps: str | int) -> Place:
        """A place in the same field."""
        return replace(self, loc=(*self.loc, *steps))

    def part(self, name: str) -> Place:
        """The place of a field inside this one."""
        return replace(self, loc=(*self.loc, name), name=f"{self.name}.{name}")

    def inside(self, path: str) -> Place:
        """The same place, where `$` is what the path found."""
        return replace(self, root=self.full(path))

    def full(self, path: str) -> str:
        """The path from the record's own root."""
        return self.root + path[1:]


@dataclass
class Survey:
    """Filled while rules are compiled."""

    complaints: list[Complaint] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    reads: dict[str, set[str]] = field(default_factory=dict)
    """What reads which of the paths: a field, `members`, or `where`."""
    secrets: set[str] = field(default_factory=set)
    lookups: dict[str, set[str]] = field(default_factory=dict)
    """Unified resource → the fields that look into it."""
    rules: int = 0

    def complain(
        self,
        place: Place,
        message: str,
        found: str | None = None,
        allowed: Iterable[str] = (),
        *,
        at_key: bool = False,
    ) -> None:
        """Enter what is wrong."""
        self.complaints.append(Complaint(place.loc, message, found, tuple(allowed), at_key))

    def read(self, place: Place, *paths: str) -> None:
        """Enter what the rule at this place reads, by paths from the place's `$`."""
        full = {place.full(path) for path in paths}
        self.paths |= full
        self.reads.setdefault(place.name.partition(".")[0], set()).update(full)

    def count(self, place: Place) -> None:
        """Count a rule; complain once if there are too many."""
        self.rules += 1
        if self.rules == MAX_RULES + 1:
            self.complain(place, f"a mapping has at most {MAX_RULES:,} rules")
