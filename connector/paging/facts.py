"""What a paging style is given about one page, and what it says of it. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from connector.errors import PagingBroken
from connector.mapping.path import MISSING, Notes, PathText, json_type, parse_path

__all__ = ["Confirm", "PageFacts", "State", "Step", "Style", "read_count"]

State = dict[str, Any]
"""A style's place in a listing: plain JSON, since it travels inside a cursor."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """One page as it was received.

    `count` is how many records the walk has received with this page (repeats counted); `total` is what
    the answer declares, where the connector names a path for it. `url` is what was asked, `headers` what the
    answer came with, by lower-case name.
    """

    body: Any
    received: int
    count: int
    total: int | None = None
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """Where to go on (None: nowhere), and the evidence that this is the end."""

    next: State | None
    ended_by: str | None = None
    noticed: tuple[str, ...] = ()
    """Reasons that this step adds to what is known of the listing."""


class Style(BaseModel):
    """What every paging style shares. A style is data: it never calls, and never keeps anything."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    total: PathText | None = None
    """Path of how many records the whole listing has. Always cross-checked: fewer at the end is partial,
    more is an error, absent is an error."""

    ceiling: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many records the vendor lets anyone reach: a walk that has received so many ends, and is partial."""
    when_empty: Literal["check"] | None = None
    """`check`: an empty first page is believed only once the api's `check` has passed."""

    def declared(self, body: Any) -> int | None:
        """What the answer says the total is. Raises PagingBroken when it should say and doesn't."""
        return None if self.total is None else read_count(self.total, body, "the total")

    def url(self, state: State) -> str | None:  # noqa: ARG002 - most styles ask at the call's own
        """The complete URL of a page that the vendor has named by one."""
        return None


class Confirm(BaseModel):
    """Where an answer repeats what was asked; a difference is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: PathText | None = None
    number: PathText | None = None
    size: PathText | None = None

    def check(self, body: Any, asked: Mapping[str, int]) -> None:
        for name, path in (("start", self.start), ("number", self.number), ("size", self.size)):
            if path is None or name not in asked:
                continue
            answered = parse_path(path).one(body, Notes())
            if answered is MISSING or answered is None:
                continue
            if type(answered) is not int or answered != asked[name]:
                raise PagingBroken(
                    f"asked for page {name} {asked[name]}, and the answer says at {path} that it is {answered!r}: "
                    "the server does not page as it was asked to",
                )


def read_count(path: str, body: Any, noun: str) -> int:
    """A whole number, not negative, at `path`. Raises PagingBroken."""
    found = parse_path(path).one(body, Notes())
    if found is MISSING:
        raise PagingBroken(f"the answer has nothing at {path}, where {noun} should stand")
    if type(found) is not int or found < 0:
        raise PagingBroken(
            f"{noun} at {path} is not a whole number from 0: expected integer, got {json_type(found)}"
        )
    return found
