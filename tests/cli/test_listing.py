from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.cells import cell_len

from connector.sandbox import Sandbox
from tests.cli.conftest import USERS, Command, arguments_to_reach, vendor

ALONE = 4
"""How many pages of the walk get a process of their own; the others share this one's, not its memory."""

HOSTILE = '[red]=cmd()\x1b[31m\x07 \u202eevil\u2028"x"\x9b31m'


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]


def test_walks_everyone_as_lines_and_page_by_page_in_new_processes(acme: Command) -> None:
    walked = acme.alone("list", "users", "--all", "-o", "ndjson")
    assert walked.returncode == 0
    assert f"{USERS:,} users · complete" in walked.stderr
    everyone = rows(walked.stdout)
    assert len({row["id"] for row in everyone}) == len(everyone) == USERS

    found: list[dict[str, Any]] = []
    words = ["list", "users", "--limit", "97"]
    hops = 0
    while words:
        done = (acme.alone if hops < ALONE else acme)(*words)
        hops += 1
        assert done.returncode == 0, done.stderr
        found += rows(done.stdout)
        last = done.stderr.splitlines()[-1]
        words = shlex.split(last.removeprefix("next: "))[1:] if last.startswith("next: ") else []
    assert found == everyone
    assert "complete" in last
    assert hops == 13


def test_json_is_the_envelope_of_a_page_and_of_a_walk(acme: Command) -> None:
    page = json.loads(acme("list", "groups", "--limit", "2", "-o", "json").stdout)
    assert (page["result_count"], page["completeness"]["verdict"]) == (2, "in_progress")
    assert page["next_cursor"] is not None

    walk = json.loads(
        acme("list", "groups", "--all", "--limit", "7", "-o", "json", "--account", "acme").stdout
    )
    assert set(walk) == set(page)
    assert walk["result"][:2] == page["result"]
    teams = USERS / 12 + 2  # two wait for approval
    assert walk["result_count"] == len(walk["result"]) == walk["completeness"]["declared"] == teams
    assert (walk["next_cursor"], walk["completeness"]["verdict"]) == (None, "complete")


def test_an_empty_walk_is_an_envelope_too(acme: Command) -> None:
    done = acme("list", "users", "--all", "-o", "json", "--filter", "username=nobody@nowhere.example")
    assert json.loads(done.stdout)["result"] == []
    assert "0 users · complete · 1,200 read" in done.stderr


def test_filters_say_who_evaluates_them(acme: Command) -> None:
    done = acme("list", "users", "-f", "status=inactive", "--limit", "5", "--explain")
    assert {row["status"] for row in rows(done.stdout)} == {"inactive"}
    assert "status: evaluated by us" in done.stderr
    assert re.search(r"GET http://127.0.0.1:\d+/\S+ → 200", done.stderr)
    assert "--filter status=inactive" in done.stderr.splitlines()[-1]


def test_members_of_a_group_both_ways(acme: Command) -> None:
    group = rows(acme("list", "groups", "--limit", "1").stdout)[0]["id"]
    by_path = rows(acme("list", f"groups/{group}/users", "--limit", "20").stdout)
    by_option = rows(acme("list", "users", "--group", group, "--limit", "20").stdout)
    assert by_path == by_option
    assert all(group in [item["id"] for item in row["groups"]] for row in by_path)
    assert by_path


def test_get_is_the_row_that_list_shows(acme: Command) -> None:
    listed = rows(acme("list", "users", "--limit", "1").stdout)[0]
    got = acme("get", "users", listed["id"])
    assert got.returncode == 0
    assert json.loads(got.stdout)["result"] == listed

    code, shown = acme.given(NO_COLOR="1").on_terminal("get", "users", listed["id"])
    assert code == 0
    assert re.match(rf"id +{listed['id']} *\n", shown)
    assert re.search(r"\nstatus_detail +(active or invited|locked) *\n", shown)
    assert "\x1b" not in shown


def test_what_a_vendor_says_is_never_obeyed(connector: Command) -> None:
    with Sandbox(users=3) as sandbox:
        new = {"userName": "x@acme.example", "displayName": HOSTILE}
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        httpx.post(f"{sandbox.base_url}/Users", json=new, headers=headers, trust_env=False).raise_for_status()
        told = connector.given(TOKEN=sandbox.token, NO_COLOR="1")
        assert told("connect", "keeper", *arguments_to_reach(sandbox)).returncode == 0
        code, table = told.on_terminal("list", "users", columns=160)
        _, lines = told.on_terminal("list", "users", "-o", "ndjson")
        _, one_row = told.on_terminal("list", "users", "-o", "csv")
        piped = told("list", "users", "-o", "csv", "--filter", "username=x@acme.example")
        found = told("list", "users", "-o", "ndjson", "--filter", "username=x@acme.example")
    assert code == 0
    assert "[red]=cmd()\\x1b[31m\\x07 \\u202eevil\\u2028" in table
    for shown in (table, lines, one_row):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", shown)
    assert json.loads(lines.splitlines()[3])["name"] == HOSTILE
    assert next(csv.DictReader(io.StringIO(piped.stdout)))["name"] == HOSTILE
    assert rows(found.stdout)[0]["name"] == HOSTILE


