"""Rows of another unified resource, as lookup rules search them.

The caller hands them over with a record's notes; nothing is fetched here. A look-up that doesn't meet
exactly one row finds nothing: of two rows with one name neither is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.mapping.words import typed

__all__ = ["Rows"]


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


def _key(value: Any, *, folded: bool) -> Any:
    if isinstance(value, str):
        return value.casefold() if folded else value
    return typed(value) if isinstance(value, bool | int | float) else repr(value)
