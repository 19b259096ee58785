"""Rows of another unified resource, as lookup rules search them.

The caller hands them over with a record's notes; nothing is fetched here. A look-up that doesn't meet
exactly one row finds nothing: of two rows with one name neither is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.mapping.words import typed

__all__ = ["Rows", "Unread"]


class Rows:
    """Unified rows, indexed by each field that is asked for when it is first asked for."""

    __slots__ = ("_indexes", "_rows")

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows = tuple(rows)
        self._indexes: dict[tuple[str, bool], dict[Any, list[Mapping[str, Any]]]] = {}

    def __repr__(self) -> str:
        return f"Rows({len(self._rows)})"

    def where(self, field: str, value: Any, *, folded: bool = False) -> list[Mapping[str, Any]]:
        """The rows whose field is equal; `folded` compares text without letter case."""
        index = self._indexes.get((field, folded))
        if index is None:
            index = {}
            for row in self._rows:
                if row.get(field) is not None:
                    index.setdefault(_key(row[field], folded=folded), []).append(row)
            self._indexes[field, folded] = index
        return index.get(_key(value, folded=folded), [])


class Unread(Rows):
    """Rows that nobody has read: whatever is looked for is found, with holes in place of all that isn't known of it."""

    __slots__ = ("_holes", "_name")

    def __init__(self, name: str) -> None:
        super().__init__(())
        self._name = name
        self._holes: dict[str, _Unread] = {}

    def where(self, field: str, value: Any, *, folded: bool = False) -> list[Mapping[str, Any]]:  # noqa: ARG002
        known = self._holes.get(value) if isinstance(value, str) else None
        return [known if known is not None else _Unread(self._name, self._holes, {field: value})]


class _Unread(dict[str, Any]):
    """A row of which one field is known; what else is asked of it is a hole, by which it is found again."""

    def __init__(self, name: str, holes: dict[str, _Unread], known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self._name, self._holes = name, holes

    def get(self, field: str, default: Any = None) -> Any:  # noqa: ARG002 - the face is a row's
        if field not in self:
            ((by, value),) = self.items()
            hole = f"{{{self._name}.{field} where {by} is {value}}}"
            self._holes[hole] = self
            return hole
        return self[field]


def _key(value: Any, *, folded: bool) -> Any:
    if isinstance(value, str):
        return value.casefold() if folded else value
    return typed(value) if isinstance(value, bool | int | float) else repr(value)
