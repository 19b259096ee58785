"""A vendor that works longer than a question may take: the page is empty, and the next call goes on with what was begun.

Both with a listing in pages, where the ticket travels in the cursor, and with a captured one, where it stands with the
capture. Nothing is submitted twice, whichever process asks.
"""

from __future__ import annotations

from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import ConnectorError, RateLimited, VendorNotFound, VendorUnavailable
from connector.pages import Page
from tests.calling.queued import (
    WORKING,
    Queue,
    Reply,
    World,
    codes,
    ids,
    load,
    people,
    said,
    ticket,
    written,
)

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  give: {line: "list {page.start:text}"}
  records: $.items[*]
  paging: {style: offset, first: 0, size: 2, ends: empty_page}
calls: {find: {exchange: line, effect: read, give: {line: "find {value:shell}"}, records: "$.items[*]"}}
"""
TEAMS = """\
key: $.id
list: {exchange: line, effect: read, give: {line: teams}, records: "$.items[*]", paging: {style: snapshot}}
get: {from: list}
"""
USERS = """\
source: main.people
unified: users
fields: {id: $.id, username: $.id}
filters: {username: {evaluate: vendor_then_here, call: find}}
"""
GROUPS = "source: main.teams\nunified: groups\nfields: {id: $.id, name: $.name}\n"

BUSY = said({"code": "busy", "error": "60 calls a minute"}, 429)
FULL = said({"error": "queue is full"}, 503)
CUT = VendorUnavailable("the connection was cut")
LISTINGS = ("users", "groups")
SECONDS = 10.0
POLLS = 4
"""How often a question of so many seconds asks: after 0.5, 1.5, 3.5 and 7.5."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("mappings")
    return load(folder, written(people=PEOPLE, teams=TEAMS), people=USERS, teams=GROUPS)


def answer(line: str) -> Reply:
    return people() if line == "list 2" else people("a", "b")


def begun(loaded: Loaded, listing: str, *replies: Reply, **asked: Any) -> tuple[World, Queue, Page[Any]]:
    """A world in which a listing was asked for and the vendor is still at it, with the page that said so."""
    vendor = Queue(answer, works=1000)
    world = World(loaded, *replies, vendor=vendor, max_seconds=SECONDS)
    return world, vendor, world.page(listing, **asked)


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_page_without_rows_says_why_and_where_to_go_on(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)
    assert (page.rows, page.completeness.verdict, page.completeness.seen) == ([], "in_progress", 0)
    assert [(item.code, item.message) for item in page.warnings] == [
        (
            "vendor_still_working",
            "the vendor is still working; next_cursor goes on with what it has begun",
        )
    ]
    assert page.next_cursor
    assert world.time < SECONDS
    assert vendor.polls == ["t1"] * POLLS


@pytest.mark.parametrize("is_other_process", [False, True])
@pytest.mark.parametrize("listing", LISTINGS)
def test_the_next_call_asks_for_the_same_ticket(loaded: Loaded, listing: str, is_other_process: bool) -> None:
    vendor = Queue(answer, works=POLLS + 1)
    world = World(loaded, vendor=vendor, max_seconds=SECONDS)
    one = world.directory()
    first = one.list(listing)
    before = len(world.waits)
    second = (world.directory() if is_other_process else one).list(listing, cursor=first.next_cursor)
    assert ids([second]) == ["a", "b"]
    assert vendor.polls[: POLLS + 2] == ["t1"] * (POLLS + 2)
    assert world.waits[before] == 0.5, "asked at once, and then as if it were new"
    assert vendor.submitted == (["list 0", "list 2"] if listing == "users" else ["teams"])


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_vendor_that_never_ends_is_given_up_after_so_many_calls(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)

    def ask_on() -> None:
        cursor = page.next_cursor
        for _ in range(20):
            cursor = world.page(listing, cursor=cursor).next_cursor

    with pytest.raises(VendorUnavailable, match="did not finish within 60 s"):
        ask_on()
    assert len(vendor.submitted) == 1
    assert 50 < world.time <= 60


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_was_done_while_nobody_asked_is_not_given_up_unasked(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)
    world.time += 600
    vendor.works = 0
    assert ids([world.page(listing, cursor=page.next_cursor)]) == ["a", "b"]
    assert vendor.submitted[1:] == (["list 2"] if listing == "users" else [])


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_is_not_done_long_afterwards_is_asked_for_once(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)
    world.time += 600
    with pytest.raises(VendorUnavailable, match="did not finish within 60 s"):
        world.page(listing, cursor=page.next_cursor)
    assert len(vendor.polls) == POLLS + 1


@pytest.mark.parametrize("status", [404, 504])
@pytest.mark.parametrize("listing", LISTINGS)
def test_a_lost_ticket_says_nothing_of_the_listing(loaded: Loaded, listing: str, status: int) -> None:
    world, _, page = begun(loaded, listing)
    world.replies.append(said({"error": "unknown request"}, status))
    calls = len(world.calls)
    with pytest.raises(VendorUnavailable, match="doesn't know its ticket any more") as raised:
        world.page(listing, cursor=page.next_cursor)
    assert not isinstance(raised.value, VendorNotFound)
    assert raised.value.http_status == 502
    assert len(world.calls) == calls + 1, "it is not asked for again"


