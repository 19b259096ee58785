"""Auth `hmac`: a signature (RFC 2104) over declared parts of the request, placed in declared headers or parameters.

It is over what the transport sends, byte for byte: `wire` says what that is. Time and nonce are the sender's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from connector.auth.placing import (
    HEADER_NAME,
    PARAMETER_NAME,
    add_headers,
    add_parameter,
    drop_parameters,
    fill_plain,
)
from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call, host_of, target_of

__all__ = ["OVER", "SENT", "Hmac"]

SENT: Final = ("timestamp", "nonce", "body_sha256", "body_sha512")
"""Holes that a header or parameter may have, besides `signature`, settings and secrets."""
OVER: Final = ("method", "host", "path", "query", "target", "body", *SENT)
"""Holes that what is signed may have, besides settings and secrets."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final[Mapping[str, Callable[[datetime], str]]] = {
    "epoch_s": lambda now: str(int(now.timestamp())),
    "epoch_ms": lambda now: str((now - _EPOCH) // timedelta(milliseconds=1)),
    "rfc3339": lambda now: now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "http_date": lambda now: format_datetime(now.astimezone(UTC), usegmt=True),  # RFC 9110 §5.6.7
}

_KEYS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "text": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda text: base64.b64decode(text, validate=True),
}


class Hmac(BaseModel):
    """`over`, each with its holes filled and `between` between them, signed with `key`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    style: Literal["hmac"]
    key: HeaderText
    key_encoding: Literal["text", "hex", "base64"] = "text"
    """How the key's bytes are written."""
    digest: Literal["sha256", "sha512"]
    over: Annotated[tuple[HeaderText, ...], Field(min_length=1)]
    """What is signed, in this order; holes are parts of the request as it is sent, settings and secrets."""
    between: str = "\n"
    """What stands between two of `over`."""
    encoding: Literal["hex", "base64"]
    """How the signature and the body's digest are written."""
    timestamp: Literal["epoch_s", "epoch_ms", "rfc3339", "http_date"] = "epoch_s"
    """How `{timestamp}` is written."""
    headers: Mapping[Annotated[str, Field(pattern=HEADER_NAME)], HeaderText] = {}
    """Headers that are added."""
    query: Mapping[Annotated[str, Field(pattern=PARAMETER_NAME)], HeaderText] = {}
    """Parameters that are added at the query's end; the signature is over the query without them."""

    @model_validator(mode="after")
    def _has_known_holes(self) -> Hmac:
        _check_holes("key", [self.key], ())
        _check_holes("over", self.over, OVER)
        placed = [*self.headers.values(), *self.query.values()]
        _check_holes("headers and query", placed, ("signature", *SENT))
        if "signature" not in _names(placed):
            raise PydanticCustomError(
                "hmac", "nothing sends {hole}: say `headers` or `query`", {"hole": "{signature}"}
            )
        return self

    @property
    def names(self) -> frozenset[str]:
        used = _names([self.key, *self.over, *self.headers.values(), *self.query.values()])
        return frozenset(name for name in used if "." in name)

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:
        call = drop_parameters(call, self.query)  # each call has its own
        known = {**{name: values.get(name) for name in self.names}, **self._parts(call, moment)}
        key = self._key(values)
        text = self.between.join(fill_plain(text, known) for text in self.over)
        signature = self._written(hmac.digest(key, text.encode("utf-8", "surrogateescape"), self.digest))
        known["signature"] = signature
        headers = {name: parse_template(text).fill_header(known) for name, text in self.headers.items()}
        signed = add_headers(call, headers, signature)
        for name, text in self.query.items():
            signed = add_parameter(signed, name, fill_plain(text, known), signature)
        return signed

    def _parts(self, call: Call, moment: Moment) -> dict[str, str]:
        """The request's parts as they are sent; a body that is no UTF-8 keeps its bytes."""
        target, body = target_of(call.url), call.body or b""
        path, _, query = target.partition("?")
        return {
            "method": call.method,
            "host": host_of(call.url),
            "path": path,
            "query": query,
            "target": target,
            "body": body.decode("utf-8", "surrogateescape"),
            "timestamp": _TIMES[self.timestamp](moment.now),
            "nonce": moment.nonce,
            "body_sha256": self._written(hashlib.sha256(body).digest()),
            "body_sha512": self._written(hashlib.sha512(body).digest()),
        }

    def _written(self, digest: bytes) -> str:
        return digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()

    def _key(self, values: Values) -> bytes:
        text = fill_plain(self.key, values)
        try:
            key = _KEYS[self.key_encoding](text)
        except ValueError:
            key = b""
        if not key:
            named = ", ".join(sorted(parse_template(self.key).names))
            raise InvalidRequest(f"{named} can't be the key: it is not {self.key_encoding}")
        return key


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(parse_template(text).names for text in texts))


def _check_holes(place: str, texts: Iterable[str], parts: tuple[str, ...]) -> None:
    """A hole is a setting, a secret, or one of `parts`."""
    for name in sorted(_names(texts)):
        if name not in parts and "." not in name:
            raise PydanticCustomError(
                "hmac",
                "nothing fills the hole {hole} in {place}",
                {"hole": f"{{{name}}}", "place": place, "allowed": (*parts, "settings.…", "secrets.…")},
            )
