"""How a vendor verifies each auth style, from the raw request that it received and by other code than ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.calling.keys import ec_key

__all__ = ["ACCESS", "NOW", "SECRET", "STYLES", "TOKEN_URL", "VALUES", "Received"]

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECRET = "p+q/r %=ä&?#\"'"
ACCESS = "acc3ss/+="
"""The access token that the vendor gave."""
TOKEN_URL = "https://login.h/token"
VALUES = {"secrets.key": SECRET, "secrets.pem": ec_key(), "settings.id": "AKID", "access_token": ACCESS}


class Received:
    """A request as it came: its line and headers apart, its body whole."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode("ascii").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.path, _, self.query = self.target.partition("?")
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = body


def verify_none(got: Received) -> bool:
    return "authorization" not in got.headers and SECRET not in got.target


def verify_bearer(got: Received) -> bool:
    return got.headers["authorization"] == "Bearer AKID"


def verify_header(got: Received) -> bool:
    return got.headers["x-key"] == "AKID"


def verify_basic(got: Received) -> bool:
    kind, _, token = got.headers["authorization"].partition(" ")
    return kind == "Basic" and base64.b64decode(token).decode() == f"AKID:{SECRET}"


def verify_query(got: Received) -> bool:
    return parse_qsl(got.query)[-1] == ("key", SECRET)


def verify_hmac(got: Received) -> bool:
    parts = (
        got.method,
        got.headers["host"],
        got.target,
        got.headers["x-at"],
        hashlib.sha256(got.body).hexdigest(),
    )
    expected = hmac.new(SECRET.encode(), "\n".join(parts).encode(), "sha512").hexdigest()
    return got.headers["x-at"] == "1769860800" and got.headers["x-sig"] == expected


def verify_sigv4(got: Received) -> bool:
    """Signs again what came, with no header but those that are said to be signed."""
    said = got.headers["authorization"]
    names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    made = AWSRequest(
        got.method,
        f"http://{got.headers['host']}{got.path}",
        params=parse_qsl(got.query, keep_blank_values=True),
        headers={name: got.headers[name] for name in names},
        data=got.body,
    )
    del made.headers["x-amz-date"]
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        SigV4Auth(Credentials("AKID", SECRET), "iam", "us-east-1").add_auth(made)
    return bool({"host", "x-amz-date"} <= set(names) and made.headers["Authorization"] == said)


def verify_access_token(got: Received) -> bool:
    return got.headers["authorization"] == f"Bearer {ACCESS}" and SECRET not in got.target


_CLIENT = {"token_url": TOKEN_URL, "client_id": "{settings.id}", "client_secret": "{secrets.key}"}
STYLES: list[tuple[dict[str, Any], Callable[[Received], bool]]] = [
    ({"style": "none"}, verify_none),
    ({"style": "bearer", "token": "{settings.id}"}, verify_bearer),
    ({"style": "header", "header": "X-Key", "value": "{settings.id}"}, verify_header),
    ({"style": "basic", "user": "{settings.id}", "password": "{secrets.key}"}, verify_basic),
    ({"style": "query", "parameter": "key", "value": "{secrets.key}"}, verify_query),
    (
        {
            "style": "hmac",
            "key": "{secrets.key}",
            "digest": "sha512",
            "over": ["{method}", "{host}", "{target}", "{timestamp}", "{body_sha256}"],
            "encoding": "hex",
            "headers": {"X-Sig": "{signature}", "X-At": "{timestamp}"},
        },
        verify_hmac,
    ),
    (
        {
            "style": "sigv4",
            "service": "iam",
            "region": "us-east-1",
            "access_key": "{settings.id}",
            "secret_key": "{secrets.key}",
        },
        verify_sigv4,
    ),
    ({"style": "oauth2_client_credentials", **_CLIENT}, verify_access_token),
    ({"style": "oauth2_refresh", **_CLIENT, "refresh_token": "{secrets.key}"}, verify_access_token),
    (
        {
            "style": "oauth2_jwt",
            "token_url": TOKEN_URL,
            "issuer": "{settings.id}",
            "subject": "s",
            "key": "{secrets.pem}",
        },
        verify_access_token,
    ),
]