@pytest.mark.parametrize("listing", LISTINGS)
def test_after_a_lost_ticket_the_listing_can_be_begun_anew(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)
    world.replies.append(said({}, 404))
    with pytest.raises(VendorUnavailable):
        world.page(listing, cursor=page.next_cursor)
    vendor.works = 0
    assert ids([world.page(listing)]) == ["a", "b"]
    assert vendor.submitted[:2] == (["list 0"] * 2 if listing == "users" else ["teams"] * 2)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [(BUSY, "60 calls a minute"), (FULL, "503 Service Unavailable"), (CUT, "the connection was cut")],
)
@pytest.mark.parametrize("listing", LISTINGS)
def test_polls_that_are_refused_are_the_reason_and_are_asked_again_by_the_next_call(
    loaded: Loaded, listing: str, refusal: Reply, reason: str
) -> None:
    world, vendor, page = begun(loaded, listing, ticket("t1"), refusal, refusal, refusal)
    assert (page.rows, codes(page)) == ([], ["vendor_still_working"])
    assert reason in page.warnings[0].message
    vendor.submitted.append("list 0" if listing == "users" else "teams")
    vendor.works = 0
    assert ids([world.page(listing, cursor=page.next_cursor)]) == ["a", "b"]
    assert world.asked[1:5] == ["/result/t1"] * 4


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_result_that_is_a_failure_ends_the_waiting(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing)
    world.replies.append(said({"code": "throttled", "error": "slow down"}, 429))
    with pytest.raises(RateLimited, match="slow down"):
        world.page(listing, cursor=page.next_cursor)
    assert len(vendor.submitted) == 1


def test_a_page_that_is_not_there_yet_does_not_lose_the_one_before(loaded: Loaded) -> None:
    world = World(
        loaded, ticket("t"), people("a", "b"), ticket("u"), vendor=lambda _: WORKING, max_seconds=SECONDS
    )
    first = world.page("users")
    assert (ids([first]), codes(first)) == (["a", "b"], ["vendor_still_working"])
    world.replies.append(people("c"))
    world.replies.extend([ticket("v"), people()])
    second = world.page("users", cursor=first.next_cursor)
    assert ids([second]) == ["c"]
    assert second.completeness.verdict == "complete"
    submits = [line for line in world.asked if line.startswith("list")]
    assert submits == ["list 0", "list 2", "list 3"]


def test_a_search_that_takes_longer_is_gone_on_with(loaded: Loaded) -> None:
    world, vendor, page = begun(loaded, "users", filters={"username": "b"})
    assert codes(page) == ["vendor_still_working"]
    vendor.works = 0
    found = world.page("users", filters={"username": "b"}, cursor=page.next_cursor)
    assert (ids([found]), found.completeness.verdict) == (["b"], "complete")
    assert vendor.submitted == ["find 'b'"]


def test_what_was_searched_for_and_is_not_there_is_nobody_when_the_vendor_says_so_later(
    loaded: Loaded,
) -> None:
    world, _, page = begun(loaded, "users", filters={"username": "b"})
    world.replies.append(said({"error": "user not found"}, 500))
    found = world.page("users", filters={"username": "b"}, cursor=page.next_cursor)
    assert (found.rows, found.next_cursor, found.completeness.verdict) == ([], None, "complete")


@pytest.mark.parametrize("listing", LISTINGS)
def test_that_the_vendor_is_still_working_is_no_fault_of_a_record(loaded: Loaded, listing: str) -> None:
    world, vendor, page = begun(loaded, listing, strict=True)
    assert codes(page) == ["vendor_still_working"]
    vendor.works = 0
    assert ids([world.page(listing, cursor=page.next_cursor, strict=True)]) == ["a", "b"]


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_whole_walk_waits_for_a_slow_vendor(loaded: Loaded, listing: str) -> None:
    vendor = Queue(answer, works=9)
    world = World(loaded, vendor=vendor, max_seconds=SECONDS)
    assert [row.id for row in world.directory().iterate(listing)] == ["a", "b"]
    assert vendor.polls[:10] == ["t1"] * 10


def test_a_row_that_is_looked_for_in_a_listing_is_not_there_yet(loaded: Loaded) -> None:
    vendor = Queue(answer, works=POLLS + 1)
    world = World(loaded, vendor=vendor, max_seconds=SECONDS)
    with pytest.raises(ConnectorError, match="could not be read far enough to find 'b'") as raised:
        world.get("groups", "b")
    assert isinstance(raised.value, VendorUnavailable)
    assert world.get("groups", "b")["id"] == "b"
    assert vendor.submitted == ["teams"], "the next one goes on with what was begun"


def test_why_a_row_could_not_be_looked_for_is_told(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), BUSY, BUSY, BUSY, max_seconds=SECONDS)
    with pytest.raises(RateLimited, match="60 calls a minute"):
        world.get("groups", "b")
