"""The real command in processes of its own, with its data in a temporary folder, against a real sandbox."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec
import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.sandbox import Sandbox, access_to

ROOT = Path(__file__).parents[2]
USERS = 1200
SECONDS = 30


@dataclass(frozen=True)
class Command:
    """`connector` as a person or a script runs it, with a home of its own."""

    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return {
            **keep,
            "PYTHONPATH": str(ROOT),
            "XDG_DATA_HOME": str(self.home),
            "PYTHONUTF8": "1",
            **self.extra,
        }

    def given(self, **extra: str) -> Command:
        """The same with more in its environment."""
        return Command(self.home, {**self.extra, **extra})

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """In this process, which saves a second of importing; all else is as in `alone`."""
        cleared: dict[str, str | None] = {name: None for name in os.environ if name.startswith("CONNECTOR_")}
        with contextlib.chdir(self.home):
            done = CliRunner().invoke(
                app,
                arguments,
                input=stdin,
                env={**cleared, **self.environment},
                catch_exceptions=False,
                prog_name="connector",
            )
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def alone(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """In a process of its own."""
        return subprocess.run(
            self.line(*arguments),
            input=stdin,
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def raw(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """In a process of its own, bytes in and bytes out."""
        return subprocess.run(
            self.line(*arguments),
            input=stdin,
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.line(*arguments),
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(
        self,
        *arguments: str,
        answers: Mapping[str, str] = MappingProxyType({}),
        columns: int = 100,
        output: Path | None = None,
    ) -> tuple[int, str]:
        """(exit code, what the terminal shows), with a terminal for all three streams.

        `answers`: what is typed once a text is shown, in this order. `output`: where standard output goes instead.
        """
        ours, theirs = pty.openpty()
        with contextlib.ExitStack() as opened:
            process = subprocess.Popen(
                self.line(*arguments),
                env={**self.environment, "TERM": "xterm-256color", "COLUMNS": str(columns)},
                cwd=self.home,
                stdin=theirs,
                stdout=theirs if output is None else opened.enter_context(output.open("wb")),
                stderr=theirs,
                start_new_session=True,
            )
        os.close(theirs)
        shown, seen, left = b"", 0, dict(answers)
        try:
            while select.select([ours], [], [], SECONDS)[0] and (part := _read(ours)):
                shown += part
                asked = next(iter(left), None)
                if asked is not None and asked.encode() in shown[seen:]:
                    seen = len(shown)
                    os.write(ours, left.pop(asked).encode() + b"\n")
        finally:
            os.close(ours)
            if process.poll() is None and left:
                process.kill()
        return process.wait(SECONDS), shown.decode().replace("\r\n", "\n")

    @staticmethod
    def line(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "connector", *arguments]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the last process has closed the terminal
        return b""


def arguments_to_reach(sandbox: Sandbox) -> list[str]:
    """What `connect` needs to reach a sandbox's SCIM api, its secret in the variable TOKEN."""
    access = access_to(sandbox, ("scim",))
    return [
        *(word for name, value in access.settings.items() for word in ("--set", f"{name}={value}")),
        *(word for name, value in access.base_urls.items() for word in ("--base-url", f"{name}={value}")),
        *(word for network in access.allow_networks for word in ("--allow-network", network)),
        *(word for name in access.secrets for word in ("--secret", f"{name}=@env:TOKEN")),
    ]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=USERS, seed=7) as running:
        yield running


@pytest.fixture(scope="session")
def acme(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A home with one account, for tests that only read."""
    command = Command(tmp_path_factory.mktemp("acme"))
    done = command.given(TOKEN=sandbox.token)(
        "connect", "keeper", "--name", "acme", *arguments_to_reach(sandbox)
    )
    assert done.returncode == 0, done.stderr
    return command


@pytest.fixture
def connector(tmp_path: Path) -> Command:
    """A home with nothing in it."""
    return Command(tmp_path)


CONFIGURED = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "bulk": {"supported": False},
}


class _Vendor(BaseHTTPRequestHandler):
    answers: ClassVar[Callable[[str], Any]]

    def do_GET(self) -> None:
        is_check = self.path.endswith("/ServiceProviderConfig")
        content = msgspec.json.encode(CONFIGURED if is_check else type(self).answers(self.path))
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Says nothing."""


@contextlib.contextmanager
def vendor(answers: Callable[[str], Any]) -> Iterator[str]:
    """The address of a SCIM server that answers each path with this value, as JSON; of itself it says what SCIM servers do."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("_Told", (_Vendor,), {"answers": staticmethod(answers)})
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
