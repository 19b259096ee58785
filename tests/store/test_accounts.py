"""Accounts: what is stored, who may be named what, and secrets that open where they were entered and nowhere else."""

from __future__ import annotations

import gc
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from connector import yamlfile
from connector.errors import ConnectorError, InvalidRequest, NeedsReauth, NotFound
from connector.store import schema
from connector.store.accounts import Account, Accounts
from connector.store.database import Database
from connector.store.keys import Keyring

ORIGIN = "https://api.example.com:443"
SECRET = "s3cr3t-in-clear-é\x00-" + "x" * 20
ORIGINS = {"token": ORIGIN, "main.password": "https://main.example.com:443"}
KEYS = ["k1:" + "QUFB" * 10 + "QUE=", "k2:" + "QkJC" * 10 + "QkI="]

Together = Callable[[str, list[str]], list[str]]


def given(**changes: Any) -> dict[str, Any]:
    """What an account is made of, so far as a test doesn't say."""
    return {
        "name": "acme",
        "connector": "example",
        "settings": {"main.region": "EU", "pages": 3, "strict": True, "nodes": ["1", "2"], "none": None},
        "secrets": {"token": SECRET, "main.password": "another"},
        "origins": ORIGINS,
        "sources": {"users": ("main.users",), "groups": ("main.teams", "main.rest")},
        **changes,
    }


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in given(**changes).items() if key != name}


def chain(error: BaseException) -> str:
    """All that a log could show of an error."""
    shown = "".join(traceback.format_exception(error))
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
        shown += repr(error) + repr(vars(error))
    return shown


def clock(*moments: datetime) -> Callable[[], datetime]:
    left = iter(moments)
    return lambda: next(left)


def test_an_account_comes_back_as_it_was_made(database: Database, keyring: Keyring) -> None:
    made_at = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    overrides = {
        "main.users": {"fields": {"status": {"path": "$.active", "values": {True: "active", None: "x"}}}}
    }
    made = Accounts(database, keyring, now=clock(made_at)).add(
        **given(
            base_urls={"main": "http://10.0.0.1:8080"},
            allow_networks=("10.0.0.0/8", "fd00::/8"),
            overrides=overrides,
        )
    )
    assert made == Account(
        id=made.id,
        name="acme",
        connector="example",
        settings=given()["settings"],
        secret_names=("main.password", "token"),
        sources={"users": ("main.users",), "groups": ("main.teams", "main.rest")},
        base_urls={"main": "http://10.0.0.1:8080"},
        allow_networks=("10.0.0.0/8", "fd00::/8"),
        overrides=overrides,
        status="active",
        version=1,
        created_at=made_at,
        updated_at=made_at,
    )
    accounts = Accounts(database, keyring)
    assert accounts.get("acme") == accounts.get(made.id) == accounts.only() == made
    assert accounts.all() == [made]


def test_an_override_keeps_what_yaml_said(accounts: Accounts) -> None:
    fragment = yamlfile.load(
        'fields: {status: {path: $.s, values: {true: active, 1: invited, "1": deleted}}}', "f"
    )
    made = accounts.add(**given(overrides={"main.users": fragment}))
    values = made.overrides["main.users"]["fields"]["status"]["values"]
    assert values.pairs == [(True, "active"), (1, "invited"), ("1", "deleted")]
    assert values.mark.file == "overrides of the account acme"


def test_bare_accounts_need_neither_secrets_nor_settings(accounts: Accounts) -> None:
    made = accounts.add(name="bare", connector="c", settings={}, secrets={}, origins={}, sources={})
    assert (made.secret_names, dict(made.overrides), made.allow_networks) == ((), {}, ())
    assert accounts.secrets(made, ORIGINS) == {}


