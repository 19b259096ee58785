"""What an answer means: rules in their order, then the engine's table, then what is expected; never a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.account import Opened, open_account
from connector.answer import read_answer
from connector.call import Call
from connector.catalog import Catalog
from connector.errorrule import ErrorCode
from connector.errors import VendorError, VendorFailure
from connector.mapping.path import MISSING
from connector.wire import Answer
from connector.wire import Call as WireCall

SECRET = "s3cret/value+1"
SENT = WireCall(
    "GET", f"https://h.example.com/v2/users?token={SECRET}", {"Authorization": f"Bearer {SECRET}"}
)

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
errors:
  - {when: {status: 418}, is: conflict, hint: of the connector}
  - {when: {status: 419}, is: conflict, hint: of the connector}
  - {when: {status: 420}, is: conflict, hint: of the connector}
  - {when: {status: 404, text: {contains: "no such licence"}}, is: forbidden}
apis:
  main:
    secrets: {token: {label: Token}}
    base_url: https://h.example.com/v2
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    expect: {$.ok: {not: false}}
    errors:
      - {when: {status: 419}, is: forbidden, hint: of the api}
      - {when: {status: 420}, is: forbidden, hint: of the api}
      - {when: {status: 500, text: {contains: "Not Found"}}, is: not_found}
      - {when: {status: 503}, is: rate_limited, retry_after: X-Wait, message: $.error.text}
      - {when: {body: text, status: 200}, is: vendor_unavailable, hint: a page for people}
    resources:
      people:
        key: $.id
        list:
          get: /users
          records: "$.items[*]"
          paging: {style: none}
          expect: {$.items: {present: true}}
          errors:
            - {when: {status: 420}, is: not_found, hint: of the call}
            - {when: {$.code: 7}, is: needs_reauth, message: $.message}
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder: Path = tmp_path_factory.mktemp("mappings")
    (folder / "made").mkdir()
    (folder / "made" / "connector.yaml").write_text(CONNECTOR)
    (folder / "made" / "main.people.yaml").write_text(
        "source: main.people\nunified: users\nfields: {id: $.id}\n"
    )
    return open_account(Catalog([folder]).load("made"), settings={}, secrets={"token": SECRET})


def read(opened: Opened, status: int, body: Any = b"", **headers: str) -> Any:
    api = opened.apis["main"]
    call = api.definition.resources["people"].list
    assert isinstance(call, Call)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answer(opened, api, call, Answer(status, headers, raw), SENT)


def failure(opened: Opened, status: int, body: Any = b"", **headers: str) -> VendorFailure:
    with pytest.raises(VendorFailure) as raised:
        read(opened, status, body, **headers)
    shown = f"{raised.value} {raised.value.to_dict()}"
    assert SECRET not in shown
    assert "?" not in raised.value.message.partition(" answered")[0]
    return raised.value


def test_a_good_answer_is_its_body(opened: Opened) -> None:
    assert read(opened, 200, {"items": []}) == {"items": []}
    assert read(opened, 201, {"items": [1], "ok": True}) == {"items": [1], "ok": True}


TABLE: list[tuple[int, ErrorCode]] = [
    (400, "invalid_request"),
    (401, "needs_reauth"),
    (402, "invalid_request"),
    (403, "forbidden"),
    (404, "not_found"),
    (405, "invalid_request"),
    (408, "vendor_unavailable"),
    (409, "conflict"),
    (410, "not_found"),
    (422, "invalid_request"),
    (429, "rate_limited"),
    (498, "invalid_request"),
    (499, "vendor_unavailable"),
    (500, "vendor_unavailable"),
    (501, "vendor_unavailable"),
    (502, "vendor_unavailable"),
    (504, "vendor_unavailable"),
    (599, "vendor_unavailable"),
    (300, "vendor_error"),
    (302, "vendor_error"),
    (304, "vendor_error"),
    (999, "vendor_unavailable"),
]


@pytest.mark.parametrize(("status", "code"), TABLE)
def test_the_engines_own_table(opened: Opened, status: int, code: str) -> None:
    found = failure(opened, status, {"error": "x"})
    assert (found.code, found.status) == (code, status)
    assert found.message.startswith(f"made: GET https://h.example.com/v2/users answered {status}")
    assert found.raw_response == {"error": "x"}


@pytest.mark.parametrize(
    ("status", "body", "code", "hint"),
    [
        (418, {}, "conflict", "of the connector"),
        (419, {}, "forbidden", "of the api"),
        (420, {}, "not_found", "of the call"),
        (500, b"Error: user Not Found", "not_found", None),
        (500, b"Error", "vendor_unavailable", None),
        (404, b"no such licence", "forbidden", "give them the right"),
        (404, b"no such user", "not_found", None),
        (200, {"code": 7, "items": []}, "needs_reauth", "enter new ones"),
        (500, {"code": 7}, "needs_reauth", "enter new ones"),
        (200, b"<html>", "vendor_unavailable", "a page for people"),
    ],
)
def test_rules_in_their_order(opened: Opened, status: int, body: Any, code: str, hint: str | None) -> None:
    found = failure(opened, status, body)
    assert found.code == code
    assert (found.hint is None) == (hint is None)
    assert hint is None or hint in str(found.hint)


@pytest.mark.parametrize("body", [{"items": [], "ok": False}, {"item": []}, [], 7, None])
def test_what_is_expected_is_looked_at_last(opened: Opened, body: Any) -> None:
    found = failure(opened, 200, body)
    assert found.code == "vendor_error"
    assert "not what the connector expects" in found.message


@pytest.mark.parametrize(
    "body", [b'{"a"', b"\xff\xfe", b"ok", b"{'a': 1}", b'{"a": 1} x', b"[" * 100_000, b'{"a": 1e999}x']
)
def test_not_json(opened: Opened, body: bytes) -> None:
    with pytest.raises(VendorFailure) as raised:
        read(opened, 206, body)
    assert len(str(raised.value)) < 400


def test_no_body_is_missing_where_nothing_is_expected(opened: Opened) -> None:
    api = opened.apis["main"]
    call = Call.model_validate({"get": "/users"})
    free = replace(api, definition=api.definition.model_copy(update={"expect": None}))
    assert read_answer(opened, free, call, Answer(204), SENT) is MISSING
    assert read_answer(opened, free, call, Answer(200, {}, b" \n"), SENT) is MISSING
    assert read_answer(opened, free, call, Answer(200, {}, b"null"), SENT) is None
    with pytest.raises(VendorError, match=r"not JSON .*it begins '<p>"):
        read_answer(opened, free, call, Answer(202, {}, b"<p>hello"), SENT)


def test_the_vendors_words_are_shown_without_secrets_and_cut(opened: Opened) -> None:
    words = f"bad {SECRET} " + "x" * 1000
    found = failure(opened, 503, {"error": {"text": words}})
    assert ": bad [redacted] xxx" in found.message
    assert len(found.message) < 700
    assert failure(opened, 503, {"error": {"text": 7}}).message.endswith("answered 503 Service Unavailable")
    assert failure(opened, 503, b"<html>").message.endswith("answered 503 Service Unavailable")


@pytest.mark.parametrize("at", range(1960, 2010, 7))
def test_a_secret_at_the_cut_is_not_shown_in_half(opened: Opened, at: int) -> None:
    for body in (
        b"x" * at + SECRET.encode() + b"y" * 50,
        json.dumps(["x" * at + SECRET + "y" * 50]).encode(),
    ):
        found = failure(opened, 500, body)
        assert "s3cr" not in str(found.raw_response)
        assert len(str(found.raw_response)) < 2_020


def test_a_secret_at_the_cut_of_the_vendors_words_is_not_shown_in_half(opened: Opened) -> None:
    for at in range(480, 505, 3):
        assert "s3c" not in failure(opened, 503, {"error": {"text": "x" * at + SECRET}}).message


def test_a_secret_that_is_escaped_is_found_however_long_the_body(opened: Opened) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" if char in "/+" else char for char in SECRET)
    assert escaped != SECRET
    for length in (0, 100, 1_900, 1_985, 1_999, 2_001, 50_000):
        for text in (f'{{"a": "{"x" * length}{escaped}"}}', f'["{escaped}", "{"x" * length}"]'):
            shown = json.dumps(failure(opened, 500, text.encode()).raw_response)
            assert "s3c" not in shown
            assert len(shown) < 2_100


def test_a_byte_order_mark_before_json_is_passed_over(opened: Opened) -> None:
    mark = b"\xef\xbb\xbf"
    assert read(opened, 200, mark + b'{"items": [1]}') == {"items": [1]}
    assert failure(opened, 500, mark + b'{"error": "x"}').raw_response == {"error": "x"}
    with pytest.raises(VendorError):
        read(opened, 206, mark + mark + b'{"items": []}')


def test_when_to_come_back_is_kept_as_it_was_said(opened: Opened) -> None:
    assert failure(opened, 429, **{"retry-after": "7"}).retry_header == "7"
    assert failure(opened, 503, **{"x-wait": "9", "retry-after": "7"}).retry_header == "9"
    assert failure(opened, 503, **{"retry-after": "7"}).retry_header is None
    assert failure(opened, 429).retry_header is None


def test_a_redirect_says_what_to_look_at(opened: Opened) -> None:
    assert "check the base address" in str(failure(opened, 302, location="https://evil/").hint)
