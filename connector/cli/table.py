"""Rows as a table for people: one line a row, as wide as the terminal and no wider.

Columns are those that the mapping can fill, whatever the first page has; what doesn't fit is named, never
left out silently. Widths are settled by the first page, so that later pages stand below it without being
kept. An id is never cut, since it is what `get` takes: a longer one pushes what follows it aside. Any other
cell that is too long ends in `…`. Nothing in a cell is interpreted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from connector.cli.output import fields_table, harmless, screen
from connector.cli.rows import Row

__all__ = ["TableRows", "print_fields", "print_table"]

_GAP = 2
_LEAST = 8
_TWO = 2
_MOST = 48
_STYLES = {"active": "green", "inactive": "red", "invited": "yellow", "deleted": "red", "unknown": "magenta"}


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else str(row[name])


def _email(row: Row) -> str:
    emails = row.get("emails") or []
    chosen = next((item for item in emails if item["is_primary"]), emails[0] if emails else None)
    return chosen["email"] if chosen else row.get("username") or ""


def _status(row: Row) -> str:
    """With the vendor's own word, where that is another."""
    status, detail = row.get("status") or "", row.get("status_detail") or ""
    if not detail or detail.casefold() == status.casefold():
        return status
    return f"{status} ({detail})" if status else f"({detail})"


def _groups(row: Row) -> str:
    return ", ".join(group["name"] or group["id"] for group in row.get("groups") or [])


@dataclass(frozen=True)
class _Column:
    """One column; of those that don't fit together, the one with the highest `rank` goes first."""

    name: str
    read: Callable[[Row], str]
    fields: frozenset[str]
    """It is there when the mapping can fill one of these."""
    floor: int
    """It is at least so wide, whatever the first page has: later ones may have more."""
    rank: int
    keep: int = 0
    """So much of a cell is shown even where the column is narrower."""


def _column(
    name: str, read: Callable[[Row], str], fields: str, floor: int, rank: int, keep: int = 0
) -> _Column:
    return _Column(name, read, frozenset(fields.split()), floor, rank, keep)


_ID = _column("id", _text("id"), "id", 2, 0, sys.maxsize)
_COLUMNS: Mapping[str, Sequence[_Column]] = {
    "users": (
        _ID,
        _column("name", _text("name"), "name", 12, 2),
        _column("email", _email, "emails username", 16, 3),
        # With the vendor's own word; that has room before less important columns have.
        _column("status", _status, "status status_detail", _LEAST, 1, 28),
        _column("groups", _groups, "groups", 10, 4),
    ),
    "groups": (
        _ID,
        _column("name", _text("name"), "name", 12, 1),
        _column("type", _text("group_type"), "group_type", 5, 2),
        _column("members", _text("member_count"), "member_count", 7, 3),
        _column("description", _text("description"), "description", 12, 4),
    ),
}


