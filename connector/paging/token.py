"""Paging `token`: each page names the next by a token of the vendor's.

The end is the token's absence in exactly the forms that the connector lists; any other empty form is an
error, because a misread path looks just like it. Where the answer also says whether there is more, the two are
held against each other.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from connector.errors import PagingBroken
from connector.mapping.condition import Condition
from connector.mapping.path import PathText
from connector.paging.ends import NoNext, holds_more, read_next
from connector.paging.facts import PageFacts, State, Step, Style

__all__ = ["Token"]


class Token(Style):
    """A token for the next page."""

    style: Literal["token"]
    size: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    """The most records to ask for at once."""
    next: PathText
    """Path of the next page's token."""
    no_next: NoNext = ("missing",)
    """The forms in which the vendor says that there is no next page."""
    more: Condition | None = None
    """Holds while there is more, where the answer says that besides: an answer that contradicts its token is an error."""

    @property
    def most(self) -> int | None:
        return self.size

    def start(self, size: int) -> State:
        return {"token": None, "size": min(size, self.size)}

    def variables(self, state: State, size: int) -> dict[str, Any]:  # noqa: ARG002 - every style has this face
        token = {} if state["token"] is None else {"page.token": state["token"]}
        return {"page.size": state["size"], **token}

    def check(self, body: Any, state: State, size: int) -> None:
        pass

    def advance(self, state: State, page: PageFacts) -> Step:
        token = read_next(self.next, page.body, self.no_next, "token", (str, int))
        if self.more is not None and holds_more(self.more, page.body) != (token is not None):
            says, has = ("no more", "a") if token is not None else ("more", "no")
            raise PagingBroken(
                f"the vendor says that there is {says}, and its answer has {has} token for a next page at {self.next}"
            )
        return Step(None, "no_next") if token is None else Step({**state, "token": token})
