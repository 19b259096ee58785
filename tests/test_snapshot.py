"""A captured listing: the vendor is asked once for a whole walk, and what was captured is told as it is or not at all."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.captures import CHUNK, MemoryShelf, chunks_of
from connector.catalog import Loaded
from connector.directory import AsyncDirectory
from connector.errors import CaptureTooLarge, CursorExpired, PagingBroken, VendorError
from connector.pages import Page
from connector.wire import Answer, Call
from tests.calling.queued import Asker, Reply, World, codes, ids, line_of, load, people, said, written

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  before: [{exchange: line, effect: read, give: {line: down}, at_most_every: 24h, if_refused: warn}]
  give: {line: people}
  records: %s
  paging: {style: snapshot, %s}
"""
USERS = """\
source: main.people
unified: users
fields: {id: $.id, name: $.name, title: $.title}
filters: {title: {evaluate: here}}
"""
SHARED = "keep_for: 15m, share_for: 60s"
DIRECT = {"version": "direct"}


def made(factory: pytest.TempPathFactory, paging: str, records: str = "$.items[*]", **more: str) -> Loaded:
    folder: Path = factory.mktemp("mappings")
    return load(folder, written(people=PEOPLE % (records, paging)), people=more.get("users", USERS))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A capture is kept for 15 minutes, and new listings may begin over it for one."""
    return made(tmp_path_factory, SHARED)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Each listing takes its own."""
    return made(tmp_path_factory, "keep_for: 15m")


@pytest.fixture(scope="module")
def declaring(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory, "total: $.total")


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory, SHARED, records='{path: "$.a.b[*]", if_missing: empty}')


class Vendor:
    """It has these people, and answers with all of them; or always with one answer."""

    def __init__(self, *names: str, answer: Answer | None = None) -> None:
        self.names, self.answer = names, answer
        self.listings = 0

    def __call__(self, call: Call) -> Reply:
        if line_of(call) == "down":
            return said({})
        self.listings += 1
        return self.answer or people(*self.names)


def world_of(loaded: Loaded, *names: str, **more: Any) -> tuple[World, Vendor]:
    vendor = Vendor(*names)
    return World(loaded, vendor=vendor, account=DIRECT, **more), vendor


def answering(loaded: Loaded, body: Any, **more: Any) -> World:
    """A world whose vendor has this answer to a listing."""
    answer = body if isinstance(body, Answer) else said(body)
    return World(loaded, vendor=Vendor(answer=answer), account=DIRECT, **more)


def shown(page: Page[Any]) -> Any:
    return {**page.to_dict(), "next_cursor": page.next_cursor is not None}


def test_a_whole_walk_is_one_listing_of_the_vendor_whatever_its_limits(own: Loaded) -> None:
    world, vendor = world_of(own, *"abcdefgh")
    pages = world.walk("users", [2, 1, 3, 1000])
    assert [ids([page]) for page in pages] == [["a", "b"], ["c"], ["d", "e", "f"], ["g", "h"]]
    assert vendor.listings == 1
    known = [
        (page.completeness.verdict, page.completeness.seen, page.completeness.declared) for page in pages
    ]
    assert known == [("in_progress", 2, 8), ("in_progress", 3, 8), ("in_progress", 6, 8), ("complete", 8, 8)]


def test_what_changes_at_the_vendor_meanwhile_is_not_in_the_walk(own: Loaded) -> None:
    world, vendor = world_of(own, "a", "b", "c")
    first = world.page("users", limit=2)
    vendor.names = ("x", "a", "b")
    assert ids([world.page("users", cursor=first.next_cursor)]) == ["c"]
    assert ids([world.page("users")]) == ["x", "a", "b"]


def test_a_new_listing_begins_over_a_capture_that_is_young_enough(shared: Loaded) -> None:
    world, vendor = world_of(shared, "a", "b")
    for moment, listings in ((0.0, 1), (1.0, 1), (59.0, 1), (60.0, 2), (119.0, 2), (121.0, 3)):
        world.time = moment
        assert ids([world.page("users")]) == ["a", "b"]
        assert vendor.listings == listings, moment
    explained = world.page("users", explain=True).explain
    assert explained is not None
    assert explained["captured"] == {
        "taken_at": "2026-01-31T00:02:01Z",
        "kept_until": "2026-01-31T00:17:01Z",
    }


