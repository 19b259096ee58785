"""Accounts: each one customer's connection, with its secrets sealed apart from it.

A secret is sealed for one account, one name and one origin, and opens nowhere else: not in another row, and
not after a setting has changed where it would be sent. It is in no repr, message or exception.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from connector.errors import InvalidRequest, NeedsReauth, NotFound
from connector.store import schema
from connector.store.database import Database
from connector.store.documents import dump, load, load_marked
from connector.store.keys import Keyring, SealBroken
from connector.store.tokens import seal_anew
from connector.tokens import Owner

__all__ = ["Account", "Accounts", "has_secrets"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET_NAME_CHARS = 255
_NAMES_SHOWN = 10
_FIRST = "connect an account first"


@dataclass(frozen=True)
class Account:
    """One customer's connection. Settings are flat: `api.name` or `name`; sources: unified resource to
    `api.resource`; overrides: `api.resource` to a fragment of a mapping, as YamlMaps.

    `base_urls` and `allow_networks` are set by whoever runs the process, not by the customer.
    """

    id: str
    name: str
    connector: str
    settings: Mapping[str, Any]
    secret_names: tuple[str, ...]
    sources: Mapping[str, Sequence[str]]
    base_urls: Mapping[str, str]
    allow_networks: tuple[str, ...]
    overrides: Mapping[str, Any]
    status: str
    """`active`, or `sandbox` for one that a sandbox connected, and may remove."""
    version: int
    created_at: datetime
    updated_at: datetime


class Accounts:
    """The accounts in a database, with their secrets sealed by a keyring."""

    def __init__(
        self, database: Database, keyring: Keyring, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database, self._keyring, self._now = database, keyring, now

    def add(
        self,
        *,
        name: str,
        connector: str,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        origins: Mapping[str, str],
        sources: Mapping[str, Sequence[str]],
        base_urls: Mapping[str, str] = {},
        allow_networks: Sequence[str] = (),
        overrides: Mapping[str, Any] = {},
        status: str = "active",
    ) -> Account:
        """A new account; `origins` has for each secret the origin that it is sealed with.

        Raises InvalidRequest when the name is taken, or not one that an account may have.
        """
        if not _NAME.fullmatch(name) or _ID.fullmatch(name):
            raise InvalidRequest(
                f"an account can't be named {name!r}: allowed are 1 to 63 of a-z 0-9 . _ - with a letter or "
                "digit first, and nothing that looks like an account's id"
            )
        account_id, now = str(uuid.uuid4()), self._now()
        row = _row(connector, settings, sources, base_urls, allow_networks, overrides, status)
        sealed = self._sealed(account_id, secrets, origins)
        try:
            with self._database.writing() as connection:
                connection.execute(
                    insert(schema.accounts).values(
                        id=account_id, name=name, version=1, created_at=now, updated_at=now, **row
                    )
                )
                _put_secrets(connection, sealed)
        except IntegrityError:
            raise InvalidRequest(
                f"there is an account {name!r} already",
                hint="choose another name, or remove that account first",
            ) from None
        return self.get(account_id)

    def replace(
        self,
        name: str,
        *,
        connector: str,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        origins: Mapping[str, str],
        sources: Mapping[str, Sequence[str]],
        base_urls: Mapping[str, str] = {},
        allow_networks: Sequence[str] = (),
        overrides: Mapping[str, Any] = {},
        status: str = "active",
        first_tokens: Mapping[Owner, Sequence[str]] = {},
    ) -> Account:
        """Everything of an account anew, but for its id, its name and when it was made; what was captured and obtained
        for it goes. What replaced a refresh token stays where the one of `first_tokens` (whose → of which secrets) is
        entered again, for the same origins: the vendor takes no other.

        Raises NotFound.
        """
        row = _row(connector, settings, sources, base_urls, allow_networks, overrides, status)
        table = schema.accounts
        with self._database.writing() as connection:
            account_id = self._locked_id(connection, name)
            version = connection.execute(select(table.c.version).where(table.c.id == account_id)).scalar_one()
            connection.execute(
                update(table)
                .where(table.c.id == account_id)
                .values(version=version + 1, updated_at=self._now(), **row)
            )
            same = self._same_secrets(connection, account_id, secrets, origins)
            owners = [
                dataclasses.replace(owner, account=account_id, connected=version)
                for owner, names in first_tokens.items()
                if same.issuperset(names)
            ]
            kept = [owner.api for owner in owners if seal_anew(connection, self._keyring, owner, version + 1)]
            connection.execute(delete(schema.secrets).where(schema.secrets.c.account_id == account_id))
            connection.execute(delete(schema.captures).where(schema.captures.c.account_id == account_id))
            connection.execute(delete(schema.refreshes).where(schema.refreshes.c.account_id == account_id))
            tokens = schema.tokens
            connection.execute(
                delete(tokens).where(tokens.c.account_id == account_id, tokens.c.api.not_in(kept))
            )
            _put_secrets(connection, self._sealed(account_id, secrets, origins))
        return self.get(account_id)

    def get(self, name_or_id: str) -> Account:
        """Raises NotFound, which lists the accounts that there are, the likeliest first."""
        with self._database.reading() as connection:
            found = _read(connection, name_or_id)
            if not found:
                raise _not_found(connection, name_or_id)
            return found[0]

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._database.reading() as connection:
            return _read(connection)

    def only(self) -> Account:
        """The one account that there is. Raises NotFound for none and InvalidRequest for several."""
        found = self.all()
        if len(found) > 1:
            names = [account.name for account in found]
            raise InvalidRequest(
                f"there are {len(found)} accounts; name one of them: {_listed(names)}", details=names
            )
        if not found:
            raise NotFound("there is no account yet", hint=_FIRST)
        return found[0]

    def remove(self, name_or_id: str) -> None:
        """An account with its secrets and all that was captured for it. Raises NotFound."""
        with self._database.writing() as connection:
            account_id = self._locked_id(connection, name_or_id)
            connection.execute(delete(schema.accounts).where(schema.accounts.c.id == account_id))

    def secrets(self, account: Account, origins: Mapping[str, str]) -> dict[str, str]:
        """The account's secrets that `origins` names, in clear.

        Raises NeedsReauth, naming every secret that can't be opened for its origin and must be entered again.
        """
        table = schema.secrets
        with self._database.reading() as connection:
            rows = connection.execute(
                select(table.c.name, table.c.sealed).where(table.c.account_id == account.id)
            )
            sealed: dict[str, bytes] = {row.name: row.sealed for row in rows}
        clear: dict[str, str] = {}
        broken: dict[str, str | None] = {}
        for name in account.secret_names:
            if name not in origins:
                continue  # the connector doesn't declare it any more
            try:
                blob = self._keyring.unseal(sealed.get(name, b""), _aad(account.id, name, origins[name]))
            except SealBroken as error:
                broken[name] = error.missing_key
            else:
                clear[name] = blob.decode("utf-8")
        if broken:
            raise _needs_reauth(account, broken)
        return clear

    def _same_secrets(
        self, connection: Connection, account_id: str, secrets: Mapping[str, str], origins: Mapping[str, str]
    ) -> set[str]:
        """Which of these are kept already, for these origins."""
        table = schema.secrets
        rows = connection.execute(
            select(table.c.name, table.c.sealed).where(table.c.account_id == account_id)
        )
        same: set[str] = set()
        for name, sealed in rows:
            with suppress(SealBroken):
                blob = self._keyring.unseal(sealed, _aad(account_id, name, origins.get(name, "")))
                if secrets.get(name) == blob.decode("utf-8"):
                    same.add(name)
        return same

    def _locked_id(self, connection: Connection, name_or_id: str) -> str:
        table = schema.accounts
        wanted = or_(table.c.name == name_or_id, table.c.id == name_or_id)
        account_id = connection.execute(select(table.c.id).where(wanted).with_for_update()).scalar()
        if account_id is None:
            raise _not_found(connection, name_or_id)
        return str(account_id)

    def _sealed(
        self, account_id: str, secrets: Mapping[str, str], origins: Mapping[str, str]
    ) -> list[dict[str, str | bytes]]:
        rows: list[dict[str, str | bytes]] = []
        for name, value in secrets.items():
            _check_secret(name, value, origins)
            blob = self._keyring.seal(value.encode("utf-8"), _aad(account_id, name, origins[name]))
            rows.append({"account_id": account_id, "name": name, "sealed": blob})
        return rows


def has_secrets(database: Database) -> bool:
    """Whether anything is sealed in there."""
    with database.reading() as connection:
        return connection.execute(select(schema.secrets.c.name).limit(1)).first() is not None


def _aad(account_id: str, name: str, origin: str) -> bytes:
    """What a secret is bound to, as JSON: no choice of three texts reads like three others."""
    return json.dumps(["account secret", account_id, name, origin]).encode()


def _check_secret(name: str, value: str, origins: Mapping[str, str]) -> None:
    if not 0 < len(name) <= _SECRET_NAME_CHARS:
        raise InvalidRequest(f"a secret's name has 1 to {_SECRET_NAME_CHARS} characters")
    if name not in origins:
        raise InvalidRequest(f"the secret {name!r} can't be stored: no origin to seal it with is given")
    # Looked at here, because the error of encoding it would hold the whole value.
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequest(f"the secret {name!r} is not text that can be written as UTF-8")


def _row(
    connector: str,
    settings: Mapping[str, Any],
    sources: Mapping[str, Sequence[str]],
    base_urls: Mapping[str, str],
    allow_networks: Sequence[str],
    overrides: Mapping[str, Any],
    status: str,
) -> dict[str, str]:
    documents = {
        "settings": settings,
        "sources": sources,
        "base_urls": base_urls,
        "allow_networks": list(allow_networks),
        "overrides": overrides,
    }
    texts = {name: dump(document, name) for name, document in documents.items()}
    return {"connector": connector, "status": status, **texts}


def _put_secrets(connection: Connection, rows: list[dict[str, str | bytes]]) -> None:
    if rows:
        connection.execute(insert(schema.secrets), rows)


def _read(connection: Connection, name_or_id: str | None = None) -> list[Account]:
    """Accounts with the names of their secrets, by one statement, so that both are of the same moment."""
    table, secrets = schema.accounts, schema.secrets
    query = select(table, secrets.c.name.label("secret")).outerjoin(secrets)
    if name_or_id is not None:
        query = query.where(or_(table.c.name == name_or_id, table.c.id == name_or_id))
    grouped: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        grouped.setdefault(row.name, []).append(row)
    return [_account(grouped[name]) for name in sorted(grouped)]


def _account(rows: list[Row[Any]]) -> Account:
    first = rows[0]
    return Account(
        id=first.id,
        name=first.name,
        connector=first.connector,
        settings=load(first.settings),
        secret_names=tuple(sorted(row.secret for row in rows if row.secret is not None)),
        sources={name: tuple(feed) for name, feed in load(first.sources).items()},
        base_urls=load(first.base_urls),
        allow_networks=tuple(load(first.allow_networks)),
        overrides=load_marked(first.overrides, f"overrides of the account {first.name}"),
        status=first.status,
        version=first.version,
        created_at=first.created_at,
        updated_at=first.updated_at,
    )


def _not_found(connection: Connection, wanted: str) -> NotFound:
    names = sorted(connection.execute(select(schema.accounts.c.name)).scalars())
    if not names:
        return NotFound(f"there is no account {wanted!r}, and no other yet", hint=_FIRST)
    names.sort(key=lambda name: -difflib.SequenceMatcher(None, wanted.lower(), name).ratio())
    return NotFound(f"there is no account {wanted!r}; there are: {_listed(names)}", details=names)


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _needs_reauth(account: Account, broken: Mapping[str, str | None]) -> NeedsReauth:
    names = ", ".join(repr(name) for name in broken)
    keys = sorted({key for key in broken.values() if key is not None})
    if keys:
        reason = f"sealed with the key {', '.join(keys)}, which is not in the keyring"
        hint = f"put that key back, or enter {names} again"
    else:
        reason = "sealed for another address than the one that the settings name now, or not as it was stored"
        hint = f"enter {names} again"
    return NeedsReauth(
        f"the account {account.name!r} can't use its secret {names}: {reason}", hint=hint, details=[*broken]
    )
