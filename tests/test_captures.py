"""Records of a capture: packed in chunks, and read as the slice that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.captures import CHUNK, Capture, Captures, Chunk, MemoryShelf, Taken, chunks_of
from connector.errors import VendorError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MOST = 1_200


class Counting(MemoryShelf):
    """A shelf that notes which chunks it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def chunk(self, account: str, capture_id: str, place: int) -> Chunk | None:
        self.read.append(place)
        return super().chunk(account, capture_id, place)


def take(shelf: MemoryShelf, records: Sequence[bytes], *, at: float = 0) -> Capture:
    """A capture of these records, kept for a minute."""
    now = NOW + timedelta(seconds=at)
    claim = shelf.claim("mine", "users", now=now, newer_than=None, holder="one")
    taken = Taken(now, now + timedelta(seconds=60), count=len(records), declared=len(records))
    ready = shelf.put("mine", claim.id, "one", list(chunks_of(records)), taken)
    assert ready is not None
    return ready


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=4)


@st.composite
def listings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Any number of records, each told from the others; what is in them repeats, or no example would be large."""
    some, count = draw(st.lists(objects, min_size=1, max_size=5)), draw(st.integers(0, MOST))
    return [{**some[number % len(some)], "number": number} for number in range(count)]


@given(
    records=listings(),
    start=st.integers(0, MOST + 10),
    most=st.integers(0, MOST + 10),
    is_ascii=st.booleans(),
)
def test_what_is_read_is_the_slice(
    records: list[dict[str, Any]], start: int, most: int, is_ascii: bool
) -> None:
    texts = [json.dumps(record, ensure_ascii=is_ascii).encode() for record in records]
    shelf = MemoryShelf()
    capture = take(shelf, texts)
    captures = Captures(shelf, "mine")
    assert captures.records(capture, start, most) == records[start : start + most]
    assert [one for text in captures.texts(capture) for one in msgspec.json.decode(text)] == records


@given(count=st.integers(0, MOST))
def test_chunks_keep_the_vendors_own_bytes(count: int) -> None:
    texts = [b' { "n" :  %d.0e0 }\n' % number for number in range(count)]
    chunks = list(chunks_of(texts))
    assert b"".join(chunk.unpack()[1:-1] + b"," for chunk in chunks) == b"".join(
        text + b"," for text in texts
    )
    assert len(chunks) == -(-count // CHUNK)


def test_records_are_read_as_they_come() -> None:
    """A listing is never in memory as a whole more than once."""
    asked: list[int] = []

    def coming() -> Iterator[bytes]:
        for number in range(3 * CHUNK):
            asked.append(number)
            yield b"{}"

    chunks = chunks_of(coming())
    next(chunks)
    assert len(asked) == CHUNK


BROKEN: dict[str, tuple[bytes, str]] = {
    "a number": (b"1", "Expected `object`, got `int`"),
    "null": (b"null", "Expected `object`, got `null`"),
    "a list": (b"[{}]", "Expected `object`, got `array`"),
    "text": (b'"{}"', "Expected `object`, got `str`"),
    "nothing": (b"", "malformed|1 are 0 JSON objects"),
    "two": (b"{},{}", "(1 are 2|3 are 4) JSON objects"),
    "two and no comma": (b"{} {}", "malformed"),
    "cut off": (b'{"a": 1', "malformed"),
    "a comma too many": (b'{"a": 1,}', "malformed"),
    "NaN": (b'{"a": NaN}', "malformed"),
    "other quotes": (b"{'a': 1}", "malformed"),
    "no UTF-8": (b'{"a": "\xff"}', "can't decode byte 0xff"),
    "no UTF-8 in a name": (b'{"\xff": 1}', "can't decode byte 0xff"),
    "half a character": (b'{"a": "\xed\xa0\x80"}', "can't decode byte 0xed"),
    "half a character, escaped": (b'{"a": "\\ud800"}', "truncated|surrogate"),
    "a control character": (b'{"a": "\x00"}', "malformed|control"),
    "too deep": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "recursion"),
}


@pytest.mark.parametrize(("record", "said"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    ("before", "after", "place"), [(0, 0, "0"), (1, 1, "0"), (CHUNK, 0, "500"), (2 * CHUNK + 1, 1, "1,000")]
)
def test_a_record_that_is_no_object_is_told_with_its_place(
    record: bytes, said: str, before: int, after: int, place: str
) -> None:
    records = [b"{}"] * before + [record] + [b"{}"] * after
    with pytest.raises(VendorError, match=f"the records from {place} on can't be read: .*({said})"):
        list(chunks_of(records))


# The chunks that were read last


def test_a_chunk_is_asked_for_once_while_it_is_remembered() -> None:
    shelf = Counting()
    capture = take(shelf, [b"{}"] * MOST)
    captures = Captures(shelf, "mine")
    for start in range(0, MOST, 100):
        assert captures.records(capture, start, 100) == [{}] * 100
    assert shelf.read == [0, 1, 2]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = 3 * CHUNK + 1  # bytes of a chunk of empty objects
    monkeypatch.setattr("connector.captures._FRONT_BYTES", 2 * chunk)
    shelf = Counting()
    large = [b'{"a": "%s"}' % (b"x" * 2 * chunk)]
    capture = take(shelf, [b"{}"] * 4 * CHUNK + large)
    captures = Captures(shelf, "mine")
    for start in [0, 500, 0, 1_000, 0, 500, 2_000, 2_000, 500]:
        assert len(captures.records(capture, start, 1) or ()) == 1
        assert 0 < captures._front.currsize <= captures._front.maxsize == 2 * chunk
    # The one that was read longest ago goes first; what is larger than all there is room for is never remembered.
    assert shelf.read == [0, 1, 2, 1, 4, 4]


def test_what_is_gone_is_told_by_the_shelf_and_not_by_what_is_remembered() -> None:
    """`records` may serve what it remembers of a capture that is gone: whoever pages asks `reclaim` first."""
    shelf = MemoryShelf()
    capture = take(shelf, [b"{}"] * (CHUNK + 1))
    captures = Captures(shelf, "mine")
    assert captures.records(capture, 0, 1) == [{}]
    later = NOW + timedelta(seconds=60)
    assert shelf.reclaim("mine", capture.id, now=later, holder="one") is None
    assert captures.records(capture, 0, 1) == [{}]
    assert captures.records(capture, 0, CHUNK + 1) is None
    assert Captures(shelf, "mine").records(capture, 0, 1) is None
    with pytest.raises(VendorError, match="removed while it was read"):
        list(captures.texts(capture))


def test_accounts_share_a_shelf_and_remember_nothing_of_each_other() -> None:
    shelf = MemoryShelf()
    capture = take(shelf, [b"{}"])
    assert Captures(shelf, "mine").records(capture, 0, 1) == [{}]
    assert Captures(shelf, "theirs").records(capture, 0, 1) is None


def test_more_records_than_there_are_can_be_declared() -> None:
    shelf = MemoryShelf()
    capture = replace(take(shelf, [b"{}"]), declared=9)
    assert Captures(shelf, "mine").records(capture, 0, 9) == [{}]
