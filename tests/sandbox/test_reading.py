from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def walk(client: httpx.Client, resource: str, count: int | None) -> list[Json]:
    """Every page of a listing, in the one way that is right for indexes that start at 1."""
    pages: list[Json] = []
    start = 1
    while not pages or start <= pages[-1]["totalResults"]:
        asked = {"startIndex": start} if count is None else {"startIndex": start, "count": count}
        pages.append(client.get(resource, params=asked).raise_for_status().json())
        assert pages[-1]["schemas"] == [LIST]
        assert pages[-1]["startIndex"] == start
        assert pages[-1]["itemsPerPage"] == len(pages[-1]["Resources"]) > 0
        start += pages[-1]["itemsPerPage"]
    return pages


def records(pages: list[Json]) -> list[Json]:
    return [record for page in pages for record in page["Resources"]]


def refusal(answer: httpx.Response) -> Json:
    assert answer.headers["content-type"] == "application/scim+json"
    body = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(answer.status_code)
    return dict(body)


@pytest.mark.parametrize(("count", "pages"), [(None, 3), (500, 3), (100, 3), (99, 4), (7, 43)])
def test_a_walk_sees_every_user_once(
    sandbox: Sandbox, client: httpx.Client, count: int | None, pages: int
) -> None:
    seen = walk(client, "/Users", count)
    assert len(seen) == pages
    assert {page["totalResults"] for page in seen} == {300}
    assert [record["id"] for record in records(seen)] == [person.id for person in sandbox.tenant.people]


def test_a_walk_over_ten_thousand_users(connect: Connect) -> None:
    with Sandbox(users=10_000, page_limit=1000) as large:
        seen = walk(connect(large), "/Users", 1000)
    assert len(seen) == 10
    assert len({record["id"] for record in records(seen)}) == 10_000


@pytest.mark.parametrize(
    ("asked", "start", "shown"),
    [
        ({"startIndex": 300, "count": 10}, 300, 1),
        ({"startIndex": 301, "count": 10}, 301, 0),
        ({"startIndex": 99999}, 99999, 0),
        ({"startIndex": 0, "count": 2}, 1, 2),
        ({"startIndex": -5, "count": 2}, 1, 2),
        ({"count": 0}, 1, 0),
        ({"count": -1}, 1, 0),
        ({"count": 101}, 1, 100),
        ({}, 1, 100),
    ],
)
def test_the_bounds_of_a_page(client: httpx.Client, asked: dict[str, int], start: int, shown: int) -> None:
    page = client.get("/Users", params=asked).json()
    assert (page["totalResults"], page["startIndex"]) == (300, start)
    assert page["itemsPerPage"] == len(page["Resources"]) == shown


def test_a_tenant_without_users_has_an_empty_listing(connect: Connect) -> None:
    with Sandbox(users=0) as empty:
        page = connect(empty).get("/Users").json()
    assert (page["totalResults"], page["itemsPerPage"], page["Resources"]) == (0, 0, [])


def test_the_same_seed_serves_the_same_bytes_on_any_port(
    sandbox: Sandbox, client: httpx.Client, connect: Connect
) -> None:
    with Sandbox(users=300, seed=1) as twin, Sandbox(users=300, seed=2) as other:
        assert twin.port != sandbox.port
        mine = client.get("/Users").content
        assert connect(twin).get("/Users").content == mine
        assert connect(other).get("/Users").content != mine


def test_users_have_the_keys_of_the_recorded_answer(sandbox: Sandbox, client: httpx.Client) -> None:
    always = {"schemas", "userName", "displayName", "id", "emails", "groups", "active"}
    for person, record in zip(sandbox.tenant.people, records(walk(client, "/Users", 100)), strict=True):
        assert record.keys() - always <= {"name", "title", "externalId"}
        assert always <= record.keys()
        assert record["userName"] == person.email
        assert record["emails"] == [{"primary": True, "value": person.email, "type": "work"}]
        assert record["groups"] == [
            {"value": team.uid, "$ref": f"../Groups/{team.uid}", "display": team.name}
            for team in person.teams
        ]


def test_invited_users_look_active_and_locked_ones_do_not(sandbox: Sandbox, client: httpx.Client) -> None:
    active = {record["id"]: record["active"] for record in records(walk(client, "/Users", 100))}
    invited = [person for person in sandbox.tenant.people if person.invited]
    locked = [person for person in sandbox.tenant.people if person.locked]
    assert {active[person.id] for person in invited} == {True}
    assert {key for key, value in active.items() if value is False} == {person.id for person in locked}


