"""The requests of Commander Service Mode that wait, and the results that are kept.

A double of Keeper's Commander 18.1.8. Documented or read in its source, and so copied: at most 100 requests
wait; one that has waited longer than 300 s is expired; a result is kept for 3600 s; times are local and don't
say of where.

Made up: the vendor's worker takes the next request when it is free, whereas here a request runs at the look
that comes after so many others, so that its pending state is seen and no time needs to pass; each runs for
itself, not in turn; no more than 200 results are kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.sandbox.budget import Clock
from connector.sandbox.commander_console import Outcome

__all__ = ["EXPIRED", "Queue", "QueueFull", "Ticket"]

EXPIRED = "Error: Request expired after waiting more than 300s in queue"

_LONGEST = 100
_PATIENCE = 300
_RETENTION = 3600
_RESULTS_KEPT = 200


class QueueFull(Exception):
    """As many requests wait as may."""


def _now() -> str:
    return datetime.now(UTC).astimezone().replace(tzinfo=None).isoformat()


@dataclass(slots=True)
class Ticket:
    """One request: it waits, is started, and has an outcome, unless it expires before it is started."""

    line: str
    moment: float
    """When it came, by the queue's clock; when it ended, once it has."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    looks: int = 0
    created_at: str = field(default_factory=_now)
    started_at: str | None = None
    completed_at: str | None = None
    outcome: Outcome | None = None

    @property
    def state(self) -> str:
        if self.completed_at is not None:
            return "expired" if self.outcome is None else "completed"
        return "queued" if self.started_at is None else "processing"


class Queue:
    """Runs lines by `run`, each at the look at it that follows on `pending_looks` others."""

    def __init__(self, run: Callable[[str], Outcome], clock: Clock, pending_looks: int) -> None:
        self._run = run
        self._clock = clock
        self._pending_looks = pending_looks
        self._open: dict[str, Ticket] = {}
        self._ended: dict[str, Ticket] = {}

    def submit(self, line: str) -> Ticket:
        """Raises QueueFull."""
        self._tidy()
        if self._waiting >= _LONGEST:
            raise QueueFull
        ticket = Ticket(line, self._clock())
        self._open[ticket.id] = ticket
        return ticket

    def look(self, key: str) -> Ticket | None:
        """The request of this id; each look brings it nearer to its end."""
        self._tidy()
        ticket = self._open.get(key)
        if ticket is None:
            return self._ended.get(key)
        if ticket.looks >= self._pending_looks:
            self.finish(ticket)
        elif ticket.looks == 1:  # the first look finds it waiting
            ticket.started_at = _now()
        ticket.looks += 1
        return ticket

    def finish(self, ticket: Ticket) -> Outcome:
        """Runs it now."""
        ticket.started_at = ticket.started_at or _now()
        ticket.outcome = self._run(ticket.line)
        self._end(ticket)
        return ticket.outcome

    def counts(self) -> dict[str, object]:
        self._tidy()
        started = [ticket.id for ticket in self._open.values() if ticket.started_at is not None]
        return {
            "queue_size": self._waiting,
            "active_requests": len(self._open),
            "completed_requests": len(self._ended),
            "currently_processing": started[0] if started else None,
            "worker_running": True,
        }

    @property
    def _waiting(self) -> int:
        return sum(ticket.started_at is None for ticket in self._open.values())

    def _end(self, ticket: Ticket) -> None:
        ticket.completed_at = _now()
        ticket.moment = self._clock()
        del self._open[ticket.id]
        self._ended[ticket.id] = ticket
        if len(self._ended) > _RESULTS_KEPT:
            del self._ended[next(iter(self._ended))]

    def _tidy(self) -> None:
        now = self._clock()
        for ticket in list(self._open.values()):
            if ticket.started_at is None and now - ticket.moment > _PATIENCE:
                self._end(ticket)
        for ticket in list(self._ended.values()):
            if now - ticket.moment > _RETENTION:
                del self._ended[ticket.id]
