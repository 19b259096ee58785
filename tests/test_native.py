"""The vendor's own resources, as they are, with our paging, cursors, verdicts and errors; a vendor of plain values."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import AsyncDirectory, Directory
from connector.errors import (
    CursorInvalid,
    InvalidRequest,
    ListingIncomplete,
    NotFound,
    VendorError,
    VendorNotFound,
)
from connector.flow import Clock
from connector.native import is_native, native_source
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call

LISTING = (
    '{get: /people, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]", '
    "paging: {style: offset, first: 0, size: 2, ends: total, total: $.total}}"
)
CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    base_url: https://made.example
    auth: {style: none}
    check: none
    membership: on_user
    resources:
      people:
        key: $.id
        list: LISTING
        get: {get: "/people/{id}"}
      things:
        key: {path: $.thing.no, as: string}
        list: LISTING
        get: {from: list}
      columned:
        key: $.id
        always: [$.id]
        columns: {a: $.a, b: $.b.c, d: "$['d e']"}
        list: {get: /columned, query: {fields: "{columns}"}, records: "$.items[*]", paging: {style: none}}
      keyless:
        list: {get: /keyless, records: "$.items[*]", paging: {style: none}}
      silent:
        key: $.id
  lacking:
    secrets: {token: {label: Token}}
    base_url: https://lacking.example
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    resources: {rows: {key: $.id, list: {get: /rows, records: "$.items[*]", paging: {style: none}}}}
"""
PEOPLE = "source: main.people\nunified: users\nfields: {id: $.id, username: $.login}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder: Path = tmp_path_factory.mktemp("mappings") / "made"
    folder.mkdir()
    text = CONNECTOR.replace("LISTING", LISTING)
    (folder / "connector.yaml").write_text(text, encoding="utf-8")
    (folder / "main.people.yaml").write_text(PEOPLE, encoding="utf-8")
    return Catalog([folder.parent]).load("made")


class World:
    """One account of the vendor, which has these records."""

    def __init__(self, made: Loaded, records: list[dict[str, Any]]) -> None:
        self.records = records
        self.total = len(records)
        self.sent: list[Call] = []
        account = open_account(made, settings={}, secrets={}, account="one")
        self.questions = Questions(account, Seal([b"k" * 32]), Settings(), Clock())
        self.directory = Directory(self.questions, self.send)

    def send(self, call: Call) -> Answer:
        self.sent.append(call)
        parts = urlsplit(call.url)
        if parts.path.startswith("/people/"):
            found = next((one for one in self.records if one.get("id") == parts.path[8:]), None)
            return Answer(404) if found is None else Answer(200, {}, json.dumps(found).encode())
        start = int(parse_qs(parts.query).get("start", ["0"])[0])
        items = self.records[start : start + 2] if "start" in parts.query else self.records
        return Answer(200, {}, json.dumps({"items": items, "total": self.total}).encode())


PERSON: dict[str, Any] = {
    "id": "p1",
    "login": "ada",
    "odd": [None, {"x": 1.5}],
    "": "",
    "remote_data": 1,
    "record": {"id": "other"},
}
PERSONS: list[dict[str, Any]] = [PERSON, *({"id": f"p{number}", "login": None} for number in range(2, 6))]
THINGS = [{"thing": {"no": 2**63 + number, "name": None}, "id": "the vendor's own"} for number in range(3)]


@pytest.fixture
def world(made: Loaded) -> World:
    return World(made, PERSONS)


def test_rows_are_the_records_as_they_are(world: World) -> None:
    page = world.directory.list("main.people", limit=2)
    assert page.rows == page.result == PERSONS[:2]
    assert page.ids == ["p1", "p2"]
    assert page.warnings == []
    assert page.is_partial_response is False
    assert (page.completeness.verdict, page.completeness.declared) == ("in_progress", 5)
    again = world.directory.list("main.people", limit=3, cursor=page.next_cursor)
    assert again.rows == PERSONS[2:]
    assert again.completeness.verdict == "complete"
    assert again.to_dict()["result"] == PERSONS[2:]
    assert list(world.directory.iterate("main.people")) == PERSONS


def test_the_id_follows_the_key(made: Loaded) -> None:
    world = World(made, THINGS)
    page = world.directory.list("main.things")
    assert page.rows == THINGS
    assert page.ids == [str(2**63 + number) for number in range(3)]
    item = world.directory.get("main.things", str(2**63 + 1))
    assert item.row == item.result == THINGS[1]
    with pytest.raises(VendorNotFound):
        world.directory.get("main.things", "the vendor's own")


def test_get(world: World) -> None:
    item = world.directory.get("main.people", "p1")
    assert item.row == item.result == PERSON
    assert item.to_dict() == {"result": PERSON, "is_partial_response": False, "warnings": []}
    with pytest.raises(VendorNotFound):
        world.directory.get("main.people", "p9")


