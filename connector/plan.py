"""From a call of a connector and its values to a complete, signed request. Pure: sends nothing, waits for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.account import OpenedApi
from connector.definition import Call
from connector.egress import require_same_origin
from connector.exchange import Request
from connector.template import fill_json
from connector.wire import Call as WireCall

__all__ = ["plan_call"]


def plan_call(api: OpenedApi, request: Request, values: Mapping[str, Any], **added: Any) -> WireCall:
    """The complete, signed call. `added` as in Request.plan."""
    known = {**api.values, **values}
    if isinstance(request, Call) and request.exchange is not None:
        way = api.definition.exchanges[request.exchange]
        known = {**known, **fill_json(dict(request.give), known)}
        request = way.submit
    call = request.plan(
        api.base_url, known, query=api.definition.query, headers=api.definition.headers, **added
    )
    require_same_origin(call.url, api.base_url)
    return api.definition.auth.sign(call, known)
