"""A listing read to its end, for what must be known whole: all groups, the members of one, the groups of a user.

It is the walk of every listing, with the same evidence; what it found is only as good as its verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.errors import VendorError, VendorUnavailable
from connector.fetch import Listing, fetch_page
from connector.flow import Budget, Flow
from connector.notices import Notices
from connector.query import MAX_LIMIT, Question
from connector.reading import Found, Reading
from connector.walk import Place

__all__ = ["Whole", "read_linked", "read_whole"]


@dataclass
class Whole:
    """What was found of a listing, and what is known of it."""

    found: list[Found] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    """Of each row, which of the listings it came from."""
    verdict: str = "in_progress"
    reasons: list[str] = field(default_factory=list)
    notices: Notices = field(default_factory=Notices)

    @property
    def is_complete(self) -> bool:
        return self.verdict == "complete"

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [one.row for one in self.found]


def read_whole(listings: Sequence[Listing], budget: Budget) -> Flow[Whole]:
    """The listings, as far as the budget goes: one page at least."""
    whole = Whole()
    place: Place | None = Place()
    is_first = True
    while place is not None and (is_first or not budget.is_spent):
        is_first = False
        fetched = yield from fetch_page(listings, MAX_LIMIT, place, budget, whole.notices)
        whole.found += fetched.found
        whole.units += fetched.units
        place = fetched.place
        whole.verdict, whole.reasons = fetched.completeness.verdict, fetched.completeness.reasons
        if fetched.waits:
            break
    return whole


def read_linked(reading: Reading, call: str, key: str, budget: Budget) -> Flow[Whole]:
    """What the endpoint of one record lists, all of it.

    Raises VendorUnavailable where the budget ends before, VendorError where it is not proven complete.
    """
    question = Question(call=call, call_values={"id": key}, of=key)
    whole = yield from read_whole([Listing(reading, question)], budget)
    if whole.verdict == "in_progress":
        raise VendorUnavailable(
            f"{reading.opened.loaded.name}: {reading.source.mapping.unified} of {key!r} could not be read to their end "
            "with the calls and in the time there are"
        )
    if not whole.is_complete:
        raise VendorError(
            f"{reading.opened.loaded.name}: what is listed as the {reading.source.mapping.unified} of {key!r} is "
            f"{whole.verdict} ({', '.join(whole.reasons)})"
        )
    return whole
