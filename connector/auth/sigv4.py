"""Auth `sigv4`: AWS Signature Version 4 over the final request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC
from typing import Final, Literal
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from pydantic import BaseModel, ConfigDict

from connector.auth.placing import add_headers, fill_plain
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call, host_of, target_of

__all__ = ["SigV4"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_PLAIN_PATH: Final = frozenset({"s3", "s3-outposts", "s3-object-lambda"})
"""Services whose path is signed as it is sent, and that want the body's digest in a header."""
_UNSIGNED: Final = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
"""Headers that whoever passes a request on may change, as in botocore/auth.py."""


class SigV4(BaseModel):
    """Adds Authorization, X-Amz-Date, and where they are used X-Amz-Security-Token and X-Amz-Content-SHA256."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    style: Literal["sigv4"]
    service: HeaderText
    """The service's name in signatures, as in `iam`."""
    region: HeaderText
    access_key: HeaderText
    """The key's id."""
    secret_key: HeaderText
    session_token: HeaderText | None = None
    """Of temporary credentials."""

    @property
    def _texts(self) -> Iterator[str]:
        yield from (self.service, self.region, self.access_key, self.secret_key)
        if self.session_token is not None:
            yield self.session_token

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(parse_template(text).names for text in self._texts))

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:
        service, region, access_key = (
            parse_template(text).fill_header(values) for text in (self.service, self.region, self.access_key)
        )
        secret = fill_plain(self.secret_key, values)
        at = moment.now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        is_plain = service in _PLAIN_PATH
        payload = hashlib.sha256(call.body or b"").hexdigest()
        added = {"X-Amz-Date": at}
        if self.session_token is not None:
            added["X-Amz-Security-Token"] = parse_template(self.session_token).fill_header(values)
        if is_plain:
            added["X-Amz-Content-SHA256"] = payload
        dated = add_headers(call, added)
        fields = _fields(dated)
        path, _, query = target_of(call.url).partition("?")
        canonical = [call.method, path if is_plain else _twice_encoded(path), _sorted_query(query)]
        canonical += [*(f"{name}:{value}" for name, value in fields.items()), "", ";".join(fields)]
        canonical.append(fields.get("x-amz-content-sha256", payload))
        scope = (at[:8], region, service, "aws4_request")
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        key = f"AWS4{secret}".encode()
        for part in scope:
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join((_ALGORITHM, at, "/".join(scope), digest))
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = "/".join((access_key, *scope))
        said = f"Credential={credential}, SignedHeaders={';'.join(fields)}, Signature={signature}"
        return add_headers(dated, {"Authorization": f"{_ALGORITHM} {said}"}, signature)


def _fields(call: Call) -> dict[str, str]:
    """The headers that are signed, in their order: lower case, runs of blanks as one."""
    known = {name.lower(): " ".join(value.split()) for name, value in call.headers.items()}
    known["host"] = host_of(call.url)
    return {name: known[name] for name in sorted(known) if name not in _UNSIGNED}


def _twice_encoded(path: str) -> str:
    """A path that is encoded already, encoded again, without dot segments and empty ones."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + end, safe="/~")


def _sorted_query(query: str) -> str:
    """Parameters by name and value, each encoded as RFC 3986 has it; a `+` that is sent means a space."""
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return "&".join(f"{name}={value}" for name, value in sorted((_once(n), _once(v)) for n, _, v in pairs))


def _once(text: str) -> str:
    return quote_from_bytes(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")
