"""What every auth style must keep, whichever it is: it adds its credential to a call, and nothing else, and shows it nowhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector.auth import Auth
from connector.errors import InvalidRequest
from connector.faults import validate
from connector.redaction import Redaction
from connector.yamlfile import load
from tests.laws.auth_examples import ACCESS, CALL, EXAMPLES, SECRET, Example

MEMBERS = get_args(get_args(Auth)[0])
with_a_secret = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one.values], ids=lambda one: one.says["style"]
)
each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.says["style"])


def test_each_style_of_the_union_is_tried_here() -> None:
    of_the_union = {word for member in MEMBERS for word in get_args(member.model_fields["style"].annotation)}
    assert {example.says["style"] for example in EXAMPLES} == of_the_union


@each
def test_exactly_its_credential_is_added(example: Example) -> None:
    signed = example.sign()
    assert dict(signed.headers) == {**CALL.headers, **example.adds}
    assert signed.url == CALL.url + example.asks
    assert replace(signed, headers=CALL.headers, url=CALL.url, secrets=()) == CALL, (
        "method, body and the rest are as they were"
    )
    assert dict(CALL.headers) == {"Accept": "application/json"}, "a call that is given is not changed"


@each
def test_what_was_hidden_in_a_call_stays_hidden(example: Example) -> None:
    assert example.sign(replace(CALL, secrets=("digest",))).secrets[0] == "digest"


@each
def test_signing_again_adds_nothing(example: Example) -> None:
    """A vendor may repeat a signature in the address of the next page: it is over the query without it."""
    signed = example.sign()
    assert example.sign(signed) == signed


@each
def test_of_two_credentials_of_one_name_the_last_is_sent(example: Example) -> None:
    others = {name.lower(): "old" for name in example.adds}
    assert example.sign(replace(CALL, headers={**others, **CALL.headers})).headers == example.sign().headers


@each
def test_a_style_names_what_it_needs(example: Example) -> None:
    assert example.style.names == set(example.values)


@each
def test_what_is_added_to_a_call_is_a_secret_of_its_own_or_of_the_account(example: Example) -> None:
    signed = example.sign()
    if ACCESS in signed.headers.get("Authorization", ""):
        assert ACCESS in signed.secrets


@with_a_secret
def test_a_credential_shows_in_no_repr(example: Example) -> None:
    for sent in example.sent():
        for hidden in (SECRET, ACCESS, *sent.secrets):
            assert hidden not in f"{sent!r} {sent} {example.style!r}"


@with_a_secret
def test_nothing_that_is_left_of_a_redacted_call_depends_on_the_secret(example: Example) -> None:
    """Hidden is what the account says is secret, and what the call says of itself."""

    def shown(secret: str) -> list[list[str]]:
        of = {
            name: example.secret(
                name, secret if not example.stands_in_a_header(name) else quote(secret, safe="")
            )
            for name in example.values
            if name.startswith("secrets.")
        }
        hide = Redaction.of(of.values())
        return [
            [
                hide.also(sent.secrets).text(text)
                for text in (*sent.headers.values(), sent.url, (sent.body or b"").decode())
            ]
            for sent in example.sent(changed=of)
        ]

    assert shown("zyx") == shown("a+b/c %=ä&?#") == shown(SECRET)


@with_a_secret
def test_what_is_missing_is_refused_by_its_name(example: Example) -> None:
    for name in example.values:
        with pytest.raises(InvalidRequest, match=f"{name} is needed") as refused:
            example.sent(changed={name: None})
        assert SECRET not in f"{refused.value} {refused.value.to_dict()}"
        lacking = replace(example, values={k: v for k, v in example.values.items() if k != name})
        with pytest.raises(InvalidRequest, match=f"{name} is needed"):
            lacking.sent()


@pytest.mark.parametrize("value", ["", "a\r\nX-Other: b", "a\nb", "a\0b", "\x7f", "\ud800"])
@with_a_secret
def test_what_can_stand_nowhere_is_refused_and_not_shown(example: Example, value: str) -> None:
    for name in example.values:
        with pytest.raises(InvalidRequest, match=f"{name} can't stand in") as refused:
            example.sent(changed={name: value})
        assert len(value) < 3 or value not in f"{refused.value} {refused.value.to_dict()}"


@pytest.mark.parametrize("value", [" a", "a ", "é", "東京"])
@with_a_secret
def test_what_no_header_can_hold_is_encoded_or_refused(example: Example, value: str) -> None:
    for name in example.values:
        if example.stands_in_a_header(name):
            with pytest.raises(InvalidRequest, match=f"{name} can't stand in a header"):
                example.sent(changed={name: value})
        elif name in example.keys:
            with pytest.raises(InvalidRequest, match=f"{name} can't stand in a signature"):
                example.sent(changed={name: value})
        else:
            for sent in example.sent(changed={name: value}):
                assert all(text.isascii() for text in (sent.url, *sent.headers.values()))


@given(st.text(max_size=20))
def test_whatever_the_secret_a_header_stays_one_header_and_a_parameter_one(value: str) -> None:
    for example in EXAMPLES:
        for name in example.values:
            try:
                *asking, signed = example.sent(changed={name: value})
            except InvalidRequest:
                continue
            for sent in asking:
                assert sent.headers.keys() - {"Authorization"} == {"Accept", "Content-Type"}
                assert all(text.isascii() and text.isprintable() for text in sent.headers.values())
                names = [pair.partition("=")[0] for pair in (sent.body or b"").decode("ascii").split("&")]
                assert names == [key for key, _ in parse_qsl((sent.body or b"").decode())]
                assert len(names) == len(set(names))
            assert signed.headers.keys() == CALL.headers.keys() | example.adds.keys()
            assert all(text.isascii() and text.isprintable() for text in signed.headers.values())
            assert signed.url.startswith(CALL.url)
            assert signed.url.isascii()
            assert signed.url.isprintable()
            assert (signed.url.count("&"), signed.url.count("#")) == (example.asks.count("&"), 0)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a/b", "(a)", "x" * 101, None, 7])
def test_what_is_no_name_of_a_header_is_refused(name: Any) -> None:
    """RFC 9110 §5.1: a token."""
    with pytest.raises(ValidationError):
        TypeAdapter(Auth).validate_python({"style": "header", "header": name, "value": "{secrets.key}"})


@pytest.mark.parametrize("name", ["api-key", "X-Api-Key", "x", "!#$%&'*+.^_`|~-09", "x" * 100])
def test_a_name_of_a_header_is_a_token(name: str) -> None:
    example = Example(
        {"style": "header", "header": name, "value": "{secrets.key}"}, {"secrets.key": SECRET}, {}
    )
    assert example.sign().headers[name] == SECRET


@each
def test_a_style_takes_no_other_words_and_says_which_it_takes(example: Example) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        TypeAdapter(Auth).validate_python({**example.says, "tokn": "x"})
    member = type(example.style)
    text = json.dumps({**example.says, "tokn": "x"})
    _, faults, _ = validate(member, load(text, "c.yaml"))
    assert [str(fault) for fault in faults if "unknown key 'tokn'" in str(fault)]
    assert all(f"{word}" in str(faults[0]) for word in member.model_fields)
