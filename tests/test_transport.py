"""Calls against real servers on this machine, blocking and not, through one table each."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib
import logging
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from connector.egress import Egress
from connector.errors import (
    ConfigurationInvalid,
    EgressRefused,
    InvalidRequest,
    VendorError,
    VendorUnavailable,
)
from connector.transport import AsyncTransport, Transport, connections, shared_tls
from connector.transport.decoding import decode
from connector.wire import Answer, Call

vcr = importlib.import_module("vcr")  # it has no types

LOCAL = Egress(["127.0.0.0/8", "::1"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[[socket.socket, bytes], bool | None]


def answers(make: Callable[[bytes], bytes]) -> Script:
    """A server that answers each request with what `make` makes of it, and keeps the connection."""

    def script(connection: socket.socket, request: bytes) -> bool:
        connection.sendall(make(request))
        return True

    return script


def says(answer: bytes) -> Script:
    """A server that answers so each time, and keeps the connection."""
    return answers(lambda _request: answer)


def closes(answer: bytes) -> Script:
    """A server that answers so and closes the connection."""
    return lambda connection, _request: connection.sendall(answer)


def body(content: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


def packed(content: bytes) -> bytes:
    """The same bytes each time: they name the tests."""
    return gzip.compress(content, mtime=0)


@dataclass
class Served:
    """What a server saw: each request as it came, and which connection (from 1) brought it."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += (chunk := connection.recv(65_536))
        if not chunk:
            return b""
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(rest) < length:
        rest += connection.recv(65_536)
    return head + b"\r\n\r\n" + rest


