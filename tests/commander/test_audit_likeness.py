"""The sandbox reports on events as the vendor's real service does over the same ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from connector.sandbox import Sandbox
from tests.commander.asking import ask
from tests.commander.service import running

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
FIELDS = "audit-report --format json --report-format fields"
LINES = [
    f"{FIELDS} --limit 1000 --order asc",
    f"{FIELDS} --limit 7",
    FIELDS,
    f"{FIELDS} --limit -1 --order desc",
    f"{FIELDS} --limit 1200 --order asc",
    f"{FIELDS} --event-type lock_user --event-type 'in (unlock_user, added_to_team)' --order asc",
    f"{FIELDS} --event-type 22",
    f"{FIELDS} --event-type nothing_like_it",
    f"{FIELDS} --created 'between 2026-01-01 and 2026-01-10' --limit 500 --order asc",
    f"{FIELDS} --created '>= 2026-01-14T00:00:00Z' --order asc",
    f"{FIELDS} --created '<2025-12-01' --limit 20",
    f"{FIELDS} --created nonsense",
    "audit-report --format json --limit 1000 --order asc",
    "audit-report --format=json --event-type lock_user",
    "audit-report --report-type dim --columns audit_event_type --format json",
    "audit-report --report-type dim --columns username --format json",
    "audit-report --report-type dim --format json",
    "audit-report --report-type dimm --format json",
    "audit-report --limit many --format json",
]


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[httpx.Client, httpx.Client, str]]:
    """(the real service, the double, an address that events are about)"""
    with (
        Sandbox(users=400, seed=4, nodes=2, now=lambda: NOW) as double,
        httpx.Client(base_url=double.commander_url, headers={"api-key": double.api_key}, timeout=60) as other,
    ):
        person = next(one for one in double.tenant.people[1:] if not (one.invited or one.locked))
        team = next(one for one in double.tenant.teams if one not in person.teams)
        for line in (
            f"enterprise-user {person.id} --lock",
            f"enterprise-user {person.id} --unlock",
            f"enterprise-user {person.id} --add-role Auditors --name Renamed",
            f"enterprise-user {person.id} --node {double.tenant.nodes[0].id}",
            f"enterprise-team {team.uid} --add-user {person.id}",
        ):
            answer = ask(other, line)
            assert answer.status_code == 200, answer.text
        with (
            running(double.tenant, events=double.enterprise.events.all) as real,
            httpx.Client(base_url=real.base_url, headers={"api-key": real.api_key}, timeout=60) as one,
        ):
            yield one, other, person.email


@pytest.mark.parametrize("line", LINES)
def test_the_same_line_has_the_same_answer(both: tuple[httpx.Client, httpx.Client, str], line: str) -> None:
    real, double, _ = both
    answers = [ask(client, line) for client in (double, real)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json() == answers[1].json()


def test_filters_by_who_did_it_and_to_whom(both: tuple[httpx.Client, httpx.Client, str]) -> None:
    real, double, email = both
    for option in ("--username", "--to-username"):
        line = f"{FIELDS} {option} {shlex.quote(email)} --limit 100 --order asc"
        found = ask(double, line).json()
        assert found == ask(real, line).json()
        assert found["data"]
