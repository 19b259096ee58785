"""One database, SQLite or PostgreSQL, opened and at the newest schema.

Opening changes the schema only when it is behind, under a lock, so that processes may start together. A
database of a newer version is refused, never touched. Messages name the place, never a password or a value.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from connector.errors import ConfigurationInvalid, StoreUnavailable
from connector.store.schema import HEAD, REVISIONS, VERSION_TABLE, versions

__all__ = ["Database", "default_path"]

_BUSY_SECONDS = 10.0
_RETRY_SECONDS = 0.01
_CONNECT_SECONDS = "10"
_ADVISORY_LOCK = 0x636F6E6E6563746F  # any number, but always this one
_WRITES = "connector_writes"
_DRIVERS = {"postgresql", "postgres", "postgresql+psycopg"}
_EXPECTED = "expected sqlite:///path/to/file or postgresql://user@host/name"


def default_path() -> Path:
    """The SQLite file that is used when no database is named."""
    import platformdirs

    return platformdirs.user_data_path("directory-connector", appauthor=False) / "connector.sqlite3"


class Database:
    """An open database; a context manager. Raises ConfigurationInvalid when it can't be opened.

    `place` is where it is, as messages show it.
    """

    def __init__(self, url: str | None = None) -> None:
        """`None` is the SQLite file at `default_path()`."""
        parsed = URL.create("sqlite", database=str(default_path())) if url is None else _parse(url)
        self._is_sqlite = parsed.get_backend_name() == "sqlite"
        self.place = str(parsed.database) if self._is_sqlite else _shown(parsed)
        self.engine = _sqlite_engine(parsed) if self._is_sqlite else _postgresql_engine(parsed)
        self._writes = self.engine.execution_options(**{_WRITES: True})
        try:
            self._prepare()
        except StoreUnavailable as error:
            self.close()
            raise ConfigurationInvalid(error.message.replace("can't be used", "can't be opened", 1)) from None
        except DBAPIError as error:
            self.close()
            reason = " ".join(str(error.orig).split())
            raise ConfigurationInvalid(f"the database {self.place} can't be opened: {reason}") from None
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"Database({self.place})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it waits for no writer. Raises StoreUnavailable."""
        with self._told(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; on SQLite one at a time, the others wait. Raises StoreUnavailable."""
        with self._told(), self._writes.begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A full disk, a lock that isn't released, a lost server: said as ours, without statement or values."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            reason = " ".join(str(error.orig).split())
            raise StoreUnavailable(f"the database {self.place} can't be used: {reason}") from None

    def _prepare(self) -> None:
        with self.reading() as connection:
            revision = self._known_revision(connection)
        if revision != HEAD:
            self._migrate()

    def _migrate(self) -> None:
        from connector.store.migrations import upgrade

        with self._writes.connect() as connection, self._foreign_keys_off(connection), connection.begin():
            if not self._is_sqlite:  # there BEGIN IMMEDIATE is the lock
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            if self._known_revision(connection) == HEAD:
                return  # another process was first
            upgrade(connection)
            if self._is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise ConfigurationInvalid(
                    f"the database {self.place} was left as it is: its rows contradict"
                )

    @contextmanager
    def _foreign_keys_off(self, connection: Connection) -> Iterator[None]:
        """SQLite alters a table by making it anew; dropping the old one would delete what refers to it."""
        if not self._is_sqlite:
            yield
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield
        finally:
            raw.execute("PRAGMA foreign_keys=ON")

    def _known_revision(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        rows = connection.execute(select(versions.c.version_num)).scalars().all()
        if len(rows) <= 1 and set(rows) <= set(REVISIONS):
            return rows[0] if rows else None
        raise ConfigurationInvalid(
            f"the database {self.place} was written by a newer version: its schema is "
            f"{' and '.join(map(repr, rows))}, and this version knows up to {HEAD!r}",
            hint="install that version of directory-connector, or name another database",
        )


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:  # outside of the handler: the error may quote the password
        raise ConfigurationInvalid(f"the database URL can't be read; {_EXPECTED}")
    if url.drivername == "sqlite":
        if (
            url.host
            or url.query
            or url.database in (None, "", ":memory:")
            or str(url.database).startswith("file:")
        ):
            raise ConfigurationInvalid(
                "a SQLite URL names one file and nothing else: sqlite:///relative/path or sqlite:////absolute/path"
            )
        return url.set(database=str(Path(str(url.database)).expanduser().absolute()))
    if url.drivername not in _DRIVERS:
        raise ConfigurationInvalid(f"the database URL begins with {url.drivername!r}; {_EXPECTED}")
    if "@" in f"{url.host}{url.database}":
        raise ConfigurationInvalid(
            "the database URL has more than one @",
            hint="in a password write @ as %40, / as %2F, : as %3A, % as %25",
        )
    if "password" in url.query:  # where it stands in reprs; in the URL's own place it is hidden
        url = url.set(password=str(url.query["password"])).difference_update_query(["password"])
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    return url.set(drivername="postgresql+psycopg")


def _shown(url: URL) -> str:
    host = url.host or url.query.get("host", "")
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def _postgresql_engine(url: URL) -> Engine:
    try:
        # A stronger level would look at the schema as it was before the lock was ours.
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, isolation_level="READ COMMITTED")
    except ImportError:
        raise ConfigurationInvalid(
            f"{_shown(url)} needs a driver that is not installed",
            hint="pip install 'directory-connector[server]'",
        ) from None


def _sqlite_engine(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its side files the same mode
    except OSError as error:
        raise ConfigurationInvalid(f"the database {path} can't be opened: {error.strerror}") from None
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute(f"PRAGMA busy_timeout={int(_BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA foreign_keys=ON")
        _write_ahead(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins by reading and writes later can fail with "locked", whatever the timeout.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch a new file to WAL. Here SQLite doesn't heed its busy timeout, so we wait ourselves."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode=WAL")
        except connection.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(_RETRY_SECONDS)
