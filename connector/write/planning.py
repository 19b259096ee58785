"""A write as it would be sent, its secrets masked. Pure: there is no way to the network from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from connector.flow import Moment
from connector.plan import plan_call, show_call
from connector.write.intent import Intent

__all__ = ["Plan", "plan"]


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


def plan(intent: Intent, moment: Moment) -> Plan:
    """The request that `write` would send at that moment. Raises InvalidRequest."""
    first = []
    if intent.reading.api.token_url is not None:
        url = intent.reading.api.token_url
        first.append(f"unless one is at hand, an access token would be obtained at {url}")
    if needed := sorted(intent.user_fields):
        intent = intent.with_user({name: f"{{user.{name}}}" for name in needed})
        first.append(f"the user {intent.key} would be read, for {', '.join(needed)}")
    reading = intent.reading
    call = plan_call(reading.api, intent.call, intent.values)
    call = show_call(reading.api, call, moment)
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
