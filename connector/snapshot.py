"""A page of a listing that is captured: taken by whoever needs it first, then read from where captures are kept.

One asker takes it, the others wait. When a question's time ends first, `Waiting` names the capture, and
whoever asks next goes on with what the vendor already works on. A capture that has expired is an error, never
another capture in its place.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connector.answer import Apart
from connector.ask import Progress, StillWorking
from connector.captures import LEASE, Capture, Taken, chunks_of
from connector.cursor import digest
from connector.errors import ConnectorError, CursorExpired, RateLimited, VendorUnavailable
from connector.flow import Budget, Flow, Pause, Work
from connector.mapping.path import Notes
from connector.paging import NoPaging, Snapshot, State
from connector.plan import fingerprint, plan_call
from connector.prepared import ask_prepared
from connector.query import Order
from connector.reading import Reading, check_undecoded, located, read_records

__all__ = ["Waiting", "captured_page"]

_LOOK_AGAIN = 0.5
"""Seconds between two looks at a capture that another asker takes."""


class Waiting(Exception):  # not an error: the capture isn't there yet
    """The question's time ends before the capture is there. `state` is where the next question goes on."""

    def __init__(self, state: State, reason: ConnectorError | None = None) -> None:
        super().__init__("the capture is still being taken")
        self.state, self.reason = state, reason


Records = Iterable[msgspec.Raw | bytes]


@dataclass(frozen=True)
class _Listing:
    """A listing of the vendor's that is captured."""

    reading: Reading
    style: Snapshot
    order: Order | None
    """How it is sorted; None: as the vendor answers."""

    @property
    def asked(self) -> str:
        """What tells its captures from others of the account: what the vendor is asked."""
        call = plan_call(self.reading.api, self.reading.call("list"), self.reading.values)
        return digest(self.reading.opened.version, self.reading.name, fingerprint(call))

    def key(self, written: datetime | None) -> str:
        """What a capture is shared by: what is asked, how it is sorted, and the last write before it was begun."""
        order = self.order and (self.order.by, self.order.descending, self.reading.source.version)
        if order is None and written is None:
            return self.asked
        return f"{self.asked}.{digest(order, written and written.isoformat())}"

    def is_answered_by(self, capture: Capture) -> bool:
        """Whether the vendor would be asked the same: a mapping may have come to read more in the middle of a walk."""
        return capture.key.partition(".")[0] == self.asked


@dataclass
class _Claim:
    """A capture that is ours to take."""

    listing: _Listing
    found: Capture
    holder: str
    budget: Budget
    progress: Progress | None
    """What the vendor was last known to work on, by us or by whoever had the claim before."""

    def renew(self, progress: Progress | None) -> Work:
        self.progress = progress
        return self._told(progress, LEASE)

    def let_go(self, progress: Progress | None) -> Work:
        """Whoever comes next may go on with it."""
        return self._told(progress, timedelta(0))

    def _told(self, progress: Progress | None, hold: timedelta) -> Work:
        captures, until = self.listing.reading.captures, self.budget.clock.now() + hold
        return Work(
            lambda: captures.shelf.renew(captures.account, self.found.id, self.holder, until, progress)
        )

    def put(self, records: Records, taken: Taken) -> Work:
        captures = self.listing.reading.captures
        return Work(
            lambda: captures.shelf.put(
                captures.account, self.found.id, self.holder, list(chunks_of(records)), taken
            )
        )

    def drop(self) -> Work:
        captures = self.listing.reading.captures
        return Work(lambda: captures.shelf.drop(captures.account, self.found.id, self.holder))


def captured_page(
    reading: Reading,
    style: Snapshot,
    state: State,
    size: int,
    order: Order | None,
    budget: Budget,
) -> Flow[tuple[dict[str, Any], list[Any], State]]:
    """(what the capture says of itself, up to `size` records, the state of this page). Raises Waiting, CursorExpired."""
    listing, known = _Listing(reading, style, order), state["capture"]
    capture = yield from _have(listing, known, budget)
    records = yield Work(_reading_of(reading, capture, state["start"], size))
    if records is None and known is None:
        # it was shared, and is gone or sealed by a key that is gone: then one of our own
        capture = yield from _have(listing, None, budget, shares=False)
        records = yield Work(_reading_of(reading, capture, state["start"], size))
    if records is None:
        raise _expired()
    body = {
        "count": capture.count,
        "declared": capture.declared,
        "taken_at": capture.taken_at,
        "kept_until": capture.expires_at,
        "warnings": capture.warnings,
    }
    return body, records, {"capture": capture.id, "start": state["start"]}


def _reading_of(reading: Reading, capture: Capture, start: int, size: int) -> Callable[[], list[Any] | None]:
    return lambda: reading.captures.records(capture, start, size)


def _have(listing: _Listing, known: str | None, budget: Budget, *, shares: bool = True) -> Flow[Capture]:
    """The capture, ready: the one of that id, or one that is young enough (if it `shares`), or one that is taken now."""
    holder = uuid.uuid4().hex  # of this question: two questions of one process are two askers
    is_new = known is None
    while True:
        begins = known is None
        found: Capture | None = yield Work(_finding(listing, known, holder, budget, shares=shares))
        if found is None and is_new:  # who was at it failed, and said so to whoever asked there
            known = None
            continue
        if found is None or not listing.is_answered_by(found):
            raise _expired()
        known = found.id
        if found.state == "taking":
            left = _still_good(found.progress, budget) if begins else found.progress
            found = yield from _take(_Claim(listing, found, holder, budget, left))
            if found is None:
                continue  # somebody else has it meanwhile
        if found.state == "ready":
            return found
        if budget.left <= _LOOK_AGAIN:
            raise Waiting({"capture": found.id, "start": 0})
        yield Pause(_LOOK_AGAIN)


