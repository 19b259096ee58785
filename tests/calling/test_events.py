"""A vendor's log: records without an id, in a list whose name nobody documents, named on by a token that a flag goes
with; and what a caller asks of it besides."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.catalog import Loaded
from connector.errors import (
    ConfigurationInvalid,
    ConnectorError,
    CursorInvalid,
    InvalidRequest,
    ListingIncomplete,
    PagingBroken,
    VendorError,
)
from connector.wire import Answer, Call
from tests.calling.plain import queried
from tests.calling.queued import World, load, said

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: header, header: api-key, value: "{secrets.key}"}
    check: none
    retry: {times: 0}
    exchanges:
      command: {style: single, takes: [line], submit: {post: /run, effect: read, json: {command: "{line}"}}}
    resources:
      events:
        key: none
        list:
          get: /events
          accepts:
            since: {label: From this time on, type: time}
            kind: {label: Kind of event, required: false, most: 20}
            order: {label: Order, default: asc}
          query: {since: "{query.since}", kind: "{query.kind}", order: "{query.order}", size: "{page.size}", token: "{page.token}"}
          records: {only_list_of: $}
          paging: {style: token, size: 3, next: $.token, no_next: [null], more: {$.has_more: true}}
      report:
        key: none
        list:
          exchange: command
          effect: read
          accepts: {created: {label: When, default: last_30_days}, by: {label: Who, required: false}}
          give: {line: {words: ["report --created {query.created:shell} --limit {page.ceiling:text}", "--by {query.by:shell}"]}}
          records: "$.rows[*]"
          paging: {style: snapshot, ceiling: 5, share_for: 60s}
      people:
        key: $.id
        list:
          get: /people
          accepts: {since: {label: Since, required: false}}
          query: {since: "{query.since}"}
          records: "$.items[*]"
          paging: {style: none}
        calls: {find: {get: /find, query: {name: "{value}"}, records: "$.items[*]"}}
"""
PEOPLE = """\
source: main.people
unified: users
fields: {id: $.id, name: $.name}
filters: {name: {evaluate: vendor, call: find}}
"""
SINCE = {"since": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), CONNECTOR, people=PEOPLE)


def event(number: int) -> dict[str, Any]:
    return {"audit_event": "login", "at": number}


def page(*events: Any, token: str | None = None, **more: Any) -> Answer:
    return said({"events": list(events), "token": token, "has_more": token is not None, **more})


def three_pages(loaded: Loaded) -> World:
    return World(
        loaded,
        page(event(1), event(2), event(3), token="b"),
        page(event(4), event(5), event(6), token="c"),
        page(event(7)),
    )


def test_records_without_a_key_are_listed_as_they_are_and_to_their_proven_end(loaded: Loaded) -> None:
    world = three_pages(loaded)
    rows = list(world.directory().iterate("main.events", remote_query=SINCE))
    assert rows == [event(number) for number in range(1, 8)]
    assert [queried(call).get("token") for call in world.calls] == [None, "b", "c"]


def test_a_walk_goes_on_inside_a_page_without_any_id(loaded: Loaded) -> None:
    answers = {None: page(event(1), event(2), event(3), token="b"), "b": page(event(4))}
    world = World(loaded, vendor=lambda call: answers[queried(call).get("token")])
    pages = world.walk("main.events", [2, 2, 2, 2], remote_query=SINCE)
    assert [row for one in pages for row in one.rows] == [event(number) for number in range(1, 5)]
    assert pages[-1].completeness.verdict == "complete"
    assert len({key for one in pages for key in one.ids}) == 4


def test_equal_records_of_one_page_are_two(loaded: Loaded) -> None:
    world = World(loaded, page(event(1), event(1), token="b"), page(event(2)))
    assert list(world.directory().iterate("main.events", remote_query=SINCE)) == [
        event(1),
        event(1),
        event(2),
    ]


def test_an_equal_record_of_another_page_may_be_the_same_and_is_not_proven(loaded: Loaded) -> None:
    world = World(loaded, page(event(0), event(1), token="b"), page(event(2), event(1)))
    pages = list(world.directory().pages("main.events", remote_query=SINCE, allow_partial=True))
    assert (pages[-1].completeness.verdict, pages[-1].completeness.reasons) == ("unproven", ["duplicate_ids"])


def test_two_pages_may_begin_with_equal_records(loaded: Loaded) -> None:
    world = World(loaded, page(event(1), event(2), token="b"), page(event(1), event(3)))
    pages = world.walk("main.events", [100] * 3, remote_query=SINCE)
    assert [row["at"] for found in pages for row in found.rows] == [1, 2, 1, 3]
    assert pages[-1].completeness.reasons == ["duplicate_ids"]


