"""Lengths of time and rates: tables of what YAML may say, and the words for what it may not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from connector.duration import Budgeted, Rate, Seconds

LENGTH: TypeAdapter[float] = TypeAdapter(Seconds)
RATE: TypeAdapter[Rate] = TypeAdapter(Budgeted)


def faults(adapter: TypeAdapter[Any], value: object) -> list[tuple[str, str]]:
    """(kind, words) of each fault."""
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return [(fault["type"], fault["msg"]) for fault in caught.value.errors()]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1ms", 0.001),
        ("500ms", 0.5),
        ("0.5s", 0.5),
        ("0.001s", 0.001),
        ("007s", 7),
        ("90s", 90),
        ("15m", 900),
        ("1.25m", 75),
        ("1h", 3600),
        ("24h", 86_400),
        ("1440m", 86_400),
        ("86400s", 86_400),
        ("999999ms", 999.999),
    ],
)
def test_a_length_of_time(text: str, seconds: float) -> None:
    assert LENGTH.validate_python(text) == pytest.approx(seconds)
    assert matches(LENGTH, text)


@pytest.mark.parametrize(
    "value",
    [
        *("", "5", "s", "5 s", " 5s", "5s ", "5s\n", "5S", "5sec", "5min", "1d", "1m30s"),
        *("-5s", "+5s", ".5s", "5.s", "0.0001s", "1234567ms", "1e3s", "1,5s", "1_000s"),
        *("٣s", "\uff15s", "infs", "nans"),
        *(5, 0, -1, 0.5, float("nan"), float("inf"), True, None, b"5s", ["5s"], {"s": 5}),
    ],
)
def test_what_is_no_length_of_time(value: object) -> None:
    words = f"expected a length of time up to 24h, such as 500ms, 0.5s, 15m or 1h; found {value}"
    assert faults(LENGTH, value) == [("duration", words)]
    assert not matches(LENGTH, value)


@pytest.mark.parametrize("text", ["0s", "0ms", "0.000h", "24.001h", "25h", "1441m", "86400.001s", "999999h"])
def test_a_length_is_more_than_nothing_and_at_most_a_day(text: str) -> None:
    words = f"expected a length of time up to 24h, such as 500ms, 0.5s, 15m or 1h; found {text}"
    assert faults(LENGTH, text) == [("duration", words)]


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [
        ("1/s", 1, 1),
        ("10/s", 10, 1),
        ("60/min", 60, 60),
        ("600/h", 600, 3600),
        ("6000/day", 6000, 86_400),
        ("9999999/day", 9_999_999, 86_400),
    ],
)
def test_a_rate(text: str, count: int, seconds: float) -> None:
    assert RATE.validate_python(text) == Rate(count, seconds, text)
    assert matches(RATE, text)


@pytest.mark.parametrize(
    "value",
    [
        *("", "60", "/min", "60/", "0/s", "-1/s", "+1/s", "060/min", "1.5/s", "10000000/day", "1e3/s", "٣/s"),
        *("60/m", "60/minute", "60/2min", "60 / min", " 60/min", "60/min\n", "60/MIN"),
        *("60 per min", "60/min/h"),
        *(60, 1.0, True, None, b"60/min", ["60/min"], (60, 60), {"count": 60}),
    ],
)
def test_what_is_no_rate(value: object) -> None:
    words = f"expected a number of calls in a time, such as 60/min, 10/s, 600/h or 6000/day; found {value}"
    assert faults(RATE, value) == [("rate", words)]
    assert not matches(RATE, value)


def matches(adapter: TypeAdapter[Any], value: object) -> bool:
    """Whether the JSON Schema, which editors go by, allows it; JSON Schema's `$` ends the text, Python's doesn't."""
    schema = adapter.json_schema()
    pattern = str(schema["pattern"])
    assert schema == {"type": "string", "pattern": pattern}
    assert (pattern[0], pattern[-1]) == ("^", "$")
    return isinstance(value, str) and re.search(pattern.removesuffix("$") + r"\Z", value) is not None
