"""One logical call of an account: planned, sent within what the vendor allows, tried again, judged.

A call through `submit_and_poll` is submitted once, however long the vendor works on it: when the question's
time ends first, `StillWorking` says what to go on with. A lost ticket is never read as "not found", and
nothing is sent that could not be quoted for its place.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from connector.account import Opened, OpenedApi
from connector.answer import Decode, decode_json, meets, outcome_of, read_answer, unavailable
from connector.errors import (
    ConnectorError,
    InvalidRequest,
    NeedsReauth,
    RateLimited,
    VendorError,
    VendorFailure,
    VendorUnavailable,
)
from connector.exchange import Request, SubmitAndPoll
from connector.flow import Budget, Flow, Pause, Work
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.obtain import have_token
from connector.pace import RetryPolicy, next_delay, parse_retry_after
from connector.plan import plan_call, sign_call
from connector.wire import Answer, Heard
from connector.wire import Call as WireCall

__all__ = ["Pending", "Progress", "StillWorking", "ask", "hear", "still_working"]

Judge = Callable[[Answer, WireCall], Any]
Progress = dict[str, Any]
"""What the vendor works on, as plain JSON: its `ticket`, and `until` when it is waited for (seconds of the epoch)."""
_WORKING = object()
_UNAUTHORIZED = 401


@dataclass(frozen=True)
class Pending:
    """How a call that is still worked on is gone on with."""

    progress: Progress | None = None
    """What an earlier question left; nothing is submitted again."""
    note: Callable[[Progress], Work] | None = None
    """Told whenever the vendor is still at it."""


class StillWorking(Exception):  # not an error: the vendor has more to do than the question has time
    """The question's time ends before the vendor has answered. `reason` is why the last poll failed, if it did."""

    def __init__(self, progress: Progress | None, reason: ConnectorError | None = None) -> None:
        super().__init__("the vendor is still working")
        self.progress, self.reason = progress, reason


def ask(
    opened: Opened,
    api: OpenedApi,
    request: Request,
    values: Mapping[str, Any],
    budget: Budget,
    *,
    pending: Pending | None = None,
) -> Flow[Any]:
    """The JSON answer to one logical call: the body that `hear` hears."""
    return (yield from hear(opened, api, request, values, budget, pending=pending)).body


def hear(
    opened: Opened,
    api: OpenedApi,
    request: Request,
    values: Mapping[str, Any],
    budget: Budget,
    *,
    decode: Decode = decode_json,
    pending: Pending | None = None,
    **added: Any,
) -> Flow[Heard]:
    """The answer to one logical call. Raises what the vendor's answer or silence means.

    Raises StillWorking only where `pending` is given; without it that is VendorUnavailable. `added` as in plan_call.
    """
    asking = _Asking(opened, api, budget)
    plainly = asking.judge(request, decode)

    def judge(answer: Answer, sent: WireCall) -> Heard:
        body = plainly(answer, sent)
        return Heard(body, sent.url, answer.headers, answer.status, outcome_of(request, answer))

    way = api.definition.exchange_of(request, api.values)
    budget.used += 1
    if not isinstance(way, SubmitAndPoll):
        call = plan_call(api, request, values, **added)
        patience = way.silent_for if way is not None else None
        found: Heard = yield from asking.send(call, judge, counted=True, patience=patience)
        return found
    progress = pending.progress if pending else None
    wait = 0.0  # what an earlier question left has had its time
    if progress is None:
        call = plan_call(api, request, values, **added)
        progress = yield from asking.submit(way, call, request)
        wait = way.poll.every
    try:
        poll = plan_call(api, way.poll, {**values, "ticket": progress["ticket"]})
    except InvalidRequest as error:  # it was submitted: this is no refusal of ours
        raise VendorError(
            f"{opened.loaded.name}: its ticket can't be asked for: {error.message}", status=None
        ) from None
    note = pending.note if pending else None
    try:
        found = yield from asking.result(way, poll, progress, wait, asking.judge_poll(way, judge), note)
    except StillWorking as working:
        if pending is not None:
            raise
        raise working.reason or still_working(opened) from None
    return found


def still_working(opened: Opened) -> VendorUnavailable:
    """The failure of a question that can't be gone on with later."""
    return VendorUnavailable(
        f"{opened.loaded.name}: the vendor is still working, and the time for this question is over",
        hint="ask again later; CONNECTOR_MAX_SECONDS gives a question more time",
    )


