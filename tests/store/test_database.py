"""Opening: private files, one schema, processes at once, and nothing touched that is not ours."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, Text, delete, insert, inspect, select
from sqlalchemy.exc import IntegrityError, StatementError

from connector.errors import ConfigurationInvalid, StoreUnavailable
from connector.store import schema
from connector.store.accounts import Accounts
from connector.store.database import _ADVISORY_LOCK, Database
from connector.store.keys import Keyring
from connector.store.migrations import __file__ as migrations
from connector.store.schema import HEAD, REVISIONS, VERSION_TABLE, UtcDateTime, versions

ROOT = Path(__file__).parents[2]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_url_it_is_a_private_file_in_the_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "platformdirs.user_data_path", lambda name, appauthor: tmp_path / name / str(appauthor)
    )
    with Database() as database, database.writing():
        path = tmp_path / "directory-connector" / "False" / "connector.sqlite3"
        assert database.place == str(path)
        assert mode_of(path.parent) == 0o700
        assert {mode_of(file) for file in path.parent.iterdir()} == {0o600}
        assert {file.suffix for file in path.parent.iterdir()} == {".sqlite3", ".sqlite3-wal", ".sqlite3-shm"}


def test_every_sqlite_connection_is_set_up(sqlite_url: str) -> None:
    with Database(sqlite_url) as database, database.reading() as one, database.reading() as two:
        for connection in (one, two):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "busy_timeout")
            }
            assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000}


def test_head_is_the_last_script() -> None:
    scripts = ScriptDirectory(str(Path(migrations).parent))
    assert scripts.get_heads() == [HEAD]
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS


def test_the_scripts_make_the_tables_that_the_code_uses(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_processes_that_open_a_new_database_at_once_all_succeed(
    url: str, together: Callable[[str, list[str]], list[str]]
) -> None:
    script = """
from connector.store.database import Database
from connector.store.accounts import Accounts
from connector.store.keys import Keyring
import alembic.command
wait()
with Database(sys.argv[1]) as database:
    print(len(Accounts(database, Keyring.parse("k1:" + "A" * 43 + "=")).all()))
"""
    assert together(script, [url] * 3) == ["0"] * 3


def test_on_postgresql_the_others_wait_for_the_one_that_migrates(postgresql_url: str) -> None:
    import psycopg

    opened: list[str] = []

    def open_it() -> None:
        with Database(postgresql_url) as database:
            opened.append(database.place)

    thread = threading.Thread(target=open_it)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(postgresql_url, autocommit=True) as watcher:
        with psycopg.connect(postgresql_url) as holder:
            holder.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
            thread.start()
            deadline = time.monotonic() + 20
            while watcher.execute(waiting).fetchone() != (1,):
                assert time.monotonic() < deadline, "it did not wait"
            assert watcher.execute("SELECT to_regclass('connector_accounts')").fetchone() == (None,)
        thread.join(30)
        assert len(opened) == 1
        assert watcher.execute("SELECT to_regclass('connector_accounts')").fetchone() != (None,)


def test_a_new_sqlite_file_that_is_in_use_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    with closing(sqlite3.connect(tmp_path / "new.sqlite3", isolation_level=None)) as holder:
        holder.execute("CREATE TABLE t (x)")
        holder.execute("BEGIN IMMEDIATE")  # now SQLite refuses the change to WAL without waiting

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            holder.rollback()

        monkeypatch.setattr("time.sleep", sleep)
        with Database(f"sqlite:///{tmp_path / 'new.sqlite3'}") as database, database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert waits == [0.01]


def test_threads_that_open_new_databases_at_once_all_succeed(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{number // 2}.sqlite3" for number in range(6)]
    outcomes: list[object] = []

    def open_one(url: str) -> None:
        try:
            with Database(url) as database, database.reading() as connection:
                outcomes.append(connection.execute(select(schema.accounts)).all())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            outcomes.append(error)

    threads = [threading.Thread(target=open_one, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == [[]] * 6


def test_alembic_is_imported_only_when_the_schema_is_behind(sqlite_url: str) -> None:
    script = """
