"""A request and its answer as plain values, and what sends one: the only seam of I/O.

`Send` is all that sync, async, tests and cassettes differ in. Nothing here logs, and a repr never shows
a query, a header or a body: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["Answer", "AsyncSend", "Call", "Effect", "Send", "origin_of"]

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

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        return f"Call({self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path})"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. Header names are lower case; `body` is decoded of any content encoding."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


Send = Callable[[Call], Answer]
AsyncSend = Callable[[Call], Awaitable[Answer]]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of a URL, each in its normal form (RFC 6454 §4)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)