def test_names_that_are_allowed(accounts: Accounts) -> None:
    for name in ("a", "0", "acme.eu_1-x", "a" * 63, "a.."):
        assert accounts.get(accounts.add(**given(name=name)).name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        ".a",
        "-a",
        "_a",
        "a b",
        "a/b",
        "a\n",
        "é",
        "a" * 64,
        "a\x00",
        "6f1c2f0e-6f0a-4d3c-8a44-1f2e3d4c5b6a",
    ],
)
def test_names_that_are_refused(in_sqlite: Accounts, name: str) -> None:
    with pytest.raises(InvalidRequest, match="can't be named"):
        in_sqlite.add(**given(name=name))
    assert in_sqlite.all() == []


def test_a_name_is_given_once(accounts: Accounts) -> None:
    first = accounts.add(**given())
    with pytest.raises(InvalidRequest, match="there is an account 'acme' already") as caught:
        accounts.add(**given(secrets={"token": SECRET[::-1]}))
    assert SECRET[::-1] not in chain(caught.value)
    assert accounts.all() == [first]
    assert accounts.secrets(first, ORIGINS)["token"] == SECRET


def test_of_many_that_want_a_name_at_once_one_gets_it(accounts: Accounts) -> None:
    outcomes: list[object] = []

    def add(number: int) -> None:
        try:
            outcomes.append(accounts.add(**given(settings={"number": number})).settings["number"])
        except InvalidRequest:
            outcomes.append(None)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, outcomes)) == sorted([str(accounts.only().settings["number"]), *["None"] * 5])


def test_replacing_keeps_id_name_and_birth_and_nothing_else(database: Database, keyring: Keyring) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(2)]
    accounts = Accounts(database, keyring, now=clock(*moments))
    old = accounts.add(
        **given(base_urls={"main": "https://old"}, allow_networks=["10.0.0.0/8"], overrides={"a.b": {}})
    )
    new = accounts.replace(
        "acme", connector="other", settings={"x": 1}, secrets={"key": "new"}, origins={"key": "o"}, sources={}
    )
    assert (new.id, new.name, new.created_at) == (old.id, old.name, old.created_at)
    assert (new.version, new.updated_at) == (2, moments[1])
    assert (new.connector, new.settings, new.secret_names, new.sources) == ("other", {"x": 1}, ("key",), {})
    assert (new.base_urls, new.allow_networks, new.overrides) == ({}, (), {})
    assert accounts.secrets(new, {"key": "o"}) == {"key": "new"}
    assert accounts.only() == new


def test_replacing_nobody_is_not_adding(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="there is no account 'acme'"):
        accounts.replace("acme", **without("name"))
    assert accounts.all() == []


def test_a_replacement_that_fails_leaves_the_account_as_it_was(accounts: Accounts) -> None:
    made = accounts.add(**given())
    with pytest.raises(InvalidRequest, match="no origin"):
        accounts.replace("acme", **without("name", secrets={"unknown": "x"}))
    assert accounts.only() == made
    assert accounts.secrets(made, ORIGINS)["token"] == SECRET


@pytest.mark.parametrize("by", ["name", "id"])
def test_removing_takes_the_secrets_along_and_nobody_elses(
    accounts: Accounts, database: Database, by: str
) -> None:
    gone, stays = accounts.add(**given()), accounts.add(**given(name="stays"))
    accounts.remove(getattr(gone, by))
    assert accounts.all() == [stays]
    with database.reading() as connection:
        owners = connection.execute(select(schema.secrets.c.account_id).distinct()).scalars().all()
    assert owners == [stays.id]
    with pytest.raises(NotFound):
        accounts.remove(getattr(gone, by))
    with pytest.raises(NeedsReauth):
        accounts.secrets(gone, ORIGINS)


