"""A server that reads each request to its end, answers nothing, and closes: whether it acted, nobody can know."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["closing_server"]

_SECONDS = 10


@contextmanager
def closing_server() -> Iterator[tuple[str, list[bytes]]]:
    """(its address, the requests that came, as they came)."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):  # it is shut down below
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(_SECONDS)
                    requests.append(_read(connection))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(_SECONDS)
        assert not thread.is_alive()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (chunk := connection.recv(65_536)):
        data += chunk
    return data
