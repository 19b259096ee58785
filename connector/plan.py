"""From a call of a connector and its values to a complete, signed request. Pure: sends nothing, waits for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.account import OpenedApi
from connector.cursor import digest
from connector.definition import Sent
from connector.egress import require_same_origin
from connector.errors import InvalidRequest
from connector.exchange import Request
from connector.template import fill_json
from connector.wire import Call as WireCall

__all__ = ["fingerprint", "plan_call"]


def plan_call(api: OpenedApi, request: Request, values: Mapping[str, Any], **added: Any) -> WireCall:
    """The complete, signed call. `added` as in Request.plan."""
    known = {**api.values, **values}
    way = api.definition.exchange_of(request, api.values)
    carried = request
    if way is not None and isinstance(request, Sent):
        known = {**known, **_given(request, known)}
        carried = way.submit
    call = carried.plan(
        api.base_url, known, query=api.definition.query, headers=api.definition.headers, **added
    )
    if carried is not request:  # what is carried decides, not what carries it
        call = replace(call, effect=request.effect or "read", repeatable=request.is_repeatable)
    require_same_origin(call.url, api.base_url)
    return api.definition.auth.sign(call, known)


def fingerprint(call: WireCall) -> str:
    """What tells one request from another, its credentials left out."""
    return digest(call.method, call.url, (call.body or b"").decode("utf-8", "replace"))


def _given(request: Sent, known: Mapping[str, Any]) -> dict[str, Any]:
    """What a call gives to its exchange. Raises Unquotable, InvalidRequest where a value for it is missing."""
    given = fill_json(dict(request.give), known)
    if lacking := sorted(set(request.give) - set(given)):
        raise InvalidRequest(f"nothing can be sent: {', '.join(lacking)} would be incomplete")
    return dict(given)
