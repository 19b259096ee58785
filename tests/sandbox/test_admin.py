"""The Admin REST API: events in pages, whose end is said, and who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox

Json = dict[str, Any]
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@contextmanager
def opened(**options: Any) -> Iterator[tuple[Sandbox, httpx.Client]]:
    with (
        Sandbox(users=40, seed=3, now=lambda: NOW, **options) as running,
        httpx.Client(
            base_url=running.admin_url,
            headers={"x-api-token": f"Bearer {running.tenant.admin_token}"},
            trust_env=False,
        ) as client,
    ):
        yield running, client


@pytest.fixture
def double() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with opened() as both:
        yield both


def walk(client: httpx.Client, **asked: Any) -> list[Json]:
    pages = [client.get("/events", params=asked).raise_for_status().json()]
    while (token := pages[-1]["continuation_token"]) is not None:
        assert pages[-1]["has_more"] is True
        again = client.get("/events", params={**asked, "continuation_token": token})
        pages.append(again.raise_for_status().json())
    assert pages[-1]["has_more"] is False
    return [event for page in pages for event in page["events"]]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_walk_sees_every_event_once(double: tuple[Sandbox, httpx.Client], limit: int) -> None:
    sandbox, client = double
    found = walk(client, limit=limit)
    kept = sandbox.enterprise.events.all
    assert [(one["audit_event"], one["username"]) for one in found] == [(e.kind, e.username) for e in kept]
    assert [one["timestamp"] for one in found] == sorted(one["timestamp"] for one in found)
    assert {one["enterprise_id"] for one in found} == {sandbox.tenant.enterprise_id}


def test_a_window_holds_both_its_ends(double: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, client = double
    first, last = (sandbox.enterprise.events.all[place].at for place in (5, 20))
    start, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (first, last))
    wanted = [event for event in sandbox.enterprise.events.all if first <= event.at <= last]
    assert len(walk(client, start_date=start, end_date=end, limit=4)) == len(wanted) >= 16
    page = client.get("/events", params={"start_date": "2030-01-01T00:00:00Z"}).json()
    assert page == {"events": [], "continuation_token": None, "has_more": False}


def test_an_event_has_its_own_fields_among_the_others(double: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, client = double
    person, admin = sandbox.tenant.people[1], sandbox.tenant.people[0]
    sandbox.enterprise.delete(person)
    assert walk(client)[-1] == {
        "audit_event": "delete_user",
        "category": "security",
        "remote_address": "203.0.113.9",
        "client_version": "EM Console 17.1.0",
        "username": admin.email,
        "timestamp": "2026-01-15T12:00:00Z",
        "enterprise_id": sandbox.tenant.enterprise_id,
        "to_username": person.email,
    }


def test_what_happens_during_a_walk_comes_at_its_end(double: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, client = double
    page = client.get("/events", params={"limit": 10}).json()
    sandbox.enterprise.delete(sandbox.tenant.people[1])
    rest = client.get(
        "/events", params={"limit": 1000, "continuation_token": page["continuation_token"]}
    ).json()
    assert rest["events"][-1]["audit_event"] == "delete_user"


def test_the_key_of_the_events_may_be_another() -> None:
    with opened(events_key="audit_events") as (sandbox, client):
        page = client.get("/events", params={"limit": 3}).json()
    assert page.keys() == {"audit_events", "continuation_token", "has_more"}
    assert sandbox.tenant.admin_token not in repr(sandbox)


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "²"},
        {"limit": "9" * 400},
        {"start_date": "yesterday"},
        {"start_date": "2026-01-01T00:00:00"},
        {"end_date": ""},
        {"continuation_token": "é"},
        {"continuation_token": "AAAA"},
        {"continuation_token": ""},
    ],
)
def test_what_cannot_be_read_is_400(double: tuple[Sandbox, httpx.Client], asked: dict[str, str]) -> None:
    answer = double[1].get("/events", params=asked)
    assert (answer.status_code, [*answer.json()]) == (400, ["error"])


def test_a_token_belongs_to_its_window(double: tuple[Sandbox, httpx.Client]) -> None:
    _, client = double
    token = client.get("/events", params={"limit": 1}).json()["continuation_token"]
    other = {"start_date": "2026-01-01T00:00:00Z", "continuation_token": token}
    assert client.get("/events", params=other).status_code == 400


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "{}", "Bearer {}x", "bearer {}", "Basic {}"])
def test_without_the_token_it_is_401(double: tuple[Sandbox, httpx.Client], given: str) -> None:
    sandbox, client = double
    headers = {"x-api-token": given.replace("{}", sandbox.tenant.admin_token)}
    assert client.get("/events", headers=headers).status_code == 401


def test_past_the_budget_it_is_429() -> None:
    with opened(rate=2, clock=lambda: 0.0) as (_, client):
        assert [client.get("/events").status_code for _ in range(3)] == [200, 200, 429]


def test_the_history_ends_now_and_is_the_same_for_the_same_moment() -> None:
    one, other = (Sandbox(users=40, seed=3, now=lambda: NOW).enterprise.events.all for _ in range(2))
    assert one == other
    assert one[-1].at <= NOW.timestamp()
    assert one[0].at > (NOW - timedelta(days=91)).timestamp()
    assert {"login", "send_invitation", "accept_invitation", "lock_user"} == {event.kind for event in one}
