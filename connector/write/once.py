"""A write sent at most once, and what its answer or silence means.

What was sent and got no clear answer is `WriteOutcomeUnknown`, with what to ask the vendor by: never done, never
failed, and never sent again by itself. A queue's ticket is told with it.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any

from connector.answer import REFUSALS
from connector.ask import Pending, Progress, StillWorking, hear, still_working
from connector.errors import (
    ConnectorError,
    RateLimited,
    VendorError,
    VendorFailure,
    VendorUnavailable,
    WriteOutcomeUnknown,
)
from connector.flow import Budget, Flow, Work
from connector.mapping.path import Notes, parse_path
from connector.mapping.rules import PathRule
from connector.wire import Heard
from connector.write.intent import Intent

__all__ = ["judged", "send_once"]


def send_once(intent: Intent, budget: Budget) -> Flow[Heard]:
    """The answer. Raises InvalidRequest before anything is sent, WriteOutcomeUnknown, or what the answer means.

    What stops it while it may be out (Ctrl-C, a cancelled task) goes on as it is, with WriteOutcomeUnknown as its cause.
    """
    reading, ticket = intent.reading, dict[str, Any]()

    def note(progress: Progress) -> Work:
        return Work(lambda: ticket.update(progress))

    try:
        return (
            yield from hear(
                reading.opened,
                reading.api,
                intent.call,
                intent.values,
                budget,
                pending=Pending(note=note),
            )
        )
    except StillWorking as working:
        ticket.update(working.progress or {})
        raise judged(intent, working.reason or still_working(reading.opened), ticket) from None
    except ConnectorError as error:
        if not isinstance(error, VendorFailure) and not ticket and not error.earlier:
            raise
        raise judged(intent, error, ticket) from None
    except (KeyboardInterrupt, CancelledError) as stop:
        out = stop.__cause__
        if ticket and not isinstance(out, VendorUnavailable):
            out = VendorUnavailable(
                f"{reading.opened.loaded.name}: it was stopped while the vendor worked on it"
            )
        if not isinstance(out, VendorUnavailable):
            raise
        raise stop from judged(intent, out, ticket)


def judged(intent: Intent, error: ConnectorError, ticket: Mapping[str, Any] | None = None) -> ConnectorError:
    """The failure as it bears on a write: refused, not sent, or not known.

    What was sent more than once is not known either where an earlier try is not, whatever the last one came to.
    """
    is_submitted = bool(ticket)
    failures = [_as_failure(error, is_submitted), *([] if is_submitted else map(_as_failure, error.earlier))]
    unclear = next((one for one in failures if _is_unclear(one, is_submitted=is_submitted)), None)
    last = _hiding(intent, failures[0])
    if unclear is None:
        return last if isinstance(error, VendorFailure) else error
    sent = "it was sent"
    if unclear is not last:
        sent = f"an earlier try was sent ({_hiding(intent, unclear).message})"
    asked = {**intent.asked, **({"ticket": ticket["ticket"]} if ticket else {})}
    shown = ", ".join(f"{name} {value}" for name, value in asked.items() if name not in ("verb", "resource"))
    return WriteOutcomeUnknown(
        f"{last.message}; {sent}, and whether it took effect is not known "
        f"({intent.verb} {intent.resource}{': ' + shown if shown else ''})",
        status=unclear.status,
        hint="it is not sent again by itself: ask the vendor whether it took effect"
        + (", by what is named above" if shown else ""),
        details=[asked],
        raw_response=unclear.raw_response,
    )


def _as_failure(error: ConnectorError, is_submitted: bool = False) -> VendorFailure:
    """One of ours (the store's, a refused address) keeps a call from being sent."""
    if isinstance(error, VendorFailure):
        return error
    return VendorUnavailable(error.message, hint=error.hint, sent=is_submitted)


def _is_unclear(error: VendorFailure, *, is_submitted: bool) -> bool:
    """Whether a write that was sent may have taken effect: neither the vendor nor its status says that it failed.

    Once it is queued, only what a rule of the connector reads as a failure is one: any other answer may be about the
    question for the result.
    """
    if is_submitted:
        return not (error.is_told and isinstance(error, REFUSALS))
    if isinstance(error, VendorUnavailable):
        return error.sent
    if _is_refused(error.status or 0):
        return False
    if isinstance(error, RateLimited):  # without a status it is our own allowance, and nothing was sent
        return error.status is not None
    return isinstance(error, VendorError) and not error.is_told


def _is_refused(status: int) -> bool:
    """Whether a status says that nothing was done (RFC 9110 §15.4, §15.5).

    Of redirections only those that ask for the same request elsewhere: the others may show what was made.
    """
    return status in (307, 308) or 400 <= status <= 499  # noqa: PLR2004


def _hiding(intent: Intent, error: VendorFailure) -> VendorFailure:
    """The error without what the mapping says is secret in an answer (an activation link).

    Where something may have been made, that stands anywhere in an answer that isn't understood: none of it is shown.
    """
    reading = intent.reading
    rules = reading.source.mapping.fields.values()
    paths = [rule.path for rule in rules if isinstance(rule, PathRule) and rule.secret]
    found = [parse_path(path).one(error.raw_response, Notes()) for path in paths]
    hide = reading.opened.redaction.also(value for value in found if isinstance(value, str))
    is_shown = not reading.source.mapper.secret_fields or not 200 <= (error.status or 0) <= 299  # noqa: PLR2004
    error.raw_response = hide.json(error.raw_response) if is_shown else None
    error.message = hide.text(error.message)
    error.args = (error.message,)
    return error
