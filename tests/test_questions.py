"""Questions to one account: parameters, membership from either side, cursors and the envelope; a vendor of plain values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import (
    CursorInvalid,
    InvalidRequest,
    ListingIncomplete,
    NeedsReauth,
    NotFound,
    VendorError,
    VendorNotFound,
)
from connector.flow import Clock
from connector.model import Group, User
from connector.pages import Page
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call

CONNECTOR = """\
connector: {side}
label: Made
unified: {{users: [main.people], groups: [main.teams]}}
apis:
  main:
    settings: {{site: {{label: Site, default: one}}}}
    base_url: "https://{{settings.site}}.example.com"
    auth: {{style: none}}
    scope: "site {{settings.site:text}}"
    check: none
    membership: {side}
    resources:
      people:
        key: $.id
        list:
          get: /people
          query: {{start: "{{page.start}}", size: "{{page.size}}"}}
          records: "$.items[*]"
          paging: {{style: offset, first: 0, size: 2, ends: total, total: $.total}}
        get: {{get: "/people/{{id}}"}}
      teams:
        key: $.id
        list: {{get: /teams, records: "$.items[*]", paging: {{style: none, total: $.total}}}}
        get: {{get: "/teams/{{id}}"}}
"""
PEOPLE = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  title: $.title
  status: {path: $.active, values: {true: active, false: inactive}}
  emails: {each: "$.mails[*]", item: {email: $}}
%s
filters:
  status: {evaluate: here}
  username: {evaluate: here}
  groups.id: {evaluate: here}
"""
TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name}
%s
"""
ON_USER = (PEOPLE % '  groups: {each: "$.teams[*]", item: {id: $.id, name: $.name}}', TEAMS % "")
ON_GROUP = (PEOPLE % "", TEAMS % 'members: {each: "$.members[*]", user: $.ref, matches: %s}')
SIDES = ("on_user", "on_group", "by_name", "by_mail")


@pytest.fixture(scope="module")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    """A connector for each side that may hold who is in a group, and two more ways to name a member."""
    folder: Path = tmp_path_factory.mktemp("mappings")
    for name, matches in zip(SIDES, ("", "id", "username", "emails.email"), strict=True):
        side = "on_user" if name == "on_user" else "on_group"
        (folder / name).mkdir()
        text = CONNECTOR.format(side=side).replace(f"connector: {side}", f"connector: {name}")
        (folder / name / "connector.yaml").write_text(text)
        people, teams = ON_USER if side == "on_user" else (ON_GROUP[0], ON_GROUP[1] % matches)
        (folder / name / "main.people.yaml").write_text(people)
        (folder / name / "main.teams.yaml").write_text(teams)
    shutil.copytree(folder / "on_group", folder / "if_seen")
    for file, old, new in (
        ("connector.yaml", "connector: on_group", "connector: if_seen"),
        ("main.teams.yaml", "matches: id", "matches: id, if_missing: empty_if_seen"),
    ):
        path = folder / "if_seen" / file
        path.write_text(path.read_text().replace(old, new))
    return {name: Catalog([folder]).load(name) for name in (*SIDES, "if_seen")}


class World:
    """A vendor's people and teams as plain values; `asked` is what it was asked for."""

    def __init__(
        self, loaded: Loaded, site: str = "one", keys: tuple[bytes, ...] = (b"k" * 32,), **settings: Any
    ) -> None:
        self.people: list[dict[str, Any]] = [
            {"id": f"u{n}", "login": f"login{n}", "active": n != 1, "title": "x", "mails": [f"U{n}@x.y"]}
            for n in range(5)
        ]
        self.teams: list[dict[str, Any]] = [{"id": f"g{n}", "name": f"Team {n}"} for n in range(3)]
        self.asked: list[str] = []
        self.time = 0.0
        self.side = loaded.name
        self.join("g0", "u0", "u1", "u4")
        self.join("g1", "u1")
        self.join("g2")
        opened = open_account(loaded, settings={"site": site}, secrets={})
        self.questions = Questions(opened, Seal(keys), Settings(**settings), Clock(seconds=lambda: self.time))
        self.directory = Directory(self.questions, self.send)

    def join(self, team: str, *users: str) -> None:
        """Puts users in a team, where this vendor keeps it."""
        (group,) = [found for found in self.teams if found["id"] == team]
        refer: Callable[[dict[str, Any]], str] = {
            "on_group": lambda user: user["id"],
            "by_name": lambda user: user["login"],
            "by_mail": lambda user: user["mails"][0],
        }.get(self.side, lambda user: user["id"])
        found = [user for user in self.people if user["id"] in users]
        if self.side == "on_user":
            for user in self.people:
                user.setdefault("teams", [])
            for user in found:
                user["teams"].append({"id": team, "name": group["name"]})
        else:
            group["members"] = [{"ref": refer(user)} for user in found]

    def send(self, call: Call) -> Answer:
        parts = urlsplit(call.url)
        self.asked.append(parts.path)
        kind, _, key = parts.path.strip("/").partition("/")
        records = {"people": self.people, "teams": self.teams}[kind]
        if key:
            found = [record for record in records if record["id"] == key]
            return Answer(200 if found else 404, {}, json.dumps(found[0] if found else {}).encode())
        query = parse_qs(parts.query)
        start, size = (int(query[name][0]) if name in query else None for name in ("start", "size"))
        items = records if start is None or size is None else records[start : start + size]
        return Answer(200, {}, json.dumps({"items": items, "total": len(records)}).encode())

    def all(self, resource: str = "users", **asked: Any) -> list[dict[str, Any]]:
        return [row for page in self.directory.pages(resource, **asked) for row in page.rows]

    def ids(self, resource: str = "users", **asked: Any) -> list[str]:
        return [row["id"] for row in self.all(resource, **asked)]