def _still_good(progress: Progress | None, budget: Budget) -> Progress | None:
    """What a listing that begins now may go on with: nothing that was asked for too long ago.

    A lease is allowed for, since so long nobody could take over from one who died.
    """
    until = (progress or {}).get("until", 0.0) + LEASE.total_seconds()
    return progress if until > budget.clock.now().timestamp() else None


def _finding(
    listing: _Listing, known: str | None, holder: str, budget: Budget, *, shares: bool
) -> Callable[[], Capture | None]:
    captures, now = listing.reading.captures, budget.clock.now()
    if known is not None:
        return lambda: captures.shelf.reclaim(captures.account, known, now=now, holder=holder)
    share = listing.style.share_for if shares else None
    young = None if share is None else now - timedelta(seconds=share)
    return lambda: captures.shelf.claim(
        captures.account, listing.key(captures.written()), now=now, newer_than=young, holder=holder
    )


def _take(claim: _Claim) -> Flow[Capture | None]:
    """Takes what was claimed; None where somebody else has it meanwhile."""
    take = _take_sorted if claim.listing.order else _take_plain
    try:
        records, taken = yield from take(claim)
        with located(claim.listing.reading, claim.budget):
            return (yield claim.put(records, taken))  # type: ignore[no-any-return]
    except StillWorking as working:
        yield claim.let_go(working.progress)
        raise Waiting({"capture": claim.found.id, "start": 0}, working.reason) from None
    except Waiting as waiting:  # for the capture that this one is made of
        yield claim.let_go({"of": waiting.state["capture"]})
        raise Waiting({"capture": claim.found.id, "start": 0}, waiting.reason) from None
    except (RateLimited, VendorUnavailable):
        yield claim.let_go(None)  # the same cursor may ask again
        raise
    except ConnectorError:
        yield claim.drop()
        raise
    except GeneratorExit:  # whoever asked went away: the next one need not wait for the lease to end
        claim.let_go(claim.progress).run()
        raise


def _take_plain(claim: _Claim) -> Flow[tuple[Records, Taken]]:
    """The vendor's one answer, in its own order."""
    reading, style, budget = claim.listing.reading, claim.listing.style, claim.budget
    call = reading.call("list")
    assert call.records is not None
    assert call.records.path is not None  # of a capture; refused when the connector is loaded
    apart = Apart(call.records.path)
    warnings: list[tuple[str, str]] = []
    heard = yield from ask_prepared(
        reading,
        call,
        reading.values,
        budget,
        lambda code, message: warnings.append((code, message)),
        before=call.before,
        progress=claim.progress,
        note=claim.renew,
        decode=apart,
    )
    body = heard.body
    as_one_page = NoPaging(style="none", total=style.total)
    records: Sequence[Any]
    with located(reading, budget):
        if apart.records is None:  # not where they should be: this says why, or that there are none by right
            records = read_records(call, as_one_page, body)
        else:
            records = apart.records
            check_undecoded(call, apart.records)
        declared = as_one_page.declared(body)
    now = budget.clock.now()
    return records, Taken(
        taken_at=now,
        expires_at=now + timedelta(seconds=style.keep_for),
        count=len(records),
        declared=len(records) if declared is None else declared,
        warnings=tuple(warnings),
    )


def _take_sorted(claim: _Claim) -> Flow[tuple[Records, Taken]]:
    """The records of the plain capture, sorted here; the vendor is not asked for them again."""
    listing, order = claim.listing, claim.listing.order
    assert order is not None
    of = claim.progress["of"] if claim.progress else None
    whole = _Listing(listing.reading, listing.style, None)
    try:
        plain = yield from _have(whole, of, claim.budget)
    except CursorExpired:
        plain = yield from _have(whole, None, claim.budget)
    assert plain.taken_at is not None
    assert plain.expires_at is not None
    with located(listing.reading, claim.budget):
        records = yield Work(lambda: list(_in_order(listing.reading, plain, order)))
    return records, Taken(
        taken_at=plain.taken_at,
        expires_at=plain.expires_at,
        count=plain.count,
        declared=plain.declared,
        warnings=plain.warnings,
    )


def _in_order(reading: Reading, plain: Capture, order: Order) -> Iterator[bytes]:
    keyed: list[tuple[Any, bytes]] = []
    for text in reading.captures.texts(plain):
        own = msgspec.json.decode(text, type=list[msgspec.Raw])
        for record, raw in zip(msgspec.json.decode(text), own, strict=True):
            row = reading.source.mapper.read(record, Notes(lookups=reading.lookups))
            keyed.append((order.key(row), bytes(raw)))
    keyed.sort(key=lambda item: item[0], reverse=order.descending)
    return (raw for _, raw in keyed)


def _expired() -> CursorExpired:
    return CursorExpired(
        "the listing that next_cursor goes on with is no longer kept",
        hint="begin the listing again without next_cursor",
    )
