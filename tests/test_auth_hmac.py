"""Auth `hmac`: what is signed, how a signature is written and placed, and what is refused when it is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from connector.auth.hmac import Hmac
from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.redaction import Redaction
from connector.wire import Call

MOMENT = Moment(datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC), "abc123")
SIGNED = {
    "style": "hmac",
    "key": "{secrets.key}",
    "digest": "sha256",
    "over": ["{body}"],
    "encoding": "hex",
    "headers": {"X-Sig": "{signature}"},
}


def sign(says: dict[str, Any], call: Call, **values: Any) -> Call:
    named = {f"secrets.{name}": value for name, value in values.items()}
    return Hmac.model_validate(says).sign(call, named, MOMENT)


CALL = Call("POST", "http://H:8080/a%2Fb/../c?x=1&y=%20#part", {}, b"\xff\x00body")
BODY_256, BODY_512 = hashlib.sha256(b"\xff\x00body"), hashlib.sha512(b"\xff\x00body")


@pytest.mark.parametrize(
    ("over", "signed"),
    [
        ("{method}", b"POST"),
        ("{host}", b"h:8080"),
        ("{path}", b"/a%2Fb/../c"),
        ("{query}", b"x=1&y=%20"),
        ("{target}", b"/a%2Fb/../c?x=1&y=%20"),
        ("{body}", b"\xff\x00body"),
        ("{body_sha256}", BODY_256.hexdigest().encode()),
        ("{body_sha512}", BODY_512.hexdigest().encode()),
        ("{timestamp}", b"1769860800"),
        ("{nonce}", b"abc123"),
        ("{secrets.key}", b"k\xc3\xa4y"),
        ("v1 {method}:{{{nonce}}}", b"v1 POST:{abc123}"),
    ],
)
def test_what_is_signed(over: str, signed: bytes) -> None:
    found = sign({**SIGNED, "over": [over]}, CALL, key="käy").headers["X-Sig"]
    assert found == hmac.new("käy".encode(), signed, "sha256").hexdigest()


def test_a_call_without_path_query_and_body_has_empty_ones() -> None:
    says = {**SIGNED, "over": ["{path}", "{query}", "{body}", "{target}"], "between": "|"}
    found = sign(says, Call("GET", "https://h:443"), key="k").headers["X-Sig"]
    assert found == hmac.new(b"k", b"/|||/", "sha256").hexdigest()


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("epoch_s", "1769860800"),
        ("epoch_ms", "1769860800250"),
        ("rfc3339", "2026-01-31T12:00:00Z"),
        ("http_date", "Sat, 31 Jan 2026 12:00:00 GMT"),
    ],
)
def test_how_the_time_is_written(word: str, shown: str) -> None:
    style = Hmac.model_validate({**SIGNED, "timestamp": word, "headers": {"X": "{timestamp} {signature}"}})
    for zone in (UTC, timezone(timedelta(hours=-7))):
        moment = Moment(MOMENT.now.astimezone(zone), "n")
        assert style.sign(CALL, {"secrets.key": "k"}, moment).headers["X"].startswith(f"{shown} ")


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_how_a_signature_is_written_and_placed(digest: str, encoding: str) -> None:
    says = {
        **SIGNED,
        "digest": digest,
        "encoding": encoding,
        "headers": {"Authorization": 'MAC id="{secrets.id}",mac="{signature}"', "X-Hash": "{body_sha256}"},
        "query": {"sig": "{signature}", "at": "{timestamp}"},
    }
    raw = hmac.new(b"k", b"\xff\x00body", digest).digest()
    mac = raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()
    body = BODY_256.hexdigest() if encoding == "hex" else base64.b64encode(BODY_256.digest()).decode()
    signed = sign(says, CALL, key="k", id="7")
    assert dict(signed.headers) == {"Authorization": f'MAC id="7",mac="{mac}"', "X-Hash": body}
    assert parse_qsl(urlsplit(signed.url).query)[2:] == [("sig", mac), ("at", "1769860800")]
    assert signed.secrets == (mac,)
    assert mac not in Redaction.of(signed.secrets).text(signed.headers["Authorization"])


@pytest.mark.parametrize(
    ("encoding", "text", "key"), [("text", "6b", b"6b"), ("hex", "6B00", b"k\0"), ("base64", "awA=", b"k\0")]
)
def test_how_a_key_is_written(encoding: str, text: str, key: bytes) -> None:
    found = sign({**SIGNED, "key_encoding": encoding}, CALL, key=text).headers["X-Sig"]
    assert found == hmac.new(key, b"\xff\x00body", "sha256").hexdigest()


@pytest.mark.parametrize(
    ("encoding", "text"), [("hex", "6"), ("hex", "xyz"), ("hex", " "), ("base64", "a-_="), ("base64", "ä")]
)
def test_a_key_that_is_not_written_so_is_refused_and_not_shown(encoding: str, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sign({**SIGNED, "key_encoding": encoding}, CALL, key=text)
    assert refused.value.message == f"secrets.key can't be the key: it is not {encoding}"
    assert refused.value.__context__ is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"over": ["{methd}"]}, r"nothing fills the hole \{methd\} in over"),
        ({"over": ["{signature}"]}, r"nothing fills the hole \{signature\} in over"),
        ({"over": ["{body:text}"]}, "a hole needs no quoting here"),
        ({"over": []}, "at least 1 item"),
        ({"key": "{nonce}"}, r"nothing fills the hole \{nonce\} in key"),
        ({"headers": {"X": "{body} {signature}"}}, r"nothing fills the hole \{body\} in headers and query"),
        ({"headers": {"X": "{nonce}"}}, r"nothing sends \{signature\}"),
        ({"headers": {}}, r"nothing sends \{signature\}"),
        ({"headers": {"X Y": "{signature}"}}, "pattern"),
        ({"query": {"a b": "{signature}"}}, "pattern"),
        ({"digest": "md5"}, "'sha256' or 'sha512'"),
        ({"encoding": "base32"}, "'hex' or 'base64'"),
    ],
)
def test_what_hmac_refuses_when_it_is_read(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Hmac.model_validate({**SIGNED, **changed})


def test_hmac_names_the_settings_and_secrets_of_every_part() -> None:
    says = {
        **SIGNED,
        "over": ["{method}", "{settings.a}"],
        "headers": {"X": "{secrets.b}"},
        "query": {"s": "{signature}{settings.c}"},
    }
    assert Hmac.model_validate(says).names == {"secrets.key", "settings.a", "secrets.b", "settings.c"}
