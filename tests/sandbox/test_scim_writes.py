"""Writes over SCIM: what the vendor's own clients send, its documented oddities, and what is left unharmed by a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.tenant import Lock, Person, Team

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patch(*operations: Json) -> Json:
    return {"schemas": [PATCH_OP], "Operations": [*operations]}


def replace(**value: Any) -> Json:
    return patch({"op": "replace", "value": value})


@pytest.fixture
def double() -> Iterator[Sandbox]:
    with Sandbox(users=60, seed=3) as running:
        yield running


@pytest.fixture
def fresh(double: Sandbox, connect: Connect) -> httpx.Client:
    return connect(double)


@pytest.fixture
def active(double: Sandbox) -> Person:
    return next(one for one in double.tenant.people if one.teams and not one.invited and not one.locked)


@pytest.fixture
def invited(double: Sandbox) -> Person:
    return next(one for one in double.tenant.people if one.invited)


def held(double: Sandbox, person: Person) -> Person:
    found = double.enterprise.person(person.id)
    assert found is not None
    return found


def everything(double: Sandbox) -> tuple[list[Person], list[Team]]:
    found = double.enterprise
    return [*found.people], [*found.teams, *found.queued_teams]


def test_a_user_is_locked_and_unlocked(fresh: httpx.Client, double: Sandbox, active: Person) -> None:
    path = f"/Users/{active.id}"
    before = fresh.get(path).json()
    for is_active in (False, False, True, True):
        answer = fresh.patch(path, json=replace(active=is_active))
        assert answer.status_code == 200
        assert answer.json() == fresh.get(path).json() == {**before, "active": is_active}
        assert held(double, active).lock is (Lock.NONE if is_active else Lock.IDP)


def test_the_administrators_lock_stays_his_until_it_is_lifted(fresh: httpx.Client, double: Sandbox) -> None:
    person = next(one for one in double.tenant.people if one.lock is Lock.ADMIN)
    fresh.patch(f"/Users/{person.id}", json=replace(active=False))
    assert held(double, person).lock is Lock.ADMIN
    fresh.patch(f"/Users/{person.id}", json=replace(active=True))
    assert held(double, person).lock is Lock.NONE


def test_delete_only_locks(fresh: httpx.Client, double: Sandbox, active: Person) -> None:
    path = f"/Users/{active.id}"
    before = fresh.get(path).json()
    for _ in range(2):
        answer = fresh.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert fresh.get(path).json() == {**before, "active": False}
    assert fresh.get("/Users").json()["totalResults"] == 60
    assert held(double, active).teams == active.teams


@pytest.mark.parametrize(
    "body",
    [
        replace(**{"name.givenName": "Žofie", "name.familyName": "O'Neill 🎓", "displayName": "Žofie O"}),
        replace(name={"givenName": "Žofie", "familyName": "O'Neill 🎓"}, displayName="Žofie O"),
        patch(
            {"op": "Replace", "path": "name.givenName", "value": "Žofie"},
            {"op": "add", "path": "NAME.familyName", "value": "O'Neill 🎓"},
            {"op": "replace", "path": "displayName", "value": "Žofie O"},
        ),
    ],
    ids=["dotted keys", "an object", "paths"],
)
def test_a_user_is_renamed(fresh: httpx.Client, active: Person, body: Json) -> None:
    before = fresh.get(f"/Users/{active.id}").json()
    answer = fresh.patch(f"/Users/{active.id}", json=body)
    assert answer.json() == {
        **before,
        "displayName": "Žofie O",
        "name": {"givenName": "Žofie", "familyName": "O'Neill 🎓"},
    }


def test_what_is_removed_is_gone_and_a_name_falls_back_to_the_address(
    fresh: httpx.Client, active: Person
) -> None:
    fresh.patch(f"/Users/{active.id}", json=replace(externalId="00u1", title="Dean"))
    answer = fresh.patch(
        f"/Users/{active.id}",
        json=patch(
            {"op": "remove", "path": "externalId"},
            {"op": "replace", "value": {"title": None, "displayName": None, "name": {"familyName": None}}},
        ),
    )
    found = answer.json()
    assert found.keys().isdisjoint({"externalId", "title"})
    assert found["displayName"] == active.email
    assert "familyName" not in found.get("name", {})


def test_put_replaces_what_it_names_and_clears_the_rest(
    fresh: httpx.Client, double: Sandbox, active: Person
) -> None:
    fresh.patch(f"/Users/{active.id}", json=replace(externalId="00u1", active=False))
    answer = fresh.put(
        f"/Users/{active.id}",
        json={"userName": active.email.upper(), "displayName": "Only This", "emails": [], "roles": ["x"]},
    )
    assert answer.status_code == 200
    found = answer.json()
    assert (found["displayName"], found["userName"], found["active"]) == ("Only This", active.email, False)
    assert found.keys().isdisjoint({"externalId", "title", "name"})
    assert held(double, active).teams == active.teams, "groups that are not named stay"
    body = {"userName": active.email, "active": True, "groups": []}
    assert fresh.put(f"/Users/{active.id}", json=body).json()["groups"] == []


def test_a_membership_waits_until_it_is_approved(
    fresh: httpx.Client, double: Sandbox, active: Person
) -> None:
    team = next(one for one in double.tenant.teams if one not in active.teams)
    path = f"/Users/{active.id}"
    shown = fresh.get(path).json()
    body = patch({"op": "add", "path": "groups", "value": [{"value": team.uid}]})
    for _ in range(2):
        assert fresh.patch(path, json=body).json() == shown
        assert held(double, active).queued_for == (team,)
    double.enterprise.join(held(double, active), team, queued=False)
    groups = [group["value"] for group in fresh.get(path).json()["groups"]]
    assert groups == [*(one.uid for one in active.teams), team.uid]
    members = fresh.get(f"/Groups/{team.uid}").json()["members"]
    assert {"value": active.id, "display": active.email} in members
    body = patch({"op": "remove", "path": "groups", "value": [{"value": team.uid}]})
    for _ in range(2):
        assert fresh.patch(path, json=body).json() == shown
    assert held(double, active) == active


def test_a_sandbox_may_show_memberships_that_wait(connect: Connect) -> None:
    with Sandbox(users=5, seed=3, shows_waiting=True) as running:
        client, person, team = connect(running), running.tenant.people[0], running.tenant.queued_teams[0]
        body = patch({"op": "add", "path": "groups", "value": [{"value": team.uid}]})
        groups = client.patch(f"/Users/{person.id}", json=body).json()["groups"]
    assert groups[-1] == {"value": team.uid, "$ref": f"../Groups/{team.uid}", "display": team.name}


def test_one_patch_joins_and_leaves_in_the_order_of_its_operations(
    fresh: httpx.Client, double: Sandbox, active: Person
) -> None:
    kept, *_ = active.teams
    other = next(one for one in double.tenant.teams if one not in active.teams)
    groups = [{"value": kept.uid}, {"value": other.uid}]
    body = patch(
        {"op": "remove", "path": "groups"},
        {"op": "add", "value": {"groups": groups, "active": False}},
        {"op": "remove", "path": "groups", "value": [groups[1], {"value": "unknown"}]},
    )
    assert fresh.patch(f"/Users/{active.id}", json=body).json()["groups"] == []
    person = held(double, active)
    assert (person.teams, person.queued_for, person.lock) == ((), (kept,), Lock.IDP)


def test_a_new_user_waits_for_the_groups_that_come_with_him(
    fresh: httpx.Client, double: Sandbox, active: Person
) -> None:
    team = active.teams[0]
    body = {"userName": "ada@acme.example", "active": False, "groups": [{"value": team.uid, "display": "x"}]}
    made = fresh.post("/Users", json=body).json()
    assert (made["groups"], made["active"]) == ([], False)
    person = double.enterprise.person(made["id"])
    assert person is not None
    assert (person.invited, person.queued_for, person.lock) == (True, (team,), Lock.IDP)


def test_an_invited_user_is_shown_active_and_can_be_locked(fresh: httpx.Client, invited: Person) -> None:
    assert fresh.get(f"/Users/{invited.id}").json()["active"] is True
    assert fresh.patch(f"/Users/{invited.id}", json=replace(active=False)).json()["active"] is False


def test_a_new_team_waits_and_is_shown_and_found_at_once(fresh: httpx.Client, double: Sandbox) -> None:
    before = fresh.get("/Groups").json()["totalResults"]
    made = fresh.post("/Groups", json={"displayName": "Équipe «A»", "externalId": "00g1"})
    assert made.status_code == 201
    record = made.json()
    assert (record["displayName"], record["externalId"], record["members"]) == ("Équipe «A»", "00g1", [])
    assert fresh.get(f"/Groups/{record['id']}").json() == record
    assert fresh.get("/Groups").json()["totalResults"] == before + 1
    assert [team.uid for team in double.enterprise.queued_teams].count(record["id"]) == 1
    again = fresh.post("/Groups", json={"displayName": "Équipe «A»"}).json()
    assert again["id"] != record["id"], "names may repeat"


def test_a_team_is_renamed_for_everybody_in_it(fresh: httpx.Client, double: Sandbox, active: Person) -> None:
    team = active.teams[0]
    answer = fresh.patch(f"/Groups/{team.uid}", json=replace(displayName="Renamed", externalId="00g9"))
    assert (answer.json()["displayName"], answer.json()["externalId"]) == ("Renamed", "00g9")
    groups = fresh.get(f"/Users/{active.id}").json()["groups"]
    assert [group["display"] for group in groups if group["value"] == team.uid] == ["Renamed"]
    assert held(double, active).teams[0].name == "Renamed"


def test_a_deleted_team_is_gone_from_everybody(fresh: httpx.Client, double: Sandbox, active: Person) -> None:
    team = active.teams[0]
    answer = fresh.delete(f"/Groups/{team.uid}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert fresh.delete(f"/Groups/{team.uid}").status_code == 404
    assert fresh.get(f"/Groups/{team.uid}").status_code == 404
    assert team.uid not in fresh.get(f"/Users/{active.id}").text
    people, teams = everything(double)
    assert not any(one.uid == team.uid for person in people for one in (*person.teams, *person.queued_for))
    assert all(one.uid != team.uid for one in teams)
    assert all(one.uid != team.uid for role in double.enterprise.roles for one in role.teams)


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        (b"", "invalidSyntax"),
        (b'{"Operations": [{"op": "replace", "value": ' + b"[" * 3000, "invalidSyntax"),
        (b"{}", "invalidValue"),
        (json.dumps(patch({"op": "set", "value": {}})).encode(), "invalidSyntax"),
        (json.dumps(patch({"op": "remove"})).encode(), "noTarget"),
        (json.dumps(patch({"op": "replace", "value": False})).encode(), "invalidValue"),
        (json.dumps(replace(active="False")).encode(), "invalidValue"),
        (json.dumps(replace(active=0)).encode(), "invalidValue"),
        (json.dumps(replace(active=None)).encode(), "invalidValue"),
        (json.dumps(patch({"op": "remove", "path": "active"})).encode(), "invalidValue"),
        (json.dumps(replace(displayName=7)).encode(), "invalidValue"),
        (json.dumps(replace(name="A B")).encode(), "invalidPath"),
        (json.dumps(replace(emails=[])).encode(), "invalidPath"),
        (json.dumps(replace(active=False, vault="open")).encode(), "invalidPath"),
        (json.dumps(replace(userName="other@acme.example")).encode(), "mutability"),
        (json.dumps(replace(active=False, groups=[{"value": "unknown"}])).encode(), "invalidValue"),
        (json.dumps(replace(groups="all")).encode(), "invalidValue"),
        (json.dumps(replace(groups=[{"display": "x"}])).encode(), "invalidValue"),
    ],
)
def test_a_wrong_patch_is_400_and_changes_nothing(
    fresh: httpx.Client, double: Sandbox, active: Person, body: bytes, scim_type: str
) -> None:
    before = everything(double)
    answer = fresh.patch(f"/Users/{active.id}", content=body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert everything(double) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/Groups", {}),
        ("POST", "/Groups", {"displayName": ""}),
        ("PATCH", "/Groups/{team}", replace(displayName="")),
        ("PATCH", "/Groups/{team}", patch({"op": "remove", "path": "displayName"})),
        ("PATCH", "/Groups/{team}", patch({"op": "add", "path": "members", "value": []})),
        ("PATCH", "/Groups/{team}", replace(groups=[])),
        ("PUT", "/Users/{user}", {"displayName": "x"}),
        ("PUT", "/Users/{user}", {"userName": "other@acme.example"}),
        ("POST", "/Users", {"userName": "x@acme.example", "groups": [{"value": "unknown"}]}),
        ("POST", "/Users", {"userName": "x@acme.example", "active": "true"}),
    ],
)
def test_other_wrong_writes_are_400_too(
    fresh: httpx.Client, double: Sandbox, active: Person, method: str, path: str, body: Json
) -> None:
    before = everything(double)
    url = path.format(team=active.teams[0].uid, user=active.id)
    assert fresh.request(method, url, json=body).status_code == 400
    assert everything(double) == before


def test_an_endpoint_neither_shows_nor_changes_users_of_another_node(connect: Connect) -> None:
    with Sandbox(users=30, seed=3, nodes=2) as running:
        client = connect(running)
        other = next(one for one in running.tenant.people if one.node != running.tenant.scim_node)
        for method, body in (("GET", None), ("PATCH", replace(active=False)), ("DELETE", None)):
            assert client.request(method, f"/Users/{other.id}", json=body).status_code == 404
        assert client.post("/Users", json={"userName": other.email}).status_code == 409
        assert held(running, other) == other


def test_writes_need_the_token_too(double: Sandbox, active: Person) -> None:
    before = everything(double)
    with httpx.Client(base_url=double.base_url, trust_env=False) as stranger:
        for method, path in (
            ("PATCH", f"/Users/{active.id}"),
            ("PUT", f"/Users/{active.id}"),
            ("DELETE", f"/Users/{active.id}"),
            ("POST", "/Groups"),
            ("PATCH", f"/Groups/{active.teams[0].uid}"),
            ("DELETE", f"/Groups/{active.teams[0].uid}"),
        ):
            assert stranger.request(method, path, json=replace(active=False)).status_code == 401
    assert everything(double) == before


def test_commander_shows_what_scim_wrote(
    fresh: httpx.Client, double: Sandbox, active: Person, connect_commander: Connect
) -> None:
    commander = connect_commander(double)

    def rows(kind: str) -> list[Json]:
        columns = "name,status,teams,restricts,queued_users"
        line = f"enterprise-info --{kind} --format json --columns {columns}"
        return list(commander.post("/api/v1/executecommand", json={"command": line}).json()["data"])

    made = fresh.post("/Groups", json={"displayName": "Fresh"}).json()
    fresh.patch(
        f"/Users/{active.id}",
        json=patch(
            {"op": "add", "path": "groups", "value": [{"value": made["id"]}]},
            {"op": "replace", "value": {"active": False, "displayName": "Renamed"}},
        ),
    )
    new = fresh.post("/Users", json={"userName": "new@acme.example"}).json()
    users = {str(row["user_id"]): row for row in rows("users")}
    assert (users[active.id]["status"], users[active.id]["name"]) == ("Locked by IdP", "Renamed")
    assert users[new["id"]]["status"] == "Invited"
    (team,) = [row for row in rows("teams") if row["team_uid"] == made["id"]]
    assert (team["restricts"], team["queued_users"]) == ("Queued", [active.email])