@pytest.fixture(params=SIDES)
def world(request: pytest.FixtureRequest, mappings: dict[str, Loaded]) -> World:
    """A vendor that keeps membership on either side."""
    return World(mappings[request.param])


@pytest.fixture
def on_user(mappings: dict[str, Loaded]) -> World:
    return World(mappings["on_user"])


@pytest.fixture
def on_group(mappings: dict[str, Loaded]) -> World:
    return World(mappings["on_group"])


GROUPS = {
    "u0": [{"id": "g0", "name": "Team 0", "organization": None}],
    "u1": [
        {"id": "g0", "name": "Team 0", "organization": None},
        {"id": "g1", "name": "Team 1", "organization": None},
    ],
    "u2": [],
    "u3": [],
    "u4": [{"id": "g0", "name": "Team 0", "organization": None}],
}


UNREADABLE: list[Any] = [
    None,
    "u0",
    {"ref": "u0"},
    [None],
    ["u0"],
    [{"ref": None}],
    [{"ref": 7}],
    [{"rfe": "u0"}],
]


def groups_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["id"]: row.get("groups", "left out") for row in rows}


# -- membership ------------------------------------------------------------------------------------


def test_groups_are_there_when_they_are_asked_for(world: World) -> None:
    assert groups_of(world.all(include=["groups"])) == GROUPS


def test_groups_that_cost_more_are_left_out_until_asked_for(on_group: World, on_user: World) -> None:
    page = on_group.directory.list("users")
    assert all("groups" not in row for row in page.rows)
    assert page.is_partial_response
    assert page.result[0].groups is None
    assert "groups" not in page.result[0].model_fields_set
    assert on_group.asked == ["/people"] * 3
    free = on_user.directory.list("users")
    assert groups_of(free.rows) == GROUPS
    assert not free.is_partial_response


def test_get_fills_groups(world: World) -> None:
    for name, groups in GROUPS.items():
        item = world.directory.get("users", name)
        assert item.row["groups"] == groups
        assert not item.is_partial_response


@pytest.mark.parametrize(("group", "members"), [("g0", ["u0", "u1", "u4"]), ("g1", ["u1"]), ("g2", [])])
def test_who_is_in_a_group(world: World, group: str, members: list[str]) -> None:
    assert world.ids(group_id=group) == members
    assert world.ids(f"groups/{group}/users") == members
    assert world.ids(group_id=group, limit=1) == members, "in parts of any size"
    assert world.ids(f"groups/{group}/users", limit=1, include=["groups"]) == members


def test_members_are_walked_though_naming_them_uses_the_calls_up(mappings: dict[str, Loaded]) -> None:
    world = World(mappings["on_group"], max_calls=1)
    assert world.ids(group_id="g0") == ["u0", "u1", "u4"]


