"""Writing where the account has an api several times: to the entry that is said, or to the one that has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import Forbidden, InvalidRequest, VendorNotFound
from connector.wire import Answer, Call
from tests.calling.nodes import CONNECTOR, keys
from tests.calling.queued import World, load, said

WRITING = """\
        create: {post: /people, effect: write, takes: [name], json: "{record}"}
        update: {patch: "/people/{id}", effect: write, takes: [name], json: "{changes}"}
        delete: {delete: "/people/{id}", effect: write, verify: true, warns: it is gone then}
      teams:
        members:
          add: {put: "/teams/{group}/{user}", effect: write}
"""
MAPPING = "source: main.people\nunified: users\nfields: {id: $.id, name: $.name, groups: {each: '$.teams[*]', item: {id: $}}}\n"
TEAMS = "source: main.teams\nunified: groups\nfields: {id: $.id, name: $.name}\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    text = CONNECTOR.replace("MEMBERSHIP", "on_user").replace(
        "PAGING", "{style: offset, first: 0, size: 9, ends: empty_page}"
    )
    text = text.replace("      teams:\n", WRITING)
    return load(tmp_path_factory.mktemp("mappings"), text, people=MAPPING, teams=TEAMS)


class Vendor:
    """Two nodes, each with one who is there and one team."""

    def __init__(self) -> None:
        self.people = {
            node: {name: {"id": name, "name": name, "teams": []}} for node, name in (("7", "a"), ("40", "b"))
        }
        self.wrote: list[str] = []
        self.refuses: str | None = None

    def reply(self, call: Call) -> Answer:
        node, kind, *rest = call.url.removeprefix("https://h/").partition("?")[0].split("/")
        assert call.headers["Authorization"] == f"Bearer key-of-{node}"
        if node == self.refuses:
            return said({}, 403)
        people: dict[str, dict[str, Any]] = self.people[node]
        if kind == "teams" and call.method == "GET":
            return said({"id": rest[0], "name": "T"}) if rest == [f"team-{node}"] else said({}, 404)
        if call.method != "GET":
            self.wrote.append(f"{call.method} {node}/{'/'.join([kind, *rest])}")
        if call.method == "POST":
            made = {"id": "new", "teams": [], **json.loads(call.body or b"")}
            people["new"] = made
            return said(made, 201)
        if kind == "teams":
            return said({})
        if rest[0] not in people:
            return said({}, 404)
        if call.method == "DELETE":
            del people[rest[0]]
            return Answer(204)
        people[rest[0]] |= json.loads(call.body or b"{}")
        return said(people[rest[0]])


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def world(loaded: Loaded, vendor: Vendor) -> World:
    return World(loaded, vendor=vendor.reply, secrets=keys("7", "40"))


def test_one_is_made_where_it_is_said(world: World, vendor: Vendor) -> None:
    directory = world.directory()
    with pytest.raises(InvalidRequest, match=r"say in which: main\[7\], main\[40\]"):
        directory.create("users", {"name": "N"})
    with pytest.raises(InvalidRequest, match=r"'main\[9\]' is none of"):
        directory.create("users", {"name": "N"}, entry="main[9]")
    assert world.calls == []
    assert directory.create("users", {"name": "N"}, entry="main[40]").row["id"] == "new"
    assert vendor.wrote == ["POST 40/people"]


def test_one_is_changed_and_removed_where_it_is(world: World, vendor: Vendor) -> None:
    directory = world.directory()
    directory.update("users", "b", {"name": "B"})
    done = directory.delete("users", "b")
    assert (vendor.wrote, done.outcome.verified) == (["PATCH 40/people/b", "DELETE 40/people/b"], True)
    with pytest.raises(VendorNotFound):
        directory.update("users", "b", {"name": "B"})
    assert len(vendor.wrote) == 2


def test_an_id_that_stands_in_two_is_changed_where_it_is_said(world: World, vendor: Vendor) -> None:
    vendor.people["40"]["a"] = {"id": "a", "name": "another", "teams": []}
    directory = world.directory()
    asked: tuple[Callable[[], object], ...] = (
        lambda: directory.update("users", "a", {"name": "A"}),
        lambda: directory.delete("users", "a"),
    )
    for ask in asked:
        with pytest.raises(
            InvalidRequest, match=r"users a stands in several places; say in which: main\[7\], main\[40\]"
        ):
            ask()
    assert vendor.wrote == []
    directory.update("users", "a", {"name": "A"}, entry="main[40]")
    assert vendor.wrote == ["PATCH 40/people/a"]


def test_what_no_entry_would_take_is_refused_before_any_is_asked(world: World) -> None:
    directory = world.directory()
    asked: tuple[Callable[[], object], ...] = (
        lambda: directory.update("users", "b", {"nope": 1}),
        lambda: directory.update("users", "b", {}),
        lambda: directory.update("groups/team-40/users", "b", {"name": "x"}),
        lambda: directory.delete("groups/team-40/users", "b"),
        lambda: directory.questions.plan("frob", "users", "b"),
    )
    for ask in asked:
        with pytest.raises(InvalidRequest):
            ask()
    assert world.calls == []


def test_a_person_is_warned_whichever_entry_it_will_be(world: World) -> None:
    assert world.questions().warns("delete", "users", "b") == "it is gone then"
    assert world.calls == []


def test_nothing_is_written_while_it_is_not_known_where(world: World, vendor: Vendor) -> None:
    vendor.refuses = "7"
    with pytest.raises(Forbidden):
        world.directory().update("users", "b", {"name": "B"})
    assert vendor.wrote == []
    world.directory().update("users", "b", {"name": "B"}, entry="main[40]")
    assert vendor.wrote == ["PATCH 40/people/b"]


def test_a_member_is_put_into_the_group_where_that_is(world: World, vendor: Vendor) -> None:
    world.directory().create("groups/team-40/users", {"id": "b"})
    assert vendor.wrote == ["PUT 40/teams/team-40/b"]
    with pytest.raises(VendorNotFound):
        world.directory().create("groups/other/users", {"id": "b"})


def test_a_plan_looks_for_nothing(world: World) -> None:
    directory = world.directory()
    with pytest.raises(InvalidRequest, match="say in which"):
        directory.plan("delete", "users", "b")
    assert directory.plan("delete", "users", "b", entry="main[40]").url == "https://h/40/people/b"
    assert world.calls == []


def test_one_entry_needs_no_name(loaded: Loaded, vendor: Vendor) -> None:
    world = World(loaded, vendor=vendor.reply, secrets=keys("7"))
    world.directory().create("users", {"name": "N"})
    assert vendor.wrote == ["POST 7/people"]
