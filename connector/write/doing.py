"""One write from its intent to what it came to: sent once, its answer read, and what it changed read back.

A write that the vendor answered clearly is done, whatever happens while it is looked at afterwards: a look that
fails is told, and is no failure of the write.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from connector.change import Change, Create, Said
from connector.errors import ConnectorError, InvalidRequest, VendorError
from connector.exchange import SubmitAndPoll
from connector.flow import Budget, Flow, Work
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.mapping.rules import InputRule
from connector.membership import Tables
from connector.model import UNIFIED
from connector.notices import Notices
from connector.seek import fetch_one
from connector.wire import Heard
from connector.write.intent import Intent
from connector.write.once import judged, send_once
from connector.write.planning import request_of
from connector.write.proof import NotShown, Proof, prove, seen_in_group

__all__ = ["Done", "write"]


@dataclass(frozen=True)
class Done:
    """What a write came to."""

    row: dict[str, Any] | None = field(repr=False)
    """What was changed, as it was read last; None where it was not read, or is gone."""
    outcome: Literal["done", "queued", "unchanged", "kept"]
    verified: bool
    """Whether it was read afterwards and is as it was asked for."""
    message: str | None = None


def write(intent: Intent, tables: Tables, calls: int, seconds: float, notices: Notices) -> Flow[Done]:
    """Sends it, once. `calls` and `seconds` bound what is read before and after; a queue is waited for as long as the
    connector says. Raises InvalidRequest before anything is sent, WriteOutcomeUnknown, WriteNotEffective, or what the
    vendor's answer means.
    """
    clock = tables.clock
    if intent.user_fields:
        assert intent.users is not None
        found = yield from fetch_one(
            [intent.users], intent.key or "", Budget(clock, calls, seconds), Notices()
        )
        intent = intent.with_user(found.row)
    request_of(intent)  # what can't be sent is refused before anything is read for it
    is_seen = True  # that someone is no longer in a group shows only where they were seen in it
    if intent.verb == "remove" and intent.call.verify:
        is_seen = yield from seen_in_group(intent, tables, Budget(clock, calls, seconds))
    heard = yield from _sent(intent, Budget(clock, calls, max(seconds, _queued_for(intent))), notices)
    row = _read(intent, heard, notices)
    claim, message = _claimed(intent.call, heard)
    if not intent.call.verify:
        return Done(row, claim or "done", False, message)
    proof = Proof(row, is_shown=False)
    try:
        proof = yield from prove(intent, row, tables, Budget(clock, calls, seconds), notices)
    except NotShown as missing:
        if claim != "queued" and intent.call.otherwise is not None:
            return Done(missing.row or row, intent.call.otherwise, False, intent.call.says)
        if claim not in ("queued", "unchanged"):
            raise missing.error from None
        proof = Proof(missing.row or row, is_shown=False)
        if claim == "unchanged":
            notices.warn("not_as_asked", missing.error.message, record_id=intent.key)
    except ConnectorError as error:
        if claim is None:
            raise judged(intent, _unsettled(intent, heard, error)) from None
        notices.warn("not_verified", f"it is {claim}, but could not be read afterwards: {error.message}")
    if proof.is_kept:
        message = intent.call.says or "the vendor keeps it, and only changed it"
        notices.warn("not_removed", message, record_id=intent.key)
        return Done(proof.row, "kept", True, message)
    if claim is None or (claim == "queued" and proof.is_shown):
        return Done(proof.row, "done", is_seen)
    return Done(proof.row, claim, proof.is_shown and is_seen, message)


def _claimed(call: Change, heard: Heard) -> tuple[Literal["done", "queued", "unchanged"] | None, str | None]:
    """(what the vendor calls it, the connector's words). None where the connector knows the words of what is done, and
    the answer has none of them: only what is read afterwards tells.
    """
    said: Said | None = heard.outcome
    if said is not None:
        return said.is_, said.hint
    if heard.status == HTTPStatus.ACCEPTED:  # RFC 9110 §15.3.3: it may yet be done, or not
        return "queued", None
    return (None if any(one.is_ == "done" for one in call.outcomes) else "done"), None


def _unsettled(intent: Intent, heard: Heard, error: ConnectorError) -> VendorError:
    name = intent.reading.opened.loaded.name
    return VendorError(
        f"{name}: the answer doesn't say that it was done, and it could not be read afterwards: {error.message}",
        status=heard.status,
        raw_response=None if heard.body is MISSING else intent.reading.opened.redaction.json(heard.body),
    )


def _queued_for(intent: Intent) -> float:
    """How long a queue is waited for: giving up earlier would make an outcome unknown that isn't."""
    api = intent.reading.api
    way = api.definition.exchange_of(intent.call, api.values)
    return way.poll.give_up + way.poll.slowing_to if isinstance(way, SubmitAndPoll) else 0.0


def _sent(intent: Intent, budget: Budget, notices: Notices) -> Flow[Heard]:
    """The answer. Nothing that was read before it came is shared any more."""
    captures = intent.reading.captures

    def wrote() -> None:
        try:
            captures.wrote(budget.clock.now())
        except ConnectorError as error:  # of our own store: the write is what it is
            notices.warn("may_be_stale", f"what was listed before may be listed again: {error.message}")

    yield Work(wrote)  # whatever becomes of us then
    try:
        heard = yield from send_once(intent, budget)
    except InvalidRequest:
        raise
    except ConnectorError:
        yield Work(wrote)
        raise
    except (GeneratorExit, KeyboardInterrupt, CancelledError):
        wrote()
        raise
    yield Work(wrote)
    return heard


def _read(intent: Intent, heard: Heard, notices: Notices) -> dict[str, Any] | None:
    """What was made, as the answer says it. Raises WriteOutcomeUnknown where it should, and doesn't."""
    call, reading = intent.call, intent.reading
    if not isinstance(call, Create) or call.record is None:
        return None
    name = reading.opened.loaded.name
    record = parse_path(call.record).one(heard.body, Notes()) if heard.body is not MISSING else MISSING
    if not isinstance(record, Mapping):
        shown = "nothing" if record is MISSING else json_type(record)
        wrong = f"{name}: expected what was made at {call.record}, got {shown}"
        raise judged(intent, VendorError(wrong, status=200))
    notes = Notes(lookups=reading.lookups)
    row = reading.source.mapper.read(record, notes, "create", intent.inputs)
    if "id" in row and row["id"] is None and call.found_by is None:
        raise judged(intent, VendorError(f"{name}: what was made has no id in the answer", status=200))
    for dropped in reading.drop:
        row.pop(dropped, None)
    reference = row.get("id") or next(
        (intent.inputs[one] for one, rule in call.input.items() if rule.made_from), None
    )
    notices.add(notes.found, reference)
    for field_name in _unanswered(intent, row, notes) if not call.verify else ():
        notices.warn(
            "not_answered",
            f"the vendor's answer has no {field_name}",
            field=field_name,
            record_id=reference,
        )
    return row


def _unanswered(intent: Intent, row: Mapping[str, Any], notes: Notes) -> list[str]:
    """Fields of what is only ever made that the answer doesn't fill, and of which nothing else was noted."""
    mapping = intent.reading.source.mapping
    if "id" in UNIFIED[mapping.unified].model_fields:  # it can be got, whatever its answer holds
        return []
    noted = {note.path for note in notes.found}
    return [
        name
        for name, rule in mapping.fields.items()
        if rule is not None
        and not isinstance(rule, InputRule)
        and row.get(name) is None
        and getattr(rule, "path", None) not in noted
    ]
