"""One tenant seen by two APIs, through the command as a person runs it: what agrees, what differs, and who is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connector.sandbox import Sandbox, access_to
from connector.sandbox.tenant import build_tenant
from tests.cli.conftest import Command

USERS = 1200
TENANT = build_tenant(USERS, 1)
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(users=USERS, seed=1) as running:
        yield running


@pytest.fixture(scope="module")
def home(tenant: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Two accounts, each with one of the APIs alone."""
    command = Command(tmp_path_factory.mktemp("home"))
    for api in ("scim", "commander"):
        connect(command, tenant, api)
    return command


def connect(command: Command, tenant: Sandbox, api: str) -> None:
    """An account of the api's name, which has nothing but that api."""
    access = access_to(tenant, (api,))
    ((name, secret),) = access.secrets.items()
    done = command.given(SECRET=secret)(
        *("connect", "keeper", "--name", api, "--secret", f"{name}=@env:SECRET"),
        *(word for key, value in access.settings.items() for word in ("--set", f"{key}={value}")),
        *(word for key, value in access.base_urls.items() for word in ("--base-url", f"{key}={value}")),
        *(word for network in access.allow_networks for word in ("--allow-network", network)),
    )
    assert done.returncode == 0, done.stderr


def everyone(home: Command, account: str) -> Rows:
    done = home("list", "users", "--account", account, "--all", "-o", "ndjson")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == USERS
    return {row["id"]: row for row in rows}


def test_the_two_agree_but_for_those_who_are_invited(home: Command) -> None:
    whole, node = everyone(home, "commander"), everyone(home, "scim")
    assert whole.keys() == node.keys()
    for key, row in whole.items():
        other = node[key]
        assert row["emails"][0]["email"] == other["emails"][0]["email"] == row["username"]
        assert {group["id"] for group in row["groups"]} == {group["id"] for group in other["groups"]}
        assert row["name"] in (None, other["name"]), "names agree wherever Commander carries one"
    differing = {
        key: (row["status"], node[key]["status"])
        for key, row in whole.items()
        if row["status"] != node[key]["status"]
    }
    invited = [person.id for person in TENANT.people if person.invited]
    assert differing == dict.fromkeys(invited, ("invited", "active"))
    assert {node[key]["status_detail"] for key in invited} == {"active or invited"}


def test_a_walk_over_processes_asks_the_vendor_once(home: Command) -> None:
    found: list[str] = []
    calls: list[int] = []
    cursor: str | None = None
    while True:
        words = ["list", "users", "--account", "commander", "--limit", "97", "--explain", "-o", "json"]
        done = home.alone(*words, *(["--cursor", cursor] if cursor else []))
        assert done.returncode == 0, done.stderr
        page = json.loads(done.stdout)
        found += [row["id"] for row in page["result"]]
        calls.append(len(page["explain"]["calls"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == USERS
    assert page["completeness"]["verdict"] == "complete"
    assert len(calls) == 13
    assert calls[1:] == [0] * 12, "no call after the first page"
    store = create_engine(f"sqlite:///{home.home}/directory-connector/connector.sqlite3")
    with store.connect() as connection:
        states = connection.execute(text("SELECT state, records FROM connector_captures")).all()
    store.dispose()
    assert [tuple(row) for row in states] == [("ready", USERS)]


def test_an_account_that_goes_takes_its_captures_along(tenant: Sandbox, tmp_path: Path) -> None:
    command = Command(tmp_path)
    connect(command, tenant, "commander")
    assert command("list", "users", "--limit", "5").returncode == 0
    assert kept(command) == {"captures": 1, "capture_chunks": 3, "refreshes": 1}
    assert command("accounts", "remove", "commander", "--yes").returncode == 0
    assert kept(command) == {"captures": 0, "capture_chunks": 0, "refreshes": 0}


def kept(command: Command) -> dict[str, Any]:
    """How many rows the store has of what is captured."""
    store = create_engine(f"sqlite:///{command.home}/directory-connector/connector.sqlite3")
    with store.connect() as connection:
        found = {
            table: connection.execute(text(f"SELECT count(*) FROM connector_{table}")).scalar()  # noqa: S608
            for table in ("captures", "capture_chunks", "refreshes")
        }
    store.dispose()
    return found


_MEASURE = """
import json, sys
from connector import Directory
from connector.stored import StoredAccounts
url, key, sort = sys.argv[1:]
def most():  # of this process alone: a count of the system's other tools begins with the parent's
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024
with StoredAccounts() as stored:
    stored.connect("a", "keeper", settings={"commander.url": url}, secrets={"commander.api_key": key},
                   allow_networks=["127.0.0.1"])
with Directory.open("a") as directory:
    directory.check()
    before = most()
    page = directory.list("users", limit=100, explain=True, sort_by=sort or None)
    count = sum(len(page.rows) for page in directory.pages("users", sort_by=sort or None))
    answer = max(call.get("bytes", 0) for call in page.explain["calls"])
    print(json.dumps({"count": count, "answer": answer, "grown": most() - before}))
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak"
)
@pytest.mark.parametrize("sort", ["", "username"])
def test_fifty_thousand_users_take_a_few_times_the_answer(sort: str, large: Sandbox, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, large.commander_url, large.api_key, sort],
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["count"] == 50_000
    assert said["grown"] <= 6 * said["answer"], said


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    with Sandbox(users=50_000) as running:
        yield running
