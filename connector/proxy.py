"""The vendor's own API, untouched, with the account's credentials: calls byte for byte, and commands word by word.

Only what the connector lists under `proxy` passes, and all of that only reads. A call is sent to the api's own
address and below it; path and query go out as they were written, and so does the body; no redirect is followed, and
any status is an answer. Never passed on:

- to the vendor: `Host`, lengths and what belongs to one connection (`Connection` and its like), credentials
  (`Authorization`, `Cookie`, what the api's auth style sets), and what would make another call of it (`X-Forwarded-…`,
  `X-HTTP-Method-Override`, `X-Original-URL` and their like). A caller who gives one of these is refused;
- to the caller: what belongs to one connection, `Set-Cookie`, the challenges and receipts of authentication
  (`WWW-Authenticate`, `Authentication-Info`), what the auth style sets. A secret in any other header is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from connector.account import Opened, OpenedApi
from connector.ask import ask, send_unread
from connector.call import Sent
from connector.egress import require_same_origin
from connector.errors import InvalidRequest, NotFound
from connector.exchange import write_query
from connector.flow import Budget, Flow, Moment
from connector.mapping.path import MISSING
from connector.plan import show_call
from connector.policy import METHODS, Proxy
from connector.redaction import Redaction
from connector.target import Target, read_target
from connector.template import fill_json, parse_template
from connector.wire import Answer
from connector.wire import Call as WireCall
from connector.yamlfile import nearest

__all__ = ["MAX_RECEIVED", "MAX_SENT", "Planned", "ask_command", "pass_call", "plan_pass"]

MAX_SENT: Final = 1024 * 1024
MAX_RECEIVED: Final = 32 * 1024 * 1024
"""The most bytes of a body, one way and the other."""

_OF_A_CONNECTION: Final = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NEVER_SENT: Final = _OF_A_CONNECTION | {
    "authorization",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "true-client-ip",
    "x-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
}
_TURNS_INTO_ANOTHER: Final = re.compile(r"^x-forwarded|override|rewrite|original-ur")
"""Names of headers by which some servers take a call for another one."""
_WISHES: Final = frozenset({"accept", "accept-encoding", "accept-language", "content-type"})
"""What a caller may say otherwise than the connector does."""
_OVERRIDES: Final = frozenset({"_method", "x-http-method-override", "x-method-override"})
"""Query parameters by which some servers take a call for another one."""
_NEVER_RETURNED: Final = _OF_A_CONNECTION | {
    "authentication-info",
    "authorization",
    "proxy-authentication-info",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
}


def pass_call(
    opened: Opened,
    method: str,
    target: str,
    headers: Mapping[str, str] | None,
    body: bytes | None,
    budget: Budget,
) -> Flow[Answer]:
    """The vendor's answer as it came. Raises InvalidRequest for what doesn't pass, and what no answer means."""
    planned = plan_pass(opened, method, read_target(target), headers or {}, body, budget.clock.moment())
    answer, made = yield from send_unread(opened, planned.api, planned.call, budget)
    hide = opened.redaction.also((*planned.secrets, *made))
    return replace(answer, headers=_returned(answer.headers, planned.hidden, hide))


@dataclass(frozen=True)
class Planned:
    """A call that may pass, complete but for its credential."""

    api: OpenedApi
    call: WireCall
    hidden: frozenset[str]
    """Names of the headers that the auth style sets."""
    secrets: tuple[str, ...] = field(repr=False)
    """What it sets there, besides the account's secrets."""


