"""Auth `basic` and `query`: what each writes, and what it refuses."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector.auth import Auth
from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.redaction import Redaction
from connector.wire import Call

MOMENT = Moment(datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC), "abc123")
PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


def sign(says: dict[str, Any], call: Call, **values: Any) -> Call:
    named = {f"secrets.{name}": value for name, value in values.items()}
    signed: Call = TypeAdapter(Auth).validate_python(says).sign(call, named, MOMENT)
    return signed


def basic(user: str, password: str) -> str:
    says = {"style": "basic", "user": "{secrets.user}", "password": "{secrets.password}"}
    return sign(says, Call("GET", "https://h/"), user=user, password=password).headers["Authorization"]


def query(url: str, value: str, parameter: str = "key") -> str:
    return sign(
        {"style": "query", "parameter": parameter, "value": "{secrets.key}"}, Call("GET", url), key=value
    ).url


@pytest.mark.parametrize(
    ("user", "password", "token"),
    [
        ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # RFC 7617 §2
        ("test", "123£", "dGVzdDoxMjPCow=="),  # RFC 7617 §2.1
        ("a", "b:c", "YTpiOmM="),
    ],
)
def test_basic(user: str, password: str, token: str) -> None:
    assert basic(user, password) == f"Basic {token}"


@given(PLAIN.filter(lambda text: ":" not in text), PLAIN)
def test_basic_is_read_as_it_was_meant(user: str, password: str) -> None:
    token = basic(user, password).removeprefix("Basic ")
    assert base64.b64decode(token).decode().split(":", 1) == [user, password]


def test_a_basic_user_has_no_colon() -> None:
    with pytest.raises(
        InvalidRequest, match=r"secrets\.user can't stand in a credential: .* colon"
    ) as refused:
        basic("ada:x", "p")
    assert "ada" not in str(refused.value)
    with pytest.raises(ValidationError, match="a user has no colon"):
        TypeAdapter(Auth).validate_python({"style": "basic", "user": "a:{secrets.b}", "password": ""})


def test_a_part_of_basic_may_be_a_constant_or_empty() -> None:
    """Some vendors take an API key as the user, with any password or none."""
    says = {"style": "basic", "user": "{secrets.key}/token", "password": ""}
    signed = sign(says, Call("GET", "https://h/"), key="k")
    assert base64.b64decode(signed.headers["Authorization"].removeprefix("Basic ")) == b"k/token:"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h", "https://h?key=v"),
        ("https://h/a", "https://h/a?key=v"),
        ("https://h/a?", "https://h/a?key=v"),
        ("https://h/a?b=c", "https://h/a?b=c&key=v"),
        ("https://h/a?b=c&", "https://h/a?b=c&key=v"),
        ("https://h/a?b=%7e+x&&c", "https://h/a?b=%7e+x&&c&key=v"),
        ("https://h/a?b=c#part?key=w", "https://h/a?b=c&key=v#part?key=w"),
        ("https://h/key=w?Key=w&keys=w&x=key", "https://h/key=w?Key=w&keys=w&x=key&key=v"),
        ("https://h/a?key=v", "https://h/a?key=v"),
        ("https://h/a?%6Bey=%76&b=c&key=v", "https://h/a?b=c&key=v"),
    ],
)
def test_query(url: str, expected: str) -> None:
    assert query(url, "v") == expected


@pytest.mark.parametrize(
    "url", ["https://h/?key=w", "https://h/?key", "https://h/?a=b&%6bey=w", "https://h/?key=v&key=w"]
)
def test_another_value_of_that_name_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="the query parameter 'key' is already set") as refused:
        query(url, "v")
    assert "w" not in str(refused.value).replace("would", "")


NAMES = st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Zs")), min_size=1, max_size=20)


@given(PLAIN, NAMES.filter(lambda name: name != "b"), PLAIN)
def test_query_is_one_parameter_whatever_it_holds(value: str, name: str, prefix: str) -> None:
    url = query("https://h/a?b=c", prefix + value, name)
    assert parse_qsl(urlsplit(url).query) == [("b", "c"), (name, prefix + value)]
    assert "[redacted]" in Redaction.of([value]).text(url)
    assert repr(Call("GET", url)) == "Call(GET https://h/a)"


def test_what_a_query_credential_is_made_of_is_hidden_whole() -> None:
    says = {"style": "query", "parameter": "auth", "value": "id {secrets.a}:{secrets.b}"}
    signed = sign(says, Call("GET", "https://h/"), a="x y", b="p%q")
    assert signed.url == "https://h/?auth=id%20x%20y%3Ap%25q"
    assert Redaction.of(signed.secrets).text(signed.url) == "https://h/?auth=[redacted]"
