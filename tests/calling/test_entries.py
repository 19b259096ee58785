"""An api that an account has several times: one listing, each entry asked with what is its own, none lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.account import open_account, secret_origins
from connector.catalog import Loaded
from connector.cursor import Seal
from connector.errors import (
    CursorInvalid,
    Forbidden,
    InvalidRequest,
    ListingIncomplete,
    NeedsReauth,
    NotFound,
    RateLimited,
    VendorError,
    VendorNotFound,
    VendorUnavailable,
)
from connector.wire import Answer
from tests.calling.nodes import Nodes, connect, keys, walked
from tests.calling.queued import codes, ids, said

TWO = {"7": ["a", "b", "c"], "40": ["d", "e"]}
REFUSED = {
    "needs_reauth": said({}, 401),
    "forbidden": said({}, 403),
    "not_found": said({}, 404),
    "vendor_unavailable": said({}, 503),
    "no_json": Answer(200, {}, b"<html>"),
    "no_records": said({"total": 3}),
    "endless": said({"items": [{"id": "z"}], "total": 3}),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return connect(tmp_path_factory.mktemp("mappings"))


def told(loaded: Loaded, settings: dict[str, Any], secrets: dict[str, str], **more: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        open_account(loaded, settings=settings, secrets=secrets, **more)
    return f"{refused.value.message} {refused.value.hint}"


def test_an_entry_is_named_by_what_tells_it_from_the_others(loaded: Loaded) -> None:
    account = open_account(loaded, settings={}, secrets=keys("40", "7"))
    assert list(account.apis) == ["main[7]", "main[40]"]
    assert [api.base_url for api in account.apis.values()] == ["https://h/7", "https://h/40"]
    assert account.settings == {"main[7].node": "7", "main[40].node": "40"}
    assert account.entries("main") == tuple(account.apis.values())
    assert account.sources["users"] == ("main.people",)
    assert open_account(loaded, settings=account.settings, secrets=keys("7", "40")).apis == account.apis


def test_without_brackets_there_is_one(loaded: Loaded) -> None:
    account = open_account(loaded, settings={"node": "7"}, secrets={"key": "k"})
    assert list(account.apis) == ["main"]


@pytest.mark.parametrize(
    ("settings", "secrets", "urls", "expected"),
    [
        ({}, {"main[x].key": "k"}, {}, "setting main[x].node: 'x' does not match"),
        ({"main[7].node": "8"}, {"main[7].key": "k"}, {}, "setting main[7].node: '8' is not one of 7"),
        ({"main[7].node": "7"}, {"main[8].key": "k"}, {}, "needs main[7].key"),
        (
            {"node": "7"},
            {"main[7].key": "k", "main[8].key": "k"},
            {},
            "could be main[7].node or main[8].node",
        ),
        (
            {},
            {"main[7].key": "k", "main.key": "k"},
            {},
            "unknown secret 'main.key' (did you mean main[7].key?)",
        ),
        ({}, {"main[7 8].key": "k"}, {}, "unknown secret 'main[7 8].key'"),
        ({}, {"other[7].key": "k"}, {}, "where there are several: main[NODE]"),
        ({}, {"main[7].key": "k"}, {"main": "https://g"}, "base_url of 'main': no such api"),
    ],
)
def test_what_is_wrong_is_told(
    loaded: Loaded, settings: dict[str, Any], secrets: dict[str, str], urls: dict[str, str], expected: str
) -> None:
    assert expected in told(loaded, settings, secrets, base_urls=urls)


def test_each_secret_belongs_to_the_origin_of_its_entry(loaded: Loaded) -> None:
    urls = {"main[40]": "https://other:8443/40"}
    account = open_account(loaded, settings={}, secrets=keys("7", "40"), base_urls=urls)
    assert secret_origins(loaded, account.settings, urls) == {
        "main[7].key": "https://h:443",
        "main[40].key": "https://other:8443",
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_all_entries_are_one_listing(loaded: Loaded, limit: int) -> None:
    nodes = Nodes(TWO)
    found, last = walked(nodes.world(loaded), limit)
    assert found == ["a", "b", "c", "d", "e"]
    known = last.completeness
    assert (known.verdict, known.seen, known.declared, known.reasons) == ("complete", 5, 5, [])
    assert known.scope == "node 7; node 40"
    assert [node for node, _ in nodes.asked] == sorted((node for node, _ in nodes.asked), key=int)


def test_a_cursor_holds_the_entry_and_fits_these_entries_alone(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    world = nodes.world(loaded)
    page = world.page("users", limit=4)
    assert page.next_cursor
    assert Seal([b"k" * 32]).unseal(page.next_cursor, {})[0]["at"]["pass_number"] == 1
    assert ids([world.page("users", cursor=page.next_cursor)]) == ["e"]
    more = Nodes({**TWO, "9": ["x"]}).world(loaded)
    with pytest.raises(CursorInvalid, match="another address"):
        more.page("users", cursor=page.next_cursor)


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("node", TWO)
def test_an_entry_that_fails_makes_the_listing_partial_and_the_others_follow(
    loaded: Loaded, kind: str, node: str
) -> None:
    nodes = Nodes(TWO, instead={node: REFUSED[kind]})
    world = nodes.world(loaded)
    found, last = walked(world, 2)
    other = next(one for one in TWO if one != node)
    assert [one for one in found if one != "z"] == TWO[other]
    assert (last.completeness.verdict, "part_unreadable" in last.completeness.reasons) == ("partial", True)
    pages = world.walk("users", [2] * 10)
    warned = [item for page in pages for item in page.warnings if item.code == "part_unreadable"]
    assert [item.message.partition(" ")[0] for item in warned] == [f"main[{node}].people"]
    with pytest.raises(ListingIncomplete, match="partial"):
        list(world.directory().iterate("users"))


def test_where_all_fail_that_is_the_error(loaded: Loaded) -> None:
    world = Nodes(TWO, instead={"7": said({}, 403), "40": said({}, 401)}).world(loaded)
    with pytest.raises(NeedsReauth):
        world.page("users")


def test_a_token_that_expires_between_two_nodes_costs_that_node(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    world = nodes.world(loaded)
    first = world.page("users", limit=3)
    nodes.instead["40"] = said({}, 401)
    assert first.next_cursor
    second = world.page("users", cursor=first.next_cursor)
    assert (ids([first]), ids([second])) == (["a", "b", "c"], [])
    assert (second.completeness.verdict, second.completeness.seen) == ("partial", 3)


def test_a_node_that_is_down_is_tried_again_by_the_next_call_and_then_left(loaded: Loaded) -> None:
    nodes = Nodes(TWO, instead={"40": said({}, 503)})
    world = nodes.world(loaded)
    first = world.page("users")
    assert (ids([first]), codes(first)) == (["a", "b", "c"], ["vendor_unavailable"])
    assert first.next_cursor
    second = world.page("users", cursor=first.next_cursor)
    assert (second.next_cursor, second.completeness.verdict) == (None, "partial")


def test_a_node_that_wants_fewer_calls_is_waited_for_and_never_left(loaded: Loaded) -> None:
    nodes = Nodes(TWO, instead={"7": said({}, 429)})
    with pytest.raises(RateLimited):
        nodes.world(loaded).page("users")


def test_what_was_read_of_a_node_before_it_failed_counts(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    world = nodes.world(loaded)
    first = world.page("users", limit=2)
    nodes.instead["7"] = said({}, 403)
    assert first.next_cursor
    second = world.page("users", cursor=first.next_cursor)
    assert ids([first, second]) == ["a", "b", "d", "e"]
    assert (second.completeness.seen, second.completeness.declared) == (4, 5)


def test_one_who_is_in_two_nodes_comes_twice_over_pages_and_once_in_a_whole_walk(loaded: Loaded) -> None:
    nodes = Nodes({"7": ["a", "b"], "40": ["b", "a", "c"]})
    world = nodes.world(loaded)
    found, last = walked(world, 2)
    assert (found, last.completeness.verdict) == (["a", "b", "b", "a", "c"], "complete")
    pages = list(world.directory().pages("users"))
    assert ids(pages) == ["a", "b", "c"]
    assert [(item.code, item.count) for item in pages[-1].warnings] == [("joined", 2)]
    assert pages[-1].rows[0]["name"] == "a@7", "the first entry's record is the one that is kept"
    assert pages[-1].completeness.verdict == "complete"


def test_one_who_comes_twice_in_a_node_is_a_duplicate_all_the_same(loaded: Loaded) -> None:
    world = Nodes({"7": ["a"], "40": ["b", "c", "d", "e", "b"]}).world(loaded)
    pages = list(world.directory().pages("users", allow_partial=True, limit=2))
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == ("unproven", ["duplicate_ids"])


def test_get_asks_entry_after_entry(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    assert nodes.world(loaded).get("users", "e")["name"] == "e@40"
    assert nodes.asked == [("7", "/people/e"), ("40", "/people/e")]
    with pytest.raises(VendorNotFound):
        nodes.world(loaded).get("users", "nobody")


def test_nobody_is_not_there_while_an_entry_can_not_be_asked(loaded: Loaded) -> None:
    nodes = Nodes(TWO, instead={"7": said({}, 403)})
    assert nodes.world(loaded).get("users", "e")["id"] == "e"
    with pytest.raises(Forbidden):
        nodes.world(loaded).get("users", "nobody")
    nodes.instead = {"40": said({}, 503)}
    with pytest.raises(VendorUnavailable):
        nodes.world(loaded).get("users", "nobody")


def test_what_is_filtered_here_is_filtered_in_all_and_explained_once(loaded: Loaded) -> None:
    page = Nodes(TWO).world(loaded).page("users", filters={"name": "e@40"}, explain=True)
    assert ids([page]) == ["e"]
    assert page.explain is not None
    assert page.explain["evaluated"] == {"name": "here"}
    assert page.explain["source"] == "main[7].people + main[40].people"


def test_several_entries_can_not_be_sorted_as_one(loaded: Loaded) -> None:
    with pytest.raises(InvalidRequest, match="2 places"):
        Nodes(TWO).world(loaded).page("users", sort_by="name")
    assert Nodes({"7": ["a"]}).world(loaded).page("users", sort_by="name").rows


def test_the_vendors_own_records_come_from_all_entries_too(loaded: Loaded) -> None:
    page = Nodes(TWO).world(loaded).page("main.people")
    assert [row["id"] for row in page.rows] == ["a", "b", "c", "d", "e"]


def test_or_from_one_that_is_named(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    world = nodes.world(loaded)
    page = world.page("main[40].people", limit=1)
    assert [row["id"] for row in page.rows] == ["d"]
    assert page.next_cursor
    assert ids([world.page("main[40].people", cursor=page.next_cursor)]) == ["e"]
    with pytest.raises(CursorInvalid, match="another resource"):
        world.page("main.people", cursor=page.next_cursor)
    assert world.directory().get("main[7].people", "a").row["name"] == "a@7"
    with pytest.raises(VendorNotFound):
        world.directory().get("main[7].people", "e")
    assert {node for node, _ in nodes.asked} == {"7", "40"}
    for name in ("main[9].people", "main[].people", "main[7.people", "main[7]x.people"):
        with pytest.raises(NotFound):
            world.page(name)


def test_each_entry_is_checked(loaded: Loaded) -> None:
    assert Nodes(TWO).world(loaded).directory().check() == {"main[7]": "ok", "main[40]": "ok"}


def test_a_call_of_the_proxy_names_the_entry(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    directory = nodes.world(loaded).directory()
    assert directory.proxy("GET", "main[40]/people/d").status == 200
    assert nodes.asked == [("40", "/people/d")]
    with pytest.raises(NotFound, match=r"main\[7\], main\[40\]"):
        directory.proxy("GET", "main/people/d")


def test_a_group_may_have_members_in_other_nodes(tmp_path: Path) -> None:
    made = connect(tmp_path, membership="on_group")
    teams = {"7": {"t": ["a", "e"]}, "40": {"u": ["e"]}}
    world = Nodes(TWO, teams).world(made)
    assert ids(world.walk("groups/t/users", [10] * 5)) == ["a", "e"]
    assert [row["id"] for row in world.get("users", "e")["groups"]] == ["t", "u"]


def test_a_group_that_is_in_two_nodes_has_the_members_of_both(tmp_path: Path) -> None:
    made = connect(tmp_path, membership="on_group")
    nodes = Nodes(TWO, {"7": {"g": ["a", "d"]}, "40": {"g": ["e", "a"]}})
    world = nodes.world(made)
    assert ids([world.page("groups/g/users")]) == ["a", "d", "e"]
    page = world.page("users", include=["groups"])
    assert [(row["id"], len(row["groups"])) for row in page.rows] == [
        ("a", 1),
        ("b", 0),
        ("c", 0),
        ("d", 1),
        ("e", 1),
    ]
    nodes.instead["7"] = said({}, 503)
    with pytest.raises(VendorError, match="not all groups could"):
        nodes.world(made).page("groups/g/users")
    with pytest.raises(VendorNotFound):
        Nodes(TWO, {"7": {"g": []}}).world(made).page("groups/h/users")


def test_members_that_one_node_shows_say_nothing_of_another(tmp_path: Path) -> None:
    made = connect(tmp_path, membership="on_group", if_missing="empty_if_seen")
    nodes = Nodes(TWO, {"7": {"g": ["a"]}, "40": {"h": ["d"], "i": []}}, blind={"7"})
    page = nodes.world(made).page("users", include=["groups"])
    assert ([row["groups"] for row in page.rows], page.completeness.verdict) == ([None] * 5, "partial")
    with pytest.raises(VendorError, match="could not be read"):
        nodes.world(made).page("groups/g/users")


def test_what_a_failing_entry_echoes_is_no_secret_shown(tmp_path: Path) -> None:
    lie = "{style: offset, first: 0, size: 2, ends: total, total: $.total, confirm: {start: $.start}}"
    loaded = connect(tmp_path, paging=lie)
    nodes = Nodes(TWO, instead={"7": said({"items": [], "total": 1, "start": "Bearer key-of-7"})})
    nodes.instead["40"] = said({"items": [], "total": 0, "start": 0})
    page = nodes.world(loaded).page("users")
    assert [item.code for item in page.warnings] == ["part_unreadable"]
    assert "it is 'Bearer [redacted]'" in page.warnings[0].message


def test_entries_that_fail_late_end_the_listing_with_what_there_is(loaded: Loaded) -> None:
    nodes = Nodes(TWO)
    world = nodes.world(loaded)
    first = world.page("users", limit=2)
    nodes.instead = {"7": said({}, 403), "40": said({}, 403)}
    assert first.next_cursor
    second = world.page("users", cursor=first.next_cursor)
    assert (second.rows, second.next_cursor, second.completeness.verdict) == ([], None, "partial")


def test_entries_are_captured_each_for_itself(tmp_path: Path) -> None:
    made = connect(tmp_path, paging="{style: snapshot, share_for: 60s}")
    nodes = Nodes(TWO)
    world = nodes.world(made)
    assert walked(world, 2)[0] == ["a", "b", "c", "d", "e"]
    assert [node for node, _ in nodes.asked] == ["7", "40"]


@given(
    population=st.lists(st.lists(st.integers(0, 30), unique=True, max_size=7), min_size=1, max_size=4),
    broken=st.sets(st.integers(0, 3)),
    limit=st.integers(1, 9),
)
def test_whatever_the_nodes_hold_everyone_is_listed_or_the_listing_says_that_it_is_partial(
    loaded: Loaded, population: list[list[int]], broken: set[int], limit: int
) -> None:
    nodes = Nodes({str(at): [f"u{one}" for one in people] for at, people in enumerate(population)})
    failing = {str(at) for at in broken if at < len(population)}
    nodes.instead = {node: said({}, 403) for node in failing}
    world = nodes.world(loaded)
    if len(failing) == len(population):
        with pytest.raises(Forbidden):
            walked(world, limit)
        return
    found, last = walked(world, limit)
    expected = [one for node, people in nodes.people.items() if node not in failing for one in people]
    assert found == expected
    assert (last.completeness.verdict == "complete") == (not failing)
    whole = list(world.directory().iterate("users", allow_partial=True))
    assert [one.id for one in whole] == list(dict.fromkeys(expected))