def test_without_a_word_about_sharing_each_listing_takes_its_own(own: Loaded) -> None:
    world, vendor = world_of(own, "a")
    for count in (1, 2, 3):
        world.page("users")
        assert vendor.listings == count


def test_accounts_share_no_capture(shared: Loaded) -> None:
    from connector.directory import Directory

    world, vendor = world_of(shared, "a")
    for name, listings in (("one", 1), ("two", 2), ("one", 2)):
        Directory(world.questions(name=name), world.send, world.sleep).list("users")
        assert vendor.listings == listings


def test_a_walk_over_a_capture_that_has_expired_is_refused(shared: Loaded) -> None:
    world, vendor = world_of(shared, "a", "b", "c")
    first = world.page("users", limit=1)
    world.time = 899.0
    second = world.page("users", limit=1, cursor=first.next_cursor)
    world.time = 900.0
    with pytest.raises(CursorExpired, match="no longer kept") as raised:
        world.page("users", limit=1, cursor=second.next_cursor)
    assert raised.value.http_status == 410
    assert "begin the listing again without next_cursor" in str(raised.value)
    assert vendor.listings == 1, "never another one in its place"


def test_a_walk_over_a_capture_that_made_room_for_another_is_refused(own: Loaded) -> None:
    world, names = world_with_little_room(own)
    first = world.page("users", limit=1)
    world.time = 1.0
    other = world.page("users", limit=1)
    with pytest.raises(CursorExpired):
        world.page("users", cursor=first.next_cursor)
    assert len(world.page("users", limit=1000, cursor=other.next_cursor).rows) == len(names) - 1


def test_a_capture_that_goes_while_a_page_is_read_is_never_a_page_without_rows(own: Loaded) -> None:
    world, _ = world_with_little_room(own)
    first = world.page("users", limit=1)
    reader = Asker(world, world.questions().list("users", cursor=first.next_cursor))
    reader.go()  # it was there
    world.time = 1.0
    world.page("users", limit=1)
    assert isinstance(reader.finish(), CursorExpired)


