"""A vendor that lies about its listing, over HTTP: each lie is found, marked or harmless, and never believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.errors import ListingChanged, ListingIncomplete, VendorError
from connector.pages import Page
from tests.calling.vendor import LISTINGS, Lies, Vendor, people
from tests.conftest import Calling


def read(calling: Calling, listing: str, limit: int = 3, **asked: Any) -> list[Page[Any]]:
    return list(calling.directory(listing).pages("users", limit=limit, allow_partial=True, **asked))


def ids(pages: list[Page[Any]]) -> list[str]:
    return [row["id"] for page in pages for row in page.rows]


PAGED = [name for name, listing in LISTINGS.items() if listing.style not in ("none", "snapshot")]
WITH_TOTAL = [name for name, listing in LISTINGS.items() if "total: $.total" in listing.paging]
CONFIRMED = [name for name, listing in LISTINGS.items() if "confirm" in listing.paging]
TOKENS = [name for name, listing in LISTINGS.items() if listing.style == "token"]
URLS = [name for name, listing in LISTINGS.items() if listing.style == "next_url"]
BY_URL = [*URLS, "link_header"]
NAMED = [*TOKENS, *BY_URL]
"""Listings whose pages name the next one."""


@dataclass(frozen=True)
class Lie:
    """A lie, the listings that can tell it, and the words of the error or the verdict that it must end in."""

    name: str
    listings: list[str]
    lies: Lies = field(default_factory=Lies)
    broken: str | None = None
    verdict: str = "complete"
    reasons: tuple[str, ...] = ()
    served: list[dict[str, Any]] = field(default_factory=lambda: people(7))
    records: list[dict[str, Any]] | None = None
    """What the vendor has, where it isn't what is served."""


def shrinking(total: int, request: int) -> int:
    return total - (request > 0)


def growing(total: int, request: int) -> int:
    return total + request


def circle(before: int, length: int) -> Callable[[int], int]:
    """The page after each, where those from `before` on go round in a circle."""
    return lambda at: at + 1 if at + 1 < before + length else before


def leading(link: str) -> Lies:
    """The next page is said to be there."""
    return Lies(url=lambda *_: link)


def turned(url: str, request: int) -> str:
    """The same page by a URL that never looks the same: its parameters change places, and its fragment changes."""
    before, _, query = url.partition("?")
    pairs = query.split("&")
    return f"{before}?{'&'.join(pairs if request % 2 else reversed(pairs))}#{request}"


def saying(body: Callable[[dict[str, Any]], Any]) -> Lies:
    return Lies(body=body)


TWICE = [*people(7)[:4], people(7)[3], *people(7)[4:]]
NAMELESS = [*people(6), {"id": None, "name": "nobody"}]
UNNAMED = [*people(6), {"name": "nobody"}]

WHO = [
    ("sends one twice on a page", list(LISTINGS), Lies(sends=8), "unproven", "duplicate_ids", TWICE),
    ("sends one on two pages", PAGED, Lies(sends=4), "unproven", "duplicate_ids", TWICE),
    ("sends one without an id", list(LISTINGS), Lies(sends=3), "partial", "records_left_out", NAMELESS),
    ("sends one whose id is missing", list(LISTINGS), Lies(sends=3), "partial", "records_left_out", UNNAMED),
    ("sends one without an id alone", PAGED, Lies(sends=1), "partial", "records_left_out", NAMELESS),
]