def test_members_can_be_filtered_and_their_groups_filled(world: World) -> None:
    rows = world.all("groups/g0/users", filters={"status": "active"}, include=["groups"])
    assert groups_of(rows) == {name: GROUPS[name] for name in ("u0", "u4")}


def test_a_filter_by_group_fills_what_it_needs(world: World) -> None:
    assert world.ids(filters={"groups.id": "g0"}) == ["u0", "u1", "u4"]


@pytest.mark.parametrize("hidden", [["groups"], ["username", "emails", "status"], ["title"]])
def test_what_is_left_out_of_the_answer_can_still_be_filtered_by(world: World, hidden: list[str]) -> None:
    rows = world.all(
        "groups/g0/users", filters={"status": "active"}, exclude_fields=hidden, include=["groups"]
    )
    assert len(rows) == 2
    assert not any(name in row for row in rows for name in hidden)


def test_a_group_that_is_not_there(world: World) -> None:
    with pytest.raises(VendorNotFound):
        world.all("groups/g9/users")
    with pytest.raises(VendorNotFound):
        world.all(group_id="g9")


def test_a_group_is_looked_for_once_where_users_name_their_groups(on_user: World) -> None:
    assert on_user.ids(group_id="g0", limit=1) == ["u0", "u1", "u4"]
    assert on_user.asked.count("/teams/g0") == 1, "on the first page"
    cursor = on_user.directory.list("users", group_id="g0", limit=1).next_cursor
    on_user.teams.clear()
    assert on_user.directory.list("users", group_id="g0", limit=1, cursor=cursor).rows[0]["id"] == "u1"


@pytest.mark.parametrize("name", SIDES[1:])
def test_members_that_change_between_two_calls_are_told_of(mappings: dict[str, Loaded], name: str) -> None:
    world = World(mappings[name])
    first = world.directory.list("users", group_id="g0", limit=1)
    assert first.completeness.reasons == []
    world.join("g0", "u0", "u2", "u4")
    asked: dict[str, Any] = {"group_id": "g0", "cursor": first.next_cursor}
    rest = list(world.directory.pages("users", allow_partial=True, **asked))
    assert [row["id"] for page in rest for row in page.rows] == ["u2", "u4"], "as it is now"
    known = rest[-1].completeness
    assert (known.verdict, known.reasons) == ("unproven", ["membership_changed"])
    with pytest.raises(ListingIncomplete, match="membership_changed"):
        list(world.directory.iterate("users", **asked))


def test_members_that_come_in_another_order_are_the_same(on_group: World) -> None:
    cursor = on_group.directory.list("users", group_id="g0", limit=1).next_cursor
    on_group.teams[0]["members"].reverse()
    assert on_group.ids(group_id="g0", cursor=cursor) == ["u1", "u4"]


@pytest.mark.parametrize(
    ("name", "key", "field"), [("by_name", "login", "username"), ("by_mail", "mails", "emails.email")]
)
def test_a_user_whom_no_member_list_can_name_is_not_known_to_be_in_a_group(
    mappings: dict[str, Loaded], name: str, key: str, field: str
) -> None:
    world = World(mappings[name])
    world.people[4][key] = None
    page = world.directory.list("users", include=["groups"])
    assert groups_of(page.rows) == {**GROUPS, "u4": None}
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["membership_unreadable"])
    (warning,) = page.warnings
    assert (warning.code, warning.record_id) == ("membership_unreadable", "u4")
    assert f"groups name their members by {field}" in warning.message
    members = world.directory.list("users", group_id="g0")
    assert [row["id"] for row in members.rows] == ["u0", "u1"]
    assert members.completeness.verdict == "partial"
    assert members.completeness.reasons == ["membership_unreadable"]
    assert [(item.code, item.record_id) for item in members.warnings] == [("membership_unreadable", "u4")]
    assert world.directory.get("users", "u4").row["groups"] is None
    assert world.directory.get("users", "u0").row["groups"] == GROUPS["u0"]


