"""How anything reaches the terminal: data to standard output, notes to standard error, text made harmless.

What came from a vendor is never interpreted: no markup, no escape sequence, no line of its own. On a
terminal even JSON has its control characters escaped, in JSON's own way; in a pipe bytes stay as they are.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "fields_table",
    "harmless",
    "harmless_lines",
    "is_terminal",
    "notes",
    "one_line",
    "plural",
    "print_json",
    "screen",
    "write_bytes",
]

_PIPE_WIDTH = 120

# Control characters of both sets, line separators, and what turns the direction of text around.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE = 0x100


def harmless(text: str) -> str:
    """The text on one line, each character that a terminal would obey shown by its code."""
    return _UNSAFE.sub(lambda found: _SHORT.get(found[0]) or _code(found[0]), text)


def harmless_lines(text: str) -> str:
    """As `harmless`, but lines stay lines (for messages of ours)."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def one_line(text: str) -> str:
    """A vendor's words without the breaks that they have: none of them looks like a line of ours."""
    return harmless(" ".join(text.split()))


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < _BYTE else f"\\u{number:04x}"


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def screen() -> Console:
    """Standard output for tables and words."""
    return _console(stderr=False)


def notes() -> Console:
    """Standard error: never wraps, so that a command in it can be copied."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=stderr,
        color_system=None if os.environ.get("NO_COLOR") else "auto",  # nor bold: plain text
    )
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def write_bytes(content: bytes) -> None:
    """JSON or lines of it, as they are; on a terminal with control characters escaped."""
    if is_terminal():
        shown = _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", content.decode())
        content = shown.encode(sys.stdout.encoding, "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def print_json(value: Any) -> None:
    """One JSON value on a line; over several lines on a terminal."""
    import msgspec

    encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
    write_bytes((msgspec.json.format(encoded, indent=2) if is_terminal() else encoded) + b"\n")


def fields_table(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
    """Names and their values, one below the other."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items() if isinstance(fields, Mapping) else fields:
        table.add_row(Text(harmless(name)), Text(harmless_lines(value)))
    screen().print(table)


def plural(count: int, noun: str) -> str:
    """`1 user`, `1,200 users`; the noun is given in its plural."""
    return f"{count:,} {noun.removesuffix('s') if count == 1 else noun}"