TABLE = [
    # Which page
    Lie("ignores which page is asked for", PAGED, Lies(ignores_place=True), "first record again|in a circle"),
    Lie("sends the page that it likes", CONFIRMED, saying(lambda b: {**b, **dict.fromkeys(("start", "number"), 5)}),
        "asked for page (start|number)"),
    Lie("starts over at its end", ["offset_empty_page", "page_empty_page"], Lies(wraps=True), "first record again"),
    # How many on a page
    Lie("sends more than was asked for", list(LISTINGS), Lies(sends=5)),
    Lie("sends fewer than was asked for", list(LISTINGS), Lies(sends=2)),
    Lie("sends one at a time", list(LISTINGS), Lies(sends=1)),
    # How many there are
    Lie("declares too many", WITH_TOTAL, Lies(declares=lambda n, _: n + 1), None, "partial", ("fewer_than_declared",)),
    Lie("declares too few", WITH_TOTAL, Lies(declares=lambda n, _: n - 1, sends=4), "declares 6 records and has sent 7"),
    Lie("declares none and sends some", WITH_TOTAL, Lies(declares=lambda *_: 0), "declares 0 records"),
    Lie("declares a text", WITH_TOTAL, Lies(declares=lambda n, _: str(n)), "expected integer, got string"),
    Lie("declares a truth", WITH_TOTAL, Lies(declares=lambda *_: True), "expected integer, got boolean"),
    Lie("declares less than nothing", WITH_TOTAL, Lies(declares=lambda *_: -1), "whole number from 0"),
    Lie("declares null", WITH_TOTAL, Lies(declares=lambda *_: None), "expected integer, got null"),
    Lie("declares nothing", WITH_TOTAL, saying(lambda b: {k: v for k, v in b.items() if k != "total"}),
        r"nothing at \$.total"),
    Lie("declares less as it goes", [n for n in WITH_TOTAL if n in PAGED], Lies(declares=shrinking, sends=3),
        None, "unproven", ("total_moved",), people(7)[:6], people(7)),
    Lie("declares more as it goes", ["offset_total"], Lies(declares=growing, sends=3),
        None, "partial", ("total_moved", "fewer_than_declared")),
    # Who they are
    *(Lie(name, [n for n in listings if n not in WITH_TOTAL], lies, None, verdict, (reason,), records)
      for name, listings, lies, verdict, reason, records in WHO),
    *(Lie(name, [n for n in listings if n in WITH_TOTAL], lies, None, "partial", (reason, "fewer_than_declared"), records)
      for name, listings, lies, _, reason, records in WHO),
    # What stands where records should
    Lie("sends a list in place of an object", list(LISTINGS), saying(lambda b: [b]), "records|nothing at|start"),
    Lie("sends a text in place of an object", list(LISTINGS), saying(lambda _: "ok"), "records|nothing at"),
    Lie("sends null in place of an object", list(LISTINGS), saying(lambda _: None), "records|nothing at"),
    Lie("leaves the records out", list(LISTINGS), saying(lambda b: {k: v for k, v in b.items() if k != "items"}),
        r"no records at \$.items"),
    Lie("sends null in place of records", list(LISTINGS), saying(lambda b: {**b, "items": None}), "got null"),
    Lie("sends an object in place of records", list(LISTINGS), saying(lambda b: {**b, "items": {"0": "u"}}),
        "expected list, got object"),
    Lie("sends one record in place of records", list(LISTINGS), saying(lambda b: {**b, "items": b["items"][0]}),
        "expected list, got object"),
    Lie("sends texts in place of records", list(LISTINGS), saying(lambda b: {**b, "items": ["u1"]}),
        "expected objects, got string"),
    Lie("sends a null among records", list(LISTINGS), saying(lambda b: {**b, "items": [*b["items"], None]}),
        "expected objects, got null"),
    # What comes after
    *(Lie(f"goes in a circle of {length} pages", NAMED,
          Lies(sends=1, follows=circle(3, length)), "circle|sent before",
          served=people(20))
      for length in range(1, 6)),
    *(Lie(f"goes in a circle of {length} pages from the first on", NAMED,
          Lies(sends=1, follows=circle(0, length)), "circle|first record again",
          served=people(20))
      for length in range(1, 6)),
    Lie("names no next page by null", ["token_missing", "token_empty", "next_url_missing", "next_url_empty"],
        saying(lambda b: {**b, "next": None}), r"next (token|URL) at \$.next is null"),
    Lie("names no next page by nothing in a text", ["token_missing", "token_null", "next_url_missing", "next_url_null"],
        saying(lambda b: {**b, "next": ""}), r"next (token|URL) at \$.next is empty"),
    Lie("leaves the next page's name out", ["token_null", "token_empty", "next_url_null", "next_url_empty"],
        saying(lambda b: {"items": b["items"]}), r"next (token|URL) at \$.next is missing"),
    Lie("names the next page by a truth", [*TOKENS, *URLS], saying(lambda b: {**b, "next": True}), "got boolean"),
    Lie("names the next page by an object", [*TOKENS, *URLS], saying(lambda b: {**b, "next": {}}), "got object"),
    Lie("names the next page by a number", URLS, saying(lambda b: {**b, "next": 2}), "expected string, got number"),
    Lie("names the next page in half a header", ["link_header"], Lies(link=lambda link: link[:-9]), "doesn't say what it is"),
    Lie("names the next page in a header cut in its address", ["link_header"],
        Lies(link=lambda _: "<http://127.0.0.1/p?tok"), "can't be read from character 1"),
    Lie("names the next page in a header cut in a text", ["link_header"],
        Lies(link=lambda _: '<?token=p1>; rel="nex'), "can't be read from character 17"),
    Lie("names the next page without brackets", ["link_header"], Lies(link=lambda _: "/p; rel=next"), "can't be read"),
    Lie("says its links in several headers", ["link_header"], Lies(sends=2, link=lambda link: link.replace(", <", "\n<"))),
    Lie("says an empty header beside its links", ["link_header"], Lies(sends=2, link=lambda link: f",\n{link}\n")),
    Lie("names two next pages", ["link_header"],
        Lies(link=lambda _: "<?a>; rel=next, <?b>; rel=next"), "names 2 next pages"),
    Lie("names the next page of something else", ["link_header"],
        Lies(link=lambda _: '<?a>; rel=next; anchor="#other"'), "of something else"),
    *(Lie(f"goes in a circle of {length} pages by URLs that look new", BY_URL,
          Lies(sends=1, follows=circle(2, length), url=lambda url, request: f"{url}&n={request}"), "sent before",
          served=people(20))
      for length in range(1, 6)),
    *(Lie(f"goes in a circle of {length} pages by URLs that are turned", BY_URL,
          Lies(sends=1, follows=circle(2, length), url=turned), "circle|sent before", served=people(20))
      for length in range(1, 6)),
    Lie("turns its URLs and goes on", BY_URL, Lies(sends=2, url=turned)),
    Lie("names the page itself", BY_URL, leading("#next"), "circle"),
    # Where the next page is
    Lie("leads to another host", BY_URL, leading("https://evil.example/p"), "leads to https://evil.example, which is not"),
    Lie("leads to another host by its name alone", BY_URL, leading("//evil.example/p"), "leads to http://evil.example"),
    Lie("leads to another port", BY_URL, leading("http://127.0.0.1:9/p"), "leads to http://127.0.0.1:9, which"),
    Lie("leads to another scheme", ["next_url_missing", "link_header"], Lies(url=lambda url, _: f"https://{url.partition('://')[2]}"), "leads to https://"),
    Lie("leads to another host behind a user", BY_URL, leading("http://127.0.0.1@evil.example/p"), "names a user"),
    Lie("leads to another host behind a backslash", BY_URL, leading("/\\evil.example/p"), "a backslash"),
    Lie("leads nowhere that is called", BY_URL, leading("javascript:alert(1)"), "no http or https URL"),
    Lie("leads to what is no URL", BY_URL, leading("http://[evil/p"), "can't be read as a URL"),
    Lie("leads to a URL with a line break", URLS, leading("/p?a=1\r\nHost: evil.example"), "a control"),
    Lie("leads to a URL with a space", BY_URL, leading("/p?a=1 2"), "a space"),
    Lie("sends empty pages that go on", [*NAMED, "page_more", "page_pages"], Lies(sends=2, gaps=(0, 2, 2, 3))),
    Lie("says that there is more and sends none", ["offset_more"], saying(lambda b: {**b, "items": []}),
        "there is more and holds no record"),
    Lie("says a text of whether there is more", ["offset_more", "page_more"],
        saying(lambda b: {**b, "more": "true"}), r"\$\.more should say .*: expected boolean, got string"),
    Lie("says a number of whether there is more", ["offset_more", "page_more"],
        saying(lambda b: {**b, "more": int(b["more"])}), "expected boolean, got number"),
    Lie("says null of whether there is more", ["offset_more", "page_more"],
        saying(lambda b: {**b, "more": None}), "expected boolean, got null"),
    Lie("does not say whether there is more", ["offset_more", "page_more"],
        saying(lambda b: {k: v for k, v in b.items() if k != "more"}), r"nothing at \$\.more"),
    Lie("declares fewer pages than it sends", ["page_pages"], saying(lambda b: {**b, "pages": b["number"] - 1}),
        "declares 0 pages, and page 1 holds records"),
    Lie("declares other pages as it goes", ["page_pages"],
        Lies(sends=3, body=lambda b: {**b, "pages": 3 + (b["number"] < 2)}), None, "unproven", ("pages_moved",)),
    Lie("ends before what it declared", ["offset_total", "page_total"],
        Lies(sends=2, declares=lambda *_: 9), None, "partial", ("fewer_than_declared",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lie", "name"),
    [pytest.param(lie, name, id=f"{lie.name}-{name}") for lie in TABLE for name in lie.listings],
)
def test_lie(calling: Calling, lie: Lie, name: str) -> None:
    records = lie.served if lie.records is None else lie.records
    calling.server.vendor = Vendor(records, lie.lies)
    if lie.broken is not None:
        with pytest.raises(VendorError, match=lie.broken):
            read(calling, name)
        return
    pages = read(calling, name)
    known = pages[-1].completeness
    assert (known.verdict, tuple(known.reasons)) == (lie.verdict, lie.reasons)
    named = [record["id"] for record in lie.served if record.get("id")]
    assert ids(pages) == named, "what was sent is served, as often as it was sent"
    if lie.verdict != "complete":
        calling.server.vendor = Vendor(records, lie.lies)
        with pytest.raises(ListingIncomplete, match=lie.reasons[0]):
            list(calling.directory(name).iterate("users"))


def test_a_record_without_an_id_is_told_of(calling: Calling) -> None:
    calling.server.vendor = Vendor(NAMELESS)
    (page,) = read(calling, "offset_total", limit=100)
    assert [(item.code, item.count) for item in page.warnings if item.code == "record_without_id"] == [
        ("record_without_id", 1)
    ]


def test_a_page_that_changed_between_its_parts_is_gone_on_with_after_the_last_one_served(
    calling: Calling,
) -> None:
    vendor = calling.server.vendor = Vendor(people(6), Lies(sends=6))
    first = calling.directory("offset_total").list("users", limit=3)
    vendor.people.insert(0, {"id": "new", "name": "New", "active": True})
    rest = read(calling, "offset_total", limit=3, cursor=first.next_cursor)
    assert ids(rest) == ["u3", "u4", "u5"]
    assert "page_changed" in rest[-1].completeness.reasons
    assert rest[-1].completeness.verdict != "complete"


def test_a_page_that_lost_the_place_between_its_parts_is_refused(calling: Calling) -> None:
    vendor = calling.server.vendor = Vendor(people(6), Lies(sends=6))
    first = calling.directory("offset_total").list("users", limit=3)
    del vendor.people[2]
    with pytest.raises(ListingChanged) as refused:
        calling.directory("offset_total").list("users", limit=3, cursor=first.next_cursor)
    assert refused.value.http_status == 409
    assert "begin the listing again" in str(refused.value)


@pytest.mark.parametrize(
    "listing", ["offset_more", "offset_empty_page", "page_more", "page_pages", "token_missing", *BY_URL]
)
def test_someone_new_at_the_front_shifts_the_rest_onto_the_next_page(calling: Calling, listing: str) -> None:
    """Seen without a total: the last one of a page comes again on the next."""
    vendor = calling.server.vendor = Vendor(people(6), Lies(sends=3))
    first = calling.directory(listing).list("users", limit=3)
    vendor.people.insert(0, {"id": "new", "name": "New", "active": True})
    rest = read(calling, listing, cursor=first.next_cursor)
    assert ids(rest) == ["u2", "u3", "u4", "u5"]
    assert rest[-1].completeness.verdict == "unproven"
    moved = ["pages_moved"] if listing == "page_pages" else []
    assert rest[-1].completeness.reasons == ["duplicate_ids", *moved]


TWO_PAGES = ["offset_more", "page_more", "page_pages", "page_total", "offset_total", "token_missing", *BY_URL]


@pytest.mark.parametrize("name", TWO_PAGES)
def test_an_id_that_comes_again_far_from_its_first_is_noticed_by_a_whole_walk(
    calling: Calling, name: str
) -> None:
    """Someone moved from the first page to the last between two calls, and another was skipped: the total adds up."""
    ann, bob, cleo = people(3)
    calling.server.vendor = Vendor([ann, bob, cleo, ann], Lies(sends=2))
    directory = calling.directory(name)
    one_by_one = [directory.list("users", limit=2)]
    one_by_one.append(directory.list("users", limit=2, cursor=one_by_one[0].next_cursor))
    assert one_by_one[-1].completeness.verdict == "complete", "a cursor has no room for every id"
    pages = read(calling, name, limit=2)
    assert ids(pages) == ["u0", "u1", "u2", "u0"], "what was sent is served"
    assert pages[0].completeness.reasons == []
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == ("unproven", ["duplicate_ids"])
    with pytest.raises(ListingIncomplete, match="duplicate_ids"):
        list(directory.iterate("users", limit=2))
    assert len(list(directory.iterate("users", limit=2, allow_partial=True))) == 4


@pytest.mark.parametrize("name", TWO_PAGES)
def test_an_id_that_comes_again_is_noticed_by_an_awaited_walk(calling: Calling, name: str) -> None:
    ann, bob, cleo = people(3)
    calling.server.vendor = Vendor([ann, bob, cleo, ann], Lies(sends=2))

    async def walk() -> list[Page[Any]]:
        async with calling.async_directory(name) as directory:
            with pytest.raises(ListingIncomplete, match="duplicate_ids"):
                [row async for row in directory.iterate("users", limit=2)]
            return [page async for page in directory.pages("users", limit=2, allow_partial=True)]

    pages = asyncio.run(walk())
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == ("unproven", ["duplicate_ids"])
