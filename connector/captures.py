"""Captures: listings that were taken once from a vendor without pages, kept for a while, and paged over here.

A capture belongs to one account. It is taken by one asker at a time: `claim` says who, and what the vendor
still works on (`progress`) stands with the claim, so that whoever asks next goes on with it and nothing is
asked twice. Records are kept as the vendor's own bytes, in chunks. What has expired is gone: it is never
read again in silence. Nothing here knows a vendor or a mapping.
"""

from __future__ import annotations

import threading
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec
from cachetools import LRUCache

from connector.errors import CaptureTooLarge, VendorError

__all__ = [
    "CHUNK",
    "LEASE",
    "UNTAKEN_FOR",
    "Capture",
    "Captures",
    "Chunk",
    "MemoryShelf",
    "Shelf",
    "Taken",
    "chunks_of",
    "not_within",
    "ready",
]

CHUNK = 500
"""Records in a chunk (the last may have fewer)."""
LEASE = timedelta(seconds=60)
"""How long a claim holds after the last sign of life of who has it."""
UNTAKEN_FOR = timedelta(days=1)
"""When a claim that nobody ended is forgotten."""
_FRONT_BYTES = 16 * 1024 * 1024
_WRITTEN = "written"


@dataclass(frozen=True)
class Capture:
    """A capture, or the claim to take one. Only a `ready` one has records."""

    id: str
    key: str
    state: Literal["ready", "taking", "busy"]
    """`taking`: the asker's own; `busy`: another one is at it."""
    progress: dict[str, Any] | None = None
    """What the vendor was last known to work on, as plain JSON."""
    count: int = 0
    declared: int = 0
    taken_at: datetime | None = None
    expires_at: datetime | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message) of what was noticed while it was taken."""


@dataclass(frozen=True)
class Taken:
    """What is put into a capture, besides its records."""

    taken_at: datetime
    expires_at: datetime
    count: int
    declared: int
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Chunk:
    """Records of a capture as a JSON list, compressed."""

    packed: bytes = field(repr=False)

    @classmethod
    def pack(cls, text: bytes) -> Chunk:
        return cls(zlib.compress(text, 6))

    def unpack(self) -> bytes:
        return zlib.decompress(self.packed)


class Shelf(Protocol):
    """Where captures are kept: all that differs between memory and a database. Every method may block.

    `account` bounds everything; `holder` tells askers apart; times are aware.
    """

    def claim(
        self, account: str, key: str, *, now: datetime, newer_than: datetime | None, holder: str
    ) -> Capture:
        """A ready capture of the key taken after `newer_than`, else the claim to take one: ours, or busy."""

    def reclaim(self, account: str, capture_id: str, *, now: datetime, holder: str) -> Capture | None:
        """The capture of this id, whatever its state; one that nobody is at becomes ours. None: there is none."""

    def renew(
        self, account: str, capture_id: str, holder: str, until: datetime, progress: dict[str, Any] | None
    ) -> None:
        """A sign of life of who takes it; an `until` in the past lets go of it. Does nothing for others."""

    def put(
        self, account: str, capture_id: str, holder: str, chunks: Sequence[Chunk], taken: Taken
    ) -> Capture | None:
        """Makes it ready; None where it is the holder's no longer. Raises CaptureTooLarge."""

    def drop(self, account: str, capture_id: str, holder: str) -> None:
        """Gives a claim up."""

    def chunk(self, account: str, capture_id: str, place: int) -> Chunk | None:
        """One chunk; None when it is gone."""

    def last(self, account: str, name: str) -> datetime | None:
        """When `name` was last done."""

    def done(self, account: str, name: str, *, now: datetime) -> None:
        """`name` was done: not begun, for whoever asks meanwhile must not believe it."""


