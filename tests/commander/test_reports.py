"""What `enterprise-info` of the real service answers, in the facts that a connector relies on."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connector.sandbox.tenant import Lock, Person, Team
from tests.commander.asking import DASHED, TEAMS, TENANT, USERS, ask, found_emails, rows

TRANSFER = {1: "Not required", 2: "Pending transfer", 3: "Partially accepted", 4: "Transfer accepted"}


def test_every_user_arrives_and_what_is_empty_is_left_out(client: httpx.Client) -> None:
    found = rows(client, f"enterprise-info {USERS}")
    assert [row["email"] for row in found] == sorted(person.email for person in TENANT.people)
    for row in found:  # they come in no order of the person's
        row["teams"].sort(key=lambda team: team["team_uid"])
        row["roles"].sort(key=lambda role: role["role_id"])
    assert {row["user_id"]: row for row in found} == {int(one.id): user_row(one) for one in TENANT.people}


def user_row(person: Person) -> dict[str, Any]:
    assert person.node
    roles = {role.id: role for role in person.roles}
    roles |= {role.id: role for role in TENANT.roles if set(role.teams) & set(person.teams)}
    words = {Lock.ADMIN: "Locked", Lock.IDP: "Locked by IdP"}
    row = {
        "user_id": int(person.id),
        "email": person.email,
        "name": None if person.display == person.email else person.display,
        "status": words.get(person.lock, "Invited" if person.invited else "Active"),
        "transfer_status": TRANSFER.get(person.transfer),
        "node": {"node_id": person.node.id, "node_name": person.node.path},
        "team_count": len(person.teams),
        "teams": [
            {"team_uid": team.uid, "team_name": team.name}
            for team in sorted(person.teams, key=lambda team: team.uid)
        ],
        "role_count": len(roles),
        "roles": [{"role_id": key, "role_name": role.name} for key, role in sorted(roles.items())],
        "alias": list(person.aliases),
        "2fa_enabled": True if person.has_2fa else None,
        "job_title": person.title,
    }
    return {key: value for key, value in row.items() if value is not None}


def test_the_made_up_users_are_of_every_kind(client: httpx.Client) -> None:
    found = rows(client, f"enterprise-info {USERS}")
    assert {row["status"] for row in found} == {"Active", "Invited", "Locked", "Locked by IdP"}
    assert {row.get("transfer_status") for row in found} == {None, *TRANSFER.values()}
    assert {row.get("2fa_enabled") for row in found} == {None, True}
    assert any("name" not in row for row in found)
    assert any(not row.get("name", "").isascii() for row in found)
    assert any(row["alias"] for row in found)
    assert all(row["user_id"] > 2**32 for row in found)


def test_without_v_names_stand_alone(client: httpx.Client) -> None:
    person = next(one for one in TENANT.people if one.teams)
    assert person.node
    (row,) = rows(client, f"enterprise-info '{person.email}' {USERS.replace(' -v', '')}")
    assert row["node"] == person.node.path
    assert set(row["teams"]) == {team.name for team in person.teams}


def test_every_team_arrives_and_a_queued_one_has_no_members(client: httpx.Client) -> None:
    found = rows(client, f"enterprise-info {TEAMS}")
    for row in found:
        row["queued_users"].sort()
    expected = {team.uid: team_row(team) for team in (*TENANT.teams, *TENANT.queued_teams)}
    assert {row["team_uid"]: row for row in found} == expected
    assert {row["restricts"] for row in found} >= {"Queued", "     ", "    S", "  W  "}


def team_row(team: Team) -> dict[str, Any]:
    waiting = sorted(person.email for person in TENANT.people if team in person.queued_for)
    row: dict[str, Any] = {
        "team_uid": team.uid,
        "name": team.name,
        "node": team.node.path,
        "queued_user_count": len(waiting),
        "queued_users": waiting,
    }
    if team.queued:
        return {**row, "restricts": "Queued"}
    members = [person.email for person in TENANT.people if team in person.teams]
    roles = [role.name for role in TENANT.roles if team in role.teams]
    return {
        **row,
        "restricts": " ".join(
            letter if hidden else " " for letter, hidden in zip("RWS", team.hides, strict=True)
        ),
        "user_count": len(members),
        "users": members,
        "role_count": len(roles),
        "roles": roles,
    }


def test_a_pattern_is_looked_for_in_every_cell_whatever_its_case(client: httpx.Client) -> None:
    person, node = TENANT.people[10], TENANT.nodes[2]
    everyone = {one.email for one in TENANT.people}
    assert found_emails(client, f"'{person.id}'") == {person.email}
    assert found_emails(client, f"'{person.email.upper()}'") == {person.email}
    assert found_emails(client, f"'{node.id}'") == {one.email for one in TENANT.people if one.node == node}
    assert found_emails(client, "'team_uid'") == {one.email for one in TENANT.people if one.teams}
    assert found_emails(client, "'nobody@example.org'") == set()
    assert found_emails(client, "''") == found_emails(client, "' '") == everyone


def test_in_nested_cells_a_backslash_is_looked_for_twice(client: httpx.Client) -> None:
    node = TENANT.nodes[2]
    assert found_emails(client, f"'{node.path}'") == set()
    path = node.path.replace("\\", "\\\\")
    assert found_emails(client, f"'{path}'") == {one.email for one in TENANT.people if one.node == node}


@pytest.mark.parametrize("team", [TENANT.teams[3], TENANT.queued_teams[1]])
def test_a_team_is_found_by_its_uid(client: httpx.Client, team: Team) -> None:
    for pattern in (team.uid, team.uid.swapcase()):
        found = rows(client, f"enterprise-info '{pattern}' {TEAMS}")
        assert [row["team_uid"] for row in found] == [team.uid]


def test_a_uid_that_begins_with_a_dash_is_found_without_it(client: httpx.Client) -> None:
    answer = ask(client, f"enterprise-info '{DASHED.uid}' {TEAMS}")
    assert answer.status_code == 400
    assert answer.json()["error"] == f"unrecognized arguments: {DASHED.uid}"
    found = rows(client, f"enterprise-info '{DASHED.uid.lstrip('-')}' {TEAMS}")
    assert [row["team_uid"] for row in found] == [DASHED.uid]


def test_an_option_in_quotes_is_an_option(client: httpx.Client) -> None:
    assert len(rows(client, f"enterprise-info '-q' {USERS}")) == len(TENANT.people)


def test_a_column_that_there_is_not_is_left_out_without_a_word(client: httpx.Client) -> None:
    found = rows(client, "enterprise-info --users --format json --columns name,staus")
    assert {key for row in found for key in row} == {"user_id", "email", "name"}
