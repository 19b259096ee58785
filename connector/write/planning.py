"""A write as it would be sent, its secrets masked. Pure: there is no way to the network from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.mapping.lookup import Unread
from connector.plan import plan_call, show_call
from connector.wire import Call
from connector.write.intent import Intent

__all__ = ["Plan", "plan", "request_of"]


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
    """What would be sent before it. What is only then known stands as a hole in its place."""
    warns: str | None = None
    """What a person should know before it is sent."""

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        return {n: value for n, value in found.items() if n not in ("first", "warns") or value is not None}

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


def request_of(intent: Intent) -> Call:
    """The request, not signed yet. Raises InvalidRequest where a value can't stand in it."""
    try:
        return plan_call(intent.reading.api, intent.call, intent.values)
    except InvalidRequest as error:
        raise type(error)(f"nothing was sent: {error.message}", hint=error.hint) from None


def plan(intent: Intent, moment: Moment) -> Plan:
    """The request that `write` would send at that moment. Raises InvalidRequest."""
    first = []
    if intent.reading.api.token_url is not None:
        url = intent.reading.api.token_url
        first.append(f"unless one is at hand, an access token would be obtained at {url}")
    for name, rows in intent.reading.lookups.items():
        if isinstance(rows, Unread):
            first.append(f"the {name} would be read, to look up in them")
    if needed := sorted(intent.user_fields):
        intent = intent.with_user({name: f"{{user.{name}}}" for name in needed})
        first.append(f"the user {intent.key} would be read, for {', '.join(needed)}")
    reading = intent.reading
    call = show_call(reading.api, request_of(intent), moment)
    hide = reading.opened.redaction.also(call.secrets)
    return Plan(
        call.method,
        hide.text(call.url),
        {name: hide.text(value) for name, value in call.headers.items()},
        None if call.body is None else hide.text(call.body.decode("utf-8", "replace")),
        call.effect,
        call.repeatable,
        "; ".join(first) or None,
        intent.call.warns,
    )
