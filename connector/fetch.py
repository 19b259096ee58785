"""The flows of one question: call, judge, retry, read, map, page.

Every flow works within a `Budget` of calls and seconds and then answers what it has. Never asks twice for
what it was not told to, and never ends a listing but on evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from connector.account import Opened, OpenedApi
from connector.answer import read_answer
from connector.catalog import Source
from connector.cursor import digest
from connector.definition import Call as CallRule
from connector.errors import (
    InvalidRequest,
    RateLimited,
    VendorError,
    VendorFailure,
    VendorNotFound,
    VendorUnavailable,
)
from connector.exchange import Request
from connector.flow import Budget, Flow, Pause
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.model.envelope import Completeness
from connector.notices import Notices
from connector.pace import RetryPolicy, next_delay, parse_retry_after
from connector.paging import NoPaging, Paging
from connector.plan import plan_call
from connector.query import Question
from connector.walk import Place, begin_at, finish_page, serve_part, verdict

__all__ = ["Fetched", "Found", "Reading", "ask", "fetch_one", "fetch_page"]

_NO_ONE: dict[str, Any] = {}
"""The body of a search that the vendor answered with "not found": an empty listing."""


@dataclass(frozen=True)
class Reading:
    """What to read, and how its records become rows."""

    opened: Opened
    api: OpenedApi
    source: Source
    fill: Callable[[dict[str, Any], Notes], None] | None = None
    """Fills what stands elsewhere (a user's groups) into a row."""
    drop: frozenset[str] = frozenset()
    """Fields that are left out of rows."""
    with_remote_data: bool = False
    strict: bool = False
    lookups: Mapping[str, Any] = field(default_factory=dict)

    def call(self, name: str) -> CallRule:
        _, resource = self.opened.loaded.definition.source(self.source.name)
        found = resource.named_calls().get(name)
        if found is None:
            raise InvalidRequest(
                f"{self.opened.loaded.name} can't {name} {self.source.mapping.unified}: {self.source.name} has no `{name}`"
            )
        return found


@dataclass(frozen=True)
class Fetched:
    """What one question brought."""

    rows: list[dict[str, Any]]
    place: Place | None
    """Where to go on; None when the listing has ended."""
    completeness: Completeness
    members: list[list[Any] | None] = field(default_factory=list)
    """For groups: each row's member references."""


def ask(
    opened: Opened, api: OpenedApi, request: Request, values: Mapping[str, Any], budget: Budget, **added: Any
) -> Flow[Any]:
    """The JSON answer to one logical call, with retries. Raises what the vendor's answer or silence means."""
    rule = api.definition.retry
    policy = RetryPolicy(on=frozenset(rule.on), times=rule.times)
    call = plan_call(api, request, values, **added)
    tried = 0
    while True:
        left = budget.left
        if tried and left <= 0:
            raise VendorUnavailable(f"{opened.loaded.name}: no time is left for another try")
        sent = replace(call, timeout=min(budget.timeout, max(left, 0.1)), deadline=max(left, 0.1))
        budget.used += 1
        began = budget.clock.seconds()
        trace: dict[str, Any] = {"method": sent.method, "url": opened.redaction.text(sent.url)}
        budget.trace.append(trace)
        try:
            answer = yield sent
            assert answer is not None
            trace |= {
                "status": answer.status,
                "bytes": len(answer.body),
                "seconds": round(budget.clock.seconds() - began, 4),
            }
            return read_answer(opened, api, request, answer, sent)
        except VendorFailure as error:
            trace["error"] = error.code
            if error.retry_header is not None:
                error.retry_after = parse_retry_after(error.retry_header, budget.clock.now())
            tried += 1
            delay = next_delay(
                policy,
                error,
                tried,
                repeatable=call.repeatable,
                left=budget.left,
                random=budget.clock.random(),
            )
            if delay is None:
                raise
        yield Pause(delay)


def fetch_page(
    reading: Reading, question: Question, limit: int, place: Place, budget: Budget, notices: Notices
) -> Flow[Fetched]:
    """Up to `limit` rows from `place` on: fewer, even none, when the budget is spent first."""
    call = reading.call(question.call)
    style: Paging = call.paging or NoPaging(style="none")
    rows: list[dict[str, Any]] = []
    members: list[list[Any] | None] = []
    ended = False
    asked, began = False, place
    while not ended and len(rows) < limit and not (asked and budget.is_spent):
        asked = True  # one page at least, or a walk would never go on where other calls used the budget up
        most = style.most or limit
        size = most if question.keep else min(most, place.served + limit - len(rows))
        state = place.state if place.state is not None else style.start(size)
        try:
            body = yield from _ask_page(reading, call, question, style.variables(state, size), budget)
        except (VendorUnavailable, RateLimited) as error:
            if place == began:
                raise
            # What was read isn't lost: the cursor goes on at the page that failed, and fails again if it must.
            notices.warn(error.code, f"the page ends early: {error.message}")
            break
        with _located(reading, budget):
            style.check(body, state, size)
            records = [] if body is _NO_ONE else read_records(call, style, body)
        page = [_map(reading, record, at=at) for at, record in enumerate(records)]
        keys = [found.key for found in page]
        place, begin = begin_at(place, keys)
        stop = len(page)
        for index in range(begin, stop):
            found = page[index]
            # What was noticed is told with the part of the page that the record is served in, and only once.
            is_row = _finish(reading, found, records[index])
            if is_row and all(keep(found.row) for keep in question.keep):
                if len(rows) == limit:
                    stop = index
                    break
                rows.append(found.row)
                members.append(found.members)
            _tell(found, notices)
        place = place.noting(*sorted(notices.breaks))
        if stop < len(page):
            place = serve_part(place, state, keys, stop)
            break
        with _located(reading, budget):
            place, ended_by = finish_page(place, style, state, body, keys)
        ended = ended_by is not None
    if reading.strict:
        notices.raise_in_strict()
    known = verdict(place, ended=ended, scope=reading.api.scope)
    return Fetched(rows, None if ended else place, known, members)


def fetch_one(reading: Reading, key: str, budget: Budget, notices: Notices) -> Flow[Found]:
    """The record of one id. Raises VendorNotFound."""
    call = reading.call("get")
    body = yield from ask(reading.opened, reading.api, call, {"id": key}, budget)
    record = parse_path(call.record).one(body, Notes()) if body is not MISSING else MISSING
    if not isinstance(record, Mapping):
        shown = "nothing" if record is MISSING else json_type(record)
        raise VendorError(f"{reading.opened.loaded.name}: expected one record at {call.record}, got {shown}")
    found = _map(reading, record, call="get")
    row = found.row
    if row["id"] != key:
        raise VendorError(
            f"{reading.opened.loaded.name}: asked for {reading.source.mapping.unified} {key!r}, and the answer is about {row['id']!r}"
        )
    is_row = _finish(reading, found, record)
    _tell(found, notices)
    if not is_row:
        raise VendorNotFound(
            f"{reading.opened.loaded.name}: {key!r} is not among the {reading.source.mapping.unified}"
        )
    if reading.strict:
        notices.raise_in_strict()
    return found


def read_records(call: CallRule, style: Paging | None, body: Any) -> Sequence[Any]:
    """The records of a page. Missing is an error unless the total is 0 or the connector says `if_missing: empty`."""
    assert call.records is not None
    notes = Notes()
    found = parse_path(call.records.path).all(body, notes) if body is not MISSING else MISSING
    if isinstance(found, list):
        wrong = next((item for item in found if not isinstance(item, Mapping)), None)
        if any(not isinstance(item, Mapping) for item in found):
            raise VendorError(f"the records at {call.records.path}: expected objects, got {json_type(wrong)}")
        return found
    if found is MISSING and not notes.found:
        if call.records.if_missing == "empty" and body is not MISSING:
            return []
        if (
            style is not None
            and style.total is not None
            and body is not MISSING
            and style.declared(body) == 0
        ):
            return []
        what = "is empty" if body is MISSING else f"has no records at {call.records.path}"
        raise VendorError(f"the answer {what}")
    shown = notes.found[0].message if notes.found else "expected list, got null"
    raise VendorError(f"the records at {call.records.path}: {shown}")


@dataclass(frozen=True, slots=True)
class Found:
    """One record as it was read. `key` tells it from the others on its page; None where it can't be carried."""

    row: dict[str, Any]
    key: str | None
    is_kept: bool
    notes: Notes
    members: list[Any] | None = None


@contextmanager
def _located(reading: Reading, budget: Budget) -> Iterator[None]:
    """Says of an answer that breaks its promise which call it came from."""
    try:
        yield
    except VendorError as error:
        parts = urlsplit(budget.trace[-1]["url"])
        where = f"{reading.opened.loaded.name}: {budget.trace[-1]['method']} {parts.scheme}://{parts.netloc}{parts.path}"
        error.message = f"{where}, call {budget.used}: {error.message}"
        error.args = (error.message,)
        raise


def _ask_page(
    reading: Reading, call: CallRule, question: Question, variables: Mapping[str, Any], budget: Budget
) -> Flow[Any]:
    values = {**variables, **question.call_values}
    try:
        return (
            yield from ask(
                reading.opened, reading.api, call, values, budget, add=question.query, add_json=question.json
            )
        )
    except VendorNotFound:
        if question.call == "list":
            raise
        return _NO_ONE


def _map(reading: Reading, record: Any, call: str = "list", at: int = 0) -> Found:
    notes = Notes(lookups=reading.lookups)
    mapper = reading.source.mapper
    row = mapper.read(record, notes, call)
    if not mapper.keep(record):
        return Found(row, row["id"] or digest(at, record), False, Notes())
    refs = mapper.members(record, notes) if mapper.unified == "groups" else None
    return Found(row, row["id"], True, notes, refs)


def _finish(reading: Reading, found: Found, record: Any) -> bool:
    """Completes the row with what stands elsewhere; whether it is a row at all."""
    if not found.is_kept or found.key is None:
        return False
    for name in reading.drop:
        found.row.pop(name, None)
    if reading.fill is not None:
        reading.fill(found.row, found.notes)
    if reading.with_remote_data:
        found.row["remote_data"] = record
    return True


def _tell(found: Found, notices: Notices) -> None:
    if not found.is_kept:
        notices.warn("left_out", "records that the mapping's `where` leaves out")
        return
    if found.key is None:
        found.notes.add("record_without_id", "$", "the record has no id that can be read; it is left out")
        notices.breaks.add("records_left_out")
    if found.notes.found:
        notices.add(found.notes.found, found.key)
