"""An api that an account has several times, whose records are asked for more: each at the entry that it is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import VendorError, VendorNotFound
from connector.wire import Answer, Call
from tests.calling.nodes import CONNECTOR, keys
from tests.calling.queued import World, codes, ids, load, said

PAGING = "{style: offset, first: 0, size: 100, ends: total, total: $.total}"
CALLS = """\
        calls:
          groups: {get: "/people/{id}/teams", records: "$.items[*]", paging: {style: none}}
          more: {get: "/people/{id}/more"}
        details: {call: more, into: more}
      teams:
        calls: {users: {get: "/teams/{id}/people", records: "$.items[*]", paging: {style: none}}}
"""
PEOPLE = """\
source: main.people
unified: users
fields: {id: $.id, title: $.more.title}
"""
TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name}
"""
SIDES = {
    "per_user": (PEOPLE + "memberships: {call: groups, group: {id: $.id}}\n", TEAMS),
    "per_group": (PEOPLE, TEAMS + "members: {call: users, user: $.id}\n"),
}
PLACES = {"1": {"a": ["red"], "b": ["red", "both"]}, "2": {"c": ["blue", "both"], "d": []}}
"""Node → person → teams; both nodes have a team `both`."""


def connector(folder: Path, side: str) -> Loaded:
    text = CONNECTOR.replace("MEMBERSHIP", side).replace("PAGING", PAGING).replace("      teams:\n", CALLS)
    people, teams = SIDES[side]
    return load(folder, text, people=people, teams=teams)


def reply(call: Call) -> Answer:
    node, *steps = call.url.partition("?")[0].removeprefix("https://h/").split("/")
    if call.headers.get("Authorization") != f"Bearer key-of-{node}":
        return said({}, 401)
    people = PLACES[node]
    teams = list(dict.fromkeys(team for found in people.values() for team in found))

    def listed(names: list[str]) -> Answer:
        return said({"items": [{"id": name} for name in names], "total": len(names)})

    match steps:
        case ["people"]:
            return listed(list(people))
        case ["teams"]:
            return listed(teams)
        case ["people", name, "teams"] if name in people:
            return listed(people[name])
        case ["people", name, "more"] if name in people:
            return said({"title": f"{name} of {node}"})
        case ["teams", name, "people"]:  # a vendor that knows nobody of a team that it doesn't know either
            return listed([one for one in people if name in people[one]])
        case ["people" | "teams" as kind, name] if name in (people if kind == "people" else teams):
            return said({"id": name})
    return said({}, 404)


def world(loaded: Loaded, vendor: Any = reply, **settings: Any) -> World:
    return World(loaded, vendor=vendor, secrets=keys(*PLACES), **settings)


@pytest.fixture(scope="module", params=list(SIDES))
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return connector(tmp_path_factory.mktemp("mappings"), request.param)


TRUTH = {"a": {"red"}, "b": {"red", "both"}, "c": {"blue", "both"}, "d": set()}


def test_each_record_is_asked_about_at_its_own_entry(loaded: Loaded) -> None:
    pages = world(loaded, max_calls=5).walk("users", [100] * 20, include=["groups"])
    rows = [row for page in pages for row in page.rows]
    assert [row["title"] for row in rows] == ["a of 1", "b of 1", "c of 2", "d of 2"]
    assert {row["id"]: {group["id"] for group in row["groups"]} for row in rows} == TRUTH
    assert pages[-1].completeness.verdict == "complete"


@pytest.mark.parametrize(("group", "members"), [("red", "ab"), ("blue", "c"), ("both", "bc")])
def test_members_are_asked_for_at_each_entry_that_has_the_group(
    loaded: Loaded, group: str, members: str
) -> None:
    """One that doesn't have it might say that nobody is in it."""
    pages = world(loaded).walk("users", [100] * 20, group_id=group)
    assert ids(pages) == list(members)
    assert pages[-1].completeness.verdict == "complete"


def test_a_group_that_no_entry_has(loaded: Loaded) -> None:
    with pytest.raises(VendorNotFound):
        world(loaded).page("users", group_id="green")


def test_get_asks_the_entry_that_has_the_user(loaded: Loaded) -> None:
    row = world(loaded).get("users", "c")
    assert (row["title"], {group["id"] for group in row["groups"]}) == ("c of 2", TRUTH["c"])


def failing(path: str) -> Any:
    return lambda call: said({}, 400) if call.url.endswith(path) else reply(call)


def test_a_detail_that_fails_ends_its_entry_and_the_whole_is_partial(loaded: Loaded) -> None:
    pages = world(loaded, failing("/1/people/b/more")).walk("users", [100] * 20)
    assert ids(pages) == ["a", "c", "d"]
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == (
        "partial",
        ["part_unreadable"],
    )
    (warning,) = [one for page in pages for one in page.warnings if one.code == "part_unreadable"]
    assert "main[1].people" in warning.message
    assert "the detail of users 'b'" in warning.message


def test_an_entry_whose_groups_can_not_be_read_leaves_nobody_with_fewer(tmp_path: Path) -> None:
    made = world(connector(tmp_path, "per_group"), failing("/2/teams"))
    page = made.page("users", include=["groups"])
    assert {row["groups"] for row in page.rows} == {None}
    assert "membership_unreadable" in codes(page)
    with pytest.raises(VendorError, match="members of group 'both' could not be read"):
        made.page("users", group_id="both")