def test_a_member_list_that_is_absent_means_none_once_another_is_there(mappings: dict[str, Loaded]) -> None:
    world = World(mappings["if_seen"])
    del world.teams[2]["members"]
    assert groups_of(world.all(include=["groups"])) == GROUPS
    assert world.ids(group_id="g2") == []
    assert world.ids(group_id="g1") == ["u1"]
    assert world.directory.get("users", "u2").row["groups"] == []


def test_a_server_that_never_sends_a_member_list_is_not_believed(mappings: dict[str, Loaded]) -> None:
    world = World(mappings["if_seen"])
    for team in world.teams:
        del team["members"]
    page = world.directory.list("users", include=["groups"])
    assert {row["groups"] for row in page.rows} == {None}
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["membership_unreadable"])
    assert world.directory.get("users", "u2").row["groups"] is None
    with pytest.raises(VendorError, match="members of group 'g0' could not be read"):
        world.all(group_id="g0")


@pytest.mark.parametrize("members", UNREADABLE)
def test_a_member_list_that_is_there_and_unreadable_is_never_none(
    mappings: dict[str, Loaded], members: Any
) -> None:
    """Null too: only an absent one may turn out to mean that there are none."""
    world = World(mappings["if_seen"])
    world.teams[2]["members"] = members
    page = world.directory.list("users", include=["groups"])
    assert {row["groups"] for row in page.rows} == {None}
    assert page.completeness.reasons == ["membership_unreadable"]
    with pytest.raises(VendorError, match="members of group 'g2' could not be read"):
        world.all(group_id="g2")


def failing(world: World, status: int) -> Callable[[Call], Answer]:
    """The world, but for its listing of teams."""
    return lambda call: Answer(status) if call.url.endswith("/teams") else world.send(call)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
def test_users_are_answered_though_the_groups_can_not_be_read(on_group: World, status: int) -> None:
    directory = Directory(on_group.questions, failing(on_group, status), lambda _: None)
    item = directory.get("users", "u0")
    assert (item.row["username"], item.row["groups"]) == ("login0", None)
    (warning,) = item.warnings
    assert warning.code == "membership_unreadable"
    assert f"answered {status}" in warning.message
    page = directory.list("users", include=["groups"])
    assert {row["groups"] for row in page.rows} == {None}
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["membership_unreadable"])
    with pytest.raises(VendorError, match="strict"):
        directory.get("users", "u0", strict=True)


def test_refused_credentials_are_an_error_wherever_they_are_refused(on_group: World) -> None:
    directory = Directory(on_group.questions, failing(on_group, 401), lambda _: None)
    with pytest.raises(NeedsReauth):
        directory.get("users", "u0")
    with pytest.raises(NeedsReauth):
        directory.list("users", include=["groups"])


@pytest.mark.parametrize("members", UNREADABLE)
@pytest.mark.parametrize("name", SIDES[1:])
def test_members_that_can_not_be_read_are_never_none(
    mappings: dict[str, Loaded], name: str, members: Any
) -> None:
    world = World(mappings[name])
    world.teams[1]["members"] = members
    page = world.directory.list("users", include=["groups"])
    assert set(map(str, groups_of(page.rows).values())) == {"None"}, "null: it could not be known"
    assert page.completeness.verdict == "partial"
    assert page.completeness.reasons == ["membership_unreadable"]
    assert "membership_unreadable" in {item.code for item in page.warnings}
    assert world.directory.get("users", "u0").row["groups"] is None
    with pytest.raises(VendorError, match="members of group 'g1' could not be read"):
        world.all(group_id="g1")
    assert world.ids(group_id="g0") == ["u0", "u1", "u4"]


def test_a_member_list_that_is_not_there_is_not_an_empty_one(on_group: World) -> None:
    del on_group.teams[0]["members"]
    with pytest.raises(VendorError, match="could not be read"):
        on_group.all(group_id="g0")
    assert on_group.directory.get("users", "u0").row["groups"] is None


@pytest.mark.parametrize("teams", ["g0", {"id": "g0"}, [{"name": "x"}], ["g0"], [{"id": 7}]])
def test_groups_of_a_user_that_can_not_be_read_are_never_none(on_user: World, teams: Any) -> None:
    on_user.people[2]["teams"] = teams
    page = on_user.directory.list("users")
    assert groups_of(page.rows) == {**GROUPS, "u2": None}
    assert (page.completeness.verdict, page.completeness.reasons) == ("partial", ["membership_unreadable"])
    members = on_user.directory.list("groups/g0/users")
    assert [row["id"] for row in members.rows] == ["u0", "u1", "u4"]
    assert members.completeness.verdict == "partial", "u2 may be in the group"
    assert on_user.directory.get("users", "u2").row["groups"] is None


