"""The connector over the vendor's real Commander service: everything that it may be asked, and what goes wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.captures import MemoryShelf
from connector.errors import ConnectorError, CursorExpired, VendorNotFound
from connector.flow import Clock
from connector.sandbox.tenant import Lock, Person, build_tenant
from tests.commander.asking import DASHED, TENANT
from tests.commander.opening import Opened, opened
from tests.commander.service import Commander, running

PEOPLE = {person.id: person for person in TENANT.people}


@pytest.fixture
def asked(service: Commander) -> Iterator[Opened]:
    with opened(service.base_url, service.api_key) as found:
        yield found


def status_of(person: Person) -> tuple[str, str]:
    if person.lock is not Lock.NONE:
        return "inactive", "Locked" if person.lock is Lock.ADMIN else "Locked by IdP"
    return ("invited", "Invited") if person.invited else ("active", "Active")


def test_everyone_with_all_that_is_known(asked: Opened) -> None:
    pages = list(asked.directory.pages("users", limit=97))
    rows = {row["id"]: row for page in pages for row in page.rows}
    assert sum(len(page.rows) for page in pages) == len(PEOPLE)
    assert set(rows) == set(PEOPLE)
    assert [page.warnings for page in pages] == [[]] * len(pages)
    assert pages[-1].completeness.verdict == "complete"
    for key, person in PEOPLE.items():
        row = rows[key]
        assert (row["status"], row["status_detail"]) == status_of(person)
        assert row["username"] == person.email
        assert row["name"] == (person.display if person.display != person.email else None)
        assert row["title"] == person.title
        assert [item["email"] for item in row["emails"]] == [person.email, *person.aliases]
        assert row["is_2fa_enabled"] is person.has_2fa
        assert {item["id"]: item["name"] for item in row["groups"]} == {
            team.uid: team.name for team in person.teams
        }
        through = {role for role in TENANT.roles if {*role.teams} & {*person.teams}}
        assert {item["id"]: item["name"] for item in row["roles"]} == {
            role.id: role.name for role in {*person.roles, *through}
        }
        assert person.node is not None
        assert row["organizations"] == [{"id": person.node.id, "name": person.node.path}]
    submitted = [line for line in asked.lines() if "enterprise-info" in line]
    assert len(submitted) == 1, "captured once"


def test_what_is_asked_for_is_what_the_mapping_reads(service: Commander) -> None:
    added = {"commander.users": {"fields": {"custom_fields": {"transfer": "$.transfer_status"}}}}
    with opened(service.base_url, service.api_key) as plain:
        plain.directory.list("users", limit=1)
        (line,) = [line for line in plain.lines() if "enterprise-info" in line]
        assert "--columns name,status,node,teams,roles,alias,2fa_enabled,job_title" in line
    with opened(service.base_url, service.api_key, overrides=added) as wider:
        rows = wider.directory.list("users", limit=1000).rows
        (line,) = [line for line in wider.lines() if "enterprise-info" in line]
        assert "--columns name,status,transfer_status,node,teams" in line
    said = {row["id"]: (row["custom_fields"] or {}).get("transfer") for row in rows}
    words = [None, "Not required", "Pending transfer", "Partially accepted", "Transfer accepted"]
    assert said == {key: words[person.transfer] for key, person in PEOPLE.items()}


def test_groups_and_who_is_in_them(asked: Opened) -> None:
    rows = {row["id"]: row for row in asked.directory.list("groups", limit=1000).rows}
    waiting = {team.uid for team in TENANT.queued_teams}
    assert rows.keys() == {team.uid for team in TENANT.teams} | waiting
    members = Counter(team.uid for person in TENANT.people for team in person.teams)
    for team in (*TENANT.teams, *TENANT.queued_teams):
        row = rows[team.uid]
        assert (row["name"], row["group_type"]) == (team.name, "team")
        assert row["custom_fields"]["is_queued"] is team.queued
        assert row["member_count"] == (None if team.queued else members[team.uid])
    largest, count = members.most_common(1)[0]
    found = [row["id"] for page in asked.directory.pages(f"groups/{largest}/users") for row in page.rows]
    assert set(found) == {p.id for p in TENANT.people if any(team.uid == largest for team in p.teams)}
    assert len(found) == count
    assert asked.directory.list("users", group_id=min(waiting)).rows == []


@pytest.mark.parametrize(
    ("field", "value", "who"),
    [
        ("status", "invited", lambda p: status_of(p)[0] == "invited"),
        ("status", "inactive", lambda p: status_of(p)[0] == "inactive"),
        ("status_detail", "Locked by IdP", lambda p: p.lock is Lock.IDP),
        ("is_2fa_enabled", "true", lambda p: p.has_2fa),
        ("username", TENANT.people[5].email.upper(), lambda p: p is TENANT.people[5]),
        ("emails.email", "' --lock '", lambda _: False),
        ("emails.email", "--lock", lambda _: False),
    ],
)
def test_filters(asked: Opened, field: str, value: str, who: object) -> None:
    pages = list(asked.directory.pages("users", filters={field: value}))
    assert callable(who)
    assert {row["id"] for page in pages for row in page.rows} == {p.id for p in TENANT.people if who(p)}


def test_an_alias_finds_its_user_by_the_vendor_s_own_search(asked: Opened) -> None:
    person = next(person for person in TENANT.people if person.aliases)
    page = asked.directory.list("users", filters={"emails.email": person.aliases[0]}, explain=True)
    assert [row["id"] for row in page.rows] == [person.id]
    assert page.explain is not None
    assert page.explain["evaluated"] == {"emails.email": "vendor, then here"}
    assert [json.loads(line)["command"].partition(" ")[0] for line in asked.lines()] == [
        "enterprise-down",
        "enterprise-info",
    ]


def test_one_user_by_id(asked: Opened) -> None:
    person = TENANT.people[7]
    row = asked.directory.get("users", person.id).row
    assert (row["id"], row["username"]) == (person.id, person.email)
    assert asked.directory.get("users", person.id).row == row
    for key in (
        person.id[:-1],
        "1",
        person.email,
        "--lock",
        "${HOME}",
        "&quot;",
        "x" * 5_000,
        "@all",
        "it's",
    ):
        with pytest.raises(VendorNotFound):
            asked.directory.get("users", key)


def test_a_team_whose_id_begins_with_a_dash_is_found_in_the_listing(asked: Opened) -> None:
    assert asked.directory.get("groups", DASHED.uid).row["name"] == "Dashed"
    assert not any(DASHED.uid in line for line in asked.lines()), "never sent"
    assert asked.directory.get("groups", TENANT.teams[0].uid).row["name"] == TENANT.teams[0].name


def test_sorted_here_by_names_of_all_scripts(asked: Opened) -> None:
    def names(by: str) -> list[str | None]:
        pages = asked.directory.pages("users", sort_by=by, limit=110)
        return [row["name"] for page in pages for row in page.rows]

    up, down = names("name"), names("-name")
    known = [name for name in up if name is not None]
    assert known == sorted(known, key=lambda name: (name.casefold(), name))
    assert up[len(known) :] == [None] * (len(TENANT.people) - len(known))
    assert down[: len(known)] == known[::-1]
    assert sum("enterprise-info" in line for line in asked.lines()) == 1


def test_what_changed_is_seen_after_a_minute_and_in_a_new_listing(service: Commander) -> None:
    """A new listing within a minute shares what was captured; afterwards the vendor's cloud is looked at again."""
    past = timedelta(0)
    clock = Clock(now=lambda: datetime.now(UTC) + past)
    left = replace(TENANT, people=TENANT.people[:-1])
    with opened(service.base_url, service.api_key, clock=clock) as asked:
        assert sum(1 for _ in asked.directory.iterate("users")) == len(TENANT.people)
        service.change(left)
        try:
            assert sum(1 for _ in asked.directory.iterate("users")) == len(TENANT.people)
            past = timedelta(seconds=61)
            assert sum(1 for _ in asked.directory.iterate("users")) == len(left.people)
        finally:
            service.change(TENANT)
            past = timedelta(seconds=122)
        assert sum(1 for _ in asked.directory.iterate("users")) == len(TENANT.people)


