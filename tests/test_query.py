"""Each filter and sort goes to the vendor, stays with us, or is refused with the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.catalog import Catalog, Source
from connector.errors import InvalidRequest
from connector.query import Order, Question, parse_filters, resolve
from connector.template import Unquotable

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    base_url: https://h
    auth: {style: none}
    check: none
    resources:
      people:
        list: {post: /people, effect: read, json: {all: true}, records: "$[*]", paging: {style: none}}
        calls: {search: {get: /search, query: {q: "{value}"}, records: "$[*]"}}
"""
MAPPING = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  name: {first_of: [$.name, $.login]}
  first_name: $.first
  last_name: $.last
  external_id: $.ext
  title: $.title
  timezone: $.zone
  bio: $.bio
  user_type: $.type
  status: {path: $.state, values: {"up": active, "down": inactive, "locked": inactive}}
  is_2fa_enabled: $.mfa
  emails: {each: "$.mails[*]", item: {email: $}}
  phones: {each: "$.phones[*]", item: {number: $}}
  created_at: {path: $.born, date: rfc3339}
  updated_at: {path: $.seen, date: rfc3339}
  last_login_at: {path: $.login_at, date: epoch_s}
  custom_fields: {level: $.level}
filters:
  username: {evaluate: vendor, operators: [eq, ne, in, contains, starts_with], query: {filter: "login {operator:text} {value:double}"}}
  status: {evaluate: vendor_then_here, operators: [eq, ne, in], query: {filter: "state eq {value:text}"}, any: " or "}
  name: {evaluate: here, operators: [eq, ne, contains, starts_with, in]}
  first_name: {evaluate: vendor, query: {first: "x {value:single}"}}
  last_name: {evaluate: vendor, query: {last: "x {value:single}"}, otherwise: refuse}
  external_id: {evaluate: vendor, query: {filter: "ext eq {value:double}"}}
  title: {evaluate: vendor, json: {title: "{value}"}}
  timezone: {evaluate: vendor, json: {title: "{value}"}}
  user_type: {evaluate: vendor, query: {kind: "{value}"}, values: {admin: a, guest: [g, h], robot: null}}
  bio: {evaluate: vendor, query: {kind: "{value}"}}
  is_2fa_enabled: {evaluate: vendor, operators: [eq, ne], query: {mfa: "{value}"}}
  emails.email: {evaluate: vendor_then_here, operators: [eq, in], call: search}
  phones.number: {evaluate: vendor, call: search, otherwise: refuse}
  created_at: {evaluate: vendor, operators: [gt], query: {since: "{value}"}}
  updated_at: {evaluate: here, operators: [gt, gte, lt, lte, eq, ne, in]}
  last_login_at: {evaluate: vendor, operators: [eq, gt], query: {at: "{value}", how: "{operator}"}}
  custom_fields.level: {evaluate: here, operators: [eq, ne, in, contains, starts_with]}
combine: {filter: " and "}
sorts:
  username: {query: {sort: login, order: "{direction}"}}
  name: {query: {filter: "sorted {direction:text}"}}
  created_at: {json: {sort: born, way: "{direction}"}}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder: Path = tmp_path_factory.mktemp("mappings")
    (folder / "made").mkdir()
    (folder / "made" / "connector.yaml").write_text(CONNECTOR)
    (folder / "made" / "main.people.yaml").write_text(MAPPING)
    return Catalog([folder]).load("made").sources["main.people"]


def ask(source: Source, sort_by: str | None = None, **filters: Any) -> Question:
    given = {name.replace("__", "."): value for name, value in filters.items()}
    return resolve(source, parse_filters(source, given), sort_by)


def row(**values: Any) -> dict[str, Any]:
    return dict.fromkeys(("id", "username", "name", "status", "emails", "updated_at")) | values


def kept(question: Question, **values: Any) -> bool:
    return all(keep(row(**values)) for keep in question.keep)


