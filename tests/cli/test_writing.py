"""Writing at the command line: what is stopped while it is out, and an account with an API several times."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from connector.sandbox import Sandbox, access_to
from tests.cli.conftest import SECONDS, Command


@contextmanager
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """(the address of a server that reads and never answers, what says that a request came)."""
    listener = socket.create_server(("127.0.0.1", 0))
    came = threading.Event()
    held: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                connection.settimeout(SECONDS)
                if connection.recv(65_536):
                    came.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", came
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in held:
            one.close()
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_who_stops_a_write_that_is_out_is_told_what_was_sent(tmp_path: Path) -> None:
    home = Command(tmp_path, {"TOKEN": "t0ken-0123456789", "NO_COLOR": "1"})
    with silent_server() as (url, came):
        done = home(
            *("connect", "scim", "--name", "one", "--set", f"base_url={url}", "--secret", "token=@env:TOKEN"),
            *("--allow-network", "127.0.0.1", "--no-check"),
        )
        assert done.returncode == 0, done.stderr
        process = home.start("delete", "users", "7", "--yes", "-o", "json")
        assert came.wait(SECONDS)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (6, "")
    assert "it was stopped before an answer came; it was sent, and whether it took effect is not known" in err
    assert "delete users: id 7" in err


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Command]]:
    """An account with the endpoints of two nodes."""
    with Sandbox(users=30, seed=3, nodes=2) as sandbox:
        access = access_to(sandbox, ("scim",))
        home = Command(tmp_path_factory.mktemp("home"))
        named = {f"S{number}": (name, secret) for number, (name, secret) in enumerate(access.secrets.items())}
        done = home.given(**{variable: secret for variable, (_, secret) in named.items()})(
            *("connect", "keeper", "--name", "two", "--allow-network", "127.0.0.1"),
            *(
                word
                for variable, (name, _) in named.items()
                for word in ("--secret", f"{name}=@env:{variable}")
            ),
            *(word for name, value in access.settings.items() for word in ("--set", f"{name}={value}")),
            *(word for name, url in access.base_urls.items() for word in ("--base-url", f"{name}={url}")),
        )
        assert done.returncode == 0, done.stderr
        yield sandbox, home


def test_one_is_removed_where_it_is(nodes: tuple[Sandbox, Command]) -> None:
    sandbox, home = nodes
    listed = home("list", "users", "-o", "json", "--limit", "1")
    key = json.loads(listed.stdout)["result"][0]["id"]
    person = sandbox.enterprise.person(key)
    assert person is not None
    assert home("delete", "users", key).returncode == 2, "nobody can be asked"
    planned = home("delete", "users", key, "--dry-run")
    assert planned.returncode == 1
    assert "say in which" in planned.stderr
    assert "--entry" in planned.stderr
    done = home("delete", "users", key, "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr
    now = sandbox.enterprise.person(key)
    assert now is not None
    assert now.locked
