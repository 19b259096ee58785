"""A fixture's answer as the api's exchange would carry it: submitted and polled, or at once. Knows no connector by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from connector.exchange import SubmitAndPoll
from connector.mapping.path import parse_path
from connector.plan import fingerprint, plan_call
from connector.reading import Reading
from connector.wire import Answer, Call

__all__ = ["answering"]

_JSON = {"content-type": "application/json"}
_DONE = Answer(200, _JSON, b"{}")


def answering(reading: Reading, body: bytes) -> Callable[[Call], Answer]:
    """Answers what the connector asks for a listing or a record with `body`, and what it sends before with `{}`."""
    api, listing = reading.api, reading.resource.list
    before = listing.before if listing is not None else ()
    refreshing = {fingerprint(plan_call(api, one, reading.values)) for one in before}
    way = listing and api.definition.exchange_of(listing, api.values)
    whole = Answer(200, _JSON, body)
    if not isinstance(way, SubmitAndPoll):
        return lambda call: _DONE if fingerprint(call) in refreshing else whole

    def ticket(word: str) -> Answer:
        value: Any = word
        for key in reversed(parse_path(way.ticket).leading):
            value = {key: value}
        return Answer(202, _JSON, json.dumps(value).encode())

    def answer(call: Call) -> Answer:
        if fingerprint(call) in refreshing:
            return ticket("refreshed")
        if call.method == way.submit.verb.upper():
            return ticket("asked")
        return whole if "asked" in call.url else _DONE

    return answer
