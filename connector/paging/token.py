"""Paging `token`: each page names the next by a token of the vendor's.

The end is the token's absence in exactly the forms that the connector lists; any other empty form is an
error, because a misread path looks just like it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema

from connector.errors import PagingBroken
from connector.mapping.path import MISSING, Notes, PathText, json_type, parse_path
from connector.paging.facts import PageFacts, State, Step, Style

__all__ = ["Token"]

EmptyForm = Annotated[
    Literal["missing", "null", "empty"],
    BeforeValidator(lambda form: "null" if form is None else form),  # YAML's bare null is the word meant
    WithJsonSchema({"enum": ["missing", "null", "empty", None]}),
]


class Token(Style):
    """A token for the next page."""

    style: Literal["token"]
    size: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    """The most records to ask for at once."""
    next: PathText
    """Path of the next page's token."""
    no_next: Annotated[tuple[EmptyForm, ...], Field(min_length=1)] = ("missing",)
    """The forms in which the vendor says that there is no next page."""

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
        token = parse_path(self.next).one(page.body, Notes())
        form = (
            "missing" if token is MISSING else "null" if token is None else "empty" if token == "" else None
        )
        if form in self.no_next:
            return Step(None, "no_next")
        if form is not None:
            raise PagingBroken(
                f"the next token at {self.next} is {form}; this connector says that the end is: {', '.join(self.no_next)}"
            )
        if type(token) not in (str, int):
            raise PagingBroken(
                f"the next token at {self.next}: expected string or integer, got {json_type(token)}"
            )
        return Step({**state, "token": token})