def plan_pass(
    opened: Opened,
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes | None,
    moment: Moment,
) -> Planned:
    """What would be sent. Sends nothing; raises InvalidRequest for what doesn't pass."""
    api, policy = _policy(opened, target.api)
    if not policy.allows(method, target.segments):
        raise InvalidRequest(
            f"{str(method)[:20]} {target.api}{target.path} does not pass the proxy; what passes: "
            f"{', '.join(policy.allow) or 'no call'}",
            hint=None if method in METHODS else f"methods are written {', '.join(METHODS)}",
        )
    if body is not None and not isinstance(body, bytes):
        raise InvalidRequest(f"the body: expected bytes, got {type(body).__name__}")
    if len(body or b"") > MAX_SENT:
        raise InvalidRequest(f"the body is larger than {MAX_SENT:,} bytes")
    bare = WireCall(method, api.base_url + target.path)
    signed = show_call(api, bare, moment)  # what the auth style sets is the same for every call
    own = fill_json(dict(api.definition.query), api.values)
    fixed = {name for name, _ in parse_qsl(urlsplit(signed.url).query, keep_blank_values=True)} | set(own)
    if override := sorted(
        _OVERRIDES & {_plain(name) for name in target.parameters} | _OVERRIDES & target.parameters
    ):
        raise InvalidRequest(
            f"the query parameter {override[0]!r} does not pass: it makes another call of this one"
        )
    if taken := sorted(fixed & target.parameters):
        raise InvalidRequest(f"the query parameter {taken[0]!r} is set by the connector itself; leave it out")
    hidden = frozenset(_plain(name) for name in signed.headers)
    query = "&".join(part for part in (target.query, write_query(own)) if part)
    call = replace(
        bare,
        url=bare.url + (f"?{query}" if query or target.query is not None else ""),
        headers=_sent(api, headers, hidden),
        body=body,
        max_bytes=MAX_RECEIVED,
        repeatable=method
        in ("GET", "HEAD"),  # whatever is listed: a lost answer to another may be a lost write
        is_raw=True,
    )
    require_same_origin(call.url, api.base_url)
    return Planned(api, call, hidden, signed.secrets)


def ask_command(opened: Opened, name: str, words: Sequence[str], budget: Budget) -> Flow[Any]:
    """The JSON answer to a command, None where it is empty. Raises as for any call through its exchange."""
    api, policy = _policy(opened, name)
    line = policy.line(words)
    if policy.exchange is None:  # as soon as one command passes, there is one
        raise InvalidRequest(f"{api.label} takes no commands")
    carried = Sent(exchange=policy.exchange, effect="read", give={"line": "{line}"})
    body = yield from ask(opened, api, carried, {"line": line}, budget)
    return None if body is MISSING else body


def _policy(opened: Opened, name: str) -> tuple[OpenedApi, Proxy]:
    api = opened.apis.get(name)
    if api is None:
        word = nearest(name, opened.apis)
        is_known = name in opened.loaded.definition.apis
        lacking = "is not connected here" if is_known else "is no api"
        if opened.entries(name):
            lacking = "stands here several times: say which"
        raise NotFound(
            f"{name!r} {lacking}; this account has: {', '.join(opened.apis)}",
            hint=f"did you mean {word}?" if word else None,
        )
    if api.definition.proxy is None:
        raise InvalidRequest(
            f"nothing passes the proxy to {api.name} ({api.label}): its connector lists nothing"
        )
    return api, api.definition.proxy


def _plain(name: str) -> str:
    """A header's name as the vendor may compare it: some servers take _ for -."""
    return name.lower().replace("_", "-")


def _sent(api: OpenedApi, given: Mapping[str, str], hidden: frozenset[str]) -> dict[str, str]:
    """The caller's headers over the api's own. Raises InvalidRequest for one that is never passed on."""
    known: dict[str, tuple[str, str]] = {}
    fixed = {_plain(name) for name in api.definition.headers} - _WISHES
    for name, value in given.items():
        plain = _plain(str(name))
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidRequest("headers: expected names and values that are text")
        if plain in _NEVER_SENT | hidden | fixed or _TURNS_INTO_ANOTHER.search(plain):
            raise InvalidRequest(
                f"the header {name} is not passed on: it belongs to the connection, to the credentials, "
                "or makes another call of this one"
            )
        if plain in known:
            raise InvalidRequest(f"the header {name} is given twice")
        known[plain] = (name, value)
    own = {
        name: parse_template(text).fill_header(api.values) for name, text in api.definition.headers.items()
    }
    # Bytes are passed on in the encoding that they came in: without a wish for one, in none.
    own.setdefault("Accept-Encoding", "identity")
    return {
        **{name: value for name, value in own.items() if _plain(name) not in known},
        **dict(known.values()),
    }


def _returned(headers: Mapping[str, str], hidden: frozenset[str], hide: Redaction) -> dict[str, str]:
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {
        name: hide.text(value)
        for name, value in headers.items()
        if name not in _NEVER_RETURNED | named and _plain(name) not in hidden
    }
