"""An example of each auth style or more, with what exactly it adds. Signatures come from openssl and botocore."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from connector.auth import Auth, OAuth2
from connector.flow import Moment
from connector.template import Values
from connector.wire import Call
from tests.calling.keys import ec_key

__all__ = ["ACCESS", "CALL", "EXAMPLES", "MOMENT", "SECRET", "Example"]

SECRET = "s3cr3t-0123456789"
ACCESS = "acc3ss-t0ken/+0123456789=="
"""What the OAuth styles are given by the vendor."""
TOKEN_URL = "https://login.h/token"
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

    @property
    def keys(self) -> frozenset[str]:
        """The values that are keys in PEM."""
        return frozenset({"secrets.pem"} & self.values.keys())

    def sign(self, call: Call = CALL, changed: Values | None = None) -> Call:
        style, values = self.style, {**self.values, **(changed or {})}
        obtained = {"access_token": ACCESS} if isinstance(style, OAuth2) else {}
        signed: Call = style.sign(call, {**values, **obtained}, MOMENT)
        return signed

    def sent(self, changed: Values | None = None) -> list[Call]:
        """Every call that a credential goes out with: what asks for an access token too."""
        style, values = self.style, {**self.values, **(changed or {})}
        asking = [style.request(TOKEN_URL, values, MOMENT)] if isinstance(style, OAuth2) else []
        return [*asking, self.sign(changed=changed)]

    def secret(self, name: str, text: str) -> str:
        """What the text is as a value of that name: a key, where it has to be one."""
        return ec_key(int.from_bytes(text.encode()) % 5) if name in self.keys else text

    def stands_in_a_header(self, name: str) -> bool:
        """Whether the value is sent in a header as it is, not encoded or hashed."""
        if name in self.keys:
            return False
        calls = self.sent(changed={name: "0a1b2c3d"})
        return any("0a1b2c3d" in text for call in calls for text in call.headers.values())


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
    Example(
        {
            "style": "oauth2_client_credentials",
            "token_url": TOKEN_URL,
            "client_id": "{settings.id}",
            "client_secret": "{secrets.key}",
            "scope": "read {settings.scope}",
            "audience": "{settings.audience}",
        },
        {
            "settings.id": 7,
            "secrets.key": SECRET,
            "settings.scope": "users",
            "settings.audience": "https://h",
        },
        {"Authorization": f"Bearer {ACCESS}"},
    ),
    Example(
        {
            "style": "oauth2_refresh",
            "token_url": TOKEN_URL,
            "client_id": "{settings.id}",
            "client_secret": "{secrets.key}",
            "refresh_token": "{secrets.refresh}",
            "send_in": "body",
        },
        {"settings.id": 7, "secrets.key": SECRET, "secrets.refresh": f"{SECRET}-r"},
        {"Authorization": f"Bearer {ACCESS}"},
    ),
    Example(
        {
            "style": "oauth2_jwt",
            "token_url": TOKEN_URL,
            "issuer": "{settings.issuer}",
            "subject": "{settings.subject}",
            "key": "{secrets.pem}",
            "key_id": "{settings.kid}",
        },
        {
            "settings.issuer": "app@h",
            "settings.subject": "admin@h",
            "secrets.pem": ec_key(),
            "settings.kid": "k1",
        },
        {"Authorization": f"Bearer {ACCESS}"},
    ),
]