@contextmanager
def server(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """A bounded server on a free port; `script` answers a request and says whether to keep the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(listener.getsockname()[1])
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(raw: socket.socket, number: int) -> None:
        raw.settimeout(10)
        connection = raw
        try:
            connection = tls.wrap_socket(raw, server_side=True) if tls else raw
            while request := read_request(connection):
                served.requests.append(request)
                served.connections.append(number)
                if not script(connection, request):
                    break
        except OSError:
            pass  # the client went away, which several tests are about
        finally:
            connection.close()
            raw.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(connection)
            threads.append(threading.Thread(target=serve, args=(connection, len(open_sockets))))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(10)
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in [acceptor, *threads])


class Send(Protocol):
    def __call__(self, *calls: Call, egress: Egress = LOCAL, **options: Any) -> list[Answer]: ...


def send_blocking(*calls: Call, egress: Egress = LOCAL, **options: Any) -> list[Answer]:
    with Transport(egress, **options) as transport:
        return [transport.send(call) for call in calls]


def send_async(*calls: Call, egress: Egress = LOCAL, **options: Any) -> list[Answer]:
    async def run() -> list[Answer]:
        async with AsyncTransport(egress, **options) as transport:
            return [await transport.send(call) for call in calls]

    return asyncio.run(run())


@pytest.fixture(params=[send_blocking, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    found: Send = request.param
    return found


class Clock:
    """A clock that stands still until someone moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# What goes out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            Call("GET", "/v1/users?limit=1&b=%2F"),
            b"GET /v1/users?limit=1&b=%2F HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n",
        ),
        (Call("GET", ""), b"GET / HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
        (Call("GET", "?a=b"), b"GET /?a=b HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
        (Call("GET", "/a/../b/./c"), b"GET /a/../b/./c HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
        (
            Call("GET", "/%7Euser/%2e%2e//x;y='z'?q=[1]|{2}"),
            b"GET /%7Euser/%2e%2e//x;y='z'?q=[1]|{2} HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n",
        ),
        (Call("GET", "/x?"), b"GET /x? HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
        (Call("GET", "/x#fragment?no"), b"GET /x HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
        (
            Call("GET", "/", {"X-Case": "kept", "authorization": "Bearer t", "Empty": ""}),
            b"GET / HTTP/1.1\r\nHost: {host}\r\nX-Case: kept\r\nauthorization: Bearer t\r\nEmpty: \r\n{auto}\r\n",
        ),
        (
            Call("GET", "/", {"user-agent": "mine/1", "ACCEPT-ENCODING": "identity"}),
            b"GET / HTTP/1.1\r\nHost: {host}\r\nuser-agent: mine/1\r\nACCEPT-ENCODING: identity\r\n\r\n",
        ),
        (Call("POST", "/"), b"POST / HTTP/1.1\r\nHost: {host}\r\n{auto}Content-Length: 0\r\n\r\n"),
        (
            Call("POST", "/", {"X-A": "b"}, b"\xc3\xa4-%r\r\n\x00"),
            b"POST / HTTP/1.1\r\nHost: {host}\r\nX-A: b\r\n{auto}Content-Length: 8\r\n\r\n\xc3\xa4-%r\r\n\x00",
        ),
        (
            Call("PUT", "/", {"content-length": "2"}, b"hi"),
            b"PUT / HTTP/1.1\r\nHost: {host}\r\n{auto}Content-Length: 2\r\n\r\nhi",
        ),
        (Call("DELETE", "/u/1", effect="write"), b"DELETE /u/1 HTTP/1.1\r\nHost: {host}\r\n{auto}\r\n"),
    ],
    ids=lambda value: value.url if isinstance(value, Call) else "",
)
def test_the_request_goes_out_as_it_was_built(send: Send, call: Call, expected: bytes) -> None:
    with server(says(OK)) as served:
        url = f"{served.url}{call.url}"
        send(Call(call.method, url, call.headers, call.body, call.effect))
    auto = b"Accept-Encoding: gzip, deflate\r\nUser-Agent: directory-connector/"
    sent = served.requests[0]
    start = sent.find(auto)
    if start >= 0:
        end = sent.index(b"\r\n", start + len(auto)) + 2
        sent = sent[:start] + b"{auto}" + sent[end:]
    assert sent == expected.replace(b"{host}", f"127.0.0.1:{served.port}".encode())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("GET", "/", {"Authorization": "Bearer hunter2\n"}), "header Authorization has a character"),
        (
            Call("GET", "/", {"Authorization": "Bearer hunter2\r\nX: y"}),
            "header Authorization has a character",
        ),
        (Call("GET", "/", {"Authorization": " hunter2"}), "header Authorization has a character"),
        (Call("GET", "/", {"Authorization": "hunter2\u00e4"}), "header Authorization has a character"),
        (Call("GET", "/", {"X hunter2": "v"}), "a header's name"),
        (Call("GET", "/", {"Accept": "a", "accept": "hunter2"}), "header accept is given twice"),
        (Call("GET", "/", {"Host": "hunter2"}), "header Host follows"),
        (Call("POST", "/", {"Content-Length": "7"}, b"hunter2!"), "header Content-Length follows"),
        (Call("POST", "/", {"Transfer-Encoding": "chunked"}, b"hunter2"), "header Transfer-Encoding follows"),
        (Call("CONNECT", "/"), "the method"),
        (Call("get", "/"), "upper case"),
        (Call("GET /hunter2", "/"), "the method"),
        (Call("GET", "/" + "x" * 70_000), "cannot be read"),
    ],
)
def test_what_is_no_request_is_refused_and_nothing_dialled(send: Send, call: Call, said: str) -> None:
    with server(says(OK)) as served:
        with pytest.raises(InvalidRequest, match=said) as caught:
            send(Call(call.method, served.url + call.url, call.headers, call.body))
        assert "hunter2" not in str(caught.value)
    assert served.connections == []


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"]
)
def test_egress_is_asked_before_anything_is_dialled(send: Send, path: str) -> None:
    with server(says(OK)) as served, pytest.raises(EgressRefused):
        send(Call("GET", path.format(port=served.port)), egress=Egress())
    assert served.connections == []


