"""The flows of one question: call, judge, retry, read, map, page.

Every flow works within a `Budget` of calls and seconds and then answers what it has. Never asks twice for
what it was not told to, and never ends a listing but on evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connector.ask import StillWorking
from connector.call import Call
from connector.errors import RateLimited, VendorFailure, VendorNotFound, VendorUnavailable
from connector.flow import Budget, Flow
from connector.model.envelope import Completeness
from connector.notices import Notices
from connector.paging import NoPaging, Paging, Snapshot, State
from connector.prepared import ask_prepared
from connector.prove import prove
from connector.query import Question
from connector.reading import (
    Completed,
    Found,
    Reading,
    finish_row,
    located,
    map_page,
    read_records,
    tell,
)
from connector.snapshot import Waiting, captured_page
from connector.walk import Place, begin_at, finish_page, leave_part, next_pass, serve_part, verdict
from connector.wire import Heard

__all__ = ["Fetched", "Listing", "fetch_page"]

_NO_ONE = Heard({})
"""What is heard of a search that the vendor answered with "not found": an empty listing."""


@dataclass(frozen=True)
class Listing:
    """One entry of an api, or one source of a union, and what is asked there."""

    reading: Reading
    question: Question


@dataclass(frozen=True)
class _Part:
    """What a listing goes through, one after the other: each pass of each of its listings."""

    listing: Listing
    call: Call
    unit: int
    """Which of the listings it belongs to, from 0."""

    @property
    def style(self) -> Paging:
        """A call that isn't the listing answers all at once."""
        return self.call.paging or NoPaging(style="none")


@dataclass(frozen=True)
class Fetched:
    """What one question brought."""

    found: list[Found]
    """The records that are rows."""
    place: Place | None
    """Where to go on; None when the listing has ended."""
    completeness: Completeness
    waits: StillWorking | Waiting | None = None
    """Why it ends here, where the vendor is still working."""
    captured: Mapping[str, Any] | None = None
    """Of a captured listing: when it was taken, until when it is kept."""
    units: tuple[int, ...] = ()
    """Of each row, which of the listings it came from: the same id in two of them is the same record."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [one.row for one in self.found]

    @property
    def members(self) -> list[list[Any] | None]:
        """For groups: each row's member references."""
        return [one.members for one in self.found]