def test_awaited(world: World) -> None:
    async def send(call: Call) -> Answer:
        return world.send(call)

    async def run() -> None:
        directory = AsyncDirectory(world.questions, send)
        assert (await directory.list("main.people", limit=1)).rows == [PERSON]
        assert (await directory.get("main.people", "p1")).row == PERSON
        assert [row async for row in directory.iterate("main.people")] == PERSONS

    asyncio.run(run())


def test_every_column_is_asked_for(made: Loaded) -> None:
    world = World(made, [{"id": "1", "unasked": True}])
    assert world.directory.list("main.columned").rows == [{"id": "1", "unasked": True}]
    assert parse_qs(urlsplit(world.sent[0].url).query) == {"fields": ["a,b,d"]}


def test_what_is_known_of_the_listing_is_told(made: Loaded) -> None:
    world = World(made, [{"id": "1"}, {"id": 2}, {"id": "3"}, {"id": "1"}])
    pages = list(world.directory.pages("main.people", allow_partial=True))
    assert [row for page in pages for row in page.rows] == [{"id": "1"}, {"id": "3"}, {"id": "1"}]
    assert pages[-1].completeness.verdict == "partial"
    assert set(pages[-1].completeness.reasons) >= {"records_left_out", "duplicate_ids"}
    assert {item.code for page in pages for item in page.warnings} >= {"record_without_id"}
    with pytest.raises(ListingIncomplete):
        list(world.directory.iterate("main.people"))
    with pytest.raises(VendorError):
        world.directory.list("main.people", strict=True)


def test_fewer_than_declared_is_not_complete(world: World) -> None:
    world.total = 6
    page = world.directory.list("main.people")
    while page.next_cursor is not None:
        page = world.directory.list("main.people", cursor=page.next_cursor)
    assert page.completeness.verdict == "partial"


@pytest.mark.parametrize("other", ["users", "main.things"])
def test_a_cursor_belongs_to_its_listing(world: World, other: str) -> None:
    for begun, gone_on in (("main.people", other), (other, "main.people")):
        if begun == "main.things":
            continue
        cursor = world.directory.list(begun, limit=1).next_cursor
        assert cursor is not None
        with pytest.raises(CursorInvalid, match="another resource"):
            world.directory.list(gone_on, cursor=cursor)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"filters": {"id": "p1"}}, "it takes no filters"),
        ({"sort_by": "id"}, "it takes no sort_by"),
        ({"group_id": "g"}, "it takes no group_id"),
        ({"include": ["remote_data"]}, "it takes no include"),
        ({"exclude_fields": "login"}, "it takes no exclude_fields"),
        ({"filters": {"a": 1}, "sort_by": "b"}, "it takes no filters and no sort_by"),
        ({"limit": 0}, "limit must be"),
        ({"lmit": 1}, "unknown parameter 'lmit'"),
    ],
)
def test_what_can_not_be_asked(world: World, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        world.directory.list("main.people", **asked)
    assert world.sent == []


READABLE = "main.people, main.things, main.columned, lacking.rows"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("main.peple", f"made has no resource 'main.peple' that can be read; it has: {READABLE}\n  hint: did you mean main.people?"),
        ("main.keyless", "made has no resource 'main.keyless'"),
        ("main.silent", "made has no resource 'main.silent'"),
        ("man.people", "made has no resource 'man.people'"),
        ("main.", "made has no resource 'main.'"),
        (".people", "made has no resource '.people'"),
        ("main.people.x", "made has no resource 'main.people.x'"),
        ("lacking.rows", "'lacking' is not connected here; this account has: main"),
        ("main.people/x", "unknown resource 'main.people/x'"),
    ],
)  # fmt: skip
def test_what_is_not_there(world: World, name: str, told: str) -> None:
    for ask in (world.directory.list, lambda name: world.directory.get(name, "1")):
        with pytest.raises(InvalidRequest) as refused:
            ask(name)
        assert told in str(refused.value)
    assert world.sent == []


def test_it_is_only_read(world: World) -> None:
    with pytest.raises(NotFound):
        world.directory.create("main.people", {"id": "x"})
    with pytest.raises(NotFound):
        world.directory.plan("create", "main.people", {"id": "x"})


def test_explain_says_where_it_came_from(world: World) -> None:
    explained = world.directory.list("main.people", limit=1, explain=True).explain
    assert explained is not None
    assert explained["source"] == "main.people"


def test_a_native_source_is_told_from_a_mapped_one(made: Loaded) -> None:
    assert is_native(native_source(made, "main.people"))
    assert not is_native(made.sources["main.people"])
