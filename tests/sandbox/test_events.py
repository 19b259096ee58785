"""Every change leaves its event, whichever api made it, and Commander reports on them.

That the rows are the vendor's is tested against its real service, in `tests/commander/test_audit_likeness.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.events import KINDS

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def double() -> Iterator[Sandbox]:
    with Sandbox(users=60, seed=4, now=lambda: NOW) as running:
        yield running


@pytest.fixture
def commander(double: Sandbox, connect_commander: Connect) -> httpx.Client:
    return connect_commander(double)


def run(client: httpx.Client, line: str) -> httpx.Response:
    return client.post("/api/v1/executecommand", json={"command": line})


def reported(client: httpx.Client, options: str = "") -> list[Json]:
    line = f"audit-report --format json --report-format fields {options}"
    return list(run(client, line).raise_for_status().json()["data"])


def test_what_scim_and_commander_do_is_in_one_log(
    double: Sandbox, commander: httpx.Client, connect: Connect
) -> None:
    scim = connect(double)
    before = len(double.enterprise.events.all)
    person = next(one for one in double.tenant.people[1:] if one.teams and not (one.invited or one.locked))
    team = person.teams[0]

    def patch(path: str, *operations: Json) -> None:
        scim.patch(path, json={"Operations": [*operations]}).raise_for_status()

    scim.post("/Users", json={"userName": "new@acme.example"}).raise_for_status()
    patch(f"/Users/{person.id}", {"op": "replace", "value": {"active": False}})
    patch(f"/Users/{person.id}", {"op": "replace", "value": {"active": False}})
    patch(f"/Users/{person.id}", {"op": "remove", "path": "groups", "value": [{"value": team.uid}]})
    patch(f"/Users/{person.id}", {"op": "add", "path": "groups", "value": [{"value": team.uid}]})
    run(commander, f"enterprise-user {person.id} --unlock --name Other")
    run(commander, "enterprise-user new@acme.example --invite")
    run(commander, f"enterprise-user {person.id} --add-role Auditors")
    run(commander, "enterprise-user new@acme.example --delete -f")
    added = double.enterprise.events.all[before:]
    assert [(event.kind, event.agent.version) for event in added] == [
        ("send_invitation", "SCIM"),
        ("lock_user", "SCIM"),
        ("removed_from_team", "SCIM"),
        ("queued_for_team", "SCIM"),
        ("unlock_user", "Commander 18.1.8"),
        ("update_user", "Commander 18.1.8"),
        ("send_invitation", "Commander 18.1.8"),
        ("added_to_role", "Commander 18.1.8"),
        ("delete_user", "Commander 18.1.8"),
    ]
    assert {event.kind for event in double.enterprise.events.all} <= KINDS.keys()
    newest = reported(commander, "--limit 9")[::-1]
    assert [row["audit_event_type"] for row in newest] == [event.kind for event in added]
    assert newest[1] == {
        "audit_event_type": "lock_user",
        "created": "2026-01-15T12:00:00+00:00",
        "geo_location": "Dublin, IE",
        "ip_address": "198.51.100.7",
        "keeper_version": "SCIM",
        "to_username": person.email,
        "username": "SCIM",
    }
    assert newest[2]["team_title"] == team.name


def test_reads_and_refusals_leave_no_event(double: Sandbox, commander: httpx.Client) -> None:
    before = len(double.enterprise.events.all)
    for line in ("enterprise-user nobody@acme.example --lock", "enterprise-info --users --format json"):
        run(commander, line)
    run(commander, f"enterprise-team {double.tenant.teams[0].uid} --add")
    assert len(double.enterprise.events.all) == before


@pytest.mark.parametrize(
    ("created", "first", "last"),
    [
        ("today", "2026-01-15", "2026-01-15"),
        ("yesterday", "2026-01-14", "2026-01-14"),
        ("last_7_days", "2026-01-08", "2026-01-15"),
        ("last_30_days", "2025-12-16", "2026-01-15"),
        ("month_to_date", "2026-01-01", "2026-01-15"),
        ("last_month", "2025-12-01", "2025-12-31"),
        ("year_to_date", "2026-01-01", "2026-01-15"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("'between 2026-01-02 and 2026-01-05'", "2026-01-02", "2026-01-05"),
    ],
)
def test_times_by_word(double: Sandbox, commander: httpx.Client, created: str, first: str, last: str) -> None:
    everything = reported(commander, "--limit 1000")
    assert len(everything) == len(double.enterprise.events.all)
    found = reported(commander, f"--limit 1000 --created {created}")
    end = f"{last}T00:00:00+00:00" if "between" in created else f"{last}T23:59:59+00:00"
    assert found == [row for row in everything if f"{first}T00:00:00+00:00" <= row["created"] <= end]


@pytest.mark.parametrize("report_type", ["hour", "day", "week", "month", "span"])
def test_events_are_counted_by_time_and_column(
    double: Sandbox, commander: httpx.Client, report_type: str
) -> None:
    line = f"audit-report --format json --report-type {report_type} --columns audit_event_type --limit -1"
    rows = run(commander, line).raise_for_status().json()["data"]
    assert sum(row["occurrences"] for row in rows) == len(double.enterprise.events.all)
    assert all(("created" in row) is (report_type != "span") for row in rows)
    if report_type == "span":
        assert sorted(row["audit_event_type"] for row in rows) == sorted(
            {event.kind for event in double.enterprise.events.all}
        )


def test_as_lines_or_in_another_format_it_is_no_json(commander: httpx.Client) -> None:
    message = run(commander, "audit-report --limit 1 '--format' 'json'").json()["message"]
    assert message[0] == "["
    assert "invalid choice" in run(commander, "audit-report --limit 1").json()["error"]


def test_more_than_a_thousand_repeat_the_events_of_the_second_that_was_cut(
    connect_commander: Connect,
) -> None:
    with Sandbox(users=400, seed=4, now=lambda: NOW) as large:
        kept = len(large.enterprise.events.all)
        client = connect_commander(large)
        assert 1000 < kept < 1999
        assert len(reported(client, "--limit 1000")) == 1000
        everything = reported(client, "--limit -1")
    distinct = {tuple(sorted(row.items())) for row in everything}
    assert len(distinct) <= kept < len(everything)