SENT: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, list[str]]] = [
    # filters, query, JSON, call, who evaluates
    ({}, {}, {}, "list", []),
    ({"username": 'a"b'}, {"filter": 'login eq "a\\"b"'}, {}, "list", ["vendor"]),
    ({"username": {"contains": "a"}}, {"filter": 'login contains "a"'}, {}, "list", ["vendor"]),
    ({"username": {"ne": "a"}}, {"filter": 'login ne "a"'}, {}, "list", ["vendor"]),
    ({"username": {"in": "a,b"}}, {}, {}, "list", ["here"]),
    ({"status": "active"}, {"filter": "state eq up"}, {}, "list", ["vendor, then here"]),
    ({"status": "inactive"}, {"filter": "state eq down or state eq locked"}, {}, "list", ["vendor, then here"]),
    ({"status": {"ne": "inactive"}}, {}, {}, "list", ["here"]),
    ({"status": {"ne": "active"}}, {}, {}, "list", ["here"]),
    ({"status": "unknown"}, {}, {}, "list", ["here"]),
    ({"name": "x"}, {}, {}, "list", ["here"]),
    ({"external_id": "1", "username": "a"}, {"filter": 'ext eq "1" and login eq "a"'}, {}, "list", ["vendor", "vendor"]),
    ({"external_id": "1", "status": "active"}, {"filter": 'ext eq "1" and state eq up'}, {}, "list",
        ["vendor", "vendor, then here"]),
    ({"external_id": "1", "status": "inactive"}, {"filter": 'ext eq "1"'}, {}, "list", ["vendor", "here"]),
    ({"status": "inactive", "username": "a"}, {"filter": "state eq down or state eq locked"}, {}, "list",
        ["vendor, then here", "here"]),
    ({"first_name": "O'Neil\\"}, {"first": "x 'O\\'Neil\\\\'"}, {}, "list", ["vendor"]),
    ({"first_name": "a\nb"}, {}, {}, "list", ["here"]),
    ({"title": "Boss"}, {}, {"title": "Boss"}, "list", ["vendor"]),
    ({"title": "Boss", "timezone": "UTC"}, {}, {"title": "UTC"}, "list", ["vendor", "here"]),
    ({"user_type": "admin"}, {"kind": "a"}, {}, "list", ["vendor"]),
    ({"user_type": "guest"}, {}, {}, "list", ["here"]),
    ({"user_type": "other"}, {}, {}, "list", ["here"]),
    ({"user_type": "robot"}, {}, {}, "list", ["here"]),
    ({"user_type": "robot", "bio": "b"}, {"kind": "b"}, {}, "list", ["vendor", "here"]),
    ({"last_login_at": "2026-01-31T01:00:00+01:00"}, {"at": 1769817600, "how": "eq"}, {}, "list", ["vendor"]),
    ({"last_login_at": {"gt": "2026-01-31T00:00:00Z"}}, {}, {}, "list", ["here"]),
    ({"bio": "b", "user_type": "admin"}, {"kind": "b"}, {}, "list", ["vendor", "here"]),
    ({"is_2fa_enabled": True}, {"mfa": True}, {}, "list", ["vendor"]),
    ({"is_2fa_enabled": "false"}, {"mfa": False}, {}, "list", ["vendor"]),
    ({"is_2fa_enabled": {"ne": True}}, {}, {}, "list", ["here"]),
    ({"emails.email": "a@b.c"}, {}, {}, "search", ["vendor, then here"]),
    ({"emails.email": {"in": ["a@b.c"]}}, {}, {}, "list", ["here"]),
    ({"emails.email": "a@b.c", "username": "a"}, {}, {}, "search", ["vendor, then here", "here"]),
    ({"created_at": {"gt": "2026-01-31T01:00:00+01:00"}}, {"since": "2026-01-31T00:00:00Z"}, {}, "list", ["vendor"]),
    ({"updated_at": {"gt": "2026-01-31T00:00:00Z", "lt": "2026-02-01T00:00:00Z"}}, {}, {}, "list", ["here", "here"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "query", "body", "call", "who"), SENT, ids=[str(given) for given, *_ in SENT]
)
def test_sent(
    source: Source,
    filters: dict[str, Any],
    query: dict[str, Any],
    body: dict[str, Any],
    call: str,
    who: list[str],
) -> None:
    question = resolve(source, parse_filters(source, filters), None)
    assert (dict(question.query), dict(question.json), question.call) == (query, body, call)
    assert sorted(question.explain.values()) == sorted(who)
    here = sum("here" in word for word in question.explain.values())
    assert len(question.keep) == here, "what the vendor doesn't evaluate exactly is checked here"
    assert question.call_values.get("value") == (filters["emails.email"] if call == "search" else None)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"usernam": "a"}, "filter 'usernam' is not supported here; supported: username, status"),
    ({"id": "1"}, "filter 'id' is not supported here"),
    ({"status": "activ"}, "filter status: 'activ' is not one of active, inactive, invited, deleted, unknown"),
    ({"status": "Active"}, "is not one of"),
    ({"status": "invited"}, "main.people can't tell 'invited'; it tells: active, inactive, unknown"),
    ({"status": ["active"]}, "is not one of"),
    ({"status": {"gt": "active"}}, "operator 'gt' is not supported; there are: eq, ne, in"),
    ({"status": {"in": "active,activ"}}, "'activ' is not one of"),
    ({"status": {"in": 7}}, "`in` takes a list, got int"),
    ({"status": {}}, "no operator; there are: eq, ne, in"),
    ({"username": None}, "expected text, got NoneType"),
    ({"username": 7}, "expected text, got int"),
    ({"username": True}, "expected text, got bool"),
    ({"is_2fa_enabled": "yes"}, "expected true or false, got 'yes'"),
    ({"is_2fa_enabled": 1}, "expected true or false, got 1"),
    ({"is_2fa_enabled": None}, "expected true or false"),
    ({"updated_at": {"gt": "2026-01-31"}}, "expected a time such as 2026-01-31T00:00:00Z, got '2026-01-31'"),
    ({"updated_at": {"gt": "2026-01-31T00:00:00"}}, "expected a time such as"),
    ({"updated_at": {"gt": "yesterday"}}, "expected a time such as"),
    ({"updated_at": {"gt": 1_700_000_000}}, "expected a time such as"),
    (
        {"last_name": "a\nb"},
        "filter last_name: value 'a\\nb': a value with control characters can't be quoted here",
    ),
]