@dataclass
class _Walk:
    """A walk as it goes: where it is, and what it has brought."""

    place: Place
    limit: int
    began: Place
    rows: list[Found] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    captured: Mapping[str, Any] | None = None
    stop: int = 0
    """How many records of its last page were looked at."""

    def is_lost(self, listings: int) -> bool:
        """Whether no listing is left once this one has failed, and none has brought anything."""
        place = self.place
        has_read = bool(self.rows or place.seen_before or place.seen or place.served)
        return listings == 1 or (place.failed + 1 == listings and not has_read)

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self.limit

    def read_page(self, part: _Part, begins: bool, budget: Budget, notices: Notices) -> Flow[str | None]:
        """Adds the rows of the next page, or as many as are wanted; what ended the listing, or None."""
        reading = part.listing.reading
        size = _size(part, self.place, self.limit - len(self.rows), budget)
        self.stop, is_first = self.place.served, self.place == self.began
        state = self.place.state if self.place.state is not None else part.style.start(size)
        try:
            heard, records, state = yield from _ask_page(
                part, begins, self.place, state, size, budget, notices
            )
        except (StillWorking, Waiting) as working:
            self.place = _waiting(self.place, working, size)
            raise
        self.captured = heard.body if isinstance(part.style, Snapshot) else None
        page = map_page(reading, records, state["start"] if isinstance(part.style, Snapshot) else None)
        keys = [found.key for found in page]
        self.place, begin = begin_at(msgspec.structs.replace(self.place, pending=None), keys)
        self.stop = begin
        try:
            yield from self._serve(part, page, records, budget, notices, is_first=is_first)
        except (VendorUnavailable, RateLimited):
            if self.stop > begin:  # what was served isn't lost
                self.place = serve_part(self.place.noting(*sorted(notices.breaks)), state, keys, self.stop)
            raise
        self.place = self.place.noting(*sorted(notices.breaks))
        if self.stop < len(page):
            self.place = serve_part(self.place, state, keys, self.stop)
            return None
        with located(reading, budget):
            told_by = NoPaging(style="none") if heard is _NO_ONE else part.style
            has_keys = reading.resource.key != "none"
            self.place, ended_by = finish_page(self.place, told_by, state, heard, keys, has_keys=has_keys)
        return ended_by

    def _serve(
        self,
        part: _Part,
        page: Sequence[Found],
        records: Sequence[Any],
        budget: Budget,
        notices: Notices,
        *,
        is_first: bool,
    ) -> Flow[None]:
        """Adds what is a row of the page, from `stop` on; ends before the page where no more is wanted, or can be asked.

        What was noticed about a record is told with the part of a page that it is served in, and only once.
        `is_first`: the question has nothing to show yet, so one record is looked at whatever it needs.
        """
        reading, question, begin = part.listing.reading, part.listing.question, self.stop
        for found, record in list(zip(page, records, strict=True))[begin:]:
            whole: Completed | None = Completed(found, record)
            is_wanted = question.only in (None, found.key)
            if reading.more is not None and is_wanted and reading.more.is_asked(reading, found):
                is_first = is_first and self.stop == begin
                if self.is_full or (budget.is_spent and not is_first):
                    return
                whole = yield from reading.more.complete(
                    reading, found, record, "list", budget, is_first=is_first
                )
            if whole is None:
                return
            is_row = finish_row(reading, whole.found, whole.record)
            if is_row and all(keep(whole.found.row) for keep in question.keep):
                if self.is_full:
                    return
                self.rows.append(whole.found)
                self.units.append(part.unit)
            if is_wanted:
                tell(whole.found, notices)
            self.stop += 1


def fetch_page(
    listings: Sequence[Listing], limit: int, place: Place, budget: Budget, notices: Notices
) -> Flow[Fetched]:
    """Up to `limit` rows from `place` on: fewer, even none, when the budget is spent first.

    Where there are several listings, one that can't be read makes the whole partial, and the next one follows; only
    if none can be read that is an error.
    """
    parts = _parts(listings)
    walk = _Walk(place, limit, place)
    ended = asked = False
    early: tuple[str, str] | None = None
    waits: StillWorking | Waiting | None = None
    while not ended and not walk.is_full and not (asked and budget.is_spent):
        asked = True  # one page at least, or a walk would never go on where other calls used the budget up
        part = parts[walk.place.pass_number]
        try:
            ended_by = yield from walk.read_page(part, _is_begun(parts, walk.place), budget, notices)
        except (StillWorking, Waiting) as working:
            waits, early = working, _still_working(working)
            break
        except VendorFailure as error:
            if isinstance(error, VendorUnavailable | RateLimited) and walk.place != place:
                # What was read isn't lost: the cursor goes on at the page that failed, and fails again if it must.
                early = (error.code, f"the page ends early: {error.message}")
                break
            if isinstance(error, RateLimited) or walk.is_lost(len(listings)):
                raise
            name = part.listing.reading.name
            notices.warn("part_unreadable", f"{name} could not be read to its end: {error.message}")
            walk.place, ended = _next(parts, leave_part(walk.place, walk.stop), part.unit + 1)
        else:
            if ended_by is not None:
                walk.place, ended = _next(parts, walk.place, part.unit)
    if listings[0].reading.strict:
        notices.raise_in_strict()
    if early is not None:  # no record is wrong, however strict one is
        notices.warn(*early)
    scopes = dict.fromkeys(scope for one in listings if (scope := one.reading.api.scope))
    known = verdict(walk.place, ended=ended, scope="; ".join(scopes) or None)
    place_after = None if ended else walk.place
    return Fetched(walk.rows, place_after, known, waits, walk.captured, tuple(walk.units))


