"""Paging `next_url`: the answer's body holds the next page's URL, whole or relative to the one that was asked."""

from __future__ import annotations

from typing import Literal

from connector.mapping.path import PathText
from connector.paging.ends import NoNext, read_next
from connector.paging.facts import PageFacts, State, Step
from connector.paging.named import NamedByUrl

__all__ = ["NextUrl"]


class NextUrl(NamedByUrl):
    """The next page's URL stands in the body."""

    style: Literal["next_url"]
    next: PathText
    """Path of the next page's URL."""
    no_next: NoNext = ("missing",)
    """The forms in which the vendor says that there is no next page."""

    def advance(self, state: State, page: PageFacts) -> Step:
        return self.step(state, page, read_next(self.next, page.body, self.no_next, "URL", (str,)))
