"""The request as it goes out: target, headers, host and user agent of one call.

Promises: path, query, headers and body are the call's own, byte for byte; only Host, a length,
Accept-Encoding and User-Agent are added. What HTTP can't carry is refused before anything is dialled, and
no error repeats a header's value, a query or a body.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from importlib import metadata
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from connector.errors import InvalidRequest
from connector.wire import Call, host_of, origin_of, target_of

__all__ = ["MAX_SHOWN", "place", "write_request"]

MAX_SHOWN: Final = 200


def place(call: Call) -> str:
    """A call as errors name it: method, host and path, without user, query or fragment."""
    parts = urlsplit(call.url)
    return f"{call.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path[:MAX_SHOWN]}"


def write_request(call: Call, limit: float, trace: Callable[..., Any], *, proxied: bool) -> httpx.Request:
    """The request of `call`, each phase of which may take `limit` seconds and is told to `trace`.

    Raises InvalidRequest for what can't be sent as it is written.
    """
    extensions: dict[str, Any] = {
        "trace": trace,
        "timeout": dict.fromkeys(("connect", "read", "write", "pool"), limit),
    }
    url, target = _read_url(call.url)
    if not proxied:
        extensions["target"] = target
    elif url.raw_path != target:
        # A proxy is told whole URLs, and those are only to be had in httpx's own spelling.
        raise InvalidRequest(f"{place(call)}: this path can't be sent through a proxy as it is written")
    stream = httpx.ByteStream(call.body or b"")
    return httpx.Request(call.method, url, headers=_headers(call), stream=stream, extensions=extensions)


def _read_url(text: str) -> tuple[httpx.URL, bytes]:
    """The URL for httpx, and its path and query exactly as they were given."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise InvalidRequest("the URL cannot be read") from None
    default = {"http": 80, "https": 443}.get(url.scheme)
    if (url.scheme, url.raw_host.decode("ascii").lower(), url.port or default) != origin_of(text):
        # The egress check and the dialling must mean the same host.
        raise InvalidRequest("the URL's host can be read in two ways")
    return url, target_of(text).encode("ascii")


_METHOD: Final = re.compile(r"(?!CONNECT|TRACE)[A-Z]{1,20}", re.ASCII)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_FIELD: Final = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?", re.ASCII)
_FRAMING: Final = ("host", "content-length", "transfer-encoding")


def _headers(call: Call) -> list[tuple[bytes, bytes]]:
    """The call's headers, and what HTTP needs beside them; checked here, since httpx would quote the value."""
    if not _METHOD.fullmatch(call.method):
        raise InvalidRequest("the method is not one that can be sent; they are upper case, such as GET")
    host, length = host_of(call.url), None
    if call.body is not None or call.method in ("POST", "PUT", "PATCH"):
        length = str(len(call.body or b""))
    framing = {"host": host, "content-length": length}
    given: dict[str, tuple[str, str]] = {}
    for name, value in call.headers.items():
        low = name.lower()
        if not _TOKEN.fullmatch(name):
            raise InvalidRequest(f"{place(call)}: a header's name is not made of letters, digits and dashes")
        if not _FIELD.fullmatch(value):
            raise InvalidRequest(
                f"{place(call)}: header {name} has a character that may not stand there",
                hint="often a line break or a space at its end that was pasted with it",
            )
        if low in given:
            raise InvalidRequest(f"{place(call)}: header {name} is given twice")
        if low in _FRAMING and framing.get(low) != value:
            raise InvalidRequest(
                f"{place(call)}: header {name} follows from the URL and the body; leave it out"
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


@functools.cache
def _user_agent() -> str:
    try:
        return f"directory-connector/{metadata.version('directory-connector')}"
    except metadata.PackageNotFoundError:
        return "directory-connector/0"
