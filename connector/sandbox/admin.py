"""The vendor's Admin REST API over a made-up customer, of which the audit events are there: a Litestar application.

A double of Keeper's cloud. Documented, and so copied: the path, that `Bearer …` stands in the header `x-api-token`,
the parameters `start_date`, `end_date` and `limit`, the keys of an event (its own fields flat among them), that
`continuation_token` is null and `has_more` false at the end, and the statuses 400 and 401.

Inferred from the documentation's words, not said by it: that the token of a page is sent as `continuation_token`, and that
`limit` is 100 by itself.

Made up, because nothing is known: the key under which the events stand (`events`, or what the sandbox is told), the
oldest first, at most 1,000 to a page, that both times may be left out, what a token looks like and that it
belongs to the times it was given for, every error's body, 429 itself.

It keeps its state on the event loop that serves it, and never reaches outside this process.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException

from connector.sandbox.budget import Budget, Clock
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.events import KINDS, Event
from connector.sandbox.shapes import Json

__all__ = ["ADMIN_PATH", "admin_app"]

ADMIN_PATH = "/api/rest/public"

_PAGE = 100
_LARGEST_PAGE = 1_000
_Request = Request[Any, Any, Any]


class _Refused(Exception):
    """Says what is wrong with a request."""


def admin_app(
    enterprise: Enterprise,
    *,
    events_key: str = "events",
    rate: int | None = None,
    clock: Clock = time.monotonic,
) -> Litestar:
    """Shows what happened at the customer. `rate`: calls in a minute of `clock`."""
    tenant = enterprise.tenant
    budget = Budget(rate, clock)

    async def admit(request: _Request) -> Response[bytes] | None:
        given = request.headers.get("x-api-token", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {tenant.admin_token}".encode()):
            return _said(401, {"error": "Invalid API token"})
        if (wait := budget.spend()) is not None:
            return _said(429, {"error": "Too many requests"}, {"retry-after": str(wait)})
        return None

    @get("/events")
    async def list_events(request: _Request) -> Response[bytes]:
        query = request.query_params
        kept = enterprise.events.all
        window = f"{query.get('start_date', '')}/{query.get('end_date', '')}"
        first = bisect_left(kept, _time(query, "start_date", 0), key=_at)
        last = bisect_right(kept, _time(query, "end_date", 1 << 62), key=_at)
        place = first if (token := query.get("continuation_token")) is None else _place(token, window)
        shown = kept[place : min(place + _size(query), last)]
        has_more = place + len(shown) < last
        records = [_record(tenant.enterprise_id, event) for event in shown]
        token = _token(place + len(shown), window) if has_more else None
        return _said(200, {events_key: records, "continuation_token": token, "has_more": has_more})

    return Litestar(
        [list_events],
        path=ADMIN_PATH,
        before_request=admit,
        exception_handlers={
            _Refused: lambda _, error: _said(400, {"error": str(error)}),
            HTTPException: lambda _, error: _said(error.status_code, {"error": error.detail}),
        },
        openapi_config=None,
        logging_config=None,
    )


def _record(enterprise_id: int, event: Event) -> Json:
    return {
        "audit_event": event.kind,
        "category": KINDS[event.kind].category,
        "remote_address": event.agent.address,
        "client_version": event.agent.version,
        "username": event.username,
        "timestamp": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "enterprise_id": enterprise_id,
        **event.facts,
    }


def _at(event: Event) -> int:
    return event.at


def _time(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _Refused(f"{name} must be a time such as 2025-11-24T00:00:00Z") from error
    if moment.tzinfo is None:
        raise _Refused(f"{name} must say its offset from UTC")
    return int(moment.timestamp())


def _size(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(_PAGE))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _LARGEST_PAGE):
        raise _Refused(f"limit must be 1 to {_LARGEST_PAGE}")
    return int(text)


def _token(place: int, window: str) -> str:
    return urlsafe_b64encode(f"{place}/{window}".encode()).decode()


def _place(token: str, window: str) -> int:
    try:
        place, _, its_window = urlsafe_b64decode(token.encode()).decode().partition("/")
        if its_window == window:
            return int(place)
    except ValueError:
        pass
    raise _Refused("continuation_token is not one of this listing")


def _said(status: int, body: Json, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers)