@pytest.mark.parametrize("teams", [None, "missing"])
def test_groups_that_the_vendor_does_not_say_make_the_members_partial(on_user: World, teams: Any) -> None:
    on_user.people[4]["teams"] = teams
    if teams:
        del on_user.people[4]["teams"]
    assert on_user.directory.get("users", "u4").row["groups"] is None
    page = on_user.directory.list("users", group_id="g0")
    assert [row["id"] for row in page.rows] == ["u0", "u1"]
    assert page.completeness.verdict == "partial"


def test_groups_that_are_cut_short_fill_nothing(on_group: World) -> None:
    send = on_group.send

    def cut(call: Call) -> Answer:
        said = send(call)
        return (
            Answer(200, {}, said.body.replace(b'"total": 3', b'"total": 4'))
            if call.url.endswith("/teams")
            else said
        )

    directory = Directory(on_group.questions, cut)
    page = directory.list("users", include=["groups"])
    assert {row["groups"] for row in page.rows} == {None}
    assert any("not all groups could be read" in item.message for item in page.warnings)


def test_a_member_who_is_named_twice_is_in_the_group_once(on_group: World) -> None:
    on_group.teams[0]["members"] *= 2
    assert groups_of(on_group.all(include=["groups"])) == GROUPS


def test_names_are_compared_without_letter_case(mappings: dict[str, Loaded]) -> None:
    """As filters do: user names and e-mail addresses are case-insensitive (RFC 7643 §4.1.1)."""
    for name in ("by_name", "by_mail"):
        world = World(mappings[name])
        for member in world.teams[0]["members"]:
            member["ref"] = member["ref"].swapcase()
        assert world.ids(group_id="g0") == ["u0", "u1", "u4"]
        assert groups_of(world.all(include=["groups"])) == GROUPS


def test_the_groups_are_read_once_for_many_pages_and_again_after_a_minute(on_group: World) -> None:
    on_group.all(include=["groups"], limit=1)
    assert on_group.asked.count("/teams") == 1
    on_group.time += 61
    on_group.directory.get("users", "u0")
    assert on_group.asked.count("/teams") == 2


def test_membership_that_is_not_wanted_costs_nothing(on_group: World) -> None:
    on_group.directory.get("users", "u0", exclude_fields=["groups"])
    assert on_group.asked == ["/people/u0"]


# -- parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**9, True, "5", 2.0, None])
def test_a_limit_is_from_1_to_1000(on_user: World, limit: Any) -> None:
    with pytest.raises(InvalidRequest, match="limit must be a whole number from 1 to 1000"):
        on_user.directory.list("users", limit=limit)
    assert on_user.asked == []


@pytest.mark.parametrize(
    ("resource", "error", "words"),
    [
        ("usres", NotFound, "this account has no 'usres'; it has: users, groups"),
        ("", NotFound, "this account has no ''"),
        (
            "users/u1",
            InvalidRequest,
            "unknown resource 'users/u1'; there are users, groups and groups/ID/users",
        ),
        ("groups/g0", InvalidRequest, "unknown resource"),
        ("groups//users", InvalidRequest, "unknown resource"),
        ("groups/g0/teams", InvalidRequest, "unknown resource"),
    ],
)
def test_a_resource_that_is_not_there(
    on_user: World, resource: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        on_user.directory.list(resource)
    assert on_user.asked == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"include": ["remote"]}, "include: unknown 'remote'; there are: remote_data, groups"),
    ({"exclude_fields": ["nmae"]}, "exclude_fields: unknown 'nmae'; there are: external_id, "),
    ({"exclude_fields": ["id"]}, "exclude_fields: unknown 'id'; there are: external_id, "),
    ({"exclude_fields": "id"}, "exclude_fields: unknown 'id'; there are: external_id, "),
    (
        {"filters": {"name": "x"}},
        "filter 'name' is not supported here; supported: status, username, groups.id",
    ),
    ({"sort_by": "username"}, "sort_by 'username' is not supported here; supported: none"),
    ({"include": 5}, "include: expected a list of names, got int"),
    ({"include": None}, "include: expected a list of names, got NoneType"),
    ({"exclude_fields": None}, "exclude_fields: expected a list of names, got NoneType"),
    ({"exclude_fields": [3]}, "exclude_fields: unknown 3"),
    ({"filters": {1: "x"}}, "filter '1' is not supported here"),
    ({"filters": {"username": "\ud800"}}, "filter username: it is no text that can be written as UTF-8"),
]


