"""What a vendor's answer means: a JSON body, or one error of the tree. Pure.

The call's own error rules come first, then the api's, the connector's, the engine's table by HTTP status,
and last what a good answer is expected to say. Messages name the method and address without the query;
what the vendor sent is redacted before it gets into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connector import errors
from connector.account import Opened, OpenedApi
from connector.call import Sent
from connector.change import Change, Said
from connector.errorrule import ErrorRule
from connector.errors import VendorError, VendorFailure
from connector.exchange import Request
from connector.mapping.condition import AnswerCondition, AnswerFacts
from connector.mapping.path import MISSING, Notes, parse_path
from connector.redaction import Redaction
from connector.wire import Answer
from connector.wire import Call as WireCall

__all__ = ["REFUSALS", "Apart", "Decode", "decode_json", "meets", "outcome_of", "read_answer", "unavailable"]

Decode = Callable[[bytes], Any]
"""A body as JSON; MISSING where it is none."""

_RAW_CHARS = 2_000
_SAID_CHARS = 500
_MARK = b"\xef\xbb\xbf"


def decode_json(body: bytes) -> Any:
    """The JSON value, or MISSING."""
    try:
        return msgspec.json.decode(body.removeprefix(_MARK))  # RFC 8259 §8.1: a mark may be ignored
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return MISSING


class Apart:
    """Decodes a body but for the records of a listing, which stay as their own bytes: `records`.

    What is decoded has an empty list in their place. Where they aren't where `path` says (plain keys, then
    `[*]`), the whole is decoded and `records` stays None.
    """

    def __init__(self, path: str) -> None:
        self._keys = tuple(str(key) for key in parse_path(path).leading)
        self.records: list[msgspec.Raw] | None = None

    def __call__(self, body: bytes) -> Any:
        self.records = None  # those of an answer before, which was refused
        try:
            return self._split(msgspec.Raw(body.removeprefix(_MARK)), self._keys)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.records = None
            return decode_json(body)

    def _split(self, text: msgspec.Raw, keys: tuple[str, ...]) -> Any:
        if not keys:
            self.records = msgspec.json.decode(text, type=list[msgspec.Raw])
            return []
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return {
            name: self._split(value, keys[1:]) if name == keys[0] else msgspec.json.decode(value)
            for name, value in fields.items()
        }


def meets(condition: AnswerCondition, answer: Answer) -> bool:
    """Whether an answer meets a condition, before it is judged."""
    if not condition.may_hold(answer.status):  # a large answer is decoded once, when it is judged
        return False
    return condition.compile()(_facts(answer, decode_json))


def outcome_of(request: Request, answer: Answer) -> Said | None:
    """What the connector says of an answer like this one to a write."""
    if not isinstance(request, Change) or not request.outcomes:
        return None
    return _said_of(request, _facts(answer, decode_json))


def _said_of(change: Change, facts: AnswerFacts) -> Said | None:
    return next((said for said in change.outcomes if said.when.compile()(facts)), None)


def unavailable(opened: Opened, answer: Answer, sent: WireCall, words: str, hint: str) -> VendorFailure:
    """The failure of an answer that says nothing of what was asked for."""
    message = f"{_asked(opened, sent)} answered {_status(answer.status)}: {words}"
    hide = _hide(opened, sent)
    return _error("vendor_unavailable", hide, message, None, _facts(answer, decode_json), answer, hint=hint)


def read_answer(
    opened: Opened,
    api: OpenedApi,
    call: Request,
    answer: Answer,
    sent: WireCall,
    decode: Decode = decode_json,
    *,
    is_ticket: bool = False,
) -> Any:
    """The JSON body (MISSING where there is none). Raises what the answer means when it is a failure.

    `is_ticket`: it answers what only carries the call; what the call says of good and bad answers isn't about it.
    """
    facts = _facts(answer, decode)
    body = facts.json
    failure = _failure(opened, api, call, facts, answer, sent, is_ticket=is_ticket)
    if failure is not None:
        raise failure
    if body is MISSING and answer.body.strip() and (is_ticket or outcome_of(call, answer) is None):
        shown = _reason(answer.body)
        if sent.effect != "write":  # what opens the thing that was made may stand there, and isn't known yet
            shown += f"; it begins {_begin(_hide(opened, sent), facts.text)}"
        raise VendorError(
            f"{_asked(opened, sent)}: the answer is not JSON ({shown})",
            status=answer.status,
        )
    return body


def _failure(
    opened: Opened,
    api: OpenedApi,
    call: Request,
    facts: AnswerFacts,
    answer: Answer,
    sent: WireCall,
    *,
    is_ticket: bool,
) -> VendorFailure | None:
    own = call if isinstance(call, Sent) and not is_ticket else None
    if isinstance(own, Change) and _said_of(own, facts) is not None:
        return None
    way = api.definition.exchange_of(call, api.values)
    rules: list[ErrorRule] = [*(own.errors if own else ()), *(way.errors if way else ())]
    for rule in (*rules, *api.definition.errors, *opened.loaded.definition.errors):
        if rule.when.compile()(facts):
            said = _said(rule, facts)
            message = f"{_asked(opened, sent)} answered {_status(facts.status)}"
            hide = _hide(opened, sent)
            found = _error(
                rule.is_, hide, message, said, facts, answer, hint=rule.hint, after=rule.retry_after
            )
            # A rule that looks only at the kind of a good answer says that it isn't understood, not that it failed; and
            # what broke, was busy or slowed down on the vendor's side may have done so after the write.
            is_about_it = rule.when.asks_what_it_says or not 200 <= facts.status <= 299  # noqa: PLR2004
            found.is_told = is_about_it and isinstance(found, REFUSALS)
            return found
    if not 200 <= facts.status <= 299:  # noqa: PLR2004 - RFC 9110 §15.3
        return _error(
            _code_of(facts.status),
            _hide(opened, sent),
            f"{_asked(opened, sent)} answered {_status(facts.status)}",
            None,
            facts,
            answer,
        )
    wanted = [] if is_ticket else [api.definition.expect, own.expect if own else None]
    if any(condition is not None and not condition.compile()(facts) for condition in wanted):
        message = (
            f"{_asked(opened, sent)} answered {_status(facts.status)}, but not what the connector expects"
        )
        if facts.json is MISSING:
            message += ": it is empty" if facts.body_kind == "empty" else ": it is not JSON"
        return _error("vendor_error", _hide(opened, sent), message, None, facts, answer)
    return None


REFUSALS: Final = (errors.VendorNotFound, errors.Conflict, errors.VendorRefused)
"""What says that the thing that was asked for isn't done."""
_ERRORS: Mapping[str, type[VendorFailure]] = {
    "not_found": errors.VendorNotFound,
    "needs_reauth": errors.NeedsReauth,
    "forbidden": errors.Forbidden,
    "rate_limited": errors.RateLimited,
    "conflict": errors.Conflict,
    "invalid_request": errors.VendorRefused,
    "vendor_unavailable": errors.VendorUnavailable,
    "vendor_error": errors.VendorError,
}
_CODES = {
    401: "needs_reauth",
    403: "forbidden",
    404: "not_found",
    408: "vendor_unavailable",
    409: "conflict",
    410: "not_found",
    429: "rate_limited",
    499: "vendor_unavailable",  # a proxy's, of whoever hung up
}
_HINTS = {
    "needs_reauth": "the vendor refuses the credentials: enter new ones",
    "forbidden": "the credentials are accepted, but may not do this: give them the right at the vendor",
}