def test_a_table_is_as_wide_as_the_terminal(acme: Command) -> None:
    code, shown = acme.given(NO_COLOR="1").on_terminal("list", "users", "--limit", "30", columns=80)
    assert code == 0
    table, _, _ = shown.partition("30 users")
    lines = table.splitlines()
    assert len(lines) == 31
    assert lines[0].split() == ["id", "name", "email", "status"]
    assert "…" in table
    assert "active (active or invited)" in table
    assert "\nhidden: groups; -o json shows all\n" in shown
    assert max(map(cell_len, lines)) <= 80
    listed = [row["id"] for row in rows(acme("list", "users", "--limit", "30").stdout)]
    assert [line.split()[0] for line in lines[1:]] == listed

    _, wide = acme.given(NO_COLOR="1").on_terminal("list", "users", "--limit", "2", columns=200)
    assert wide.splitlines()[0].split() == ["id", "name", "email", "status", "groups"]
    assert "hidden" not in wide


def test_colours_are_for_terminals_that_want_them(acme: Command) -> None:
    assert "\x1b[" in acme.on_terminal("list", "users", "--limit", "2")[1]
    assert "\x1b" not in acme("list", "users", "--limit", "2", "-o", "table").stdout


def test_whoever_stops_reading_ends_it_quietly(acme: Command) -> None:
    process = acme.start("list", "users", "--all", "-o", "ndjson")
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as output, process.stderr as said:
        assert json.loads(output.readline())["id"]
        output.close()
        assert "Traceback" not in said.read()
    assert process.wait(20) in (0, 141)


def test_a_walk_shows_its_progress_where_the_rows_go_elsewhere(acme: Command, tmp_path: Path) -> None:
    code, shown = acme.on_terminal("list", "users", "--all", output=tmp_path / "users.ndjson")
    assert code == 0
    assert f"/{USERS}" in shown
    assert "1,200 users · complete" in shown
    assert len((tmp_path / "users.ndjson").read_bytes().splitlines()) == USERS


def _short(path: str) -> Any:
    """A vendor that declares three users and has two."""
    user = {"userName": "a@acme.example", "active": True}
    start = int(re.search(r"startIndex=(\d+)", path)[1]) if "startIndex" in path else 1  # type: ignore[index]
    found = [{**user, "id": str(place)} for place in (1, 2)][start - 1 :]
    return {"totalResults": 3, "startIndex": start, "Resources": found}


def test_a_walk_that_is_not_complete_prints_its_rows_and_fails(connector: Command) -> None:
    with vendor(_short) as url:
        told = connector.given(TOKEN="made-up-token", CONNECTOR_ALLOW_NETWORKS="127.0.0.1")
        assert (
            told("connect", "scim", "--set", f"base_url={url}", "--secret", "token=@env:TOKEN").returncode
            == 0
        )
        done = told("list", "users", "--all")
        allowed = told("list", "users", "--all", "--allow-partial", "-o", "json")
        first = told("list", "users", "--limit", "1", "--allow-partial")
        ended = told("list", "users")
        taken = told("list", "users", "--allow-partial")
    assert (first.returncode, len(rows(first.stdout))) == (0, 1)
    assert "next: connector list users --limit 1 --allow-partial --cursor c1." in first.stderr
    assert (ended.returncode, len(rows(ended.stdout))) == (3, 2)
    assert "error: the listing ended, and is NOT COMPLETE: 2 of 3 seen" in ended.stderr
    assert (taken.returncode, taken.stdout) == (0, ended.stdout)
    assert (done.returncode, len(rows(done.stdout))) == (3, 2)
    assert "NOT COMPLETE: 2 of 3 seen" in done.stderr
    assert "--allow-partial" in done.stderr
    assert allowed.returncode == 0
    assert json.loads(allowed.stdout)["completeness"]["verdict"] == "partial"


def _broken(path: str) -> Any:
    """A vendor whose second page isn't one."""
    return _short(path) if "startIndex=1&" in path else {"totalResults": 3, "startIndex": 3}


def test_a_walk_that_breaks_off_says_how_to_go_on(connector: Command) -> None:
    with vendor(_broken) as url:
        told = connector.given(TOKEN="made-up-token", CONNECTOR_ALLOW_NETWORKS="127.0.0.1")
        assert (
            told("connect", "scim", "--set", f"base_url={url}", "--secret", "token=@env:TOKEN").returncode
            == 0
        )
        done = told("list", "users", "--all", "--limit", "2")
    assert (done.returncode, len(rows(done.stdout))) == (1, 2)
    assert re.search(r"\nnext: connector list users --limit 2 --cursor c1\.\S+ --all\n", done.stderr)
    assert re.search(r"error: .*the answer has no records at \$\.Resources\[\*\]", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list", "userz"], 1, "did you mean users?"),
        (["list", "users", "--filter", "colour=red"], 1, "supported: "),
        (["list", "users", "--filter", "status"], 2, "FIELD=VALUE"),
        (["list", "users", "--filter", "status[]=a"], 2, "FIELD=VALUE"),
        (["list", "users", "-f", "status=active", "-f", "status=inactive"], 2, "given twice"),
        (["list", "users", "--limit", "1001"], 2, "--limit"),
        (["list", "users", "--cursor", "c1.AAAA"], 1, "edited"),
        (["list", "users", "--account", "acne"], 1, "there are: acme"),
        (["list", "users", "-o", "xml"], 2, "ndjson"),
        (["get", "users", "1"], 1, "not found"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_refused_says_what_is_allowed(
    acme: Command, arguments: list[str], code: int, said: str
) -> None:
    done = acme(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