def test_not_found_lists_what_there_is_the_nearest_first(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="no account 'acme', and no other yet"):
        accounts.get("acme")
    names = [f"zz{number:02}" for number in range(12)]
    for name in [*names, "acme-eu", "globex"]:
        accounts.add(name=name, connector="c", settings={}, secrets={}, origins={}, sources={})
    with pytest.raises(NotFound, match=r"no account 'Acme_EU'; there are: acme-eu, .* and 4 more") as caught:
        accounts.get("Acme_EU")
    assert sorted(caught.value.details) == sorted([*names, "acme-eu", "globex"])
    assert [account.name for account in accounts.all()] == sorted([*names, "acme-eu", "globex"])


def test_only_says_how_to_choose(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="no account yet"):
        accounts.only()
    accounts.add(**given(name="b"))
    accounts.add(**given(name="a"))
    with pytest.raises(InvalidRequest, match="there are 2 accounts; name one of them: a, b"):
        accounts.only()


def test_secrets_open_for_the_origins_they_were_sealed_with(accounts: Accounts) -> None:
    made = accounts.add(**given())
    assert accounts.secrets(made, ORIGINS) == {"token": SECRET, "main.password": "another"}
    assert accounts.secrets(made, {"token": ORIGIN, "undeclared": ORIGIN}) == {"token": SECRET}


@pytest.mark.parametrize(
    "origin", ["http://api.example.com:80", "https://api.example.com:444", "https://evil:443", ""]
)
def test_another_origin_opens_nothing_and_names_the_secret(accounts: Accounts, origin: str) -> None:
    made = accounts.add(**given())
    with pytest.raises(NeedsReauth, match="'acme' can't use its secret 'token'") as caught:
        accounts.secrets(made, {**ORIGINS, "token": origin})
    assert caught.value.hint == "enter 'token' again"
    assert caught.value.details == ["token"]
    assert SECRET not in chain(caught.value)


def moved_between_accounts(database: Database, one: Account, two: Account) -> None:
    table = schema.secrets
    with database.writing() as connection:
        sealed = (
            select(table.c.sealed)
            .where(table.c.account_id == two.id, table.c.name == "token")
            .scalar_subquery()
        )
        connection.execute(
            update(table).where(table.c.account_id == one.id, table.c.name == "token").values(sealed=sealed)
        )


def moved_between_fields(database: Database, one: Account, _: Account) -> None:
    table = schema.secrets
    with database.writing() as connection:
        of = (table.c.account_id == one.id, table.c.name == "main.password")
        sealed = select(table.c.sealed).where(*of).scalar_subquery()
        connection.execute(
            update(table).where(table.c.account_id == one.id, table.c.name == "token").values(sealed=sealed)
        )


def changed(database: Database, one: Account, _: Account) -> None:
    table = schema.secrets
    of = (table.c.account_id == one.id, table.c.name == "token")
    with database.writing() as connection:
        sealed = bytearray(connection.execute(select(table.c.sealed).where(*of)).scalar_one())
        sealed[-1] ^= 1
        connection.execute(update(table).where(*of).values(sealed=bytes(sealed)))


def deleted(database: Database, one: Account, _: Account) -> None:
    table = schema.secrets
    with database.writing() as connection:
        connection.execute(delete(table).where(table.c.account_id == one.id, table.c.name == "token"))


@pytest.mark.parametrize("tamper", [moved_between_accounts, moved_between_fields, changed, deleted])
def test_a_secret_that_was_moved_or_changed_is_not_used(
    accounts: Accounts, database: Database, tamper: Callable[[Database, Account, Account], None]
) -> None:
    same_origin = dict.fromkeys(ORIGINS, ORIGIN)
    one, two = (accounts.add(**given(name=name, origins=same_origin)) for name in ("one", "two"))
    assert accounts.secrets(one, same_origin)["token"] == SECRET
    tamper(database, one, two)
    with pytest.raises(NeedsReauth, match="'one' can't use its secret 'token'"):
        accounts.secrets(one, same_origin)
    assert accounts.secrets(one, {"main.password": ORIGIN}) == {"main.password": "another"}
    assert accounts.secrets(two, same_origin)["token"] == SECRET


