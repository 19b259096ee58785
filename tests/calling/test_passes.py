"""A listing in several passes: each a whole walk of its own, one after the other, and one listing to whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.cli.telling import explanation_lines
from connector.cursor import Seal
from connector.errors import InvalidRequest, VendorUnavailable
from connector.wire import Answer, Call
from tests.calling.plain import connect, listing_vendor, queried, sent
from tests.calling.queued import World, ids, said

LISTING = """\
{get: /people, query: {start: "{page.start}", size: "{page.size}", kind: staff}, records: "$.items[*]",
 paging: {style: offset, first: 0, size: 2, ends: total, total: $.total},
 passes: [{}, {query: {showDeleted: "true"}}, {query: {kind: guests}, headers: {X-Kind: guests}}]}
"""
ASKED = """\
filters:
  name: {evaluate: vendor, query: {named: "{value}"}}
  title: {evaluate: here}
sorts: {name: {query: {sorted: "{direction}"}}}
"""
PEOPLE = {
    ("staff", None): ["a", "b", "c"],
    ("staff", "true"): [],
    ("guests", None): ["x", "y"],
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return connect(tmp_path_factory.mktemp("mappings"), LISTING, ASKED)


def answer(
    people: Mapping[tuple[str, str | None], list[str]], query: Mapping[str, str], **lies: Any
) -> dict[str, Any]:
    listed = people[query["kind"], query.get("showDeleted")]
    start, size = int(query["start"]), int(query["size"])
    return {"items": [{"id": name} for name in listed[start : start + size]], "total": len(listed), **lies}


def world(
    loaded: Loaded, people: Mapping[tuple[str, str | None], list[str]] = PEOPLE, **settings: Any
) -> World:
    return World(loaded, vendor=listing_vendor(lambda _, query: answer(people, query)), **settings)


def kinds(world: World) -> list[tuple[str, str, str | None]]:
    """(start, kind, showDeleted) of every call."""
    asked = [queried(call) for call in world.calls]
    return [(query["start"], query["kind"], query.get("showDeleted")) for query in asked]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_all_passes_are_one_listing(loaded: Loaded, limit: int) -> None:
    made = world(loaded)
    pages = made.walk("users", [limit] * 10)
    assert ids(pages) == ["a", "b", "c", "x", "y"]
    known = pages[-1].completeness
    assert (known.verdict, known.seen, known.declared, known.reasons) == ("complete", 5, 5, [])
    assert {page.completeness.verdict for page in pages[:-1]} <= {"in_progress"}


def test_each_pass_is_a_whole_walk_with_what_it_adds(loaded: Loaded) -> None:
    made = world(loaded)
    made.page("users")
    assert kinds(made) == [
        ("0", "staff", None),
        ("2", "staff", None),
        ("0", "staff", "true"),
        ("0", "guests", None),
    ]
    assert [call.headers.get("X-Kind") for call in made.calls] == [None, None, None, "guests"]


def test_a_cursor_holds_the_pass(loaded: Loaded) -> None:
    made = world(loaded)
    page = made.page("users", limit=3)
    assert page.next_cursor
    place = Seal([b"k" * 32]).unseal(page.next_cursor, {})[0]["at"]
    assert place["pass_number"] == 1
    assert "state" not in place
    assert ids([made.page("users", cursor=page.next_cursor)]) == ["x", "y"]


def test_a_question_ends_between_passes_with_its_calls(loaded: Loaded) -> None:
    made = world(loaded, max_calls=2)
    pages = made.walk("users", [100] * 5)
    assert [ids([page]) for page in pages] == [["a", "b", "c"], ["x", "y"]]


def test_passes_are_not_used_for_what_the_vendor_narrows(loaded: Loaded) -> None:
    made = world(loaded)
    page = made.page("users", explain=True, filters={"name": "Ann"})
    assert ids([page]) == ["a", "b", "c"]
    assert {kind[1:] for kind in kinds(made)} == {("staff", None)}
    assert page.explain is not None
    assert page.explain["passes"] == "not used, since a filter is sent to the vendor"


def test_passes_are_not_sorted_as_one(loaded: Loaded) -> None:
    made = world(loaded)
    with pytest.raises(InvalidRequest, match="3 passes"):
        made.page("users", sort_by="name")
    assert made.calls == []


def test_passes_are_used_for_what_is_filtered_here(loaded: Loaded) -> None:
    page = world(loaded).page("users", explain=True, filters={"title": "x"})
    assert page.completeness.seen == 5
    assert page.explain is not None
    assert page.explain["passes"] == "3, one after the other"
    assert "passes: 3, one after the other" in explanation_lines(page.explain)


def test_one_who_comes_in_two_passes_is_a_duplicate(loaded: Loaded) -> None:
    people = {**PEOPLE, ("guests", None): ["x", "b", "y"]}
    pages = list(world(loaded, people).directory().pages("users", allow_partial=True))
    assert ids(pages) == ["a", "b", "c", "x", "b", "y"], "what was sent is served"
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == ("unproven", ["duplicate_ids"])


def test_a_vendor_that_does_not_know_the_passes_is_noticed_page_by_page_too(loaded: Loaded) -> None:
    same = {variant: ["a", "b", "c"] for variant in PEOPLE}
    pages = world(loaded, same).walk("users", [2] * 10)
    assert pages[-1].completeness.verdict == "unproven"
    assert "duplicate_ids" in pages[-1].completeness.reasons


def test_a_pass_that_fails_is_gone_on_with(loaded: Loaded) -> None:
    down = [True]

    def page(_: Call, query: Mapping[str, str]) -> dict[str, Any] | Answer:
        return said({}, 503) if down and query["kind"] == "guests" else answer(PEOPLE, query)

    made = World(loaded, vendor=listing_vendor(page))
    first = made.page("users")
    assert (ids([first]), first.completeness.verdict) == (["a", "b", "c"], "in_progress")
    with pytest.raises(VendorUnavailable):
        made.page("users", cursor=first.next_cursor)
    down.clear()
    last = made.page("users", cursor=first.next_cursor)
    assert (ids([last]), last.completeness.verdict) == (["x", "y"], "complete")


def test_what_stands_before_a_listing_is_sent_once(tmp_path: Path) -> None:
    listing = '{get: /people, before: [{get: /refresh}], records: "$.items[*]", paging: {style: none}, '
    made = World(
        connect(tmp_path, listing + 'passes: [{}, {query: {old: "1"}}]}'),
        vendor=listing_vendor(lambda _, query: ["x"] if "old" in query else ["a"]),
    )
    assert ids(made.walk("users", [1] * 3)) == ["a", "x"]
    assert made.asked == ["/refresh", "/people", "/people?old=1"]


def test_a_pass_adds_to_the_body(tmp_path: Path) -> None:
    listing = """\
{post: /people, effect: read, json: {sizes: [1], kind: staff}, records: "$.items[*]", paging: {style: none},
 passes: [{}, {json: {kind: guests, key: "{secrets.key}"}}]}
