"""One more call a record: what the listing does not say of it is there with the record, not known, or an error that
names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.catalog import Loaded
from connector.errors import ConnectorError, Forbidden, VendorError, VendorNotFound, VendorUnavailable
from connector.pages import Page
from connector.wire import Answer, Call
from tests.calling.plain import queried
from tests.calling.queued import World, codes, ids, load, said

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: none}
    check: none
    retry: {times: 0}
    membership: on_user
    resources:
      people:
        key: {path: $.id, as: string}
        list: {get: /people, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]", paging: PAGING}
        get: GET
        calls:
          more: {get: "/more/{id}", record: $.data}
          find: {get: /find, query: {q: "{value}"}, records: "$.items[*]"}
        details: DETAILS
      teams:
        key: $.id
        list: {get: /teams, records: "$.items[*]", paging: {style: none}}
        get: {get: "/teams/{id}"}
        calls: {members: {get: "/teams/{id}/members"}}
        details: {call: members, into: more}
"""
OFFSET = "{style: offset, first: 0, size: 100, ends: total, total: $.total}"
INTO = "{call: more, id: $.login, into: more}"
KEEP = "{call: more, id: $.login, into: more, if_not_found: keep}"
PEOPLE = """\
source: main.people
unified: users
fields:
  id: {path: $.id, as: string}
  username: $.login
  title: {path: $.more.title, if_missing: none at all}
  status: {path: $.more.state, values: {on: active, off: inactive}}
  is_2fa_enabled: {path: $.more.mfa, if_missing: false}
  roles: {each: "$.more.roles[*]", item: {id: $}, if_missing: empty}
filters:
  username: {evaluate: vendor, call: find}
  status: {evaluate: here}
"""
LIGHT = """\
source: main.people
unified: users
fields:
  id: {path: $.id, as: string}
  username: $.login
  title: $.more.title
  groups: {each: "$.more.teams[*]", item: {id: $}, if_missing: empty}
filters:
  title: {evaluate: here}
"""
REPLACING = """\
source: main.people
unified: users
where: {$.kind: {not: robot}}
fields:
  id: {path: $.id, as: string}
  username: $.login
  title: $.title
"""
TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name, description: $.more.text}
"""


class Vendor:
    """People whose details are elsewhere; `broken` says what the vendor answers about one of them instead."""

    def __init__(self, count: int) -> None:
        self.people = [{"id": n, "login": f"login {n}"} for n in range(count)]
        self.broken: dict[str, Callable[[], Answer | ConnectorError]] = {}

    def detail(self, n: int) -> dict[str, Any]:
        return {
            "id": n, "login": f"login {n}", "title": f"T{n}", "state": "on" if n % 2 else "off", "mfa": True,
            "roles": [f"r{n}"], "teams": [f"g{n}"], "kind": "robot" if n == 3 else "person",
        }  # fmt: skip

    def __call__(self, call: Call) -> Any:
        parts = urlsplit(call.url)
        kind, *rest = parts.path.strip("/").split("/")
        name = unquote(rest[0]) if rest else ""
        if name in self.broken and kind in ("more", "people", "teams"):
            return self.broken[name]()
        if kind == "more":
            return said({"data": self.detail(int(name.removeprefix("login ")))})
        if kind == "find":
            return said({"items": [one for one in self.people if one["login"] == queried(call)["q"]]})
        if kind == "teams":
            team = {"id": "g0", "name": "Team"}
            return said({"text": "of g0"} if len(rest) > 1 else team if rest else {"items": [team]})
        if rest:
            found = [one for one in self.people if str(one["id"]) == name]
            return said(self.detail(int(name)) if found else {}, 200 if found else 404)
        query = queried(call)
        start = int(query.get("start", 0))
        return said(
            {"items": self.people[start : start + int(query.get("size", 100))], "total": len(self.people)}
        )


def made(
    folder: Path,
    mapping: str = PEOPLE,
    details: str = INTO,
    paging: str = OFFSET,
    get: str = '{get: "/people/{id}"}',
) -> Loaded:
    text = CONNECTOR.replace("PAGING", paging).replace("DETAILS", details).replace("GET", get)
    if "snapshot" in paging:
        text = text.replace(', query: {start: "{page.start}", size: "{page.size}"}', "")
    return load(folder, text, people=mapping, teams=TEAMS)


def world(loaded: Loaded, count: int = 3, **more: Any) -> World:
    return World(loaded, vendor=Vendor(count), **more)


def vendor_of(world: World) -> Vendor:
    assert isinstance(world.vendor, Vendor)
    return world.vendor


def rows(pages: list[Page[Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for page in pages for row in page.rows]


@pytest.fixture(scope="module")
def into(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory.mktemp("mappings"))


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory.mktemp("mappings"), details=KEEP)


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory.mktemp("mappings"), LIGHT)


@pytest.fixture(scope="module")
def replacing(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return made(tmp_path_factory.mktemp("mappings"), REPLACING, "{call: get}")


WHOLE = [("0", "T0", "inactive"), ("1", "T1", "active"), ("2", "T2", "inactive")]


def test_a_detail_stands_under_its_key(into: Loaded) -> None:
    one = world(into)
    page = one.page("users", include=["remote_data"])
    assert rows([page], "id", "title", "status") == WHOLE
    assert page.rows[1]["roles"] == [
        {"id": "r1", "name": None, "group": None, "organization": None, "workspace": None}
    ]
    assert page.rows[1]["remote_data"] == {**vendor_of(one).people[1], "more": vendor_of(one).detail(1)}
    assert one.asked == ["/people?start=0&size=9", *(f"/more/login%20{n}" for n in range(3))]
    assert (page.completeness.verdict, page.completeness.seen, page.warnings) == ("complete", 3, [])


def test_a_detail_stands_in_the_place_of_the_record(replacing: Loaded) -> None:
    """`call: get`: what the listing has is the short form of what `get` answers."""
    one = world(replacing, 5)
    page = one.page("users")
    assert rows([page], "id", "title") == [("0", "T0"), ("1", "T1"), ("2", "T2"), ("4", "T4")]
    assert codes(page) == ["left_out"], "by what the detail says"
    assert one.asked[1:] == [f"/people/{n}" for n in range(5)]
    assert page.completeness.seen == 5


@pytest.mark.parametrize(("where", "details"), [("$.more.kind", INTO), ("$.kind", "{call: get}")])
def test_what_is_left_out_may_be_decided_by_the_detail(tmp_path: Path, where: str, details: str) -> None:
    one = world(made(tmp_path, REPLACING.replace("$.kind: {not: robot}", f"{where}: person"), details), 5)
    page = one.page("users")
    assert (ids([page]), codes(page), page.completeness.seen) == (["0", "1", "2", "4"], ["left_out"], 5)
    assert one.get("users", "2")["id"] == "2"
    with pytest.raises(VendorNotFound, match="'3' is not among the users"):
        one.get("users", "3")


def test_who_is_left_out_by_what_the_listing_says_is_not_asked_about(tmp_path: Path) -> None:
    mapping = PEOPLE.replace("fields:", "where: {$.login: {not: login 1}}\nfields:")
    one = world(made(tmp_path, mapping))
    assert ids([one.page("users")]) == ["0", "2"]
    assert one.asked[1:] == ["/more/login%200", "/more/login%202"]


def test_get_has_the_detail_too(into: Loaded, replacing: Loaded) -> None:
    one = world(into)
    assert (one.get("users", "1")["title"], one.asked) == ("T1", ["/people/1", "/more/login%201"])
    other = world(replacing)
    assert (other.get("users", "1")["title"], other.asked) == ("T1", ["/people/1"]), (
        "it is what `get` answers"
    )


def test_a_search_brings_records_that_have_their_details(into: Loaded) -> None:
    one = world(into)
    page = one.page("users", filters={"username": "login 2"})
    assert (rows([page], "id", "title"), one.asked) == (
        [("2", "T2")],
        ["/find?q=login%202", "/more/login%202"],
    )


def test_only_the_one_that_is_looked_for_is_asked_about(tmp_path: Path) -> None:
    one = world(made(tmp_path, get="{from: list}"), 40)
    assert one.get("users", "30")["title"] == "T30"
    assert one.asked[1:] == ["/more/login%2030"]


# -- what nobody wants is not asked for ---------------------------------------------------------------------------

OF_THE_DETAIL = ["title", "status", "status_detail", "is_2fa_enabled", "roles"]


def test_a_detail_that_nobody_reads_is_not_asked_for(into: Loaded) -> None:
    one = world(into)
    page = one.page("users", exclude_fields=OF_THE_DETAIL)
    assert (ids([page]), one.asked) == (["0", "1", "2"], ["/people?start=0&size=100"])
    assert (codes(page), page.completeness.verdict, page.is_partial_response) == ([], "complete", False)
    one.get("users", "1", exclude_fields=OF_THE_DETAIL)
    assert one.asked[1:] == ["/people/1"]


@pytest.mark.parametrize("wanted", OF_THE_DETAIL)
def test_one_field_that_reads_it_is_enough(into: Loaded, wanted: str) -> None:
    one = world(into)
    one.page("users", exclude_fields=[name for name in OF_THE_DETAIL if name != wanted])
    assert len(one.asked) == 4


def test_what_is_filtered_by_is_read(into: Loaded) -> None:
    page = world(into).page("users", exclude_fields=OF_THE_DETAIL, filters={"status": "active"})
    assert (ids([page]), "status" in page.rows[0]) == (["1"], False)


def test_groups_that_cost_a_detail_are_left_out_until_they_are_asked_for(light: Loaded) -> None:
    one = world(light)
    page = one.page("users", exclude_fields=["title"])
    assert (page.is_partial_response, len(one.asked)) == (True, 1)
    assert "groups" not in page.rows[0]
    page = one.page("users", exclude_fields=["title"], include=["groups"])
    assert [row["groups"][0]["id"] for row in page.rows] == ["g0", "g1", "g2"]
    assert ids([one.page("users", group_id="g0")]) == ["0"]
    assert ids([one.page("users", group_id="g0", exclude_fields=["title", "groups"])]) == ["0"]
    page = one.page("users")
    assert page.rows[0]["groups"][0]["id"] == "g0", "they are there with a detail that is read anyway"


def test_a_detail_that_always_stands_in_the_place_of_the_record_is_always_asked_for(
    replacing: Loaded,
) -> None:
    one = world(replacing)
    one.page("users", exclude_fields=["title", "username"])
    assert len(one.asked) == 4


def test_the_vendors_own_records_are_as_its_listing_has_them(into: Loaded) -> None:
    one = world(into)
    assert one.page("main.people").rows == vendor_of(one).people
    assert len(one.asked) == 1


# -- the calls of a question --------------------------------------------------------------------------------------


@given(
    count=st.integers(0, 12),
    calls=st.integers(1, 8),
    limits=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    paging=st.sampled_from(["offset", "snapshot"]),
)
def test_a_page_ends_with_the_calls_and_never_with_records_that_lack_their_detail(
    connectors: dict[str, Loaded], count: int, calls: int, limits: list[int], paging: str
) -> None:
    one = world(connectors[paging], count, max_calls=calls)
    pages: list[Page[Any]] = []
    cursor = None
    while True:
        before = len(one.asked)
        pages.append(one.page("users", limit=limits[len(pages) % len(limits)], cursor=cursor))
        assert len(one.asked) - before <= max(calls, 2), (
            "a page and one detail at least, or nobody would go on"
        )
        cursor = pages[-1].next_cursor
        if cursor is None:
            break
        assert pages[-1].rows, "each question goes on"
    assert rows(pages, "id", "title") == [(str(n), f"T{n}") for n in range(count)]
    assert (pages[-1].completeness.verdict, pages[-1].completeness.seen) == ("complete", count)
    details = [path for path in one.asked if path.startswith("/more/")]
    assert len(details) == len(set(details)), "nobody is asked about twice"


@pytest.fixture(scope="module")
def connectors(tmp_path_factory: pytest.TempPathFactory, into: Loaded) -> dict[str, Loaded]:
    captured = "{style: snapshot, total: $.total}"
    return {"offset": into, "snapshot": made(tmp_path_factory.mktemp("mappings"), paging=captured)}


def test_the_vendor_is_asked_for_no_more_than_can_be_completed(into: Loaded) -> None:
    one = world(into, 20)
    first = one.page("users")
    one.page("users", cursor=first.next_cursor)
    assert [path for path in one.asked if path.startswith("/people")] == [
        "/people?start=0&size=9",
        "/people?start=9&size=9",
    ]


def test_a_page_ends_with_the_time(into: Loaded) -> None:
    one = world(into, 20, takes=4.0, max_seconds=10.0)
    assert ids([one.page("users")]) == ["0", "1"]


def test_rows_that_are_filtered_here_are_found_however_many_questions_it_takes(into: Loaded) -> None:
    pages = world(into, 9, max_calls=3).walk("users", [100] * 20, filters={"status": "active"})
    assert ids(pages) == ["1", "3", "5", "7"]
    assert pages[-1].completeness.verdict == "complete"


# -- details that aren't there ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(403, "forbidden"), (404, "not_found")])
def test_a_record_may_be_kept_without_its_detail(keeping: Loaded, status: int, code: str) -> None:
    """What would be read of it is null, not what an absent key of it means: that is not known."""
    one = world(keeping)
    vendor_of(one).broken["login 1"] = lambda: said({}, status)
    page = one.page("users")
    names = ("id", "username", "title", "status", "status_detail", "is_2fa_enabled", "roles")
    assert rows([page], *names)[1] == ("1", "login 1", None, "unknown", None, None, None)
    assert rows([page], "id", "title")[::2] == [("0", "T0"), ("2", "T2")]
    (warning,) = page.warnings
    assert (warning.code, warning.path, warning.record_id) == ("detail_missing", "$.more", "1")
    assert f"({code})" in warning.message
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["membership_unreadable"])
    item = one.directory().get("users", "1")
    assert (item.row["roles"], item.is_partial_response) == (None, True)
    with pytest.raises(VendorError, match=r"strict: \$.more"):
        one.page("users", strict=True)


def test_without_a_list_that_access_rests_on_such_a_page_is_whole(tmp_path: Path) -> None:
    mapping = PEOPLE.replace(PEOPLE[PEOPLE.index("  roles") : PEOPLE.index("filters")], "")
    one = world(made(tmp_path, mapping, KEEP))
    vendor_of(one).broken["login 1"] = lambda: said({}, 404)
    page = one.page("users")
    assert (codes(page), page.completeness.verdict) == (["detail_missing"], "complete")


@pytest.mark.parametrize("status", [403, 404])
def test_else_the_error_names_the_record(into: Loaded, status: int) -> None:
    one = world(into)
    vendor_of(one).broken["login 1"] = lambda: said({}, status)
    for ask in (lambda: one.page("users"), lambda: one.get("users", "1")):
        with pytest.raises(
            (Forbidden, VendorNotFound), match=r"answered 40[34].*\(the detail of users '1'\)"
        ):
            ask()


@pytest.mark.parametrize("details", ["into", "keeping"])
@pytest.mark.parametrize("data", [None, [], "T1", 7, "missing"])
def test_a_detail_that_is_no_object_is_an_error(
    request: pytest.FixtureRequest, details: str, data: Any
) -> None:
    one = world(request.getfixturevalue(details))
    vendor_of(one).broken["login 1"] = lambda: said({} if data == "missing" else {"data": data})
    with pytest.raises(VendorError, match=r"expected a detail at \$.data, got .*the detail of users '1'"):
        one.page("users")


def test_a_detail_of_someone_else_is_an_error(replacing: Loaded) -> None:
    one = world(replacing)
    vendor_of(one).broken["1"] = lambda: said(vendor_of(one).detail(2))
    with pytest.raises(VendorError, match="asked for the detail of users '1', and the answer is about '2'"):
        one.page("users")


@pytest.mark.parametrize("login", [None, "", 7, True, ["a"], "missing"])
def test_a_record_that_does_not_say_what_to_ask_for(into: Loaded, keeping: Loaded, login: Any) -> None:
    for loaded, keeps in ((into, False), (keeping, True)):
        one = world(loaded)
        if login == "missing":
            del vendor_of(one).people[1]["login"]
        else:
            vendor_of(one).people[1]["login"] = login
        if keeps:
            page = one.page("users")
            assert rows([page], "id", "title")[1] == ("1", None)
            assert "detail_missing" in codes(page)
        else:
            with pytest.raises(VendorError, match=r"expected at \$.login .*the detail of users '1'"):
                one.page("users")


@pytest.mark.parametrize("login", ["..", ".", "a/../b", "ü\n", "a?b=c#d"])
def test_what_a_record_is_asked_for_by_is_one_segment_or_refused(keeping: Loaded, login: str) -> None:
    one = world(keeping)
    vendor_of(one).people[1]["login"] = login
    vendor_of(one).broken[login] = lambda: said({"data": {"title": "odd"}})
    assert rows([one.page("users")], "title")[1][0] in ("odd", None)
    assert all(len(urlsplit(call.url).path.split("/")) == 3 for call in one.calls[1:])


def test_a_key_of_the_record_that_is_called_so_is_never_taken_for_its_detail(keeping: Loaded) -> None:
    one = world(keeping)
    vendor_of(one).people[1]["more"] = {"title": "forged", "roles": ["admin"]}
    assert rows([one.page("users")], "title")[1] == ("T1",)
    vendor_of(one).broken["login 1"] = lambda: said({}, 404)
    page = one.page("users", include=["remote_data"])
    assert rows([page], "title", "roles")[1] == (None, None)
    assert "more" not in page.rows[1]["remote_data"]


def test_a_vendor_that_fails_in_the_middle_ends_the_page_where_it_failed(into: Loaded) -> None:
    one = world(into)
    vendor_of(one).broken["login 1"] = lambda: said({}, 503)
    first = one.page("users")
    assert (ids([first]), codes(first)) == (["0"], ["vendor_unavailable"])
    with pytest.raises(VendorUnavailable, match="the detail of users '1'"):
        one.page("users", cursor=first.next_cursor)
    vendor_of(one).broken.clear()
    rest = one.page("users", cursor=first.next_cursor)
    assert (ids([rest]), rest.completeness.verdict) == (["1", "2"], "complete")


def test_a_record_that_changed_its_place_between_two_questions_is_asked_about_anew(into: Loaded) -> None:
    one = world(into, 5, max_calls=3)
    first = one.page("users")
    assert ids([first]) == ["0", "1"]
    del vendor_of(one).people[0]
    cursor, last = first.next_cursor, first
    while cursor is not None:
        last = one.page("users", cursor=cursor)
        cursor = last.next_cursor
    assert last.completeness.verdict == "unproven", "one was shifted over"


def test_groups_have_details_too(into: Loaded) -> None:
    one = world(into)
    page = one.page("groups")
    assert rows([page], "id", "description") == [("g0", "of g0")]
    assert one.get("groups", "g0")["description"] == "of g0"
