"""A request and its answer as plain values, and what sends one: the only seam of I/O.

`Send` is all that sync, async, tests and cassettes differ in. Nothing here logs, and a repr never shows
a query, a header or a body: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

__all__ = ["Answer", "AsyncSend", "Call", "Effect", "Heard", "Send", "host_of", "origin_of", "target_of"]

Effect = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, complete: nothing is added to it on the way but the connection.

    `timeout` is in seconds, for each phase (connect, write, read); `deadline` bounds the whole call.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    effect: Effect = "read"
    repeatable: bool = True
    timeout: float = 10.0
    deadline: float = 60.0
    max_bytes: int = 64 * 1024 * 1024
    secrets: tuple[str, ...] = ()
    """What in it is as good as a secret, besides the account's own: digests over one."""
    is_raw: bool = False
    """Its answer's body is left in the content encoding that it came in."""

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        return f"Call({self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path})"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. Header names are lower case; `body` is decoded of any content encoding, unless the call is raw."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class Heard:
    """A good answer as it was read: its JSON, the URL that was asked, and its headers by lower-case name."""

    body: Any
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: int = 200
    outcome: Any = None
    """What the connector says of an answer like this one to a write, if it says anything."""


Send = Callable[[Call], Answer]
AsyncSend = Callable[[Call], Awaitable[Answer]]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of a URL, each in its normal form (RFC 6454 §4)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def host_of(url: str) -> str:
    """The Host header that a call to the URL is sent with (RFC 9110 §7.2)."""
    scheme, host, port = origin_of(url)
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _DEFAULT_PORTS.get(scheme) else f"{shown}:{port}"


def target_of(url: str) -> str:
    """Path and query that a call to the URL is sent with, as they are written there (RFC 9112 §3.2.1)."""
    rest = url.partition("#")[0].partition("://")[2]
    begin = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    target = rest[begin:]
    return target if target.startswith("/") else f"/{target}"
