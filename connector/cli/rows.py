"""Rows for programs, a page at a time: one JSON envelope, lines of JSON, or CSV.

Each holds one page at most, whatever a listing's length. CSV puts an apostrophe before whatever a
spreadsheet would run as a formula, and can't tell null from an empty list; JSON tells all. A cell of several
values has `;` between them, and `\\` before a `;` or `\\` of a value's own.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from connector.cli.output import harmless, is_terminal, write_bytes
from connector.model import UNIFIED
from connector.model.shape import Free, Items, Record, Shape, shape_of

__all__ = ["Column", "CsvRows", "Format", "JsonRows", "LineRows", "Row", "Rows", "csv_cell", "csv_columns"]

Format = Literal["table", "json", "ndjson", "csv"]
Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]

_ESCAPED = str.maketrans({";": "\\;", "\\": "\\\\"})

# Full-width signs start a formula too where such keyboards are used.
_RUNS = re.compile("[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


class Rows(Protocol):
    """Prints pages in one format."""

    def add(self, rows: Sequence[Row]) -> None:
        """Prints the rows of one page."""

    def end(self, envelope: Mapping[str, Any]) -> None:
        """Prints what stands after the last page; `envelope` is all but the rows."""

    def footer(self) -> str | None:
        """What a reader would miss in the rows as they are printed; None: nothing."""


class LineRows:
    """One row a line, as JSON."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def add(self, rows: Sequence[Row]) -> None:
        write_bytes(self._encoder.encode_lines(rows))

    def end(self, envelope: Mapping[str, Any]) -> None:
        """Nothing: what is known about the listing stands on standard error."""

    def footer(self) -> None:
        """Nothing: all is there."""


class JsonRows:
    """One envelope over all pages, its rows written as they come; cut off by a failure, it isn't JSON."""

    def __init__(self) -> None:
        self._before = b'{"result":['

    def add(self, rows: Sequence[Row]) -> None:
        if rows:
            write_bytes(self._before + msgspec.json.encode(rows)[1:-1])
            self._before = b","

    def end(self, envelope: Mapping[str, Any]) -> None:
        start = self._before if self._before != b"," else b""
        write_bytes(start + b"]," + msgspec.json.encode(envelope)[1:] + b"\n")

    def footer(self) -> None:
        """Nothing: all is there."""


class CsvRows:
    """The same columns for every page, their names in the first line."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = list(columns)
        self._shown: Callable[[str], str] = harmless if is_terminal() else str
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._begun = False

    def add(self, rows: Sequence[Row]) -> None:
        if not self._begun:
            self._writer.writerow([name for name, _ in self._columns])
            self._begun = True
        self._writer.writerows(
            [self._shown(csv_cell(read(row))) for _, read in self._columns] for row in rows
        )

    def end(self, envelope: Mapping[str, Any]) -> None:
        """Nothing: the last row is the end."""

    def footer(self) -> None:
        """Nothing: all is there."""


def csv_cell(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _RUNS.match(text) else text


def csv_columns(unified: str, fields: Iterable[str]) -> list[Column]:
    """Flat columns for these fields, in the schema's order: a list of references gets one for ids, one for names."""
    wanted = set(fields)
    shapes = shape_of(UNIFIED[unified]).fields
    return [column for name, shape in shapes.items() if name in wanted for column in _columns(name, shape)]


def _columns(name: str, shape: Shape) -> list[Column]:
    if isinstance(shape, Items) and isinstance(shape.item, Record):
        if "id" in shape.item.fields:
            return [(f"{name}.{part}", _joined(name, part)) for part in ("id", "name")]
        return [(name, _joined(name, next(iter(shape.item.fields))))]
    if isinstance(shape, Items):
        return [(name, _joined(name, None))]
    if isinstance(shape, Free):
        return [(name, lambda row: "" if row.get(name) is None else msgspec.json.encode(row[name]).decode())]
    return [(name, lambda row: _plain(row.get(name)))]


def _joined(name: str, part: str | None) -> Callable[[Row], str]:
    def read(row: Row) -> str:
        items = [
            _plain(item if part is None else item.get(part)).translate(_ESCAPED)
            for item in row.get(name) or []
        ]
        # A spreadsheet that takes `;` for its separator sees each of them as a cell.
        return ";".join([items[0], *map(csv_cell, items[1:])]) if items else ""

    return read


def _plain(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
