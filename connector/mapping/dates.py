"""Instants: each form that vendors write them in, read into RFC 3339 in UTC, and written back.

Nothing is guessed: the form is declared, a text without an offset is read only with a declared zone, and a
number that can't be of the declared unit is refused. Digits of a fraction are kept as they came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connector.mapping.path import json_type
from connector.mapping.refusal import Refused

__all__ = [
    "DATE_WORDS",
    "DateForm",
    "check_instant",
    "date_form",
    "in_utc",
    "instant_key",
    "needs_zone",
    "strptime_fault",
]

DATE_WORDS = ("rfc3339", "epoch_s", "epoch_ms", "filetime", "ldap")

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,30}))?(?:([Zz])|([+-]\d\d:\d\d))", re.ASCII
)
_LDAP = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d{1,30}))?)?)?(?:(Z)|([+-]\d\d)(\d\d)?)", re.ASCII
)
_UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,30})?Z", re.ASCII)
_DIRECTIVES = frozenset("YymdHIMSfzbBaAp%")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SECONDS_BELOW = 100_000_000_000
"""Seconds end and milliseconds begin here: as seconds the year 5138, as milliseconds March 1973."""
_TICKS = 10_000_000
_MOST_DIGITS = 30
_MOST_TICKS = (datetime.max.replace(tzinfo=UTC) - _FILETIME_EPOCH) // timedelta(seconds=1) * _TICKS


@dataclass(frozen=True)
class DateForm:
    """One form: `read` gives an RFC 3339 text in UTC, `write` what the vendor holds; both raise Refused."""

    word: str
    read: Callable[[Any], str]
    write: Callable[[str], Any]


def date_form(word: str) -> DateForm:
    """The form that the word (or strptime format) names."""
    known = {
        "rfc3339": (_read_rfc3339, in_utc),
        "epoch_s": (_read_epoch_s, _write_epoch_s),
        "epoch_ms": (_read_epoch_ms, _write_epoch_ms),
        "filetime": (_read_filetime, _write_filetime),
        "ldap": (_read_ldap, _write_ldap),
    }
    if word in known:
        return DateForm(word, *known[word])
    return DateForm(word, lambda value: _read_format(value, word), lambda text: _write_format(text, word))


def strptime_fault(text: str) -> str | None:
    """Why the text is not a date format, if it isn't."""
    letters = re.findall(r"%(.?)", text, re.DOTALL)
    if not letters:
        return f"not a date format; allowed: {', '.join(DATE_WORDS)}, or a strptime format such as %Y-%m-%d"
    unknown = [letter for letter in letters if letter not in _DIRECTIVES]
    if unknown:
        return f"%{unknown[0]} is not allowed in a date format; allowed: {' '.join(f'%{x}' for x in sorted(_DIRECTIVES))}"
    sample = datetime(2024, 2, 29, 13, 4, 5, tzinfo=UTC)
    try:
        if datetime.strptime(sample.strftime(text), text).year != sample.year:  # noqa: DTZ007 - only the form is tried
            return "a date format needs the year"
    except (ValueError, re.error):
        return "not a date format that can be read back"
    return None


def needs_zone(text: str) -> bool:
    """Whether a strptime format says nothing of the offset."""
    return text not in DATE_WORDS and "%z" not in text.replace("%%", "")


def check_instant(value: Any) -> str:
    """The value, if it is an instant in our own form already."""
    if type(value) is not str:
        raise _wrong("date-time", value)
    if not _UTC_TEXT.fullmatch(value):
        raise Refused("unparsable", "not an RFC 3339 date-time in UTC; name its form with `date`")
    return _real(value)


def _real(text: str) -> str:
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        raise Refused("unparsable", "no such date or time") from None
    return text


def in_utc(text: str) -> str:
    """An RFC 3339 text in UTC with Z, its fraction untouched."""
    if _UTC_TEXT.fullmatch(text):
        return _real(text)
    match = _RFC3339.fullmatch(text)
    if not match:
        raise Refused("unparsable", "not an RFC 3339 date-time with an offset")
    day, time, fraction, _, offset = match.groups()
    return _said(_moment(f"{day}T{time}{offset or '+00:00'}"), fraction)


