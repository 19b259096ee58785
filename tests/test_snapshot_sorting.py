"""A captured listing, sorted here: by any field that the mapping lists, the unknown last, and without asking the vendor again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.captures import CHUNK
from connector.catalog import Loaded
from connector.errors import InvalidRequest
from tests.calling.queued import World, codes, ids, line_of, load, said, written

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  give: {line: people}
  records: $.items[*]
  paging: {style: snapshot, share_for: 60s}
calls: {find: {exchange: line, effect: read, give: {line: "find {value:shell}"}, records: "$.items[*]"}}
"""
USERS = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  name: $.name
  status: {path: $.state, values: {up: active, down: inactive}}
  is_2fa_enabled: $.mfa
  created_at: {path: $.born, date: rfc3339}
filters:
  username: {evaluate: vendor_then_here, call: find}
  name: {evaluate: here, operators: [contains]}
sorts:
  name: {evaluate: here}
  username: {evaluate: here}
  status: {evaluate: here}
  is_2fa_enabled: {evaluate: here}
  created_at: {evaluate: here}
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), written(people=PEOPLE), people=USERS)


def world_of(loaded: Loaded, items: list[dict[str, Any]], **more: Any) -> World:
    return World(loaded, vendor=lambda _: said({"items": items}), account={"version": "direct"}, **more)


def numbered(name: str, *values: Any) -> list[dict[str, Any]]:
    """A record for each value of one key; one that is ... has no such key."""
    return [
        {"id": f"{n}", **({} if value is ... else {name: value})} for n, value in enumerate(values, start=1)
    ]


MAY, JUNE = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"
EARLY_JUNE = "2026-06-01T01:00:00+02:00"
"""Before June in UTC, though not as text."""

# (field, key, values of 1, 2, 3 …, ids in ascending order, ids in descending order)
ORDERS: list[tuple[str, str, list[Any], str, str]] = [
    ("name", "name", ["Cleo", "Ann", "Bob"], "231", "132"),
    ("name", "name", ["Cleo", None, "Ann", ..., "Bob"], "35124", "15324"),
    ("name", "name", ["b", "B", "a", "A"], "4321", "1234"),
    ("name", "name", ["Bob", "Ann", "Bob", "Ann"], "2413", "1324"),
    ("name", "name", [None, None, "Ann"], "312", "312"),
    ("name", "name", ["", "Ann", None], "123", "213"),
    ("name", "name", ["Zoë", "Zoe", "Émile", "東京", "Emile", "ß", "ss"], "5762134", "4312675"),
    ("name", "name", [7, "Ann"], "21", "21"),
    ("username", "login", ["10", "9", "1"], "312", "213"),
    ("status", "state", ["up", "down", "up"], "132", "213"),
    ("status", "state", ["up", "asleep", "down", None], "1324", "2431"),
    ("is_2fa_enabled", "mfa", [True, False, None, True], "2143", "1423"),
    ("created_at", "born", [JUNE, MAY, EARLY_JUNE, None], "2314", "1324"),
    ("created_at", "born", ["2026-06-01T00:00:00.5Z", JUNE], "21", "12"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "key", "values", "ascending", "descending"),
    ORDERS,
    ids=[f"{row[0]}-{row[2]}" for row in ORDERS],
)
def test_rows_are_in_order_and_what_has_no_value_comes_last(
    loaded: Loaded, field: str, key: str, values: list[Any], ascending: str, descending: str
) -> None:
    world = world_of(loaded, numbered(key, *values))
    assert "".join(ids([world.page("users", sort_by=field)])) == ascending
    assert "".join(ids([world.page("users", sort_by=f"-{field}")])) == descending


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("sort_by", ["name", "-name"])
def test_pages_of_any_size_are_parts_of_the_same_order(loaded: Loaded, sort_by: str, limit: int) -> None:
    world = world_of(loaded, numbered("name", *"abcabcabc", None))
    whole = ids([world.page("users", sort_by=sort_by)])
    pages = world.walk("users", [limit] * 11, sort_by=sort_by)
    assert ids(pages) == whole
    assert (pages[-1].completeness.verdict, pages[-1].completeness.seen) == ("complete", 10)
    assert whole[-1] == "10"
    assert len(world.calls) == 1


