"""Rows as a table for people: some fields, one line a row, as wide as the terminal and no wider.

Widths are settled by the first page, so that later pages stand below it without being kept. A cell that is
too long ends in `…`; ids give way last, since they are what `get` takes. Nothing in a cell is interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from connector.cli.output import fields_table, harmless, screen
from connector.cli.rows import Column, Row

__all__ = ["TableRows", "print_fields", "print_table"]

_GAP = 2
_LEAST = 8
_MOST = 48
_WIDE = 110
_STYLES = {"active": "green", "inactive": "red", "invited": "yellow", "deleted": "red", "unknown": "magenta"}


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else str(row[name])


def _email(row: Row) -> str:
    emails = row.get("emails") or []
    chosen = next((item for item in emails if item["is_primary"]), emails[0] if emails else None)
    return chosen["email"] if chosen else row.get("username") or ""


def _groups(row: Row) -> str:
    return ", ".join(group["name"] or group["id"] for group in row.get("groups") or [])


_COLUMNS: Mapping[str, Sequence[Column]] = {
    "users": (
        ("id", _text("id")),
        ("name", _text("name")),
        ("email", _email),
        ("status", _text("status")),
        ("detail", _text("status_detail")),
        ("groups", _groups),
    ),
    "groups": (
        ("id", _text("id")),
        ("name", _text("name")),
        ("type", _text("group_type")),
        ("members", _text("member_count")),
        ("description", _text("description")),
    ),
}


class TableRows:
    """Pages of a unified resource."""

    def __init__(self, unified: str) -> None:
        self._all = _COLUMNS.get(unified, _COLUMNS["groups"])
        self._columns: list[tuple[Column, int]] = []

    def add(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        is_first = not self._columns
        if is_first:
            self._columns = _settle(self._all, rows, screen().width)
        page = Text(no_wrap=True, overflow="ignore")
        if is_first:
            _line(page, [(name, width, "bold") for (name, _), width in self._columns])
        for row in rows:
            _line(page, [_cell(name, read(row), width) for (name, read), width in self._columns])
        page.rstrip()
        screen().print(page, crop=False)

    def end(self, envelope: Mapping[str, Any]) -> None:
        """What is known about the listing stands on standard error, below the table."""


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


def _cell(name: str, text: str, width: int) -> tuple[str, int, str]:
    return harmless(text), width, _STYLES.get(text, "") if name == "status" else ""


def _line(page: Text, cells: Sequence[tuple[str, int, str]]) -> None:
    """Adds one line; by hand, since a table that measures every cell takes ten times as long."""
    for index, (text, width, style) in enumerate(cells):
        size = cell_len(text)
        shown = text if size <= width else set_cell_size(text, width - 1) + "…"
        page.append(shown, style or None)
        if index < len(cells) - 1:
            page.append(" " * (width - min(size, width) + _GAP))
    page.append("\n")


def _settle(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[tuple[Column, int]]:
    """The columns that say something on this page, with widths that fit."""
    wanted: list[tuple[Column, int]] = []
    for column in columns:
        name, read = column
        longest = max(cell_len(harmless(read(row))) for row in rows)
        if name == "detail" and width < _WIDE:
            continue
        if longest:
            wanted.append((column, min(max(longest, len(name)), _MOST)))
    widths = [wide for _, wide in wanted]
    while sum(widths) + _GAP * len(widths) > width:
        # The widest gives way, the id only when the others can't.
        index = max(
            range(len(widths)), key=lambda place: (widths[place] > _LEAST and place > 0, widths[place])
        )
        if widths[index] <= 1:
            break
        widths[index] -= 1
    return [(column, wide) for (column, _), wide in zip(wanted, widths, strict=True)]
