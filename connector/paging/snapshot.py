"""Paging `snapshot`: the vendor has no pages, so one answer is captured and paged over here.

The state names the capture and the record to go on at; the body of a page is ours: how many records the
capture has (`count`), and how many there should be (`declared`). That everything was seen is proven by the capture
itself: it is one answer, and all of its records were served.
"""

from __future__ import annotations

from typing import Any, Literal

from connector.duration import Seconds
from connector.paging.facts import PageFacts, State, Step, Style

__all__ = ["Snapshot"]

_MOST = 1000


class Snapshot(Style):
    """One answer, kept for a while."""

    style: Literal["snapshot"]
    keep_for: Seconds = 900.0
    """How long a walk may go on over one capture."""
    share_for: Seconds | None = None
    """How old a capture may be for a new listing to begin over it; without, each listing takes its own."""

    @property
    def most(self) -> int | None:
        return _MOST

    def start(self, size: int) -> State:  # noqa: ARG002 - every style has this face
        return {"capture": None, "start": 0}

    def variables(self, state: State, size: int) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def check(self, body: Any, state: State, size: int) -> None:
        pass

    def declared(self, body: Any) -> int | None:
        """The vendor's total where the connector names a path for it, else how many records its one answer has."""
        return int(body["declared"])

    def advance(self, state: State, page: PageFacts) -> Step:
        after = {**state, "start": state["start"] + page.received}
        return Step(None, "capture") if after["start"] >= page.body["count"] else Step(after)