@pytest.mark.parametrize(("asked", "words"), WRONG)
def test_a_parameter_that_is_not_there(on_user: World, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        on_user.directory.list("users", **asked)
    assert words in refused.value.message
    assert on_user.asked == []


def test_group_id_is_for_users_and_said_once(on_user: World) -> None:
    with pytest.raises(InvalidRequest, match="group_id is a filter of users"):
        on_user.directory.list("groups", group_id="g0")
    with pytest.raises(InvalidRequest, match="already said by the path"):
        on_user.directory.list("groups/g0/users", group_id="g1")
    with pytest.raises(InvalidRequest, match="get users ID"):
        on_user.directory.get("groups/g0/users", "u1")


def test_fields_can_be_left_out(world: World) -> None:
    page = world.directory.list("users", exclude_fields=["emails", "title"], limit=2)
    assert all("emails" not in row and "title" not in row and row["username"] for row in page.rows)
    assert page.next_cursor
    assert "title" not in world.directory.get("users", "u1", exclude_fields=["title"]).row


def test_one_name_may_be_given_as_text(on_user: World) -> None:
    assert "title" not in on_user.directory.list("users", exclude_fields="title").rows[0]


def test_the_vendors_record_is_there_when_asked_for(world: World) -> None:
    page = world.directory.list("users", include=["remote_data"])
    assert page.rows[0]["remote_data"] == world.people[0]
    assert "remote_data" not in world.directory.list("users").rows[0]
    assert world.directory.get("users", "u1", include=["remote_data"]).row["remote_data"] == world.people[1]


# -- the envelope --------------------------------------------------------------------------------------


def test_the_envelope(on_user: World) -> None:
    page = on_user.directory.list("users", limit=2)
    said = json.loads(page.to_json())
    assert list(said) == [
        "result",
        "next_cursor",
        "prev_cursor",
        "result_count",
        "is_partial_response",
        "completeness",
        "warnings",
    ]
    assert said["completeness"] == {
        "verdict": "in_progress",
        "seen": 2,
        "declared": 5,
        "scope": "site one",
        "reasons": [],
    }
    assert (said["result_count"], said["prev_cursor"], said["warnings"]) == (2, None, [])


def test_rows_are_typed(on_user: World) -> None:
    page: Page[User] = on_user.directory.list("users", exclude_fields=["title"])
    assert isinstance(page.result[0], User)
    groups: Page[Group] = on_user.directory.list("groups")
    assert [group.name for group in groups.result] == ["Team 0", "Team 1", "Team 2"]
    item = on_user.directory.get("groups", "g1")
    assert isinstance(item.result, Group)
    assert json.loads(item.to_json())["result"]["id"] == "g1"


def test_rows_by_a_field(on_user: World) -> None:
    page = on_user.directory.list("users")
    assert list(page.to_dict(key_by="username")["result"]) == [f"login{n}" for n in range(5)]
    with pytest.raises(InvalidRequest, match="key_by=title: 'x' can't be the key"):
        page.to_dict(key_by="title")
    with pytest.raises(InvalidRequest, match="key_by=name: null can't be the key"):
        page.to_dict(key_by="name")


def test_strict_makes_errors_of_warnings(on_user: World) -> None:
    on_user.people[3]["title"] = 7
    page = on_user.directory.list("users")
    assert page.rows[3]["title"] is None
    assert [(item.path, item.record_id) for item in page.warnings] == [("$.title", "u3")]
    with pytest.raises(VendorError, match=r"strict: \$\.title: .*\(record u3\)") as raised:
        on_user.directory.list("users", strict=True)
    assert raised.value.details[0]["path"] == "$.title"
    assert on_user.directory.get("users", "u3").row["title"] is None
    with pytest.raises(VendorError, match="strict"):
        on_user.directory.get("users", "u3", strict=True)
    assert on_user.directory.get("users", "u2", strict=True).row["title"] == "x"


def test_like_warnings_are_counted_and_their_number_is_bounded(on_user: World) -> None:
    for person in on_user.people:
        person["title"] = 7
    (warning,) = on_user.directory.list("users").warnings
    assert (warning.count, warning.record_id) == (5, "u0")


def test_explain_says_who_evaluated_what(world: World) -> None:
    page = world.directory.list("users", filters={"status": "active"}, group_id="g0", explain=True)
    assert page.explain is not None
    assert page.explain["evaluated"] == {"status": "here", "group_id": "here"}
    assert page.explain["membership"] == ("on_user" if world.side == "on_user" else "on_group")
    assert all("seconds" in call for call in page.explain["calls"])
    assert "explain" in page.to_dict()


# -- cursors --------------------------------------------------------------------------------------------


def test_a_cursor_goes_on(world: World) -> None:
    first = world.directory.list("users", limit=3)
    rest = world.directory.list("users", limit=100, cursor=first.next_cursor)
    assert [row["id"] for row in first.rows + rest.rows] == [f"u{n}" for n in range(5)]


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"resource": "groups"}, "another resource"),
    ({"filters": {"status": "active"}}, "other filters"),
    ({"group_id": "g0"}, "other filters"),
    ({"resource": "groups/g0/users"}, "other filters"),
    ({"resource": "groups", "filters": None}, "another resource"),
]