def test_a_page_that_comes_again_is_an_error(loaded: Loaded) -> None:
    world = World(loaded, page(event(1), token="b"), page(event(1), token="c"))
    with pytest.raises(PagingBroken):
        list(world.directory().iterate("main.events", remote_query=SINCE))


def test_none_of_them_can_be_got(loaded: Loaded) -> None:
    world = World(loaded)
    with pytest.raises(InvalidRequest, match=r"can't get records: main\.events has no `get`"):
        world.get("main.events", "x")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (page(event(1), token=None, has_more=True), "says that there is more, and its answer has no token"),
        (page(event(1), token="b", has_more=False), "says that there is no more, and its answer has a token"),
        (page(event(1), has_more="false"), r"\$\.has_more should say whether there is more: expected boolean"),
        (said({"events": [], "token": None}), r"has nothing at \$\.has_more"),
        (said({"events": [], "has_more": False}), "is missing; this connector says that the end is: null"),
    ],
)  # fmt: skip
def test_an_end_that_the_answer_contradicts_is_no_end(loaded: Loaded, answer: Answer, told: str) -> None:
    with pytest.raises(PagingBroken, match=told):
        World(loaded, answer).page("main.events", remote_query=SINCE)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"token": None, "has_more": False}, "no key holds one; its keys are: 'token', 'has_more'"),
        ({"a": [], "b": [{}], "token": None, "has_more": False}, "2 keys hold one: 'a', 'b'"),
        ({}, "no key holds one; its keys are: none"),
        ([{"a": 1}], r"the only list of the object at \$: expected object, got list"),
        (None, "expected object, got null"),
        ({"events": [1], "token": None, "has_more": False}, r"the only list of \$: expected objects, got number"),
        ({"x" * 500: [], "y" * 500: []}, f"2 keys hold one: '{'x' * 60}', '{'y' * 60}'$"),
    ],
)  # fmt: skip
def test_any_other_number_of_lists_than_one_is_an_error_that_names_them(
    loaded: Loaded, body: Any, told: str
) -> None:
    with pytest.raises(VendorError, match=told):
        World(loaded, said(body)).page("main.events", remote_query=SINCE)


def test_an_answer_of_nothing_is_an_error(loaded: Loaded) -> None:
    with pytest.raises(VendorError, match="the answer is empty"):
        World(loaded, Answer(200)).page("main.events", remote_query=SINCE)


# What is asked besides


def test_what_is_asked_reaches_the_vendor_on_every_page_and_what_is_not_is_left_out(loaded: Loaded) -> None:
    world = three_pages(loaded)
    list(world.directory().iterate("main.events", remote_query={**SINCE, "order": "a&b=c"}))
    first, *_, last = map(queried, world.calls)
    assert first == {"since": "2026-01-01T00:00:00Z", "order": "a&b=c", "size": "3"}
    assert last == {**first, "token": "c"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (None, ["since: From this time on is needed"]),
        ({**SINCE, "sice": "x"}, ["unknown name in remote_query 'sice' (did you mean since?); there are: since, kind, order"]),
        ({**SINCE, "token": "b"}, ["unknown name in remote_query 'token'; there are: since, kind, order"]),
        ({**SINCE, "size": "1"}, ["unknown name in remote_query 'size' (did you mean since?); there are: since, kind, order"]),
        ({"since": "yesterday"}, ["since: expected a time such as 2026-01-31T00:00:00Z, got 'yesterday'"]),
        ({"since": "2026-02-30T00:00:00Z"}, ["since: expected a time such as 2026-01-31T00:00:00Z, got '2026-02-30T00:00:00Z'"]),
        ({**SINCE, "kind": "x" * 21}, ["kind: it has 21 characters; 20 are allowed"]),
        ({**SINCE, "kind": 7}, ["kind: expected text, got int"]),
        ({**SINCE, "kind": "a\r\nX: y"}, ["kind: it has a line break or another character that can't be printed"]),
    ],
)  # fmt: skip
def test_what_the_listing_does_not_accept_is_refused_unsent(
    loaded: Loaded, asked: Mapping[str, Any] | None, told: list[str]
) -> None:
    world = World(loaded)
    with pytest.raises(InvalidRequest) as refused:
        world.page("main.events", remote_query=asked)
    assert refused.value.details == told
    assert world.calls == []


