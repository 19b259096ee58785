"""What every paging style must keep, whichever it is: each member of the union, with each of its endings, over HTTP."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.cursor import Seal
from connector.errors import CursorExpired, CursorInvalid
from connector.pages import Page
from connector.paging import PageFacts, Paging
from tests.calling.vendor import LISTINGS, TOKEN, Lies, Vendor, people
from tests.conftest import KEY, Calling

MEMBERS = get_args(get_args(Paging)[0])

walks = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def endings(member: Any) -> Iterator[tuple[str, str]]:
    """(style, ending) of a member of the union, for each way in which it can end."""
    fields = member.model_fields
    (style,) = get_args(fields["style"].annotation)
    if "ends" in fields:
        words = get_args(fields["ends"].annotation)
    elif "no_next" in fields:
        words = get_args(get_args(get_args(fields["no_next"].annotation)[0])[0])
    else:
        words = ("",)
    yield from ((style, word) for word in words)


def walk(calling: Calling, listing: str, limits: Iterable[int], **asked: Any) -> list[Page[Any]]:
    """Every page of a listing, each asked of a new directory that knows nothing but the cursor."""
    pages: list[Page[Any]] = []
    cursor = None
    for limit in limits:
        page = calling.directory(listing).list("users", limit=limit, cursor=cursor, **asked)
        pages.append(page)
        assert len(page.rows) <= limit
        if page.next_cursor is None:
            return pages
        cursor = page.next_cursor
        assert len(pages) < 200, "the walk does not end"
    raise AssertionError("the limits are used up")


def ids(pages: Iterable[Page[Any]]) -> list[str]:
    return [row["id"] for page in pages for row in page.rows]


def place_in(cursor: str) -> Any:
    return Seal([KEY]).unseal(cursor, {})[0]["at"]


def everyone(count: int) -> list[str]:
    return [record["id"] for record in people(count)]


def test_each_style_and_ending_of_the_union_is_tried_here() -> None:
    of_the_union = {pair for member in MEMBERS for pair in endings(member)}
    assert {(listing.style, listing.ends) for listing in LISTINGS.values()} == of_the_union


@given(
    count=st.integers(0, 13),
    sends=st.none() | st.integers(1, 6),
    limits=st.lists(st.integers(1, 8), min_size=1, max_size=4),
)
@walks
def test_everyone_is_served_once_in_parts_of_any_size(
    calling: Calling, listing: str, count: int, sends: int | None, limits: list[int]
) -> None:
    """Whatever the vendor puts on a page and whatever limits the caller changes to."""
    calling.server.vendor = Vendor(people(count), Lies(sends=sends))
    pages = walk(calling, listing, itertools.cycle(limits))
    assert ids(pages) == everyone(count)
    assert [page.completeness.verdict for page in pages[:-1]] == ["in_progress"] * (len(pages) - 1)
    last = pages[-1].completeness
    assert (last.verdict, last.seen, last.reasons) == ("complete", count, [])


@given(
    count=st.integers(0, 13),
    sends=st.none() | st.integers(1, 6),
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
@walks
def test_rows_that_are_filtered_here_are_cut_at_the_limit_too(
    calling: Calling, listing: str, count: int, sends: int | None, limits: list[int]
) -> None:
    calling.server.vendor = Vendor(people(count), Lies(sends=sends))
    pages = walk(calling, listing, itertools.cycle(limits), filters={"status": "active"})
    assert ids(pages) == [record["id"] for record in people(count) if record["active"]]
    assert pages[-1].completeness.verdict == "complete"
    assert pages[-1].completeness.seen == count, "what the vendor sent, before our own filters"


@given(count=st.integers(1, 13), sends=st.none() | st.integers(1, 5), limit=st.integers(1, 4))
@walks
def test_a_place_is_plain_json_and_is_never_met_again(
    calling: Calling, listing: str, count: int, sends: int | None, limit: int
) -> None:
    calling.server.vendor = Vendor(people(count), Lies(sends=sends))
    places = [
        place_in(page.next_cursor)
        for page in walk(calling, listing, itertools.repeat(limit))
        if page.next_cursor
    ]
    assert json.loads(json.dumps(places)) == places
    met = [json.dumps([place["state"], place.get("served", 0)], sort_keys=True) for place in places]
    assert len(met) == len(set(met))


def test_only_evidence_ends_a_listing(listing: str, calling: Calling) -> None:
    """A page shorter than asked for, as many vendors send, is no end."""
    calling.server.vendor = Vendor(people(5), Lies(sends=1))
    page = calling.directory(listing).list("users", limit=4)
    if LISTINGS[listing].style in ("none", "snapshot"):
        assert page.next_cursor
        assert page.completeness.verdict == "in_progress"
    else:
        assert ids([page]) == everyone(4)
        assert page.next_cursor


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.__name__)
def test_a_style_asks_with_the_holes_that_a_call_may_have(member: Any) -> None:
    """What a style gives is what a connector's call can place, and its state is where it was put."""
    from connector.wiring import PAGE_HOLES

    needed = {"first": 1, "size": 7, "ends": "empty_page", "next": "$.next"}
    (word,) = get_args(member.model_fields["style"].annotation)
    style = member(style=word, **{name: needed[name] for name in member.model_fields if name in needed})
    state = style.start(100)
    assert json.loads(json.dumps(state)) == state
    assert set(style.variables(state, 100)) <= PAGE_HOLES[word]
    link = {"link": '<t>; rel="next"'}
    facts = PageFacts({"next": "t", "count": 9}, received=3, count=3, url="https://h/a", headers=link)
    step = style.advance(state, facts)
    assert (step.next is None) == (step.ended_by is not None)
    if step.next is not None:
        assert step.next != state
        assert set(style.variables(step.next, 100)) == PAGE_HOLES[word]