def instant_key(text: str) -> str:
    """A text that is equal for equal instants: UTC, no trailing zeros in the fraction."""
    text = in_utc(text)
    return text[:-1].rstrip("0").rstrip(".") + "Z" if "." in text else text


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("unparsable", "no such date or time") from None


def _said(moment: datetime, fraction: str | None = None) -> str:
    text = moment.replace(microsecond=0, tzinfo=None).isoformat()
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def _wrong(expected: str, value: Any) -> Refused:
    return Refused("wrong_type", f"expected {expected}, got {json_type(value)}")


def _read_rfc3339(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("string", value)
    return in_utc(value)


def _number(value: Any) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if type(value) is float:
        found = Decimal(repr(value))
        if found.is_finite():
            return found
    raise _wrong("number", value)


def _after(epoch: datetime, seconds: Decimal) -> str:
    whole = int(seconds // 1)
    rest = seconds - whole
    if rest < 0:
        whole, rest = whole - 1, rest + 1
    fraction = format(rest, "f").partition(".")[2][:_MOST_DIGITS].rstrip("0")
    try:
        return _said(epoch + timedelta(seconds=whole), fraction)
    except OverflowError:
        raise Refused("implausible", "outside the years 1 to 9999") from None


def _read_epoch_s(value: Any) -> str:
    number = _number(value)
    if number >= _SECONDS_BELOW:
        raise Refused("implausible", "too large for seconds since 1970; are these milliseconds (`epoch_ms`)?")
    if number <= -_SECONDS_BELOW:
        raise Refused("implausible", "outside the years 1 to 9999")
    return _after(_EPOCH, number)


def _read_epoch_ms(value: Any) -> str:
    number = _number(value)
    if number < _SECONDS_BELOW:
        raise Refused("implausible", "too small for milliseconds since 1970; are these seconds (`epoch_s`)?")
    if number >= _SECONDS_BELOW * 1000:
        raise Refused("implausible", "outside the years 1 to 9999")
    return _after(_EPOCH, number / 1000)


def _read_filetime(value: Any) -> str:
    if type(value) is str and re.fullmatch(r"0|[1-9]\d{0,18}", value, re.ASCII):
        value = int(value)
    if type(value) is not int:
        raise _wrong("integer", value)
    if not 0 < value <= _MOST_TICKS:
        raise Refused("implausible", "not a time: 0 and the largest number stand for never")
    return _after(_FILETIME_EPOCH, Decimal(value) / _TICKS)


def _read_ldap(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("string", value)
    match = _LDAP.fullmatch(value)
    if not match:
        raise Refused("unparsable", "not an LDAP generalized time")
    year, month, day, hour, minute, second, fraction, _, hours, minutes = match.groups()
    offset = f"{hours}:{minutes or '00'}" if hours else "+00:00"
    return _said(_moment(f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}{offset}"), fraction)


def _read_format(value: Any, form: str) -> str:
    if type(value) is not str:
        raise _wrong("string", value)
    try:
        moment = datetime.strptime(value, form)  # noqa: DTZ007 - the zone is UTC by declaration
    except (ValueError, re.error):
        raise Refused("unparsable", f"not a date of the form {form}") from None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise Refused("unparsable", "no such date or time") from None
    fraction = f"{moment.microsecond:06}".rstrip("0") if moment.microsecond else None
    return _said(moment, fraction)


def _seconds(text: str, epoch: datetime) -> Decimal:
    text = instant_key(text)
    whole = (datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) - epoch) // timedelta(seconds=1)
    return Decimal(whole) + Decimal(f"0{text[19:-1] or '.0'}")


def _as_number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _write_epoch_s(text: str) -> Any:
    return _as_number(_seconds(text, _EPOCH))


def _write_epoch_ms(text: str) -> Any:
    return _as_number(_seconds(text, _EPOCH) * 1000)


def _write_filetime(text: str) -> Any:
    return int(_seconds(text, _FILETIME_EPOCH) * _TICKS)


def _write_ldap(text: str) -> Any:
    return re.sub(r"[-:T]", "", instant_key(text))


def _write_format(text: str, form: str) -> Any:
    text = instant_key(text)
    moment = datetime.fromisoformat(text[:19] + (text[19:-1])[:7]).replace(tzinfo=UTC)
    return moment.strftime(form)