def send_unread(
    opened: Opened, api: OpenedApi, call: WireCall, budget: Budget
) -> Flow[tuple[Answer, tuple[str, ...]]]:
    """(the answer to one call, whatever it says; what was made of secrets to sign it). Raises where there is none."""
    budget.used += 1
    found: tuple[Answer, tuple[str, ...]] = yield from _Asking(opened, api, budget).send(
        call, lambda answer, sent: (answer, sent.secrets), counted=True
    )
    return found


@contextmanager
def _noting_a_stop(call: WireCall, shown: str, *, was_sent: bool = True) -> Iterator[None]:
    """Whoever stops us while a write may be out finds that as the cause."""
    try:
        yield
    except (KeyboardInterrupt, CancelledError) as stop:
        if call.effect == "write" and was_sent:
            asked = f"{call.method} {shown.partition('?')[0]}"  # no query, as in every error
            raise stop from VendorUnavailable(f"{asked}: it was stopped before an answer came")
        raise


@dataclass(frozen=True)
class _Asking:
    """One api of an account, asked within one question."""

    opened: Opened
    api: OpenedApi
    budget: Budget

    def judge(self, request: Request, decode: Decode) -> Judge:
        return lambda answer, sent: read_answer(self.opened, self.api, request, answer, sent, decode)

    def judge_poll(self, way: SubmitAndPoll, judge: Judge) -> Judge:
        """What a poll brought: that the vendor is still at it, a result, or a failure.

        A failure of the request itself is returned, not raised: asking for the same result again changes nothing.
        """

        def judge_poll(answer: Answer, sent: WireCall) -> Any:
            if meets(way.poll.pending, answer):
                return _WORKING
            if way.poll.lost is not None and meets(way.poll.lost, answer):
                words = "what was submitted is lost: the vendor doesn't know its ticket any more"
                hint = "ask again, a listing without next_cursor; nothing is known of what was asked for"
                return unavailable(self.opened, answer, sent, words, hint)
            try:
                return judge(answer, sent)
            except VendorFailure as error:
                if any(meets(condition, answer) for condition in way.poll.again):
                    raise
                return error

        return judge_poll

    def submit(self, way: SubmitAndPoll, call: WireCall, request: Request) -> Flow[Progress]:
        """Submits once (again only what was refused or never left), and reads the ticket.

        What the call itself says of good and bad answers is about the result, not about this one.
        """

        def judge(answer: Answer, sent: WireCall) -> Any:
            return read_answer(self.opened, self.api, request, answer, sent, is_ticket=True)

        answer = yield from self.send(call, judge, once=True)
        found = parse_path(way.ticket).one(answer, Notes()) if answer is not MISSING else MISSING
        if type(found) not in (str, int) or found == "":
            shown = "nothing" if found is MISSING or found == "" else json_type(found)
            raise VendorError(f"{self.opened.loaded.name}: expected a ticket at {way.ticket}, got {shown}")
        return {"ticket": str(found), "until": self.budget.clock.now().timestamp() + way.poll.give_up}

    def result(
        self,
        way: SubmitAndPoll,
        poll: WireCall,
        progress: Progress,
        wait: float,
        judge: Judge,
        note: Callable[[Progress], Work] | None,
    ) -> Flow[Any]:
        """Polls, ever more slowly. Raises StillWorking when the question's time ends first."""
        while True:
            if note is not None:
                yield note(progress)
            # What an earlier question left is asked for once at least: it may have been done long ago.
            if wait and self.budget.clock.now().timestamp() + wait > progress["until"]:
                raise VendorUnavailable(
                    f"{self.opened.loaded.name}: the vendor did not finish within {way.poll.give_up:g} s what was submitted",
                    hint="its queue is stuck, or it needs longer than the connector waits (give_up); "
                    "ask again, a listing without next_cursor",
                )
            if wait >= self.budget.left:
                raise StillWorking(progress)
            if wait:
                yield Pause(wait)
            try:
                found = yield from self.send(poll, judge)
            except (RateLimited, VendorUnavailable) as error:
                raise StillWorking(progress, error) from None
            except VendorFailure as error:
                error.is_told = False  # it is about the poll, and says nothing of what was submitted
                raise
            if isinstance(found, VendorFailure):
                raise found
            if found is not _WORKING:
                return found
            wait = min(wait * 2 or way.poll.every, way.poll.slowing_to)

    def send(
        self,
        call: WireCall,
        judge: Judge,
        *,
        counted: bool = False,
        once: bool = False,
        patience: float | None = None,
    ) -> Flow[Any]:
        """One HTTP call with its retries. `counted`: each retry counts as a call of the question.

        `once`: what may have arrived is not sent again, unless the vendor's answer refuses it. `patience`: how many
        seconds the vendor may be silent. What is raised has the failures of the tries before: `earlier`.
        """
        earlier: list[VendorFailure] = []
        try:
            return (yield from self._try(call, judge, earlier, counted=counted, once=once, patience=patience))
        except ConnectorError as error:
            error.earlier = earlier
            raise

    def _try(
        self,
        call: WireCall,
        judge: Judge,
        earlier: list[VendorFailure],
        *,
        counted: bool,
        once: bool,
        patience: float | None,
    ) -> Flow[Any]:
        rule, budget = self.api.definition.retry, self.budget
        policy = RetryPolicy(on=frozenset(rule.on), times=rule.times)
        tried = 0
        refused: int | None = None  # the access token that the api did not take
        while True:
            had_time = budget.left > 0
            token = yield from have_token(self.opened, self.api, budget, newer_than=refused)
            yield from self._within_allowance(is_first=not earlier)
            left = budget.left
            if left <= 0 and (tried or had_time):  # a new token may have taken longer than the question has
                raise VendorUnavailable(
                    f"{self.opened.loaded.name}: no time is left for {'another try' if tried else 'the call'}",
                    hint="ask again",
                    sent=False,
                )
            access = None if token is None else token.access
            sent = sign_call(self.api, call, budget.clock.moment(), access)
            silence = patience or budget.timeout
            sent = replace(sent, timeout=min(silence, max(left, 0.1)), deadline=max(left, 0.1))
            budget.used += counted and tried > 0
            began = budget.clock.seconds()
            shown = self.opened.redaction.also(sent.secrets).text(sent.url)
            trace: dict[str, Any] = {"method": sent.method, "url": shown}
            budget.trace.append(trace)
            raised: VendorFailure | None = None
            is_refused = False
            try:
                with _noting_a_stop(call, shown):
                    answer = yield sent
                trace |= {
                    "status": answer.status,
                    "bytes": len(answer.body),
                    "seconds": round(budget.clock.seconds() - began, 4),
                }
                is_refused = answer.status == _UNAUTHORIZED and call.effect == "read"
                found = judge(answer, replace(call, secrets=sent.secrets))  # judged without its credential
            except VendorFailure as error:
                raised = found = error
            if isinstance(found, VendorFailure):
                self._note(found, trace)
                is_refused |= found.status == _UNAUTHORIZED
                is_refused |= isinstance(found, NeedsReauth) and call.effect == "read"
            if is_refused and token is not None and refused is None:
                # A call with a new one, once. Nothing took effect, so that a write may be sent again too: that is what
                # 401 means (RFC 9110 §15.5.2), unless the connector reads it as done; and a write is not sent again for
                # a connector's reading of anything else.
                refused = token.version
                budget.used += counted
                continue
            if raised is None:
                return found
            tried += 1
            delay = next_delay(
                policy,
                raised,
                tried,
                repeatable=call.repeatable and not (once and raised.status is None),
                left=budget.left,
                random=budget.clock.random(),
            )
            if delay is None:
                raise raised
            earlier.append(raised)
            was_sent = any(not isinstance(one, VendorUnavailable) or one.sent for one in earlier)
            with _noting_a_stop(call, shown, was_sent=was_sent):
                yield Pause(delay)

    def _note(self, error: VendorFailure, trace: dict[str, Any]) -> None:
        trace["error"] = error.code
        if error.retry_header is not None:
            error.retry_after = parse_retry_after(error.retry_header, self.budget.clock.now())

    def _within_allowance(self, *, is_first: bool) -> Flow[None]:
        """Waits until the account may send another call; raises RateLimited, unsent, where that takes too long."""
        allowance, budget = self.api.allowance, self.budget
        while allowance is not None and (wait := allowance.take(budget.clock.seconds())) > 0:
            if wait >= budget.left:
                rule = self.api.definition.rate
                raise RateLimited(
                    f"{self.opened.loaded.name}: {rule.budget.text if rule else 'all'} calls are what "
                    f"{self.api.label} allows, and they are used up"
                    + ("; nothing was sent" if is_first else ""),
                    retry_after=wait,
                )
            yield Pause(wait)
