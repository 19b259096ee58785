"""What tests of captures share: one who asks at a shelf, with times as seconds after `NOW`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.captures import Capture, Captures, Chunk, Shelf, Taken

__all__ = ["BUDGET", "NOW", "Asker", "chunk_of", "later"]

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
BUDGET = 10_000
"""How many bytes an account's captures may take."""


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def chunk_of(size: int) -> Chunk:
    """A chunk that takes so many bytes; a shelf doesn't look into it."""
    return Chunk(os.urandom(size))


@dataclass(frozen=True)
class Asker:
    """An account at a shelf, by one holder."""

    shelf: Shelf
    account: str
    holder: str = "one"

    def by(self, holder: str) -> Asker:
        """The same account, asked by another holder."""
        return replace(self, holder=holder)

    def claim(self, key: str = "users", *, at: float = 0, young: float | None = None) -> Capture:
        newer_than = None if young is None else later(young)
        return self.shelf.claim(self.account, key, now=later(at), newer_than=newer_than, holder=self.holder)

    def reclaim(self, capture: Capture, at: float = 0) -> Capture | None:
        return self.shelf.reclaim(self.account, capture.id, now=later(at), holder=self.holder)

    def renew(self, capture: Capture, until: float, progress: dict[str, Any] | None = None) -> None:
        self.shelf.renew(self.account, capture.id, self.holder, later(until), progress)

    def put(self, capture: Capture, *chunks: Chunk, at: float = 0, expires: float = 900) -> Capture | None:
        taken = Taken(taken_at=later(at), expires_at=later(expires), count=500 * len(chunks), declared=0)
        return self.shelf.put(self.account, capture.id, self.holder, chunks, taken)

    def take(self, *chunks: Chunk, key: str = "users", at: float = 0, expires: float = 900) -> Capture:
        """A new capture, ready at once."""
        ready = self.put(self.claim(key, at=at), *chunks, at=at, expires=expires)
        assert ready is not None
        return ready

    def drop(self, capture: Capture) -> None:
        self.shelf.drop(self.account, capture.id, self.holder)

    def chunk(self, capture: Capture, place: int = 0) -> Chunk | None:
        return self.shelf.chunk(self.account, capture.id, place)

    def due(self, name: str, *, at: float, every: float = 60) -> bool:
        return Captures(self.shelf, self.account).due(name, now=later(at), every=timedelta(seconds=every))

    def done(self, name: str, *, at: float) -> None:
        self.shelf.done(self.account, name, now=later(at))
