"""Sources that are one listing: each by its own mapping, one key space, one verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.catalog import Catalog, Loaded
from connector.errors import ConfigurationInvalid, InvalidRequest, VendorNotFound
from connector.wire import Answer, Call
from tests.calling.plain import queried
from tests.calling.queued import World, ids, load, said

CONNECTOR = """\
connector: made
label: Made
unified: {users: [{union: [main.members, main.invitations]}]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    scope: the organization
    auth: {style: bearer, token: "{secrets.key}"}
    check: none
    retry: {times: 0}
    resources:
      members:
        key: $.id
        list: {get: /members, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]",
               paging: {style: offset, first: 0, size: 2, ends: total, total: $.total}}
        get: {get: "/members/{id}"}
      invitations:
        key: $.id
        list: {get: /invitations, records: "$[*]", paging: {style: none}}
        get: {from: list}
"""
MEMBERS = """\
source: main.members
unified: users
fields: {id: $.id, username: $.login, status: active}
filters: {username: {evaluate: vendor, query: {login: "{value}"}}, status: {evaluate: here}}
"""
INVITED = """\
source: main.invitations
unified: users
fields: {id: $.id, username: $.email, status: invited}
filters: {username: {evaluate: here}}
"""


def vendor(call: Call) -> Answer:
    path = call.url.partition("https://h")[2].partition("?")[0]
    if path == "/invitations":
        return said([{"id": "i1", "email": "new@h"}, {"id": "m2", "email": "b@h"}])
    people = [{"id": f"m{n}", "login": name} for n, name in enumerate("abc")]
    if path != "/members":
        found = [one for one in people if path.endswith(f"/{one['id']}")]
        return said(found[0]) if found else said({}, 404)
    query = queried(call)
    people = [one for one in people if query.get("login") in (None, one["login"])]
    start, size = int(query["start"]), int(query["size"])
    return said({"items": people[start : start + size], "total": len(people)})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), CONNECTOR, members=MEMBERS, invitations=INVITED)


@pytest.fixture
def world(loaded: Loaded) -> World:
    return World(loaded, vendor=vendor)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_both_are_one_listing_each_by_its_own_mapping(world: World, limit: int) -> None:
    pages = world.walk("users", [limit] * 10)
    assert ids(pages) == ["m0", "m1", "m2", "i1", "m2"]
    known = pages[-1].completeness
    assert (known.verdict, known.seen, known.declared, known.scope) == ("complete", 5, 3, "the organization")
    assert [row["status"] for page in pages for row in page.rows] == ["active"] * 3 + ["invited"] * 2


def test_one_who_is_in_both_comes_once_in_a_whole_walk(world: World) -> None:
    assert [user.id for user in world.directory().iterate("users")] == ["m0", "m1", "m2", "i1"]


def test_one_is_got_from_the_first_that_has_it(world: World) -> None:
    assert world.get("users", "m2")["status"] == "active"
    assert world.get("users", "i1")["status"] == "invited"
    with pytest.raises(VendorNotFound):
        world.get("users", "x")


def test_a_filter_is_evaluated_by_each_as_it_can(world: World) -> None:
    page = world.page("users", filters={"username": "b"}, explain=True)
    assert ids([page]) == ["m1"]
    assert page.explain is not None
    assert page.explain["evaluated"] == {"username": "main.members: vendor; main.invitations: here"}
    assert page.explain["source"] == "main.members + main.invitations"


def test_a_filter_that_one_of_them_does_not_know_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest, match="status"):
        world.page("users", filters={"status": "active"})


def test_one_that_fails_makes_the_listing_partial(loaded: Loaded) -> None:
    def without_right(call: Call) -> Answer:
        return said({}, 403) if "/invitations" in call.url else vendor(call)

    page = World(loaded, vendor=without_right).page("users")
    assert (ids([page]), page.completeness.verdict) == (["m0", "m1", "m2"], "partial")
    assert [item.code for item in page.warnings] == ["part_unreadable"]
    assert "main.invitations could not be read to its end" in page.warnings[0].message


def faults(folder: Path, union: str) -> Iterator[str]:
    text = CONNECTOR.replace("{union: [main.members, main.invitations]}", union)
    with pytest.raises(ConfigurationInvalid) as refused:
        load(folder, text, members=MEMBERS, invitations=INVITED)
    return (str(fault) for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        ("{union: [main.members]}", "at least 2"),
        ("{union: [main.members, main.members]}", "stands there already"),
        ("{union: [main.members, main.guests]}", "no such source (api.resource)"),
        ("{unoin: [main.members, main.invitations]}", "unoin"),
    ],
)
def test_a_union_that_is_none_is_refused(tmp_path: Path, union: str, expected: str) -> None:
    found = list(faults(tmp_path, union))
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith(f"{tmp_path}") or "connector.yaml:3:" in fault for fault in found), found


def test_sources_of_two_apis_are_no_union(tmp_path: Path) -> None:
    other = CONNECTOR.partition("apis:\n")[2].replace("  main:", "  other:", 1)
    text = CONNECTOR.replace("main.invitations]", "other.invitations]") + other
    home = tmp_path / "made"
    home.mkdir()
    (home / "connector.yaml").write_text(text)
    (home / "main.members.yaml").write_text(MEMBERS)
    (home / "other.invitations.yaml").write_text(INVITED.replace("main.", "other."))
    with pytest.raises(ConfigurationInvalid, match="of one api"):
        Catalog([tmp_path]).load("made")


def test_what_feeds_a_resource_is_told_whole(loaded: Loaded, world: World) -> None:
    assert world.questions().opened.sources == {"users": ("main.members", "main.invitations")}
    assert loaded.definition.feeds("users") == [("main.members", "main.invitations")]


GROUPS = """\
source: main.{name}
unified: groups
fields: {{id: $.id, name: $.name}}
members: {{each: "$.members[*]", user: $, matches: {matches}}}
"""


def test_sources_that_name_members_in_two_ways_are_no_union(tmp_path: Path) -> None:
    text = CONNECTOR.replace("unified: {users: [{union: [main.members, main.invitations]}]}", "")
    text = text.replace(
        "apis:\n  main:\n",
        "unified: {groups: [{union: [main.members, main.invitations]}]}\napis:\n  main:\n    membership: on_group\n",
    )
    found = {
        one: GROUPS.format(name=one, matches=by)
        for one, by in (("members", "id"), ("invitations", "username"))
    }
    with pytest.raises(ConfigurationInvalid) as refused:
        load(tmp_path, text, **found)
    assert any("say the same under `members`" in str(fault) for fault in refused.value.faults)


def test_a_total_that_moved_in_one_source_excuses_nothing_in_the_next(tmp_path: Path) -> None:
    paging = "{style: offset, first: 0, size: 2, ends: more, more: {$.more: true}}"
    text = CONNECTOR.replace(
        'get: /invitations, records: "$[*]", paging: {style: none}',
        f'get: /invitations, query: {{start: "{{page.start}}"}}, records: "$.items[*]", paging: {paging}',
    )

    def lying(call: Call) -> Answer:
        if "/invitations" in call.url:
            return said({"items": [{"id": "i1"}, {"id": "i2"}], "more": True})
        query = queried(call)
        start = int(query["start"])
        people = [{"id": f"m{n}"} for n in range(4)][start : start + 2]
        return said({"items": people, "total": 4 + (start > 0)})

    world = World(load(tmp_path, text, members=MEMBERS, invitations=INVITED), vendor=lying)
    pages = world.walk("users", [2] * 20)
    assert pages[-1].completeness.verdict == "partial"
    assert any("its first record again" in item.message for page in pages for item in page.warnings)


def test_such_a_listing_is_not_sorted(world: World) -> None:
    with pytest.raises(InvalidRequest, match="2 places"):
        world.page("users", sort_by="username")