@pytest.mark.parametrize(("asked", "words"), OTHERS)
def test_a_cursor_of_another_question_is_refused_by_name(
    on_user: World, asked: dict[str, Any], words: str
) -> None:
    cursor = on_user.directory.list("users", limit=1).next_cursor
    with pytest.raises(CursorInvalid, match=f"next_cursor belongs to {words}") as refused:
        on_user.directory.list(asked.pop("resource", "users"), cursor=cursor, **asked)
    assert "begin this listing without next_cursor" in str(refused.value)


def test_a_cursor_of_another_account_is_refused_by_name(mappings: dict[str, Loaded]) -> None:
    cursor = World(mappings["on_user"], "one").directory.list("users", limit=1).next_cursor
    with pytest.raises(CursorInvalid, match="another account and another address of the vendor"):
        World(mappings["on_user"], "two").directory.list("users", cursor=cursor)
    with pytest.raises(CursorInvalid, match="another account and another version of the connector"):
        World(mappings["on_group"], "one").directory.list("users", cursor=cursor)


def test_keys_of_cursors_are_rotated(mappings: dict[str, Loaded]) -> None:
    old, new = b"1" * 32, b"2" * 32
    cursor = World(mappings["on_user"], keys=(old,)).directory.list("users", limit=4).next_cursor
    assert World(mappings["on_user"], keys=(new, old)).ids(cursor=cursor) == ["u4"]
    with pytest.raises(CursorInvalid, match="can't be opened"):
        World(mappings["on_user"], keys=(new,)).ids(cursor=cursor)


@pytest.mark.parametrize("cursor", ["", "x", "c1.", "c1.AAAA", "null"])
def test_what_is_no_cursor(on_user: World, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        on_user.directory.list("users", cursor=cursor)
    assert on_user.asked == []


def test_a_changed_mapping_is_told_and_breaks_no_walk(tmp_path: Path) -> None:
    (tmp_path / "on_user").mkdir()
    (tmp_path / "on_user" / "connector.yaml").write_text(CONNECTOR.format(side="on_user"))
    (tmp_path / "on_user" / "main.people.yaml").write_text(ON_USER[0])
    (tmp_path / "on_user" / "main.teams.yaml").write_text(ON_USER[1])
    catalog = Catalog([tmp_path])
    cursor = World(catalog.load("on_user")).directory.list("users", limit=3).next_cursor
    changed = World(catalog.load("on_user", {"main.people": {"fields": {"bio": "$.title"}}}))
    page = changed.directory.list("users", cursor=cursor, strict=True)
    assert [row["bio"] for row in page.rows] == ["x", "x"]
    assert [item.code for item in page.warnings] == ["mapping_changed"]
