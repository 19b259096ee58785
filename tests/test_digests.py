"""Digests as values: what they are over, what they may be made of, and which of them are as good as a secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector.exchange import Request
from connector.template import Unquotable, ValueText, fill_json, holes_of, secret_digests

TEXT = "a'b\"c {x}\n\u00fc"
KNOWN: dict[str, Any] = {
    "input.email": "student1@univ.example",
    "secrets.salt": "s3cr3t-salt",
    "settings.name": "Univ",
    "value": TEXT,
    "none": None,
    "list": ["a"],
}
PROOF = "f1b96067f5b9a4bfd96cc2e28d41bbeda7282aab269a06c4f49166ebeaf5ac87"
"""Hex SHA-256 of this address and this secret with nothing between them, as a vendor of licences documents it."""
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# RFC 4231, sections 4.2 and 4.3
RFC_4231 = [
    ("\x0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        "Jefe",
        "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("{input.email}{secrets.salt}", PROOF),
        ("student1@univ.example{secrets.salt}", PROOF),
        ("", NOTHING),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{{{value}}}", sha256("{" + TEXT + "}")),
        ("{value}", sha256(TEXT)),
        ("{settings.name}:{value}", sha256("Univ:" + TEXT)),
    ],
)
def test_a_digest_is_lower_case_hex_over_the_raw_text(text: str, digest: str) -> None:
    assert fill_json({"hash": {"sha256": text}}, KNOWN) == {"hash": digest}


@pytest.mark.parametrize(("key", "text", "digest"), RFC_4231)
def test_a_keyed_digest_is_that_of_the_standard(key: str, text: str, digest: str) -> None:
    known = {"secrets.key": key, "value": text}
    for shape in ({"hmac_sha256": "{value}", "key": "{secrets.key}"}, {"hmac_sha256": text, "key": key}):
        assert fill_json(shape, known) == digest


@given(st.text(), st.text())
def test_a_digest_is_over_utf_8(key: str, text: str) -> None:
    known = {"key": key, "value": text}
    assert fill_json({"sha256": "{value}"}, known) == sha256(text)
    wanted = hmac.new(key.encode(), text.encode(), "sha256").hexdigest()
    assert fill_json({"hmac_sha256": "{value}", "key": "{key}"}, known) == wanted


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (True, "true"), (False, "false"), (1.5, "1.5")])
def test_numbers_and_truths_are_written_as_json_has_them(value: Any, text: str) -> None:
    assert fill_json({"sha256": "{value}"}, {"value": value}) == sha256(text)


@pytest.mark.parametrize(
    "digest",
    [
        {"sha256": "{missing}"},
        {"sha256": "{none}"},
        {"sha256": "a{missing}"},
        {"sha256": "{value}{none}"},
        {"hmac_sha256": "{missing}", "key": "k"},
        {"hmac_sha256": "{value}", "key": "{missing}"},
        {"hmac_sha256": "{value}", "key": "{none}"},
    ],
)
def test_without_a_value_there_is_no_digest(digest: dict[str, str]) -> None:
    assert fill_json({"a": digest, "b": [digest, 1], "c": {"d": digest}}, KNOWN) == {"b": [1], "c": {}}
    assert list(secret_digests([digest], KNOWN)) == []


def test_what_is_no_text_is_refused_and_not_shown() -> None:
    with pytest.raises(Unquotable, match="a list can't be written into text"):
        fill_json({"sha256": "{list}"}, KNOWN)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"sha256": 7}, "a digest has `sha256`, each a text"),
        ({"sha256": None}, "a digest has `sha256`, each a text"),
        ({"sha256": ["a"]}, "a digest has `sha256`, each a text"),
        ({"sha256": {"sha256": "a"}}, "a digest has `sha256`, each a text"),
        ({"sha256": "a", "key": "k"}, "a digest has `sha256`, each a text"),
        ({"sha256": "a", "hmac_sha256": "b"}, "a digest has `sha256`, each a text"),
        ({"sha256": "a", "other": "b"}, "a digest has `sha256`, each a text"),
        ({"hmac_sha256": "a"}, "a digest has `hmac_sha256` and `key`, each a text"),
        ({"hmac_sha256": "a", "key": 7}, "a digest has `hmac_sha256` and `key`, each a text"),
        ({"hmac_sha256": "a", "key": "k", "as": "hex"}, "a digest has `hmac_sha256` and `key`, each a text"),
        ({"sha256": "{value:text}"}, "a hole needs no quoting here: a digest is over the raw text"),
        ({"hmac_sha256": "a", "key": "{value:double}"}, "a hole needs no quoting here"),
        ({"sha256": "{value"}, "a single '{'"),
        ({"sha256": "{ value }"}, "is not a hole"),
        ({"a": [{"b": {"sha256": 7}}]}, "a digest has `sha256`, each a text"),
    ],
)
def test_a_malformed_digest_is_refused(shape: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(reason)):
        TypeAdapter(ValueText).validate_python(shape)


@pytest.mark.parametrize(
    "shape",
    [
        {"sha256": "{input.email}{secrets.salt}"},
        {"hmac_sha256": "{value}", "key": "{secrets.salt}"},
        {"key": "no digest by itself", "a": {"sha256": "plain"}},
    ],
)
def test_holes_in_a_digest_need_no_quoting_and_are_known(shape: Any) -> None:
    assert TypeAdapter(ValueText).validate_python(shape) == shape
    assert holes_of(shape) == {name for name in KNOWN if f"{{{name}}}" in json.dumps(shape)}


SECRET: dict[str, Any] = {"sha256": "{input.email}{secrets.salt}"}
KEYED: dict[str, Any] = {"hmac_sha256": "{input.email}", "key": "{secrets.salt}"}
OPEN: dict[str, Any] = {"sha256": "{input.email}{settings.name}"}
MAC = hmac.new(b"s3cr3t-salt", b"student1@univ.example", "sha256").hexdigest()


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ({}, []),
        ({"hash": SECRET}, [PROOF]),
        ({"hash": KEYED}, [MAC]),
        ({"hash": OPEN}, []),
        ({"plain": "{secrets.salt}"}, []),
        ([{"a": [1, {"b": {"c": [SECRET]}}]}, KEYED, OPEN, None], [PROOF, MAC]),
        (({"a": SECRET}, ({"b": KEYED},)), [PROOF, MAC]),
        ({"hmac_sha256": "{secrets.salt}", "key": "k"}, [hmac.new(b"k", b"s3cr3t-salt", "sha256").hexdigest()]),
        ({"hash": {"sha256": "{secrets.gone}"}}, []),
    ],
)  # fmt: skip
def test_digests_over_a_secret_are_found_at_any_depth_and_no_others(shape: Any, found: list[str]) -> None:
    assert list(secret_digests(shape, KNOWN)) == found


def test_a_call_knows_which_of_its_values_are_as_good_as_a_secret() -> None:
    request = Request.model_validate(
        {"post": "/a", "effect": "write", "query": {"q": SECRET, "o": OPEN}, "json": {"deep": [KEYED]}}
    )
    call = request.plan("https://h", KNOWN, query={"all": SECRET})
    assert call.secrets == (PROOF, PROOF, MAC)
    assert PROOF not in repr(call)
    assert call.url.partition("q=")[2].startswith(PROOF)
    form = Request.model_validate(
        {"post": "/a", "effect": "write", "form": {"f": KEYED, "g": "{secrets.salt}"}}
    )
    assert form.plan("https://h", KNOWN).secrets == (MAC,)
