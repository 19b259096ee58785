"""The sandbox's Commander is like the vendor's real service over the same tenant: the same lines, the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from tests.commander.asking import TEAMS, USERS, ask
from tests.commander.service import running

COLUMNS = "name,status,node,teams,roles,alias,2fa_enabled,job_title"
LINES = [
    f"enterprise-info {USERS}",
    f"enterprise-info {TEAMS}",
    f"enterprise-info --users -v --format json --columns {COLUMNS}",
    f"enterprise-info --users --format json --columns {COLUMNS}",
    "enterprise-info --users --format json",
    "enterprise-info --teams --format json",
    "enterprise-info --users --format json --columns name,no_such_column",
    "enterprise-info --users --format json --node People",
    "enterprise-info --users --format json --node nowhere",
    f"enterprise-info 'ACME.example' --users -v --format json --columns {COLUMNS}",
    f"enterprise-info 'it'\"'\"'s nobody' --users -v --format json --columns {COLUMNS}",
    "enterprise-info '' --users --format json",
    "enterprise-info 'team_uid' --users -v --format json --columns teams",
    "enterprise-info '&lt;' --users --format json",
    "enterprise-info 'a\nb' --users --format json",
    "enterprise-info --users --format json --columns",
    "enterprise-info '-q",
    "enterprise-info --lock",
    "enterprise-down",
    "tree",
    "",
]


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """(the real service, the double) of one tenant."""
    with (
        Sandbox(users=150, seed=4, nodes=3) as double,
        running(double.tenant) as real,
        httpx.Client(base_url=real.base_url, headers={"api-key": real.api_key}, timeout=60) as one,
        httpx.Client(base_url=double.commander_url, headers={"api-key": double.api_key}, timeout=60) as other,
    ):
        yield one, other


def said(client: httpx.Client, line: str) -> Any:
    """(status, body) of a line; of a refusal only that it is one, since its words are made up in the double."""
    answer = client.post("/api/v2/executecommand-async", json={"command": line})
    if answer.status_code == 202:
        answer = ask(client, line)
    body = answer.json()
    if answer.status_code >= 400:
        return answer.status_code, sorted(body)
    rows = body["data"] if isinstance(body["data"], list) else []
    for row in rows:  # in the vendor's own hash order
        for name in ("roles", "teams", "users", "queued_users"):
            if isinstance(row.get(name), list):
                row[name].sort(key=str)
    return answer.status_code, body


@pytest.mark.parametrize("line", LINES)
def test_the_same_line_has_the_same_answer(both: tuple[httpx.Client, httpx.Client], line: str) -> None:
    real, double = (said(client, line) for client in both)
    assert double == real
