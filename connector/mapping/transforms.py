"""What a path rule's words do to a value: reading, writing back, and finding all values that read as one.

Each word is one small piece with its inverses beside it; what it promises is shown by its examples
(`examples`), which are its tests. A piece never sees a missing value or null, never coerces, and refuses
with `Refused` what it can't do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connector.mapping import dates
from connector.mapping.path import MISSING, json_type
from connector.mapping.refusal import Refused
from connector.mapping.words import typed

__all__ = [
    "Transform",
    "TypedTable",
    "ValuesTable",
    "as_integer",
    "as_string",
    "case",
    "date",
    "link",
    "null_if",
    "split",
    "values",
]

_LONGEST_SHOWN = 60
_MOST_DIGITS = 100
_BOUND = 10**_MOST_DIGITS
_DECIMAL = re.compile(rf"0|-?[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}", re.ASCII)


@dataclass(frozen=True)
class Transform:
    """One word of a rule. `write` and `find` are None where it is one-way; `gives` names what comes out."""

    word: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any] | None = None
    find: Callable[[Any], list[Any] | None] | None = None
    gives: str = "any"


class TypedTable:
    """A dictionary whose keys keep their JSON type: `true`, `1` and `"1"` are three."""

    __slots__ = ("_by_type",)

    def __init__(self, rows: Iterable[tuple[Any, Any]]) -> None:
        by_type: dict[type, dict[Any, Any]] = {}
        for key, value in rows:
            kind, plain = typed(key)
            by_type.setdefault(kind, {})[plain] = value
        if int in by_type:
            by_type[float] = by_type[int]
        self._by_type = by_type

    def get(self, key: Any) -> Any:
        """The row's value, or MISSING."""
        rows = self._by_type.get(type(key))
        return MISSING if rows is None else rows.get(key, MISSING)


