from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.sandbox import Sandbox, access_to
from tests.calling.listening import listening
from tests.cli.conftest import Command

NODES = ["enterprise-info", "--nodes", "--format", "json"]


@pytest.fixture(scope="module")
def whole(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A home with one account of both APIs."""
    command = Command(tmp_path_factory.mktemp("whole"))
    access = access_to(sandbox, ("scim", "commander"))
    words = [
        *(word for name, value in access.settings.items() for word in ("--set", f"{name}={value}")),
        *(word for name, value in access.base_urls.items() for word in ("--base-url", f"{name}={value}")),
        *(word for network in access.allow_networks for word in ("--allow-network", network)),
        *("--secret", "scim.token=@env:TOKEN", "--secret", "commander.api_key=@env:KEY"),
    ]
    given = command.given(TOKEN=sandbox.token, KEY=sandbox.api_key)
    done = given("connect", "keeper", "--name", "whole", "--no-check", *words)
    assert done.returncode == 0, done.stderr
    return command


def test_a_call_is_printed_as_it_came(whole: Command) -> None:
    done = whole("proxy", "GET", "scim/ServiceProviderConfig")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schemas"] == [
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
    ]
    assert done.stderr == ""


def test_status_and_headers_go_to_standard_error(whole: Command, sandbox: Sandbox) -> None:
    done = whole(
        "proxy", "GET", "scim/Users?startIndex=2&count=1", "--include", "-H", "Accept: application/scim+json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["startIndex"] == 2
    status, *headers = done.stderr.splitlines()
    assert status == "200 OK"
    assert "content-type: application/scim+json" in headers
    assert sandbox.token not in done.stdout + done.stderr


def test_another_status_is_printed_and_ends_with_1(whole: Command) -> None:
    done = whole("proxy", "GET", "scim/Users/404", "--account", "whole")
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "404"
    assert done.stderr == "the vendor answered 404 Not Found\n"
    included = whole("proxy", "GET", "scim/Users/404", "-i")
    assert (included.returncode, included.stdout) == (1, done.stdout)
    assert included.stderr.startswith("404 Not Found\n")


def test_a_command(whole: Command) -> None:
    done = whole("proxy", "commander", "--", *NODES)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["command"] == "enterprise-info --nodes"
    assert done.stdout.endswith("\n")
    found = whole(
        "proxy",
        "--account",
        "whole",
        "commander",
        "--",
        "enterprise-info",
        "--roles",
        "Developers",
        "--format=json",
    )
    assert [row["name"] for row in json.loads(found.stdout)["data"]] == ["Developers"]


REFUSED = [
    (["DELETE", "scim/Users/1"], 1, "DELETE scim/Users/1 does not pass the proxy; what passes: GET /Users/**"),
    (["POST", "commander/api/v2/executecommand-async", "--data", "{}"], 1, "does not pass the proxy"),
    (["get", "scim/Users"], 1, "methods are written GET"),
    (["GET", "scim/Users/../x"], 1, "is a dot segment"),
    (["GET", "scim/%2e%2e/x"], 1, "is a dot segment"),
    (["GET", "//host/x"], 1, "begins with the api's name"),
    (["GET", "https://host/x"], 1, "begins with the api's name"),
    (["GET", "partner/create-license"], 1, "'partner' is not connected here; this account has: scim, commander"),
    (["GET", "scim/Users", "--header", "Authorization: Bearer x"], 1, "the header Authorization is not passed on"),
    (["GET", "commander/health", "-H", "API-KEY: x"], 1, "the header API-KEY is not passed on"),
    (["GET", "scim/Users", "-H", "X-A: a\r\nX-B: b"], 1, "has a character that may not stand there"),
    (["GET", "scim/Users", "-H", "X-A"], 2, "write 'Name: value'"),
    (["GET", "scim/Users", "-H", ": x"], 2, "write 'Name: value'"),
    (["GET", "scim/Users", "-H", "X-A: a", "-H", "x-a: b"], 2, "x-a is given twice"),
    (["GET", "scim/Users", "--data", "@not-there"], 2, "the file not-there can't be read"),
    (["GET"], 2, "a path is missing, or -- and the words of a command"),
    ([], 2, "METHOD"),
    (["commander", "--"], 1, "the command '' does not pass the proxy; those that do: whoami"),
    (["commander", "--", "enterprise-user", "x", "--lock"], 1, "the command 'enterprise-user' does not pass the proxy"),
    (["commander", "--", "eu", "x", "--lock"], 1, "the command 'eu' does not pass"),
    (["commander", "--", "enterprise-info", "--output", "x"], 1, "the option '--output' does not pass"),
    (["commander", "--", "enterprise-info", "--format", "pdf"], 1, "allowed: json"),
    (["commander", "--", " ".join(NODES)], 1, "does not pass"),
    (["commander", "--", *NODES, "--", "--lock"], 1, "the option '--' does not pass"),
    (["scim", "--", "whoami"], 1, "those that do: none"),
    (["GET", "commander/health", "--", "whoami"], 2, "behind an api's name stand -- and its words, nothing else"),
    (["commander", "--include", "--", "whoami"], 2, "nothing else"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "told"), REFUSED, ids=[" ".join(row[0])[:40] or "none" for row in REFUSED]
)
def test_what_does_not_pass_is_told(whole: Command, words: list[str], code: int, told: str) -> None:
    done = whole("proxy", *words)
    assert done.returncode == code, done.stderr
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""


def test_help_teaches(connector: Command) -> None:
    told = " ".join(connector("proxy", "--help").stdout.split())
    assert "Usage: connector proxy [OPTIONS] METHOD API/PATH | API -- WORD..." in told
    assert "connector proxy commander -- enterprise-info --nodes --format json" in told
    assert "connector check CONNECTOR shows it" in told


def test_check_prints_what_passes(connector: Command) -> None:
    lines = [line.strip() for line in connector("check", "keeper").stdout.splitlines()]
    assert "proxy to commander: GET /health, GET /api/v2/queue/status" in lines
    assert "proxy to commander: whoami" in lines
    assert any(line.startswith("proxy to commander: enterprise-info pattern -n --nodes") for line in lines)
    assert any(line.startswith("proxy to scim: GET /Users/**, ") for line in lines)
    assert not any(line.startswith("proxy to partner") for line in lines)


BYTES = bytes(range(256))


def test_bytes_are_untouched_both_ways(connector: Command, tmp_path: Path) -> None:
    body = tmp_path / "body.bin"
    body.write_bytes(BYTES)
    with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n" + BYTES) as far:
        connect(connector, far.url)
        done = connector.raw("proxy", "GET", "main/x?q=%2F", "--data", f"@{body}", "-H", "Content-Type: x/y")
        assert done.returncode == 0, done.stderr
        assert done.stdout == BYTES
        line, headers, sent = far.last()
        assert line == "GET /v2/x?q=%2F HTTP/1.1"
        assert sent == BYTES
        assert headers["Authorization"] == "Bearer token-of-the-far-end"
        assert headers["Content-Type"] == "x/y"
        connector.raw("proxy", "GET", "main/x", "--data", "@-", stdin=b"\0\xff\n")
        assert far.last()[2] == b"\0\xff\n"
        connector.raw("proxy", "GET", "main/x", "--data", "héé")
        assert far.last()[2] == "héé".encode()


def test_a_terminal_obeys_nothing_of_a_body(connector: Command) -> None:
    body = b"a\x1b[31mred\nb\xff"
    with listening(
        f"HTTP/1.1 200 OK\r\nX-A: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    ) as far:
        connect(connector, far.url)
        code, shown = connector.on_terminal("proxy", "GET", "main/x")
    assert code == 0
    assert "a\\x1b[31mred\nb\\xff\n" in shown


def test_a_redirect_is_an_answer_and_no_answer_is_an_error(connector: Command) -> None:
    with listening(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    ) as far:
        connect(connector, far.url)
        done = connector("proxy", "GET", "main/x", "--include")
        assert (done.returncode, len(far.requests)) == (1, 1)
        assert done.stderr == "302 Found\nlocation: http://127.0.0.1:1/\ncontent-length: 0\n"
    gone = connector("proxy", "GET", "main/x")
    assert gone.returncode == 4
    assert "error: " in gone.stderr


def connect(connector: Command, url: str) -> None:
    done = connector.given(TOKEN="token-of-the-far-end")(
        "connect", "scim", "--set", f"base_url={url}/v2", "--secret", "token=@env:TOKEN",
        "--allow-network", "127.0.0.1", "--no-check",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# -- the vendor's own records --------------------------------------------------------------------------------------


def test_the_vendor_s_own_records_are_listed_and_got(whole: Command) -> None:
    done = whole("list", "commander.roles")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"role_id", "name", "users", "managed_nodes_permissions"} <= set(rows[0])
    assert f"{len(rows)} commander.roles · complete" in done.stderr
    one = whole("get", "commander.roles", str(rows[0]["role_id"]))
    assert json.loads(one.stdout)["result"] == rows[0]
    assert whole("get", "commander.roles", "404").returncode == 1


def test_they_are_paged_as_everything_is(whole: Command) -> None:
    done = whole("list", "scim.users", "--limit", "7")
    first = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    (following,) = [line for line in done.stderr.splitlines() if line.startswith("next: ")]
    words = following.split()
    assert words[1:4] == ["connector", "list", "scim.users"]
    again = whole(*words[2:])
    assert len({*first, *(json.loads(line)["id"] for line in again.stdout.splitlines())}) == 14
    every = whole("list", "commander.users", "--all")
    assert every.returncode == 0, every.stderr
    assert len(every.stdout.splitlines()) > 1_000
    envelope = whole("list", "commander.nodes", "-o", "json")
    assert json.loads(envelope.stdout)["completeness"]["verdict"] == "complete"


def test_a_terminal_shows_them_as_a_table(whole: Command) -> None:
    code, shown = whole.on_terminal("list", "commander.nodes", columns=80)
    assert code == 0, shown
    assert "node_id" in shown
    assert "hidden: " in shown
    code, shown = whole.on_terminal("get", "commander.nodes", _first_node(whole), columns=80)
    assert code == 0, shown
    assert "user_count" in shown


def _first_node(whole: Command) -> str:
    return str(json.loads(whole("list", "commander.nodes", "--limit", "1").stdout.splitlines()[0])["node_id"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["commander.rols"], 1, "did you mean commander.roles?"),
        (["commander.roles", "--filter", "name=x"], 1, "it takes no filters"),
        (["commander.roles", "--sort", "name"], 1, "it takes no sort_by"),
        (["commander.roles", "--include", "groups"], 1, "it takes no include"),
        (["commander.roles", "-o", "csv"], 2, "the vendor's own records have no fixed columns"),
        (["partner.licenses"], 1, "has no resource 'partner.licenses' that can be read"),
    ],
)
def test_what_can_not_be_asked_of_them(whole: Command, words: list[str], code: int, told: str) -> None:
    done = whole("list", *words)
    assert done.returncode == code
    assert told in " ".join(done.stderr.replace("│", " ").split())
