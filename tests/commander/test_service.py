"""What the harness promises, and how the vendor's real Commander service answers, refuses and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.sandbox.tenant import Tenant, build_tenant
from tests.commander.asking import (
    SUBMIT,
    TENANT,
    USERS,
    V1,
    ask,
    client_of,
    found_emails,
    result,
    rows,
    submit,
)
from tests.commander.service import Commander, running

ENCRYPTION_KEY = "0123456789abcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        ("enterprise-user 'x' --format json", 400, "unrecognized arguments: --format json"),
        ("enterprise-user 'nobody@example.org'", 500, "enterprise-user: No such user(s)"),
        ("enterprise-info --users --format json --node 'nope'", 500, 'Node "nope" not found'),
        ("enterprise-info 'a\nb' --users --format json", 400, "control characters are not allowed"),
        ("enterprise-info '${HOME}' --users --format json", 403, "'${VARNAME}'"),
        ("enterprise-info 'commander service mode' --users", 403, "configuration records"),
        ("enterprise-info --users --format json --output x.json", 403, "Local filesystem access"),
    ],
)
def test_what_is_refused_when_it_is_executed(
    client: httpx.Client, command: str, status: int, error: str
) -> None:
    answer = ask(client, command)
    assert (answer.status_code, answer.json()["status"]) == (status, "error")
    assert error in answer.json()["error"]


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        ("tree", 403, "Not permitted to perform this function"),
        ("ei --users", 403, "Not permitted to perform this function"),  # the list knows no aliases
        ("enterprise-info '", 400, "Invalid command syntax"),
        ("enterprise-info 'x&apos;'", 400, "Invalid command syntax"),
        ("enterprise-info " + "x" * 4_081, 400, "Command length exceeded"),
        ("", 400, "Command must not be empty"),
        (None, 400, 'Missing required field "command"'),
    ],
)
def test_what_is_refused_when_it_is_submitted(
    service: Commander, client: httpx.Client, command: str | None, status: int, error: str
) -> None:
    before = service.commands()
    answer = client.post(SUBMIT, json={"command": command})
    assert answer.status_code == status, answer.text
    assert answer.json() == {"status": "error", "error": error}
    assert service.commands() == before


def test_who_am_i(client: httpx.Client) -> None:
    answer = ask(client, "whoami")
    assert answer.status_code == 200
    assert answer.json()["command"] == "whoami"
    assert (
        answer.json()["data"].items()
        >= {
            "user": TENANT.people[0].email,
            "server": "keepersecurity.com",
            "data_center": "US",
            "logged_in": True,
        }.items()
    )


@pytest.mark.parametrize("key", ["wrong", None])
def test_a_wrong_key_is_refused(service: Commander, key: str | None) -> None:
    with httpx.Client(base_url=service.base_url, headers={"api-key": key} if key else {}) as client:
        assert client.get("/health").json() == {"status": "ok"}
        for answer in (
            client.post(SUBMIT, json={"command": "whoami"}),
            client.get("/api/v2/result/any"),
            client.post(V1, json={"command": "whoami"}),
        ):
            assert answer.status_code == 401
            assert answer.json() == {"status": "error", "error": "Please provide a valid api key"}


def test_a_request_that_there_is_not(client: httpx.Client) -> None:
    for path in ("result", "status"):
        answer = client.get(f"/api/v2/{path}/3c979fa5-fb6c-43e3-9431-6232994c9438")
        assert answer.status_code == 404
        assert answer.json() == {"status": "error", "error": "Error: Request not found"}


def test_a_result_is_pending_until_its_turn_has_come(client: httpx.Client) -> None:
    requests = [submit(client, "enterprise-down -f") for _ in range(20)]
    answer = client.get(f"/api/v2/result/{requests[-1]}")
    assert answer.status_code == 202
    assert answer.json()["error"] == "Error: Request not completed yet"
    assert answer.json()["status"] == "queued"
    assert {result(client, one).status_code for one in requests} == {200}


def test_status_repeats_the_result_and_the_command_escaped(client: httpx.Client) -> None:
    request_id = submit(client, "enterprise-info '<R&D>' --users --format json")
    assert result(client, request_id).json()["data"] == []
    status = client.get(f"/api/v2/status/{request_id}").json()
    assert (status["status"], status["status_code"]) == ("completed", 200)
    assert status["result"]["data"] == []
    assert status["command"] == "enterprise-info &#x27;&lt;R&amp;D&gt;&#x27; --users --format json"


def test_v1_answers_at_once_beside_the_queue(client: httpx.Client) -> None:
    answer = client.post(V1, json={"command": "enterprise-info --nodes --format json"})
    assert (answer.status_code, answer.headers["x-api-legacy"]) == (200, "true")
    assert {row["name"] for row in answer.json()["data"]} == {node.name for node in TENANT.nodes}


def test_a_change_shows_after_enterprise_down(service: Commander, client: httpx.Client) -> None:
    gone, renamed = TENANT.people[5], TENANT.people[6]
    changed: Tenant = replace(
        TENANT,
        people=tuple(
            replace(person, display="Renamed Ω", given="Renamed") if person == renamed else person
            for person in TENANT.people
            if person != gone
        ),
    )
    service.change(changed)
    try:
        assert found_emails(client, f"'{gone.email}'") == {gone.email}
        answer = ask(client, "enterprise-down")
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "success",
            "command": "enterprise-down",
            "message": "Command executed successfully but produced no output",
            "data": None,
        }
        assert found_emails(client, f"'{gone.email}'") == set()
        (row,) = rows(client, f"enterprise-info '{renamed.id}' {USERS}")
        assert row["name"] == "Renamed Ω"
    finally:
        service.change(TENANT)
        ask(client, "enterprise-down")
    assert len(rows(client, f"enterprise-info {USERS}")) == len(TENANT.people)


def test_executed_commands_are_told_in_order(service: Commander, client: httpx.Client) -> None:
    before = len(service.commands())
    asked = ["whoami", "enterprise-info 'Ω é' --users --format json", "enterprise-down"]
    for command in asked:
        ask(client, command)
    assert service.commands()[before:] == asked


def test_the_rate_is_counted_for_each_endpoint_and_not_for_health() -> None:
    with running(build_tenant(3, seed=1), rate="3/minute") as limited, client_of(limited) as client:
        for path in ("/api/v2/queue/status", "/api/v2/status/x"):
            codes = [client.get(path).status_code for _ in range(3)]
            answer = client.get(path)
            assert 429 not in codes
            assert answer.status_code == 429
            assert answer.json() == {
                "status": "error",
                "error": "Service rate limit exceeded: 3 per 1 minute",
                "result_code": "rate_limited",
            }
            assert "retry-after" not in answer.headers
        assert {client.get("/health").status_code for _ in range(9)} == {200}


def test_an_address_may_be_kept_out() -> None:
    with running(build_tenant(3, seed=1), denied_ips="127.0.0.0/8") as closed, client_of(closed) as client:
        answer = client.post(SUBMIT, json={"command": "whoami"})
        assert answer.status_code == 403
        assert answer.json() == {"status": "error", "error": "IP is not allowed to call API service"}


def test_with_a_key_results_are_bytes() -> None:
    with running(TENANT, encryption_key=ENCRYPTION_KEY) as sealed, client_of(sealed) as client:
        request_id = submit(client, f"enterprise-info {USERS}")
        answer = result(client, request_id)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        clear = AESGCM(ENCRYPTION_KEY.encode()).decrypt(answer.content[:12], answer.content[12:], None)
        assert len(json.loads(clear)["data"]) == len(TENANT.people)
        status = client.get(f"/api/v2/status/{request_id}").json()
        assert status["result"] == {"encrypted": True, "type": "bytes"}
        assert client.get("/api/v2/result/x").json()["error"] == "Error: Request not found"


def test_without_the_queue_there_is_v1_only() -> None:
    with running(TENANT, queue=False, allowed_commands="whoami") as old, client_of(old) as client:
        answer = client.post(V1, json={"command": "whoami"})
        assert (answer.status_code, answer.headers["x-api-legacy"]) == (200, "true")
        assert answer.json()["data"]["user"] == TENANT.people[0].email
        assert client.post(V1, json={"command": f"enterprise-info {USERS}"}).status_code == 403
        assert client.post(SUBMIT, json={"command": "whoami"}).status_code == 404
        pid = old.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_the_double_cannot_answer_is_an_error_at_the_end() -> None:
    def expire() -> None:
        active = next(person for person in TENANT.people[1:] if not (person.invited or person.locked))
        with running(TENANT) as service, client_of(service) as client:
            ask(client, f"enterprise-user '{active.email}' --expire -f")

    with pytest.raises(AssertionError, match="set_master_password_expire"):
        expire()


def test_a_service_that_does_not_come_up_tells_why() -> None:
    with (
        pytest.raises(RuntimeError, match="Encryption key must be 32 characters long"),
        running(TENANT, encryption_key="short"),
    ):
        pass


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 9), 1)",
        "socket.getaddrinfo('example.org', 443)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
        "socket.socket().bind(('0.0.0.0', 0))",
        "subprocess.run(['true'])",
    ],
)
def test_nothing_leaves_the_process(attempt: str, tmp_path: Path) -> None:
    notes = tmp_path / "refused"
    program = (
        "import pathlib, socket, subprocess\n"
        "from tests.commander.child import Refused, forbid_dialling, forbid_programs\n"
        f"notes = pathlib.Path({str(notes)!r})\n"
        "forbid_dialling(notes), forbid_programs(notes)\n"
        f"try: {attempt}\n"
        "except Refused: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "refused\n"
    assert len(notes.read_text().splitlines()) == 1
