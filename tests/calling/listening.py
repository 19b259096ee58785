"""A socket that notes each request's bytes as they came, and answers with bytes as they are given."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Listening", "listening"]


@dataclass
class Listening:
    """What came: each request whole, head and body."""

    port: int
    answer: bytes
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def last(self) -> tuple[str, dict[str, str], bytes]:
        """(request line, headers by their names as they came, body) of the last request."""
        head, _, body = self.requests[-1].partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(one.split(": ", 1) for one in fields)
        assert len(headers) == len(fields), "a header came twice"
        return line, headers, body


@contextmanager
def listening(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> Iterator[Listening]:
    """One request a connection; `answer` may be changed at any time, and an empty one closes without a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = Listening(listener.getsockname()[1], answer)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                found.requests.append(_request(connection))
                connection.sendall(found.answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield found
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
    assert not thread.is_alive()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := connection.recv(65_536)):
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length and (part := connection.recv(65_536)):
        body += part
    return head + b"\r\n\r\n" + body
