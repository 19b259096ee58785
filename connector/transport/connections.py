"""Connections: pools by origin, the streams in them, and a proxy between.

Promises: a write's connection was never used before; no wait on a blocking stream outlasts the call that is
being sent over it; no authority is loaded before https is called; the libraries beneath log nothing below a
warning. Knows no request and no answer.
"""

from __future__ import annotations

import functools
import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore
import httpx

from connector.errors import ConfigurationInvalid
from connector.wire import Call, origin_of

__all__ = [
    "AsyncDialer",
    "CallOfThread",
    "Dialer",
    "Shard",
    "Tls",
    "read_proxy",
    "shard_of",
    "shared_tls",
    "silence_loggers",
]

Shard = tuple[str, str, int | None, bool]
Tls = Callable[[], ssl.SSLContext]

MAX_CONNECTIONS: Final = 32
MAX_KEPT: Final = 8
KEPT_FOR: Final = 30.0


@functools.cache
def shared_tls() -> ssl.SSLContext:
    """The one TLS context of the process, made when it is first needed.

    It trusts certifi's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name.
    """
    return httpx.create_ssl_context()


def shard_of(call: Call) -> Shard:
    """Which connections a call may use: those of its origin, and for a write one that nobody used before."""
    return (*origin_of(call.url), call.effect == "write")


def read_proxy(url: str | None) -> httpx.Proxy | None:
    """The proxy of that URL; raises ConfigurationInvalid, which never shows it (it may hold a password)."""
    if url is None:
        return None
    try:
        scheme, host, _ = origin_of(url)
        proxy = httpx.Proxy(url) if scheme in ("http", "https") and host else None
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None:
        raise ConfigurationInvalid("the proxy is not a URL that begins with http:// or https://")
    return proxy


def _pool_options(shard: Shard, tls: Tls, proxy: httpx.Proxy | None) -> dict[str, Any]:
    scheme, _, _, fresh = shard
    options: dict[str, Any] = {
        "max_connections": MAX_CONNECTIONS,
        "max_keepalive_connections": 0 if fresh else MAX_KEPT,
        "keepalive_expiry": KEPT_FOR,
    }
    if scheme == "https":
        options["ssl_context"] = tls()
    if proxy is not None:
        options["proxy"] = httpcore.Proxy(
            url=str(proxy.url),
            auth=proxy.raw_auth,
            headers=proxy.headers.raw,
            ssl_context=tls() if proxy.url.scheme == "https" else None,
        )
    return options


class Dialer(httpx.HTTPTransport):
    """httpx's transport over a pool that was made with httpcore's public arguments."""

    def __init__(self, shard: Shard, tls: Tls, proxy: httpx.Proxy | None, now: CallOfThread) -> None:
        # Not by way of super(): that would load the authorities of a TLS context for plain http too.
        options = _pool_options(shard, tls, proxy)
        self._pool = httpcore.ConnectionPool(**options, network_backend=_BoundedBackend(now))


class AsyncDialer(httpx.AsyncHTTPTransport):
    """As `Dialer`; the event loop's own timeout bounds the call."""

    def __init__(self, shard: Shard, tls: Tls, proxy: httpx.Proxy | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(**_pool_options(shard, tls, proxy))


class CallOfThread(threading.local):
    """Which call a thread is in the middle of: connections outlive calls, deadlines don't."""

    time_left: Callable[[], float] | None = None

    def limit(self, timeout: float | None) -> float | None:
        """The shorter of `timeout` and what is left of the call; raises when nothing is."""
        if self.time_left is None:
            return timeout
        left = self.time_left()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)


class _BoundedBackend(httpcore.SyncBackend):
    """Dials streams that keep to the deadline: a header that drips in never outlasts a read timeout."""

    def __init__(self, now: CallOfThread) -> None:
        self._now = now

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._now.limit(timeout), local_address, socket_options)
        return _BoundedStream(stream, self._now)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, now: CallOfThread) -> None:
        self._stream, self._now = stream, now

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._now.limit(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._now.limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._now.limit(timeout))
        return _BoundedStream(stream, self._now)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


_LOGGERS: Final = ("httpx", "httpcore", *(f"httpcore.{part}" for part in ("connection", "http11", "proxy")))


def _speaks_up(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def silence_loggers() -> None:
    """Below a warning these loggers write whole URLs and headers, whatever the root's level."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.addFilter(_speaks_up)  # holds when someone lowers the level afterwards