def test_a_new_process_goes_on_where_the_last_one_was(calling: Calling) -> None:
    """All listings in one process, since starting one is what costs; but for captures, which need a store for it."""
    calling.server.vendor = Vendor(people(7), Lies(sends=3))
    paged = [name for name, listing in LISTINGS.items() if listing.style != "snapshot"]
    began = {name: connect_and_list(calling, name, None) for name in paged}
    given = {name: cursor for name, (_, cursor) in began.items()}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _CONTINUE, calling.server.url, str(calling.mappings)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    went_on = json.loads(done.stdout)
    assert {name: [*began[name][0], *went_on[name]] for name in paged} == dict.fromkeys(paged, everyone(7))


def test_without_a_store_a_capture_ends_with_its_process(calling: Calling) -> None:
    calling.server.vendor = Vendor(people(7))
    _, cursor = connect_and_list(calling, "snapshot", None)
    with pytest.raises(CursorExpired, match="no longer kept"):
        connect_and_list(calling, "snapshot", cursor)


_CONTINUE = f"""
import json, sys
from pathlib import Path
from connector import Directory
url, folder = sys.argv[1:]
found = {{}}
for name, cursor in json.load(sys.stdin).items():
    with Directory.connect(name, {{"base_url": url}}, {{"token": {TOKEN!r}}},
                           mappings=[Path(folder)], allow_networks=["127.0.0.1"]) as directory:
        found[name] = [user.id for user in directory.iterate("users", cursor=cursor, limit=3)]
print(json.dumps(found))
"""


def connect_and_list(calling: Calling, name: str, cursor: str | None) -> tuple[list[str], str | None]:
    """A page as a user of the library gets it, whose cursors are sealed by the account's secrets."""
    from connector import Directory

    with Directory.connect(
        name,
        {"base_url": calling.server.url},
        {"token": TOKEN},
        mappings=[calling.mappings],
        allow_networks=["127.0.0.1"],
    ) as directory:
        page = directory.list("users", limit=2, cursor=cursor)
        return ids([page]), page.next_cursor


def test_waiting_and_awaiting_give_the_same(calling: Calling, listing: str) -> None:
    calling.server.vendor = Vendor(people(9), Lies(sends=2))

    async def collect() -> list[Page[Any]]:
        async with calling.async_directory(listing) as directory:
            return [page async for page in directory.pages("users", limit=4)]

    def shown(pages: Sequence[Page[Any]]) -> list[Any]:
        return [{**page.to_dict(), "next_cursor": page.next_cursor is not None} for page in pages]

    assert shown(asyncio.run(collect())) == shown(list(calling.directory(listing).pages("users", limit=4)))


def test_a_cursor_of_one_listing_is_refused_by_all_others(calling: Calling, listing: str) -> None:
    calling.server.vendor = Vendor(people(9), Lies(sends=2))
    cursor = calling.directory(listing).list("users", limit=1).next_cursor
    for other in LISTINGS:
        if other != listing:
            with pytest.raises(CursorInvalid, match="another account"):
                calling.directory(other).list("users", limit=1, cursor=cursor)