def test_a_host_that_two_parsers_read_differently_is_refused(send: Send) -> None:
    egress = Egress(["h.example"], lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(InvalidRequest, match="cannot be read"):
        send(
            Call("GET", "http://010.0.0.1/"), egress=Egress(["0.0.0.0/0"], lambda _host, _port: ["127.0.0.1"])
        )
    with pytest.raises(EgressRefused):
        send(Call("GET", "http://h.example\\@evil.example/"), egress=egress)


def test_the_environment_is_not_asked(send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with server(says(OK)) as served:
        assert send(Call("GET", served.url))[0].body == b"ok"
    assert b"authorization" not in served.requests[0].lower()


# What comes back ---------------------------------------------------------------------------------------

TEXT = b"directory " * 500
RAW_DEFLATE = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(body(TEXT, "X-One: 1"), TEXT, id="plain"),
        pytest.param(body(packed(TEXT), "Content-Encoding: gzip"), TEXT, id="gzip"),
        pytest.param(body(packed(TEXT), "Content-Encoding: X-GZIP"), TEXT, id="x-gzip"),
        pytest.param(
            body(packed(TEXT[:9]) + packed(TEXT[9:]), "Content-Encoding: gzip"),
            TEXT,
            id="members",
        ),
        pytest.param(body(zlib.compress(TEXT), "Content-Encoding: deflate"), TEXT, id="deflate"),
        pytest.param(
            body(RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush(), "Content-Encoding: deflate"),
            TEXT,
            id="raw deflate",
        ),
        pytest.param(
            body(packed(zlib.compress(TEXT)), "Content-Encoding: deflate, gzip"),
            TEXT,
            id="deflate, then gzip",
        ),
        pytest.param(body(TEXT, "Content-Encoding: identity"), TEXT, id="identity"),
        pytest.param(body(b"", "Content-Encoding: gzip"), b"", id="nothing, gzip"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            b"abcde",
            id="chunked",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end", id="until it closes"),
    ],
)
def test_bodies_are_read_and_decoded(send: Send, answer: bytes, expected: bytes) -> None:
    with server(closes(answer)) as served:
        (found,) = send(Call("GET", served.url))
    assert (found.status, found.body) == (200, expected)


def test_headers_are_lower_case_and_tell_of_the_body_that_is_there(send: Send) -> None:
    answer = body(packed(TEXT), "Content-Encoding: gzip", "X-One: 1", "Link: <a>", "link: <b>")
    with server(says(answer)) as served:
        assert send(Call("GET", served.url))[0].headers == {"x-one": "1", "link": "<a>, <b>"}


@pytest.mark.parametrize("status", [204, 304, 400, 404, 429, 500, 503, 599])
def test_any_status_is_an_answer(send: Send, status: int) -> None:
    with server(closes(f"HTTP/1.1 {status} Word\r\nRetry-After: 7\r\n\r\n".encode())) as served:
        (found,) = send(Call("GET", served.url))
    assert (found.status, found.headers["retry-after"]) == (status, "7")


@pytest.mark.parametrize("location", ["/elsewhere", "http://evil.example/", "http://[bad", "", "\\\\"])
def test_redirects_are_answers_too(send: Send, location: str) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with server(says(redirect)) as served:
        (found,) = send(Call("GET", served.url, {"Authorization": "Bearer t"}))
    assert (found.status, found.headers["location"]) == (302, location)
    assert len(served.requests) == 1


def test_cookies_are_not_kept(send: Send) -> None:
    with server(says(body(b"", "Set-Cookie: a=b"))) as served:
        send(Call("GET", served.url), Call("GET", served.url))
    assert b"cookie" not in served.requests[1].lower()


def test_head_has_a_length_and_no_body(send: Send) -> None:
    with server(
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\nContent-Encoding: gzip\r\n\r\n")
    ) as served:
        (found,) = send(Call("HEAD", served.url, max_bytes=10))
    assert (found.body, found.headers["content-length"]) == (b"", "999999")


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        pytest.param(body(b"x" * 1000), True, id="exactly"),
        pytest.param(body(b"x" * 1001), False, id="declared"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, False, id="undeclared"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", False, id="declared, and not read"
        ),
        pytest.param(body(packed(b"x" * 1000), "Content-Encoding: gzip"), True, id="unpacks to exactly"),
        pytest.param(body(packed(b"x" * 10**6), "Content-Encoding: gzip"), False, id="unpacks to more"),
        pytest.param(
            body(packed(packed(b"x" * 10**7)), "Content-Encoding: gzip, gzip"),
            False,
            id="unpacks twice",
        ),
    ],
)
def test_answers_are_bounded(send: Send, answer: bytes, passes: bool) -> None:
    with server(closes(answer)) as served:
        call = Call("GET", f"{served.url}/big?token=hunter2", max_bytes=1000)
        if passes:
            assert send(call)[0].body == b"x" * 1000
            return
        with pytest.raises(VendorError, match="larger than 1,000 bytes") as caught:
            send(call)
    assert caught.value.message.startswith(f"GET http://127.0.0.1:{served.port}/big: ")
    assert caught.value.status == 200


