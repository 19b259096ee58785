"""The vendor's real Commander service (keepercommander from PyPI) on loopback, with only the vendor's cloud doubled.

Real are its Flask app, its request queue, its guards (key, rate, addresses, encryption, allowed commands), its
command line and its enterprise loader with all decryption; see `tests.commander.child` and `.cloud` for what
is not. It runs in a process of its own, since it keeps much in globals, with a home in a temporary folder.

It never dials outside, never outlives the block (or the process) that started it, and never waits without a
bound. A block ends in an error if the service wanted something of the cloud that the double does not know.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.sandbox.events import Event
from connector.sandbox.tenant import Tenant
from tests.commander.auditing import rows_of
from tests.commander.holdings import holdings

__all__ = ["Commander", "running"]

_ROOT = Path(__file__).parents[2]
_COMMANDS = (
    "enterprise-info,enterprise-down,enterprise-user,enterprise-team,enterprise-role,enterprise-node,"
    "team-approve,audit-report,whoami"
)
_SECONDS_TO_COME_UP = 60
_SECONDS_TO_END = 10


@dataclass
class Commander:
    """A running service."""

    base_url: str
    api_key: str
    pid: int
    folder: Path = field(repr=False)
    """Where it is told what the cloud holds, and tells what it did."""
    _versions: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def commands(self) -> list[str]:
        """The command lines that reached its command line so far, in order; what its guards refuse does not."""
        return _lines(self.folder / "executed.jsonl")

    def change(self, tenant: Tenant) -> None:
        """What the cloud holds from now on; the service sees it when it is told to look (`enterprise-down`)."""
        _hold(self.folder, tenant, next(self._versions))


@contextmanager
def running(
    tenant: Tenant,
    *,
    port: int = 0,
    rate: str = "10000/minute",
    queue: bool = True,
    encryption_key: str | None = None,
    allowed_commands: str | None = None,
    allowed_ips: str = "",
    denied_ips: str = "",
    events: Sequence[Event] = (),
) -> Iterator[Commander]:
    """The service of this tenant, until the block ends; the first of its people is logged in.

    `queue` off leaves the synchronous v1 api only. `encryption_key` is 32 characters. `allowed_commands` is
    what the key may call, with commas between; without it, the usual ones. `events` are what happened there.
    """
    with tempfile.TemporaryDirectory(prefix="commander-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _hold(folder, tenant, 0, events)
        _write(
            folder / "options.json",
            {
                "port": port,
                "api_key": tenant.api_key,
                "rate": rate,
                "queue": queue,
                "encryption_key": encryption_key,
                "allowed_commands": _COMMANDS if allowed_commands is None else allowed_commands,
                "allowed_ips": allowed_ips,
                "denied_ips": denied_ips,
            },
        )
        with (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.commander.child", name],
                stdin=subprocess.PIPE,  # never written to: that it closes tells the child that we are gone
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=name,
                env={
                    "HOME": name,
                    "KEEPER_DATA_HOME": name,
                    "TMPDIR": name,
                    "PATH": os.defpath,
                    "PYTHONPATH": str(_ROOT),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
            )
        try:
            listening = _port(process, folder / "stderr")
            yield Commander(f"http://127.0.0.1:{listening}", tenant.api_key, process.pid, folder)
        finally:
            _end(process)
        refused = _lines(folder / "refused.jsonl")
        if refused:
            raise AssertionError(f"the service wanted what its surroundings do not offer: {refused}")


def _port(process: subprocess.Popen[bytes], stderr: Path) -> int:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _SECONDS_TO_COME_UP)
    line = process.stdout.readline() if ready else b""
    if not line:
        how = "ended before it listened" if ready else f"did not listen within {_SECONDS_TO_COME_UP} s"
        tail = stderr.read_text(encoding="utf-8", errors="replace")[-3_000:]
        raise RuntimeError(f"the Commander service {how}; its last words:\n{tail}")
    return int(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes its pipes
        process.terminate()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()


def _hold(folder: Path, tenant: Tenant, version: int, events: Sequence[Event] = ()) -> None:
    held = {"version": version, **holdings(tenant), "events": rows_of(events)}
    _write(folder / "holdings.json", held)


def _write(path: Path, value: dict[str, Any]) -> None:
    """Whole or not at all: the other process may be reading."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(value), encoding="utf-8")
    half.replace(path)


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").split("\n")[:-1]  # the last one may be half written
    return [json.loads(line) for line in whole]