def test_a_listing_that_accepts_nothing_says_so(loaded: Loaded) -> None:
    with pytest.raises(InvalidRequest, match="expected name → value, got list"):
        World(loaded).page("main.events", remote_query=["since"])


def test_a_cursor_belongs_to_what_was_asked(loaded: Loaded) -> None:
    cursor = three_pages(loaded).page("main.events", limit=3, remote_query=SINCE).next_cursor
    for other in ({"since": "2026-01-02T00:00:00Z"}, {**SINCE, "kind": "login"}):
        with pytest.raises(CursorInvalid, match="another remote_query"):
            World(loaded).page("main.events", cursor=cursor, remote_query=other)


def test_the_default_said_out_loud_is_the_same_question(loaded: Loaded) -> None:
    cursor = three_pages(loaded).page("main.events", limit=3, remote_query=SINCE).next_cursor
    world = World(loaded, page(event(4)))
    assert world.page("main.events", cursor=cursor, remote_query={**SINCE, "order": "asc"}).rows == [event(4)]


def test_it_can_be_asked_of_a_unified_listing_too(loaded: Loaded) -> None:
    world = World(loaded, vendor=lambda _: said({"items": [{"id": "1"}]}))
    world.page("users")
    explained = world.page("users", remote_query={"since": "monday"}, explain=True).explain or {}
    assert explained["evaluated"] == {"remote_query[since]": "vendor"}
    assert [queried(call) for call in world.calls] == [{}, {"since": "monday"}]


def test_a_filter_that_asks_another_call_does_not_drop_it(loaded: Loaded) -> None:
    world = World(loaded)
    with pytest.raises(InvalidRequest, match="can't be asked together with these filters"):
        world.page("users", remote_query={"since": "monday"}, filters={"name": "Ada"})
    assert world.calls == []


@given(text=st.text(min_size=1, max_size=40))
def test_whatever_is_asked_stays_one_word_of_the_command_or_is_not_sent(loaded: Loaded, text: str) -> None:
    world = World(loaded, vendor=lambda _: said({"rows": []}))
    try:
        world.page("main.report", remote_query={"created": text})
    except InvalidRequest:
        assert world.calls == []
        return
    assert shlex.split(world.asked[0]) == ["report", "--created", text, "--limit", "5"]


def test_a_part_of_a_line_that_nothing_is_asked_for_vanishes(loaded: Loaded) -> None:
    world = World(loaded, vendor=lambda _: said({"rows": []}))
    world.page("main.report", remote_query={"created": "today", "by": "o'brien"})
    world.page("main.report", remote_query={"created": "today"})
    assert world.asked == [
        "report --created 'today' --limit 5 --by 'o'\"'\"'brien'",
        "report --created 'today' --limit 5",
    ]


@pytest.mark.parametrize("hostile", ["--limit", "x' --lock '", "a\\", "${HOME}", "@all", "&quot;"])
def test_hostile_words_reach_no_command_line_but_as_words(loaded: Loaded, hostile: str) -> None:
    world = World(loaded, vendor=lambda _: said({"rows": []}))
    if hostile.startswith("x"):
        world.page("main.report", remote_query={"created": hostile})
        assert world.asked == ["report --created 'x'\"'\"' --lock '\"'\"'' --limit 5"]
        return
    with pytest.raises(InvalidRequest):
        world.page("main.report", remote_query={"created": hostile})
    assert world.calls == []


# A capture that the vendor may have cut


def rows(count: int, same: bool = False) -> Answer:
    return said({"rows": [event(0 if same else number) for number in range(count)]})


@pytest.mark.parametrize(
    ("count", "verdict", "reasons"),
    [(0, "complete", []), (4, "complete", []), (5, "partial", ["ceiling_reached"]), (6, "partial", ["ceiling_reached"])],
)  # fmt: skip
@pytest.mark.parametrize("limit", [1, 3, 5, 1000])
@pytest.mark.parametrize("same", [False, True])
def test_a_full_answer_is_partial_and_all_of_it_is_served(
    loaded: Loaded, count: int, verdict: str, reasons: list[str], limit: int, same: bool
) -> None:
    world = World(loaded, rows(count, same))
    pages = world.walk("main.report", [limit] * 8)
    assert [row for one in pages for row in one.rows] == json.loads(rows(count, same).body)["rows"]
    last = pages[-1].completeness
    assert (last.verdict, last.reasons, last.seen) == (verdict, reasons, count)