def test_the_vendor_is_not_asked_again_for_another_order(loaded: Loaded) -> None:
    world = world_of(loaded, numbered("name", "b", "a"))
    for sort_by in (None, "name", "-name", "username", "status", "name", None):
        world.page("users", sort_by=sort_by)
    assert len(world.calls) == 1
    world.time = 61.0
    world.page("users", sort_by="name")
    assert len(world.calls) == 2, "the capture that it was made of is too old to be shared"


def test_an_order_is_as_old_as_what_it_was_made_of(loaded: Loaded) -> None:
    world = world_of(loaded, numbered("name", "b", "a"))
    world.page("users")
    world.time = 50.0
    explained = world.page("users", sort_by="name", explain=True).explain
    assert explained is not None
    assert explained["captured"]["taken_at"] == "2026-01-31T00:00:00Z"
    assert explained["evaluated"] == {"sort_by=name": "here"}
    assert explained["calls"] == []


def test_sorting_and_filtering_go_together(loaded: Loaded) -> None:
    world = world_of(loaded, numbered("name", "xb", "a", "xa", None, "xc"))
    pages = world.walk("users", [1] * 5, sort_by="-name", filters={"name": {"contains": "x"}})
    assert ids(pages) == ["5", "1", "3"]
    assert len(world.calls) == 1


def test_a_sort_goes_with_no_filter_that_asks_for_another_listing(loaded: Loaded) -> None:
    world = world_of(loaded, [])
    with pytest.raises(InvalidRequest, match="sort_by 'name' can't be used together with these filters"):
        world.page("users", sort_by="name", filters={"username": "ann"})
    assert world.calls == []


@pytest.mark.parametrize("sort_by", ["title", "nam", "-nam", "", "--name", "emails", "id"])
def test_what_is_not_listed_is_refused_with_what_is(loaded: Loaded, sort_by: str) -> None:
    world = world_of(loaded, [])
    with pytest.raises(InvalidRequest) as raised:
        world.page("users", sort_by=sort_by)
    if sort_by:
        known = ["name", "username", "status", "is_2fa_enabled", "created_at"]
        assert f"supported: {', '.join(known)}" in raised.value.message
        assert raised.value.details == known
    assert world.calls == []


def test_a_cursor_of_another_order_is_refused(loaded: Loaded) -> None:
    world = world_of(loaded, numbered("name", "b", "a", "c"))
    cursor = world.page("users", limit=1, sort_by="name").next_cursor
    for sort_by in (None, "-name", "username"):
        with pytest.raises(InvalidRequest, match="belongs to another sort_by"):
            world.page("users", cursor=cursor, sort_by=sort_by)


def test_a_walk_in_order_goes_on_when_the_mapping_is_changed(
    loaded: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the order in which it was begun."""
    world = world_of(
        loaded, [{"id": f"{n}", "name": f"{9 - n}", "login": f"{n}", "state": "up"} for n in range(4)]
    )
    first = world.page("users", limit=2, sort_by="name")
    changed = USERS.replace("name: $.name", "name: $.login")
    world.loaded = load(tmp_path_factory.mktemp("changed"), written(people=PEOPLE), people=changed)
    second = world.page("users", cursor=first.next_cursor, sort_by="name")
    assert (ids([first, second]), codes(second)) == (["3", "2", "1", "0"], ["mapping_changed"])
    assert ids([world.page("users", sort_by="name")]) == ["0", "1", "2", "3"]
    assert [line_of(call) for call in world.calls] == ["people"]


@given(
    names=st.lists(st.none() | st.text(max_size=3), max_size=40)
    | st.just([f"{n % 7}" for n in range(CHUNK + 3)]),
    limits=st.lists(st.integers(1, 1000), min_size=1, max_size=4),
    is_descending=st.booleans(),
)
def test_everyone_comes_once_in_order_whatever_the_limits(
    loaded: Loaded, names: list[str | None], limits: list[int], is_descending: bool
) -> None:
    world = world_of(loaded, numbered("name", *names))
    sort_by = "-name" if is_descending else "name"
    pages = world.walk("users", itertools.islice(itertools.cycle(limits), 600), sort_by=sort_by)
    rows = [row for page in pages for row in page.rows]
    assert sorted(int(row["id"]) for row in rows) == list(range(1, len(names) + 1))
    known = [row["name"] for row in rows if row["name"] is not None]
    assert [row["name"] for row in rows] == [*known, *[None] * (len(rows) - len(known))]
    folded = [name.casefold() for name in known]
    assert folded == sorted(folded, reverse=is_descending)