def test_a_capture_that_expires_between_two_pages_is_410(service: Commander) -> None:
    past = timedelta(0)
    clock = Clock(now=lambda: datetime.now(UTC) + past)
    with opened(service.base_url, service.api_key, clock=clock) as asked:
        cursor = asked.directory.list("users", limit=10).next_cursor
        past = timedelta(minutes=15, seconds=1)
        with pytest.raises(CursorExpired) as raised:
            asked.directory.list("users", limit=10, cursor=cursor)
        assert raised.value.http_status == 410


def test_the_check_proves_the_key_and_its_right_to_the_command(asked: Opened) -> None:
    assert asked.directory.check() == {"commander": "ok"}


SMALL = build_tenant(30, seed=3, nodes=2)
REFUSED = [
    ("a wrong key", {}, {"key": "wrong"}, "needs_reauth", "valid api key", "enter new ones"),
    ("no right to the command", {"allowed_commands": "whoami"}, {}, "forbidden", "Not permitted", "this API key may run"),
    ("an address that is not let in", {"denied_ips": "127.0.0.1"}, {}, "forbidden", "IP is not allowed", "addresses"),
    ("an encrypted service", {"encryption_key": "0123456789abcdefghijklmnopqrstuv"}, {}, "vendor_error", "", "turn encryption off"),
    ("a queue that is off", {"queue": False}, {}, "vendor_error", "404", "commander.version=v1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "given", "code", "words", "hint"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_refused(options: dict[str, object], given: dict[str, str], code: str, words: str, hint: str) -> None:
    with (
        running(SMALL, **options) as service,  # type: ignore[arg-type]
        opened(service.base_url, given.get("key", service.api_key)) as asked,
    ):
        for ask in (
            asked.directory.check,
            lambda: asked.directory.list("users"),
            lambda: asked.directory.get("users", SMALL.people[0].id),
        ):
            with pytest.raises(ConnectorError) as raised:
                ask()
            assert raised.value.code == code
            assert words in raised.value.message
            assert hint in (raised.value.hint or "")
            assert service.api_key not in str(raised.value.to_dict())


def test_without_the_right_to_refresh_the_listing_says_that_it_may_be_stale() -> None:
    with (
        running(SMALL, allowed_commands="enterprise-info") as service,
        opened(service.base_url, service.api_key) as asked,
    ):
        page = asked.directory.list("users", limit=20)
        assert [(item.code, len(page.rows)) for item in page.warnings] == [("may_be_stale", 20)]
        assert (
            asked.directory.list("users", limit=20, cursor=page.next_cursor).completeness.verdict
            == "complete"
        )


def test_the_old_version_of_the_api() -> None:
    with (
        running(SMALL, queue=False) as service,
        opened(service.base_url, service.api_key, settings={"commander.version": "v1"}) as asked,
    ):
        assert sum(1 for _ in asked.directory.iterate("users")) == len(SMALL.people)
        assert asked.directory.get("users", SMALL.people[3].id).row["username"] == SMALL.people[3].email
        assert asked.directory.check() == {"commander": "ok"}


def test_the_service_s_own_limit_is_told_and_polls_go_on() -> None:
    """Three calls a minute for each endpoint: polls are refused, and their ticket is gone on with, not submitted anew."""
    shelf = MemoryShelf()
    with running(SMALL, rate="3/minute") as service:
        with opened(service.base_url, service.api_key, shelf=shelf, max_seconds=1.0) as asked:
            found: list[str] = []
            for _ in range(6):
                try:
                    page = asked.directory.list("users")
                except ConnectorError as error:
                    found.append(error.code)
                    break
                found += [item.code for item in page.warnings] or ["done"]
                if page.rows:
                    break
        executed = [line for line in service.commands() if line.startswith("enterprise-info")]
        assert len(executed) <= 1
        assert set(found) <= {"vendor_still_working", "rate_limited", "done"}, found