def _wrong(expected: str, value: Any) -> Refused:
    return Refused("wrong_type", f"expected {expected}, got {json_type(value)}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"a {json_type(value)} of {len(text)} characters"


# -- as --------------------------------------------------------------------------------------------------------


def as_string() -> Transform:
    """`as: string` reads an integer as the text of its digits, every one of them kept."""

    def read(value: Any) -> str:
        if type(value) is not int:
            raise _wrong("integer", value)
        if not -_BOUND < value < _BOUND:
            raise Refused("implausible", f"an integer of more than {_MOST_DIGITS} digits")
        return str(value)

    def write(value: Any) -> int:
        if type(value) is not str or not _DECIMAL.fullmatch(value):
            raise Refused("wrong_type", "expected the digits of an integer: the vendor keeps a number here")
        return int(value)

    def find(value: Any) -> list[Any]:
        try:
            return [write(value)]
        except Refused:
            return []

    return Transform("as", read, write, find, "string")


def as_integer() -> Transform:
    """`as: integer` reads a decimal string (no sign but -, no leading zeros) as the integer."""

    def read(value: Any) -> int:
        if type(value) is not str:
            raise _wrong("string", value)
        if not _DECIMAL.fullmatch(value):
            raise Refused("unparsable", "not an integer in decimal digits")
        return int(value)

    def write(value: Any) -> str:
        if type(value) is not int:
            raise _wrong("integer", value)
        return str(value)

    return Transform("as", read, write, lambda value: [write(value)], "integer")


# -- values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ValuesTable(Transform):
    """`values`, with what null reads as (`null` may be a key)."""

    null: Any = None
    writable: tuple[Any, ...] = ()


def values(
    rows: Iterable[tuple[Any, Any]],
    *,
    preferred: Iterable[tuple[Any, Any]] = (),
    instead: Any = None,
    hidden: bool = False,
) -> ValuesTable:
    """`values` translates word for word; one that isn't listed is `instead`, with a note.

    `preferred` is the rule's `write`; `hidden` keeps the vendor's word out of the note.
    """
    rows = tuple(rows)
    table, chosen = TypedTable(rows), TypedTable(preferred)
    by_ours: dict[tuple[type, Any], tuple[Any, list[Any]]] = {}
    for key, ours in rows:
        by_ours.setdefault(typed(ours), (ours, []))[1].append(key)
    keys = TypedTable(by_ours.values())
    null = table.get(None)
    writable = tuple(
        ours for ours, found in by_ours.values() if len(found) == 1 or chosen.get(ours) is not MISSING
    )

    def read(value: Any) -> Any:
        found = table.get(value)
        if found is MISSING:
            if isinstance(value, dict | list):
                raise Refused("wrong_type", f"expected a value of the table, got {json_type(value)}", instead)
            raise Refused(
                "unmapped_value",
                "the value is not listed in `values`"
                if hidden
                else f"{_shown(value)} is not listed in `values`",
                instead,
            )
        return found

    def write(value: Any) -> Any:
        wanted = chosen.get(value)
        if wanted is not MISSING:
            return wanted
        found = keys.get(value)
        if found is not MISSING and len(found) == 1:
            return found[0]
        allowed = ", ".join(_shown(one) for one in writable) or "none"
        shown = "this value" if hidden else _shown(value)
        raise Refused("unmapped_value", f"{shown} can't be written; allowed: {allowed}")

    def find(value: Any) -> list[Any] | None:
        # Every unlisted vendor value reads as `instead`: they can't be enumerated.
        return None if instead is not None and value == instead else list(keys.get(value) or ())

    return ValuesTable("values", read, write, find, "any", None if null is MISSING else null, writable)


# -- date ------------------------------------------------------------------------------------------------------


def date(word: str) -> Transform:
    """`date` reads an instant in the named form as RFC 3339 in UTC."""
    form = dates.date_form(word)

    def write(value: Any) -> Any:
        if type(value) is not str:
            raise _wrong("date-time", value)
        vendor = form.write(value)
        if dates.instant_key(form.read(vendor)) != dates.instant_key(value):
            raise Refused("unparsable", f"this time can't be written as {word} without losing part of it")
        return vendor

    def find(value: Any) -> list[Any] | None:
        try:
            vendor = write(value)
        except Refused:
            return None
        return [vendor, str(vendor)] if word == "filetime" else [vendor]

    return Transform("date", form.read, write, find, "date-time")


# -- split, case -----------------------------------------------------------------------------------------------


def split(separator: str, take: str) -> Transform:
    """`split` cuts a text at every separator and takes one end or the rest; empty parts don't count."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            raise _wrong("string", value)
        parts = [part for part in value.split(separator) if part]
        if take == "rest":
            parts = parts[1:]
        elif take == "before_last":
            parts = parts[:-1]
        elif parts:
            return parts[0] if take == "first" else parts[-1]
        return separator.join(parts) or None

    return Transform("split", read, gives="string")


def case(word: str) -> Transform:
    """`case` gives a text in one letter case."""

    def read(value: Any) -> str:
        if type(value) is not str:
            raise _wrong("string", value)
        return value.lower() if word == "lower" else value.upper()

    return Transform("case", read, gives="string")


# -- null_if ---------------------------------------------------------------------------------------------------


def null_if(meaningless: tuple[Any, ...]) -> Transform:
    """`null_if` lists vendor values that mean nothing; null is written as the first of them."""
    table = TypedTable((value, True) for value in meaningless)

    def read(value: Any) -> Any:
        return value if table.get(value) is MISSING else None

    def write(value: Any) -> Any:
        if value is None:
            return meaningless[0]
        if table.get(value) is not MISSING:
            raise Refused("unmapped_value", "this value means nothing to the vendor; write null")
        return value

    def find(value: Any) -> list[Any] | None:
        return [value] if table.get(value) is MISSING else []

    return Transform("null_if", read, write, find)


# -- link ------------------------------------------------------------------------------------------------------


def link(hosts: tuple[str, ...], *, subdomains: bool) -> Transform:
    """`link` believes https to the listed hosts only, and completes a missing scheme."""
    ends = tuple(f".{host}" for host in hosts) if subdomains else ()

    def read(value: Any) -> str:
        if type(value) is not str:
            raise _wrong("string", value)
        text = value if "://" in value else f"https://{value}"
        if not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
            raise Refused("link_refused", "a link with spaces, backslashes or other than ASCII characters")
        try:
            parts = urlsplit(text)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise Refused("link_refused", "not a link") from None
        if parts.scheme != "https":
            raise Refused("link_refused", "only https links are believed")
        if "@" in parts.netloc or port not in (None, 443) or not (host in hosts or host.endswith(ends)):
            raise Refused("link_refused", f"the link leads to another host than {', '.join(hosts)}")
        return text

    def write(value: Any) -> str:
        if type(value) is str and "://" not in value:
            raise Refused("link_refused", "a link starts with https://")
        return read(value)

    def find(value: Any) -> list[Any] | None:
        try:
            full = write(value)
        except Refused:
            return []
        bare = full.removeprefix("https://")
        return [full] if bare == full or "://" in bare else [full, bare]

    return Transform("link", read, write, find, "string")
