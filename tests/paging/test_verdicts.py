"""The table of verdicts in `connector.paging`, row by row, and what makes a walk's evidence; no I/O."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector import paging
from connector.errors import ListingChanged, PagingBroken
from connector.model.envelope import Completeness
from connector.paging import Paging
from connector.walk import Loop, Place, begin_at, finish_page, ids_digest, next_pass, serve_part, verdict
from connector.wire import Heard

Pages = Sequence[tuple[list[str | None], dict[str, Any]]]
"""(ids, body) of each page; `link` in a body stands for the header."""

OFFSET: dict[str, Any] = {"style": "offset", "first": 0, "size": 2}
PAGE: dict[str, Any] = {"style": "page", "first": 1, "size": 2}
MORE: dict[str, Any] = {"ends": "more", "more": {"$.more": True}}
TOTAL = {"total": "$.total"}
NEXT_URL: dict[str, Any] = {"style": "next_url", "next": "$.next"}
LINK: dict[str, Any] = {"style": "link_header"}
TOKEN_AND_MORE: dict[str, Any] = {
    "style": "token",
    "next": "$.n",
    "no_next": ["null"],
    "more": {"$.more": True},
}
ASKED = "https://h/people?size=2"


def style_of(**words: Any) -> Paging:
    adapter: TypeAdapter[Paging] = TypeAdapter(Paging)
    return adapter.validate_python(words)


def walk(style: Paging, pages: Pages, place: Place | None = None) -> tuple[Place, str | None]:
    """The place after these pages, each time through JSON as a cursor holds it, and what ended the walk."""
    ended_by = None
    place = place or Place()
    for number, (ids, body) in enumerate(pages):
        assert ended_by is None, f"ended before page {number}"
        place = Place.from_json(json.loads(json.dumps(place.to_json())))
        state = place.state if place.state is not None else style.start(2)
        heard = Heard(body, style.url(state) or ASKED, {"link": body["link"]} if "link" in body else {})
        place, ended_by = finish_page(place, style, state, heard, ids)
    return place, ended_by


def known(style: Paging, pages: Pages, *reasons: str) -> tuple[str | None, str, list[str]]:
    """(what ended it, verdict, reasons)."""
    place, ended_by = walk(style, pages, Place().noting(*reasons))
    found = verdict(place, ended=ended_by is not None, scope=None)
    return ended_by, found.verdict, found.reasons


FULL: list[str | None] = ["a", "b"]
REST: list[str | None] = ["c"]

# Row of the table → style, pages, (what ended it, verdict, reasons)
ROWS: dict[str, tuple[dict[str, Any], Pages, tuple[str | None, str, list[str]]]] = {
    "not ended": ({**OFFSET, **MORE}, [(FULL, {"more": True})], (None, "in_progress", [])),
    "not ended, and something was noticed": (
        {**OFFSET, **MORE},
        [(["a", "a"], {"more": True})],
        (None, "in_progress", ["duplicate_ids"]),
    ),
    "none, no total": ({"style": "none"}, [(FULL, {})], ("one_answer", "complete", [])),
    "none, empty": ({"style": "none"}, [([], {})], ("one_answer", "complete", [])),
    "none, total = seen": (
        {"style": "none", **TOTAL},
        [(FULL, {"total": 2})],
        ("one_answer", "complete", []),
    ),
    "none, seen < total": (
        {"style": "none", **TOTAL},
        [(FULL, {"total": 3})],
        ("one_answer", "partial", ["fewer_than_declared"]),
    ),
    "offset, total": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [(FULL, {"total": 3}), (REST, {"total": 3})],
        ("total", "complete", []),
    ),
    "offset, total 0": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [([], {"total": 0})],
        ("total", "complete", []),
    ),
    "page, total": (
        {**PAGE, **TOTAL, "ends": "total"},
        [(FULL, {"total": 3}), (REST, {"total": 3})],
        ("total", "complete", []),
    ),
    "offset, more": (
        {**OFFSET, **MORE},
        [(FULL, {"more": True}), (REST, {"more": False})],
        ("more", "complete", []),
    ),
    "page, more": (
        {**PAGE, **MORE},
        [(FULL, {"more": True}), ([], {"more": True}), (REST, {"more": False})],
        ("more", "complete", []),
    ),
    "offset, more, total = seen": (
        {**OFFSET, **MORE, **TOTAL},
        [(FULL, {"more": True, "total": 3}), (REST, {"more": False, "total": 3})],
        ("more", "complete", []),
    ),
    "offset, empty page": (
        {**OFFSET, "ends": "empty_page"},
        [(FULL, {}), (REST, {}), ([], {})],
        ("empty_page", "complete", []),
    ),
    "page, empty page, total = seen": (
        {**PAGE, "ends": "empty_page", **TOTAL},
        [(FULL, {"total": 3}), (REST, {"total": 3}), ([], {"total": 3})],
        ("empty_page", "complete", []),
    ),
    "page, pages": (
        {**PAGE, "ends": "pages", "pages": "$.pages"},
        [(FULL, {"pages": 2}), (REST, {"pages": 2})],
        ("pages", "complete", []),
    ),
    "page, pages, one of them empty": (
        {**PAGE, "ends": "pages", "pages": "$.pages"},
        [(FULL, {"pages": 3}), ([], {"pages": 3}), (REST, {"pages": 3})],
        ("pages", "complete", []),
    ),
    "page, pages, the number of pages moved": (
        {**PAGE, "ends": "pages", "pages": "$.pages"},
        [(FULL, {"pages": 3}), (REST, {"pages": 2})],
        ("pages", "unproven", ["pages_moved"]),
    ),
    "page, pages, the number of pages moved and came back": (
        {**PAGE, "ends": "pages", "pages": "$.pages"},
        [(FULL, {"pages": 3}), (REST, {"pages": 4}), (["d"], {"pages": 3})],
        ("pages", "unproven", ["pages_moved"]),
    ),
    "page, pages, below the page that was read": (
        {**PAGE, "ends": "pages", "pages": "$.pages"},
        [(FULL, {"pages": 3}), ([], {"pages": 1})],
        ("pages", "unproven", ["pages_moved"]),
    ),
    "page, no pages": (
        {**PAGE, "ends": "pages", "pages": "$.n"},
        [([], {"n": 0})],
        ("pages", "complete", []),
    ),
    "token, missing": (
        {"style": "token", "next": "$.next"},
        [(FULL, {"next": "t"}), ([], {"next": 7}), (REST, {})],
        ("no_next", "complete", []),
    ),
    "token, null or empty": (
        {"style": "token", "next": "$.next", "no_next": ["null", "empty"]},
        [(FULL, {"next": ""})],
        ("no_next", "complete", []),
    ),
    "token, and more says the same": (
        TOKEN_AND_MORE,
        [(FULL, {"n": "t", "more": True}), (REST, {"n": None, "more": False})],
        ("no_next", "complete", []),
    ),
    "token, total = seen": (
        {"style": "token", "next": "$.next", **TOTAL},
        [(FULL, {"total": 2})],
        ("no_next", "complete", []),
    ),
    "next_url, missing": (
        NEXT_URL,
        [(FULL, {"next": "?p=2"}), ([], {"next": "https://h/people?p=3"}), (REST, {})],
        ("no_next", "complete", []),
    ),
    "next_url, null or empty": (
        {**NEXT_URL, "no_next": ["null", "empty"]},
        [(FULL, {"next": "?p=2"}), (REST, {"next": None})],
        ("no_next", "complete", []),
    ),
    "next_url, seen < total": (
        {**NEXT_URL, **TOTAL},
        [(FULL, {"total": 9, "next": "/2"}), (REST, {"total": 9})],
        ("no_next", "partial", ["fewer_than_declared"]),
    ),
    "link_header, no header": (
        LINK,
        [(FULL, {"link": '<?p=2>; rel="next"'}), (REST, {})],
        ("no_next", "complete", []),
    ),
    "link_header, no such link": (
        LINK,
        [(FULL, {"link": "<?p=2>; rel=next"}), (REST, {"link": '<?p=1>; rel="prev first"'})],
        ("no_next", "complete", []),
    ),
    "link_header, the same link twice": (
        LINK,
        [(FULL, {"link": "<?p=2>; rel=next, <?p=2>; rel=next"}), (REST, {"link": ""})],
        ("no_next", "complete", []),
    ),
    "ceiling, less than can be reached": (
        {**OFFSET, **MORE, "ceiling": 4},
        [(FULL, {"more": True}), (REST, {"more": False})],
        ("more", "complete", []),
    ),
    "ceiling, as many as can be reached": (
        {**OFFSET, **MORE, "ceiling": 4},
        [(FULL, {"more": True}), (["c", "d"], {"more": False})],
        ("more", "partial", ["ceiling_reached"]),
    ),
    "ceiling, and the vendor would go on": (
        {"style": "token", "next": "$.next", "ceiling": 3},
        [(FULL, {"next": 1}), (REST, {"next": 2})],
        ("ceiling", "partial", ["ceiling_reached"]),
    ),
    "ceiling, and the next whole page would go beyond it": (
        {**PAGE, **MORE, "ceiling": 3},
        [(FULL, {"more": True})],
        ("ceiling", "partial", ["ceiling_reached"]),
    ),
    "ceiling, and its total is capped as well": (
        {**OFFSET, **TOTAL, "ends": "total", "ceiling": 2},
        [(FULL, {"total": 2})],
        ("total", "partial", ["ceiling_reached"]),
    ),
    "ceiling, and fewer than declared": (
        {**PAGE, **TOTAL, "ends": "total", "ceiling": 2},
        [(FULL, {"total": 9})],
        ("ceiling", "partial", ["ceiling_reached", "fewer_than_declared"]),
    ),
    "ceiling, of one answer": (
        {"style": "none", "ceiling": 2},
        [(FULL, {})],
        ("one_answer", "partial", ["ceiling_reached"]),
    ),
    "ceiling, of a capture, which goes on to its end": (
        {"style": "snapshot", "ceiling": 2},
        [(FULL, {"count": 3, "declared": 3}), (REST, {"count": 3, "declared": 3})],
        ("capture", "partial", ["ceiling_reached"]),
    ),
    "any, seen < total": (
        {"style": "token", "next": "$.next", **TOTAL},
        [(FULL, {"total": 9, "next": 1}), (REST, {"total": 9})],
        ("no_next", "partial", ["fewer_than_declared"]),
    ),
    "offset, total, an empty page before it": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [(FULL, {"total": 9}), ([], {"total": 9})],
        ("total", "partial", ["fewer_than_declared"]),
    ),
    "any, total moved": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [(FULL, {"total": 4}), (REST, {"total": 3})],
        ("total", "unproven", ["total_moved"]),
    ),
    "any, total moved, seen > total": (
        {**OFFSET, **MORE, **TOTAL},
        [(FULL, {"more": True, "total": 4}), (REST, {"more": False, "total": 2})],
        ("more", "unproven", ["total_moved"]),
    ),
    "any, total moved and came back": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [(FULL, {"total": 4}), (REST, {"total": 5}), (["d"], {"total": 4})],
        ("total", "unproven", ["total_moved"]),
    ),
    "any, an id came twice on a page": (
        {**OFFSET, "ends": "empty_page"},
        [(["a", "a"], {}), ([], {})],
        ("empty_page", "unproven", ["duplicate_ids"]),
    ),
    "any, an id came again on the next page": (
        {**OFFSET, "ends": "empty_page"},
        [(FULL, {}), (["b", "c"], {}), ([], {})],
        ("empty_page", "unproven", ["duplicate_ids"]),
    ),
    "any, an id came again after an empty page": (
        {"style": "token", "next": "$.next"},
        [(FULL, {"next": 1}), ([], {"next": 2}), (["b", "c"], {})],
        ("no_next", "unproven", ["duplicate_ids"]),
    ),
    "any, an id came twice and the total counts it": (
        {**OFFSET, **TOTAL, "ends": "total"},
        [(["a", "a"], {"total": 2})],
        ("total", "partial", ["duplicate_ids", "fewer_than_declared"]),
    ),
    "any, a record could not be carried": (
        {**OFFSET, "ends": "empty_page"},
        [(["a", None], {}), ([], {})],
        ("empty_page", "partial", ["records_left_out"]),
    ),
    "any, two records could not be carried": (
        {**OFFSET, "ends": "empty_page"},
        [([None, None], {}), ([], {})],
        ("empty_page", "partial", ["records_left_out"]),
    ),
    "several, partial wins": (
        {**OFFSET, "ends": "empty_page"},
        [(["a", "a"], {}), ([None], {}), ([], {})],
        ("empty_page", "partial", ["duplicate_ids", "records_left_out"]),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    words, pages, expected = ROWS[row]
    assert known(style_of(**words), pages) == expected


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("page_changed", "unproven"),
        ("membership_changed", "unproven"),
        ("pages_moved", "unproven"),
        ("membership_unreadable", "partial"),
        ("records_left_out", "partial"),
    ],
)
def test_what_was_noticed_on_the_way_is_never_forgotten(reason: str, word: str) -> None:
    pages: Pages = [(FULL, {"more": True}), (REST, {"more": False})]
    assert known(style_of(**OFFSET, **MORE), pages, reason) == ("more", word, [reason])


def test_the_rows_are_those_of_the_docstring() -> None:
    """Each verdict and each reason that the table names is tried above."""
    assert paging.__doc__ is not None
    listed = set(paging.__doc__.split())
    tried = {(verdict, reason) for _, _, (_, verdict, reasons) in ROWS.values() for reason in [*reasons, ""]}
    for word in ("in_progress", "complete", "partial", "unproven"):
        assert word in listed
        assert any(verdict == word for verdict, _ in tried)
    for reason in (
        "fewer_than_declared",
        "ceiling_reached",
        "total_moved",
        "pages_moved",
        "duplicate_ids",
        "records_left_out",
    ):
        assert reason in listed
        assert any(found == reason for _, found in tried)
    ended_by = {ended for _, _, (ended, _, _) in ROWS.values() if ended}
    assert ended_by == {"one_answer", "total", "more", "empty_page", "pages", "no_next", "ceiling", "capture"}
    assert ended_by <= {word.strip(",") for word in listed}


BROKEN: dict[str, tuple[dict[str, Any], Pages, str]] = {
    "seen > total": ({**OFFSET, **TOTAL, "ends": "total"}, [(FULL, {"total": 1})], "declares 1 records and has sent 2"),
    "more, and nothing to go on from": ({**OFFSET, **MORE}, [([], {"more": True})], "no next index"),
    "the first page again": (
        {**PAGE, "ends": "empty_page"},
        [(FULL, {}), (FULL, {})],
        "first record again",
    ),
    "the first page again, cut otherwise": (
        {**OFFSET, "ends": "empty_page"},
        [(["a", "b", "c"], {}), (["a", "b"], {})],
        "first record again",
    ),
    "the token that it was": ({"style": "token", "next": "$.n"}, [(FULL, {"n": "t"}), (REST, {"n": "t"})], "circle"),
    "a total that is a text": ({**OFFSET, **TOTAL, "ends": "total"}, [(FULL, {"total": "2"})], "expected integer"),
    "a total that is a truth": ({"style": "none", **TOTAL}, [(FULL, {"total": True})], "got boolean"),
    "a total that is a fraction": ({"style": "none", **TOTAL}, [(FULL, {"total": 2.0})], "got number"),
    "a number of pages below nothing": (
        {**PAGE, "ends": "pages", "pages": "$.n"},
        [(FULL, {"n": -1})],
        "number of pages at",
    ),
    "a record beyond the number of pages": (
        {**PAGE, "ends": "pages", "pages": "$.n"},
        [(FULL, {"n": 2}), (REST, {"n": 1})],
        "declares 1 pages, and page 2 holds records",
    ),
    "a record where there are no pages": ({**PAGE, "ends": "pages", "pages": "$.n"}, [(REST, {"n": 0})], "declares 0 pages"),
    "nothing of whether there is more": ({**OFFSET, **MORE}, [(FULL, {})], r"nothing at \$\.more"),
    "a null of whether there is more": ({**PAGE, **MORE}, [(FULL, {"more": None})], "expected boolean, got null"),
    "a text of whether there is more": ({**PAGE, **MORE}, [(FULL, {"more": "true"})], "expected boolean, got string"),
    "a number of whether there is more": ({**OFFSET, **MORE}, [(FULL, {"more": 1})], "expected boolean, got number"),
    "a truth where a text says that there is more": (
        {**OFFSET, "ends": "more", "more": {"$.state": "going_on"}},
        [(FULL, {"state": True})],
        "expected string, got boolean",
    ),
    "one of two that say that there is more is missing": (
        {**OFFSET, "ends": "more", "more": {"$.more": True, "$.state": "on"}},
        [(FULL, {"more": False})],
        r"nothing at \$\.state",
    ),
    "no total": ({**OFFSET, **TOTAL, "ends": "total"}, [(FULL, {})], "nothing at"),
    "no total, though something else ends it": ({**OFFSET, **MORE, **TOTAL}, [(FULL, {})], "nothing at"),
    "a null token": ({"style": "token", "next": "$.n"}, [(FULL, {"n": None})], "is null; .* the end is: missing"),
    "a null URL": (NEXT_URL, [(FULL, {"next": None})], "next URL at .* is null; .* the end is: missing"),
    "a URL that is a number": (NEXT_URL, [(FULL, {"next": 2})], "expected string, got number"),
    "the URL that was asked": (NEXT_URL, [(FULL, {"next": ASKED})], "circle"),
    "a URL that was asked before": (NEXT_URL, [(FULL, {"next": "?p=2"}), (REST, {"next": "?p=3"}), (["d"], {"next": "?p=2"}), (["e"], {"next": "?p=3"})],
        "circle"),
    "a URL elsewhere": (NEXT_URL, [(FULL, {"next": "https://evil.example/"})], "leads to https://evil.example"),
    "a link elsewhere": (LINK, [(FULL, {"link": "<//evil.example>; rel=next"})], "leads to https://evil.example"),
    "two links to the next page": (LINK, [(FULL, {"link": "<?p=2>; rel=next, <?p=3>; rel=next"})], "names 2 next pages"),
    "a link from something else": (LINK, [(FULL, {"link": '<?p=2>; rel=next; anchor="#a"'})], "of something else"),
    "half of a header": (LINK, [(FULL, {"link": "<?p=2>; rel"})], "doesn't say what it is"),
    "half of a header, later": (LINK, [(FULL, {"link": "<?p=2>; rel=next"}), (REST, {"link": "<?p"})], "can't be read"),
    "a token that is a list": ({"style": "token", "next": "$.n"}, [(FULL, {"n": ["t"]})], "got list"),
    "no token, and more": (TOKEN_AND_MORE, [(FULL, {"n": None, "more": True})], "says that there is more, .* no token"),
    "a token, and no more": (TOKEN_AND_MORE, [(FULL, {"n": "t", "more": False})], "says that there is no more, .* a token"),
    "no token, and nothing of whether there is more": (TOKEN_AND_MORE, [(FULL, {"n": None})], r"nothing at \$\.more"),
    "a token that is a truth": ({"style": "token", "next": "$.n"}, [(FULL, {"n": False})], "got boolean"),
}  # fmt: skip


@pytest.mark.parametrize("row", BROKEN)
def test_broken(row: str) -> None:
    words, pages, message = BROKEN[row]
    with pytest.raises(PagingBroken, match=message):
        walk(style_of(**words), pages)


def circle(before: int, length: int) -> list[int]:
    """Numbers that go round in a circle, for as long as finding it may take."""
    endless = itertools.chain(range(before), itertools.cycle(range(before, before + length)))
    return list(itertools.islice(endless, 3 * (before + length) + 4))


@given(before=st.integers(0, 20), length=st.integers(1, 5))
def test_a_circle_of_tokens_is_found_soon_whatever_its_length_and_beginning(before: int, length: int) -> None:
    """Though each page has someone new."""
    pages: Pages = [([f"u{n}"], {"next": f"t{token}"}) for n, token in enumerate(circle(before, length))]
    with pytest.raises(PagingBroken, match="circle"):
        walk(style_of(style="token", next="$.next"), pages)


@given(before=st.integers(1, 20), length=st.integers(1, 5))
def test_a_circle_of_pages_is_found_soon_though_each_has_a_new_token(before: int, length: int) -> None:
    pages: Pages = [([f"a{n}", f"b{n}"], {"next": at}) for at, n in enumerate(circle(before, length))]
    with pytest.raises(PagingBroken, match="sent before"):
        walk(style_of(style="token", next="$.next"), pages)


@given(st.lists(st.text(max_size=3), unique=True, max_size=300))
def test_what_never_repeats_closes_no_loop(values: list[str]) -> None:
    loop = Loop()
    for value in values:
        met = loop.meets(value)
        assert met is not None
        loop = met
    assert len(msgspec.json.encode(loop)) < 100, "constant in size"


@pytest.mark.parametrize("ids", [[], [None]])
def test_pages_with_nothing_to_tell_them_apart_do_not_go_on_for_ever(ids: list[str | None]) -> None:
    style = style_of(style="token", next="$.next")
    with pytest.raises(PagingBroken, match="1000 pages without an id"):
        walk(style, [(ids, {"next": number}) for number in range(1_002)])
    walk(style, [(ids if number % 900 else [f"u{number}"], {"next": number}) for number in range(2_000)])


def test_a_place_stays_small_however_long_the_walk() -> None:
    style = style_of(style="token", next="$.next", total="$.total")
    place, _ = walk(style, [([f"u{n}", f"v{n}"], {"next": n, "total": 9_999}) for n in range(1_000)])
    assert len(json.dumps(place.to_json())) < 600
    assert (place.count, place.seen) == (2_000, 2_000)


def partly(served: int, ids: list[str | None]) -> Place:
    return serve_part(Place(), {"start": 0}, ids, served)


@pytest.mark.parametrize(
    ("now", "begin", "reasons"),
    [
        (["a", "b", "c", "d"], 2, ()),
        (["a", "b", "x", "c"], 2, ()),
        (["a", "b"], 2, ()),
        (["n", "a", "b", "c"], 3, ("page_changed",)),
        (["b", "c", "d"], 1, ("page_changed",)),
        (["b", "a", "c"], 1, ("page_changed",)),
    ],
)
def test_going_on_inside_a_page(now: list[str | None], begin: int, reasons: tuple[str, ...]) -> None:
    place, at = begin_at(partly(2, ["a", "b", "c", "d"]), now)
    assert (at, place.reasons) == (begin, reasons)


@pytest.mark.parametrize("now", [[], ["a"], ["c", "d"], ["a", "c"], ["x", "b", "b"], [None, None]])
def test_a_place_inside_a_page_that_is_lost(now: list[str | None]) -> None:
    with pytest.raises(ListingChanged, match="not on it any more"):
        begin_at(partly(2, ["a", "b", "c", "d"]), now)


def test_a_place_after_records_without_ids_is_lost_when_they_change() -> None:
    place = partly(2, [None, None, "c"])
    assert begin_at(place, [None, None, "c"]) == (place, 2)
    with pytest.raises(ListingChanged):
        begin_at(place, [None, "c"])


def test_a_whole_page_is_begun_at_its_beginning() -> None:
    assert begin_at(Place(), ["a"]) == (Place(), 0)


@given(
    st.lists(st.none() | st.text(max_size=2), max_size=4),
    st.lists(st.none() | st.text(max_size=2), max_size=4),
)
def test_the_digest_of_ids_tells_lists_apart(one: list[str | None], other: list[str | None]) -> None:
    assert (ids_digest(one) == ids_digest(other)) == (one == other)


def test_the_verdict_names_the_first_total_and_the_scope() -> None:
    place, _ = walk(style_of(**OFFSET, **TOTAL, ends="total"), [(FULL, {"total": 4}), (REST, {"total": 3})])
    assert verdict(place, ended=True, scope="node 7") == Completeness(
        verdict="unproven", seen=3, declared=4, scope="node 7", reasons=["total_moved"]
    )


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no ending": ({**OFFSET}, "ends"),
    "an unknown ending": ({**OFFSET, "ends": "short_page"}, "ends"),
    "total without a path": ({**OFFSET, "ends": "total"}, "needs `total`"),
    "more without a condition": ({**PAGE, "ends": "more"}, "needs `more`"),
    "pages without a path": ({**PAGE, "ends": "pages"}, "needs `pages`"),
    "a condition that is not asked": ({**OFFSET, **MORE, "ends": "empty_page"}, "`more` is used only with"),
    "pages that are not asked": ({**PAGE, "ends": "empty_page", "pages": "$.n"}, "`pages` is used only with"),
    "no first": ({"style": "offset", "size": 2, "ends": "empty_page"}, "first"),
    "a first below nothing": ({**OFFSET, "first": -1, "ends": "empty_page"}, "first"),
    "a first that is a truth": ({**OFFSET, "first": True, "ends": "empty_page"}, "first"),
    "a size of nothing": ({**OFFSET, "size": 0, "ends": "empty_page"}, "size"),
    "a size as text": ({**OFFSET, "size": "2", "ends": "empty_page"}, "size"),
    "no next": ({"style": "token"}, "next"),
    "an unknown end of tokens": ({"style": "token", "next": "$.n", "no_next": ["zero"]}, "no_next"),
    "no end of tokens": ({"style": "token", "next": "$.n", "no_next": []}, "no_next"),
    "an unknown style": ({"style": "cursor"}, "cursor"),
    "no style": ({"size": 1}, "style"),
    "no next URL": ({"style": "next_url"}, "next"),
    "an unknown end of URLs": ({**NEXT_URL, "no_next": ["none"]}, "no_next"),
    "a path of a link in a header": ({**LINK, "next": "$.n"}, "next"),
    "a ceiling of nothing": ({"style": "none", "ceiling": 0}, "ceiling"),
    "a ceiling as text": ({"style": "none", "ceiling": "9"}, "ceiling"),
    "another proof that it is empty": ({"style": "none", "when_empty": "get"}, "when_empty"),
    "a key of another style": ({"style": "none", "size": 2}, "size"),
}  # fmt: skip


@pytest.mark.parametrize("row", INVALID)
def test_a_style_that_could_not_end_is_refused(row: str) -> None:
    words, message = INVALID[row]
    with pytest.raises(ValidationError, match=message):
        style_of(**words)


CONFIRM = {"confirm": {"start": "$.start", "number": "$.number", "size": "$.size"}}


@pytest.mark.parametrize(
    ("words", "body", "message"),
    [
        ({**OFFSET, **CONFIRM, "ends": "empty_page"}, {"start": 1}, "page start 0"),
        ({**OFFSET, **CONFIRM, "ends": "empty_page"}, {"start": "0"}, "it is '0'"),
        ({**OFFSET, **CONFIRM, "ends": "empty_page"}, {"start": False}, "it is False"),
        ({**OFFSET, **CONFIRM, "ends": "empty_page"}, {"size": 100}, "page size 2"),
        ({**PAGE, **CONFIRM, "ends": "empty_page"}, {"number": 2}, "page number 1"),
        ({**OFFSET, **CONFIRM, "ends": "empty_page"}, {"start": 0, "size": 2}, None),
        ({**PAGE, **CONFIRM, "ends": "empty_page"}, {"number": 1, "size": None}, None),
        ({**PAGE, **CONFIRM, "ends": "empty_page"}, {}, None),
    ],
)
def test_what_an_answer_repeats_is_compared(words: dict[str, Any], body: Any, message: str | None) -> None:
    style = style_of(**words)
    check: Callable[[], None] = lambda: style.check(body, style.start(5), 5)  # noqa: E731
    if message is None:
        check()
    else:
        with pytest.raises(PagingBroken, match=message):
            check()


def passes(style: Paging, *listed: Pages) -> tuple[Place, Completeness]:
    """The place after several passes, and what is known then."""
    place = Place()
    for number, pages in enumerate(listed):
        place = place if number == 0 else next_pass(place, number, is_new_listing=False)
        place, ended_by = walk(style, pages, place)
        assert ended_by is not None
    return place, verdict(place, ended=True, scope=None)


def test_each_pass_has_its_own_total_and_all_of_them_are_summed_up() -> None:
    style = style_of(**OFFSET, **TOTAL, ends="total")
    place, found = passes(style, [(FULL, {"total": 2})], [(REST, {"total": 1})])
    assert (found.verdict, found.seen, found.declared, found.reasons) == ("complete", 3, 3, [])
    assert (place.pass_number, place.count, place.seen) == (1, 1, 1)


@pytest.mark.parametrize("short", [0, 1])
def test_a_pass_that_is_short_is_not_made_up_for_by_another(short: int) -> None:
    style = style_of(style="token", next="$.next", total="$.total")
    totals = [2, 2]
    totals[short] = 3
    listed: list[Pages] = [[([f"{n}a", f"{n}b"], {"total": totals[n]})] for n in range(2)]
    _, found = passes(style, *listed)
    assert (found.verdict, found.seen, found.declared) == ("partial", 4, 5)
    assert found.reasons == ["fewer_than_declared"]


def test_what_one_pass_noticed_is_known_of_all() -> None:
    style = style_of(**OFFSET, ends="empty_page", ceiling=2)
    _, found = passes(style, [(FULL, {})], [([None], {}), ([], {})])
    assert (found.verdict, found.reasons) == ("partial", ["ceiling_reached", "records_left_out"])


@pytest.mark.parametrize("second", [["b", "c"], ["a", "c"], ["c", "b"]])
def test_one_who_comes_in_two_passes_is_a_duplicate(second: list[str | None]) -> None:
    """As far as a cursor can tell: the last of a pass, and the first of each."""
    _, found = passes(style_of(style="none"), [(FULL, {})], [(second, {})])
    assert (found.verdict, found.reasons) == ("unproven", ["duplicate_ids"])


def test_the_same_pages_in_the_next_pass_are_no_circle() -> None:
    style = style_of(**OFFSET, ends="empty_page")
    pages: Pages = [(FULL, {}), (REST, {}), ([], {})]
    _, found = passes(style, pages, pages)
    assert (found.verdict, found.reasons) == ("unproven", ["duplicate_ids"])


def test_no_more_is_asked_for_than_can_be_reached() -> None:
    style = style_of(style="offset", first=1, size=40, ends="empty_page", ceiling=100)
    asked = [style.variables({"start": start}, 100)["page.size"] for start in (1, 41, 81, 100)]
    assert asked == [40, 40, 20, 1]
