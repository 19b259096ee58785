"""Has an access token for an api: the one at hand, one that another asker obtained, or a new one.

One asker obtains, the others wait within their questions' time. Nothing is sent to the api meanwhile, so whatever
fails here leaves it untouched. What a vendor gave in place of a refresh token is stored before anything else is done.
"""

from __future__ import annotations

import math
import uuid
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from connector.account import Opened, OpenedApi
from connector.auth import OAuth2
from connector.errors import (
    ConnectorError,
    NeedsReauth,
    StoreUnavailable,
    VendorError,
    VendorFailure,
    VendorUnavailable,
)
from connector.flow import Budget, Flow, Pause, Unbroken, Work
from connector.grant import read_grant
from connector.pace import RetryPolicy, next_delay, parse_retry_after
from connector.tokens import LEASE, REFUSED_FOR, Granted, Held, Token, Tokens

__all__ = ["have_token"]

_LOOK_AGAIN: Final = 0.5
"""Seconds between two looks at a token that another asker obtains."""
_LONGEST_CALL: Final = 30.0
"""Seconds: an asker's turn must not end while its call is out."""
_PUT_AGAIN: Final = (0.5, 2.0)
"""Seconds before each further try to store what replaced a refresh token."""
_NEWEST: Final = 2**31
"""No token is newer than that version."""


def have_token(
    opened: Opened, api: OpenedApi, budget: Budget, *, newer_than: int | None = None, anew: bool = False
) -> Flow[Token | None]:
    """A good token, None for an api that takes none. `newer_than`: that version was refused.

    `anew`: what is kept isn't believed, neither a token nor a refusal. Raises what the vendor's answer means, NeedsReauth
    also where it is remembered, and VendorUnavailable where another asker takes too long.
    """
    if api.tokens is None:
        return None
    at_hand = None if anew else api.tokens.at_hand(budget.clock.now(), newer_than)
    if at_hand is not None:
        return at_hand
    asking = _Asking(opened, api, api.tokens, budget)
    try:
        return (yield from asking.have(_NEWEST if anew else newer_than, heeds=not anew))
    except VendorUnavailable as error:
        error.sent = False  # what the token is for
        raise
    except VendorError as error:
        error.is_told = True
        raise


