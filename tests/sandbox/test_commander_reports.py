"""The rows of enterprise-info; the real command gave the same over such a tenant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.tenant import Lock, Person

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]

USER_COLUMNS = (
    "name,status,transfer_status,node,team_count,teams,role_count,roles,alias,2fa_enabled,job_title"
)
TEAM_COLUMNS = "restricts,node,user_count,users,queued_user_count,queued_users,role_count,roles"
ROLE_COLUMNS = (
    "visible_below,default_role,admin,node,user_count,users,team_count,teams,enforcement_count,enforcements,"
    "managed_node_count,managed_nodes,managed_nodes_permissions"
)
NODE_COLUMNS = (
    "parent_node,parent_id,user_count,users,team_count,teams,role_count,roles,provisioning,isolated"
)


def rows(client: httpx.Client, arguments: str) -> list[Json]:
    line = f"enterprise-info {arguments} --format json"
    answer = client.post("/api/v1/executecommand", json={"command": line})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body == {"command": line.removesuffix(" --format json"), "data": body["data"], "status": "success"}
    return list(body["data"])


def by(key: str, found: list[Json]) -> dict[Any, Json]:
    assert len({row[key] for row in found}) == len(found)
    return {row[key]: row for row in found}


@pytest.fixture(scope="module")
def wide() -> Iterator[Sandbox]:
    with Sandbox(users=300, seed=1, nodes=3) as running:
        yield running


def teams_in_order(sandbox: Sandbox, person: Person) -> list[str]:
    return [team.name for team in sandbox.tenant.teams if team in person.teams]


def roles_in_all(person: Person, sandbox: Sandbox) -> set[str]:
    through_teams = {
        role.name for role in sandbox.tenant.roles for team in role.teams if team in person.teams
    }
    return {role.name for role in person.roles} | through_teams


def test_a_user_shows_what_there_is_and_leaves_out_what_is_empty(
    wide: Sandbox, connect_commander: Connect
) -> None:
    found = by("user_id", rows(connect_commander(wide), f"--users --columns {USER_COLUMNS}"))
    assert found.keys() == {int(person.id) for person in wide.tenant.people}
    for person in wide.tenant.people:
        row = found[int(person.id)]
        shown = {
            "email": person.email,
            "name": None if person.display == person.email else person.display,
            "node": f"Acme Corp\\{person.node.name}",
            "team_count": len(person.teams),
            "teams": teams_in_order(wide, person),
            "role_count": len(roles_in_all(person, wide)),
            "alias": list(person.aliases),
            "2fa_enabled": True if person.has_2fa else None,
            "job_title": person.title,
        }
        always = {"user_id", "status", "roles"}
        assert row.keys() == always | {key for key, value in shown.items() if value is not None} | (
            {"transfer_status"} if person.transfer else set()
        )
        assert {key: row.get(key) for key in shown} == shown
        assert len(row["roles"]) == row["role_count"]
        assert set(row["roles"]) == roles_in_all(person, wide)
        assert person.email not in row["alias"]


def test_a_status_says_lock_before_invitation(wide: Sandbox, connect_commander: Connect) -> None:
    found = by("user_id", rows(connect_commander(wide), "--users"))
    words = {
        person.id: {Lock.ADMIN: "Locked", Lock.IDP: "Locked by IdP"}.get(
            person.lock, "Invited" if person.invited else "Active"
        )
        for person in wide.tenant.people
    }
    assert {str(key): row["status"] for key, row in found.items()} == words
    assert set(words.values()) == {"Active", "Invited", "Locked", "Locked by IdP"}
    transfers = {row.get("transfer_status") for row in found.values()}
    accepted = {"Not required", "Pending transfer", "Partially accepted", "Transfer accepted"}
    assert transfers == {None, *accepted}


def test_ids_are_numbers_but_in_objects(wide: Sandbox, connect_commander: Connect) -> None:
    client = connect_commander(wide)
    plain = by("user_id", rows(client, f"--users --columns {USER_COLUMNS}"))
    verbose = by("user_id", rows(client, f"--users -v --columns {USER_COLUMNS}"))
    assert plain.keys() == verbose.keys()
    for key, row in verbose.items():
        person = next(one for one in wide.tenant.people if int(one.id) == key)
        assert key > 2**32
        assert row["node"] == {"node_id": person.node.id, "node_name": plain[key]["node"]}
        assert {team["team_uid"] for team in row["teams"]} == {team.uid for team in person.teams}
        assert [team["team_name"] for team in row["teams"]] == plain[key]["teams"]
        assert [role["role_name"] for role in row["roles"]] == plain[key]["roles"]
        assert all(role["role_id"].isdecimal() for role in row["roles"])
        objects = {"node", "teams", "roles"}
        assert {name: row[name] for name in row.keys() - objects} == {
            name: plain[key][name] for name in plain[key].keys() - objects
        }


def test_rows_come_in_the_order_of_their_second_column(commander: httpx.Client) -> None:
    for kind, column in (("users", "email"), ("teams", "name"), ("roles", "name"), ("nodes", "name")):
        found = [row[column] for row in rows(commander, f"--{kind}")]
        assert found == sorted(found)


@pytest.mark.parametrize(
    ("kind", "ids", "columns"),
    [
        ("users", {"user_id", "email"}, {"name", "status", "transfer_status", "node"}),
        ("teams", {"team_uid", "name"}, {"restricts", "node", "user_count", "queued_user_count"}),
        ("roles", {"role_id", "name"}, {"default_role", "admin", "node", "user_count"}),
        (
            "nodes",
            {"node_id", "name"},
            {"parent_node", "parent_id", "user_count", "team_count", "role_count"},
        ),
    ],
)
def test_columns_are_those_asked_for_or_the_usual_ones(
    commander: httpx.Client, kind: str, ids: set[str], columns: set[str]
) -> None:
    def names(arguments: str) -> set[str]:
        return {name for row in rows(commander, f"--{kind} {arguments}") for name in row}

    last = max(columns)
    assert names("") == names("--columns ''") == ids | columns
    assert names(f"--columns {last}") == names(f"--columns ' bogus , {last}'") == ids | {last}
    assert names(f"--columns '{kind}({last})'") == names(f"--columns {kind[:-1]}\\({last}") == ids | {last}
    assert names("--columns bogus") == names("--columns ,") == ids


def test_without_anybody_who_waits_teams_do_not_count_those(connect_commander: Connect) -> None:
    with Sandbox(users=1) as alone:
        assert not [row for row in rows(connect_commander(alone), "--teams") if "queued_user_count" in row]


def test_teams_show_members_and_those_who_wait(sandbox: Sandbox, commander: httpx.Client) -> None:
    found = by("team_uid", rows(commander, f"--teams --columns {TEAM_COLUMNS}"))
    people = sandbox.tenant.people
    for team in sandbox.tenant.teams:
        members = [person.email for person in people if team in person.teams]
        waiting = [person.email for person in people if team in person.queued_for]
        roles = [role.name for role in sandbox.tenant.roles if team in role.teams]
        assert found[team.uid] == {
            "team_uid": team.uid,
            "name": team.name,
            "node": team.node.path,
            "restricts": " ".join(
                sign if is_hidden else " " for sign, is_hidden in zip("RWS", team.hides, strict=True)
            ),
            "user_count": len(members),
            "users": members,
            "queued_user_count": len(waiting),
            "queued_users": waiting,
            "role_count": len(roles),
            "roles": roles,
        }
    assert {len(row["restricts"]) for row in found.values() if row["restricts"] != "Queued"} == {5}
    assert any(row["roles"] for row in found.values() if "roles" in row)


def test_a_queued_team_says_so_and_knows_no_members(sandbox: Sandbox, commander: httpx.Client) -> None:
    found = by("team_uid", rows(commander, f"--teams --columns {TEAM_COLUMNS}"))
    assert len(found) == len(sandbox.tenant.teams) + len(sandbox.tenant.queued_teams)
    for team in sandbox.tenant.queued_teams:
        waiting = [person.email for person in sandbox.tenant.people if team in person.queued_for]
        assert found[team.uid] == {
            "team_uid": team.uid,
            "name": team.name,
            "node": team.node.path,
            "restricts": "Queued",
            "queued_user_count": len(waiting),
            "queued_users": waiting,
        }
    everyone = rows(commander, "--users --columns teams")
    queued_names = {team.name for team in sandbox.tenant.queued_teams}
    assert not [row for row in everyone if queued_names & {*row["teams"]}]


def test_members_by_user_and_by_team_agree(sandbox: Sandbox, commander: httpx.Client) -> None:
    by_user = Counter(
        (team["team_uid"], row["email"])
        for row in rows(commander, "--users -v --columns teams")
        for team in row["teams"]
    )
    by_team = Counter(
        (row["team_uid"], email)
        for row in rows(commander, "--teams --columns users")
        for email in row.get("users", [])
    )
    assert by_user == by_team
    assert by_user.total() == sum(len(person.teams) for person in sandbox.tenant.people)


def test_roles_show_who_has_them_and_the_administrators_what_it_manages(
    sandbox: Sandbox, commander: httpx.Client
) -> None:
    found = by("name", rows(commander, f"--roles --columns {ROLE_COLUMNS}"))
    root = sandbox.tenant.nodes[0]
    for role in sandbox.tenant.roles:
        holders = [person.email for person in sandbox.tenant.people if role in person.roles]
        row = found[role.name]
        assert (row["role_id"], row["node"]) == (int(role.id), role.node.path)
        assert (row["user_count"], row["users"]) == (len(holders), holders)
        assert (row["team_count"], row["teams"]) == (len(role.teams), [team.name for team in role.teams])
        assert row["default_role"] is role.is_default
        assert (row["enforcement_count"], row["enforcements"]) == (0, {})
    admin = found.pop("Keeper Administrator")
    assert (admin["admin"], admin["visible_below"], admin["managed_nodes"]) == (True, True, ["Acme Corp"])
    permissions = admin["managed_nodes_permissions"]
    assert [(one["node_id"], one["node_name"], one["cascade"]) for one in permissions] == [
        (int(root.id), root.name, True)
    ]
    assert "manage_user" in permissions[0]["privileges"]
    for row in found.values():
        assert (row["admin"], row["visible_below"], row["managed_node_count"]) == (False, False, 0)
        assert (row["managed_nodes"], row["managed_nodes_permissions"]) == ([], [])


def test_nodes_show_what_is_in_them(wide: Sandbox, connect_commander: Connect) -> None:
    found = by("node_id", rows(connect_commander(wide), f"--nodes --columns {NODE_COLUMNS}"))
    root, scim, *others = wide.tenant.nodes
    assert found[int(root.id)] == {
        "node_id": int(root.id),
        "name": "Acme Corp",
        "user_count": 0,
        "users": [],
        "team_count": 0,
        "teams": [],
        "role_count": 1,
        "roles": ["Keeper Administrator"],
        "isolated": False,
    }
    for node in (scim, *others):
        row = found[int(node.id)]
        users = [person.email for person in wide.tenant.people if person.node == node]
        assert (row["parent_node"], row["parent_id"]) == ("Acme Corp", int(root.id))
        assert (row["user_count"], row["users"]) == (len(users), users)
        assert row["team_count"] == len([team for team in wide.tenant.teams if team.node == node])
    provisioned = {key: row["scim_provisioning"] for key, row in found.items() if "scim_provisioning" in row}
    assert provisioned == {int(node.id): "active" for node in (scim, *others)}
    assert sum(row["user_count"] for row in found.values()) == 300


def test_what_lies_outside_the_node_is_unseen_but_as_members_by_id(
    wide: Sandbox, connect_commander: Connect
) -> None:
    client = connect_commander(wide)
    scim, sales = wide.tenant.nodes[1:3]
    inside = [person for person in wide.tenant.people if person.node == scim]
    by_id, by_name = rows(client, f"--users --node {scim.id}"), rows(client, "--users --node PEOPLE")
    assert by_id == by_name
    assert {row["user_id"] for row in by_id} == {int(person.id) for person in inside}
    teams = by("team_uid", rows(client, "--teams --node people --columns users"))
    seen = [team for team in wide.tenant.teams if team.node == scim]
    assert 0 < len(seen) < len(wide.tenant.teams)
    assert teams.keys() == {team.uid for team in (*seen, *wide.tenant.queued_teams)}
    for team in seen:
        members = [
            person.email if person in inside else person.id
            for person in wide.tenant.people
            if team in person.teams
        ]
        assert teams[team.uid]["users"] == members
    there = {team.uid: team.name for team in wide.tenant.teams if team.node == sales}
    assert by("team_uid", rows(client, f"--teams --node {sales.id}")).keys() == there.keys()
    named = {name for row in rows(client, "--users --node sales --columns teams") for name in row["teams"]}
    assert named <= set(there.values()), "teams of other nodes are unseen"
    assert rows(client, "--users --node 'acme corp'") == rows(client, "--users")
    assert [row["name"] for row in rows(client, "--nodes --node sales")] == ["Sales"]


def test_a_node_that_is_not_there_is_500(commander: httpx.Client) -> None:
    answer = commander.post(
        "/api/v1/executecommand", json={"command": 'enterprise-info --users --node "No Such" --format json'}
    )
    error = 'Enterprise name: Acme Corp\nNode "no such" not found'
    assert (answer.status_code, answer.json()) == (
        500,
        {"command": "enterprise-info", "error": error, "status": "error"},
    )


def test_a_pattern_meets_any_value_that_is_shown_in_any_case(
    sandbox: Sandbox, commander: httpx.Client
) -> None:
    person = next(one for one in sandbox.tenant.people if one.aliases and one.teams)
    for sought, columns in (
        (person.email.upper(), "name"),
        (person.id, "name"),
        (person.aliases[0], "alias"),
    ):
        found = rows(commander, f"'{sought}' --users --columns {columns}")
        assert [row["email"] for row in found] == [person.email]
    assert rows(commander, f"'{person.aliases[0]}' --users") == [], "what isn't shown is not looked at"
    everyone = rows(commander, "--users")
    assert rows(commander, "invited --users") == [row for row in everyone if row["status"] == "Invited"]
    assert rows(commander, "nobody-at-all --users") == []
    team = sandbox.tenant.teams[0]
    assert [row["name"] for row in rows(commander, f"{team.uid} --teams")] == [team.name]


def test_a_pattern_meets_lists_and_objects_as_python_writes_them(commander: httpx.Client) -> None:
    assert len(rows(commander, "node_id --users -v --columns node")) == 300
    assert rows(commander, "node_id --users --columns node") == []
    assert len(rows(commander, "'corp\\people' --users --columns node")) == 300
    assert rows(commander, "'corp\\people' --users -v --columns node") == [], "its backslash is doubled"
    with_2fa = rows(commander, "true --users --columns 2fa_enabled")
    assert {row["2fa_enabled"] for row in with_2fa} == {True}
    lone = rows(commander, '"[\'" --users --columns alias')
    assert lone
    assert all(row["alias"] for row in lone), "an empty list is no value"


def test_of_several_kinds_one_is_reported(commander: httpx.Client) -> None:
    assert rows(commander, "-n -u -t -r") == rows(commander, "--nodes")
    assert rows(commander, "-rtu") == rows(commander, "--users")


@pytest.mark.parametrize("nodes", [1, 3])
def test_both_apis_count_the_same_people(connect: Connect, connect_commander: Connect, nodes: int) -> None:
    with Sandbox(users=120, nodes=nodes) as running:
        counts = {row["node_id"]: row["user_count"] for row in rows(connect_commander(running), "--nodes")}
        total = connect(running).get("/Users", params={"count": 0}).json()["totalResults"]
        assert counts[int(running.node_id)] == total
        assert sum(counts.values()) == 120
        assert (total == 120) is (nodes == 1)
        scim = connect(running).get("/Users").json()["Resources"]
        known = by("email", rows(connect_commander(running), "--users"))
        for record in scim:
            row = known[record["userName"]]
            assert str(row["user_id"]) == record["id"]
            assert record["active"] is (row["status"] in {"Active", "Invited"})


def test_whom_scim_adds_is_invited_in_commander(connect: Connect, connect_commander: Connect) -> None:
    with Sandbox(users=5, nodes=2) as running:
        client = connect_commander(running)
        assert len(rows(client, f"--users --columns {USER_COLUMNS}")) == 5
        new = {"userName": "Zed@acme.example", "displayName": "Žed", "title": "Nurse"}
        made = connect(running).post("/Users", json=new).json()
        connect(running).post("/Users", json={"userName": "kim@acme.example"})
        found = by("email", rows(client, f"--users --columns {USER_COLUMNS}"))
        assert len(found) == 7
        assert found["Zed@acme.example"] == {
            "user_id": int(made["id"]),
            "email": "Zed@acme.example",
            "name": "Žed",
            "status": "Invited",
            "node": "Acme Corp\\People",
            "team_count": 0,
            "teams": [],
            "role_count": 0,
            "roles": [],
            "alias": [],
            "job_title": "Nurse",
        }
        assert "name" not in found["kim@acme.example"]
        other = next(person for person in running.tenant.people if person.node != running.tenant.scim_node)
        assert connect(running).post("/Users", json={"userName": other.email}).status_code == 409
        found_by_scim = connect(running).get("/Users", params={"filter": f'userName eq "{other.email}"'})
        assert found_by_scim.json()["totalResults"] == 0


def test_a_large_tenant_is_reported_whole(connect_commander: Connect) -> None:
    with Sandbox(users=10_000) as large:
        found = rows(connect_commander(large), f"--users -v --columns {USER_COLUMNS}")
    assert len({row["user_id"] for row in found}) == 10_000
