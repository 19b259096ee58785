"""Dates are read as declared, lose nothing, and what is written reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.dates import DATE_WORDS, check_instant, date_form, in_utc, instant_key, strptime_fault
from connector.mapping.refusal import Refused

MOMENTS = st.datetimes(datetime(1975, 1, 1), datetime(5000, 1, 1))  # noqa: DTZ001 - the tests add the zone
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.text("0123456789-:TZ.+", max_size=30),
    st.lists(st.integers(), max_size=2),
)


def _text(moment: datetime) -> str:
    return moment.isoformat() + "Z"


@pytest.mark.parametrize("word", [*DATE_WORDS, "%Y-%m-%dT%H:%M:%S.%f%z"])
@given(moment=MOMENTS)
def test_what_is_written_reads_back(word: str, moment: datetime) -> None:
    form = date_form(word)
    if word.startswith("epoch"):  # a double has no room for microseconds of the year 4999
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert instant_key(form.read(form.write(_text(moment)))) == instant_key(_text(moment))


@pytest.mark.parametrize("word", [*DATE_WORDS, "%Y-%m-%d", "%d %b %Y %H:%M %z"])
@given(value=JUNK)
def test_any_value_is_read_or_refused(word: str, value: Any) -> None:
    try:
        text = date_form(word).read(value)
    except Refused:
        return
    assert check_instant(text) == text


@given(moment=st.datetimes(timezones=st.timezones()))
def test_an_offset_is_taken_off(moment: datetime) -> None:
    offset = moment.utcoffset()
    assert offset is not None
    if offset.seconds % 60:
        return
    try:
        text = in_utc(moment.isoformat())
    except Refused:
        assert moment.year in (1, 9999)
        return
    assert datetime.fromisoformat(text) == moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.0000000001Z", "2026-01-31T12:00:00.0000000001Z"),
        ("2026-01-31t12:00:00.50z", "2026-01-31T12:00:00.50Z"),
        ("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00Z"),
    ],
)
def test_digits_are_kept(text: str, utc: str) -> None:
    assert in_utc(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-31T12:00:60Z",
        "٢026-01-31T12:00:00Z",
        "",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        in_utc(text)


@pytest.mark.parametrize("text", ["iso", "%H:%M", "%Q", "%Y %Y", "%y-%j", "%c", "%"])
def test_no_date_format(text: str) -> None:
    assert strptime_fault(text)
