"""Accounts that are kept: connected once, opened by name afterwards, with their secrets sealed.

What an account may reach is fixed when it is connected: its sources, and for each secret the origin that it
is sent to. A setting that would send a secret elsewhere makes the secret unusable until it is entered again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from connector.account import name_secrets, open_account, secret_origins
from connector.catalog import Catalog, search_folders
from connector.cursor import Seal
from connector.egress import Egress
from connector.errors import ConfigurationInvalid, InvalidRequest
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.store.accounts import Account, Accounts, has_secrets
from connector.store.captures import StoredShelf
from connector.store.database import Database, default_path
from connector.store.keys import Keyring
from connector.store.tokens import StoredTokens

__all__ = ["StoredAccounts"]


class StoredAccounts:
    """The accounts of one database. Close it, or use it in a `with`."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.read()
        self._database = Database(self.settings.database_url)
        try:
            self._keyring = self._open_keys()
        except BaseException:
            self._database.close()
            raise
        self._accounts = Accounts(self._database, self._keyring)
        self.catalog = Catalog(search_folders(self.settings.mappings))

    def _open_keys(self) -> Keyring:
        """The keys of CONNECTOR_KEYS, or of the key file. A new file is made only while nothing needs an old one."""
        if self.settings.keys is not None:
            return Keyring.parse(self.settings.keys.get_secret_value())
        path = default_path().parent / "keys"
        if not path.exists() and has_secrets(self._database):
            raise ConfigurationInvalid(
                f"the key file {path} is gone, and secrets in {self._database.place} are sealed with its keys",
                hint="bring the file back, or set CONNECTOR_KEYS; without the keys, connect the accounts to a new database",
            )
        return Keyring.from_file(path)

    def connect(
        self,
        name: str,
        connector: str,
        *,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        base_urls: Mapping[str, str] | None = None,
        allow_networks: Sequence[str] = (),
        overrides: Mapping[str, Any] | None = None,
        replace: bool = False,
        status: str = "active",
    ) -> Account:
        """Validates everything and keeps it; sends nothing. `replace` puts it in place of an account of that name."""
        try:
            Egress(tuple(allow_networks))
        except ConfigurationInvalid as error:
            reason = error.message.partition(": ")[2] or error.message
            raise InvalidRequest(f"the account's own allowed networks: {reason}") from None
        loaded = self.catalog.load(connector, overrides)
        opened = open_account(loaded, settings=settings, secrets=secrets, base_urls=base_urls)
        origins = secret_origins(loaded, opened.settings, base_urls or {})
        full = name_secrets(loaded, secrets)
        is_known = any(account.name == name for account in self.all())
        given: dict[str, Any] = {
            "name": name,
            "connector": connector,
            "settings": opened.settings,
            "secrets": full,
            "origins": {secret: origins[secret] for secret in full},
            "sources": opened.sources,
            "base_urls": base_urls or {},
            "allow_networks": tuple(allow_networks),
            "overrides": overrides or {},
            "status": status,
        }
        if replace and is_known:
            return self._accounts.replace(**given, first_tokens=opened.first_tokens)
        return self._accounts.add(**given)

    def open(self, name: str | None = None, clock: Clock | None = None) -> tuple[Account, Questions]:
        """The account of that name (or id), or the only one there is; opened, nothing is sent.

        What it is asked may need the store: ask before this is closed.
        """
        account = self.find(name)
        loaded = self.catalog.load(account.connector, account.overrides)
        origins = secret_origins(loaded, account.settings, account.base_urls)
        secrets = self._accounts.secrets(account, origins)
        opened = open_account(
            loaded,
            settings=account.settings,
            secrets=secrets,
            base_urls=account.base_urls,
            sources={name: tuple(feed) for name, feed in account.sources.items()},
            account=account.id,
            version=account.version,
            shelf=StoredTokens(self._database, self._keyring),
        )
        lost = sorted({source for feed in account.sources.values() for source in feed} - set(loaded.sources))
        if lost:
            raise InvalidRequest(
                f"account {account.name!r} reads {', '.join(lost)}, which connector {loaded.name!r} no longer has",
                hint="connect the account again; ids and statuses may change",
            )
        seal = Seal(self._keyring.derive("directory-connector cursor"))
        shelf = StoredShelf(self._database, self._keyring, self.settings.capture_bytes)
        return account, Questions(opened, seal, self.settings, clock or Clock(), shelf)

    def find(self, name: str | None) -> Account:
        """The account of that name or id; without one, the only account there is."""
        return self._accounts.only() if name is None else self._accounts.get(name)

    def all(self) -> list[Account]:
        """Every account, by name."""
        return self._accounts.all()

    def remove(self, name: str) -> None:
        """Deletes an account with its secrets."""
        self._accounts.remove(name)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