def _code_of(status: int) -> str:
    """The engine's own table, after every rule of the connector (RFC 9110 §15)."""
    if status in _CODES:
        return _CODES[status]
    if 300 <= status <= 399:  # noqa: PLR2004
        return "vendor_error"
    return "invalid_request" if 400 <= status <= 499 else "vendor_unavailable"  # noqa: PLR2004


def _error(
    code: str,
    hide: Redaction,
    message: str,
    said: str | None,
    facts: AnswerFacts,
    answer: Answer,
    *,
    hint: str | None = None,
    after: str | None = None,
) -> VendorFailure:
    raw = None if facts.json is MISSING else hide.json(facts.json)
    if raw is None or len(facts.raw) > _RAW_CHARS:
        # Redacted before it is cut, and JSON as values: half of a secret, or an escaped one, would not be found.
        text = hide.text(facts.text) if raw is None else msgspec.json.encode(raw).decode()
        raw = (text if len(text) <= _RAW_CHARS else text[:_RAW_CHARS] + " …") or None
    if 300 <= facts.status <= 399:  # noqa: PLR2004
        hint = hint or "redirects are not followed with credentials; check the base address"
    return _ERRORS[code](
        message + (f": {hide.text(said)[:_SAID_CHARS]}" if said else ""),
        status=facts.status,
        hint=hint or _HINTS.get(code),
        raw_response=raw,
        retry_header=answer.headers.get((after or "retry-after").lower()),
    )


def _said(rule: ErrorRule, facts: AnswerFacts) -> str | None:
    if rule.message is None or facts.json is MISSING:
        return None
    found = parse_path(rule.message).one(facts.json, Notes())
    if isinstance(found, list) and found and all(isinstance(line, str) for line in found):
        return " ".join(found)
    return found if isinstance(found, str) else None


def _hide(opened: Opened, sent: WireCall) -> Redaction:
    """Hides all that may stand in an answer: before it is cut, or half of an access token would show."""
    return opened.hide().also(sent.secrets)


def _asked(opened: Opened, sent: WireCall) -> str:
    """What was asked, without query, headers or body; a path may hold an id, never a secret."""
    parts = urlsplit(sent.url)
    return opened.redaction.text(
        f"{opened.loaded.name}: {sent.method} {parts.scheme}://{parts.netloc}{parts.path}"
    )


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _begin(hide: Redaction, text: str) -> str:
    return repr(hide.text(text)[:60])


def _reason(body: bytes) -> str:
    """Why a body isn't JSON, and at which byte."""
    try:
        msgspec.json.decode(body.removeprefix(_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error) or type(error).__name__
    return "not JSON"


def _facts(answer: Answer, decode: Decode) -> AnswerFacts:
    body = decode(answer.body)
    return AnswerFacts(answer.status, answer.body, _kind(answer, body), body)


def _kind(answer: Answer, body: Any) -> str:
    if not answer.body.strip():
        return "empty"
    if body is not MISSING:
        return "json"
    try:
        answer.body.decode("utf-8")
    except UnicodeDecodeError:
        return "binary"
    return "text"
