"""Sends one `Call` and brings its `Answer`: the only module that opens connections.

Promises: the request goes out as it was built (URL, headers, body) with no more than Host, a length,
Accept-Encoding and User-Agent added; nothing is dialled before `Egress.check` has let its URL pass;
redirects, cookies and the environment's proxies and passwords are never used; an answer larger or slower
than the call allows is given up. Whether the first byte was handed to the socket is observed, not guessed,
and stands in `VendorUnavailable.sent`. A write goes over a connection of its own. Never logs; an error
names method, host, path and phase, never a query, a header or a body.

httpx's transports are used without its clients: those rewrite paths, keep cookies, log whole URLs, and read
a redirect's `Location` even when they don't follow it.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpcore
import httpx

from connector.egress import Egress
from connector.errors import ConfigurationInvalid, InvalidRequest, VendorError, VendorUnavailable
from connector.wire import Answer, Call, origin_of

__all__ = ["AsyncTransport", "Transport", "shared_tls"]

Clock = Callable[[], float]
Tls = Callable[[], ssl.SSLContext]

MAX_CONNECTIONS: Final = 32
MAX_KEPT: Final = 8
KEPT_FOR: Final = 30.0
MAX_ENCODINGS: Final = 3
MAX_SHOWN: Final = 200


@functools.cache
def shared_tls() -> ssl.SSLContext:
    """The one TLS context of the process, made when it is first needed.

    It trusts certifi's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name.
    """
    return httpx.create_ssl_context()


class Transport:
    """Sends the calls of one account, each origin over its own connections. Threads may share it."""

    def __init__(
        self,
        egress: Egress,
        *,
        clock: Clock = time.monotonic,
        proxy: str | None = None,
        tls: Tls = shared_tls,
    ) -> None:
        _silence_loggers()
        self._egress, self._clock, self._tls, self._proxy = egress, clock, tls, _checked_proxy(proxy)
        self._dialers: dict[_Shard, _Dialer] | None = {}
        self._lock = threading.Lock()
        self._now = _CallOfThread()

    def send(self, call: Call) -> Answer:
        """Raises EgressRefused, InvalidRequest, VendorUnavailable or VendorError; any status is an answer."""
        progress = _Progress(call, self._clock)
        self._egress.check(call.url)
        request = progress.request(progress.on_trace, proxied=self._proxy is not None)
        dialer = self._dialer(_shard(call))
        self._now.progress = progress
        try:
            response = dialer.handle_request(request)
            try:
                progress.begin(response)
                for chunk in response.iter_raw():
                    progress.take(chunk)
            finally:
                response.close()
        except (httpx.TransportError, OSError) as error:
            raise progress.failure(error) from None
        finally:
            self._now.progress = None
        return progress.answer()

    def close(self) -> None:
        """Closes all connections; a closed transport sends nothing more."""
        with self._lock:
            dialers, self._dialers = self._dialers or {}, None
        for dialer in dialers.values():
            dialer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dialer(self, shard: _Shard) -> _Dialer:
        with self._lock:
            if self._dialers is None:
                raise RuntimeError("this transport is closed")
            if shard not in self._dialers:
                backend = _BoundedBackend(self._now)
                self._dialers[shard] = _Dialer(_pool_options(shard, self._tls, self._proxy), backend)
            return self._dialers[shard]


class AsyncTransport:
    """As `Transport`, for one event loop; names are looked up in a thread beside it."""

    def __init__(
        self,
        egress: Egress,
        *,
        clock: Clock = time.monotonic,
        proxy: str | None = None,
        tls: Tls = shared_tls,
    ) -> None:
        _silence_loggers()
        self._egress, self._clock, self._tls, self._proxy = egress, clock, tls, _checked_proxy(proxy)
        self._dialers: dict[_Shard, _AsyncDialer] | None = {}

    async def send(self, call: Call) -> Answer:
        """Raises EgressRefused, InvalidRequest, VendorUnavailable or VendorError; any status is an answer."""
        progress = _Progress(call, self._clock)
        try:
            async with asyncio.timeout(call.deadline):
                await asyncio.to_thread(self._egress.check, call.url)
                request = progress.request(progress.on_trace_async, proxied=self._proxy is not None)
                response = await self._dialer(_shard(call)).handle_async_request(request)
                try:
                    progress.begin(response)
                    async for chunk in response.aiter_raw():
                        progress.take(chunk)
                finally:
                    await response.aclose()
        except (httpx.TransportError, OSError) as error:
            raise progress.failure(error) from None
        return progress.answer()

    async def close(self) -> None:
        """Closes all connections; a closed transport sends nothing more."""
        dialers, self._dialers = self._dialers or {}, None
        for dialer in dialers.values():
            await dialer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _dialer(self, shard: _Shard) -> _AsyncDialer:
        if self._dialers is None:
            raise RuntimeError("this transport is closed")
        if shard not in self._dialers:
            self._dialers[shard] = _AsyncDialer(_pool_options(shard, self._tls, self._proxy))
        return self._dialers[shard]


# One call ----------------------------------------------------------------------------------------------


_PHASES: Final = {
    "connect_tcp": "connect",
    "start_tls": "TLS handshake",
    "send_request_headers": "send",
    "receive_response_headers": "wait for the answer",
    "receive_response_body": "read the answer",
}


class _Progress:
    """How far one call has come; all that sending it blocking or not has in common."""

    def __init__(self, call: Call, clock: Clock) -> None:
        self.call, self.clock = call, clock
        self.until = clock() + call.deadline
        self.phase, self.sent = "wait for a connection", False
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.size = 0

    def left(self) -> float:
        return self.until - self.clock()

    def request(self, trace: Callable[..., Any], *, proxied: bool) -> httpx.Request:
        call, left = self.call, self.left()
        if left <= 0:
            raise self.late()
        limit = min(call.timeout, left)
        extensions: dict[str, Any] = {
            "trace": trace,
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), limit),
        }
        url, target = _read_url(call.url)
        if not proxied:
            extensions["target"] = target
        elif url.raw_path != target:
            # A proxy is told whole URLs, and those are only to be had in httpx's own spelling.
            raise InvalidRequest(f"{_place(call)}: this path can't be sent through a proxy as it is written")
        body = call.body or b""
        stream = httpx.ByteStream(body)
        return httpx.Request(call.method, url, headers=_headers(call), stream=stream, extensions=extensions)

    def on_trace(self, event: str, info: Mapping[str, Any]) -> None:
        _, name, moment = event.split(".")
        if moment != "started" or name not in _PHASES:
            return
        request = info.get("request")
        if request is not None and request.method == b"CONNECT":
            return  # to a proxy, which gets nothing of the call itself
        self.phase = _PHASES[name]
        self.sent = self.sent or name == "send_request_headers"

    async def on_trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        self.on_trace(event, info)

    def begin(self, response: httpx.Response) -> None:
        self.sent = True
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.call.max_bytes and self.call.method != "HEAD":
            raise self.too_large()

    def take(self, chunk: bytes) -> None:
        if self.left() <= 0:
            raise self.late()
        self.size += len(chunk)
        if self.size > self.call.max_bytes:
            raise self.too_large()
        self.chunks.append(chunk)

    def answer(self) -> Answer:
        assert self.status is not None
        body, headers = b"".join(self.chunks), self.headers
        encodings = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
        encodings = [name for name in encodings if name not in ("", "identity")]
        if body and encodings:
            body = self.decoded(body, encodings)
            # They told of the bytes on the wire, which nobody sees any more.
            headers = {
                name: text
                for name, text in headers.items()
                if name not in ("content-encoding", "content-length")
            }
        return Answer(self.status, headers, body)

    def decoded(self, body: bytes, encodings: list[str]) -> bytes:
        shown = ", ".join(encodings)[:80]
        if len(encodings) > MAX_ENCODINGS or not set(encodings) <= _WINDOW_BITS.keys():
            raise VendorError(
                f"{_place(self.call)}: the answer's content-encoding is {shown!a}; gzip and deflate can be read",
                status=self.status,
            )
        try:
            for name in reversed(encodings):
                body = _inflate(body, name, self.call.max_bytes)
        except zlib.error:
            raise VendorError(f"{_place(self.call)}: the answer is not {shown}", status=self.status) from None
        except EOFError:
            raise self.unavailable(f"the {shown} answer ends too early") from None
        except OverflowError:
            raise self.too_large() from None
        return body

    def too_large(self) -> VendorError:
        size = self.call.max_bytes
        return VendorError(
            f"{_place(self.call)}: the answer is larger than {size:,} bytes", status=self.status
        )

    def late(self) -> VendorUnavailable:
        return self.unavailable(f"not done within the {self.call.deadline:g} s that the whole call may take")

    def failure(self, error: Exception) -> VendorUnavailable:
        """What httpx or the system says, as ours; the one place where those are read."""
        if self.left() <= 0 or isinstance(error, TimeoutError):
            return self.late()
        if isinstance(error, httpx.TimeoutException):
            return self.unavailable(f"nothing happened for {self.call.timeout:g} s")
        if isinstance(error, httpx.ConnectError | httpx.ProxyError) and not self.sent:
            # Said by the system or the TLS library about the host: none of the call's own text is in it.
            return self.unavailable(str(error)[:MAX_SHOWN] or "failed")
        if isinstance(error, httpx.ProtocolError):
            return self.unavailable("the connection was closed too early, or what came is not HTTP")
        return self.unavailable("the connection was lost")

    def unavailable(self, reason: str) -> VendorUnavailable:
        unknown = self.sent and self.call.effect == "write"
        return VendorUnavailable(
            f"{_place(self.call)}: {self.phase}: {reason}",
            sent=self.sent,
            status=self.status,
            hint="it had been sent, and whether it took effect is not known" if unknown else None,
        )


def _place(call: Call) -> str:
    parts = urlsplit(call.url)
    return f"{call.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path[:MAX_SHOWN]}"


def _read_url(text: str) -> tuple[httpx.URL, bytes]:
    """The URL for httpx, and its path and query exactly as they were given."""
    rest = text.partition("#")[0].partition("://")[2]
    begin = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    target = rest[begin:]
    target = target if target.startswith("/") else f"/{target}"
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise InvalidRequest("the URL cannot be read") from None
    default = {"http": 80, "https": 443}.get(url.scheme)
    if (url.scheme, url.raw_host.decode("ascii").lower(), url.port or default) != origin_of(text):
        # The egress check and the dialling must mean the same host.
        raise InvalidRequest("the URL's host can be read in two ways")
    return url, target.encode("ascii")


_METHOD: Final = re.compile(r"(?!CONNECT|TRACE)[A-Z]{1,20}", re.ASCII)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_FIELD: Final = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?", re.ASCII)
_FRAMING: Final = ("host", "content-length", "transfer-encoding")


def _headers(call: Call) -> list[tuple[bytes, bytes]]:
    """The call's headers, and what HTTP needs beside them; checked here, since httpx would quote the value."""
    if not _METHOD.fullmatch(call.method):
        raise InvalidRequest("the method is not one that can be sent; they are upper case, such as GET")
    host, length = _host(call.url), None
    if call.body is not None or call.method in ("POST", "PUT", "PATCH"):
        length = str(len(call.body or b""))
    framing = {"host": host, "content-length": length}
    given: dict[str, tuple[str, str]] = {}
    for name, value in call.headers.items():
        low = name.lower()
        if not _TOKEN.fullmatch(name):
            raise InvalidRequest(f"{_place(call)}: a header's name is not made of letters, digits and dashes")
        if not _FIELD.fullmatch(value):
            raise InvalidRequest(
                f"{_place(call)}: header {name} has a character that may not stand there",
                hint="often a line break or a space at its end that was pasted with it",
            )
        if low in given:
            raise InvalidRequest(f"{_place(call)}: header {name} is given twice")
        if low in _FRAMING and framing.get(low) != value:
            raise InvalidRequest(
                f"{_place(call)}: header {name} follows from the URL and the body; leave it out"
            )
        if low not in _FRAMING:
            given[low] = (name, value)
    added = {"Accept-Encoding": "gzip, deflate", "User-Agent": _user_agent(), "Content-Length": length}
    extra = [
        (name, value) for name, value in added.items() if value is not None and name.lower() not in given
    ]
    return [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in [("Host", host), *given.values(), *extra]
    ]