import sys
import connector.store.accounts
from connector.store.database import Database
def loaded(): return sorted({name.partition(".")[0] for name in sys.modules} & {"alembic", "mako", "psycopg"})
print(loaded(), "sqlalchemy.orm" in sys.modules)
Database(sys.argv[1]).close()
print(loaded())
"""
    assert run(script, sqlite_url).splitlines() == ["[] False", "['alembic', 'mako']"]
    assert run(script, sqlite_url).splitlines() == ["[] False", "[]"]


@pytest.mark.parametrize("found", [["9999"], [HEAD, "9999"]])
def test_a_newer_database_is_refused_and_left_alone(url: str, found: list[str]) -> None:
    with Database(url) as database, database.writing() as connection:
        connection.execute(delete(versions))
        for revision in found:
            connection.execute(insert(versions).values(version_num=revision))
    with pytest.raises(
        ConfigurationInvalid, match=rf"newer version.*'9999', and this version knows up to '{HEAD}'"
    ):
        Database(url)


def test_a_database_that_another_application_migrates_is_shared_in_peace(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.execute("INSERT INTO alembic_version VALUES ('theirs')")
        connection.execute("CREATE TABLE accounts (theirs text)")
    with Database(postgresql_url) as database, database.reading() as opened:
        assert opened.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["theirs"]
        assert opened.execute(select(schema.accounts)).all() == []


def test_remaking_a_table_in_a_migration_keeps_what_refers_to_it(sqlite_url: str, keyring: Keyring) -> None:
    with Database(sqlite_url) as database:
        accounts = Accounts(database, keyring)
        made = accounts.add(
            name="a", connector="c", settings={}, secrets={"token": "t"}, origins={"token": "o"}, sources={}
        )
        with (
            database.engine.connect() as connection,
            database._foreign_keys_off(connection),
            connection.begin(),
            Operations.context(MigrationContext.configure(connection)) as operations,
            operations.batch_alter_table("connector_accounts", recreate="always") as table,
        ):
            table.alter_column("status", type_=Text())
        assert accounts.secrets(made, {"token": "o"}) == {"token": "t"}
        with database.writing() as connection, pytest.raises(IntegrityError):
            connection.execute(insert(schema.secrets).values(account_id="nobody", name="n", sealed=b""))


def test_a_database_of_the_first_version_keeps_what_it_has(
    url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare: dict[str, Any] = {"connector": "c", "settings": {"a": 1}, "sources": {}, "origins": {"token": "o"}}
    with monkeypatch.context() as first:
        for module in ("database", "migrations"):
            first.setattr(f"connector.store.{module}.HEAD", REVISIONS[0])
        with Database(url) as database:
            made = Accounts(database, keyring).add(name="a", secrets={"token": "t"}, **bare)
            assert not inspect(database.engine).has_table("connector_captures")
    with Database(url) as database:
        accounts = Accounts(database, keyring)
        assert accounts.only() == made
        assert accounts.secrets(made, {"token": "o"}) == {"token": "t"}
        accounts.replace("a", secrets={"token": "new"}, **bare)
        assert accounts.secrets(made, {"token": "o"}) == {"token": "new"}
        with database.reading() as connection:
            assert connection.execute(select(versions.c.version_num)).scalar_one() == HEAD
        accounts.remove("a")


HIDDEN = "hunter2"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "expected sqlite:///"),
        ("connector.sqlite3", "expected sqlite:///"),
        (f"mysql://u:{HIDDEN}@host/db", "begins with 'mysql'; expected"),
        (f"postgresql+asyncpg://u:{HIDDEN}@host/db", "begins with 'postgresql.asyncpg'; expected"),
        (f"postgresql://u:p@{HIDDEN}@host/db", "more than one @"),
        (f"postgresql://u:p@{HIDDEN}/w@host/db", "more than one @"),
        (
            f"postgresql://u:{HIDDEN}@127.0.0.1:1/db",
            r"postgresql://127\.0\.0\.1:1/db can't be opened: .*refused",
        ),
        (
            f"postgresql://u@127.0.0.1:1/db?password={HIDDEN}",
            r"postgresql://127\.0\.0\.1:1/db can't be opened",
        ),
        (f"postgresql://u:{HIDDEN}@127.0.0.1:1/db?wrong=1", "invalid connection option"),
        (f"postgresql://u:1:{HIDDEN}", "database URL"),
        ("sqlite://", "names one file"),
        ("sqlite:///:memory:", "names one file"),
        ("sqlite:///file:x?mode=ro&uri=true", "names one file"),
        ("sqlite://relative/path", "names one file"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said) as caught:
        Database(url)
    assert HIDDEN not in f"{caught.value} {caught.value!r} {caught.value.to_dict()}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_missing_driver_says_what_to_install(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationInvalid, match=r"postgresql://host/db needs a driver") as caught:
        Database(f"{scheme}://u:{HIDDEN}@host/db")
    assert caught.value.hint == "pip install 'directory-connector[server]'"
    assert HIDDEN not in str(caught.value)


def test_neither_a_repr_nor_an_error_shows_values_or_passwords(database: Database) -> None:
    with database.writing() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(insert(schema.accounts).values(id="1", name=None, settings=HIDDEN))
    # PostgreSQL's own words name the row, which holds no clear secret; ours must not add the parameters.
    assert HIDDEN not in str(caught.value).replace(str(caught.value.orig), "")
    assert repr(database) == f"Database({database.place})"


def test_a_password_in_the_query_is_as_hidden_as_in_its_place(postgresql_url: str) -> None:
    with Database(f"{postgresql_url}&password={HIDDEN}") as database:
        assert HIDDEN not in repr(database) + repr(database.engine) + str(database.engine.url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a long text that is certainly not a database\n" * 100)
    with pytest.raises(ConfigurationInvalid, match=r"notes\.txt can't be opened: file is not a database"):
        Database(f"sqlite:///{path}")
    assert path.read_text().startswith("a long text")
    with pytest.raises(ConfigurationInvalid, match="can't be opened: Is a directory"):
        Database(f"sqlite:///{tmp_path}")


def test_a_relative_path_stays_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Database("sqlite:///here.sqlite3") as database:
        monkeypatch.chdir("/")
        with database.reading() as one, database.reading() as two:
            assert (
                one.execute(select(schema.accounts)).all() == two.execute(select(schema.accounts)).all() == []
            )
    assert (tmp_path / "here.sqlite3").exists()


def test_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    counters = Table("counters", MetaData(), Column("value", Text))
    with database.writing() as connection:
        counters.create(connection)
        connection.execute(insert(counters).values(value="0"))

    def count() -> None:
        for _ in range(10):
            with database.writing() as connection:
                value = connection.execute(select(counters.c.value).with_for_update()).scalar_one()
                connection.execute(counters.update().values(value=str(int(value) + 1)))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.reading() as connection:
        assert connection.execute(select(counters.c.value)).scalar_one() == "40"


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as connection:
            connection.execute(delete(versions))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as connection:
        assert connection.execute(select(versions.c.version_num)).scalar_one() == HEAD


def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    moments = Table("moments", MetaData(), Column("at", UtcDateTime))
    here = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))
    with database.writing() as connection:
        moments.create(connection)
        connection.execute(insert(moments), [{"at": here}, {"at": None}])
        found = connection.execute(select(moments.c.at).order_by(moments.c.at.nulls_last())).scalars().all()
        assert found == [here, None]
        assert found[0].tzinfo is UTC
        assert (
            connection.execute(select(moments.c.at).where(moments.c.at == here.astimezone(UTC))).scalar()
            == here
        )
        with pytest.raises(StatementError, match="without a time zone"):
            connection.execute(insert(moments).values(at=datetime(2026, 1, 1)))  # noqa: DTZ001 - naive on purpose


def test_closing_twice_is_closing(url: str) -> None:
    database = Database(url)
    database.close()
    database.close()


def test_a_lock_that_is_not_released_is_told_as_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.store.database._BUSY_SECONDS", 0.01)
    path = tmp_path / "accounts.sqlite3"
    with (
        Database(f"sqlite:///{path}") as database,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StoreUnavailable, match=r"accounts\.sqlite3 can't be used: database is locked"),
            database.writing(),
        ):
            pass
