"""Nothing is called done that isn't, and nothing failed that may be done: what vendors say, leave open, or hide."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.directory import AsyncDirectory
from connector.errors import InvalidRequest, VendorUnavailable, WriteNotEffective, WriteOutcomeUnknown
from connector.template import Unquotable
from connector.wire import Answer, Call
from tests.calling import queued
from tests.write.test_writing import came_to, world_of
from tests.write.vendor import answer

BUSY = answer({}, 503)


# What an answer leaves open ------------------------------------------------------------------------------------------


def test_words_that_the_connector_does_not_know_are_settled_by_what_is_read(writable: Loaded) -> None:
    """Its `create` says which words mean done; these are others."""
    world = world_of(writable, "queue")
    jobs = world.vendor.jobs

    def said(call: Call) -> None:
        if call.effect == "write":
            for ticket in jobs:
                jobs[ticket] = answer({"said": "User ID: 7"})

    world.after = said
    assert came_to(world.directory.create("users", {"username": "zed@acme.example"})) == ("done", True)
    world.before = lambda call: BUSY if call.effect == "write" and len(world.writes) > 2 else None
    world.vendor.idles = True
    with pytest.raises(WriteNotEffective):
        world.directory.create("users", {"username": "eve@acme.example", "title": "other"})


def test_and_where_nothing_can_be_read_the_outcome_is_not_known(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    polls = 0

    def fault(call: Call) -> Answer | None:
        nonlocal polls
        if call.method == "GET" and world.writes:
            polls += 1
            return answer({"said": "User ID: 7"}) if polls == 1 else BUSY
        return BUSY if world.writes and call.effect == "read" else None

    world.before = fault
    with pytest.raises(WriteOutcomeUnknown, match="doesn't say that it was done, and it could not be read"):
        world.directory.create("users", {"username": "zed@acme.example"})
    assert len(world.writes) == 1


@pytest.mark.parametrize("idles", [False, True])
def test_what_is_only_accepted_is_done_once_it_shows(writable: Loaded, idles: bool) -> None:
    """RFC 9110 §15.3.3."""
    world = world_of(writable, idles=idles)
    world.after = lambda call: answer(b"", 202) if call.effect == "write" else None
    written = world.directory.update("users", "u-ada", {"first_name": "Ada"})
    assert came_to(written) == (("queued", False) if idles else ("done", True))


def test_what_is_called_queued_is_done_where_it_shows(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    world.vendor.people["u-eve"]["teams"] = ["t1"]
    assert came_to(world.directory.create("groups/t1/users", {"id": "u-eve"})) == ("done", True)


@pytest.mark.parametrize("api", ["rest", "queue"])
def test_that_someone_is_out_shows_only_where_they_were_seen_in(writable: Loaded, api: str) -> None:
    world = world_of(writable, api)
    world.vendor.people["u-ada"]["teams"] = ["t1"]
    world.vendor.teams["t1"]["people"] = ["u-ada"]
    assert came_to(world.directory.delete("groups/t1/users", "u-ada")) == ("done", True)
    world.after = lambda call: answer(b"", 204) if call.effect == "write" and api == "rest" else None
    world.vendor.idles = True
    assert came_to(world.directory.delete("groups/t1/users", "u-bob")) == ("done", False)


def test_what_was_made_in_part_is_told_with_its_id(writable: Loaded) -> None:
    world = world_of(writable)

    def forgets(_: Call) -> None:
        for person in world.vendor.people.values():
            person.pop("title", None)

    world.after = forgets
    with pytest.raises(WriteNotEffective) as raised:
        world.directory.create("users", {"username": "zed@acme.example", "title": "Dean"})
    assert "it was made, with the id n1, but title is None (asked: 'Dean')" in raised.value.message
    assert raised.value.details[0] == {"field": "id", "found": "n1"}
    idle = world_of(writable, idles=True)
    with pytest.raises(WriteNotEffective, match="it was made, with the id n1, but it is not there"):
        idle.directory.create("users", {"username": "zed@acme.example"})


def test_a_list_is_the_same_in_any_order(writable: Loaded) -> None:
    asked = [{"email": "a@x.example"}, {"email": "b@x.example"}]
    for kept, is_done in ((asked[::-1], True), (asked[:1] * 2, False), (asked[:1], False)):
        world = world_of(writable)

        def reorders(_: Call, kept: Any = kept, world: Any = world) -> None:
            for person in world.vendor.people.values():
                if "mails" in person:
                    person["mails"] = [{"at": one["email"]} for one in kept]

        world.after = reorders
        if is_done:
            assert came_to(world.directory.update("users", "u-ada", {"emails": asked})) == ("done", True)
        else:
            with pytest.raises(WriteNotEffective):
                world.directory.update("users", "u-ada", {"emails": asked})


# Who stops it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["rest", "queue"])
def test_who_stops_a_write_that_is_out_is_told_so(writable: Loaded, api: str) -> None:
    world = world_of(writable, api)

    def stops(call: Call) -> None:
        if world.writes and (api == "rest" or call.effect == "read"):
            raise KeyboardInterrupt

    world.before = stops
    with pytest.raises(KeyboardInterrupt) as stopped:
        world.directory.update("users", "u-ada", {"first_name": "Ada"})
    unknown = stopped.value.__cause__
    assert isinstance(unknown, WriteOutcomeUnknown)
    assert "stopped" in unknown.message
    ticket = {} if api == "rest" else {"ticket": "n1"}
    assert unknown.details == [
        {"verb": "update", "resource": "users", "id": "u-ada", "first_name": "Ada", **ticket}
    ]


def test_who_stops_before_it_is_sent_is_told_nothing(writable: Loaded) -> None:
    world = world_of(writable)

    def stops(_: Call) -> None:
        raise KeyboardInterrupt

    world.before = stops
    with pytest.raises(KeyboardInterrupt) as stopped:  # the user is read first
        world.directory.create("groups/t1/users", {"id": "u-ada"})
    assert stopped.value.__cause__ is None


def test_a_task_that_is_cancelled_is_told_so_too(writable: Loaded) -> None:
    world = world_of(writable)

    async def run() -> None:
        out = asyncio.Event()

        async def send(_: Call) -> Answer:
            out.set()
            await asyncio.Event().wait()
            raise AssertionError

        task = asyncio.create_task(AsyncDirectory(world.questions, send).delete("users", "u-ada"))
        await out.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError) as stopped:
        asyncio.run(run())
    assert isinstance(stopped.value.__cause__, WriteOutcomeUnknown)


def test_nothing_that_was_listed_before_is_shared_once_it_may_be_out(writable: Loaded) -> None:
    world = world_of(writable)
    world.directory.list("users")

    def dies(call: Call) -> None:
        if call.effect == "write":
            assert world.directory.list("users").rows[0]["first_name"] is None
            lists.append(len([one for one in world.calls if one.url.endswith("/people")]))

    lists: list[int] = []
    world.before = dies
    world.directory.update("users", "u-ada", {"first_name": "Ada"})
    assert lists == [2], "while it is out, a listing is taken anew"


# What can't be sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_what_can_not_stand_in_a_command_is_named_and_nothing_is_sent(writable: Loaded, verb: str) -> None:
    world = world_of(writable, "queue")
    asked = ({"id": "u-ada"},) if verb == "create" else ("u-ada",)
    for ask in (getattr(world.directory, verb), lambda *given: world.questions.plan(verb, *given)):
        with pytest.raises(Unquotable, match=r"nothing was sent: group '-team': .*begins with -"):
            ask("groups/-team/users", *asked)
    assert world.calls == []


# What is looked up ---------------------------------------------------------------------------------------------------

LOOKS_UP = """\
connector: made
label: Made
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    base_url: https://h
    secrets: {key: {label: Key}}
    auth: {style: bearer, token: "{secrets.key}"}
    check: none
    resources:
      people:
        key: $.id
        list: {get: /people, records: "$.items[*]", paging: {style: none}}
        get: {get: "/people/{id}"}
        create: {post: /people, effect: write, takes: [title], json: "{record}"}
      teams:
        key: $.id
        list: {get: /teams, records: "$.items[*]", paging: {style: none}}