class Captures:
    """The captures of one account, with the chunks that were read last kept in memory (bounded by bytes)."""

    def __init__(self, shelf: Shelf, account: str) -> None:
        self.shelf, self.account = shelf, account
        self._front: LRUCache[tuple[str, str, int], bytes] = LRUCache(_FRONT_BYTES, getsizeof=len)
        self._lock = threading.Lock()

    def written(self) -> datetime | None:
        """When this account was last written to from here: nothing read before is shared by what is asked after it."""
        return self.shelf.last(self.account, _WRITTEN)

    def wrote(self, now: datetime) -> None:
        """Something may have been changed at the vendor."""
        self.shelf.done(self.account, _WRITTEN, now=now)

    def due(self, name: str, *, now: datetime, every: timedelta) -> bool:
        """Whether `name` was last done longer ago than `every`, or before the last write."""
        last, written = self.shelf.last(self.account, name), self.written()
        return last is None or last <= now - every or (written is not None and last <= written)

    def records(self, capture: Capture, start: int, most: int) -> list[Any] | None:
        """Up to `most` records from `start` on; None when the capture is gone.

        What is remembered may outlive it: whoever pages asks the shelf (`reclaim`) first.
        """
        found: list[Any] = []
        stop = min(start + most, capture.count)
        for place in range(start // CHUNK, -(-stop // CHUNK)):
            text = self._text(capture.id, place)
            if text is None:
                return None
            first = place * CHUNK
            found += msgspec.json.decode(text)[max(start - first, 0) : stop - first]
        return found

    def texts(self, capture: Capture) -> Iterator[bytes]:
        """Every chunk as JSON, one after the other. Raises VendorError when the capture goes meanwhile."""
        for place in range(-(-capture.count // CHUNK)):
            text = self._text(capture.id, place)
            if text is None:
                raise VendorError("a capture was removed while it was read")
            yield text

    def _text(self, capture_id: str, place: int) -> bytes | None:
        key = (self.account, capture_id, place)
        with self._lock:
            text = self._front.get(key)
        if text is None:
            chunk = self.shelf.chunk(self.account, capture_id, place)
            if chunk is None:
                return None
            text = chunk.unpack()
            with self._lock:
                if len(text) <= self._front.maxsize:
                    self._front[key] = text
        return text


def chunks_of(records: Iterable[msgspec.Raw | bytes]) -> Iterator[Chunk]:
    """Records, each as its JSON, in chunks. Raises VendorError for one that is no object or no JSON.

    They are looked into one chunk at a time: the whole as Python objects would be many times as large.
    """
    batch: list[bytes] = []
    place = 0
    for record in records:
        batch.append(bytes(record))
        if len(batch) == CHUNK:
            yield _chunk(batch, place)
            place += CHUNK
            batch = []
    if batch:
        yield _chunk(batch, place)


def _chunk(batch: Sequence[bytes], place: int) -> Chunk:
    text = b"[" + b",".join(batch) + b"]"
    try:
        found = len(msgspec.json.decode(text, type=list[dict[str, Any]]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise VendorError(f"the records from {place:,} on can't be read: {error}") from None
    if found != len(batch):  # one is empty, or is more than one
        raise VendorError(
            f"the records from {place:,} on can't be read: {len(batch)} are {found} JSON objects"
        )
    return Chunk.pack(text)


def not_within(size: int, budget: int) -> CaptureTooLarge:
    """The error of a capture that can't be kept."""
    return CaptureTooLarge(
        f"the listing takes {size:,} bytes to keep, and an account's captures may take {budget:,}",
        hint="CONNECTOR_CAPTURE_BYTES raises the budget; a filter that the vendor evaluates needs no capture",
    )


@dataclass
class _Kept:
    capture: Capture
    holder: str
    until: datetime
    chunks: Sequence[Chunk] = ()

    @property
    def size(self) -> int:
        return sum(len(chunk.packed) for chunk in self.chunks)


def _is_ready(kept: _Kept) -> bool:
    return kept.capture.state == "ready"


def _taken_at(kept: _Kept) -> datetime:
    assert kept.capture.taken_at is not None
    return kept.capture.taken_at


class MemoryShelf:
    """Captures in the memory of this process: for a library without a store. Threads may share it."""

    def __init__(self, budget: int = 64 * 1024 * 1024) -> None:
        self._budget = budget
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._done: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def claim(
        self, account: str, key: str, *, now: datetime, newer_than: datetime | None, holder: str
    ) -> Capture:
        with self._lock:
            self._purge(now)
            same = [kept for kept in self._of(account) if kept.capture.key == key]
            latest = max(filter(_is_ready, same), key=_taken_at, default=None)
            if latest is not None and newer_than is not None and _taken_at(latest) > newer_than:
                return latest.capture
            for kept in same:
                if not _is_ready(kept):
                    return self._taken_over(kept, now, holder)
            fresh = Capture(uuid.uuid4().hex, key, "taking", expires_at=now + UNTAKEN_FOR)
            self._kept[account, fresh.id] = _Kept(fresh, holder, now + LEASE)
            return fresh

    def reclaim(self, account: str, capture_id: str, *, now: datetime, holder: str) -> Capture | None:
        with self._lock:
            self._purge(now)
            kept = self._kept.get((account, capture_id))
            if kept is None or kept.capture.state == "ready":
                return None if kept is None else kept.capture
            return self._taken_over(kept, now, holder)

    def renew(
        self, account: str, capture_id: str, holder: str, until: datetime, progress: dict[str, Any] | None
    ) -> None:
        with self._lock:
            kept = self._held(account, capture_id, holder)
            if kept is not None:
                kept.until, kept.capture = until, replace(kept.capture, progress=progress)

    def put(
        self, account: str, capture_id: str, holder: str, chunks: Sequence[Chunk], taken: Taken
    ) -> Capture | None:
        size = sum(len(chunk.packed) for chunk in chunks)
        if size > self._budget:
            raise not_within(size, self._budget)
        with self._lock:
            kept = self._held(account, capture_id, holder)
            if kept is None:
                return None
            oldest = sorted(filter(_is_ready, self._of(account)), key=_taken_at)
            room = self._budget - size - sum(one.size for one in oldest)
            for one in oldest:
                if room >= 0:
                    break
                room += one.size
                del self._kept[account, one.capture.id]
            kept.chunks = tuple(chunks)
            kept.capture = ready(kept.capture, taken)
            return kept.capture

    def drop(self, account: str, capture_id: str, holder: str) -> None:
        with self._lock:
            if self._held(account, capture_id, holder) is not None:
                del self._kept[account, capture_id]

    def chunk(self, account: str, capture_id: str, place: int) -> Chunk | None:
        with self._lock:
            kept = self._kept.get((account, capture_id))
            return None if kept is None or place >= len(kept.chunks) else kept.chunks[place]

    def last(self, account: str, name: str) -> datetime | None:
        with self._lock:
            return self._done.get((account, name))

    def done(self, account: str, name: str, *, now: datetime) -> None:
        with self._lock:
            self._done[account, name] = now

    def _of(self, account: str) -> list[_Kept]:
        return [kept for (owner, _), kept in self._kept.items() if owner == account]

    def _held(self, account: str, capture_id: str, holder: str) -> _Kept | None:
        kept = self._kept.get((account, capture_id))
        is_held = kept is not None and kept.capture.state == "taking" and kept.holder == holder
        return kept if is_held else None

    def _taken_over(self, kept: _Kept, now: datetime, holder: str) -> Capture:
        if kept.until > now and kept.holder != holder:
            return replace(kept.capture, state="busy")
        kept.holder, kept.until = holder, now + LEASE
        return kept.capture

    def _purge(self, now: datetime) -> None:
        for place, kept in list(self._kept.items()):
            if kept.capture.expires_at is not None and kept.capture.expires_at <= now:
                del self._kept[place]


def ready(claim: Capture, taken: Taken) -> Capture:
    """The claim, once it is a capture."""
    return replace(
        claim,
        state="ready",
        progress=None,
        count=taken.count,
        declared=taken.declared,
        taken_at=taken.taken_at,
        expires_at=taken.expires_at,
        warnings=taken.warnings,
    )