class TableRows:
    """Pages of a unified resource whose rows can have these fields.

    Of the vendor's own records, which name their id `key`, the first page says what they have.
    """

    def __init__(self, unified: str, fields: Iterable[str], key: str = "id") -> None:
        wanted = {"id", *fields}
        self._all = [column for column in _COLUMNS.get(unified, ()) if column.fields & wanted]
        self._columns: list[tuple[_Column, int]] = []
        self._key = key

    def add(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        page = Text()
        self._all = self._all or _columns_in(rows, self._key)
        if not self._columns:
            self._columns = _settle(self._all, rows, screen().width)
            _line(page, [(column, column.name, width, "bold") for column, width in self._columns])
        for row in rows:
            _line(page, [_cell(column, row, width) for column, width in self._columns])
        page.rstrip()
        screen().print(page, crop=False, no_wrap=True, overflow="ignore")

    def end(self, envelope: Mapping[str, Any]) -> None:
        """What is known about the listing stands on standard error, below the table."""

    def footer(self) -> str | None:
        shown = {column.name for column, _ in self._columns}
        hidden = [column.name for column in self._all if shown and column.name not in shown]
        return f"hidden: {', '.join(hidden)}; -o json shows all" if hidden else None


def _columns_in(rows: Sequence[Row], key: str) -> list[_Column]:
    """A column for each name in the rows, the id's first, else those first that come first."""
    names = sorted(dict.fromkeys(name for row in rows for name in row), key=lambda name: name != key)
    return [
        _column(name, _cell_of(name), name, _LEAST, rank, sys.maxsize if name == key else 0)
        for rank, name in enumerate(names)
    ]


def _cell_of(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else _shown(row[name]).replace("\n", ", ")


def print_table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A small table of our own, its last column folded."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for index, name in enumerate(names):
        table.add_column(name, overflow="fold", no_wrap=index == 0)
    for line in lines:
        table.add_row(*(Text(harmless(cell)) for cell in line))
    screen().print(table)


def print_fields(row: Row) -> None:
    """Every field of one row, lists an item a line; null is shown as `-`."""
    fields_table((name, _shown(value)) for name, value in row.items())


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return "\n".join(_shown(item) for item in value) or "none"
    if isinstance(value, Mapping):
        parts = (f"{name}: {_shown(item)}" for name, item in value.items() if item is not None)
        return harmless(", ".join(parts)) or "-"
    return str(value).lower() if isinstance(value, bool) else harmless(str(value))


def _cell(column: _Column, row: Row, width: int) -> tuple[_Column, str, int, str]:
    style = _STYLES.get(row.get("status") or "", "") if column.name == "status" else ""
    return column, harmless(column.read(row)), width, style


def _line(page: Text, cells: Sequence[tuple[_Column, str, int, str]]) -> None:
    """Adds one line; by hand, since a table that measures every cell takes ten times as long."""
    debt = 0
    for index, (column, text, settled, style) in enumerate(cells):
        size = cell_len(text)
        keep = min(size, column.keep)
        # What an earlier cell took beyond its column, this one makes good as far as it can.
        width = max(settled - debt, min(settled, max(column.floor, keep)))
        room = max(width, keep)
        shown = text if size <= room else set_cell_size(text, room - 1) + "…"
        taken = min(size, room)
        debt += max(taken, width) - settled
        page.append(shown, style or None)
        if index < len(cells) - 1:
            page.append(" " * (max(0, width - taken) + _GAP))
    page.append("\n")


def _settle(columns: Sequence[_Column], rows: Sequence[Row], width: int) -> list[tuple[_Column, int]]:
    """The columns that fit, with their widths: all if they can, else the less important ones go."""
    longest = {column.name: max(cell_len(harmless(column.read(row))) for row in rows) for column in columns}
    left = sorted(columns, key=lambda column: column.rank)
    while len(left) > 1 and _least(left, longest) > width:
        if len(left) == _TWO:
            # Rather a cut cell than nothing beside the id.
            left = [
                column if column.keep == _ID.keep else replace(column, floor=4, keep=0) for column in left
            ]
            if _least(left, longest) <= width:
                break
        left.pop()
    widths = {column.name: _widest(column, longest[column.name]) for column in left}
    floors = {column.name: _floor(column, longest[column.name]) for column in left}
    for _ in range(sum(widths.values()) + _GAP * (len(left) - 1) - width):
        name = max((one for one in widths if widths[one] > floors[one]), key=widths.__getitem__, default="")
        if not name:
            break
        widths[name] -= 1  # the widest gives way
    order = [column.name for column in columns]
    return sorted(
        ((column, widths[column.name]) for column in left), key=lambda found: order.index(found[0].name)
    )


def _least(columns: Sequence[_Column], longest: Mapping[str, int]) -> int:
    return sum(_floor(column, longest[column.name]) for column in columns) + _GAP * (len(columns) - 1)


def _floor(column: _Column, longest: int) -> int:
    return max(column.floor, min(longest, column.keep))


def _widest(column: _Column, longest: int) -> int:
    return min(max(longest, len(column.name), column.floor), max(_MOST, column.keep))
