"""What a vendor lets anyone reach, and an empty first page that is not believed unasked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.cli.telling import verdict_words
from connector.errors import ListingIncomplete, NeedsReauth, VendorUnavailable
from connector.wire import Answer, Call
from tests.calling.plain import connect, listing_vendor, queried
from tests.calling.queued import KEY, WORKING, World, ids, load, said, ticket, written

OFFSET = """\
{get: /people, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]",
 paging: {style: offset, first: 0, size: 4, ends: empty_page, PAGING}}
"""
NAMES = [f"u{number:02}" for number in range(20)]


def window(_: Call, query: Mapping[str, str]) -> list[str] | Answer:
    """As a search does: it refuses what would end after the tenth."""
    start, size = int(query["start"]), int(query["size"])
    return NAMES[start : start + size] if start + size <= 10 else said({"error": "window is too large"}, 400)


@pytest.fixture(scope="module")
def reaching(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return connect(tmp_path_factory.mktemp("mappings"), OFFSET.replace("PAGING", "ceiling: 10"))


@pytest.mark.parametrize("limit", [1, 3, 10, 100])
def test_a_walk_ends_at_the_ceiling_and_is_partial(reaching: Loaded, limit: int) -> None:
    made = World(reaching, vendor=listing_vendor(window))
    pages = made.walk("users", [limit] * 12)
    assert ids(pages) == NAMES[:10]
    known = pages[-1].completeness
    assert (known.verdict, known.seen, known.reasons) == ("partial", 10, ["ceiling_reached"])
    assert verdict_words(known) == "NOT COMPLETE: 10 seen; the vendor lets nobody read further"
    assert max(int(queried(call)["start"]) + int(queried(call)["size"]) for call in made.calls) == 10


def test_a_whole_walk_raises_at_the_ceiling(reaching: Loaded) -> None:
    made = World(reaching, vendor=listing_vendor(window))
    with pytest.raises(ListingIncomplete, match="ceiling_reached"):
        list(made.directory().iterate("users"))


def test_below_the_ceiling_a_listing_is_complete(reaching: Loaded) -> None:
    made = World(reaching, vendor=listing_vendor(lambda _, query: NAMES[:9][int(query["start"]) :][:4]))
    page = made.page("users")
    assert (len(page.rows), page.completeness.verdict) == (9, "complete")


CHECKED = {
    "offset": OFFSET.replace("PAGING", "when_empty: check"),
    "none": '{get: /people, records: "$.items[*]", paging: {style: none, when_empty: check}}',
    "snapshot": '{get: /people, records: "$.items[*]", paging: {style: snapshot, when_empty: check}}',
    "token": '{get: /people, query: {t: "{page.token}"}, records: "$.items[*]", '
    "paging: {style: token, next: $.next, when_empty: check}}",
    "next_url": '{get: /people, records: "$.items[*]", paging: {style: next_url, next: $.next, when_empty: check}}',
    "link_header": '{get: /people, records: "$.items[*]", paging: {style: link_header, when_empty: check}}',
}


@pytest.fixture(scope="module", params=CHECKED)
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return connect(tmp_path_factory.mktemp("mappings"), CHECKED[request.param])


def answering(check: Answer, *names: str) -> Any:
    """A vendor that lists these on its first page, and answers `check` so."""

    def page(call: Call, query: Mapping[str, str]) -> list[str] | Answer:
        if call.url.endswith("/check"):
            return check
        return list(names) if query.get("start", "0") == "0" else []

    return listing_vendor(page)


def checks(world: World) -> int:
    return sum(asked == "/check" for asked in world.asked)


def test_an_empty_listing_is_believed_once_the_check_passes(checked: Loaded) -> None:
    made = World(checked, vendor=answering(said({})))
    page = made.page("users", explain=True)
    assert (page.rows, page.completeness.verdict, page.next_cursor) == ([], "complete", None)
    assert checks(made) == 1
    assert page.explain is not None
    assert [call["url"] for call in page.explain["calls"]][-1] == "https://h/check"


def test_an_empty_listing_is_not_believed_where_the_check_fails(checked: Loaded) -> None:
    made = World(checked, vendor=answering(said({"error": f"bad key {KEY}"}, 401)))
    with pytest.raises(NeedsReauth, match="GET https://h/check answered 401") as raised:
        made.page("users")
    assert KEY not in f"{raised.value!r} {raised.value.to_dict()}"
    with pytest.raises(NeedsReauth):
        list(made.directory().iterate("users"))


def test_a_vendor_that_can_not_be_checked_now_is_no_empty_listing(checked: Loaded) -> None:
    with pytest.raises(VendorUnavailable):
        World(checked, vendor=answering(said({}, 503))).page("users")


def test_a_listing_that_has_someone_needs_no_check(checked: Loaded) -> None:
    made = World(checked, vendor=answering(said({}, 401), "a", "b"))
    assert ids(made.walk("users", [1] * 4)) == ["a", "b"]
    assert checks(made) == 0


def test_the_check_is_a_call_of_the_question(tmp_path: Path) -> None:
    loaded = connect(tmp_path, CHECKED["token"])
    vendor = listing_vendor(
        lambda call, _: said({}) if call.url.endswith("/check") else {"items": [], "next": 1}
    )
    made = World(loaded, vendor=vendor, max_calls=2)
    page = made.page("users")
    assert made.asked == ["/people", "/check"]
    assert page.next_cursor
    made = World(loaded, *[said({"items": []})], vendor=vendor)
    made.page("users", cursor=page.next_cursor)
    assert checks(made) == 0, "only the first page is asked after"


def test_a_check_may_be_submitted_and_waited_for(tmp_path: Path) -> None:
    people = (
        'list: {get: /people, records: "$.items[*]", paging: {style: none, when_empty: check}}\nkey: $.id\n'
    )
    loaded = load(
        tmp_path, written(people=people), people="source: main.people\nunified: users\nfields: {id: $.id}\n"
    )
    made = World(loaded, said({"items": []}), ticket("t"), WORKING, said({}))
    assert made.page("users").completeness.verdict == "complete"
    assert made.asked == ["/people", "check", "/result/t", "/result/t"]
