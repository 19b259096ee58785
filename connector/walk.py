"""The place in a listing, and the evidence about it that travels from page to page. Pure, constant in size.

A `Place` is what a cursor holds. It never forgets evidence: a total that moved, an id that came twice, a
record that could not be carried stay in it until the verdict, however many processes the walk goes through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from connector.cursor import digest
from connector.errors import ListingChanged, PagingBroken
from connector.model.envelope import Completeness, Verdict
from connector.paging import Page, PageFacts, Paging, Snapshot, State, Step
from connector.wire import Heard

__all__ = [
    "Loop",
    "Place",
    "begin_at",
    "finish_page",
    "ids_digest",
    "leave_part",
    "next_pass",
    "serve_part",
    "verdict",
]

_MOST_EMPTY_PAGES = 1_000
_BEYOND = 1_000
_PARTIAL = (
    "fewer_than_declared",
    "ceiling_reached",
    "records_left_out",
    "membership_unreadable",
    "part_unreadable",
)


class Loop(msgspec.Struct, frozen=True, omit_defaults=True):
    """Brent's cycle check: one remembered value finds a loop of any length, in constant space."""

    kept: str | None = None
    power: int = 1
    steps: int = 0

    def meets(self, value: str) -> Loop | None:
        """The check after `value`, or None when it closes a loop."""
        if value == self.kept:
            return None
        if self.kept is None or self.steps == self.power:
            return Loop(value, self.power if self.kept is None else self.power * 2, 1)
        return Loop(self.kept, self.power, self.steps + 1)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a walk is. `state` is the paging style's; the rest is evidence."""

    pass_number: int = 0
    """Which of the passes of its listings this is, from 0; counts and totals are of this pass."""
    seen_before: int = 0
    """Distinct ids of the passes before."""
    declared_before: int | None = None
    """The totals of the passes before."""
    failed: int = 0
    """How many of its listings (entries of an api, sources of a union) could not be read to their end."""
    firsts: tuple[str, ...] = ()
    """Fingerprints of the first record's id in each pass before."""
    state: State | None = None
    pending: dict[str, Any] | None = None
    """What the vendor works on for the page at `state`."""
    served: int = 0
    """Records of the page at `state` that were already served (it is larger than a caller's limit)."""
    served_digest: str | None = None
    last_id: str | None = None
    edge: str | None = None
    """The last id of the page before: it comes again when someone new shifts the rest."""
    count: int = 0
    """Records received on finished pages, repeats counted."""
    seen: int = 0
    """Distinct ids on finished pages."""
    declared: int | None = None
    """The total that the vendor declared first."""
    latest: int | None = None
    """The total that it declared last."""
    moved: bool = False
    """Whether the total of this pass has moved."""
    first_id: str | None = None
    """A fingerprint of the first record's id."""
    empty_pages: int = 0
    states: Loop = Loop()
    pages: Loop = Loop()
    reasons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Place:
        return msgspec.convert(value, cls)

    def noting(self, *reasons: str) -> Place:
        """The same place with reasons added, each once."""
        new = tuple(reason for reason in reasons if reason not in self.reasons)
        return msgspec.structs.replace(self, reasons=self.reasons + new) if new else self


def ids_digest(ids: Sequence[str | None]) -> str:
    """A fingerprint of a page's ids, in their order."""
    return hashlib.blake2b(msgspec.json.encode(ids), digest_size=8).hexdigest()


def begin_at(place: Place, ids: Sequence[str | None]) -> tuple[Place, int]:
    """Where to go on in a page that was served in part before. Raises ListingChanged when that place is lost."""
    if place.served == 0:
        return place, 0
    if ids_digest(ids[: place.served]) == place.served_digest:
        return place, place.served
    if place.last_id is not None and ids.count(place.last_id) == 1:
        return place.noting("page_changed"), ids.index(place.last_id) + 1
    raise ListingChanged(
        "the vendor's page changed between two calls, and the last record that was served is not on it any more",
        hint="begin the listing again without next_cursor",
    )


def serve_part(place: Place, state: State, ids: Sequence[str | None], served: int) -> Place:
    """The place inside a page of which the first `served` records have been given out."""
    last = next((found for found in reversed(ids[:served]) if found is not None), None)
    return msgspec.structs.replace(
        place, state=state, served=served, served_digest=ids_digest(ids[:served]), last_id=last
    )


