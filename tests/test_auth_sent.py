"""Each auth style over a real connection: a server verifies it from the raw request."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import TypeAdapter

from connector.auth import Auth
from connector.egress import Egress
from connector.flow import Clock
from connector.transport import Transport
from connector.wire import Call
from tests.calling.verifying import NOW, STYLES, VALUES, Received


@contextmanager
def server(count: int) -> Iterator[tuple[str, list[Received]]]:
    """Takes so many requests, one a connection, and keeps them."""
    received: list[Received] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        for _ in range(count):
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                connection.settimeout(10)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += stream.readline()
                length = next(
                    (int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0
                )
                received.append(Received(head[:-4], stream.read(length)))
                stream.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


SENT = [
    ("GET", "", {}, None),
    ("GET", "?a", {}, None),
    ("GET", "/a%2Fb/%C3%A4/c%20d/?b=2&a=x%20y&a=%2B%25&e=&%C3%A4=~", {"Accept": "application/json"}, None),
    ("POST", "/a:b/(c)/@;=,!*'?q='x'(y)*!&r=a:b@c/d?e", {"Content-Type": "application/json"}, b'{"a": "\xc3\xa4"}'),
    ("PUT", "//a/../b/./c", {"X-Blanks": "a  b\t c"}, b"\x00\xff"),
    ("POST", "/a", {}, None),
    ("DELETE", "/a?x=1#part", {}, b""),
]  # fmt: skip


def test_each_style_of_the_union_is_verified() -> None:
    members = Auth.__origin__.__args__  # type: ignore[attr-defined]
    assert {type(TypeAdapter(Auth).validate_python(says)) for says, _ in STYLES} == set(members)


@pytest.mark.parametrize(("says", "verify"), STYLES, ids=[says["style"] for says, _ in STYLES])
def test_what_is_signed_is_what_is_sent(says: dict[str, Any], verify: Callable[[Received], bool]) -> None:
    style, moment = TypeAdapter(Auth).validate_python(says), Clock(now=lambda: NOW).moment()
    with server(len(SENT)) as (url, received), Transport(Egress(["127.0.0.1"])) as transport:
        for method, rest, headers, body in SENT:
            call = Call(method, url + rest, headers, body, "write")
            assert transport.send(style.sign(call, VALUES, moment)).status == 204
    assert [(got.method, got.body) for got in received] == [(sent[0], sent[3] or b"") for sent in SENT]
    assert [got.target for got in received if not verify(got)] == []
