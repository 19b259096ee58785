"""Which ids a walk has had before, in constant memory: digests in a temporary file that goes with the walk.

Never keeps an id itself. Two different ids are taken for one about once in 10^7 walks of a million.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Self

__all__ = ["SeenIds"]


class SeenIds:
    """Digests (64 bits) of ids. A context manager."""

    def __init__(self) -> None:
        # An unnamed SQLite database lives in a private temporary file, and in memory while it is small.
        self._digests = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._digests.execute("PRAGMA journal_mode = OFF")
        self._digests.execute("CREATE TABLE seen (digest INTEGER PRIMARY KEY, unit INTEGER NOT NULL)")
        self.repeats = 0
        """How many ids were added that the same listing had before."""

    def add(self, ids: Sequence[str], units: Sequence[int] = ()) -> list[int]:
        """Adds ids, each from one of several listings (the first, if `units` are not given), and counts those that the
        same listing had before. The places of those that another listing had before: the same record, met twice.
        """
        rows = [
            (int.from_bytes(hashlib.blake2b(found.encode(), digest_size=8).digest(), signed=True), unit)
            for found, unit in zip(ids, units or [0] * len(ids), strict=True)
        ]
        self._digests.execute("BEGIN")
        if any(units):
            met = [at for at, (found, unit) in enumerate(rows) if self._meets(found, unit)]
        else:
            added = self._digests.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows).rowcount
            self.repeats += len(rows) - max(added, 0)
            met = []
        self._digests.execute("COMMIT")
        return met

    def _meets(self, found: int, unit: int) -> bool:
        """Adds one; whether another listing had it before."""
        known = self._digests.execute("SELECT unit FROM seen WHERE digest = ?", (found,)).fetchone()
        if known is None:
            self._digests.execute("INSERT INTO seen VALUES (?, ?)", (found, unit))
        self.repeats += known == (unit,)
        return known is not None and known != (unit,)

    def close(self) -> None:
        self._digests.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