def finish_page(
    place: Place,
    style: Paging,
    state: State,
    heard: Heard,
    ids: Sequence[str | None],
    *,
    has_keys: bool = True,
) -> tuple[Place, str | None]:
    """(the place after this page, what ended the walk or None). Raises PagingBroken.

    `has_keys`: no two records have the same id, unless one comes twice.
    """
    received = len(ids)
    count = place.count + received
    known = {found for found in ids if found is not None}
    again = place.edge in known
    distinct = len(known) - again
    total = style.declared(heard.body)
    place = _with_total(place, total)
    lost = sum(found is None for found in ids)
    place = place.noting(
        *(["records_left_out"] if lost else []),
        *(["duplicate_ids"] if received - lost > distinct else []),
    )
    if total is not None and count > total and not place.moved:
        raise PagingBroken(
            f"the vendor declares {total} records and has sent {count}: one of the two is wrong"
        )
    if total is not None and count > 2 * total + _BEYOND:
        raise PagingBroken(f"the vendor declares {total} records, has sent {count}, and goes on")
    step = style.advance(state, PageFacts(heard.body, received, count, total, heard.url, heard.headers))
    if style.ceiling is not None and (count >= style.ceiling or _is_beyond(style, step, count)):
        step = _at_ceiling(style, step)
    place = place.noting(*step.noticed)
    if not isinstance(style, Snapshot):  # whose pages are cut here, of one answer
        place = _with_content(place, ids, has_keys=has_keys)
    if step.next is not None:
        looped = place.states.meets(digest(step.next))
        if looped is None or step.next == state:
            raise PagingBroken(
                "the vendor's paging goes in a circle: the next page is one that was already read"
            )
        place = msgspec.structs.replace(place, states=looped)
    return (
        msgspec.structs.replace(
            place,
            state=step.next,
            served=0,
            served_digest=None,
            last_id=None,
            edge=next((found for found in reversed(ids) if found is not None), place.edge),
            count=count,
            seen=place.seen + distinct,
        ),
        step.ended_by,
    )


def next_pass(place: Place, number: int, *, is_new_listing: bool) -> Place:
    """The beginning of a later pass, after one that has ended: its evidence is kept, its counts are summed up.

    In a new listing, of another entry or source, a record that was seen may come again by right.
    """
    return Place(
        pass_number=number,
        seen_before=place.seen_before + place.seen,
        declared_before=_declared(place),
        failed=place.failed,
        firsts=() if is_new_listing or place.first_id is None else (*place.firsts, place.first_id),
        edge=None if is_new_listing else place.edge,
        reasons=_ended(place).reasons,
    )


def leave_part(place: Place, served: int) -> Place:
    """The place in a listing that can't be read any further, `served` records into a page: they count."""
    left = msgspec.structs.replace(
        place, failed=place.failed + 1, seen=place.seen + served, served=0, pending=None
    )
    return left.noting("part_unreadable")


def verdict(place: Place, *, ended: bool, scope: str | None) -> Completeness:
    """What is known, by the table in `paging`."""
    if not ended:
        word: Verdict = "in_progress"
    else:
        place = _ended(place)
        broken = any(reason in _PARTIAL for reason in place.reasons)
        word = "partial" if broken else "unproven" if place.reasons else "complete"
    return Completeness(
        verdict=word,
        seen=place.seen_before + place.seen,
        declared=_declared(place),
        scope=scope,
        reasons=list(place.reasons),
    )


def _ended(place: Place) -> Place:
    """What is known of a pass once it has ended."""
    fewer = place.latest is not None and place.seen < place.latest
    return place.noting("fewer_than_declared") if fewer else place


def _declared(place: Place) -> int | None:
    known = [total for total in (place.declared_before, place.declared) if total is not None]
    return sum(known) if known else None


def _is_beyond(style: Paging, step: Step, count: int) -> bool:
    """Whether the next page, whose size is fixed, would go beyond what the vendor lets anyone reach."""
    if step.next is None or style.ceiling is None or not isinstance(style, Page):
        return False
    return count + int(step.next["size"]) > style.ceiling


def _at_ceiling(style: Paging, step: Step) -> Step:
    """Nobody reaches further at the vendor; what we have captured goes on to its own end."""
    if step.next is not None and isinstance(style, Snapshot):
        return step
    return Step(None, step.ended_by or "ceiling", (*step.noticed, "ceiling_reached"))


def _with_total(place: Place, total: int | None) -> Place:
    if total is None:
        return place
    if place.declared is not None and total != place.latest:
        place = msgspec.structs.replace(place.noting("total_moved"), moved=True)
    first = total if place.declared is None else place.declared
    return msgspec.structs.replace(place, declared=first, latest=total)


def _with_content(place: Place, ids: Sequence[str | None], *, has_keys: bool) -> Place:
    """Refuses a page that was already read: a server that ignores what page is asked for, or starts again.

    The first id is looked at by itself: pages of one walk may differ in size, and a server that always
    starts at its first record then never repeats a whole page. Where records have no key, two may be the same by
    right, and only that is noted.
    """
    if all(found is None for found in ids):  # nothing to tell pages apart by
        if place.empty_pages >= _MOST_EMPTY_PAGES:
            raise PagingBroken(
                f"{_MOST_EMPTY_PAGES} pages without an id came one after another, each saying that there is more"
            )
        return msgspec.structs.replace(place, empty_pages=place.empty_pages + 1)
    begins = ids_digest(ids[:1])
    is_first = begins == place.first_id and ids[0] is not None
    if is_first and not has_keys:
        place = place.noting("duplicate_ids")
    elif is_first and not place.moved:  # someone new at the front: then the first comes again by right
        raise PagingBroken(
            "the vendor sent its first record again: it ignores which page is asked for, or starts over at the end"
        )
    if begins in place.firsts and place.first_id is None and ids[0] is not None:
        place = place.noting("duplicate_ids")  # each pass lists the same, as far as a cursor can tell
    pages = place.pages.meets(ids_digest(ids))
    if pages is None and not place.moved:
        raise PagingBroken("the vendor sent a page that it had sent before")
    return msgspec.structs.replace(
        place, empty_pages=0, first_id=place.first_id or begins, pages=pages or place.pages
    )