@dataclass
class _Asking:
    """One who asks for a token, within one question."""

    opened: Opened
    api: OpenedApi
    tokens: Tokens
    budget: Budget
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    turn_ends: float = 0.0
    """By the clock's seconds, if it is its turn."""

    @property
    def auth(self) -> OAuth2:
        auth = self.api.definition.auth
        assert isinstance(auth, OAuth2)
        return auth

    def have(self, newer_than: int | None, *, heeds: bool) -> Flow[Token]:
        try:
            return (yield from self._have(newer_than, heeds=heeds))
        except Exception:
            yield Work(self._let_go)
            raise
        except BaseException:  # whoever asked went away: the next one need not wait for the lease to end
            self._let_go()
            raise

    def _have(self, newer_than: int | None, *, heeds: bool) -> Flow[Token]:
        tried = 0
        while True:
            held: Held = yield Work(self._claiming(newer_than, heeds=heeds))
            if held.token is not None:
                return held.token
            if held.state == "refused":
                raise NeedsReauth(
                    held.refusal,
                    hint="the vendor said so a moment ago: enter new credentials, or check again",
                )
            if newer_than == _NEWEST:
                newer_than = held.version  # what comes from now on is new
            wait = _LOOK_AGAIN
            if held.state == "ours":
                try:
                    token = yield from self._obtain(held)
                except VendorFailure as error:
                    tried += 1
                    wait = self._wait_after(error, tried)
                else:
                    if token is not None:
                        return token
                    continue  # another one brought a newer token meanwhile
            else:
                self._check_patience(held, wait)
            yield Pause(wait)

    def _check_patience(self, held: Held, wait: float) -> None:
        """Raises VendorUnavailable where this question has no time to wait for another's token.

        Nor for the end of a turn that has lasted for longer than a vendor may be silent: who has it is likely gone.
        """
        budget = self.budget
        ends_in = 0.0 if held.until is None else (held.until - budget.clock.now()).total_seconds()
        is_late = ends_in < LEASE.total_seconds() - budget.timeout
        if wait >= budget.left or (is_late and ends_in >= budget.left):
            raise VendorUnavailable(
                f"{self.opened.loaded.name}: another one is obtaining an access token, for longer than this question "
                "has time",
                retry_after=max(ends_in, wait),
                hint=f"ask again in {math.ceil(max(ends_in, wait))} s: by then it has one, or another may obtain it",
            )

    def _claiming(self, newer_than: int | None, *, heeds: bool) -> Callable[[], Held]:
        clock = self.budget.clock
        now, self.turn_ends = clock.now(), clock.seconds() + LEASE.total_seconds()
        return lambda: self.tokens.claim(now, self.holder, newer_than=newer_than, heeds=heeds)

    def _obtain(self, held: Held) -> Flow[Token | None]:
        """A new token; None where a newer one came meanwhile.

        Where the vendor throws away what it is asked with, its answer is heard and stored whoever still wants it.
        """
        asked = self._ask_and_put(held)
        token: Token | None = (yield Unbroken(asked)) if self.auth.rotates else (yield from asked)
        return token

    def _ask_and_put(self, held: Held) -> Flow[Token | None]:
        try:
            granted, failure = yield from self._ask(held)
        except NeedsReauth as error:
            shelf, owner, until = self.tokens.shelf, self.tokens.owner, self.budget.clock.now() + REFUSED_FOR
            message = error.message
            if (yield Work(lambda: shelf.refuse(owner, held.version, message, until))):
                raise
            return None
        self.tokens.note(granted)
        token = yield from self._put(held.version, granted)
        if failure is not None:
            raise failure
        return token

    def _put(self, version: int, granted: Granted) -> Flow[Token | None]:
        """Tried again within its turn where the vendor has replaced the refresh token: it must not get lost."""
        put = partial(self.tokens.put, version, granted)
        waits = iter(_PUT_AGAIN if granted.refresh is not None else ())
        try:
            while True:
                try:
                    token: Token | None = yield Work(put)
                except StoreUnavailable:
                    wait = next(waits, None)
                    if wait is None or self.budget.clock.seconds() + wait >= self.turn_ends:
                        raise
                else:
                    return token
                yield Pause(wait)
        except (GeneratorExit, KeyboardInterrupt, CancelledError):
            with suppress(ConnectorError):
                put()
            raise

    def _ask(self, held: Held) -> Flow[tuple[Granted, VendorFailure | None]]:
        auth, url, budget = self.auth, self.api.token_url, self.budget
        assert url is not None
        left = budget.left
        if left <= 0:
            raise VendorUnavailable(
                f"{self.opened.loaded.name}: no time is left to obtain an access token",
                hint="ask again later",
            )
        moment = budget.clock.moment()
        call = auth.request(url, self.api.values, moment, held.refresh)
        # What replaces a refresh token has time of its own: an answer that isn't waited for would be lost.
        deadline = _LONGEST_CALL if auth.rotates else min(left, _LONGEST_CALL)
        call = replace(call, timeout=min(budget.timeout, deadline), deadline=deadline)
        budget.used += 1
        began = budget.clock.seconds()
        trace: dict[str, Any] = {"method": call.method, "url": self.opened.redaction.text(call.url)}
        budget.trace.append(trace)
        try:
            answer = yield call
            trace |= {
                "status": answer.status,
                "bytes": len(answer.body),
                "seconds": round(budget.clock.seconds() - began, 4),
            }
            return read_grant(self.opened, self.api, answer, call, moment.now)
        except VendorFailure as error:
            trace["error"] = error.code
            raise

    def _wait_after(self, error: VendorFailure, tried: int) -> float:
        """Seconds until the next try, by the api's own rule. Raises the failure where there is none.

        An answer that got lost is asked for again also where it may have replaced the refresh token: the one before
        is all that there is, and a vendor that doesn't take it again has ended the grant anyway.
        """
        if error.retry_header is not None:
            error.retry_after = parse_retry_after(error.retry_header, self.budget.clock.now())
        rule, budget = self.api.definition.retry, self.budget
        policy = RetryPolicy(on=frozenset(rule.on), times=rule.times)
        wait = next_delay(
            policy, error, tried, repeatable=True, left=budget.left, random=budget.clock.random()
        )
        if wait is None:
            raise error
        return wait

    def _let_go(self) -> None:
        """Whether or not the turn is its own: one who went away may not have heard."""
        with suppress(ConnectorError):  # it ends by itself
            self.tokens.shelf.let_go(self.tokens.owner, self.holder)
