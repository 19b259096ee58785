"""A listing's call with what stands `before` it, which makes the vendor answer with what is true now.

Each step is sent once: what the vendor already works on (`progress` has the step and its ticket) is gone on
with. What the vendor refuses is a warning or an error, as the connector says, never a silent old answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connector.answer import Decode, decode_json
from connector.ask import Pending, Progress, StillWorking, ask, hear
from connector.call import Before, Call
from connector.cursor import digest
from connector.errors import Forbidden, VendorRefused
from connector.flow import Budget, Flow, Work
from connector.plan import fingerprint, plan_call
from connector.reading import Reading
from connector.wire import Heard

__all__ = ["ask_prepared"]

_LEAST = 1.0
"""Seconds that must be left for a further step to be sent."""
Warn = Callable[[str, str], Any]
Note = Callable[[Progress], Work]


def ask_prepared(
    reading: Reading,
    call: Call,
    values: Mapping[str, Any],
    budget: Budget,
    warn: Warn,
    *,
    before: Sequence[Before],
    progress: Progress | None,
    note: Note | None = None,
    decode: Decode = decode_json,
    **added: Any,
) -> Flow[Heard]:
    """The answer to the call. Raises StillWorking with what to go on with, and what `hear` raises."""
    step = 0 if progress is None else progress["step"]
    try:
        for first in before[step:]:
            yield from _refresh(reading, first, _pending(step, progress, note), budget, warn)
            step, progress = step + 1, None
            _need_time(budget)
        return (
            yield from hear(
                reading.opened,
                reading.api,
                call,
                values,
                budget,
                decode=decode,
                pending=_pending(step, progress, note),
                **added,
            )
        )
    except StillWorking as working:
        raise StillWorking({**(working.progress or {}), "step": step}, working.reason) from None


def _need_time(budget: Budget) -> None:
    """What is sent in the last moment could be lost: the next question begins with it. Raises StillWorking."""
    if budget.left < _LEAST:
        raise StillWorking(None)


def _refresh(reading: Reading, first: Before, pending: Pending, budget: Budget, warn: Warn) -> Flow[None]:
    shelf, account = reading.captures.shelf, reading.captures.account
    name = digest(reading.api.name, fingerprint(plan_call(reading.api, first, reading.values)))
    if pending.progress is None and first.at_most_every is not None:
        now, every = budget.clock.now(), timedelta(seconds=first.at_most_every)
        if not (yield Work(lambda: reading.captures.due(name, now=now, every=every))):
            return
    try:
        yield from ask(reading.opened, reading.api, first, reading.values, budget, pending=pending)
    except (Forbidden, VendorRefused) as error:
        if first.if_refused == "fail":
            raise
        warn("may_be_stale", f"what the vendor lists may be stale: {error.message}")
    else:
        ended = budget.clock.now()
        yield Work(lambda: shelf.done(account, name, now=ended))


def _pending(step: int, progress: Progress | None, note: Note | None) -> Pending:
    if progress is not None and "ticket" not in progress:  # the step was not begun yet
        progress = None
    if note is None:
        return Pending(progress)
    return Pending(progress, lambda known: note({**known, "step": step}))
