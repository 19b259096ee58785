"""What holds of every write of every connector: shown without being sent, sent at most once, written as it is read.

The tests' own made-up connector is among them, so that each kind of write is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.account import open_account
from connector.errors import (
    ConnectorError,
    EgressRefused,
    VendorError,
    VendorUnavailable,
    WriteOutcomeUnknown,
)
from connector.flow import Clock, drive
from connector.mapping.path import Notes
from connector.membership import Tables
from connector.notices import Notices
from connector.template import Unquotable
from connector.wire import Answer, Call
from connector.write import Done, Intent, plan, write
from tests.contract.cases import call_sets, connectors
from tests.laws.writes import Write, fields_of, sample, writes_of
from tests.write.vendor import TOKEN, load


def _made() -> list[Write]:
    with TemporaryDirectory() as folder:
        made = load(Path(folder))
    opened = open_account(made, settings={}, secrets={"rest.token": TOKEN, "queue.key": TOKEN})
    return list(writes_of(opened))


REAL = {
    str(one): one
    for name in connectors()
    for calls in call_sets()
    if calls.connector == name
    for one in writes_of(calls.open())
}
WRITES = [*REAL.values(), *_made()]
QUEUED = [one for one in WRITES if one.way is not None]
ONCE = [one for one in WRITES if not one.call.is_repeatable]
Reply = Answer | ConnectorError
USER = b'{"id": "x1", "mail": "ada@acme.example"}'
START = datetime(2026, 1, 31, tzinfo=UTC)


class Run:
    """One write, sent to what `reply` says; time passes only when someone waits."""

    def __init__(self, one: Write, reply: Callable[[Call, int], Reply]) -> None:
        self.one, self.reply, self.calls, self.time = one, reply, list[Call](), 0.0
        self.notices = Notices()

    def do(self, intent: Intent) -> Done:
        clock = Clock(
            seconds=lambda: self.time,
            now=lambda: START + timedelta(seconds=self.time),
            random=lambda: 1.0,
        )
        reading = self.one.reading
        tables = Tables(reading.opened, clock, reading.captures)
        return drive(write(intent, tables, 10, 20.0, self.notices), self.send, self.sleep)

    def send(self, call: Call) -> Answer:
        self.time += 0.01
        if call.url.endswith("/people/x1") and call.method == "GET" and not self.calls:
            return Answer(200, {}, USER)  # who is to be a member
        self.calls.append(call)
        reply = self.reply(call, len([one for one in self.calls if one.effect == call.effect]))
        if isinstance(reply, ConnectorError):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    @property
    def sent(self) -> list[Call]:
        return [call for call in self.calls if call.effect == "write"]


def test_every_kind_of_write_is_there() -> None:
    kinds = {(one.place[0], one.way is not None) for one in WRITES}
    assert kinds >= {
        (kind, is_queued)
        for kind in ("create", "update", "delete", "members", "transitions")
        for is_queued in (False, True)
    }
    assert {one.split(" ", 1)[0] for one in REAL} == set(connectors())


@pytest.mark.parametrize("one", WRITES, ids=str)
def test_a_plan_sends_nothing_and_shows_no_secret(one: Write) -> None:
    shown = plan(one.intent(sample(one)), Clock(lambda: 0, lambda: START).moment())
    assert shown.effect == "write"
    for secret in one.reading.opened.apis.values():
        hidden = [value for name, value in secret.values.items() if name.startswith("secrets.")]
        assert not [value for value in hidden if value in repr(shown)]


UNCLEAR: dict[str, Reply] = {
    "cut off": VendorUnavailable("the connection was lost"),
    "timed out": VendorUnavailable("nothing happened for 10 s"),
    "500": Answer(500, {}, b"oops"),
    "502": Answer(502, {}, b"<html>"),
    "503": Answer(503, {"retry-after": "1"}, b""),
    "504": Answer(504, {}, b""),
    "408": Answer(408, {}, b""),
    "half of JSON": Answer(200, {}, b'{"id": "1'),
    "HTML": Answer(200, {}, b"<html>Welcome</html>"),
    "bytes": Answer(200, {}, b"\xff\xfe\x00"),
    "too large": VendorError("the answer is larger than 9 bytes", status=200),
    # The vendor's own words for what broke on its side: before the write, or after it.
    "broke": Answer(
        500,
        {},
        b'{"status": "error", "said": "Read timed out", "why": "Read timed out", "error": "Unexpected error: enterprise-user: HTTPSConnectionPool(host=\'h\', port=443): Read timed out."}',
    ),
    **{str(status): Answer(status, {}, b"") for status in (300, 301, 302, 303, 304, 499)},
}


@pytest.mark.parametrize("reply", UNCLEAR)
@pytest.mark.parametrize("one", ONCE, ids=str)
def test_what_got_no_clear_answer_is_not_known_and_not_sent_again(one: Write, reply: str) -> None:
    run = Run(one, lambda call, _: UNCLEAR[reply] if call.effect == "write" else Answer(404))
    with pytest.raises(WriteOutcomeUnknown) as raised:
        run.do(one.intent(sample(one)))
    assert len(run.sent) == 1
    (asked,) = raised.value.details
    intent = one.intent(sample(one))
    assert (asked["verb"], asked["resource"], asked.get("id")) == (intent.verb, intent.resource, intent.key)
    assert asked.items() >= intent.fields.items()
    assert run.one.reading.captures.written() is not None, "what was listed before is not shared"


@pytest.mark.parametrize("one", WRITES, ids=str)
def test_what_did_not_leave_us_is_tried_again_and_is_a_known_failure(one: Write) -> None:
    run = Run(one, lambda *_: VendorUnavailable("refused", sent=False))
    with pytest.raises(VendorUnavailable) as raised:
        run.do(one.intent(sample(one)))
    assert raised.value.sent is False
    assert len(run.sent) == one.reading.api.definition.retry.times + 1


@pytest.mark.parametrize("status", [307, 308, 400, 401, 403, 404, 405, 409, 412, 422, 429])
@pytest.mark.parametrize("one", ONCE, ids=str)
def test_a_refusal_is_known_and_not_sent_again(one: Write, status: int) -> None:
    run = Run(one, lambda *_: Answer(status, {}, b"{}"))
    with pytest.raises(ConnectorError) as raised:
        run.do(one.intent(sample(one)))
    assert not isinstance(raised.value, WriteOutcomeUnknown)
    assert len(run.sent) == 1


COMMANDS = [one for one in REAL.values() if one.call.exchange is not None]


@pytest.mark.parametrize(
    "said",
    [
        {"status": "error", "error": "Read timed out"},
        {"status": "error", "result_code": "throttled", "error": "throttled"},
        {"status": "partial_success", "message": "x"},
    ],
)
@pytest.mark.parametrize("one", COMMANDS, ids=str)
def test_a_command_that_broke_or_was_slowed_down_is_not_known(one: Write, said: dict[str, str]) -> None:
    reply = Answer(200, {}, json.dumps(said).encode())
    run = Run(one, lambda call, _: one.ticket() if call.effect == "write" and one.way else reply)
    with pytest.raises(WriteOutcomeUnknown):
        run.do(one.intent(sample(one)))
    assert len(run.sent) == 1


POLLS: dict[str, Reply] = {
    **UNCLEAR,
    "never left": VendorUnavailable("refused", sent=False),
    "not allowed": EgressRefused("the address moved"),
    **{str(status): Answer(status, {}, b"") for status in (307, 400, 401, 403, 404, 405, 409, 410, 429)},
    "202 for ever": Answer(202, {}, b"{}"),
}


@pytest.mark.parametrize("reply", POLLS)
@pytest.mark.parametrize("one", QUEUED, ids=str)
def test_a_queued_write_that_is_lost_sight_of_is_not_known_and_its_ticket_is_told(
    one: Write, reply: str
) -> None:
    run = Run(one, lambda call, _: one.ticket() if call.effect == "write" else POLLS[reply])
    with pytest.raises(WriteOutcomeUnknown) as raised:
        run.do(one.intent(sample(one)))
    assert len(run.sent) == 1
    assert raised.value.details[0]["ticket"] == "ticket-7"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"request_id": null}', b"<html>", b'{"ticket": ["x"]}']
)
@pytest.mark.parametrize("one", QUEUED, ids=str)
def test_what_is_queued_without_a_ticket_is_not_known(one: Write, body: bytes) -> None:
    run = Run(one, lambda *_: Answer(202, {}, body))
    with pytest.raises(WriteOutcomeUnknown):
        run.do(one.intent(sample(one)))
    assert (len(run.sent), run.calls[-1]) == (1, run.sent[0])


@pytest.mark.parametrize("one", [one for one in WRITES if one.call.is_repeatable], ids=str)
def test_what_is_repeatable_is_sent_again_and_then_not_known(one: Write) -> None:
    run = Run(one, lambda *_: VendorUnavailable("cut off"))
    with pytest.raises(WriteOutcomeUnknown):
        run.do(one.intent(sample(one)))
    assert len(run.sent) == one.reading.api.definition.retry.times + 1


TAKING = [one for one in WRITES if getattr(one.call, "takes", ())]


@pytest.mark.parametrize("one", TAKING, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_written_reads_back_as_what_was_given(one: Write, data: st.DataObject) -> None:
    fields = data.draw(fields_of(one))
    mapper = one.reading.source.mapper
    body = mapper.write(fields) if "record" in one.call.holes else mapper.changes(fields)
    row = mapper.read(json.loads(json.dumps(body)), Notes())
    assert {name: _like(row[name], value) for name, value in fields.items()} == fields


def _like(read: Any, value: Any) -> Any:
    """What was read, in what was given of it."""
    if isinstance(value, dict) and isinstance(read, dict):
        return {name: read.get(name) for name in value}
    if isinstance(value, list) and isinstance(read, list):
        return [_like(one, other) for one, other in zip(read, value, strict=True)]
    return read


@pytest.mark.parametrize("one", TAKING, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_what_may_be_given_can_be_sent_or_is_refused_unsent(one: Write, data: st.DataObject) -> None:
    intent = one.intent(data.draw(fields_of(one)))
    try:
        shown = plan(intent, Clock(lambda: 0, lambda: START).moment())
    except Unquotable:
        assert one.call.exchange is not None, "only a command line has what can't be quoted"
        return
    assert shown.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
