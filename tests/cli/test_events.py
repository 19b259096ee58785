"""A vendor's log on the command line: what is asked of it besides, and how a walk over it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.cli.conftest import Command, vendor

SINCE = ["--query", "start_date=2026-01-01T00:00:00Z", "--query", "end_date=2026-02-01T00:00:00Z"]
EVENTS = [{"audit_event": "login", "username": f"u{number}@acme.example"} for number in range(250)]
ASKED: list[dict[str, str]] = []


def log(path: str) -> Any:
    """Pages of the documented form: a list under some name, the token, and whether there is more."""
    asked = dict(parse_qsl(urlsplit(path).query))
    ASKED.append(asked)
    start = int(asked.get("continuation_token", "0"))
    end = start + int(asked["limit"])
    more = end < len(EVENTS)
    return {
        "whatever": EVENTS[start:end],
        "continuation_token": str(end) if more else None,
        "has_more": more,
    }


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    command = Command(tmp_path_factory.mktemp("logged"))
    with vendor(log) as url:
        done = command.given(TOKEN="token-of-the-log")(
            *("connect", "keeper", "--name", "log", "--base-url", f"admin={url}", "--allow-network", "127.0.0.1"),
            *("--secret", "admin.api_token=@env:TOKEN"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "admin: ok" in done.stdout + done.stderr
        yield command


def test_every_event_to_the_proven_end(logged: Command) -> None:
    done = logged("list", "admin.events", *SINCE, "--all")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == EVENTS
    assert "250 admin.events · complete" in done.stderr
    assert {(one["start_date"], one["end_date"]) for one in ASKED[-3:]} == {
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    }


def test_the_command_that_goes_on_asks_the_same(logged: Command) -> None:
    done = logged("list", "admin.events", *SINCE, "--limit", "30")
    (following,) = [line for line in done.stderr.splitlines() if line.startswith("next: ")]
    words = following.split()
    assert words[6:10] == SINCE
    again = logged(*words[2:])
    assert [json.loads(line) for line in again.stdout.splitlines()] == EVENTS[30:60]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 1, "start_date: Events from this time on is needed; end_date: Events until this time is needed"),
        (
            [*SINCE, "--query", "limit=1"],
            1,
            "unknown name in remote_query 'limit'; there are: start_date, end_date",
        ),
        ([*SINCE, "--query", "continuation_token=9"], 1, "unknown name in remote_query 'continuation_token'"),
        ([*SINCE, "--query", "start_date"], 2, "'start_date': write NAME=VALUE"),
        ([*SINCE, *SINCE], 2, "start_date is given twice"),
        (["--query", "start_date=last week", *SINCE[2:]], 1, "expected a time such as"),
    ],
)
def test_what_can_not_be_asked(logged: Command, words: list[str], code: int, told: str) -> None:
    before = len(ASKED)
    done = logged("list", "admin.events", *words)
    assert done.returncode == code
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert len(ASKED) == before


def test_a_terminal_shows_them_without_an_id(logged: Command) -> None:
    code, shown = logged.on_terminal("list", "admin.events", *SINCE, "--limit", "2", columns=300)
    assert code == 0, shown
    assert "audit_event" in shown
    assert "u1@acme.example" in shown


def test_an_event_can_not_be_got(logged: Command) -> None:
    done = logged("get", "admin.events", "1")
    assert done.returncode == 1
    assert "has no `get`" in done.stderr


def test_the_proxy_passes_the_log_and_nothing_else(logged: Command) -> None:
    done = logged("proxy", "GET", "admin/events?limit=1")
    assert json.loads(done.stdout)["whatever"] == EVENTS[:1]
    assert logged("proxy", "GET", "admin/billing").returncode == 1
    assert logged("proxy", "POST", "admin/events").returncode == 1
