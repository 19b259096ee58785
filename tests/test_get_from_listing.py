"""One row that the vendor can't be asked for by its id: searched for, or read out of the listing, and never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import InvalidRequest, VendorError, VendorNotFound, VendorUnavailable
from connector.wire import Answer, Call
from tests.calling.queued import World, ids, line_of, load, people, said, written

PEOPLE = """\
key: $.id
list: {exchange: line, effect: read, give: {line: people}, records: "$.items[*]", paging: {style: snapshot, share_for: 60s}}
get: {call: find, exactly: key, otherwise: list}
calls: {find: {exchange: line, effect: read, give: {line: "find {value:shell}"}, records: "$.items[*]"}}
"""
TEAMS = """\
key: $.id
list:
  exchange: line
  effect: read
  give: {line: "teams {page.start:text}"}
  records: $.items[*]
  paging: {style: offset, first: 0, size: 2, ends: empty_page}
get: {from: list}
"""
USERS = """\
source: main.people
unified: users
where: {$.hidden: {not: true}}
fields: {id: $.id, name: $.name, title: $.title}
on: {get: {title: $.full_title}}
"""
GROUPS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name}
"""
MEMBERS = 'members: {each: "$.members[*]", user: $, matches: id, if_missing: empty_if_seen}\n'
DIRECT = {"version": "direct"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    text = written(people=PEOPLE, teams=TEAMS)
    return load(tmp_path_factory.mktemp("mappings"), text, people=USERS, teams=GROUPS)


@pytest.fixture(scope="module")
def on_group(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Its groups say who is in them."""
    text = written(people=PEOPLE, teams=TEAMS)
    text = text.replace("    resources:\n", "    membership: on_group\n    resources:\n")
    return load(tmp_path_factory.mktemp("mappings"), text, people=USERS, teams=GROUPS + MEMBERS)


@pytest.fixture(scope="module")
def strict_search(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Its search has no way out: an id that can't be quoted can't be got."""
    text = written(people=PEOPLE.replace(", otherwise: list", ""))
    return load(tmp_path_factory.mktemp("mappings"), text, people=USERS)


class Vendor:
    """Its people and teams; a search answers with all people whose record holds the text somewhere."""

    def __init__(self, people: list[dict[str, Any]] | None = None, teams: list[Any] | None = None) -> None:
        self.people, self.teams = people or [], teams or []

    def __call__(self, call: Call) -> Answer:
        word, _, rest = line_of(call).partition(" ")
        if word == "find":
            wanted = rest.strip("'").replace("'\"'\"'", "'")
            return said({"items": [one for one in self.people if wanted in str(one.values())]})
        if word == "people":
            return said({"items": self.people})
        return said({"items": self.teams[int(rest) : int(rest) + 2]})


def named(*names: str) -> list[dict[str, Any]]:
    return [{"id": name, "name": name.upper(), "title": "x", "full_title": "y"} for name in names]


def world_of(loaded: Loaded, *names: str, **more: Any) -> World:
    return World(loaded, vendor=Vendor(named(*names), named(*names)), account=DIRECT, **more)


def test_a_search_may_bring_more_than_the_one(loaded: Loaded) -> None:
    world = world_of(loaded, "an", "ann", "joann")
    row = world.get("users", "ann")
    assert (row["name"], row["title"]) == ("ANN", "y")
    assert world.asked == ["find 'ann'"]


@pytest.mark.parametrize("names", [["joann", "ANN"], []])
def test_who_is_not_exactly_the_one_is_not_taken(loaded: Loaded, names: list[str]) -> None:
    with pytest.raises(VendorNotFound, match="'ann' is not among the users"):
        world_of(loaded, *names).get("users", "ann")


def test_a_vendor_may_say_that_a_search_finds_nobody(loaded: Loaded) -> None:
    world = World(loaded, said({"error": "user not found"}, 500), account=DIRECT)
    with pytest.raises(VendorNotFound, match="user not found"):
        world.get("users", "ann")
    assert len(world.calls) == 1


def test_two_of_one_id_are_an_error(loaded: Loaded) -> None:
    with pytest.raises(VendorError, match="2 users have the id 'ann'"):
        world_of(loaded, "ann", "ann").get("users", "ann")


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": ["ann"]}, [], "ann"])
def test_a_search_that_answers_otherwise_is_an_error(loaded: Loaded, body: Any) -> None:
    with pytest.raises(VendorError, match="made: POST https://h/run"):
        World(loaded, said(body), account=DIRECT).get("users", "ann")


@pytest.mark.parametrize("key", ["o'neil", "a b", "$(x)", "; rm", "東京", "a&b"])
def test_what_can_be_quoted_is_searched_for(loaded: Loaded, key: str) -> None:
    world = world_of(loaded, key)
    assert world.get("users", key)["id"] == key
    assert [line.partition(" ")[0] for line in world.asked] == ["find"]


UNQUOTABLE = ["-x", "--all", "a\\b", "${HOME}", "x@all", "&lt;", "&#39;", " ", "x" * 5_000]


@pytest.mark.parametrize("key", UNQUOTABLE, ids=[key[:10] for key in UNQUOTABLE])
def test_what_can_not_be_quoted_is_never_sent_and_read_out_of_the_listing(loaded: Loaded, key: str) -> None:
    world = world_of(loaded, "ann", key, "bob")
    assert world.get("users", key)["id"] == key
    assert world.asked == ["people"]
    with pytest.raises(VendorNotFound):
        world_of(loaded, "ann").get("users", key)


@pytest.mark.parametrize("key", UNQUOTABLE, ids=[key[:10] for key in UNQUOTABLE])
def test_what_can_not_be_quoted_is_refused_where_the_connector_has_no_other_way(
    strict_search: Loaded, key: str
) -> None:
    world = world_of(strict_search, key)
    with pytest.raises(InvalidRequest):
        world.get("users", key)
    assert world.calls == []


def test_what_is_read_out_of_the_listing_is_read_as_the_listing_is(loaded: Loaded) -> None:
    assert world_of(loaded, "-x").get("users", "-x")["title"] == "x"


def test_a_captured_listing_is_not_asked_for_again(loaded: Loaded) -> None:
    world = world_of(loaded, "-x", "-y")
    for key in ("-x", "-y", "-x"):
        world.get("users", key)
    world.page("users")
    assert world.asked == ["people"]


def test_pages_are_read_until_it_is_found(loaded: Loaded) -> None:
    world = world_of(loaded, *"abcdef")
    assert world.get("groups", "c")["name"] == "C"
    assert world.asked == ["teams 0", "teams 2"]
    with pytest.raises(VendorNotFound, match="'x' is not among the groups"):
        world.get("groups", "x")


def test_what_is_not_found_in_the_time_there_is_may_be_there(loaded: Loaded) -> None:
    world = world_of(loaded, *"abcdef", max_calls=2)
    assert world.get("groups", "d")["id"] == "d"
    with pytest.raises(VendorUnavailable, match="could not be read far enough to find 'e'"):
        world.get("groups", "e")


@pytest.mark.parametrize(("listing", "key"), [("users", "-x"), ("groups", "x")])
def test_what_is_not_found_in_a_listing_that_is_not_complete_may_be_there(
    loaded: Loaded, listing: str, key: str
) -> None:
    records = [*named("a", "b"), {"name": "nobody"}]
    world = World(loaded, vendor=Vendor(records, records), account=DIRECT)
    assert world.get(listing, "b")["id"] == "b"
    with pytest.raises(VendorError, match=r"partial \(records_left_out.*\): it may be there all the same"):
        world.get(listing, key)


def test_what_the_mapping_leaves_out_is_not_there(loaded: Loaded) -> None:
    records = [*named("a"), {"id": "-x", "hidden": True}]
    for key in ("-x", "a"):
        world = World(loaded, vendor=Vendor([{**one, "hidden": True} for one in records]), account=DIRECT)
        with pytest.raises(VendorNotFound):
            world.get("users", key)


def test_nothing_is_told_of_others(loaded: Loaded) -> None:
    """Nor is it their fault, however strict one is."""
    records = [{"id": "a", "name": 7}, *named("-x"), {"id": "b", "hidden": True}, {"name": "nobody"}]
    world = World(loaded, vendor=Vendor(records), account=DIRECT)
    found = world.directory().get("users", "-x", strict=True)
    assert (found.warnings, found.is_partial_response) == ([], False)


def test_what_was_noticed_of_it_is_told(loaded: Loaded) -> None:
    world = World(loaded, vendor=Vendor([{"id": "a", "name": 7}, {"id": "-x", "name": 7}]), account=DIRECT)
    found = world.directory().get("users", "-x")
    assert [(item.code, item.count, item.record_id) for item in found.warnings] == [("wrong_type", 1, "-x")]
    with pytest.raises(VendorError, match=r"strict: \$.name: expected string, got number \(record -x\)"):
        world.directory().get("users", "-x", strict=True)


TEAM = [
    pytest.param({"members": ["u1"]}, ["u1"], id="some"),
    pytest.param({"members": []}, [], id="none"),
    pytest.param({}, [], id="not said, and others say"),
    pytest.param({"members": "u1"}, None, id="unreadable"),
    pytest.param({"members": ["u1", 7]}, None, id="one unreadable"),
]


@pytest.mark.parametrize(("team", "expected"), TEAM)
def test_who_is_in_a_group_that_is_read_out_of_the_listing(
    on_group: Loaded, team: dict[str, Any], expected: list[str] | None
) -> None:
    """A list that can't be read is never nobody."""
    teams = [{"id": "a", "members": ["u2"]}, {"id": "b", **team}]
    world = World(on_group, vendor=Vendor(named("u1", "u2"), teams), account=DIRECT)
    if expected is None:
        with pytest.raises(VendorError, match="the members of group 'b' could not be read"):
            world.page("groups/b/users")
    else:
        page = world.page("groups/b/users")
        assert (ids([page]), page.completeness.verdict) == (expected, "complete")


def test_a_listing_that_fails_is_a_failure(loaded: Loaded) -> None:
    for begun in ([], [people("a", "b")]):
        world = World(loaded, *begun, vendor=lambda _: said({}, 500), account=DIRECT)
        with pytest.raises(VendorUnavailable, match="answered 500"):
            world.get("groups", "x")