def _host(url: str) -> str:
    scheme, host, port = origin_of(url)
    shown = f"[{host}]" if ":" in host else host
    return shown if (scheme, port) in (("http", 80), ("https", 443)) else f"{shown}:{port}"


@functools.cache
def _user_agent() -> str:
    try:
        return f"directory-connector/{metadata.version('directory-connector')}"
    except metadata.PackageNotFoundError:
        return "directory-connector/0"


_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def _inflate(body: bytes, encoding: str, most: int) -> bytes:
    """Raises zlib.error, EOFError for a body that is cut off, OverflowError for one over `most` bytes."""
    bits = _WINDOW_BITS[encoding]
    if encoding == "deflate" and not (body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0):  # noqa: PLR2004 - RFC 1950 §2.2
        bits = -15  # many servers leave the zlib wrapping out
    parts, size = [], 0
    while body:  # a gzip body may have several members
        stream = zlib.decompressobj(bits)
        part = stream.decompress(body, most - size + 1)
        size += len(part)
        if size > most:
            raise OverflowError
        if not stream.eof:
            raise EOFError
        parts.append(part)
        body = stream.unused_data
    return b"".join(parts)


# Connections -------------------------------------------------------------------------------------------


_Shard = tuple[str, str, int | None, bool]


def _shard(call: Call) -> _Shard:
    return (*origin_of(call.url), call.effect == "write")