def world_with_little_room(loaded: Loaded) -> tuple[World, list[str]]:
    """(a world whose shelf takes one of its captures and not two, who is in one)."""
    names = [f"somebody-{n}" for n in range(400)]
    records = (json.dumps({"id": name}).encode() for name in names)
    size = sum(len(chunk.packed) for chunk in chunks_of(records))
    return world_of(loaded, *names, shelf=MemoryShelf(budget=size * 3 // 2))[0], names


def test_a_listing_that_is_larger_than_what_may_be_kept_is_refused(shared: Loaded) -> None:
    shelf = MemoryShelf(budget=1_000)
    world, vendor = world_of(shared, *(f"somebody-{n}" for n in range(5_000)), shelf=shelf)
    with pytest.raises(CaptureTooLarge, match="CONNECTOR_CAPTURE_BYTES") as raised:
        world.page("users")
    assert raised.value.http_status == 507
    vendor.names = ("a",)
    assert ids([world.page("users")]) == ["a"], "nothing of it was kept, nor that somebody was at it"
    assert vendor.listings == 2


WRONG: list[tuple[str, Any, str]] = [
    ("no records", {"people": []}, r"has no records at \$.items\[\*\]"),
    ("an object", {"items": {"id": "a"}}, "expected list, got object"),
    ("null", {"items": None}, "expected list, got null"),
    ("texts", {"items": ["a", "b"]}, "expected objects, got string"),
    ("a null among them", {"items": [{"id": "a"}, None]}, "expected objects, got null"),
    ("a list among them", {"items": [{"id": "a"}, [1]]}, "expected objects, got list"),
    ("a list in place of all", [{"id": "a"}], r"has no records|expected object, got list"),
    ("nothing", Answer(200, {}, b""), "is empty"),
    ("half of it", Answer(200, {}, b'{"items": [{"id": "a"}'), "not JSON"),
    ("no number", Answer(200, {}, b'{"items": [{"id": "a", "n": NaN}]}'), "not JSON"),
    ("a number too large", Answer(200, {}, b'{"items": [{"id": "a", "n": 1e999}]}'), "can't be read"),
    ("no UTF-8", Answer(200, {}, b'{"items": [{"id": "a"}, {"id": "\xff"}]}'), "can't be read"),
    ("no UTF-8 beside them", Answer(200, {}, b'{"items": [], "x": "\xff"}'), "turn encryption off"),
    ("too deep", Answer(200, {}, b'{"items": [{"id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}]}"), "not JSON|can't be read"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_no_listing_is_an_error_and_no_capture(shared: Loaded, body: Any, words: str) -> None:
    world = answering(shared, body)
    with pytest.raises(VendorError) as raised:
        world.page("users")
    assert re.search(words, str(raised.value))
    assert raised.value.message.count("made: POST https://h/run") == 1, "it says which call, once"
    world.vendor = Vendor("a")
    assert ids([world.page("users")]) == ["a"]


def test_a_failure_of_the_vendor_is_told_once_and_is_no_capture(shared: Loaded) -> None:
    world, _ = world_of(shared, "a")
    world.replies.extend([said({}), Answer(302, {}, b"")])
    with pytest.raises(VendorError) as raised:
        world.page("users")
    assert raised.value.message == "made: POST https://h/run answered 302 Found"
    assert ids([world.page("users")]) == ["a"]


@pytest.mark.parametrize("body", [{"a": {"b": []}}, {"a": {}}, {}, {"a": {"c": 1}}])
def test_none_by_right_is_an_empty_capture(deep: Loaded, body: Any) -> None:
    page = answering(deep, body).page("users")
    assert (page.rows, page.next_cursor, page.completeness.verdict) == ([], None, "complete")


def test_records_may_stand_deep_and_be_written_with_spaces(deep: Loaded) -> None:
    body = Answer(200, {}, b'\xef\xbb\xbf { "z" : 1 , "a" : { "b" : [ {"id" : "1"} ,\n\t{"id":"2"} ] } } ')
    assert ids([answering(deep, body).page("users")]) == ["1", "2"]


def test_records_of_an_answer_that_was_refused_are_not_taken(deep: Loaded) -> None:
    refusal = said({"code": "busy", "a": {"b": [{"id": "half"}]}}, 429)
    world = World(deep, said({}), refusal, said({"a": {}}), account=DIRECT)
    assert world.page("users").rows == []


TOTALS: list[tuple[Any, str, tuple[str, ...]]] = [
    (3, "complete", ()),
    (5, "partial", ("fewer_than_declared",)),
]


@pytest.mark.parametrize(("total", "verdict", "reasons"), TOTALS)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_what_the_vendor_says_of_how_many_there_are_is_believed_only_as_far_as_it_adds_up(
    declaring: Loaded, total: Any, verdict: str, reasons: tuple[str, ...], limit: int
) -> None:
    world = answering(declaring, {"items": [{"id": name} for name in "abc"], "total": total})
    last = world.walk("users", [limit] * 9)[-1].completeness
    assert (last.verdict, last.seen, last.declared, tuple(last.reasons)) == (verdict, 3, total, reasons)


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (2, "declares 2 records and has sent 3"),
        ("3", "expected integer, got string"),
        (None, "got null"),
        (-1, "from 0"),
    ],
)
def test_a_total_that_can_not_be_is_an_error(declaring: Loaded, total: Any, words: str) -> None:
    world = answering(declaring, {"items": [{"id": name} for name in "abc"], "total": total})
    with pytest.raises(PagingBroken, match=words):
        world.page("users")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("names", ["aab", "aba", "abab", "abcabc"])
def test_who_comes_twice_is_marked_wherever_the_pages_are_cut(own: Loaded, names: str, limit: int) -> None:
    """The pages are ours, so none of them is one that the vendor sent before."""
    world, _ = world_of(own, *names)
    pages = list(world.directory().pages("users", limit=limit, allow_partial=True))
    assert ids(pages) == list(names)
    assert pages[-1].completeness.verdict in ("unproven", "partial")
    assert "duplicate_ids" in pages[-1].completeness.reasons


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_filters_are_evaluated_here_over_the_capture(own: Loaded, limit: int) -> None:
    items = [{"id": f"{n}", "title": "boss" if n % 3 == 0 else "nurse"} for n in range(10)]
    world = answering(own, {"items": items})
    pages = world.walk("users", [limit] * 9, filters={"title": "boss"})
    assert ids(pages) == ["0", "3", "6", "9"]
    assert (pages[-1].completeness.verdict, pages[-1].completeness.seen) == ("complete", 10)
    assert len(world.calls) == 2, "what comes before, and the listing"


@pytest.mark.parametrize("asked", [{}, {"filters": {"title": "boss"}}])
def test_what_was_noticed_while_it_was_taken_is_told_on_the_first_page(
    shared: Loaded, asked: dict[str, Any]
) -> None:
    body = said({"items": [{"id": f"{n}", "title": "boss"} for n in range(5)]})
    world = World(shared, said({}, 403), body, account=DIRECT)
    assert [codes(page) for page in world.walk("users", [2] * 3, **asked)] == [["may_be_stale"], [], []]
    assert codes(world.page("users", **asked)) == ["may_be_stale"], "a listing that shares it is told as well"


def test_a_walk_goes_on_when_the_mapping_is_changed(
    shared: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = {"items": [{"id": f"{n}", "name": "N", "title": "boss"} for n in range(4)]}
    world = answering(shared, body)
    first = world.page("users", limit=2)
    world.loaded = made(
        tmp_path_factory, SHARED, users=USERS.replace("title: $.title}", "title: {constant: New}}")
    )
    second = world.page("users", cursor=first.next_cursor)
    assert [row["title"] for row in second.rows] == ["New", "New"]
    assert codes(second) == ["mapping_changed"]
    assert second.completeness.verdict == "complete"
    assert len(world.calls) == 2


def test_awaiting_gives_the_same_pages(own: Loaded) -> None:
    def take(world: World) -> list[Any]:
        async def send(call: Call) -> Answer:
            return world.send(call)

        async def sleep(seconds: float) -> None:
            world.sleep(seconds)

        async def collect() -> list[Any]:
            async with AsyncDirectory(world.questions(), send, sleep) as directory:
                return [shown(page) async for page in directory.pages("users", limit=2)]

        return asyncio.run(collect())

    world, _ = world_of(own, *"abcde")
    waited = [shown(page) for page in world.directory().pages("users", limit=2)]
    awaited = take(world_of(own, *"abcde")[0])
    assert awaited == waited
    assert len(awaited) == 3


@given(
    count=st.integers(0, 40) | st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7]),
    limits=st.lists(st.integers(1, 1000), min_size=1, max_size=6),
)
def test_everyone_comes_once_and_in_order(own: Loaded, count: int, limits: list[int]) -> None:
    names = [f"{n}" for n in range(count)]
    world, vendor = world_of(own, *names)
    pages = world.walk("users", itertools.islice(itertools.cycle(limits), 2_000))
    assert ids(pages) == names
    assert vendor.listings == 1
    assert [page.completeness.verdict for page in pages] == ["in_progress"] * (len(pages) - 1) + ["complete"]
    assert pages[-1].completeness.seen == count


def test_a_cursor_holds_nothing_of_the_records(own: Loaded) -> None:
    world, _ = world_of(own, *(f"person-{n}" for n in range(300)))
    cursor = world.page("users", limit=2).next_cursor
    assert cursor is not None
    place = world.questions().seal.unseal(cursor, {})[0]["at"]
    assert set(place["state"]) == {"capture", "start"}
    assert "person-2" not in json.dumps(place)
