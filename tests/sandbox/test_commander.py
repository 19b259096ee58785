"""The endpoints of Commander Service Mode; the bodies here are those recorded from the real one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]

SUBMIT = "/api/v2/executecommand-async"
QUEUED = (
    "Request queued successfully. Use /api/v2/status/<request_id> to check progress, "
    "/api/v2/result/<request_id> to get results, or /api/v2/queue/status for queue info."
)
DOWN = {
    "command": "enterprise-down",
    "data": None,
    "message": "Command executed successfully but produced no output",
    "status": "success",
}
NO_KEY = {"error": "Please provide a valid api key", "status": "error"}
NOT_PERMITTED = {"error": "Not permitted to perform this function", "status": "error"}
NOT_THERE = {"error": "Error: Request not found", "status": "error"}
TOO_MANY = {
    "error": "Service rate limit exceeded: 1 per 1 minute",
    "result_code": "rate_limited",
    "status": "error",
}
FULL = {"status": "error", "error": "Error: Request queue is full. Please try again later."}
EXPIRED = {"error": "Error: Request expired after waiting more than 300s in queue"}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def submit(client: httpx.Client, line: str = "enterprise-down") -> str:
    answer = client.post(SUBMIT, json={"command": line})
    assert answer.status_code == 202
    return str(answer.json()["request_id"])


def result(client: httpx.Client, key: str) -> tuple[int, Any]:
    answer = client.get(f"/api/v2/result/{key}")
    return answer.status_code, answer.json()


def pending(state: str) -> Json:
    return {"error": "Error: Request not completed yet", "status": state}


def test_health_needs_no_key(sandbox: Sandbox) -> None:
    with httpx.Client(base_url=sandbox.commander_url, trust_env=False) as stranger:
        answer = stranger.get("/health")
    assert (answer.status_code, answer.content) == (200, b'{"status":"ok"}\n')


def test_a_request_is_queued_then_pending_then_done(commander: httpx.Client) -> None:
    answer = commander.post(SUBMIT, json={"command": "enterprise-down"})
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    key = answer.json()["request_id"]
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key)
    assert answer.json() == {"message": QUEUED, "request_id": key, "status": "queued", "success": True}
    assert result(commander, key) == (202, pending("queued"))
    assert result(commander, key) == (200, DOWN)
    assert result(commander, key) == (200, DOWN), "a result stays"


def test_a_body_is_written_as_flask_writes_it(commander: httpx.Client) -> None:
    key = submit(commander)
    result(commander, key)
    done = commander.get(f"/api/v2/result/{key}")
    assert done.content == json.dumps(DOWN, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    users = commander.post(
        "/api/v1/executecommand", json={"command": "enterprise-info --users --format json"}
    )
    assert users.content.isascii()
    whole = json.dumps(users.json(), sort_keys=True, separators=(",", ":"))
    assert users.text == whole + "\n"


@pytest.mark.parametrize(
    ("looks", "seen"),
    [(0, []), (1, ["queued"]), (4, ["queued", "processing", "completed", "completed"])],
)
def test_so_many_looks_find_a_request_unfinished(
    connect_commander: Connect, looks: int, seen: list[str]
) -> None:
    with Sandbox(users=1, pending_looks=looks) as running:
        client = connect_commander(running)
        key = submit(client)
        assert [result(client, key) for _ in seen] == [(202, pending(state)) for state in seen]
        assert result(client, key) == (200, DOWN)


def test_the_status_of_a_request_carries_its_result(connect_commander: Connect) -> None:
    with Sandbox(users=1, pending_looks=2) as running:
        client = connect_commander(running)
        key = submit(client, "enterprise-info 'no & one' --users --format json")
        queued, started, done = (client.get(f"/api/v2/status/{key}").json() for _ in range(3))
    assert queued == {
        "command": "enterprise-info &#x27;no &amp; one&#x27; --users --format json",
        "completed_at": None,
        "created_at": queued["created_at"],
        "error_message": None,
        "request_id": key,
        "result": None,
        "started_at": None,
        "status": "queued",
        "status_code": None,
        "success": True,
        "temp_files": [],
    }
    assert (started["status"], started["result"]) == ("processing", None)
    assert (done["status"], done["status_code"], done["error_message"]) == ("completed", 200, None)
    assert done["result"] == {
        "command": "enterprise-info 'no & one' --users",
        "data": [],
        "status": "success",
    }
    for moment in ("created_at", "started_at", "completed_at"):
        assert datetime.fromisoformat(done[moment]).tzinfo is None, "a local time that doesn't say of where"


def test_a_command_that_fails_is_completed_and_its_result_has_its_status(commander: httpx.Client) -> None:
    key = submit(commander, "enterprise-info --users --node nope -q --format json")
    commander.get(f"/api/v2/status/{key}")
    status = commander.get(f"/api/v2/status/{key}")
    assert (status.status_code, status.json()["status"]) == (200, "completed")
    assert status.json()["status_code"] == 500
    failed = {"command": "enterprise-info", "error": 'Node "nope" not found', "status": "error"}
    assert result(commander, key) == (500, failed)


def test_the_queue_tells_what_waits_and_what_is_done(connect_commander: Connect) -> None:
    with Sandbox(users=1, pending_looks=2) as running:
        client = connect_commander(running)

        def queue() -> Json:
            return dict(client.get("/api/v2/queue/status").json())

        empty = {
            "active_requests": 0,
            "completed_requests": 0,
            "currently_processing": None,
            "queue_size": 0,
            "success": True,
            "worker_running": True,
        }
        assert queue() == empty
        key, _ = submit(client), submit(client)
        assert queue() == {**empty, "active_requests": 2, "queue_size": 2}
        result(client, key)
        result(client, key)
        assert queue() == {**empty, "active_requests": 2, "queue_size": 1, "currently_processing": key}
        result(client, key)
        assert queue() == {**empty, "active_requests": 1, "queue_size": 1, "completed_requests": 1}


def test_the_old_api_answers_at_once_and_says_that_it_is_old(commander: httpx.Client) -> None:
    answer = commander.post("/api/v1/executecommand", json={"command": "enterprise-down"})
    assert (answer.status_code, answer.json()) == (200, DOWN)
    refused = (
        commander.post("/api/v1/executecommand", json={"command": "enterprise-role x"}),
        commander.post("/api/v1/executecommand", json={"command": "whoami"}, headers={"api-key": "x"}),
    )
    assert [one.status_code for one in refused] == [403, 401]
    assert {one.headers.get("X-API-Legacy") for one in (answer, *refused)} == {"true"}
    assert "X-API-Legacy" not in commander.post(SUBMIT, json={"command": "whoami"}).headers


def test_whoami_names_the_first_of_the_people(sandbox: Sandbox, commander: httpx.Client) -> None:
    answer = commander.post("/api/v1/executecommand", json={"command": "whoami"})
    data = {
        "data_center": "US",
        "logged_in": True,
        "server": "keepersecurity.com",
        "user": sandbox.tenant.people[0].email,
    }
    assert answer.json() == {"command": "whoami", "data": data, "status": "success"}


@pytest.mark.parametrize("key", [None, "", "wrong", "{}x", "é"])
def test_without_the_key_nothing_is_told(sandbox: Sandbox, key: str | None) -> None:
    given = [] if key is None else [(b"api-key", key.format(sandbox.api_key).encode())]
    with httpx.Client(base_url=sandbox.commander_url, headers=given, trust_env=False) as stranger:
        answers = [
            stranger.post(SUBMIT, json={"command": "whoami"}),
            stranger.post("/api/v1/executecommand", content=b"{"),
            stranger.get("/api/v2/status/x"),
            stranger.get("/api/v2/result/x"),
            stranger.get("/api/v2/queue/status"),
        ]
    assert [(one.status_code, one.json()) for one in answers] == [(401, NO_KEY)] * 5


def test_the_token_of_scim_is_no_key(sandbox: Sandbox) -> None:
    headers = {"api-key": sandbox.token, "Authorization": f"Bearer {sandbox.token}"}
    with httpx.Client(base_url=sandbox.commander_url, headers=headers, trust_env=False) as stranger:
        assert stranger.get("/api/v2/queue/status").status_code == 401
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        assert stranger.get(f"{sandbox.base_url}/Users", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "Invalid JSON format"),
        (b"{", 400, "Invalid JSON format"),
        (b"\xff", 400, "Invalid JSON format"),
        (b"[" * 100_000, 400, "Invalid JSON format"),
        (b"{}", 400, "Invalid or empty JSON"),
        (b"null", 400, "Invalid or empty JSON"),
        (b"[1]", 403, "Access denied"),
        (b'{"line": "whoami"}', 400, 'Missing required field "command"'),
        (b'{"command": null}', 400, 'Missing required field "command"'),
        (b'{"command": 7}', 400, "Command must be a string"),
        (b'{"command": ""}', 400, "Command must not be empty"),
        (b'{"command": " "}', 400, "Command must not be empty"),
        (b'{"command": "whoami \'"}', 400, "Invalid command syntax"),
        (b'{"command": "whoami ' + b"x" * 4090 + b'"}', 400, "Command length exceeded"),
        (b'{"command": "transfer-user a@acme.example -f"}', 403, NOT_PERMITTED["error"]),
        (b'{"command": "ei --users"}', 403, NOT_PERMITTED["error"]),
        (b'{"command": "Enterprise-Info --users"}', 403, NOT_PERMITTED["error"]),
    ],
)
@pytest.mark.parametrize("path", [SUBMIT, "/api/v1/executecommand"])
def test_a_request_that_cannot_run_is_refused_on_the_spot(
    commander: httpx.Client, path: str, body: bytes, status: int, error: str
) -> None:
    answer = commander.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (status, {"error": error, "status": "error"})


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 202),
        ("APPLICATION/JSON", 202),
        ("application/scim+json", 202),
        ("text/json", 400),
        ("", 400),
    ],
)
def test_a_body_must_be_called_json(commander: httpx.Client, content_type: str, status: int) -> None:
    headers = {"Content-Type": content_type}
    answer = commander.post(SUBMIT, content=b'{"command": "whoami"}', headers=headers)
    assert answer.status_code == status
    if status == 400:
        assert answer.json() == {"error": "Content-Type must be application/json", "status": "error"}


def test_an_unknown_request_is_404_in_json_and_an_unknown_path_in_html(commander: httpx.Client) -> None:
    for kind in ("status", "result"):
        answer = commander.get(f"/api/v2/{kind}/3c979fa5-fb6c-43e3-9431-6232994c9438")
        assert (answer.status_code, answer.json()) == (404, NOT_THERE)
    for path in ("/", "/api/v2/executecommand", "/api/v3/queue/status"):
        answer = commander.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    assert commander.get(SUBMIT).status_code == 405


def test_each_endpoint_has_a_budget_of_its_own_that_strangers_spend_too(connect_commander: Connect) -> None:
    clock = Clock()
    with Sandbox(users=1, rate=1, clock=clock) as running:
        client = connect_commander(running)
        key = submit(client)
        assert result(client, key) == (202, pending("queued"))
        refused = client.get("/api/v2/result/another")
        assert (refused.status_code, refused.json()) == (429, TOO_MANY)
        assert "Retry-After" not in refused.headers
        assert client.get("/api/v2/queue/status", headers={"api-key": "wrong"}).status_code == 401
        assert client.get("/api/v2/queue/status").status_code == 429
        assert client.post("/api/v1/executecommand", json={"command": "whoami"}).status_code == 200
        legacy = client.post("/api/v1/executecommand", json={"command": "whoami"})
        assert (legacy.status_code, legacy.headers["X-API-Legacy"]) == (429, "true")
        assert {client.get("/health").status_code for _ in range(3)} == {200}
        clock.now += 60
        assert result(client, key) == (200, DOWN)


def test_a_hundred_requests_wait_and_expire_after_five_minutes(connect_commander: Connect) -> None:
    clock = Clock()
    with Sandbox(users=1, clock=clock) as running:
        client = connect_commander(running)
        keys = [submit(client) for _ in range(100)]
        refused = client.post(SUBMIT, json={"command": "whoami"})
        assert (refused.status_code, refused.json()) == (503, FULL)
        legacy = client.post("/api/v1/executecommand", json={"command": "whoami"})
        assert (legacy.status_code, legacy.json(), legacy.headers["X-API-Legacy"]) == (503, FULL, "true")
        clock.now += 300
        assert result(client, keys[0]) == (202, pending("queued"))
        clock.now += 1
        assert result(client, keys[0]) == (504, EXPIRED)
        status = client.get(f"/api/v2/status/{keys[1]}").json()
        assert (status["status"], status["status_code"], status["result"]) == ("expired", None, None)
        assert status["error_message"] == EXPIRED["error"]
        submit(client)


def test_a_result_is_kept_for_an_hour(connect_commander: Connect) -> None:
    clock = Clock()
    with Sandbox(users=1, pending_looks=0, clock=clock) as running:
        client = connect_commander(running)
        key = submit(client)
        assert result(client, key) == (200, DOWN)
        clock.now += 3600
        assert result(client, key) == (200, DOWN)
        clock.now += 1
        assert result(client, key) == (404, NOT_THERE)


def test_no_more_than_two_hundred_results_are_kept(connect_commander: Connect) -> None:
    with Sandbox(users=1, pending_looks=0) as running:
        client = connect_commander(running)
        keys = [submit(client) for _ in range(2)]
        assert [result(client, key) for key in keys] == [(200, DOWN)] * 2
        for _ in range(199):
            client.post("/api/v1/executecommand", json={"command": "whoami"})
        assert [result(client, key)[0] for key in keys] == [404, 200]