def test_a_full_answer_is_never_taken_for_all(loaded: Loaded) -> None:
    with pytest.raises(ListingIncomplete, match="ceiling_reached"):
        list(World(loaded, rows(5)).directory().iterate("main.report"))


def test_captures_of_what_is_asked_in_a_header_are_others_too(tmp_path: Path) -> None:
    text = CONNECTOR.replace(
        """          query: {since: "{query.since}"}
          records: "$.items[*]"
          paging: {style: none}
""",
        """          headers: {X-Since: "{query.since}"}
          records: "$.items[*]"
          paging: {style: snapshot, share_for: 60s}
""",
    ).replace("{since: {label: Since, required: false}}", "{since: {label: Since, default: never}}")

    def reply(call: Call) -> Answer:
        return said({"items": [{"id": call.headers["X-Since"]}]})

    world = World(load(tmp_path, text, people=PEOPLE), vendor=reply)
    found = [
        world.page("users", remote_query=asked).rows[0]["id"]
        for asked in ({"since": "now"}, {}, {"since": "now"})
    ]
    assert (found, len(world.calls)) == (["now", "never", "now"], 2)


def test_captures_of_other_questions_are_others(loaded: Loaded) -> None:
    world = World(loaded, rows(1), rows(2), rows(3))
    assert len(world.page("main.report").rows) == 1
    assert len(world.page("main.report", remote_query={"created": "today"}).rows) == 2
    assert len(world.page("main.report", remote_query={"created": "last_30_days"}).rows) == 1
    assert world.asked == ["report --created 'last_30_days' --limit 5", "report --created 'today' --limit 5"]


# What a connector can't say


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("records: {only_list_of: $}", 'records: {only_list_of: $, path: "$.x[*]"}', "records have a `path`, or `only_list_of`"),
        ("records: {only_list_of: $}", "records: {if_missing: empty}", "records have a `path`, or `only_list_of`"),
        ("records: {only_list_of: $}", "records: {only_list_of: $, if_missing: empty}", "`if_missing` stands beside `path`"),
        ('records: "$.rows[*]"', "records: {only_list_of: $}", "records that are captured stand at plain keys"),
        (', order: "{query.order}"', "", "nothing sends {query.order}: what is asked would be dropped"),
        ('"{query.kind}"', '"{query.knd}"', "nothing fills the hole {query.knd}"),
        ("key: none\n        list:\n          get: /events", 'key: none\n        get: {get: "/events/{id}"}\n        list:\n          get: /events', "needs `key`"),
        ("ceiling: 5, ", "", "nothing fills the hole {page.ceiling}"),
        ("order: {label: Order, default: asc}", "order: {label: Order, made_from: kind}", "are for what a write is given"),
        ("order: {label: Order, default: asc}", "order: {label: Order, default: asc, made_from: kind}", "`default` and `made_from` say two things"),
        ("since: {label: Since, required: false}", "since: {label: Since}", "the listing of main.people needs since, and rows are listed for look-ups and members too"),
        ("key: $.id", "key: none", "main.people says `key: none`: its records can't become rows with an id"),
        ("find: {get: /find,", "find: {get: /find, accepts: {x: {label: X}},", "only `list` has `accepts`"),
        ("calls: {find:", "get: {from: list}\n        calls: {find:", None),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_loaded(
    tmp_path: Path, old: str, new: str, told: str | None
) -> None:
    assert old in CONNECTOR
    if told is None:  # what may be left out, may be left out by `get` too
        load(tmp_path, CONNECTOR.replace(old, new), people=PEOPLE)
        return
    with pytest.raises(ConfigurationInvalid) as refused:
        load(tmp_path, CONNECTOR.replace(old, new), people=PEOPLE)
    assert told in str(refused.value)


def test_a_get_that_reads_a_listing_can_not_do_without_what_it_needs(tmp_path: Path) -> None:
    text = CONNECTOR.replace("since: {label: Since, required: false}", "since: {label: Since}")
    text = text.replace("calls: {find:", "get: {from: list}\n        calls: {find:")
    with pytest.raises(ConfigurationInvalid) as refused:
        load(tmp_path, text, people=PEOPLE)
    assert "`get` reads this listing by itself: what it needs has a `default`" in str(refused.value)


def test_secrets_stay_out_of_what_is_told(loaded: Loaded) -> None:
    def vendor(call: Call) -> Answer:
        return said({call.headers["api-key"]: [], "other": []})

    with pytest.raises(ConnectorError) as failed:
        World(loaded, vendor=vendor).page("main.events", remote_query=SINCE)
    assert "key-0123456789" not in str(failed.value)