"""
PEOPLE = "source: main.people\nunified: users\nfields: {id: $.id, title: {lookup: groups, where: id, is: $.team, take: name}}\n"
TEAMS = "source: main.teams\nunified: groups\nfields: {id: $.id, name: $.name}\n"


def test_a_plan_shows_what_would_be_looked_up(tmp_path: Path) -> None:
    loaded = queued.load(tmp_path, LOOKS_UP, people=PEOPLE, teams=TEAMS)

    def vendor(call: Call) -> Answer:
        return queued.said(
            {"items": [{"id": "g1", "name": "Sales"}]} if call.method == "GET" else {"id": "7"}
        )

    world = queued.World(loaded, vendor=vendor)
    directory = world.directory()
    plan = directory.plan("create", "users", {"title": "Sales"})
    assert plan.body == '{"team":"{groups.id where name is Sales}"}'
    assert plan.first == "the groups would be read, to look up in them"
    assert world.calls == []
    directory.create("users", {"title": "Sales"})
    assert world.calls[-1].body == b'{"team":"g1"}'
    with pytest.raises(InvalidRequest, match="none of the groups have this name"):
        directory.create("users", {"title": "Nobody's"})


def test_a_look_that_is_lost_is_not_the_write(writable: Loaded) -> None:
    world = world_of(writable)
    world.before = lambda call: VendorUnavailable("cut off") if call.effect == "read" else None
    assert came_to(world.directory.delete("users", "u-ada")) == ("done", False)
