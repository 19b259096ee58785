from __future__ import annotations

import json
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from connector.sandbox import Sandbox
from tests.cli.conftest import SECONDS, Command, arguments_to_reach


@contextmanager
def running(connector: Command, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`connector sandbox`, ready; stopped by SIGTERM, as a service manager does."""
    process = connector.start("sandbox", *arguments)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready: "), process.stderr
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
        assert (process.returncode, said) == (0, "")


def test_an_account_reaches_it_while_it_runs(connector: Command) -> None:
    with running(connector, "keeper", "--users", "30"):
        assert len(connector("list", "users").stdout.splitlines()) == 30
        taken = connector("sandbox", "keeper")
        assert taken.returncode == 1
        assert "choose another --name" in taken.stderr
        with running(connector, "--users", "3", "--seed", "2", "--name", "second"):
            listed = connector("list", "users", "--all", "--account", "second")
            assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 3)
        assert json.loads(connector("accounts").stdout)["name"] == "sandbox"
    assert connector("accounts").stdout == ""


def test_it_takes_the_place_of_a_dead_sandbox_and_of_no_real_account(connector: Command) -> None:
    keep = [
        "connect",
        "scim",
        "--no-check",
        "--replace",
        "--set",
        "base_url=https://scim.example",
        "--secret",
        "token=@-",
    ]
    assert connector(*keep, "--name", "real", stdin="t").returncode == 0
    refused = connector("sandbox", "--name", "real", "--users", "1")
    assert refused.returncode == 1
    assert "not a sandbox's" in refused.stderr

    # Commander runs on a host of the customer's own, which may be this one.
    here = ["connect", "keeper", "--name", "here", "--no-check", "--allow-network", "127.0.0.1"]
    here += ["--set", "commander.url=https://127.0.0.1:8900", "--secret", "commander.api_key=@-"]
    whole = ["--set", "region=EU", "--set", "scim.node_id=345", "--secret", "scim.token=@env:TOKEN"]
    for more in ([], whole):
        given = connector.given(TOKEN="real-scim-token-1")
        assert given(*here, *more, "--replace", stdin="real-key-1").returncode == 0
        refused = connector("sandbox", "--name", "here", "--users", "1")
        assert (refused.returncode, "not a sandbox's" in refused.stderr) == (1, True)
        assert "https://127.0.0.1:8900" in connector("accounts", "show", "here").stdout
    assert connector("accounts", "remove", "here", "--yes").returncode == 0

    process = connector.start("sandbox", "--users", "2")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=SECONDS)
    with running(connector, "--users", "1"):
        assert len(connector("list", "users", "--account", "sandbox").stdout.splitlines()) == 1
    assert json.loads(connector("accounts").stdout)["name"] == "real"


def test_without_an_account_it_says_how_to_connect(connector: Command) -> None:
    process = connector.start("sandbox", "--users", "2", "--no-account")
    assert process.stdout is not None
    _, _, *lines = [process.stdout.readline() for _ in range(10)]
    done = []
    for export, connect in zip(lines[::2], lines[1::2], strict=True):
        variable, secret = shlex.split(export)[1].split("=")
        done.append(connector.given(**{variable: secret})(*shlex.split(connect)[1:]))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert [*(one.returncode for one in done), process.returncode] == [0] * 5, [one.stderr for one in done]
    sources = [[*json.loads(one.stdout)["sources"].values()][-1:] for one in done]
    assert sources == [[["scim.groups"]], [["commander.teams"]], [["partner.licenses"]], []]


def test_with_several_nodes_it_says_how_to_connect_them_all(connector: Command) -> None:
    process = connector.start("sandbox", "--users", "20", "--nodes", "2", "--no-account", "--api", "scim")
    assert process.stdout is not None
    _, _, one, other, connect = [process.stdout.readline() for _ in range(5)]
    tokens = dict(shlex.split(export)[1].split("=") for export in (one, other))
    given = connector.given(**tokens)
    done = given(*shlex.split(connect)[1:])
    listed = given("list", "users", "--all")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert len(listed.stdout.splitlines()) == 20, listed.stderr


def test_an_account_may_get_one_api_alone(connector: Command) -> None:
    with running(connector, "--users", "3", "--api", "scim"):
        assert json.loads(connector("accounts").stdout)["sources"]["users"] == ["scim.users"]
    refused = connector("sandbox", "--api", "graphql")
    assert (refused.returncode, "there are: scim, commander" in refused.stderr) == (2, True)


def test_connecting_anew_with_more_says_what_changes(connector: Command) -> None:
    with Sandbox(users=3) as sandbox:
        given = connector.given(TOKEN=sandbox.token, KEY=sandbox.api_key)
        scim = ["connect", "keeper", "--name", "acme", *arguments_to_reach(sandbox)]
        assert given(*scim).returncode == 0
        done = given(
            *(*scim, "--replace", "--set", f"commander.url={sandbox.commander_url}"),
            *("--secret", "commander.api_key=@env:KEY"),
        )
        assert done.returncode == 0, done.stderr
        assert "users now come from commander.users, and came from scim.users: ids, statuses" in done.stderr


def test_an_unknown_vendor_is_refused(connector: Command) -> None:
    done = connector("sandbox", "nobody")
    assert (done.returncode, "there is one for: keeper" in done.stderr) == (1, True)


def test_the_demo_tells_and_leaves_nothing(connector: Command) -> None:
    done = connector.given(TMPDIR=str(connector.home))("demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "300 users · complete" in done.stdout
    assert "status: evaluated by us" in done.stdout
    assert "Calls to the vendor for this page: 0." in done.stdout
    assert "active or invited" in done.stdout
    assert "Locked by IdP" in done.stdout
    assert "node_id" in done.stdout, "an answer of the vendor's own API"
    assert "hash=[redacted]" in done.stdout
    assert "done, verified: inactive (Locked)" in done.stdout
    assert "status is 'invited' (asked: 'inactive')" in done.stdout
    assert "https://qa.keepersecurity.com/vault/#" in done.stdout
    assert list(connector.home.iterdir()) == []
