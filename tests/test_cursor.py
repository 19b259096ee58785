"""Cursors: sealed, bound, and refused by name when they are brought somewhere else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cursor import Seal, digest
from connector.errors import ConnectorError, CursorInvalid

SEAL = Seal([b"1" * 32])
PLACE: dict[str, Any] = {"at": {"state": {"token": "ann@example.com"}, "seen": 2}}
BINDING = {"account": "a1", "listing": "l1", "filters": "f1"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_what_is_sealed_comes_back(place: dict[str, Any]) -> None:
    assert SEAL.unseal(SEAL.seal(place, BINDING), BINDING) == (place, frozenset())


def test_it_shows_nothing_and_is_safe_in_a_url() -> None:
    cursor = SEAL.seal(PLACE, BINDING)
    assert cursor.startswith("c1.")
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    blob = base64.urlsafe_b64decode(cursor[3:] + "==")
    assert b"ann" not in blob
    assert SEAL.seal(PLACE, BINDING) != cursor, "two cursors of one place look different"


@pytest.mark.parametrize("changed", ["account", "listing", "filters"])
def test_each_binding_that_differs_is_named(changed: str) -> None:
    _, differing = SEAL.unseal(SEAL.seal(PLACE, BINDING), {**BINDING, changed: "other"})
    assert differing == {changed}


def test_a_binding_that_is_new_or_gone_differs_too() -> None:
    cursor = SEAL.seal(PLACE, BINDING)
    assert SEAL.unseal(cursor, {**BINDING, "sort": "s"})[1] == {"sort"}
    assert SEAL.unseal(cursor, {"account": "a1"})[1] == {"listing", "filters"}


@given(st.data())
def test_an_edited_cursor_is_refused(data: st.DataObject) -> None:
    cursor = SEAL.seal(PLACE, BINDING)
    at = data.draw(st.integers(0, len(cursor) - 1))
    put = data.draw(st.characters())
    edited = cursor[:at] + put + cursor[at + 1 :]
    if _same_bytes(cursor, edited):
        return
    with pytest.raises(CursorInvalid):
        SEAL.unseal(edited, BINDING)


@given(st.integers(0, 400))
def test_a_truncated_cursor_is_refused(length: int) -> None:
    cursor = SEAL.seal(PLACE, BINDING)
    if length < len(cursor):
        with pytest.raises(CursorInvalid):
            SEAL.unseal(cursor[:length], BINDING)


@given(st.text() | st.text(alphabet="abcXYZ019-_").map(lambda text: f"c1.{text}"))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(CursorInvalid, match="next_cursor"):
        SEAL.unseal(text, BINDING)


@pytest.mark.parametrize(
    "text", ["c1." + "A" * 100_000, "c2.AAAA", "", "c1", "c1.", "c1.é", "c1.A", "c1." + "A" * 16]
)
def test_what_was_never_a_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid) as refused:
        SEAL.unseal(text, BINDING)
    assert refused.value.http_status == 400


def test_keys_are_rotated() -> None:
    old, new = b"1" * 32, b"2" * 32
    cursor = Seal([old]).seal(PLACE, BINDING)
    both = Seal([new, old])
    assert both.unseal(cursor, BINDING)[0] == PLACE
    fresh = both.seal(PLACE, BINDING)
    assert Seal([new]).unseal(fresh, BINDING)[0] == PLACE
    with pytest.raises(CursorInvalid, match="another account or another key"):
        Seal([old]).unseal(fresh, BINDING)
    with pytest.raises(CursorInvalid):
        Seal([new]).unseal(cursor, BINDING)


def test_a_key_comes_from_material_of_any_length() -> None:
    cursor = Seal.from_material(b"account\x00secret").seal(PLACE, BINDING)
    assert Seal.from_material(b"account\x00secret").unseal(cursor, BINDING)[0] == PLACE
    for other in (b"", b"account\x00other", b"account\x00secret\x00"):
        with pytest.raises(CursorInvalid):
            Seal.from_material(other).unseal(cursor, BINDING)


def test_keys_do_not_show() -> None:
    assert "1111" not in repr(SEAL)


@pytest.mark.parametrize("length", [40_000, 400_000])
def test_a_place_that_no_cursor_can_hold_is_told_when_it_is_made(length: int) -> None:
    """Not when it is brought back: a vendor's token may be of any length."""
    token = "".join(digest(number) for number in range(length // 16))  # what can't be packed
    with pytest.raises(ConnectorError, match="too long"):
        SEAL.seal({"at": {"state": {"token": token}}}, BINDING)


def test_a_place_that_packs_well_comes_back_whole() -> None:
    place = {"at": {"state": {"token": "x" * 60_000}}}
    assert SEAL.unseal(SEAL.seal(place, BINDING), BINDING)[0] == place


def test_a_digest_depends_on_values_and_types_and_not_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    found = [digest(value) for value in (1, "1", True, None, [1], {"1": 1}, 1.5, "")]
    assert len(set(found)) == len(found)
    assert digest("a", "b") != digest("ab")
    assert len(digest()) == 16


def _same_bytes(one: str, other: str) -> bool:
    """Base64's last character may have bits that stand for nothing."""
    try:
        read = [
            base64.b64decode(text[3:] + "=" * (-len(text[3:]) % 4), b"-_", validate=True)
            for text in (one, other)
        ]
    except ValueError:
        return False
    return one[:3] == other[:3] and read[0] == read[1]
