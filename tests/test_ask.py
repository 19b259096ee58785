"""One logical call through an exchange: submitted once, asked for ever more slowly, judged; told by a scripted vendor."""

from __future__ import annotations

from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import (
    ConnectorError,
    Forbidden,
    NeedsReauth,
    RateLimited,
    VendorError,
    VendorNotFound,
    VendorRefused,
    VendorUnavailable,
)
from connector.wire import Answer
from tests.calling.queued import KEY, WORKING, Reply, World, load, people, said, ticket, written

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  give: {line: "list {page.start:text}"}
  records: $.items[*]
  paging: {style: offset, first: 0, size: 2, ends: empty_page}
get: {exchange: line, effect: read, give: {line: "show {id:shell}"}}
"""
MAPPING = "source: main.people\nunified: users\nfields: {id: $.id, name: $.name}\n"
ANN = said({"id": "ann", "name": "Ann"})
CUT = VendorUnavailable("the connection was cut")
FULL = said({"error": "queue is full"}, 503)
BUSY = said({"code": "busy", "error": "60 calls a minute"}, 429, retry_after="2")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), written(people=PEOPLE), people=MAPPING)


def refused(world: World, error: type[ConnectorError]) -> ConnectorError:
    """What getting Ann ends in."""
    with pytest.raises(error) as raised:
        world.get("users", "ann")
    assert type(raised.value) is error
    return raised.value


def test_each_wait_is_twice_the_one_before_up_to_the_longest(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), *[WORKING] * 7, ANN, max_seconds=100)
    assert world.get("users", "ann")["name"] == "Ann"
    assert world.waits == [0.5, 1, 2, 4, 5, 5, 5, 5]
    assert world.asked == ["show 'ann'", *["/result/t"] * 8]
    assert [call.headers["api-key"] for call in world.calls] == [KEY] * 9


def test_only_the_condition_says_that_the_vendor_is_still_at_it(loaded: Loaded) -> None:
    """A body may say `completed` before the result can be had."""
    world = World(loaded, ticket("t"), said({"status": "completed"}, 202), ANN)
    assert world.get("users", "ann")["name"] == "Ann"
    assert world.asked[1:] == ["/result/t"] * 2


@pytest.mark.parametrize(
    ("name", "path"), [(7, "/result/7"), ("7", "/result/7"), ("a/b c", "/result/a%2Fb%20c")]
)
def test_a_ticket_is_a_text_or_a_whole_number(loaded: Loaded, name: Any, path: str) -> None:
    world = World(loaded, ticket(name), ANN)
    world.get("users", "ann")
    assert world.asked[1] == path


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (said({}, 202), "got nothing"),
        (Answer(202, {}, b""), "got nothing"),
        (ticket(""), "got nothing"),
        (ticket(None), "got null"),
        (ticket({"id": 7}), "got object"),
        (ticket(["t"]), "got list"),
        (ticket(True), "got boolean"),
        (ticket(1.5), "got number"),
        (Answer(202, {}, b"t"), "the answer is not JSON"),
    ],
)
def test_what_is_no_ticket_is_an_error(loaded: Loaded, answer: Answer, shown: str) -> None:
    world = World(loaded, answer)
    assert shown in refused(world, VendorError).message
    assert len(world.calls) == 1, "what was submitted is not submitted again"


def test_a_ticket_is_waited_for_no_longer_than_the_connector_says(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), vendor=lambda _: WORKING, max_seconds=1000)
    error = refused(world, VendorUnavailable)
    assert "did not finish within 60 s" in error.message
    assert 55 < world.time <= 60
    assert world.asked.count("show 'ann'") == 1


def test_a_question_ends_with_its_own_time(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), vendor=lambda _: WORKING, max_seconds=10)
    error = refused(world, VendorUnavailable)
    assert "the vendor is still working" in error.message
    assert "CONNECTOR_MAX_SECONDS" in str(error)
    assert world.waits == [0.5, 1, 2, 4], "no wait ends after it"


FAILED: list[tuple[str, list[Reply], type[ConnectorError], str]] = [
    ("lost", [said({"error": "no such request"}, 404)], VendorUnavailable, "the vendor doesn't know its ticket"),
    ("waited too long", [said({}, 504)], VendorUnavailable, "the vendor doesn't know its ticket"),
    ("not found", [said({"error": "User not found"}, 500)], VendorNotFound, "User not found"),
    ("throttled", [said({"code": "throttled", "error": "slow down"}, 429)], RateLimited, "slow down"),
    ("failed", [said({"error": "boom"}, 500)], VendorUnavailable, "answered 500"),
    ("refused", [said({}, 400)], VendorRefused, "answered 400"),
    ("no right", [said({}, 403)], Forbidden, "answered 403"),
    ("who are you", [said({}, 401)], NeedsReauth, "answered 401"),
    ("no JSON", [Answer(200, {}, b"<html>")], VendorError, "the answer is not JSON"),
    ("encrypted", [Answer(200, {}, b"\xff\xfe\x00")], VendorError, "answered 200 OK"),
    ("too large", [VendorError("the answer has more than 64 MiB")], VendorError, "more than 64 MiB"),
    ("not found after a while", [WORKING, WORKING, said({"error": "Not found"}, 500)], VendorNotFound, "Not found"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("replies", "error", "words"), [row[1:] for row in FAILED], ids=[row[0] for row in FAILED]
)
def test_a_result_that_is_a_failure_is_not_asked_for_again(
    loaded: Loaded, replies: list[Reply], error: type[ConnectorError], words: str
) -> None:
    world = World(loaded, ticket("t"), *replies)
    assert words in refused(world, error).message
    assert len(world.calls) == 1 + len(replies)


def test_an_encrypted_answer_says_what_to_do(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), Answer(200, {}, b"\xff\xfe\x00"))
    assert refused(world, VendorError).hint == "turn encryption off"


def test_a_result_says_when_to_come_back(loaded: Loaded) -> None:
    world = World(
        loaded, ticket("t"), said({"code": "throttled", "error": "slow down"}, 429, retry_after="7")
    )
    error = refused(world, RateLimited)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


@pytest.mark.parametrize("refusal", [BUSY, FULL, said({}, 502), CUT, VendorUnavailable("no", sent=False)])
def test_a_poll_that_failed_itself_is_asked_again(loaded: Loaded, refusal: Reply) -> None:
    world = World(loaded, ticket("t"), refusal, refusal, ANN)
    assert world.get("users", "ann")["name"] == "Ann"
    assert world.asked == ["show 'ann'", *["/result/t"] * 3]


def test_a_poll_that_is_refused_waits_as_the_vendor_says(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), BUSY, ANN)
    world.get("users", "ann")
    assert world.waits == [0.5, 2.0]


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [(BUSY, RateLimited, "60 calls a minute"), (FULL, VendorUnavailable, "answered 503")],
)
def test_polls_that_are_refused_for_ever_are_the_reason_why_there_is_no_result(
    loaded: Loaded, refusal: Reply, error: type[ConnectorError], words: str
) -> None:
    world = World(loaded, ticket("t"), refusal, refusal, refusal)
    assert words in refused(world, error).message
    assert len(world.calls) == 4, "retry: times: 2"


def test_what_is_refused_at_the_door_is_submitted_again(loaded: Loaded) -> None:
    world = World(loaded, FULL, ticket("t"), ANN)
    assert world.get("users", "ann")["name"] == "Ann"
    assert world.asked == ["show 'ann'", "show 'ann'", "/result/t"]
    world = World(loaded, FULL, FULL, FULL)
    assert "answered 503" in refused(world, VendorUnavailable).message
    assert len(world.calls) == 3, "retry: times: 2"


@pytest.mark.parametrize("lost", [CUT, FULL, said({"error": "boom"}, 500)])
def test_a_write_that_may_have_arrived_is_not_submitted_again(loaded: Loaded, lost: Reply) -> None:
    world = World(loaded, lost)
    with pytest.raises(VendorUnavailable):
        world.directory().check()
    assert world.asked == ["check"]
    assert (world.calls[0].effect, world.calls[0].repeatable) == ("write", False)


def test_a_write_that_did_not_leave_is_submitted_again_and_its_result_asked_for_as_often_as_needed(
    loaded: Loaded,
) -> None:
    unsent = VendorUnavailable("no connection", sent=False)
    world = World(loaded, unsent, ticket("t"), CUT, WORKING, said({}))
    assert world.directory().check() == {"main": "ok"}
    assert world.asked == ["check", "check", *["/result/t"] * 3]
    assert [call.effect for call in world.calls[2:]] == ["read"] * 3


def test_a_write_that_the_vendor_still_works_on_is_not_submitted_again(loaded: Loaded) -> None:
    world = World(loaded, ticket("t"), vendor=lambda _: WORKING)
    with pytest.raises(VendorUnavailable, match="still working"):
        world.directory().check()
    assert world.asked.count("check") == 1


def test_a_pending_exchange_counts_as_one_call(loaded: Loaded) -> None:
    page = [FULL, ticket("t"), WORKING, BUSY, WORKING]
    world = World(loaded, *page, people("a", "b"), *page, people("c", "d"), max_calls=2)
    found = world.page("users")
    assert len(found.rows) == 4, "two exchanges, however often each was refused and asked for"
    assert found.next_cursor
    assert [line for line in world.asked if line.startswith("list")] == ["list 0"] * 2 + ["list 2"] * 2


def test_a_direct_call_counts_its_retries(loaded: Loaded) -> None:
    world = World(
        loaded, FULL, people("a", "b"), people("c", "d"), max_calls=2, account={"version": "direct"}
    )
    assert len(world.page("users").rows) == 2
    assert world.asked == ["list 0", "list 0"]


def test_a_setting_chooses_the_exchange(loaded: Loaded) -> None:
    world = World(loaded, ANN, account={"version": "direct"})
    assert world.get("users", "ann")["name"] == "Ann"
    assert [call.url for call in world.calls] == ["https://h/run"]
    assert world.waits == []
    queued = World(loaded, ticket("t"), ANN, account={"version": "queued"})
    queued.get("users", "ann")
    assert [call.url for call in queued.calls] == ["https://h/submit", "https://h/result/t"]


def test_every_poll_is_told(loaded: Loaded) -> None:
    world = World(
        loaded, ticket("t"), WORKING, FULL, people("a"), ticket("u"), people(), takes=0.25, max_seconds=100
    )
    found = world.page("users", explain=True)
    assert found.explain is not None
    assert [
        (call["method"], call["url"].removeprefix("https://h"), call["status"], call.get("error"))
        for call in found.explain["calls"]
    ] == [
        ("POST", "/submit", 202, None),
        ("GET", "/result/t", 202, None),
        ("GET", "/result/t", 503, "vendor_unavailable"),
        ("GET", "/result/t", 200, None),
        ("POST", "/submit", 202, None),
        ("GET", "/result/u", 200, None),
    ]
    assert {call["seconds"] for call in found.explain["calls"]} == {0.25}


ECHOES: dict[str, list[Reply]] = {
    "as an error of the submit": [said({"error": f"bad {KEY}"}, 400)],
    "as an error of the result": [ticket("t"), said({"code": "throttled", "error": f"bad {KEY}"}, 429)],
    "as a text": [ticket("t"), Answer(200, {}, f"hello {KEY}".encode())],
    "as its ticket": [ticket(KEY), said({}, 404)],
    "as the reason of a poll": [ticket("t"), *[said({"code": "busy", "error": KEY}, 429)] * 3],
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_secret_that_the_vendor_sends_back_never_shows(loaded: Loaded, echo: str) -> None:
    world = World(loaded, *ECHOES[echo])
    with pytest.raises(ConnectorError) as raised:
        world.get("users", "ann")
    shown = f"{raised.value} {raised.value!r} {raised.value.to_dict()} {raised.value.args}"
    assert "[redacted]" in shown
    assert KEY not in shown


def test_a_secret_in_a_ticket_is_not_told(loaded: Loaded) -> None:
    world = World(loaded, ticket(KEY), people(), ticket("u"), people())
    found = world.page("users", explain=True)
    assert found.explain is not None
    assert found.explain["calls"][1]["url"] == "https://h/result/[redacted]"


def test_calls_wait_for_what_the_vendor_allows_and_polls_count(loaded: Loaded) -> None:
    world = World(loaded, *[ticket("t"), ANN] * 51, max_seconds=70)
    one = world.directory()
    for _ in range(50):
        one.get("users", "ann")
    assert (len(world.calls), world.time) == (100, 25.0)
    one.get("users", "ann")
    assert world.waits == [*[0.5] * 50, 35.0, 0.5], "a minute after the first"


def test_polls_that_are_not_allowed_any_more_are_the_reason_why_there_is_no_result(loaded: Loaded) -> None:
    world = World(loaded, *[ticket("t"), ANN] * 49, ticket("t"), vendor=lambda _: WORKING)
    one = world.directory()
    for _ in range(49):
        one.get("users", "ann")
    with pytest.raises(RateLimited, match="used up; nothing was sent") as raised:
        one.get("users", "ann")
    assert len(world.calls) == 100, "the submit and one poll"
    assert raised.value.retry_after == 60 - world.time


def test_a_call_that_would_wait_too_long_is_not_sent(loaded: Loaded) -> None:
    world = World(loaded, *[said({"id": "ann"})] * 100, account={"version": "direct"}, max_seconds=59)
    one = world.directory()
    for _ in range(100):
        one.get("users", "ann")
    with pytest.raises(RateLimited, match="made: 100/min calls are what main allows") as raised:
        one.get("users", "ann")
    assert raised.value.retry_after == 60.0
    assert len(world.calls) == 100
    world.replies.append(ANN)
    world.time = 60.0
    assert one.get("users", "ann").row["name"] == "Ann"