@pytest.mark.parametrize(("filters", "words"), REFUSED, ids=[words[:50] for _, words in REFUSED])
def test_refused(source: Source, filters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        resolve(source, parse_filters(source, filters), None)
    assert words in refused.value.message
    assert refused.value.http_status == 400


def test_a_typo_is_told(source: Source) -> None:
    with pytest.raises(InvalidRequest) as refused:
        ask(source, usernam="a")
    assert refused.value.hint == "did you mean username?"
    assert "username" in refused.value.details


KEPT: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"name": "Ann"}, {"name": "Ann"}, True),
    ({"name": "Ann"}, {"name": "ann"}, False),
    ({"name": "Ann"}, {"name": None}, False),
    ({"name": {"ne": "Ann"}}, {"name": "Bob"}, True),
    ({"name": {"ne": "Ann"}}, {"name": "Ann"}, False),
    ({"name": {"ne": "Ann"}}, {"name": None}, True),
    ({"name": {"contains": "NN"}}, {"name": "Ann"}, True),
    ({"name": {"contains": "x"}}, {"name": "Ann"}, False),
    ({"name": {"contains": "a"}}, {"name": None}, False),
    ({"name": {"starts_with": "an"}}, {"name": "Ann"}, True),
    ({"name": {"starts_with": "nn"}}, {"name": "Ann"}, False),
    ({"name": {"in": "Ann,Bob"}}, {"name": "Bob"}, True),
    ({"name": {"in": ["Ann, Bob"]}}, {"name": "Bob"}, False),
    ({"username": {"in": "ANN"}}, {"username": "ann"}, True),
    ({"status": "inactive"}, {"status": "inactive"}, True),
    ({"status": "inactive"}, {"status": "unknown"}, False),
    ({"status": {"in": "active,unknown"}}, {"status": "unknown"}, True),
    ({"emails.email": "A@b.c"}, {"emails": [{"email": "x@y.z"}, {"email": "a@B.C"}]}, True),
    ({"emails.email": "a@b.c"}, {"emails": []}, False),
    ({"emails.email": "a@b.c"}, {"emails": None}, False),
    ({"emails.email": {"in": "a@b.c"}}, {"emails": [{"email": "A@b.c"}]}, True),
    ({"updated_at": {"gt": "2026-01-31T00:00:00Z"}}, {"updated_at": "2026-01-31T00:00:00.5Z"}, True),
    ({"updated_at": {"gt": "2026-01-31T00:00:00Z"}}, {"updated_at": "2026-01-31T00:00:00Z"}, False),
    ({"updated_at": {"gte": "2026-01-31T01:00:00+01:00"}}, {"updated_at": "2026-01-31T00:00:00Z"}, True),
    ({"updated_at": {"lt": "2026-01-31T00:00:00Z"}}, {"updated_at": "2026-01-30T23:59:59Z"}, True),
    ({"updated_at": {"lte": "2026-01-31T00:00:00Z"}}, {"updated_at": "2026-01-31T00:00:01Z"}, False),
    ({"updated_at": {"lt": "2026-01-31T00:00:00Z"}}, {"updated_at": None}, False),
    ({"updated_at": "2026-01-31T01:00:00+01:00"}, {"updated_at": "2026-01-31T00:00:00Z"}, True),
    ({"updated_at": {"ne": "2026-01-31T00:00:00Z"}}, {"updated_at": "2026-01-31T00:00:00Z"}, False),
    ({"updated_at": {"in": "2026-01-31T01:00:00+01:00"}}, {"updated_at": "2026-01-31T00:00:00Z"}, True),
    ({"last_login_at": {"gt": "2026-01-31T00:00:00Z"}}, {"last_login_at": "2026-01-31T00:00:01Z"}, True),
    *(({"custom_fields.level": wanted}, {"custom_fields": {"level": found}}, expected)
      for wanted, found, expected in (
          ("7", 7, True), (7, 7, True), (7, "7", True), ("7", "7", True), (8, 7, False), ("7.0", 7, False),
          (1.5, 1.5, True), ("1.5", 1.5, True), (True, True, True), ("true", True, True), ("True", True, False),
          (1, True, False), (False, None, False), ("null", None, False), ("a", "A", False),
          ({"in": "7,8"}, 8, True), ({"in": [True, 7]}, True, True), ({"in": "7,8"}, 78, False),
          ({"ne": 7}, 7, False), ({"ne": "7"}, 8, True), ({"ne": 7}, None, True),
          ({"contains": "2"}, 123, True), ({"starts_with": "TR"}, True, True), ({"contains": "b"}, "aBc", True),
      )),
    ({"name": "Ann", "status": "unknown"}, {"name": "Ann", "status": "active"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("filters", "values", "expected"), KEPT, ids=[f"{f}-{v}" for f, v, _ in KEPT])
def test_kept(source: Source, filters: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    question = resolve(source, parse_filters(source, filters), None)
    assert question.keep
    assert kept(question, **values) is expected


def test_the_order_in_which_filters_are_given_changes_nothing(source: Source) -> None:
    one = parse_filters(source, {"username": "a", "status": "active"})
    assert one == parse_filters(source, {"status": "active", "username": "a"})
    assert [item.to_json() for item in one] == [["status", "eq", "active"], ["username", "eq", "a"]]
    (moment,) = parse_filters(source, {"updated_at": {"gt": "2026-01-31T00:00:00Z"}})
    assert moment.to_json() == ["updated_at", "gt", "2026-01-31T00:00:00Z"]


@pytest.mark.parametrize(
    ("sort_by", "query", "body"),
    [
        ("username", {"sort": "login", "order": "ascending"}, {}),
        ("-username", {"sort": "login", "order": "descending"}, {}),
        ("-created_at", {}, {"sort": "born", "way": "descending"}),
    ],
)
def test_the_vendor_sorts(source: Source, sort_by: str, query: dict[str, Any], body: dict[str, Any]) -> None:
    question = ask(source, sort_by, first_name="a")
    assert dict(question.query) == {"first": "x 'a'", **query}
    assert dict(question.json) == body
    assert question.explain[f"sort_by={sort_by}"] == "vendor"


@pytest.mark.parametrize("sort_by", ["title", "usernam", "", "-", "--username", "+username"])
def test_what_nobody_can_sort_by(source: Source, sort_by: str) -> None:
    with pytest.raises(InvalidRequest, match="supported: username, name, created_at"):
        ask(source, sort_by)


def test_a_sort_does_not_replace_a_filter(source: Source) -> None:
    with pytest.raises(InvalidRequest, match="can't be sent together with these filters"):
        ask(source, "name", username="a")
    assert dict(ask(source, "name", title="x").query) == {"filter": "sorted ascending"}


def planning(*unquotable: str) -> tuple[list[Any], Callable[[str, Mapping[str, Any]], None]]:
    """(what was planned, a plan that can't quote these values)."""
    planned: list[Any] = []

    def plan(call: str, values: Mapping[str, Any]) -> None:
        planned.append((call, dict(values)))
        if values["value"] in unquotable:
            raise Unquotable("a value that is blank can't be sent")

    return planned, plan


def test_another_call_is_planned_before_it_is_chosen(source: Source) -> None:
    planned, plan = planning()
    question = resolve(source, parse_filters(source, {"emails.email": "a@b.c"}), None, plan=plan)
    assert (question.call, question.call_values) == ("search", {"value": "a@b.c", "operator": "eq"})
    assert planned == [("search", {"value": "a@b.c", "operator": "eq"})]


@pytest.mark.parametrize("filters", [{"username": "a"}, {"name": "a"}, {"emails.email": {"in": "a@b.c"}}, {}])
def test_what_needs_no_other_call_is_not_planned(source: Source, filters: dict[str, Any]) -> None:
    planned, plan = planning()
    assert resolve(source, parse_filters(source, filters), None, plan=plan).call == "list"
    assert planned == []


def test_a_value_that_can_not_be_sent_is_looked_for_here(source: Source) -> None:
    _, plan = planning("a@b.c")
    question = resolve(source, parse_filters(source, {"emails.email": "a@b.c"}), None, plan=plan)
    assert (question.call, question.call_values) == ("list", {})
    assert question.explain == {"emails.email": "here"}
    assert kept(question, emails=[{"email": "A@b.c"}])
    assert not kept(question, emails=[{"email": "x@b.c"}])


def test_a_value_that_can_not_be_sent_is_refused_where_the_mapping_says_so(source: Source) -> None:
    _, plan = planning("-1")
    asked = parse_filters(source, {"phones.number": "-1"})
    with pytest.raises(InvalidRequest, match=r"filter phones\.number: a value that is blank can't be sent"):
        resolve(source, asked, None, plan=plan)
    assert resolve(source, parse_filters(source, {"phones.number": "1"}), None, plan=plan).call == "search"


def test_where_one_value_can_not_be_sent_another_filter_still_may(source: Source) -> None:
    _, plan = planning("a@b.c")
    asked = parse_filters(source, {"emails.email": "a@b.c", "phones.number": "1"})
    question = resolve(source, asked, None, plan=plan)
    assert (question.call, question.call_values["value"]) == ("search", "1")
    assert question.explain == {"emails.email": "here", "phones.number": "vendor"}


def in_order(order: Order, *values: Any) -> list[Any]:
    rows: list[dict[str, Any]] = [{order.by: value} for value in values]
    return [row[order.by] for row in sorted(rows, key=order.key, reverse=order.descending)]


@pytest.mark.parametrize(
    ("read", "values", "ascending"),
    [
        (str.casefold, ["b", None, "A", "a", "B"], ["A", "a", "B", "b", None]),
        (str.casefold, ["", None], ["", None]),
        (str.casefold, [None, None], [None, None]),
        (lambda value: value, [10, None, 9, -1, 0], [-1, 0, 9, 10, None]),
        (lambda value: value, [True, None, False], [False, True, None]),
        (
            datetime.fromisoformat,
            ["2026-06-01T00:00:00Z", None, "2026-06-01T01:00:00+02:00"],
            ["2026-06-01T01:00:00+02:00", "2026-06-01T00:00:00Z", None],
        ),
    ],
)
def test_rows_are_sorted_and_the_unknown_comes_last(
    read: Callable[[Any], Any], values: list[Any], ascending: list[Any]
) -> None:
    known = [value for value in ascending if value is not None]
    unknown = [value for value in ascending if value is None]
    assert in_order(Order("x", False, read), *values) == ascending
    assert in_order(Order("x", True, read), *values) == [*reversed(known), *unknown]


@given(st.lists(st.none() | st.text(max_size=3)), st.booleans())
def test_any_rows_have_one_order(values: list[str | None], is_descending: bool) -> None:
    """Whatever order they came in, but for those that are the same."""
    order = Order("x", is_descending, str.casefold)
    assert in_order(order, *values) == in_order(order, *reversed(values))
