"""The proxy over the vendor's real Commander service: commands word by word, its own calls, its own records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import ConnectorError, Forbidden, InvalidRequest, VendorFailure, VendorNotFound
from tests.commander.asking import TENANT
from tests.commander.opening import Opened, opened
from tests.commander.service import Commander, running


@pytest.fixture
def asked(service: Commander) -> Iterator[Opened]:
    with opened(service.base_url, service.api_key) as found:
        yield found


def names(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [row["name"] for row in answer["data"]]


def test_commands_are_answered_in_json(asked: Opened) -> None:
    command = asked.directory.command
    assert command("commander", ["whoami"])["data"]["logged_in"] is True
    assert command("commander", ["enterprise-down"])["status"] == "success"
    nodes = command("commander", ["enterprise-info", "--nodes", "--format", "json"])
    assert nodes["command"] == "enterprise-info --nodes"
    assert sorted(names(nodes)) == sorted(node.name for node in TENANT.nodes)


@pytest.mark.parametrize("form", [["--format", "json"], ["--format=json"]])
def test_the_service_reads_the_words_that_were_given(
    service: Commander, asked: Opened, form: list[str]
) -> None:
    person = next(one for one in TENANT.people if "'" in one.email)
    words = ["enterprise-info", person.email, "--users", "-v", "--columns", "name,status", *form]
    found = asked.directory.command("commander", words)
    assert [row["user_id"] for row in found["data"]] == [int(person.id)]
    assert service.commands()[-1].startswith("enterprise-info '")
    role = TENANT.roles[-1]
    limited = ["enterprise-info", "--roles", "--node", role.node.name, *form]
    assert role.name in names(asked.directory.command("commander", limited))


def test_what_the_vendor_says_is_wrong_is_an_error(asked: Opened) -> None:
    with pytest.raises(VendorNotFound) as told:
        asked.directory.command(
            "commander", ["enterprise-info", "--users", "--node", "Nowhere", "--format", "json"]
        )
    assert "not found" in told.value.message


@pytest.mark.parametrize(
    "words",
    [
        ["enterprise-user", "x", "--lock"], ["eu", "x", "--lock"], ["enterprise-user", "x"], ["ei", "--users"],
        ["enterprise-info", "--users", "--output", "x"], ["enterprise-info", "--use"], ["enterprise-info", "@all"],
        ["enterprise-info", "--format", "pdf"], ["enterprise-info --users"], ["enterprise-info", "x", "--lock"],
        ["list"], ["get", "x"], ["share-record", "x"], ["whoami", ";", "enterprise-user", "x", "--lock"],
    ],
)  # fmt: skip
def test_nothing_else_reaches_the_service(service: Commander, asked: Opened, words: list[str]) -> None:
    before = service.commands()
    with pytest.raises(InvalidRequest):
        asked.directory.command("commander", words)
    assert asked.sent == []
    assert service.commands() == before


def test_a_command_that_the_key_may_not_run_is_forbidden() -> None:
    with (
        running(TENANT, allowed_commands="whoami") as commander,
        opened(commander.base_url, commander.api_key) as asked,
    ):
        with pytest.raises(Forbidden):
            asked.directory.command("commander", ["enterprise-info", "--nodes", "--format", "json"])
        assert asked.directory.command("commander", ["whoami"])["status"] == "success"


def test_commands_pass_without_a_queue_too() -> None:
    with (
        running(TENANT, queue=False) as commander,
        opened(commander.base_url, commander.api_key, settings={"commander.version": "v1"}) as asked,
    ):
        found = asked.directory.command("commander", ["enterprise-info", "--teams", "--format", "json"])
        assert len(found["data"]) == len(TENANT.teams) + len(TENANT.queued_teams)


def test_its_own_calls(asked: Opened) -> None:
    health = asked.directory.proxy("GET", "commander/health")
    assert (health.status, health.body.strip()) == (200, b'{"status":"ok"}')
    queue = asked.directory.proxy("GET", "commander/api/v2/queue/status")
    assert (queue.status, b"queue_size" in queue.body) == (200, True)
    for target in (
        "api/v2/executecommand-async",
        "api/v1/executecommand",
        "api/v2/result/1",
        "health/",
        "Health",
    ):
        for method in ("GET", "POST"):
            with pytest.raises(InvalidRequest):
                asked.directory.proxy(
                    method, f"commander/{target}", body=b'{"command":"enterprise-user x --lock"}'
                )


def test_an_answer_of_refusal_is_the_answer(service: Commander) -> None:
    with opened(service.base_url, "another-key-that-is-wrong") as asked:
        answer = asked.directory.proxy("GET", "commander/api/v2/queue/status")
        assert answer.status == 401
        assert b"api key" in answer.body
        with pytest.raises(ConnectorError) as told:
            asked.directory.command("commander", ["whoami"])
        assert isinstance(told.value, VendorFailure)


def test_roles_and_nodes_as_they_are(asked: Opened) -> None:
    pages = list(asked.directory.pages("commander.roles", limit=2))
    rows = [row for page in pages for row in page.rows]
    assert {row["role_id"]: row["name"] for row in rows} == {int(role.id): role.name for role in TENANT.roles}
    assert pages[-1].completeness.verdict == "complete"
    assert [page.warnings for page in pages] == [[]] * len(pages)
    assert {"users", "teams", "admin", "default_role"} <= set(rows[0])
    role = TENANT.roles[0]
    assert asked.directory.get("commander.roles", role.id).row["name"] == role.name
    nodes = list(asked.directory.iterate("commander.nodes"))
    assert {row["node_id"] for row in nodes} == {int(node.id) for node in TENANT.nodes}
    with pytest.raises(VendorNotFound):
        asked.directory.get("commander.nodes", "404")


def test_a_user_as_it_is(asked: Opened) -> None:
    person = TENANT.people[3]
    row = asked.directory.get("commander.users", person.id).row
    assert (row["user_id"], row["email"]) == (int(person.id), person.email)
    lines = [line for line in asked.lines() if "enterprise-info" in line]
    assert (
        "name,status,transfer_status,node,team_count,teams,role_count,roles,alias,2fa_enabled,job_title"
        in lines[0]
    )
