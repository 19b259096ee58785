"""How many calls a minute a double of the vendor's cloud answers before it wants fewer.

Made up for SCIM, where no limit is known. Copied for Commander Service Mode, which counts from the first call
of a minute on and starts anew when it is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["Budget", "Clock"]

Clock = Callable[[], float]
"""Seconds since any moment; never goes back."""

_WINDOW = 60.0


class Budget:
    """So many calls in each minute, counted from the first of them; no `rate` is no limit."""

    def __init__(self, rate: int | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._began = -math.inf
        self._spent = 0

    def spend(self) -> int | None:
        """None if there was one left, else the seconds until there is."""
        if self._rate is None:
            return None
        now = self._clock()
        if now - self._began >= _WINDOW:
            self._began, self._spent = now, 0
        if self._spent < self._rate:
            self._spent += 1
            return None
        return max(1, math.ceil(self._began + _WINDOW - now))