def test_some_users_have_no_name_and_are_shown_by_their_email(client: httpx.Client) -> None:
    everyone = records(walk(client, "/Users", 100))
    nameless = [record for record in everyone if "name" not in record]
    assert nameless
    assert all(record["displayName"] == record["userName"] for record in nameless)
    one_name = [record["name"] for record in everyone if record.get("name", {}).keys() == {"givenName"}]
    assert one_name
    for optional in ("title", "externalId"):
        assert {True, False} == {optional in record for record in everyone}
        assert None not in [record.get(optional, "") for record in everyone]


def test_a_user_alone_is_the_user_of_the_list(client: httpx.Client) -> None:
    for record in client.get("/Users", params={"count": 5}).json()["Resources"]:
        assert client.get(f"/Users/{record['id']}").json() == record


@pytest.mark.parametrize("spelling", ["userName eq {}", "USERNAME  EQ {} "])
def test_a_user_is_found_by_user_name(sandbox: Sandbox, client: httpx.Client, spelling: str) -> None:
    quoted = next(person for person in sandbox.tenant.people if "'" in person.email)
    for email in (quoted.email, quoted.email.upper()):
        page = client.get("/Users", params={"filter": spelling.format(json.dumps(email))}).json()
        assert (page["totalResults"], page["itemsPerPage"]) == (1, 1)
        assert page["Resources"][0]["id"] == quoted.id


def test_a_filter_that_nobody_meets_finds_nothing(client: httpx.Client) -> None:
    page = client.get("/Users", params={"filter": 'userName eq "a\\"b@acme.example"'}).json()
    assert (page["totalResults"], page["Resources"]) == (0, [])


@pytest.mark.parametrize(
    "wanted",
    [
        'displayName eq "Ada"',
        'userName sw "a"',
        "userName eq ada@acme.example",
        'userName eq "a" or userName eq "b"',
        'userName eq "a\\q"',
        "",
    ],
)
def test_any_other_filter_is_400(client: httpx.Client, wanted: str) -> None:
    answer = client.get("/Users", params={"filter": wanted})
    assert answer.status_code == 400
    assert refusal(answer)["scimType"] == "invalidFilter"


def test_no_filter_works_on_groups(client: httpx.Client) -> None:
    answer = client.get("/Groups", params={"filter": 'displayName eq "Platform"'})
    assert (answer.status_code, refusal(answer)["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize("text", ["ten", "1.5", "", "\N{FULLWIDTH DIGIT ONE}", "1_0", "9" * 40])
@pytest.mark.parametrize("name", ["startIndex", "count"])
def test_a_place_that_is_no_integer_is_400(client: httpx.Client, name: str, text: str) -> None:
    answer = client.get("/Users", params={name: text})
    assert (answer.status_code, refusal(answer)["scimType"]) == (400, "invalidValue")


def test_groups_hold_whom_the_users_say(sandbox: Sandbox, client: httpx.Client) -> None:
    said: dict[str, list[Json]] = {}
    for record in records(walk(client, "/Users", 100)):
        for group in record["groups"]:
            said.setdefault(group["value"], []).append({"value": record["id"], "display": record["userName"]})
    groups = records(walk(client, "/Groups", 10))
    assert len(groups) == 25 + len(sandbox.tenant.queued_teams)
    assert {group["id"]: group["members"] for group in groups if group["members"]} == said
    assert any(group["members"] == [] for group in groups)


@pytest.mark.parametrize("excluded", ["members", "externalId, Members"])
def test_members_can_be_left_out(client: httpx.Client, excluded: str) -> None:
    params = {"excludedAttributes": excluded}
    for group in client.get("/Groups").json()["Resources"]:
        bare = {key: value for key, value in group.items() if key != "members"}
        assert client.get(f"/Groups/{group['id']}", params=params).json() == bare
        assert client.get(f"/Groups/{group['id']}").json() == group
    assert not any("members" in group for group in client.get("/Groups", params=params).json()["Resources"])


def test_the_config_says_what_is_documented_of_bulk(client: httpx.Client) -> None:
    config = client.get("/ServiceProviderConfig").json()
    assert config["bulk"] == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1048576}


@pytest.mark.parametrize(
    "path", ["/Users/1", "/Users/abc", "/Groups/RqX_L5yE1XjWeHvNyMcbiw", "/Schemas", "/Teams", ""]
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    refusal(answer)


@pytest.mark.parametrize("node", ["345074852429829", "node", "1"])
def test_a_foreign_node_is_404(sandbox: Sandbox, client: httpx.Client, node: str) -> None:
    answer = client.get(sandbox.base_url.replace(sandbox.node_id, node) + "/Users")
    assert answer.status_code == 404
    assert node in refusal(answer)["detail"]


def test_a_verb_that_the_sandbox_lacks_is_405(client: httpx.Client) -> None:
    answer = client.put("/Groups/1")
    assert answer.status_code == 405
    refusal(answer)
