"""Captures as rows of the store: chunks sealed for one account and one place, shared by all its processes.

Who takes a capture is decided in one transaction that holds the account's row, so that two processes never
take the same. What has expired goes with the next claim; what would be over the account's budget makes room
by its oldest captures.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from connector.captures import LEASE, UNTAKEN_FOR, Capture, Chunk, Taken, not_within, ready
from connector.errors import NotFound
from connector.store import schema
from connector.store.database import Database
from connector.store.keys import Keyring, SealBroken

__all__ = ["StoredShelf"]

_table = schema.captures
_ROWS_AT_ONCE = 20


class StoredShelf:
    """Captures in a database. `budget` is how many sealed bytes an account's captures may take."""

    def __init__(self, database: Database, keyring: Keyring, budget: int) -> None:
        self._database, self._keyring, self._budget = database, keyring, budget

    def claim(
        self, account: str, key: str, *, now: datetime, newer_than: datetime | None, holder: str
    ) -> Capture:
        with self._database.writing() as connection:
            _lock(connection, account)
            _purge(connection, now)
            wanted = select(_table).where(
                _table.c.account_id == account, _table.c.key == key, _table.c.expires_at > now
            )
            rows = connection.execute(wanted.with_for_update()).all()
            taken = (row for row in rows if row.state == "ready")
            latest = max(taken, key=lambda row: row.taken_at, default=None)
            if latest is not None and newer_than is not None and latest.taken_at > newer_than:
                return _capture(latest)
            for row in rows:
                if row.state == "taking":
                    return _taken_over(connection, row, now, holder)
            fresh = Capture(uuid.uuid4().hex, key, "taking", expires_at=now + UNTAKEN_FOR)
            connection.execute(
                insert(_table).values(
                    id=fresh.id,
                    account_id=account,
                    key=key,
                    state=fresh.state,
                    holder=holder,
                    held_until=now + LEASE,
                    progress="null",
                    records=0,
                    declared=0,
                    size=0,
                    warnings="[]",
                    expires_at=fresh.expires_at,
                )
            )
            return fresh

    def reclaim(self, account: str, capture_id: str, *, now: datetime, holder: str) -> Capture | None:
        wanted = select(_table).where(
            _table.c.account_id == account, _table.c.id == capture_id, _table.c.expires_at > now
        )
        with self._database.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None or row.state == "ready":
            return None if row is None else _capture(row)
        with self._database.writing() as connection:
            _lock(connection, account)
            row = connection.execute(wanted.with_for_update()).first()
            if row is None or row.state == "ready":
                return None if row is None else _capture(row)
            return _taken_over(connection, row, now, holder)

    def renew(
        self, account: str, capture_id: str, holder: str, until: datetime, progress: dict[str, Any] | None
    ) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(_table)
                .where(*_held(account, capture_id, holder))
                .values(held_until=until, progress=json.dumps(progress))
            )

    def put(
        self, account: str, capture_id: str, holder: str, chunks: Sequence[Chunk], taken: Taken
    ) -> Capture | None:
        sealed = [
            self._keyring.seal(chunk.packed, _aad(account, capture_id, place))
            for place, chunk in enumerate(chunks)
        ]
        size = sum(map(len, sealed))
        if size > self._budget:
            raise not_within(size, self._budget)
        with self._database.writing() as connection:
            _lock(connection, account)
            held = select(_table).where(*_held(account, capture_id, holder)).with_for_update()
            row = connection.execute(held).first()
            if row is None:
                return None
            _make_room(connection, account, self._budget - size)
            connection.execute(
                update(_table)
                .where(_table.c.id == capture_id)
                .values(
                    state="ready",
                    progress="null",
                    records=taken.count,
                    declared=taken.declared,
                    size=size,
                    warnings=json.dumps(taken.warnings),
                    taken_at=taken.taken_at,
                    expires_at=taken.expires_at,
                )
            )
            rows = [
                {"capture_id": capture_id, "place": place, "sealed": blob}
                for place, blob in enumerate(sealed)
            ]
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                connection.execute(insert(schema.capture_chunks), rows[first : first + _ROWS_AT_ONCE])
            return ready(_capture(row), taken)

    def drop(self, account: str, capture_id: str, holder: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(_table).where(*_held(account, capture_id, holder)))

    def chunk(self, account: str, capture_id: str, place: int) -> Chunk | None:
        chunks = schema.capture_chunks
        with self._database.reading() as connection:
            blob = connection.execute(
                select(chunks.c.sealed).where(chunks.c.capture_id == capture_id, chunks.c.place == place)
            ).scalar()
        try:
            return (
                None if blob is None else Chunk(self._keyring.unseal(blob, _aad(account, capture_id, place)))
            )
        except SealBroken:
            return None  # sealed by a key that is gone: as good as gone itself

    def last(self, account: str, name: str) -> datetime | None:
        done = schema.refreshes
        with self._database.reading() as connection:
            wanted = select(done.c.done_at).where(done.c.account_id == account, done.c.name == name)
            return connection.execute(wanted).scalar()

    def done(self, account: str, name: str, *, now: datetime) -> None:
        done = schema.refreshes
        with self._database.writing() as connection:
            _lock(connection, account)
            connection.execute(delete(done).where(done.c.account_id == account, done.c.name == name))
            connection.execute(insert(done).values(account_id=account, name=name, done_at=now))


