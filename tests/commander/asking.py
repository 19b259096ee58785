"""Questions to the real service, and the made-up tenant that they are about.

Nothing here sleeps without a bound, and nothing looks at the service but over HTTP.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import httpx

from connector.sandbox.tenant import build_tenant
from tests.commander.service import Commander

__all__ = [
    "DASHED",
    "SUBMIT",
    "TEAMS",
    "TENANT",
    "USERS",
    "V1",
    "ask",
    "client_of",
    "found_emails",
    "result",
    "rows",
    "submit",
]

USERS = (
    "--users --format json -v --columns "
    "name,status,transfer_status,node,team_count,teams,role_count,roles,alias,2fa_enabled,job_title"
)
TEAMS = (
    "--teams --format json -v --columns "
    "restricts,node,user_count,users,queued_user_count,queued_users,role_count,roles"
)
SUBMIT = "/api/v2/executecommand-async"
V1 = "/api/v1/executecommand"
_BUILT = build_tenant(300, seed=7, nodes=3)
# Base64url may begin with a dash, and then an argument looks like an option.
DASHED = replace(_BUILT.teams[0], uid="-AAAAAAAAAAAAAAAAAAAAA", name="Dashed")
TENANT = replace(_BUILT, teams=(*_BUILT.teams, DASHED))


def client_of(service: Commander) -> httpx.Client:
    return httpx.Client(base_url=service.base_url, headers={"api-key": service.api_key}, timeout=60)


def submit(client: httpx.Client, command: str) -> str:
    answer = client.post(SUBMIT, json={"command": command})
    assert answer.status_code == 202, answer.text
    request_id: str = answer.json()["request_id"]
    return request_id


def result(client: httpx.Client, request_id: str) -> httpx.Response:
    pause = threading.Event()
    for _ in range(2_000):
        answer = client.get(f"/api/v2/result/{request_id}")
        if answer.status_code != 202:
            return answer
        pause.wait(0.02)
    raise AssertionError("the command never ended")


def ask(client: httpx.Client, command: str) -> httpx.Response:
    return result(client, submit(client, command))


def rows(client: httpx.Client, command: str) -> list[dict[str, Any]]:
    answer = ask(client, command)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def found_emails(client: httpx.Client, pattern: str) -> set[str]:
    return {row["email"] for row in rows(client, f"enterprise-info {pattern} {USERS}")}