def _checked_proxy(url: str | None) -> httpx.Proxy | None:
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


def _pool_options(shard: _Shard, tls: Tls, proxy: httpx.Proxy | None) -> dict[str, Any]:
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


class _Dialer(httpx.HTTPTransport):
    """httpx's transport over a pool that was made with httpcore's public arguments."""

    def __init__(self, options: dict[str, Any], backend: httpcore.NetworkBackend) -> None:
        # Not by way of super(): that would load the authorities of a TLS context for plain http too.
        self._pool = httpcore.ConnectionPool(**options, network_backend=backend)


class _AsyncDialer(httpx.AsyncHTTPTransport):
    """As _Dialer; the event loop's own timeout bounds the call."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._pool = httpcore.AsyncConnectionPool(**options)


class _CallOfThread(threading.local):
    """Which call a thread is in the middle of: connections outlive calls, deadlines don't."""

    progress: _Progress | None = None

    def limit(self, timeout: float | None) -> float | None:
        if self.progress is None:
            return timeout
        left = self.progress.left()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)


class _BoundedBackend(httpcore.SyncBackend):
    """Dials streams that keep to the deadline: a header that drips in never outlasts a read timeout."""

    def __init__(self, now: _CallOfThread) -> None:
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
    def __init__(self, stream: httpcore.NetworkStream, now: _CallOfThread) -> None:
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


def _silence_loggers() -> None:
    """Below a warning these loggers write whole URLs and headers, whatever the root's level."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.addFilter(_speaks_up)  # holds when someone lowers the level afterwards