"""
    made = World(
        connect(tmp_path, listing), vendor=lambda call: said({"items": [{"id": sent(call)["kind"]}]})
    )
    assert ids([made.page("users")]) == ["staff", "guests"]
    assert [set(sent(call)) for call in made.calls] == [{"sizes", "kind"}, {"sizes", "kind", "key"}]


def test_a_pass_goes_on_by_urls(tmp_path: Path) -> None:
    """A URL that the vendor names is complete, what a pass adds included."""
    listing = """\
{get: /people, query: {size: "{page.size}"}, records: "$.items[*]", paging: {style: next_url, next: $.next},
 passes: [{}, {query: {old: "1"}, headers: {X-Old: "1"}}]}
"""

    def page(_: Call, query: Mapping[str, str]) -> dict[str, Any]:
        name = "old" if "old" in query else "new"
        if "at" in query:
            return {"items": [{"id": f"{name}1"}]}
        old = "&old=1" if "old" in query else ""
        return {"items": [{"id": f"{name}0"}], "next": f"?at=1{old}"}

    made = World(connect(tmp_path, listing), vendor=listing_vendor(page))
    assert ids([made.page("users")]) == ["new0", "new1", "old0", "old1"]
    assert made.asked == ["/people?size=100", "/people?at=1", "/people?size=98&old=1", "/people?at=1&old=1"]
    assert [call.headers.get("X-Old") for call in made.calls] == [None, None, "1", "1"]
