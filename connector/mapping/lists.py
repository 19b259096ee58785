"""Readers of lists: one item a match, several sources in order, or plain values.

A list that access decisions rest on (a membership) is read to its end or is null, with a note that makes the
page partial; in other lists an item that lacks what it needs is left out, with a note. Notes of an item say
where the item stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.mapping.condition import Holds
from connector.mapping.path import MISSING, Notes, Path, json_type

__all__ = ["each_reader", "list_reader"]

Read = Callable[[Any, Notes], Any]


def each_reader(
    path: Path,
    item: Read,
    *,
    membership: bool,
    where: Holds | None = None,
    empty: bool = False,
    needed: bool = False,
) -> Read:
    """Reads one item a match of the path.

    `empty` says that an absent list means none; where the list is `needed`, one that is absent or null without
    that word is not known, and noted.
    """
    every = path.all

    def read(record: Any, notes: Notes) -> Any:
        found = notes.found
        before, gaps = len(found), notes.gaps
        matches = every(record, notes)
        is_list = matches is not None and matches is not MISSING
        if membership and (len(found) > before or (is_list and notes.gaps > gaps)):
            return _unreadable(notes, path.text)
        if matches is MISSING and empty and len(found) == before:
            return []
        if matches is None or matches is MISSING:
            if needed:
                _not_there(notes, path.text)
            return matches
        rows = []
        seen = len(found)
        for index, match in enumerate(matches):
            if where is not None and not where(match, notes):
                if len(found) != seen:
                    seen = _move(notes, seen, path, record, index)
                continue
            value = item(match, notes)
            if len(found) != seen:
                seen = _move(notes, seen, path, record, index)
            if value is None or value is MISSING:
                if membership:
                    return _unreadable(notes, _place(path, record, index))
                notes.add(
                    "item_left_out", _place(path, record, index), "the item lacks a value that it needs"
                )
                seen += 1
            else:
                rows.append(value)
        return rows

    return read


def list_reader(
    sources: Sequence[tuple[bool, Read]], unique: str | None, *, folded: bool, membership: bool
) -> Read:
    """Reads `list`; each source says whether it gives many items or one."""

    def read(record: Any, notes: Notes) -> Any:
        rows: list[Any] = []
        unsaid, said = 0, False
        for many, source in sources:
            before = len(notes.found)
            value = source(record, notes)
            if value is None or value is MISSING:
                if membership and len(notes.found) > before:
                    if not notes.found[-1].breaks:
                        _unreadable(notes, notes.found[before].path)
                    return None
                unsaid += many
                said = said or (value is None and not many)
            else:
                said = True
                rows += value if many else (value,)
        if not said:
            if membership:
                _not_there(notes, "$")
            return None
        if membership and unsaid:
            return _unreadable(notes, "$")
        return rows if unique is None else _unique(rows, unique, folded=folded)

    return read


def _unique(rows: list[Any], field: str, *, folded: bool) -> list[Any]:
    kept: dict[Any, Any] = {}
    for row in rows:
        value = row.get(field) if isinstance(row, dict) else None
        key = value.casefold() if folded and isinstance(value, str) else (json_type(value), repr(value))
        kept.setdefault(key if value is not None else id(row), row)
    return list(kept.values())


def _place(path: Path, record: Any, index: int) -> str:
    located = path.located(record)
    return located[index][0] if index < len(located) else path.text


def _move(notes: Notes, start: int, path: Path, record: Any, index: int) -> int:
    """Gives the notes from `start` on, which an item wrote, the item's place in the record."""
    at = _place(path, record, index)
    found = notes.found
    for i in range(start, len(found)):
        found[i] = found[i]._replace(path=at + found[i].path[1:])
    return len(found)


def _unreadable(notes: Notes, path: str) -> None:
    notes.add("list_unreadable", path, "the list could not be read to its end", breaks=True)


def _not_there(notes: Notes, path: str) -> None:
    notes.add("list_unreadable", path, "the list is not there, and absent does not mean empty", breaks=True)
