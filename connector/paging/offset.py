"""Paging `offset`: a start index, advanced by the records that were received, never by what a server claims.

The page size may change from call to call, so a caller's smaller `limit` asks the vendor for less.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, model_validator

from connector.errors import PagingBroken
from connector.mapping.condition import Condition
from connector.paging.ends import check_ends, holds_more
from connector.paging.facts import Confirm, PageFacts, State, Step, Style

__all__ = ["Offset"]


class Offset(Style):
    """A start index and a size: SCIM's startIndex and count (RFC 7644 §3.4.2.4), skip and limit."""

    style: Literal["offset"]
    first: Annotated[StrictInt, Field(ge=0)]
    """The index of the first record: 0 or 1."""
    size: Annotated[StrictInt, Field(ge=1, le=10_000)]
    """The most records to ask for at once."""
    ends: Literal["total", "more", "empty_page"]
    """What proves the end. A short page never does."""
    more: Condition | None = None
    """Holds while there is more (with `ends: more`)."""
    confirm: Confirm | None = None

    @model_validator(mode="after")
    def _complete(self) -> Offset:
        check_ends(self.ends, self)
        return self

    @property
    def most(self) -> int | None:
        return self.size

    def start(self, size: int) -> State:  # noqa: ARG002 - every style has this face
        return {"start": self.first}

    def variables(self, state: State, size: int) -> dict[str, Any]:
        return {"page.start": state["start"], "page.size": self._asked(state, size)}

    def check(self, body: Any, state: State, size: int) -> None:
        if self.confirm:
            self.confirm.check(body, {"start": state["start"], "size": self._asked(state, size)})

    def _asked(self, state: State, size: int) -> int:
        """How many to ask for: none that the vendor can't reach."""
        reachable = self.size if self.ceiling is None else self.first + self.ceiling - state["start"]
        return max(1, min(size, self.size, reachable))

    def advance(self, state: State, page: PageFacts) -> Step:
        after = {"start": state["start"] + page.received}
        if self.ends == "total" and page.total is not None:
            if page.count >= page.total or page.received == 0:
                return Step(None, "total")
        elif self.ends == "more":
            if not holds_more(self.more, page.body):
                return Step(None, "more")
            if page.received == 0:
                raise PagingBroken(
                    "the answer says that there is more and holds no record, so there is no next index"
                )
        elif page.received == 0:
            return Step(None, "empty_page")
        return Step(after)
