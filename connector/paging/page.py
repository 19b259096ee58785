"""Paging `page`: numbered pages of one size, which is chosen at the first page and kept for the walk."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, model_validator

from connector.errors import PagingBroken
from connector.mapping.condition import Condition
from connector.mapping.path import PathText
from connector.paging.ends import check_ends, holds_more
from connector.paging.facts import Confirm, PageFacts, State, Step, Style, read_count

__all__ = ["Page"]


class Page(Style):
    """Numbered pages."""

    style: Literal["page"]
    first: Annotated[StrictInt, Field(ge=0)]
    """The number of the first page: 0 or 1."""
    size: Annotated[StrictInt, Field(ge=1, le=10_000)]
    """The most records to ask for at once."""
    ends: Literal["pages", "total", "more", "empty_page"]
    """What proves the end. A short page never does."""
    pages: PathText | None = None
    """Path of how many pages there are (with `ends: pages`)."""
    more: Condition | None = None
    """Holds while there is more (with `ends: more`)."""
    confirm: Confirm | None = None

    @model_validator(mode="after")
    def _complete(self) -> Page:
        check_ends(self.ends, self)
        return self

    @property
    def most(self) -> int | None:
        return self.size

    def start(self, size: int) -> State:
        return {"number": self.first, "size": min(size, self.size)}

    def variables(self, state: State, size: int) -> dict[str, Any]:  # noqa: ARG002 - every style has this face
        return {"page.number": state["number"], "page.size": state["size"]}

    def check(self, body: Any, state: State, size: int) -> None:  # noqa: ARG002
        if self.confirm:
            self.confirm.check(body, {"number": state["number"], "size": state["size"]})

    def advance(self, state: State, page: PageFacts) -> Step:
        after = {**state, "number": state["number"] + 1}
        if self.ends == "pages" and self.pages is not None:
            pages = read_count(self.pages, page.body, "the number of pages")
            read = after["number"] - self.first
            if page.received and read > pages:
                raise PagingBroken(f"the vendor declares {pages} pages, and page {read} holds records")
            moved = ("pages_moved",) if state.get("pages", pages) != pages else ()
            if read >= pages:
                return Step(None, "pages", moved)
            return Step({**after, "pages": pages}, noticed=moved)
        if self.ends == "total" and page.total is not None:
            if page.count >= page.total or page.received == 0:
                return Step(None, "total")
        elif self.ends == "more":
            if not holds_more(self.more, page.body):
                return Step(None, "more")
        elif page.received == 0:
            return Step(None, "empty_page")
        return Step(after)
