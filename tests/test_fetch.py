"""The flows of one question, with a scripted vendor: retries, waits and budgets, on a clock that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import AsyncDirectory, Directory
from connector.errors import (
    ConnectorError,
    NeedsReauth,
    RateLimited,
    VendorError,
    VendorUnavailable,
)
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    base_url: https://h
    auth: {style: none}
    check: {post: /check, effect: write}
    retry: {times: 2}
    resources:
      people:
        key: $.id
        list:
          get: /people
          query: {start: "{page.start}", size: "{page.size}"}
          records: "$.items[*]"
          paging: {style: offset, first: 0, size: 2, ends: empty_page}
        get: {get: "/people/{id}"}
        calls: {search: {get: /search, query: {q: "{value}"}, records: "$.items[*]"}}
"""
MAPPING = """\
source: main.people
unified: users
where: {$.hidden: {not: true}}
fields: {id: $.id, username: $.login, title: $.title}
on: {get: {title: $.full_title}}
filters: {username: {evaluate: vendor, call: search}, title: {evaluate: here}}
"""
NOW = datetime(2026, 1, 31, tzinfo=UTC)
Reply = Answer | ConnectorError


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder: Path = tmp_path_factory.mktemp("mappings")
    (folder / "made").mkdir()
    (folder / "made" / "connector.yaml").write_text(CONNECTOR)
    (folder / "made" / "main.people.yaml").write_text(MAPPING)
    return Catalog([folder]).load("made")


class World:
    """A vendor that answers as told, and a clock that moves only when someone waits or calls."""

    def __init__(self, loaded: Loaded, *replies: Reply, takes: float = 0.0, **settings: Any) -> None:
        self.replies: Iterator[Reply] = iter(replies)
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.time, self.takes = 0.0, takes
        clock = Clock(seconds=lambda: self.time, now=lambda: NOW, random=lambda: 1.0)
        opened = open_account(loaded, settings={}, secrets={})
        self.questions = Questions(opened, Seal([b"k" * 32]), Settings(**settings), clock)
        self.directory = Directory(self.questions, self.send, self.sleep)

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        self.time += self.takes
        reply = next(self.replies)
        if isinstance(reply, ConnectorError):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


def page(*ids: str) -> Answer:
    items = ",".join(f'{{"id":"{name}"}}' for name in ids)
    return Answer(200, {}, f'{{"items":[{items}]}}'.encode())


def failing(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()})


OK = page()


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (failing(429, retry_after="7"), 7.0),
        (failing(503, retry_after="0"), 0.5),
        (failing(429, retry_after="Sat, 31 Jan 2026 00:00:05 GMT"), 5.0),
        (failing(429, retry_after="Fri, 30 Jan 2026 00:00:05 GMT"), 0.5),
        (failing(429, retry_after="soon"), 0.5),
        (failing(429), 0.5),
        (failing(500), 0.5),
        (VendorUnavailable("cut off"), 0.5),
        (VendorUnavailable("refused", sent=False), 0.5),
    ],
)
def test_a_read_is_tried_again_when_the_vendor_says_or_we_guess(
    loaded: Loaded, reply: Reply, wait: float
) -> None:
    world = World(loaded, reply, OK)
    assert world.directory.list("users").rows == []
    assert world.waits == [wait]
    assert world.calls[0].url == world.calls[1].url


def test_waits_grow_and_tries_are_counted(loaded: Loaded) -> None:
    world = World(loaded, *[failing(500)] * 3)
    with pytest.raises(VendorUnavailable):
        world.directory.list("users")
    assert world.waits == [0.5, 1.0]
    assert len(world.calls) == 3, "retry: times: 2"


@pytest.mark.parametrize(
    "reply",
    [
        failing(401),
        failing(403),
        failing(404),
        failing(400),
        failing(409),
        Answer(200, {}, b"x"),
        failing(302),
    ],
)
def test_what_would_fail_again_is_asked_once(loaded: Loaded, reply: Reply) -> None:
    world = World(loaded, reply)
    with pytest.raises(ConnectorError):
        world.directory.list("users")
    assert len(world.calls) == 1
    assert world.waits == []


def test_a_wait_that_ends_after_the_time_is_not_begun(loaded: Loaded) -> None:
    world = World(loaded, failing(429, retry_after="21"))
    with pytest.raises(RateLimited) as raised:
        world.directory.list("users")
    assert raised.value.retry_after == 21.0
    assert world.waits == []


def test_a_whole_walk_waits_longer(loaded: Loaded) -> None:
    world = World(loaded, failing(429, retry_after="21"), OK)
    assert list(world.directory.iterate("users")) == []
    assert world.waits == [21.0]