def _parts(listings: Sequence[Listing]) -> list[_Part]:
    """Each listing's passes; one call where it has none, or something is sent that narrows it."""
    parts: list[_Part] = []
    for unit, listing in enumerate(listings):
        call = listing.reading.call(listing.question.call)
        calls = (call,) if listing.question.is_sent else call.variants()
        parts += [_Part(listing, one, unit) for one in calls]
    return parts


def _is_begun(parts: Sequence[_Part], place: Place) -> bool:
    """Whether this page is the first of its listing."""
    at = place.pass_number
    return place.state is None and (at == 0 or parts[at - 1].unit != parts[at].unit)


def _next(parts: Sequence[_Part], place: Place, unit: int) -> tuple[Place, bool]:
    """(the place at the next part that is of this unit or a later one; whether there is none)."""
    for at in range(place.pass_number + 1, len(parts)):
        if parts[at].unit >= unit:
            is_new = parts[at].unit != parts[place.pass_number].unit
            return next_pass(place, at, is_new_listing=is_new), False
    return place, True


def _size(part: _Part, place: Place, wanted: int, budget: Budget) -> int:
    """How many records to ask for."""
    if place.pending is not None:  # what the vendor works on was asked for in this size
        return int(place.pending["size"])
    reading, question = part.listing.reading, part.listing.question
    most = part.style.most or place.served + wanted
    size = most if question.keep else min(most, place.served + wanted)
    if reading.more is None or question.only is not None:
        return size
    # More could not be completed, and would have to be asked for again.
    can_be_completed = (budget.calls - budget.used - 1) // reading.more.cost
    return min(size, place.served + max(1, can_be_completed))


def _ask_page(
    part: _Part, begins: bool, place: Place, state: State, size: int, budget: Budget, notices: Notices
) -> Flow[tuple[Heard, Sequence[Any], State]]:
    """(what was heard, records, state) of the next page; `begins`: it is the first of its listing."""
    reading, question, call, style = part.listing.reading, part.listing.question, part.call, part.style
    if isinstance(style, Snapshot):
        body, records, state = yield from captured_page(reading, style, state, size, question.order, budget)
        if place.count == place.served == 0:
            for code, message in body["warnings"]:
                notices.warn(code, message)
        if not records:  # of a capture, only its one page is empty
            yield from _confirm_empty(reading, style, budget)
        return Heard(body), records, state
    values = {**reading.values, **style.variables(state, size), **question.call_values}
    try:
        heard = yield from ask_prepared(
            reading,
            call,
            values,
            budget,
            notices.warn,
            before=call.before if begins else (),
            progress=place.pending,
            url=style.url(state),
            add=question.query,
            add_json=question.json,
        )
    except VendorNotFound:
        if question.call == "list" or question.of is not None or not begins:
            raise
        heard = _NO_ONE
    with located(reading, budget):
        found: Sequence[Any] = []
        if heard is not _NO_ONE:
            style.check(heard.body, state, size)
            found = read_records(call, style, heard.body)
    if begins and not found:
        yield from _confirm_empty(reading, style, budget)
    return heard, found, state


def _confirm_empty(reading: Reading, style: Paging, budget: Budget) -> Flow[None]:
    """Where the connector says so, a listing that begins empty is believed only of a vendor that answers `check`."""
    check = reading.api.definition.check
    if style.when_empty == "check" and not isinstance(check, str):
        yield from prove(reading.opened, reading.api, check, {}, budget)


def _waiting(place: Place, working: StillWorking | Waiting, size: int) -> Place:
    if isinstance(working, Waiting):
        return msgspec.structs.replace(place, state=working.state)
    return msgspec.structs.replace(place, pending={**(working.progress or {}), "size": size})


def _still_working(working: StillWorking | Waiting) -> tuple[str, str]:
    reason = f": {working.reason.message}" if working.reason else ""
    return (
        "vendor_still_working",
        f"the vendor is still working; next_cursor goes on with what it has begun{reason}",
    )
