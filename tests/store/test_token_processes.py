"""Two real processes over one database, and a vendor whose refresh tokens are good once: one asks, the other waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.directory import AsyncDirectory, Directory
from connector.errors import NeedsReauth, StoreUnavailable
from connector.settings import Settings
from connector.store.tokens import StoredTokens
from connector.stored import StoredAccounts
from tests.calling.issuing import AUTHS, REFRESH, Issuer, issuing, secrets_of, settings_of, write_made

Together = Callable[[str, list[str]], list[str]]
KEYS = "k1:" + "QUFB" * 10 + "QUE="

ASK = """
import urllib.request
from connector.directory import Directory
def look(seconds):
    urllib.request.urlopen(sys.argv[1] + '/waits', timeout=10).read()
with Directory.open('acme') as directory:
    directory._sleep = look
    wait()
    print(*[user.id for user in directory.iterate('users')])
"""


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(rotates=True)


@pytest.fixture
def addresses(issuer: Issuer) -> Iterator[tuple[str, str]]:
    with issuing(issuer) as (api, login):
        yield api, login


def connect(
    style: str, addresses: tuple[str, str], url: str, folder: Path, patch: pytest.MonkeyPatch
) -> None:
    """The account `acme`, for this process and those that it starts."""
    write_made(folder / "mappings", style)
    patch.setenv("CONNECTOR_DATABASE_URL", url)
    patch.setenv("CONNECTOR_KEYS", KEYS)
    patch.setenv("CONNECTOR_MAPPINGS", str(folder / "mappings"))
    patch.setenv("CONNECTOR_ALLOW_NETWORKS", "127.0.0.1")
    with StoredAccounts(Settings.read()) as stored:
        stored.connect("acme", "made", settings=settings_of(*addresses), secrets=secrets_of(style))


@pytest.mark.parametrize("style", AUTHS)
def test_of_two_processes_one_obtains_a_token_and_the_other_waits_for_it(
    style: str,
    issuer: Issuer,
    addresses: tuple[str, str],
    url: str,
    tmp_path: Path,
    together: Together,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(style, addresses, url, tmp_path, monkeypatch)
    issuer.before = lambda: issuer.waited.wait(20)  # it answers once the other process has looked
    assert together(ASK, [addresses[0]] * 2) == ["ann bea cem"] * 2
    assert issuer.waited.is_set()
    assert len(issuer.asked) == 1
    issuer.revoke()
    issuer.before = lambda: None
    with Directory.open("acme") as directory:
        assert directory.get("users", "ann").row["id"] == "ann"
    if style == "oauth2_refresh":
        assert [form["refresh_token"] for form in issuer.asked] == [REFRESH, "r1-rotated-0123456789"]


def test_a_refresh_token_outlives_the_process_and_is_gone_when_another_one_is_entered(
    issuer: Issuer, addresses: tuple[str, str], url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("oauth2_refresh", addresses, url, tmp_path, monkeypatch)
    for _ in range(3):
        issuer.revoke()
        with Directory.open("acme") as directory:
            directory.get("users", "ann")
    assert [form["refresh_token"] for form in issuer.asked] == [
        REFRESH,
        "r1-rotated-0123456789",
        "r2-rotated-0123456789",
    ]
    issuer.refresh = "entered-0123456789"
    again = {**secrets_of("oauth2_refresh"), "refresh": issuer.refresh}
    with Directory.open("acme") as old, StoredAccounts(Settings.read()) as stored:
        stored.connect("acme", "made", settings=settings_of(*addresses), secrets=again, replace=True)
        with Directory.open("acme") as directory:
            assert directory.get("users", "ann").row["id"] == "ann"
        assert issuer.asked[-1]["refresh_token"] == "entered-0123456789"
        assert old.questions.opened.version == 1


def test_what_could_not_be_stored_is_stored_when_the_directory_closes(
    issuer: Issuer, addresses: tuple[str, str], url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("oauth2_refresh", addresses, url, tmp_path, monkeypatch)

    def fail(*_: object) -> bool:
        raise StoreUnavailable("it is locked")

    async def ask() -> None:
        async with AsyncDirectory.open("acme") as directory:
            with monkeypatch.context() as patch:
                patch.setattr(StoredTokens, "put", fail)
                patch.setattr("connector.obtain._PUT_AGAIN", ())
                with pytest.raises(StoreUnavailable, match="it is locked"):
                    await directory.get("users", "ann")

    asyncio.run(ask())
    with Directory.open("acme") as directory:
        assert directory.get("users", "ann").row["id"] == "ann"
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("changed", [{}, {"client": "another"}, {"login": "http://localhost:{port}"}])
def test_what_replaced_a_refresh_token_stays_where_the_first_one_is_entered_again_for_the_same_origins(
    changed: dict[str, str],
    issuer: Issuer,
    addresses: tuple[str, str],
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect("oauth2_refresh", addresses, url, tmp_path, monkeypatch)
    with Directory.open("acme") as directory:
        directory.get("users", "ann")
    port = addresses[1].rpartition(":")[2]
    settings = settings_of(*addresses) | {
        name: value.replace("{port}", port) for name, value in changed.items()
    }
    for _ in range(2):
        with StoredAccounts(Settings.read()) as stored:
            stored.connect(
                "acme", "made", settings=settings, secrets=secrets_of("oauth2_refresh"), replace=True
            )
    with Directory.open("acme") as directory:
        held = directory.questions.opened.apis["main"].tokens
        assert held is not None
        found = held.claim(datetime.now(UTC), "me", newer_than=None, heeds=True)
    assert len(issuer.asked) == 1
    assert (found.state, found.refresh) == ("ours", None if "login" in changed else "r1-rotated-0123456789")


def test_an_account_whose_token_comes_from_elsewhere_now_needs_its_secrets_again(
    issuer: Issuer, addresses: tuple[str, str], url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 6: secrets are sealed with the origin of the token's address, and with the api's, which gets the token."""
    from sqlalchemy import update

    from connector.store import schema
    from connector.store.database import Database
    from connector.store.documents import dump

    connect("oauth2_client_credentials", addresses, url, tmp_path, monkeypatch)
    good = settings_of(*addresses)
    for changed in ({"login": "https://evil.h"}, {"base_url": "https://evil.h"}):
        settings = {f"main.{name}": value for name, value in {**good, **changed}.items()}
        with Database(url) as database, database.writing() as connection:
            connection.execute(update(schema.accounts).values(settings=dump(settings, "settings")))
        with pytest.raises(NeedsReauth, match=r"'main\.secret'"):
            Directory.open("acme")
    assert issuer.seen == []