def test_a_bomb_is_not_unpacked_before_it_is_refused() -> None:
    bomb = packed(b"\x00" * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(OverflowError):
            decode(bomb, ["gzip"], 1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (b"not gzip", "gzip", "is not gzip"),
        (packed(TEXT) + b"garbage", "gzip", "is not gzip"),
        (b"\xff\xff\xff", "deflate", "is not deflate"),
        (b"x", "br", "content-encoding is 'br'; gzip and deflate can be read"),
        (b"x", "gzip, gzip, gzip, gzip", "content-encoding is 'gzip, gzip, gzip, gzip'"),
    ],
)
def test_what_cannot_be_decoded_is_the_vendors_error(
    send: Send, content: bytes, encoding: str, said: str
) -> None:
    answer = body(content, f"Content-Encoding: {encoding}")
    with server(says(answer)) as served, pytest.raises(VendorError, match=said):
        send(Call("GET", served.url))


# Failures ----------------------------------------------------------------------------------------------


def resets(connection: socket.socket, _request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_in_the_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    resets(connection, request)


def says_nothing(connection: socket.socket, _request: bytes) -> None:
    connection.recv(1)  # until the client gives up


def stops_in_the_body(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    connection.recv(1)


@pytest.mark.parametrize(
    ("script", "phase"),
    [
        (closes(b""), "wait for the answer: the connection was closed too early"),
        (resets, "wait for the answer: the connection was"),
        (closes(b"SSH-2.0-OpenSSH_9.6 hunter2\r\n\r\n"), "wait for the answer: .* not HTTP"),
        (
            closes(b"HTTP/1.1 200 OK\r\nContent-Le"),
            "wait for the answer: the connection was closed too early",
        ),
        (says_nothing, "wait for the answer: nothing happened for 0.2 s"),
        (resets_in_the_body, "read the answer: the connection was"),
        (stops_in_the_body, "read the answer: nothing happened for 0.2 s"),
        (
            closes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"),
            "read the answer: the connection was closed too early",
        ),
        (
            closes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
            "read the answer: the connection was closed too early",
        ),
        (
            closes(body(packed(TEXT)[:-20], "Content-Encoding: gzip")),
            "read the answer: the gzip answer ends too early",
        ),
    ],
)
@pytest.mark.parametrize("effect", ["read", "write"])
def test_silence_after_the_request_went_out(send: Send, script: Script, phase: str, effect: Any) -> None:
    with server(script) as served:
        call = Call(
            "POST", f"{served.url}/v1?key=hunter2", {"X-Key": "hunter2"}, b"hunter2", effect, timeout=0.2
        )
        with pytest.raises(VendorUnavailable, match=phase) as caught:
            send(call)
    error = caught.value
    assert error.sent is True
    assert error.message.startswith(f"POST http://127.0.0.1:{served.port}/v1: ")
    assert "hunter2" not in str(error)
    assert (error.hint is not None) == (effect == "write")
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert len(served.requests) == 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("effect", ["read", "write"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[0:0::1]", "[::FFFF:7F00:1]", "LOCALHOST"])
def test_a_refused_connection_sent_nothing(send: Send, host: str, effect: Any) -> None:
    with pytest.raises(VendorUnavailable, match=r"GET http://.*:\d+/a: connect: ") as caught:
        send(Call("GET", f"http://{host}:{free_port()}/a?key=hunter2", effect=effect))
    assert caught.value.sent is False
    assert caught.value.hint is None
    assert "hunter2" not in str(caught.value)


def test_a_name_that_does_not_resolve_sent_nothing(send: Send) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(VendorUnavailable, match="cannot be resolved") as caught:
        send(Call("GET", "https://api.example.com/"), egress=Egress(resolve=resolve))
    assert caught.value.sent is False


def test_a_handshake_that_never_ends_sent_nothing(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(VendorUnavailable, match=r"TLS handshake: nothing happened for 0\.2 s") as caught:
            send(Call("GET", url, timeout=0.2))
    assert caught.value.sent is False


def test_a_wait_for_a_free_connection_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    busy, done = threading.Event(), threading.Event()

    def script(connection: socket.socket, _request: bytes) -> bool:
        busy.set()
        done.wait(10)
        connection.sendall(OK)
        return True

    with server(script) as served, Transport(LOCAL) as transport:
        first = threading.Thread(target=transport.send, args=(Call("GET", served.url),))
        first.start()
        assert busy.wait(10)
        with pytest.raises(
            VendorUnavailable, match=r"wait for a connection: nothing happened for 0\.1 s"
        ) as caught:
            transport.send(Call("GET", served.url, timeout=0.1))
        done.set()
        first.join(10)
    assert caught.value.sent is False
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x")],
    ids=["in the head", "in the body"],
)
def test_the_deadline_bounds_the_whole_call(first: bytes, drip: bytes) -> None:
    clock = Clock()

    def script(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(first)
        while True:  # until the client has gone
            clock.now += 1
            connection.sendall(drip)

    with (
        server(script) as served,
        pytest.raises(
            VendorUnavailable, match="not done within the 60 s that the whole call may take"
        ) as caught,
    ):
        send_blocking(Call("GET", served.url), clock=clock)
    assert caught.value.sent is True


def test_no_phase_waits_longer_than_what_is_left_of_the_whole() -> None:
    clock = Clock()

    def script(connection: socket.socket, _request: bytes) -> None:
        clock.now = 59.9
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: 1\r\n")
        connection.recv(1)

    begun = time.monotonic()
    with server(script) as served, pytest.raises(VendorUnavailable):
        send_blocking(Call("GET", served.url, timeout=5), clock=clock)
    assert time.monotonic() - begun < 3


def test_the_deadline_bounds_the_whole_call_async() -> None:
    clock = Clock()

    def script(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while True:
            clock.now += 1
            connection.sendall(b"x")

    late = "read the answer: not done within the 60 s"
    with server(script) as served, pytest.raises(VendorUnavailable, match=late):
        send_async(Call("GET", served.url), clock=clock)


def test_the_event_loop_bounds_a_head_that_never_ends() -> None:
    with (
        server(says_nothing) as served,
        pytest.raises(VendorUnavailable, match=r"wait for the answer: not done within the 0\.1 s") as caught,
    ):
        send_async(Call("GET", served.url, timeout=10, deadline=0.1))
    assert caught.value.sent is True


def test_a_deadline_that_passed_during_dns_sends_nothing(send: Send) -> None:
    clock = Clock()

    def slow(_host: str, _port: int) -> list[str]:
        clock.now += 61
        return ["127.0.0.1"]

    egress = Egress(["127.0.0.1"], slow)
    with (
        server(says(OK)) as served,
        pytest.raises(VendorUnavailable, match="not done within the 60 s") as caught,
    ):
        send(Call("GET", f"http://h.example:{served.port}/"), egress=egress, clock=clock)
    assert caught.value.sent is False
    assert served.connections == []


# Connections -------------------------------------------------------------------------------------------


def calls(served: Served, effects: Sequence[Any]) -> list[Call]:
    return [Call("POST", served.url, body=b"x", effect=effect) for effect in effects]


@pytest.mark.parametrize(
    ("effects", "connections"),
    [
        (["read", "read", "read"], [1, 1, 1]),
        (["write", "write", "write"], [1, 2, 3]),
        (["read", "write", "read", "write"], [1, 2, 1, 3]),
    ],
)
def test_reads_keep_their_connection_and_writes_have_their_own(
    send: Send, effects: list[str], connections: list[int]
) -> None:
    with server(says(OK)) as served:
        send(*calls(served, effects))
        assert served.connections == connections


def test_each_origin_has_its_own_connections(send: Send) -> None:
    with server(says(OK)) as one, server(says(OK)) as two:
        send(Call("GET", one.url), Call("GET", two.url), Call("GET", one.url))
    assert (one.connections, two.connections) == ([1, 1], [1])


def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used(send: Send) -> None:
    with server(closes(body(b"ok", "Connection: close"))) as served:
        assert [answer.body for answer in send(Call("GET", served.url), Call("GET", served.url))] == [
            b"ok",
            b"ok",
        ]
    assert served.connections == [1, 2]


def test_a_broken_answer_leaves_the_transport_usable(send: Send) -> None:
    ready = iter([body(b"x" * 5000), OK])
    with server(answers(lambda _request: next(ready))) as served:

        def run() -> list[Answer]:
            with Transport(LOCAL) as transport:
                with pytest.raises(VendorError):
                    transport.send(Call("GET", served.url, max_bytes=100))
                return [transport.send(Call("GET", served.url))]

        async def run_async() -> list[Answer]:
            async with AsyncTransport(LOCAL) as transport:
                with pytest.raises(VendorError):
                    await transport.send(Call("GET", served.url, max_bytes=100))
                return [await transport.send(Call("GET", served.url))]

        (answer,) = run() if send is send_blocking else asyncio.run(run_async())
    assert answer.body == b"ok"
    assert served.connections == [1, 2]


def test_threads_and_tasks_share_a_transport() -> None:
    with server(answers(lambda request: body(request.split(b" ")[1]))) as served:
        paths = [f"/{number}" for number in range(20)]
        found: dict[str, bytes] = {}
        with Transport(LOCAL) as transport:

            def one(path: str) -> None:
                found[path] = transport.send(Call("GET", served.url + path)).body

            threads = [threading.Thread(target=one, args=(path,)) for path in paths]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
        assert found == {path: path.encode() for path in paths}

        async def many() -> list[Answer]:
            async with AsyncTransport(LOCAL) as transport:
                return await asyncio.gather(
                    *(transport.send(Call("GET", served.url + path)) for path in paths)
                )

        assert [answer.body for answer in asyncio.run(many())] == [path.encode() for path in paths]


def test_a_closed_transport_sends_nothing() -> None:
    transport = Transport(LOCAL)
    transport.close()
    transport.close()
    with pytest.raises(RuntimeError, match="closed"):
        transport.send(Call("GET", "http://127.0.0.1:1/"))


# TLS and proxies ---------------------------------------------------------------------------------------


def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_is_made_once_it_is_needed_and_verified(send: Send, certificate: Path) -> None:
    made: list[ssl.SSLContext] = []

    def tls() -> ssl.SSLContext:
        made.append(ssl.create_default_context(cafile=str(certificate)))
        return made[0]

    with server(says(OK)) as plain, server(says(OK), serving(certificate)) as secure:
        url = f"https://127.0.0.1:{secure.port}/"
        send(Call("GET", plain.url), tls=tls)
        assert made == []
        assert send(Call("GET", url), Call("GET", url), tls=tls)[1].body == b"ok"
        assert secure.connections == [1, 1]
        with pytest.raises(VendorUnavailable, match=r"TLS handshake: .*certificate") as caught:
            send(Call("GET", url, effect="write"))
    assert caught.value.sent is False
    assert len(secure.requests) == 2
    assert shared_tls() is shared_tls()


def test_a_proxy_is_used_when_it_is_asked_for(send: Send) -> None:
    with server(says(OK)) as proxy:
        url = f"http://me:secret@127.0.0.1:{proxy.port}"
        send(Call("GET", "http://127.0.0.1:1/v1?a=b", effect="write"), proxy=url)
        assert proxy.requests[0].startswith(b"GET http://127.0.0.1:1/v1?a=b HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in proxy.requests[0]
        with pytest.raises(InvalidRequest, match="through a proxy"):
            send(Call("GET", "http://127.0.0.1:1/a/../b"), proxy=url)


def test_a_proxy_that_refuses_was_told_the_host_alone(send: Send) -> None:
    refuses = closes(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    with server(refuses) as proxy:
        call = Call("GET", "https://127.0.0.1:1/v1?key=hunter2", {"X-Key": "hunter2"}, effect="write")
        with pytest.raises(VendorUnavailable, match="407") as caught:
            send(call, proxy=f"http://127.0.0.1:{proxy.port}")
    assert caught.value.sent is False
    assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n")
    assert b"hunter2" not in proxy.requests[0]


def tunnel(connection: socket.socket, request: bytes) -> None:
    """A proxy's side of CONNECT: bytes are passed on both ways until one side ends."""
    host, _, port = request.split(b" ")[1].decode().partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as beyond:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        def back() -> None:
            with contextlib.suppress(OSError):  # either side may end it
                while data := beyond.recv(65_536):
                    connection.sendall(data)

        other = threading.Thread(target=back)
        other.start()
        with contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                beyond.sendall(data)
            beyond.shutdown(socket.SHUT_RDWR)
        other.join(10)


def test_tls_passes_through_a_proxy_unseen(send: Send, certificate: Path) -> None:
    def tls() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate))

    with server(tunnel) as proxy, server(says(OK), serving(certificate)) as secure:
        url = f"https://127.0.0.1:{secure.port}/v1?key=hunter2"
        (answer,) = send(Call("GET", url), proxy=f"http://127.0.0.1:{proxy.port}", tls=tls)
    assert answer.body == b"ok"
    assert secure.requests[0].startswith(b"GET /v1?key=hunter2 HTTP/1.1\r\n")
    assert b"hunter2" not in proxy.requests[0]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://h", "127.0.0.1:3128", "http://[bad"])
def test_other_proxies_are_refused_at_once(proxy: str) -> None:
    for kind in (Transport, AsyncTransport):
        with pytest.raises(ConfigurationInvalid, match="the proxy is not a URL"):
            kind(LOCAL, proxy=proxy)


# Silence, and cassettes --------------------------------------------------------------------------------


def test_nothing_is_logged_below_a_warning(send: Send, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    noisy = logging.getLogger("httpcore.http11")
    for answer in (OK, b"nonsense hunter2\r\n\r\n"):

        def script(connection: socket.socket, _request: bytes, answer: bytes = answer) -> None:
            assert not noisy.isEnabledFor(logging.INFO)
            noisy.setLevel(logging.DEBUG)  # someone wants to see more, in the middle of a call
            connection.sendall(answer)

        with server(script) as served:
            call = Call("POST", f"{served.url}/?key=hunter2", {"X-Key": "hunter2"}, b"hunter2")
            try:
                send(call)
            except VendorUnavailable:
                logging.getLogger("test").exception("failed")
    assert "not HTTP" in caplog.text
    assert "hunter2" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("http")]


def test_cassettes_record_and_replay_without_the_server(send: Send, tmp_path: Path) -> None:
    answer = body(packed(TEXT), "Content-Encoding: gzip", "X-One: 1")
    cassette = str(tmp_path / "cassette.yaml")
    with server(says(answer)) as served:
        made = [
            Call("GET", f"{served.url}/a?b=c"),
            Call("POST", f"{served.url}/a", body=b"{}", effect="write"),
        ]
        with vcr.use_cassette(cassette):
            first = send(*made)
    assert len(served.requests) == 2
    with vcr.use_cassette(cassette, record_mode="none") as tape:
        assert send(*made) == first
        assert tape.all_played
    assert first[0].body == TEXT
