"""When a call may be sent: again after a failure, and within what the vendor allows.

Promises: a call that may have reached the vendor is repeated only if it is repeatable; no wait ends after
the deadline; the vendor's own `Retry-After` goes before our guess. Never sleeps, never looks at a clock and
never rolls dice: the time left and the random number are given.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connector.errors import RateLimited, VendorFailure, VendorUnavailable

__all__ = ["Allowance", "Backoff", "RetryPolicy", "next_delay", "parse_retry_after"]

LONGEST_RETRY_AFTER = 86_400.0
LONGEST_HTTP_DATE = 64  # nearly twice the longest of the three forms


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow: `first`, times `factor` each time, `most` at last; all in seconds."""

    first: float = 0.5
    factor: float = 2.0
    most: float = 30.0

    def delay(self, tried: int, random: float) -> float:
        """The wait after the `tried`-th try (from 1); `random` in [0, 1] picks from its upper half."""
        try:
            grown = min(self.first * self.factor ** max(tried - 1, 0), self.most)
        except OverflowError:
            grown = self.most
        # Callers that failed together must not come back together.
        return grown * (0.5 + 0.5 * min(max(random, 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which failures (by error code) are worth another try, and how many more tries there are."""

    on: frozenset[str] = frozenset({RateLimited.code, VendorUnavailable.code})
    times: int = 3
    backoff: Backoff = field(default_factory=Backoff)


class Allowance:
    """So many calls in any window of so many seconds. Threads may share it."""

    def __init__(self, count: int, seconds: float) -> None:
        self._taken: deque[float] = deque(maxlen=count)
        self._seconds = seconds
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """0 when a call may be sent at `now` (and is counted), else the seconds until one may be."""
        with self._lock:
            if len(self._taken) == self._taken.maxlen and (wait := self._taken[0] + self._seconds - now) > 0:
                return wait
            self._taken.append(now)
            return 0.0


def next_delay(
    policy: RetryPolicy, error: VendorFailure, tried: int, *, repeatable: bool, left: float, random: float
) -> float | None:
    """Seconds to wait before the next try, or None: raise `error`.

    `tried` counts the tries that were made (1 after the first failure), so a call is sent at most
    `policy.times + 1` times. `left` is the time to the deadline.
    """
    if error.code not in policy.on or tried > policy.times:
        return None
    not_sent = isinstance(error, VendorUnavailable) and not error.sent
    if not (repeatable or not_sent):
        return None
    asked = error.retry_after or 0.0
    delay = asked if asked > 0 else policy.backoff.delay(tried, random)
    return delay if delay < left else None


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110 §10.2.3), at most a day; None for nonsense.

    `now` is aware; a date that has passed is 0.
    """
    text = value.strip(" \t")
    if not text.isascii():
        return None
    if text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)  # not int(), which refuses thousands of digits
    moment = _http_date(text) if len(text) <= LONGEST_HTTP_DATE else None
    if moment is None:
        return None
    return min(max(math.ceil((moment - now).total_seconds()), 0.0), LONGEST_RETRY_AFTER)


def _http_date(text: str) -> datetime | None:
    """A date in any of the three forms of RFC 9110 §5.6.7, or in one of mail's that are close to them."""
    text = text.replace(":60 ", ":59 ")  # a leap second, which datetime doesn't know
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is not None:
        return moment
    # Only asctime's form has no zone and is UTC; anything else without one named a zone that nobody knows.
    is_asctime = text[3:].replace("  ", " 0") == moment.ctime()[3:].replace("  ", " 0")
    return moment.replace(tzinfo=UTC) if is_asctime else None