def test_keys_change_without_asking_anybody_again(database: Database) -> None:
    old = Accounts(database, Keyring.parse(KEYS[0]))
    both = Accounts(database, Keyring.parse(f"{KEYS[1]},{KEYS[0]}"))
    new = Accounts(database, Keyring.parse(KEYS[1]))
    before = old.add(**given(name="before"))
    after = both.add(**given(name="after"))
    assert both.secrets(before, ORIGINS) == both.secrets(after, ORIGINS) == new.secrets(after, ORIGINS)
    with pytest.raises(NeedsReauth, match="sealed with the key k1, which is not in the keyring") as caught:
        new.secrets(before, ORIGINS)
    assert caught.value.hint == "put that key back, or enter 'main.password', 'token' again"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"origins": {}}, "'token' can't be stored: no origin"),
        ({"secrets": {"token": f"{SECRET}\udcff"}}, "'token' is not text"),
        ({"secrets": {"token": SECRET.encode()}}, "'token' is not text"),
        ({"secrets": {"": SECRET}}, "name has 1 to 255"),
        ({"settings": {"a": object()}}, r"settings\.a: object can't be stored"),
        ({"overrides": {"a.b": {"x": [float("nan")]}}}, r"overrides\.a\.b\.x\[0\]: infinities"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_not_shown(
    in_sqlite: Accounts, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        in_sqlite.add(**given(**changes))
    assert SECRET[:20] not in chain(caught.value)
    assert in_sqlite.all() == []


@pytest.fixture
def raw_files(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Callable[[], bytes]:
    """All bytes that the database has on disk."""
    folder = tmp_path / "store"
    if url.startswith("postgresql"):
        folder = request.getfixturevalue("postgresql_folder")
    return lambda: b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_clear_secret_is_on_disk_or_in_any_repr(
    accounts: Accounts, database: Database, keyring: Keyring, raw_files: Callable[[], bytes]
) -> None:
    marker, label = "clear-7f3a9b", "label-7f3a9b"
    made = accounts.add(**given(settings={"label": label}, secrets={"token": marker}))
    made = accounts.replace("acme", **without("name", settings={"label": label}, secrets={"token": marker}))
    assert accounts.secrets(made, ORIGINS) == {"token": marker}
    if database.engine.name == "postgresql":
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
    content = raw_files()
    assert label.encode() in content  # so the search does see rows
    assert marker.encode() not in content

    errors: list[ConnectorError] = []
    for call in (
        lambda: accounts.add(**given(secrets={"token": marker})),
        lambda: accounts.secrets(made, {"token": "elsewhere"}),
        lambda: accounts.add(**given(name="bad name", secrets={"token": marker})),
        lambda: accounts.replace("nobody", **without("name", secrets={"token": marker})),
    ):
        with pytest.raises(ConnectorError) as caught:
            call()
        errors.append(caught.value)
    shown = [repr(thing) + str(thing) for thing in (made, accounts, database, keyring, database.engine)]
    shown += [repr(vars(thing)) for thing in (made, accounts, database, keyring)]
    shown += [chain(error) + repr(error.to_dict()) for error in errors]
    key = b"A" * 32
    for text in shown:
        assert marker not in text
        assert "QUFBQUFB" not in text
        assert repr(key)[2:-1] not in text
    del errors, caught
    gc.collect()


def test_an_account_is_seen_by_another_process(url: str, accounts: Accounts, together: Together) -> None:
    made = accounts.add(**given())
    script = """
from connector.store.accounts import Accounts
from connector.store.database import Database
from connector.store.keys import Keyring
wait()
with Database(sys.argv[1]) as database:
    accounts = Accounts(database, Keyring.parse("k1:" + "QUFB" * 10 + "QUE="))
    print(accounts.only().id, len(accounts.secrets(accounts.only(), {"token": "https://api.example.com:443"})["token"]))
"""
    assert together(script, [url]) == [f"{made.id} {len(SECRET)}"]