def _lock(connection: Connection, account: str) -> None:
    """Holds the account's row until the transaction ends (SQLite has one writer anyway). Raises NotFound."""
    accounts = schema.accounts
    wanted = select(accounts.c.id).where(accounts.c.id == account).with_for_update()
    if connection.execute(wanted).first() is None:
        raise NotFound("this account was removed meanwhile")


def _purge(connection: Connection, now: datetime) -> None:
    """Deletes what has expired, whose ever it is; what another process is at is left to that one, so that none waits."""
    expired = select(_table.c.id).where(_table.c.expires_at <= now).with_for_update(skip_locked=True)
    connection.execute(delete(_table).where(_table.c.id.in_(expired)))


def _held(account: str, capture_id: str, holder: str) -> tuple[Any, ...]:
    return (
        _table.c.account_id == account,
        _table.c.id == capture_id,
        _table.c.state == "taking",
        _table.c.holder == holder,
    )


def _taken_over(connection: Connection, row: Row[Any], now: datetime, holder: str) -> Capture:
    if row.held_until > now and row.holder != holder:
        return _capture(row, busy=True)
    connection.execute(
        update(_table).where(_table.c.id == row.id).values(holder=holder, held_until=now + LEASE)
    )
    return _capture(row)


def _make_room(connection: Connection, account: str, room: int) -> None:
    """Deletes the account's oldest captures until the others fit into `room` bytes."""
    mine = (_table.c.account_id == account, _table.c.state == "ready")
    used = connection.execute(select(func.coalesce(func.sum(_table.c.size), 0)).where(*mine)).scalar_one()
    oldest = connection.execute(select(_table.c.id, _table.c.size).where(*mine).order_by(_table.c.taken_at))
    for row in oldest.all():
        if used <= room:
            return
        connection.execute(delete(_table).where(_table.c.id == row.id))
        used -= row.size


def _capture(row: Row[Any], *, busy: bool = False) -> Capture:
    return Capture(
        id=row.id,
        key=row.key,
        state="busy" if busy else row.state,
        progress=json.loads(row.progress),
        count=row.records,
        declared=row.declared,
        taken_at=row.taken_at,
        expires_at=row.expires_at,
        warnings=tuple((code, message) for code, message in json.loads(row.warnings)),
    )


def _aad(account: str, capture_id: str, place: int) -> bytes:
    return json.dumps(["capture", account, capture_id, place]).encode()
