"""What every way to keep who is in a group must keep: each member of the union, over one population and real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.definition import Api
from connector.directory import Directory
from connector.egress import Egress
from connector.errors import ConnectorError, Forbidden, NeedsReauth, VendorFailure, VendorNotFound
from connector.pages import Page
from connector.transport import Transport
from tests.calling.rosters import STYLES, Roster, write_rosters
from tests.calling.vendor import Reply, VendorServer, people
from tests.conftest import Calling

PEOPLE, TEAMS = 7, [{0, 1, 4, 6}, {1}, set(), {0, 1, 2, 3, 4, 5, 6}]

few = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def _rosters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    folder = tmp_path_factory.mktemp("mappings")
    write_rosters(folder)
    with VendorServer.running() as server, Transport(Egress(["127.0.0.1"])) as transport:
        yield Calling(server, folder, transport)


@pytest.fixture
def rosters(_rosters: Calling) -> Calling:
    _rosters.server.vendor = Roster(people(PEOPLE), teams=TEAMS)
    return _rosters


@pytest.fixture(params=list(STYLES))
def style(request: pytest.FixtureRequest) -> str:
    """Each way to keep membership, by name."""
    return str(request.param)


def vendor(rosters: Calling) -> Roster:
    found = rosters.server.vendor
    assert isinstance(found, Roster)
    return found


def walk(directory: Directory, resource: str = "users", limit: int = 100, **asked: Any) -> list[Page[Any]]:
    pages: list[Page[Any]] = []
    cursor = None
    while True:
        pages.append(directory.list(resource, limit=limit, cursor=cursor, **asked))
        cursor = pages[-1].next_cursor
        if cursor is None:
            return pages
        assert len(pages) < 100, "the walk does not end"


def ids(pages: list[Page[Any]]) -> list[str]:
    return [row["id"] for page in pages for row in page.rows]


def groups_of(pages: list[Page[Any]]) -> dict[str, Any]:
    return {row["id"]: row.get("groups", "left out") for page in pages for row in page.rows}


def everyone(roster: Roster) -> dict[str, Any]:
    return {one["id"]: roster.groups_of(one["id"]) for one in roster.people}


def test_each_member_of_the_union_is_tried_here() -> None:
    words = get_args(get_args(Api.model_fields["membership"].annotation)[0])
    assert {style.side for style in STYLES.values()} == set(words)


# -- one population, five ways, one answer -----------------------------------------------------------------------


@given(
    teams=st.lists(st.sets(st.integers(0, PEOPLE - 1)), max_size=5),
    calls=st.integers(4, 12),
    limit=st.integers(1, 8),
)
@few
def test_all_ways_answer_the_three_questions_alike(
    rosters: Calling, style: str, teams: list[set[int]], calls: int, limit: int
) -> None:
    roster = rosters.server.vendor = Roster(people(PEOPLE), teams=teams)
    directory = rosters.directory(style, max_calls=calls)
    pages = walk(directory, limit=limit, include=["groups"])
    assert (ids(pages), groups_of(pages)) == (list(everyone(roster)), everyone(roster))
    assert (pages[-1].completeness.verdict, pages[-1].completeness.seen) == ("complete", PEOPLE)
    for at in range(len(teams)):
        members = roster.members_of(f"g{at}")
        for found in (
            walk(directory, limit=limit, group_id=f"g{at}"),
            walk(directory, f"groups/g{at}/users", limit),
        ):
            assert ids(found) == members
            assert found[-1].completeness.verdict == "complete"


def test_get_knows_the_groups(rosters: Calling, style: str) -> None:
    directory = rosters.directory(style)
    for name, groups in everyone(vendor(rosters)).items():
        item = directory.get("users", name)
        assert (item.row["groups"], item.is_partial_response, item.warnings) == (groups, False, [])
        assert "groups" not in directory.get("users", name, exclude_fields=["groups"]).row


def test_groups_that_cost_calls_are_left_out_until_they_are_asked_for(rosters: Calling, style: str) -> None:
    (page,) = walk(rosters.directory(style))
    is_free = style == "on_user"
    assert groups_of([page]) == (
        everyone(vendor(rosters)) if is_free else dict.fromkeys(everyone(vendor(rosters)), "left out")
    )
    assert page.is_partial_response is not is_free
    assert page.warnings == []
    assert len(vendor(rosters).paths) == 1, "no call more than the listing's"


def test_members_are_filtered_and_their_groups_filled(rosters: Calling, style: str) -> None:
    directory = rosters.directory(style)
    found = walk(directory, "groups/g0/users", filters={"status": "active"}, include=["groups"])
    assert ids(found) == ["u0", "u1", "u4", "u6"]
    assert groups_of(found) == {name: vendor(rosters).groups_of(name) for name in ids(found)}
    found = walk(directory, filters={"groups.id": "g0"}, exclude_fields=["groups", "username"])
    assert ids(found) == ["u0", "u1", "u4", "u6"]
    assert not any(row.keys() & {"groups", "username"} for page in found for row in page.rows)


def test_a_group_that_is_not_there_is_not_an_empty_one(rosters: Calling, style: str) -> None:
    with pytest.raises(VendorNotFound):
        walk(rosters.directory(style), group_id="g9")
    with pytest.raises(VendorNotFound):
        walk(rosters.directory(style), "groups/g9/users")


@given(calls=st.integers(1, 9), limit=st.integers(1, 8))
@few
def test_a_question_keeps_to_its_calls_and_always_goes_on(
    rosters: Calling, style: str, calls: int, limit: int
) -> None:
    """One record at least is read with all that belongs to it, so a question may need that many calls."""
    roster = rosters.server.vendor = Roster(people(PEOPLE), teams=[{0, 1}, {1}])
    directory = rosters.directory(style, max_calls=calls)
    walk(directory, include=["groups"])  # all groups are read by calls of their own, once a minute
    cursor, seen = None, []
    while True:
        before = len(roster.paths)
        page = directory.list("users", limit=limit, cursor=cursor, include=["groups"])
        needed = {"per_user": 3, "on_detail": 2}.get(style, 1)
        assert len(roster.paths) - before <= max(calls, needed)
        assert page.rows
        seen += [(row["id"], row["groups"]) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    truth = everyone(roster)
    assert [name for name, _ in seen] == list(truth)
    wrong = {name: found for name, found in seen if found != truth[name]}
    assert set(map(str, wrong.values())) <= {"None"}, (
        "what does not fit in a question is not known, never fewer"
    )
    if calls >= 3:
        assert wrong == {}
        assert page.completeness.verdict == "complete"
    elif wrong:
        assert (page.completeness.verdict, page.completeness.reasons) == (
            "partial",
            ["membership_unreadable"],
        )


# -- one fault, five ways, never fewer ---------------------------------------------------------------------------

AT: dict[str, dict[str, tuple[str | int, ...]]] = {
    "on_user": {"/people_in": ("items", 4, "teams"), "/people_in/u4": ("teams",)},
    "on_detail": {"/memberships/u4": ("teams",)},
    "on_group": {"/teams_of": ("items", 0, "members"), "/teams_of/g0": ("members",)},
    "per_user": {"/people/u4/teams": ("items",)},
    "per_group": {"/teams/g0/people": ("items",)},
}
"""Style → the paths whose answers say who u4 is with, or who is in g0, and where in them the list stands."""


def broken(style: str, change: Any, *, root: bool = False) -> Any:
    """What breaks the list of one user, or of one group, wherever this vendor has it."""

    def break_it(path: str, body: Mapping[str, Any]) -> Any:
        if path not in AT[style]:
            return body
        if root:
            return change(body)
        *steps, last = AT[style][path]
        inner: Any = body
        for step in steps:
            inner = inner[step]
        inner[last] = change(inner[last])
        if inner[last] == "gone":
            del inner[last]
        return body

    return break_it


LISTS: dict[str, Any] = {
    "null": lambda _: None,
    "an object": lambda found: {"0": found},
    "a text": lambda _: "u0",
    "not there": lambda _: "gone",
    "of texts": lambda _: ["u0"],
    "of nulls": lambda found: [*found, None],
    "an item without a name": lambda found: [*found, {"kind": found[-1].get("kind")}],
    "an item of another type": lambda found: [*found, {"id": 7, "login": 7, "kind": found[-1].get("kind")}],
}


def check_never_fewer(rosters: Calling, style: str) -> None:
    """What could not be read is null, marked or an error; what is said to be whole is whole."""
    truth = everyone(vendor(rosters))
    try:
        pages = walk(rosters.directory(style), include=["groups"])
    except VendorFailure:
        assert style == "on_detail", "an error only where the record itself can't be read"
    else:
        found = groups_of(pages)
        assert list(found) == list(truth)
        assert all(found[name] in (None, truth[name]) for name in truth)
        assert found["u4"] is None
        assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == (
            "partial",
            ["membership_unreadable"],
        )
        assert [warning for page in pages for warning in page.warnings]
    try:
        row = rosters.directory(style).get("users", "u4").row
    except VendorFailure:
        assert style == "on_detail"
    else:
        assert row["groups"] is None
    for group in ("g0", "g1"):
        try:
            pages = walk(rosters.directory(style), group_id=group)
        except VendorFailure:
            continue
        members = vendor(rosters).members_of(group)
        assert set(ids(pages)) <= set(members)
        if pages[-1].completeness.verdict == "complete":
            assert ids(pages) == members
            assert group == "g1"
            assert style in ("on_group", "per_group"), "whose groups are read one by one"


@pytest.mark.parametrize("fault", list(LISTS))
def test_a_list_that_can_not_be_read_is_never_none_and_never_fewer(
    rosters: Calling, style: str, fault: str
) -> None:
    vendor(rosters).breaks = broken(style, LISTS[fault])
    check_never_fewer(rosters, style)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
@pytest.mark.parametrize("style", ["per_user", "per_group", "on_detail"])
def test_an_endpoint_that_fails_for_one_is_never_none_and_never_fewer(
    rosters: Calling, style: str, status: int
) -> None:
    vendor(rosters).breaks = broken(style, lambda _: Reply.json({"error": "no"}, status), root=True)
    check_never_fewer(rosters, style)


@pytest.mark.parametrize("style", ["per_user", "per_group"])
@pytest.mark.parametrize(
    "change",
    [
        lambda body: {**body, "total": body["total"] + 1},
        lambda body: {**body, "items": body["items"][:-1]},
        lambda body: {**body, "items": [*body["items"], body["items"][-1]], "total": body["total"] + 1},
        lambda body: {"items": body["items"]},
        lambda _: {},
        lambda _: [],
    ],
    ids=["a page lost", "an item lost", "one twice", "no total", "nothing", "a list"],
)
def test_a_membership_that_is_cut_short_is_never_fewer(rosters: Calling, style: str, change: Any) -> None:
    vendor(rosters).breaks = broken(style, change, root=True)
    check_never_fewer(rosters, style)


def test_refused_credentials_are_an_error_wherever_they_are_refused(rosters: Calling, style: str) -> None:
    vendor(rosters).breaks = broken(style, lambda _: Reply.json({}, 401), root=True)
    with pytest.raises(NeedsReauth):
        walk(rosters.directory(style), include=["groups"])
    with pytest.raises(NeedsReauth):
        walk(rosters.directory(style), group_id="g0")


@pytest.mark.parametrize("style", ["per_user", "per_group"])
def test_in_strict_mode_a_membership_that_is_not_known_is_an_error(rosters: Calling, style: str) -> None:
    vendor(rosters).breaks = broken(style, lambda _: Reply.json({}, 403), root=True)
    with pytest.raises(ConnectorError, match="strict"):
        walk(rosters.directory(style), include=["groups"], strict=True)
    with pytest.raises(ConnectorError, match="strict"):
        rosters.directory(style).get("users", "u4", strict=True)


# -- an endpoint per group ---------------------------------------------------------------------------------------


def test_the_member_lists_are_read_once_for_many_pages(rosters: Calling) -> None:
    walk(rosters.directory("per_group"), limit=1, include=["groups"])
    paths = vendor(rosters).paths
    assert [paths.count(f"/teams/g{at}/people") for at in range(4)] == [3, 2, 1, 5], "pages of two, each once"
    assert paths.count("/teams") == 1


def test_a_group_that_vanishes_while_its_members_are_walked_is_an_error(rosters: Calling) -> None:
    first = rosters.directory("per_group").list("users", group_id="g3", limit=2)
    assert [row["id"] for row in first.rows] == ["u0", "u1"]
    vendor(rosters).teams = TEAMS[:3]
    with pytest.raises(VendorNotFound):
        rosters.directory("per_group").list("users", group_id="g3", limit=2, cursor=first.next_cursor)


def test_a_group_that_is_listed_and_has_no_members_endpoint_makes_all_unknown(rosters: Calling) -> None:
    vendor(rosters).breaks = broken("per_group", lambda _: Reply.json({}, 404), root=True)
    (page,) = walk(rosters.directory("per_group"), include=["groups"])
    assert set(groups_of([page]).values()) == {None}
    assert "answered 404" in page.warnings[0].message


def test_members_that_change_between_two_pages_are_told_of(rosters: Calling) -> None:
    first = rosters.directory("per_group").list("users", group_id="g0", limit=1)
    vendor(rosters).teams = [{0, 2, 4}, *TEAMS[1:]]
    rest = rosters.directory("per_group").list("users", group_id="g0", cursor=first.next_cursor)
    assert [row["id"] for row in rest.rows] == ["u2", "u4"]
    assert (rest.completeness.verdict, rest.completeness.reasons) == ("unproven", ["membership_changed"])


def test_groups_are_too_many_for_a_question_and_read_on_by_the_next(rosters: Calling) -> None:
    """Calls of their own, 200 a question: what was read of them is not asked for again."""
    teams = [{at % PEOPLE} for at in range(150)]
    roster = rosters.server.vendor = Roster(people(PEOPLE), teams=teams)
    directory = rosters.directory("per_group")
    page = directory.list("users", include=["groups"])
    assert set(groups_of([page]).values()) == {None}
    assert "could not be read to their end" in page.warnings[0].message
    assert len(roster.paths) == 200 + 1
    page = directory.list("users", include=["groups"])
    assert groups_of([page]) == everyone(roster)
    assert page.completeness.verdict == "complete"


def test_a_refusal_of_the_members_of_a_group_is_told_as_it_is(rosters: Calling) -> None:
    vendor(rosters).breaks = broken("per_group", lambda _: Reply.json({}, 403), root=True)
    with pytest.raises(Forbidden):
        walk(rosters.directory("per_group"), group_id="g0")


# -- an endpoint per user ----------------------------------------------------------------------------------------


def test_users_that_the_filters_here_do_not_want_are_looked_at_with_their_groups(rosters: Calling) -> None:
    """A group is asked of everyone, page by page, as the calls last."""
    pages = walk(rosters.directory("per_user", max_calls=5), group_id="g1")
    assert ids(pages) == ["u1"]
    assert len(pages) > 2
    assert pages[-1].completeness.verdict == "complete"
    paths = vendor(rosters).paths
    assert {path for path in paths if path.endswith("teams")} == {
        f"/people/u{n}/teams" for n in range(PEOPLE)
    }


def test_an_endpoint_that_is_down_ends_the_page_and_then_is_not_known(rosters: Calling) -> None:
    """The page before it is served, the next one tries again; a walk is never held up by one user."""
    vendor(rosters).breaks = broken("per_user", lambda _: Reply.json({}, 503), root=True)
    directory = rosters.directory("per_user")
    first, *rest = walk(directory, include=["groups"])
    assert ids([first]) == ["u0", "u1", "u2", "u3"]
    assert [warning.code for warning in first.warnings] == ["vendor_unavailable"]
    assert first.completeness.verdict == "in_progress"
    assert groups_of([first, *rest]) == {**everyone(vendor(rosters)), "u4": None}
    assert (rest[-1].completeness.verdict, rest[-1].completeness.reasons) == (
        "partial",
        ["membership_unreadable"],
    )


@pytest.mark.parametrize("name", [".", "..", "u/../u0", "u?x=1", "ü"])
def test_a_user_whose_id_is_odd_is_asked_about_at_his_own_address_or_not_at_all(
    rosters: Calling, name: str
) -> None:
    roster = vendor(rosters)
    asked: list[str] = []

    def rename(path: str, body: Any) -> Any:
        asked.append(path)
        if path == "/people":
            body["items"][-1]["id"] = name
        return body

    roster.breaks = rename
    pages = walk(rosters.directory("per_user"), include=["groups"])
    assert groups_of(pages)[name] is None
    assert pages[-1].completeness.verdict == "partial"
    assert {path for path in asked if path.startswith("/people/")} == {
        f"/people/u{n}/teams" for n in range(6)
    }


def test_a_vendor_that_has_had_enough_is_asked_again_later(rosters: Calling) -> None:
    vendor(rosters).breaks = broken("per_user", lambda _: Reply.json({}, 429), root=True)
    directory = rosters.directory("per_user", max_calls=100)
    first = directory.list("users", include=["groups"])
    assert ids([first]) == ["u0", "u1", "u2", "u3"]
    assert [w.code for w in first.warnings] == ["rate_limited"]
    with pytest.raises(ConnectorError) as raised:
        directory.list("users", include=["groups"], cursor=first.next_cursor)
    assert raised.value.code == "rate_limited"
    vendor(rosters).breaks = None
    rest = walk_from(directory, first.next_cursor)
    assert groups_of([first, *rest]) == everyone(vendor(rosters))
    assert rest[-1].completeness.verdict == "complete"


def walk_from(directory: Directory, cursor: str | None) -> list[Page[Any]]:
    pages: list[Page[Any]] = []
    while cursor is not None:
        pages.append(directory.list("users", include=["groups"], cursor=cursor))
        cursor = pages[-1].next_cursor
    return pages