def test_a_write_that_may_have_arrived_is_not_sent_again(loaded: Loaded) -> None:
    for reply, calls in (
        (failing(500), 1),
        (VendorUnavailable("cut off"), 1),
        (VendorUnavailable("no", sent=False), 2),
    ):
        world = World(loaded, reply, Answer(200, {}, b"{}"))
        try:
            world.directory.check()
        except VendorUnavailable:
            assert calls == 1
        assert len(world.calls) == calls
        assert world.calls[0].effect == "write"


def test_a_call_has_the_time_that_is_left(loaded: Loaded) -> None:
    world = World(loaded, *[page(f"a{n}", f"b{n}") for n in range(9)], takes=4.0, max_seconds=10.0)
    found = world.directory.list("users")
    assert [call.deadline for call in world.calls] == [10.0, 6.0, 2.0]
    assert [call.timeout for call in world.calls] == [10.0, 6.0, 2.0]
    assert len(found.rows) == 6
    assert found.next_cursor
    assert found.completeness.verdict == "in_progress"


@pytest.mark.parametrize("most", [1, 3])
def test_a_page_is_cut_when_the_calls_are_used_up(loaded: Loaded, most: int) -> None:
    world = World(loaded, *[page(f"a{n}", f"b{n}") for n in range(9)], max_calls=most)
    found = world.directory.list("users")
    assert len(world.calls) == most
    assert len(found.rows) == 2 * most
    assert found.next_cursor


def test_rows_that_a_filter_leaves_out_use_the_calls_up_too(loaded: Loaded) -> None:
    world = World(loaded, *[page(f"a{n}", f"b{n}") for n in range(9)], max_calls=2)
    found = world.directory.list("users", filters={"title": "x"})
    assert (found.rows, len(world.calls)) == ([], 2)
    assert found.next_cursor, "an empty page is no end"


def test_the_vendor_is_asked_for_whole_pages_where_rows_are_filtered_here(loaded: Loaded) -> None:
    for filters, size in (({"title": "x"}, "size=2"), ({}, "size=1")):
        world = World(loaded, page("a"), OK)
        world.directory.list("users", limit=1, filters=filters)
        assert world.calls[0].url.endswith(size)


def test_a_record_that_is_got_may_be_read_by_other_rules(loaded: Loaded) -> None:
    world = World(loaded, Answer(200, {}, b'{"id":"a","title":"B","full_title":"Boss"}'))
    assert world.directory.get("users", "a").row["title"] == "Boss"


def test_a_walk_goes_on_through_pages_that_are_cut(loaded: Loaded) -> None:
    pages = [*[page(f"a{n}", f"b{n}") for n in range(7)], OK]
    world = World(loaded, *pages, takes=1000.0, max_calls=1)
    assert len(list(world.directory.iterate("users"))) == 14


def test_retries_count_as_calls(loaded: Loaded) -> None:
    world = World(loaded, failing(500), failing(500), page("a", "b"), page("c", "d"), max_calls=3)
    assert len(world.directory.list("users").rows) == 2
    assert len(world.calls) == 3


def test_what_was_asked_is_told_without_secrets(loaded: Loaded) -> None:
    world = World(loaded, failing(500), page("a"), page(), takes=0.25)
    found = world.directory.list("users", explain=True)
    assert found.explain is not None
    assert [
        (call["method"], call.get("status"), call.get("error"), call["seconds"])
        for call in found.explain["calls"]
    ] == [
        ("GET", 500, "vendor_unavailable", 0.25),
        ("GET", 200, None, 0.25),
        ("GET", 200, None, 0.25),
    ]
    assert found.explain["source"] == "main.people"


def test_a_failure_in_the_middle_of_a_page_is_a_failure(loaded: Loaded) -> None:
    world = World(loaded, page("a", "b"), failing(401))
    with pytest.raises(NeedsReauth):
        world.directory.list("users")


def test_a_record_that_the_mapping_leaves_out_is_counted_and_told(loaded: Loaded) -> None:
    body = b'{"items":[{"id":"a"},{"id":"b","hidden":true}]}'
    world = World(loaded, Answer(200, {}, body), OK)
    found = world.directory.list("users")
    assert [row["id"] for row in found.rows] == ["a"]
    assert (found.completeness.verdict, found.completeness.seen) == ("complete", 2)
    assert [(item.code, item.count) for item in found.warnings] == [("left_out", 1)]
    strict = World(loaded, Answer(200, {}, body), OK).directory.list("users", strict=True)
    assert len(strict.rows) == 1, "it is left out as the mapping says; no record is wrong"


