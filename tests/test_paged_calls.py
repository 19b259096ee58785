"""A call besides the listing is paged as a listing is: read to its end, on the same evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import PagingBroken, VendorNotFound
from connector.wire import Call
from tests.calling.plain import listing_vendor
from tests.calling.queued import World, ids, load, said

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: none}
    check: none
    resources:
      people:
        key: $.id
        list: {get: /people, records: "$.items[*]", paging: {style: none}}
        calls:
          find:
            get: /find
            query: {title: "{value}", token: "{page.token}", size: "{page.size}"}
            records: "$.items[*]"
            paging: {style: token, size: 2, next: $.next, total: $.total}
"""
MAPPING = """\
source: main.people
unified: users
fields: {id: $.id, title: $.title}
filters: {title: {evaluate: vendor, call: find}}
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), CONNECTOR, people=MAPPING)


def finding(names: str, **lies: Any) -> Any:
    """A vendor whose search finds these, two a page."""

    def page(call: Call, query: Mapping[str, str]) -> dict[str, Any]:
        assert "/find" in call.url
        at = int(query.get("token", "0"))
        more = {"next": str(at + 2)} if at + 2 < len(names) else {}
        items = [{"id": name} for name in names[at : at + 2]]
        return {"items": items, "total": len(names), **more, **lies}

    return listing_vendor(page)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_search_is_walked_to_its_end(loaded: Loaded, limit: int) -> None:
    pages = World(loaded, vendor=finding("abcde")).walk("users", [limit] * 10, filters={"title": "x"})
    assert ids(pages) == list("abcde")
    assert (pages[-1].completeness.verdict, pages[-1].completeness.declared) == ("complete", 5)


def test_a_search_that_is_cut_short_says_so(loaded: Loaded) -> None:
    (page,) = World(loaded, vendor=finding("abc", total=4)).walk("users", [100], filters={"title": "x"})
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["fewer_than_declared"])


def test_a_search_that_goes_in_a_circle_is_an_error(loaded: Loaded) -> None:
    with pytest.raises(PagingBroken):
        World(loaded, vendor=finding("abcde", next="2")).walk("users", [100] * 9, filters={"title": "x"})


def test_a_search_that_finds_nobody_is_empty(tmp_path: Path) -> None:
    """A vendor may say so by "not found"."""
    loaded = load(tmp_path, CONNECTOR, people=MAPPING)
    world = World(loaded, vendor=lambda _: said({}, 404))
    (page,) = world.walk("users", [100], filters={"title": "x"})
    assert (page.rows, page.completeness.verdict) == ([], "complete")


def test_a_search_that_is_not_found_any_more_at_its_second_page_is_an_error(loaded: Loaded) -> None:
    vendor = finding("abcde")
    world = World(loaded, vendor=lambda call: said({}, 404) if "token=2" in call.url else vendor(call))
    with pytest.raises(VendorNotFound):
        world.page("users", filters={"title": "x"})
