"""How a command line is read: the real service gave the same answers to the same lines over such a tenant."""

from __future__ import annotations

import shlex
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox

Json = dict[str, Any]


def run(client: httpx.Client, line: str) -> tuple[int, Json]:
    answer = client.post("/api/v1/executecommand", json={"command": line})
    return answer.status_code, dict(answer.json())


def reported(client: httpx.Client, arguments: str) -> list[Json]:
    status, body = run(client, f"enterprise-info {arguments} --users --format json")
    assert status == 200, body
    return list(body["data"])


@pytest.mark.parametrize(
    "line",
    [
        "enterprise-info -- --users --format json",
        "enterprise-info '${HOME}' --users --format json",
        "enterprise-info 'a${HOME}b' --users --format json",
        "enterprise-info --users --format pdf",
        "enterprise-info --users --format=PDF",
        "enterprise-info --users --format json --output report",
        "enterprise-info --users --format json --out=report",
        "enterprise-info --users --f json",
        "enterprise-info --users --format json --filename x",
        "enterprise-info --users --format json --keep x",
        "enterprise-info --users --format json '--output=x'",
        "whoami --",
    ],
)
def test_what_could_reach_the_host_is_forbidden(commander: httpx.Client, line: str) -> None:
    status, body = run(commander, line)
    assert (status, body["status"]) == (403, "error")
    assert body.keys() == {"status", "error"}


@pytest.mark.parametrize(
    "value", ["$HOME", "${x y}", "a -- b", "@all", "--lock --", "x\\", "#", "a;b", "`x`"]
)
def test_a_value_in_single_quotes_is_one_pattern(commander: httpx.Client, value: str) -> None:
    assert reported(commander, shlex.quote(value)) == []


def test_a_quoted_value_finds_whom_it_names(sandbox: Sandbox, commander: httpx.Client) -> None:
    person = next(one for one in sandbox.tenant.people if "'" in one.email)
    assert [row["email"] for row in reported(commander, shlex.quote(person.email))] == [person.email]


def test_no_quoting_stops_a_leading_dash(commander: httpx.Client) -> None:
    assert len(reported(commander, "'-v'")) == 300
    status, body = run(commander, "enterprise-info '--lock' --users --format json")
    assert status == 400
    assert body == {
        "command": "enterprise-info",
        "error": "unrecognized arguments: --lock",
        "status": "error",
    }


def test_an_entity_is_resolved_by_the_check_alone(commander: httpx.Client) -> None:
    # The check sees one quoted value, the command four words with the entities in them.
    status, body = run(commander, "enterprise-info &quot;x --bad y&quot; --users --format json")
    assert status == 400
    assert body["error"] == "unrecognized arguments: --bad y&quot;"
    status, body = run(commander, "enterprise-info &#39;x --users --format json")
    assert (status, body) == (400, {"error": "Invalid command syntax", "status": "error"})
    status, body = run(commander, "&#32;enterprise-info --users --format json")
    assert (status, body["error"]) == (400, "Invalid JSON response")


def test_a_backslash_escapes_for_the_command_and_not_for_the_check(commander: httpx.Client) -> None:
    status, body = run(commander, 'enterprise-info "x\\" --lock \\"y" --users --format json')
    assert (status, body["status"]) == (200, "success"), "for the command it is one value"
    status, body = run(commander, 'enterprise-info "x\\" --users --format json')
    assert (status, body) == (500, {"error": "Unexpected error: No closing quotation", "status": "error"})
    status, body = run(commander, "enterprise-info \\-- x --users --format json")
    assert status == 400, "the check sees no `--`; what follows it is no option any more"


@pytest.mark.parametrize("sign", ["\n", "\r", "\0"])
def test_a_line_break_is_an_error_of_the_command(commander: httpx.Client, sign: str) -> None:
    status, body = run(commander, f"enterprise-info 'a{sign}b' --users --format json")
    assert (status, body["command"], body["status"]) == (400, "enterprise-info", "error")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (" enterprise-info --users --format json", " enterprise-info --users"),
        ("enterprise-info\t--users --format json", "enterprise-info\t--users"),
        ('"enterprise-info" --users --format json', '"enterprise-info" --users'),
        ("enterprise-info --format json", "enterprise-info"),
        ("enterprise-info -h --format json", "enterprise-info -h"),
        ("enterprise-info --users '--format json'", "enterprise-info"),
    ],
)
def test_a_line_that_only_looks_like_a_report_gives_no_json(
    commander: httpx.Client, line: str, command: str
) -> None:
    answer = {"command": command, "data": None, "error": "Invalid JSON response", "status": "error"}
    assert run(commander, line) == (400, answer)


@pytest.mark.parametrize("form", ["--format 'json'", "'--format' json", "--format  json", "--form json"])
def test_json_that_the_line_does_not_spell_comes_as_lines_of_a_message(
    commander: httpx.Client, form: str
) -> None:
    status, body = run(commander, f"enterprise-info none-of-them --users {form}")
    assert (status, body["data"], body["message"]) == (200, None, "[]")
    status, body = run(commander, f"enterprise-info --teams --columns restricts {form}")
    assert (status, body["data"], body["message"][0]) == (200, None, "[")
    assert body["command"] == "enterprise-info"


@pytest.mark.parametrize("line", ["enterprise-info --users", "enterprise-info --users --format csv"])
def test_only_json_is_reported(commander: httpx.Client, line: str) -> None:
    status, body = run(commander, line)
    assert status == 400
    assert body["error"].startswith("argument --format: invalid choice")


def test_the_command_of_an_answer_ends_before_the_format(commander: httpx.Client) -> None:
    for line, command in (
        ("enterprise-info -r --format json -v", "enterprise-info -r"),
        ("enterprise-info -r --format=json", "enterprise-info -r"),
        ("enterprise-info --format json -r", "enterprise-info"),
    ):
        status, body = run(commander, line)
        assert (status, body["command"]) == (200, command)


@pytest.mark.parametrize(
    ("arguments", "status", "state"),
    [
        ("--bogus", 400, "error"),
        ("one two", 400, "error"),
        ("--format xml", 400, "error"),
        ("--node", 200, "success"),
        ("--n x", 200, "success"),
        ("a 'not found'", 500, "error"),
        ("a forbidden", 403, "error"),
        ("a duplicate", 409, "warning"),
        ("a added", 207, "partial_success"),
    ],
)
def test_a_status_follows_from_english_words(
    commander: httpx.Client, arguments: str, status: int, state: str
) -> None:
    given, body = run(commander, f"enterprise-info {arguments} --users")
    assert (given, body["status"]) == (status, state)
    assert isinstance(body["error" if state == "error" else "message"], str)


def test_options_may_be_shortened(commander: httpx.Client) -> None:
    _, short = run(commander, "enterprise-info --use --col name --format json")
    _, long = run(commander, "enterprise-info --users --columns name --format json")
    assert short["data"] == long["data"]


@pytest.mark.parametrize("line", ["enterprise-down x", "whoami --format json", "whoami -x"])
def test_other_commands_take_no_arguments(commander: httpx.Client, line: str) -> None:
    status, body = run(commander, line)
    assert status == 400
    assert body["error"].startswith("unrecognized arguments: ")
    assert run(commander, "enterprise-down -f")[0] == 200


def test_help_is_printed_in_the_answer_and_nowhere_else(
    commander: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    status, body = run(commander, "enterprise-info -h")
    assert (status, body["status"], body["data"]) == (200, "success", None)
    assert capfd.readouterr() == ("", "")
