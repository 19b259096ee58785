"""Accounts that are kept: what is fixed when one is connected, and what opens it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector import Directory
from connector.errors import ConfigurationInvalid, CursorInvalid, InvalidRequest, NeedsReauth
from connector.store.database import default_path
from connector.stored import StoredAccounts
from connector.wire import Answer

SECRET = "a-token-that-is-secret"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def stored() -> Iterator[StoredAccounts]:
    with StoredAccounts() as accounts:
        yield accounts


def connect(stored: StoredAccounts, **changed: Any) -> Any:
    asked = {"settings": {"base_url": "https://one.example/v2"}, "secrets": {"token": SECRET}, **changed}
    return stored.connect("acme", "scim", **asked)


def test_what_is_kept_is_named_in_full_and_opens(stored: StoredAccounts) -> None:
    account = connect(stored)
    assert account.settings == {"main.base_url": "https://one.example/v2"}
    assert account.secret_names == ("main.token",)
    assert account.sources == {"users": ("main.users",), "groups": ("main.groups",)}
    found, questions = stored.open()
    assert (found.id, questions.opened.account) == (account.id, account.id)
    assert questions.opened.apis["main"].values["secrets.token"] == SECRET
    assert SECRET not in repr(found) + repr(questions) + repr(stored.all())


@pytest.mark.parametrize(
    ("address", "is_other"),
    [
        ("https://one.example:443/v3", False),  # another path of the same origin
        ("https://two.example/v2", True),
        ("http://one.example/v2", True),
        ("https://one.example:8443/v2", True),
    ],
)
def test_a_secret_is_sent_to_no_other_origin(stored: StoredAccounts, address: str, is_other: bool) -> None:
    connect(stored)
    # As a service would: new settings, the secrets left as they are sealed.
    with stored._database.writing() as connection:
        written = json.dumps({"main.base_url": address})
        connection.exec_driver_sql("UPDATE connector_accounts SET settings = ?", (written,))
    if is_other:
        with pytest.raises(NeedsReauth, match=r"main\.token"):
            stored.open("acme")
    else:
        stored.open("acme")


def test_a_cursor_does_not_go_on_in_another_directory(stored: StoredAccounts) -> None:
    """Not even on the same host: a tenant is often a part of the path."""
    answer = {"totalResults": 9, "Resources": [{"id": f"u{n}", "active": True} for n in range(3)]}

    def directory() -> Directory:
        return Directory(stored.open("acme")[1], lambda _: Answer(200, {}, json.dumps(answer).encode()))

    first = connect(stored)
    cursor = directory().list("users", limit=3).next_cursor
    assert cursor is not None
    second = connect(stored, settings={"base_url": "https://one.example/v3"}, replace=True)
    assert first.id == second.id
    with pytest.raises(CursorInvalid, match="another address of the vendor"):
        directory().list("users", limit=3, cursor=cursor)


def test_keys_that_are_gone_are_not_made_anew(stored: StoredAccounts) -> None:
    connect(stored)
    keys = default_path().parent / "keys"
    keys.rename(keys.with_name("elsewhere"))
    with pytest.raises(ConfigurationInvalid, match=r"the key file .* is gone"):
        StoredAccounts()
    assert not keys.exists()
    keys.with_name("elsewhere").rename(keys)
    with StoredAccounts() as again:
        again.open("acme")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"allow_networks": ["127.0.0.0/33"]}, "the account's own allowed networks"),
        ({"secrets": {"token": "two\nlines"}}, "line break"),
        ({"secrets": {}}, "needs main.token"),
        ({"settings": {"base_url": "https://u:hunter2@h/"}}, "user name or password"),
    ],
)
def test_nothing_is_kept_that_could_not_be_opened(
    stored: StoredAccounts, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        connect(stored, **changed)
    assert "hunter2" not in str(refused.value)
    assert stored.all() == []


def test_an_account_is_put_in_the_place_of_another(stored: StoredAccounts) -> None:
    first = connect(stored)
    with pytest.raises(InvalidRequest, match="acme"):
        connect(stored)
    second = connect(stored, secrets={"main.token": "another"}, replace=True)
    assert first.id == second.id
    assert stored.open("acme")[1].opened.apis["main"].values["secrets.token"] == "another"


def test_the_only_account_needs_no_name(stored: StoredAccounts) -> None:
    connect(stored)
    with Directory.open() as directory, pytest.raises(CursorInvalid):
        directory.list("users", cursor="c1.AAAA")
