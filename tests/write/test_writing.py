"""Creating, updating, deleting, and who is in a group: what is sent, what it came to, and what is proven of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.directory import AsyncDirectory, Directory
from connector.errors import (
    CaptureTooLarge,
    Conflict,
    ConnectorError,
    InvalidRequest,
    NotFound,
    StoreUnavailable,
    VendorNotFound,
    VendorUnavailable,
    WriteNotEffective,
    WriteOutcomeUnknown,
)
from connector.model import User
from connector.wire import Answer, Call
from tests.write.vendor import TOKEN, Vendor, World, answer


def world_of(loaded: Loaded, api: str = "rest", **told: Any) -> World:
    vendor = Vendor.of_three()
    for name, value in told.items():
        setattr(vendor, name, value)
    return World(loaded, vendor, api)


def refuse(_: Any) -> Any:
    raise AssertionError("nobody may be asked, and nobody waited for")


def came_to(written: Any) -> tuple[str, bool]:
    return written.outcome.is_, written.outcome.verified


# What is sent --------------------------------------------------------------------------------------------------------


def test_a_record_is_written_by_the_mapping_and_read_back(writable: Loaded) -> None:
    world = world_of(writable)
    fields = {
        "username": "zed@acme.example",
        "first_name": "Zed",
        "status": "active",
        "emails": [{"email": "z@x.example"}],
    }
    written = world.directory.create("users", {**fields, "note": "hello"})
    (sent,) = world.writes
    assert json.loads(sent.body or b"") == {
        "person": {
            "kind": "person",
            "mail": "zed@acme.example",
            "name": {"first": "Zed"},
            "state": "on",
            "mails": [{"at": "z@x.example"}],
        },
        "note": "hello",
    }
    assert isinstance(written.result, User)
    assert written.result.first_name == "Zed"
    assert came_to(written) == ("done", True)
    assert [call.method for call in world.calls] == ["POST", "GET"]


def test_only_what_was_given_is_changed_and_its_keys_are_written_as_the_connector_says(
    writable: Loaded,
) -> None:
    world = world_of(writable)
    world.directory.update("users", "u-ada", {"first_name": "Ada", "title": None})
    (sent,) = world.writes
    assert (sent.method, sent.url) == ("PATCH", "https://rest.example/api/people/u-ada")
    assert json.loads(sent.body or b"") == {"name.first": "Ada", "title": None}


def test_a_line_has_the_parts_that_are_given(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    world.directory.create("users", {"username": "zed@acme.example", "title": "R D"})
    world.directory.update("users", "u-ada", {"first_name": "O'Hara"})
    lines = [json.loads(call.body or b"")["line"] for call in world.writes]
    assert lines == [
        "invite 'zed@acme.example' --title 'R D'",
        "change 'u-ada' --first 'O'\"'\"'Hara'",
    ]
    assert world.vendor.people["u-ada"]["name"] == {"first": "O'Hara"}


def test_a_change_by_a_call_of_its_own(writable: Loaded) -> None:
    world = world_of(writable)
    written = world.directory.update("users", "u-ada", {"status": "inactive"})
    assert [call.url.rpartition("/")[2] for call in world.writes] == ["suspend"]
    assert (written.row["status"], *came_to(written)) == ("inactive", "done", True)


def test_one_write_is_one_call(writable: Loaded) -> None:
    world = world_of(writable)
    with pytest.raises(InvalidRequest, match="update status, then title and first_name"):
        world.directory.update("users", "u-ada", {"title": "x", "status": "inactive", "first_name": "y"})
    assert world.calls == []


def test_a_user_is_read_first_where_the_vendor_wants_another_name_for_it(writable: Loaded) -> None:
    world = world_of(writable)
    assert came_to(world.directory.create("groups/t1/users", {"id": "u-ada"})) == ("done", True)
    assert json.loads(world.writes[0].body or b"") == {"mail": "ada@acme.example"}
    assert world.vendor.teams["t1"]["people"] == ["u-ada"]
    assert came_to(world.directory.delete("groups/t1/users", "u-ada")) == ("done", True)
    assert world.vendor.teams["t1"]["people"] == []
    with pytest.raises(VendorNotFound):
        world.directory.create("groups/t1/users", {"id": "nobody"})
    assert len(world.writes) == 2


@pytest.mark.parametrize("api", ["rest", "queue"])
def test_awaiting_does_the_same(writable: Loaded, api: str) -> None:
    async def run(world: World) -> list[tuple[str, bool]]:
        async def send(call: Call) -> Answer:
            return world.send(call)

        async def sleep(seconds: float) -> None:
            world.sleep(seconds)

        async with AsyncDirectory(world.questions, send, sleep) as directory:
            return [
                came_to(await directory.create("users", {"username": "zed@acme.example"})),
                came_to(await directory.update("users", "u-ada", {"first_name": "Ada"})),
                came_to(await directory.delete("users", "u-ada")),
            ]

    assert asyncio.run(run(world_of(writable, api))) == [("done", True)] * 3


# A plan --------------------------------------------------------------------------------------------------------------

PLANS: list[tuple[Any, ...]] = [
    ("create", "users", {"username": "zed@acme.example", "first_name": "Z"}),
    ("update", "users", "u-ada", {"first_name": "Ada"}),
    ("update", "users", "u-ada", {"status": "inactive"}),
    ("delete", "users", "u-ada"),
    ("create", "groups/t1/users", {"id": "u-ada"}),
    ("delete", "groups/t1/users", "u-ada"),
]


@pytest.mark.parametrize("api", ["rest", "queue"])
@pytest.mark.parametrize("asked", PLANS, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_a_plan_is_the_request_but_for_its_masks_and_sends_nothing(
    writable: Loaded, api: str, asked: tuple[Any, ...]
) -> None:
    world = world_of(writable, api)
    plan = Directory(world.questions, refuse, refuse).plan(*asked)
    assert world.calls == []
    verb, resource, *given = asked
    if verb == "delete" and resource.startswith("groups"):
        world.vendor.teams["t1"]["people"] = world.vendor.people["u-ada"]["teams"] = ["u-ada", "t1"]
    getattr(world.directory, verb)(resource, *given)
    (sent,) = world.writes
    body = None if sent.body is None else sent.body.decode()
    if plan.first:
        assert plan.first == "the user u-ada would be read, for username"
        assert plan.body == '{"mail":"{user.username}"}'
    else:
        assert plan.body == body
    assert (plan.method, plan.url, plan.effect, plan.repeatable) == (sent.method, sent.url, "write", False)
    assert TOKEN not in f"{plan!r}{plan.to_json().decode()}"
    assert plan.warns == (
        "what they own is lost" if (api, verb, resource) == ("rest", "delete", "users") else None
    )


# What it came to -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", PLANS, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_a_vendor_that_says_done_and_did_nothing_is_found_out(
    writable: Loaded, asked: tuple[Any, ...]
) -> None:
    world = world_of(writable, idles=True)
    world.vendor.teams["t1"]["people"] = ["u-bob", *(["u-ada"] if asked[0] == "delete" else [])]
    verb, resource, *given = asked
    with pytest.raises(WriteNotEffective) as raised:
        getattr(world.directory, verb)(resource, *given)
    assert (raised.value.code, raised.value.http_status, raised.value.retryable) == (
        "write_not_effective",
        409,
        False,
    )
    assert "the vendor answered success" in raised.value.message
    assert len(world.writes) == 1


def test_what_differs_is_named_field_by_field(writable: Loaded) -> None:
    with pytest.raises(WriteNotEffective) as raised:
        world_of(writable, "queue").directory.update("users", "u-eve", {"status": "inactive"})
    assert "status is 'invited' (asked: 'inactive')" in raised.value.message
    assert raised.value.details == [{"field": "status", "asked": "inactive", "found": "invited"}]


def test_user_names_are_compared_without_letter_case(writable: Loaded) -> None:
    written = world_of(writable, "queue").directory.create("users", {"username": "Zed@Acme.example"})
    assert (written.row["username"], *came_to(written)) == ("zed@acme.example", "done", True)


def test_what_is_only_suspended_is_told_apart_from_what_is_gone(writable: Loaded) -> None:
    world = world_of(writable, keeps=True)
    kept = world.directory.delete("users", "u-ada")
    assert (kept.row["status"], *came_to(kept)) == ("inactive", "kept", True)
    assert kept.outcome.message == "this vendor only suspends"
    assert [one.code for one in kept.warnings] == ["not_removed"]
    world.vendor.keeps = False
    gone = world.directory.delete("users", "u-bob")
    assert (gone.result, *came_to(gone)) == (None, "done", True)
    assert gone.to_dict() == {
        "result": None,
        "outcome": {"is": "done", "verified": True},
        "is_partial_response": False,
        "warnings": [],
    }


def test_what_is_queued_is_said_and_not_compared(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    written = world.directory.create("groups/t1/users", {"id": "u-eve"})
    assert (*came_to(written), written.outcome.message) == ("queued", False, "until they are active")
    assert world.vendor.queued == [("t1", "u-eve")]


def test_what_takes_a_while_by_the_connector_s_word_is_queued_too(writable: Loaded) -> None:
    world = world_of(writable, "queue", idles=True)
    world.vendor.people["u-ada"]["teams"] = ["t1"]
    written = world.directory.delete("groups/t1/users", "u-ada")
    assert (*came_to(written), written.outcome.message) == ("queued", False, "it takes a while")


def test_what_was_so_already_is_unchanged_and_what_differs_is_warned_of(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    written = world.directory.create("users", {"username": "eve@acme.example", "title": "New"})
    assert (*came_to(written), written.outcome.message) == (
        "unchanged",
        False,
        "the invitation was sent again",
    )
    assert [one.code for one in written.warnings] == ["not_as_asked"]
    same = world.directory.create("users", {"username": "eve@acme.example"})
    assert (*came_to(same), same.warnings) == ("unchanged", True, [])


def test_what_the_connector_reads_as_done_is_done_whatever_its_status(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    assert came_to(world.directory.create("users", {"username": "error@acme.example"})) == ("done", True)


def test_a_refusal_is_the_vendor_s(writable: Loaded) -> None:
    with pytest.raises(Conflict, match="taken"):
        world_of(writable).directory.create("users", {"username": "ada@acme.example"})
    for api in ("rest", "queue"):
        directory = world_of(writable, api).directory
        with pytest.raises(VendorNotFound):
            directory.update("users", "nobody", {"first_name": "x"})
        with pytest.raises(VendorNotFound):
            directory.delete("users", "nobody")


FAILURES = (
    VendorUnavailable("reset"),
    answer({}, 500),
    answer({}, 401),
    answer({}, 429),
    answer(b"<html>"),
    answer({"id": 7}),
    StoreUnavailable("locked"),
    CaptureTooLarge("too large"),
)


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_look_that_fails_is_no_failure_of_the_write(writable: Loaded, failure: Any) -> None:
    world = world_of(writable)
    world.before = lambda call: failure if call.effect == "read" else None
    written = world.directory.update("users", "u-ada", {"first_name": "Ada"})
    assert came_to(written) == ("done", False)
    assert "not_verified" in [one.code for one in written.warnings]
    assert len(world.writes) == 1


# What is given -------------------------------------------------------------------------------------------------------

LONG = "x" * 300
WRONG: list[tuple[str, dict[Any, Any], str]] = [
    ("users", {"frist_name": "x"}, "unknown field 'frist_name' (did you mean first_name?); there are: first_name, last_name, title, emails"),
    ("users", {"username": "x@y.example"}, "unknown field 'username'"),
    ("users", {7: "x"}, "unknown field 7"),
    ("users", {"first_name": 7}, "first_name: expected string, got number"),
    ("users", {"first_name": True}, "first_name: expected string, got boolean"),
    ("users", {"first_name": ["x"]}, "first_name: expected string, got list of another form"),
    ("users", {"first_name": b"x"}, "first_name: expected string, got bytes"),
    ("users", {"first_name": "a\nb"}, "first_name: it has a line break"),
    ("users", {"first_name": "\x1b[31m"}, "first_name: it has a line break or another character that can't be printed"),
    ("users", {"first_name": ""}, "first_name: it is empty"),
    ("users", {"first_name": " x"}, "begins or ends with a blank"),
    ("users", {"first_name": "x" * 501}, "first_name: it has 501 characters; 500 are allowed"),
    ("users", {"emails": [{"email": "a\nb"}]}, "emails: it has a line break"),
    ("users", {"emails": [{"type": "work"}]}, "emails: expected list, got list of another form"),
    ("users", {"emails": [None]}, "emails: expected list"),
    ("users", {"emails": [{"email": "a@b.example", "type": "work"}]}, "emails: `type` can't be written"),
    ("users", {"status": "invited"}, "status: 'invited' can't be set here; allowed: inactive, active"),
    ("users", {"status": "Inactive"}, "status: 'Inactive' can't be set here"),
    ("users", {"status": None}, "status: None can't be set here"),
    ("users", {"status": ["inactive"]}, "can't be set here"),
    ("users", {}, "there is nothing to change"),
    ("groups", {"name": 1}, "name: expected string"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "given", "words"), WRONG, ids=[str(row[1])[:40] for row in WRONG])
def test_what_is_wrong_is_told_before_anything_is_sent(
    writable: Loaded, resource: str, given: dict[Any, Any], words: str
) -> None:
    world = world_of(writable)
    for ask in (world.directory.update, lambda *asked: world.directory.plan("update", *asked)):
        with pytest.raises(InvalidRequest, match="nothing was sent") as refused:
            ask(resource, "u-ada", given)
        assert words in refused.value.message
    assert world.calls == []


def test_all_that_is_wrong_is_told_at_once(writable: Loaded) -> None:
    with pytest.raises(InvalidRequest) as refused:
        world_of(writable).directory.create("users", {"x": 1, "title": 7, "status": "invitd", "note": ""})
    assert len(refused.value.details) == 5, "an unknown one, a missing one, a type, a word, an input"


@pytest.mark.parametrize(
    "text",
    ['O\'Hara "x"', "Zoë 東京 👩‍🚀", LONG, "{settings.x}", "${HOME}", "a;b|c&d", "--lock x", "x" * 500],
)
def test_what_a_name_holds_stays_a_name(writable: Loaded, text: str) -> None:
    world = world_of(writable)
    world.directory.update("users", "u-ada", {"first_name": text})
    assert world.vendor.people["u-ada"]["name"] == {"first": text}
    queued = world_of(writable, "queue")
    try:
        queued.directory.update("users", "u-ada", {"first_name": text})
    except InvalidRequest:
        assert queued.calls == [], "what can't be quoted isn't sent"
    else:
        assert queued.vendor.lines[0] == ["change", "u-ada", "--first", text]


@pytest.mark.parametrize("key", ["", "a\nb", "\x00", 7, None, "a/../b", "..", "?x=1", "a b", "-rf", "' ; rm"])
def test_an_id_is_one_thing_wherever_it_stands(writable: Loaded, key: Any) -> None:
    for api in ("rest", "queue"):
        world = world_of(writable, api)
        for verb, *asked in (
            ("update", "users", key, {"first_name": "x"}),
            ("delete", "users", key),
            ("create", "groups/t1/users", {"id": key}),
            ("delete", "groups/t1/users", key),
        ):
            with pytest.raises(ConnectorError) as refused:
                getattr(world.directory, verb)(*asked)
            assert isinstance(refused.value, InvalidRequest | VendorNotFound)
        lines = [line for line in world.vendor.lines if line not in (["people"], ["teams"])]
        assert all(key in line for line in lines), "one word, unchanged"
        assert set(world.vendor.people) == {"u-ada", "u-bob", "u-eve"}


@pytest.mark.parametrize(
    "given", [None, [], "u-ada", {}, {"id": None}, {"id": 7}, {"id": "u-ada", "role": "x"}]
)
def test_a_member_is_given_by_id_alone(writable: Loaded, given: Any) -> None:
    world = world_of(writable)
    with pytest.raises(InvalidRequest):
        world.directory.create("groups/t1/users", given)
    assert world.calls == []


def test_what_nobody_can_do_is_refused(writable: Loaded) -> None:
    world = world_of(writable, "queue")
    asked: Mapping[str, Any] = {
        r"queue\.teams has no `create`": lambda: world.directory.create("groups", {"name": "x"}),
        r"queue\.teams has no `update`": lambda: world.directory.update("groups", "t1", {"name": "x"}),
        r"queue\.teams has no `delete`": lambda: world.directory.delete("groups", "t1"),
        "has nothing to update": lambda: world.directory.update("groups/t1/users", "u-ada", {"x": 1}),
        "unknown verb 'remove'": lambda: world.questions.plan("remove", "users", "u-ada"),
    }
    for words, ask in asked.items():
        with pytest.raises(InvalidRequest, match=words):
            ask()
    with pytest.raises(NotFound):
        world.directory.delete("queue.people", "u-ada")
    assert world.calls == []


# What was listed before ----------------------------------------------------------------------------------------------


def test_nothing_that_was_read_before_a_write_is_shared_after_it_and_old_walks_go_on(
    writable: Loaded,
) -> None:
    for api in ("rest", "queue"):
        world = world_of(writable, api)
        first = world.directory.list("users", limit=2)
        assert world.directory.list("users").rows[0]["first_name"] is None
        before = len(world.calls)
        world.directory.list("users")
        assert len(world.calls) == before, "shared"
        world.directory.update("users", "u-ada", {"first_name": "Ada"})
        assert world.directory.list("users").rows[0]["first_name"] == "Ada"
        rest = world.directory.list("users", limit=2, cursor=first.next_cursor)
        assert [row["id"] for row in rest.rows] == ["u-eve"]


def test_nor_after_one_whose_outcome_is_not_known(writable: Loaded) -> None:
    world = world_of(writable)
    world.directory.list("users")
    world.after = lambda call: VendorUnavailable("lost") if call.effect == "write" else None
    with pytest.raises(WriteOutcomeUnknown):
        world.directory.update("users", "u-ada", {"first_name": "Ada"})
    assert world.directory.list("users").rows[0]["first_name"] == "Ada"


def test_nor_who_is_in_a_group(writable: Loaded) -> None:
    world = world_of(writable)

    def groups() -> Any:
        return world.directory.list("users", include=["groups"]).rows[0]["groups"]

    assert groups() == []
    world.directory.create("groups/t1/users", {"id": "u-ada"})
    assert [group["id"] for group in groups()] == ["t1"]