def test_a_record_that_the_mapping_leaves_out_needs_no_id(loaded: Loaded) -> None:
    body = b'{"items":[{"id":"a"},{"hidden":true,"n":1},{"id":null,"hidden":true,"n":2}]}'
    found = World(loaded, Answer(200, {}, body), OK).directory.list("users")
    assert [row["id"] for row in found.rows] == ["a"]
    assert (found.completeness.verdict, found.completeness.reasons) == ("complete", [])
    assert found.completeness.seen == 3
    assert [(item.code, item.count) for item in found.warnings] == [("left_out", 2)]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_what_was_noticed_of_a_record_is_told_once_however_its_page_is_served(
    loaded: Loaded, limit: int
) -> None:
    items = '[{"id":"a","title":7},{"hidden":true},{"id":"b","title":7},{"login":"nobody"},{"id":"c"}]'
    replies = [Answer(200, {}, f'{{"items":{items}}}'.encode())] * -(-3 // limit)
    world = World(loaded, *replies, OK)
    pages = list(world.directory.pages("users", limit=limit, allow_partial=True))
    assert [row["id"] for page in pages for row in page.rows] == ["a", "b", "c"]
    told = [(item.code, item.count) for page in pages for item in page.warnings]
    counted = {code: sum(count for one, count in told if one == code) for code, _ in told}
    assert counted == {"wrong_type": 2, "left_out": 1, "record_without_id": 1}
    assert pages[-1].completeness.reasons == ["records_left_out"]


def test_a_record_that_is_left_out_can_not_be_got(loaded: Loaded) -> None:
    world = World(loaded, Answer(200, {}, b'{"id":"b","hidden":true}'))
    with pytest.raises(ConnectorError, match="'b' is not among the users") as raised:
        world.directory.get("users", "b")
    assert raised.value.code == "not_found"


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"a"', b"", b'[{"id":"a"}]'])
def test_what_is_no_record_can_not_be_got(loaded: Loaded, body: bytes) -> None:
    with pytest.raises(VendorError, match="expected one record at"):
        World(loaded, Answer(200, {}, body)).directory.get("users", "a")


def test_a_search_that_finds_nothing_is_an_empty_listing(loaded: Loaded) -> None:
    for reply in (failing(404), OK):
        world = World(loaded, reply)
        found = world.directory.list("users", filters={"username": "ann"})
        assert (found.rows, found.next_cursor, found.completeness.verdict) == ([], None, "complete")
        assert world.calls[0].url == "https://h/search?q=ann"


def test_a_listing_that_is_not_found_is_a_failure(loaded: Loaded) -> None:
    with pytest.raises(ConnectorError) as raised:
        World(loaded, failing(404)).directory.list("users")
    assert raised.value.code == "not_found"


def test_awaiting_waits_and_retries_alike(loaded: Loaded) -> None:
    world = World(loaded, failing(429, retry_after="7"), VendorUnavailable("cut off"), page("a"), OK)

    async def send(call: Call) -> Answer:
        return world.send(call)

    async def sleep(seconds: float) -> None:
        world.sleep(seconds)

    async def rows() -> list[Any]:
        async with AsyncDirectory(world.questions, send, sleep) as directory:
            return [row async for row in directory.iterate("users")]

    assert [row.id for row in asyncio.run(rows())] == ["a"]
    assert world.waits == [7.0, 1.0]


def test_an_error_that_is_none_of_ours_is_not_held_back(loaded: Loaded) -> None:
    world = World(loaded)

    def fail(call: Call) -> Answer:
        raise ZeroDivisionError(call)

    with pytest.raises(ZeroDivisionError):
        Directory(world.questions, fail, world.sleep).list("users")


def test_directories_show_no_secrets_and_close_what_they_opened(loaded: Loaded) -> None:
    closed: list[bool] = []
    world = World(loaded)
    with Directory(world.questions, world.send, world.sleep, lambda: closed.append(True)) as directory:
        assert repr(directory).startswith("Directory(made, account ")
    assert closed == [True]


def test_what_was_read_before_a_vendor_gives_up_is_not_lost(loaded: Loaded) -> None:
    world = World(loaded, page("1", "2"), *[failing(503)] * 9)
    cut = world.directory.list("users", limit=500)
    assert [row["id"] for row in cut.rows] == ["1", "2"]
    assert cut.next_cursor is not None
    assert cut.completeness.verdict == "in_progress"
    assert [found.code for found in cut.warnings] == ["vendor_unavailable"]
    with pytest.raises(VendorUnavailable):  # the next call begins at the page that fails
        world.directory.list("users", limit=500, cursor=cut.next_cursor)
