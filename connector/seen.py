"""Which ids a walk has had before, in constant memory: digests in a temporary file that goes with the walk.

Never keeps an id itself. Two different ids are taken for one about once in 10^7 walks of a million.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import Self

__all__ = ["SeenIds"]


class SeenIds:
    """Digests (64 bits) of ids. A context manager."""

    def __init__(self) -> None:
        # An unnamed SQLite database lives in a private temporary file, and in memory while it is small.
        self._digests = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._digests.execute("PRAGMA journal_mode = OFF")
        self._digests.execute("CREATE TABLE seen (digest INTEGER PRIMARY KEY)")
        self.repeats = 0
        """How many ids were added that were there before."""

    def add(self, ids: Iterable[str]) -> None:
        """Adds ids, and counts those that come again."""
        digests = [
            (int.from_bytes(hashlib.blake2b(found.encode(), digest_size=8).digest(), signed=True),)
            for found in ids
        ]
        self._digests.execute("BEGIN")
        added = self._digests.executemany("INSERT OR IGNORE INTO seen VALUES (?)", digests).rowcount
        self._digests.execute("COMMIT")
        self.repeats += len(digests) - max(added, 0)

    def close(self) -> None:
        self._digests.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
