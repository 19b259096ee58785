"""What a token's address answers: a token, or why there is none (RFC 6749 §5). Pure.

Hostile until it is validated. Nothing of a body is ever shown but the error's word and description: it may hold a
token in any form. A refresh token that replaces the last one is read even where the rest can't be used: whoever
gave it has thrown the last one away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from connector import errors
from connector.account import Opened, OpenedApi
from connector.answer import decode_json
from connector.auth import OAuth2
from connector.errors import VendorError, VendorFailure
from connector.mapping.path import MISSING, json_type
from connector.tokens import Granted
from connector.wire import Answer
from connector.wire import Call as WireCall

__all__ = ["read_grant"]

_TEXT: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LONGEST: Final = 100 * 365 * 86_400
_MARGIN: Final = 60.0
"""Seconds before its end in which a token is not used any more, a tenth of a short life at most."""
_DESCRIBED: Final = 300

_MEANS: Final[Mapping[str, type[VendorFailure]]] = {
    "invalid_grant": errors.NeedsReauth,
    "invalid_client": errors.NeedsReauth,
    "unauthorized_client": errors.NeedsReauth,
    "access_denied": errors.Forbidden,
    "invalid_request": errors.VendorRefused,
    "invalid_scope": errors.VendorRefused,
    "invalid_target": errors.VendorRefused,
    "unsupported_grant_type": errors.VendorRefused,
    "slow_down": errors.RateLimited,
    "temporarily_unavailable": errors.VendorUnavailable,
    "server_error": errors.VendorUnavailable,
}
"""RFC 6749 §5.2 and its registry; the rest follows from the status."""
_HINTS: Final[Mapping[type[VendorFailure], str]] = {
    errors.NeedsReauth: "the vendor refuses what the account was connected with: enter new credentials",
    errors.VendorRefused: "what is asked for (scope, audience, grant) stands under `auth` of the connector",
    errors.Forbidden: "the client is known, but may not have this: give it the right at the vendor",
}


def read_grant(
    opened: Opened, api: OpenedApi, answer: Answer, sent: WireCall, asked_at: datetime
) -> tuple[Granted, VendorFailure | None]:
    """(what was given, why no access token is among it). Raises what the answer means when nothing was given."""
    body = decode_json(answer.body)
    fields = body if isinstance(body, dict) else {}
    is_good = 200 <= answer.status <= 299  # noqa: PLR2004 - RFC 9110 §15.3
    if not is_good or ("error" in fields and "access_token" not in fields):
        raise _refused(opened, answer, fields, sent)
    rotates = isinstance(api.definition.auth, OAuth2) and api.definition.auth.rotates
    refresh, wrong_refresh = _refresh_token(fields) if rotates else (None, None)
    wrong = _not_object(answer, body) or _wrong(fields) or wrong_refresh
    if wrong is None:
        expires_at = _expires_at(fields.get("expires_in"), asked_at)
        return Granted(fields["access_token"], expires_at, refresh), None
    failure = _failure(VendorError, opened, sent, answer.status, wrong)
    if refresh is None:
        raise failure
    return Granted(None, None, refresh), failure


def _not_object(answer: Answer, body: Any) -> str | None:
    if not answer.body.strip():
        return "it is empty"
    if body is MISSING:
        begins = answer.body.lstrip()[:1]
        return "it is an HTML or XML page, not JSON" if begins == b"<" else "it is not JSON"
    return None if isinstance(body, dict) else f"expected an object, got {json_type(body)}"


def _wrong(fields: Mapping[str, Any]) -> str | None:
    """What keeps the access token from being used."""
    if "access_token" not in fields:
        return "it has no access_token"
    if not _is_token(fields["access_token"]):
        return "access_token: expected a text of visible ASCII characters, 16,384 at most"
    kind = fields.get("token_type")
    if not isinstance(kind, str):
        return f"token_type: expected Bearer, got {'nothing' if kind is None else json_type(kind)}"
    if kind.lower() != "bearer":
        shown = f": {kind}" if _WORD.fullmatch(kind) and kind != fields["access_token"] else ""
        return f"token_type: expected Bearer, got another one{shown}"
    return _wrong_length(fields.get("expires_in"))


def _wrong_length(seconds: Any) -> str | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return f"expires_in: expected a number of seconds, got {json_type(seconds)}"
    if not 0 <= seconds <= _LONGEST:  # NaN is nowhere, and of a long int no float can be made
        return "expires_in: it is negative, or longer than any token lives"
    return None


def _expires_at(seconds: float | None, asked_at: datetime) -> datetime | None:
    return None if seconds is None else asked_at + timedelta(seconds=seconds - min(_MARGIN, seconds / 10))


def _refresh_token(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(the refresh token that replaces the last one, what is wrong with it)."""
    given = fields.get("refresh_token")
    if given is None:
        return None, None
    if not _is_token(given):
        return None, (
            "refresh_token: expected a text of visible ASCII characters; the vendor may have thrown the one before "
            "away: if the next call is refused, enter a new one"
        )
    return given, None


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def _refused(opened: Opened, answer: Answer, fields: Mapping[str, Any], sent: WireCall) -> VendorFailure:
    word = fields.get("error")
    known = word if isinstance(word, str) and _WORD.fullmatch(word) else None
    kind = _kind(answer.status, known)
    said = known or ""
    described = fields.get("error_description")
    words = " ".join(described.split()) if isinstance(described, str) else ""
    if known and words and words.isprintable():
        said += f" ({words})"
    return _failure(kind, opened, sent, answer.status, said, header=answer.headers.get("retry-after"))


def _kind(status: int, word: str | None) -> type[VendorFailure]:
    """Never VendorNotFound: that would be read of what was asked for."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return errors.RateLimited
    if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:  # noqa: PLR2004 - RFC 9110 §15.6
        return errors.VendorUnavailable
    if word is not None and word in _MEANS:
        return _MEANS[word]
    if status == HTTPStatus.UNAUTHORIZED:
        return errors.NeedsReauth
    if status == HTTPStatus.FORBIDDEN:
        return errors.Forbidden
    return errors.VendorRefused if status == HTTPStatus.BAD_REQUEST else VendorError


def _failure(
    kind: type[VendorFailure],
    opened: Opened,
    sent: WireCall,
    status: int,
    said: str,
    *,
    header: str | None = None,
) -> VendorFailure:
    hide = opened.hide().also(sent.secrets)
    shown = hide.text(said)[:_DESCRIBED]
    hint = _HINTS.get(kind)
    if 300 <= status <= 399:  # noqa: PLR2004 - RFC 9110 §15.4
        hint = "redirects are not followed with credentials; check the token's address"
    return kind(
        f"{opened.loaded.name}: no access token from {hide.text(sent.url)}, which answered {status}"
        + (f": {shown}" if shown else ""),
        status=status,
        hint=hint,
        retry_header=header,
    )
