"""Access tokens as rows of the store: sealed for one account, as it is connected now, one api and its origins.

Whose turn it is to obtain one is decided in a transaction that holds the account's row; what is put is compared and
swapped on the version. A refresh token that can't be opened is said to be lost: the one that it replaced is used up.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.errors import NeedsReauth, NotFound
from connector.store import schema
from connector.store.database import Database
from connector.store.keys import Keyring, SealBroken
from connector.tokens import LEASE, Granted, Held, Kept, Owner

__all__ = ["StoredTokens", "seal_anew"]

_table = schema.tokens


class StoredTokens:
    """Tokens in a database."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

    def claim(self, owner: Owner, *, now: datetime, holder: str, newer_than: int | None, heeds: bool) -> Held:
        with self._database.reading() as connection:  # most askers need only look
            row = _row(connection, owner)
        if row is not None:
            held = self._kept(owner, row).held(holder, now, newer_than=newer_than, heeds=heeds)
            if held.state != "ours":
                return held
        with self._database.writing() as connection:
            _lock(connection, owner)
            row = _row(connection, owner)
            kept = Kept() if row is None else self._kept(owner, row)
            held = kept.held(holder, now, newer_than=newer_than, heeds=heeds)
            if held.state == "ours":
                turn = {"holder": holder, "held_until": now + LEASE}
                if row is None:
                    connection.execute(
                        insert(_table).values(account_id=owner.account, api=owner.api, version=0, **turn)
                    )
                else:
                    connection.execute(update(_table).where(*_of(owner)).values(**turn))
            return held

    def put(self, owner: Owner, version: int, granted: Granted) -> bool:
        values: dict[str, Any] = {
            "version": version + 1,
            "access": self._sealed(owner, "access", granted.access),
            "expires_at": granted.expires_at,
            "holder": None,
            "held_until": None,
            "refusal": None,
            "refused_until": None,
        }
        if granted.refresh is not None:
            values["refresh"] = self._sealed(owner, "refresh", granted.refresh)
        return self._swapped(owner, version, values)

    def refuse(self, owner: Owner, version: int, refusal: str, until: datetime) -> bool:
        values = {"holder": None, "held_until": None, "refusal": refusal, "refused_until": until}
        return self._swapped(owner, version, values)

    def _swapped(self, owner: Owner, version: int, values: dict[str, Any]) -> bool:
        """Whether the row was of that version, and has these values now."""
        with self._database.writing() as connection:
            _lock(connection, owner)
            done = connection.execute(
                update(_table).where(*_of(owner), _table.c.version == version).values(**values)
            )
            return done.rowcount == 1

    def let_go(self, owner: Owner, holder: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(_table)
                .where(*_of(owner), _table.c.holder == holder)
                .values(holder=None, held_until=None)
            )

    def _kept(self, owner: Owner, row: Row[Any]) -> Kept:
        """An access token that can't be opened, or was asked for otherwise, is as good as none."""
        return Kept(
            version=row.version,
            access=None if row.access is None else self._access_token(owner, row.access),
            expires_at=row.expires_at,
            refresh=None if row.refresh is None else self._refresh_token(owner, row.refresh),
            holder=row.holder,
            held_until=row.held_until,
            refusal=row.refusal,
            refused_until=row.refused_until,
        )

    def _access_token(self, owner: Owner, sealed: bytes) -> str | None:
        try:
            return self._keyring.unseal(sealed, _aad(owner, "access")).decode()
        except SealBroken:
            return None

    def _refresh_token(self, owner: Owner, sealed: bytes) -> str:
        try:
            return self._keyring.unseal(sealed, _aad(owner, "refresh")).decode()
        except SealBroken as error:
            key = error.missing_key
            reason = "it was sealed for another address" if key is None else f"it needs the key {key!r}"
        raise NeedsReauth(
            f"the refresh token that the vendor gave last for {owner.api!r} can't be opened: {reason}; "
            "the one before is used up",
            hint="put that key back, or connect the account again with a new refresh token",
        )

    def _sealed(self, owner: Owner, kind: str, text: str | None) -> bytes | None:
        return None if text is None else self._keyring.seal(text.encode(), _aad(owner, kind))


def seal_anew(connection: Connection, keyring: Keyring, owner: Owner, connected: int) -> bool:
    """Seals the refresh token that the vendor gave last for the account as it is connected from now on; all else of the
    row goes. False where there is none, or none that opens.
    """
    row = connection.execute(select(_table).where(*_of(owner))).first()
    if row is None or row.refresh is None:
        return False
    try:
        refresh = keyring.unseal(row.refresh, _aad(owner, "refresh"))
    except SealBroken:
        return False
    sealed = keyring.seal(refresh, _aad(replace(owner, connected=connected), "refresh"))
    values = {column.name: None for column in _table.columns if column.nullable}
    connection.execute(update(_table).where(*_of(owner)).values(**{**values, "refresh": sealed}))
    return True


def _of(owner: Owner) -> tuple[Any, ...]:
    return (_table.c.account_id == owner.account, _table.c.api == owner.api)


def _row(connection: Connection, owner: Owner) -> Row[Any] | None:
    """The owner's row; none where the account was connected anew meanwhile."""
    accounts = schema.accounts
    wanted = select(_table).join(accounts).where(*_of(owner), accounts.c.version == owner.connected)
    return connection.execute(wanted).first()


def _lock(connection: Connection, owner: Owner) -> None:
    """Holds the account's row until the transaction ends (SQLite has one writer anyway). Raises NotFound."""
    accounts = schema.accounts
    wanted = select(accounts.c.version).where(accounts.c.id == owner.account).with_for_update()
    version = connection.execute(wanted).scalar()
    if version is None:
        raise NotFound("this account was removed meanwhile")
    if version != owner.connected:
        raise NotFound("this account was connected anew meanwhile", hint="open it again")


def _aad(owner: Owner, kind: str) -> bytes:
    """What a token is bound to; an access token also to what was asked for, by whom the next one is asked for not."""
    bound = [f"account {kind} token", owner.account, owner.connected, owner.api, owner.origins]
    return json.dumps([*bound, owner.asks] if kind == "access" else bound).encode()
