"""From a call of a connector and its values to a complete request, and to one that is signed. Pure: sends nothing,
waits for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from connector.account import OpenedApi
from connector.auth import OAuth2
from connector.auth.oauth2 import TOKEN
from connector.call import Sent
from connector.cursor import digest
from connector.egress import require_same_origin
from connector.errors import InvalidRequest
from connector.exchange import Request
from connector.flow import Moment
from connector.template import fill_json, secret_digests
from connector.wire import Call as WireCall

__all__ = ["MASK", "fingerprint", "plan_call", "show_call", "sign_call"]

MASK: Final = "***"


def plan_call(
    api: OpenedApi, request: Request, values: Mapping[str, Any], *, url: str | None = None, **added: Any
) -> WireCall:
    """The complete call, not signed yet. `added` as in Request.plan; `url` stands in place of path and query."""
    known = {**api.values, **values}
    way = api.definition.exchange_of(request, api.values)
    carried = request
    secret: tuple[str, ...] = ()
    if way is not None and isinstance(request, Sent):
        secret = tuple(secret_digests(request.give, known))
        known = {**known, **_given(request, known)}
        carried = way.submit
    call = carried.plan(
        api.base_url, known, query=api.definition.query, headers=api.definition.headers, **added
    )
    if carried is not request:  # what is carried decides, not what carries it
        call = replace(
            call,
            effect=request.effect or "read",
            repeatable=request.is_repeatable,
            secrets=(*call.secrets, *secret),
        )
    if url is not None:
        call = replace(call, url=url)
    require_same_origin(call.url, api.base_url)
    return call


def sign_call(api: OpenedApi, call: WireCall, moment: Moment, token: str | None) -> WireCall:
    """The call with the account's credential, as it is sent at that moment: each try is signed anew.

    `token` is the access token, where the api takes one. Raises InvalidRequest where a credential is missing or can't
    be sent.
    """
    values = api.values if token is None else {**api.values, TOKEN: token}
    return api.definition.auth.sign(call, values, moment)


def show_call(api: OpenedApi, call: WireCall, moment: Moment) -> WireCall:
    """The call as it would be sent, with a mask in place of an access token, which only the vendor could give."""
    if not isinstance(api.definition.auth, OAuth2):
        return sign_call(api, call, moment, None)
    return replace(sign_call(api, call, moment, MASK), secrets=call.secrets)


def fingerprint(call: WireCall) -> str:
    """What tells one request that is not signed from another."""
    headers = sorted(call.headers.items())
    return digest(call.method, call.url, headers, (call.body or b"").decode("utf-8", "replace"))


def _given(request: Sent, known: Mapping[str, Any]) -> dict[str, Any]:
    """What a call gives to its exchange. Raises Unquotable, InvalidRequest where a value for it is missing."""
    given = fill_json(dict(request.give), known)
    if lacking := sorted(set(request.give) - set(given)):
        raise InvalidRequest(f"nothing can be sent: {', '.join(lacking)} would be incomplete")
    return dict(given)
