"""Documents: what is stored comes back as it was, the types of YAML's keys included."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import yamlfile
from connector.errors import InvalidRequest
from connector.store.documents import dump, load, load_marked

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
KEYS = st.text() | st.just("$pairs") | st.booleans() | st.integers(2, 10**30) | st.none()
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def typed(value: Any) -> Any:
    """A value that tells `1` from `true` and `1.0`, and one order of keys from another."""
    if isinstance(value, dict):
        return [(typed(key), typed(item)) for key, item in value.items()]
    return [typed(item) for item in value] if isinstance(value, list) else (type(value), value)


@given(DOCUMENTS)
def test_what_is_dumped_comes_back(document: Any) -> None:
    text = dump(document)
    assert text.isascii()
    assert "\x00" not in text
    assert typed(load(text)) == typed(document)
    assert typed(load_marked(text, "there")) == typed(document)


def test_keys_that_a_dict_cannot_tell_apart_stay_apart() -> None:
    text = 'values: {true: yes-key, 1: one, "1": text, null: none}\nlist: [{2: two}]'
    document = yamlfile.load(text, "file.yaml")
    restored = load_marked(dump(document), "overrides of a")
    assert restored["values"].pairs == [(True, "yes-key"), (1, "one"), ("1", "text"), (None, "none")]
    assert [type(key) for key, _ in restored["values"].pairs] == [bool, int, str, type(None)]
    assert restored["list"][0].pairs == [(2, "two")]
    assert str(yamlfile.mark_at(restored, ["list", 0, 2])) == "overrides of a:1:1"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"a": [1, {"b": float("nan")}]}, r"\$\.a\[1\]\.b: infinities"),
        ([float("-inf")], r"\$\[0\]: infinities"),
        ({"a": b"hidden"}, r"\$\.a: bytes"),
        ({"a": {"hidden"}}, r"\$\.a: set"),
        (datetime(2026, 1, 1, tzinfo=UTC), r"\$: datetime"),
        ({("hidden",): 1}, r"a key of \$: tuple"),
    ],
)
def test_what_is_not_plain_is_refused_by_its_place(document: Any, place: str) -> None:
    with pytest.raises(InvalidRequest, match=place) as caught:
        dump(document)
    assert "hidden" not in str(caught.value)


def test_ordinary_documents_are_ordinary_json() -> None:
    assert json.loads(dump({"a": {"b": [1, None, (True, 1.5)]}})) == {"a": {"b": [1, None, [True, 1.5]]}}
