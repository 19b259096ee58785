"""When a failed call may be sent again, and how long to wait first.

Promises: a call that may have reached the vendor is repeated only if it is repeatable; no wait ends after
the deadline; the vendor's own `Retry-After` goes before our guess. Never sleeps, never looks at a clock and
never rolls dice: the time left and the random number are given.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.errors import RateLimited, VendorFailure, VendorUnavailable

__all__ = ["Backoff", "RetryPolicy", "next_delay", "parse_retry_after"]

LONGEST_RETRY_AFTER = 86_400.0


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


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>[0-5]\d|60)"
_HTTP_DATES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # The three forms of RFC 9110 §5.6.7; a recipient has to read the two old ones as well.
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>\d\d) (?P<month>[A-Z][a-z]{{2}}) (?P<year>\d{{4}}) {_CLOCK} GMT",
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{{2}})-(?P<short_year>\d\d) {_CLOCK} GMT",
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{{2}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})",
    )
)
_SECONDS = re.compile(r"\d+", re.ASCII)


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110 §10.2.3), at most a day; None for nonsense.

    `now` is aware; a date that has passed is 0.
    """
    text = value.strip(" \t")
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_RETRY_AFTER)  # not int(), which refuses thousands of digits
    moment = _http_date(text, now)
    if moment is None:
        return None
    return min(max(math.ceil((moment - now).total_seconds()), 0.0), LONGEST_RETRY_AFTER)


def _http_date(text: str, now: datetime) -> datetime | None:
    found = next((match for form in _HTTP_DATES if (match := form.fullmatch(text))), None)
    if found is None or found["month"] not in _MONTHS:
        return None
    parts = found.groupdict()
    if (short := parts.get("short_year")) is not None:
        year = int(short) + now.year - now.year % 100
        if year > now.year + 50:  # RFC 9110 §5.6.7: then the century before is meant
            year -= 100
    else:
        year = int(parts["year"])
    try:
        return datetime(
            year,
            _MONTHS.index(found["month"]) + 1,
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            min(int(found["second"]), 59),  # a leap second is written 60
            tzinfo=UTC,
        )
    except ValueError:
        return None
