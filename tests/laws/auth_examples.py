"""An example of each auth style or more, with what exactly it adds. Signatures come from openssl and botocore."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from connector.auth import Auth
from connector.flow import Moment
from connector.template import Values
from connector.wire import Call

__all__ = ["CALL", "EXAMPLES", "MOMENT", "SECRET", "Example"]

SECRET = "s3cr3t-0123456789"
CALL = Call("POST", "https://h/a?b=c", {"Accept": "application/json"}, b'{"d": 1}', "write", repeatable=False)
MOMENT = Moment(datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC), "0123456789abcdef")


@dataclass(frozen=True)
class Example:
    """A style as a connector says it, the values of an account, and what is added to a call's headers and query."""

    says: Mapping[str, Any]
    values: Values
    adds: Mapping[str, str]
    asks: str = ""

    @property
    def style(self) -> Any:
        return TypeAdapter(Auth).validate_python(self.says)

    def sign(self, call: Call = CALL, changed: Values | None = None) -> Call:
        signed: Call = self.style.sign(call, {**self.values, **(changed or {})}, MOMENT)
        return signed

    def stands_in_a_header(self, name: str) -> bool:
        """Whether the value is sent in a header as it is, not encoded or hashed."""
        return any("0a1b2c3d" in text for text in self.sign(changed={name: "0a1b2c3d"}).headers.values())


EXAMPLES = [
    Example({"style": "none"}, {}, {}),
    Example(
        {"style": "bearer", "token": "{secrets.token}"},
        {"secrets.token": SECRET},
        {"Authorization": f"Bearer {SECRET}"},
    ),
    Example(
        {"style": "header", "header": "api-key", "value": "{secrets.key}"},
        {"secrets.key": SECRET},
        {"api-key": SECRET},
    ),
    Example(
        {"style": "header", "header": "X-Auth", "value": "Key {settings.id}:{secrets.key}"},
        {"secrets.key": SECRET, "settings.id": 7},
        {"X-Auth": f"Key 7:{SECRET}"},
    ),
    Example(
        {"style": "basic", "user": "{settings.user}", "password": "{secrets.password}"},
        {"settings.user": "ada@example.com", "secrets.password": SECRET},
        {"Authorization": "Basic " + base64.b64encode(f"ada@example.com:{SECRET}".encode()).decode()},
    ),
    Example(
        {"style": "query", "parameter": "api_key", "value": "{secrets.key}"},
        {"secrets.key": SECRET},
        {},
        f"&api_key={SECRET}",
    ),
    Example(
        {
            "style": "hmac",
            "key": "{secrets.key}",
            "digest": "sha256",
            "over": ["{method}", "{path}", "{query}", "{timestamp}", "{nonce}", "{body_sha256}"],
            "encoding": "hex",
            "headers": {
                "X-Key": "{settings.id}",
                "X-At": "{timestamp}",
                "X-Nonce": "{nonce}",
                "X-Sig": "{signature}",
            },
        },
        {"secrets.key": SECRET, "settings.id": 7},
        {
            "X-Key": "7",
            "X-At": "1769860800",
            "X-Nonce": "0123456789abcdef",
            "X-Sig": "3b0bc882b05655bc3f97115722c79f05a74253fca8a8fbd4e0d8151a3c5e11be",
        },
    ),
    Example(
        {
            "style": "hmac",
            "key": "{secrets.key}",
            "digest": "sha512",
            "over": ["{target}"],
            "encoding": "base64",
            "query": {"sig": "{signature}"},
        },
        {"secrets.key": SECRET},
        {},
        "&sig=mtYQf0IXLNBBfv7za%2FcW7rHN0hrPEYdtn%2BxjQejV09mB%2FV72PLQyw3KgPaBfv2xkKY3Dcfy%2BGeSQRI00tpHQ8g%3D%3D",
    ),
    Example(
        {
            "style": "sigv4",
            "service": "iam",
            "region": "{settings.region}",
            "access_key": "{settings.id}",
            "secret_key": "{secrets.key}",
            "session_token": "{secrets.session}",
        },
        {
            "settings.region": "us-east-1",
            "settings.id": "AKID",
            "secrets.key": SECRET,
            "secrets.session": "SESSION",
        },
        {
            "X-Amz-Date": "20260131T120000Z",
            "X-Amz-Security-Token": "SESSION",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260131/us-east-1/iam/aws4_request, "
            "SignedHeaders=accept;host;x-amz-date;x-amz-security-token, "
            "Signature=168360dcd18e3ed083269d931337198273ab66c27ab92664669f964118b89139",
        },
    ),
]
