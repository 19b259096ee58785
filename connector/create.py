"""Makes one of a resource: checked, sent at most once, and never read as done or not done without a clear answer.

What was sent and got no clear answer is `WriteOutcomeUnknown`, with the reference under which to ask the vendor.
A plan shows the exact request with its secrets masked, and has no way to the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from connector.ask import ask
from connector.call import Create
from connector.cursor import digest
from connector.errors import (
    ConnectorError,
    InvalidRequest,
    VendorError,
    VendorFailure,
    VendorUnavailable,
    WriteOutcomeUnknown,
)
from connector.flow import Budget, Flow, Moment
from connector.inputs import read_inputs
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.mapping.rules import InputRule, PathRule
from connector.notices import Notices
from connector.plan import plan_call, show_call
from connector.reading import Reading

__all__ = ["Plan", "create_one", "plan_create"]


@dataclass(frozen=True)
class Plan:
    """What would be sent, its secrets masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    effect: str
    repeatable: bool
    first: str | None = None
    """What would be sent before it."""

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "first" or value is not None}

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


def plan_create(reading: Reading, given: Mapping[str, Any], moment: Moment) -> Plan:
    """The request that `create_one` would send at that moment. Raises InvalidRequest."""
    call = plan_call(reading.api, _create(reading), _values(reading, given))
    call = show_call(reading.api, call, moment)
    hide = reading.opened.redaction.also(call.secrets)
    return Plan(
        call.method,
        hide.text(call.url),
        {name: hide.text(value) for name, value in call.headers.items()},
        None if call.body is None else hide.text(call.body.decode("utf-8", "replace")),
        call.effect,
        call.repeatable,
        _first(reading),
    )


def _first(reading: Reading) -> str | None:
    url = reading.api.token_url
    return None if url is None else f"unless one is at hand, an access token would be obtained at {url}"


def create_one(
    reading: Reading, given: Mapping[str, Any], budget: Budget, notices: Notices
) -> Flow[dict[str, Any]]:
    """The row of what was made. Raises InvalidRequest before anything is sent, WriteOutcomeUnknown, or what the answer means."""
    create = _create(reading)
    values = _values(reading, given)
    sent = {name.removeprefix("input."): value for name, value in values.items()}
    try:
        body = yield from ask(reading.opened, reading.api, create, values, budget)
        record = parse_path(create.record).one(body, Notes()) if body is not MISSING else MISSING
        if not isinstance(record, Mapping):
            shown = "nothing" if record is MISSING else json_type(record)
            raise VendorError(
                f"{reading.opened.loaded.name}: expected what was made at {create.record}, got {shown}",
                status=200,
            )
    except VendorFailure as error:
        raise _judged(reading, create, sent, error) from None
    notes = Notes()
    row = reading.source.mapper.read(record, notes, "create", sent)
    reference = next((sent[name] for name, rule in create.input.items() if rule.made_from), None)
    notices.add(notes.found, reference)
    for name in _unanswered(reading, row, notes):
        notices.warn("not_answered", f"the vendor's answer has no {name}", field=name, record_id=reference)
    return row


def _create(reading: Reading) -> Create:
    create = reading.resource.create
    if create is None:
        raise InvalidRequest(
            f"{reading.opened.loaded.name} can't create {reading.source.mapping.unified}: {reading.source.name} has no `create`"
        )
    return create


def _values(reading: Reading, given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"fields: expected name → value, got {type(given).__name__}")
    opened = reading.opened
    # An account that isn't kept has no id: what is the same for the same person must not change with its settings.
    owner = opened.account if opened.version else digest(opened.loaded.name, reading.api.base_url)
    checked = read_inputs(_create(reading).input, given, reading.api.values, owner)
    return {f"input.{name}": value for name, value in checked.items()}


def _judged(
    reading: Reading, create: Create, sent: Mapping[str, Any], error: VendorFailure
) -> ConnectorError:
    """The failure as it bears on a write: refused, not sent, or not known."""
    error = _hiding(reading, error)
    if not _is_unclear(error):
        return error
    named = {name: sent[name] for name, rule in create.input.items() if rule.made_from is not None}
    shown = ", ".join(f"{name} {value}" for name, value in named.items())
    return WriteOutcomeUnknown(
        f"{error.message}; it was sent, and whether it took effect is not known"
        + (f" ({shown})" if shown else ""),
        status=error.status,
        hint="it is not sent again by itself: ask the vendor whether it took effect"
        + (", by the reference above" if shown else ""),
        details=[named] if named else [],
        raw_response=error.raw_response,
    )


def _is_unclear(error: VendorFailure) -> bool:
    """Whether a write that was sent may have taken effect: neither the vendor nor its status says that it failed."""
    if isinstance(error, VendorUnavailable):
        return error.sent
    is_refused = 300 <= (error.status or 0) <= 499  # noqa: PLR2004 - RFC 9110 §15.4, §15.5
    return isinstance(error, VendorError) and not error.is_told and not is_refused


def _hiding(reading: Reading, error: VendorFailure) -> VendorFailure:
    """The error without what the mapping says is secret in an answer (an activation link).

    Where something may have been made, that stands anywhere in an answer that isn't understood: none of it is shown.
    """
    rules = reading.source.mapping.fields.values()
    paths = [rule.path for rule in rules if isinstance(rule, PathRule) and rule.secret]
    found = [parse_path(path).one(error.raw_response, Notes()) for path in paths]
    hide = reading.opened.redaction.also(value for value in found if isinstance(value, str))
    is_shown = not reading.source.mapper.secret_fields or not 200 <= (error.status or 0) <= 299  # noqa: PLR2004
    error.raw_response = hide.json(error.raw_response) if is_shown else None
    error.message = hide.text(error.message)
    error.args = (error.message,)
    return error


def _unanswered(reading: Reading, row: Mapping[str, Any], notes: Notes) -> list[str]:
    """Fields that the mapping reads from the answer, that came out null, and of which nothing else was noted."""
    noted = {note.path for note in notes.found}
    return [
        name
        for name, rule in reading.source.mapping.fields.items()
        if rule is not None
        and not isinstance(rule, InputRule)
        and row.get(name) is None
        and getattr(rule, "path", None) not in noted
    ]
