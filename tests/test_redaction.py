"""A declared secret is taken out of text in every encoding that it may have on the way."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.redaction import Redaction

SECRET = "s3/cr+t é\"\\&<key>=='x"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a URL's path": lambda text: quote(text, safe=""),
    "in a URL's path, slashes kept": quote,
    "in a query": quote_plus,
    "in a query of several": lambda text: urlencode({"a": "1", "token": text, "b": "2"}),
    "percent signs in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "in JSON": json.dumps,
    "in JSON as UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "in JSON with slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "in HTML": html.escape,
    "in a repr": repr,
    "in Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "after a user's name in Base64": lambda text: base64.b64encode(b"user:" + text.encode()).decode(),
    "inside a longer text in Base64": lambda text: base64.b64encode(b"ab" + text.encode() + b"xyz").decode(),
    "in hex": lambda text: text.encode().hex(),
    "in capital hex": lambda text: text.encode().hex().upper(),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_hidden(encoding: str) -> None:
    written = ENCODINGS[encoding](SECRET)
    found = Redaction.of([SECRET]).text(f"before {written} after")
    assert found.startswith("before ")
    assert found.endswith(" after")
    assert "[redacted]" in found
    left = found.replace("[redacted]", "")
    assert not any(
        written[at : at + 8] in left for at in range(len(written) - 8) if written[at : at + 8] in SECRET
    )
    assert len(left) < len("before  after") + 16, left


@given(st.text(min_size=8, max_size=30), st.binary(max_size=5), st.binary(max_size=5))
def test_base64_around_a_secret_shows_at_most_what_it_shares_with_its_neighbours(
    secret: str, before: bytes, after: bytes
) -> None:
    raw = secret.encode("utf-8", "replace")
    written = base64.b64encode(before + raw + after).decode()
    left = Redaction.of([raw.decode()]).text(written).replace("[redacted]", "")
    assert len(left) <= (len(before) + len(after)) * 2 + 8


def test_longer_secrets_go_first() -> None:
    assert Redaction.of(["abc", "abcdef"]).text("abcdef abc") == "[redacted] [redacted]"


def test_json_values_are_gone_through() -> None:
    hide = Redaction.of(["s3cret", "12345678"])
    value = {"a": ["x s3cret", {"s3cret": "s3cret"}], "n": 12345678, "m": 1, "t": True, "z": None, "f": 1.5}
    assert hide.json(value) == {
        "a": ["x [redacted]", {"[redacted]": "[redacted]"}],
        "n": "[redacted]",
        "m": 1,
        "t": True,
        "z": None,
        "f": 1.5,
    }


def test_an_empty_secret_hides_nothing() -> None:
    assert Redaction.of(["", "x1y2z3"]).text("abc") == "abc"
    assert Redaction().text("abc") == "abc"


def test_a_short_secret_does_not_eat_the_text() -> None:
    assert Redaction.of(["q7"]).text("the quick brown fox, Q c") == "the quick brown fox, Q c"


def test_it_does_not_show_what_it_hides() -> None:
    assert "s3cret" not in repr(Redaction.of(["s3cret"]))
