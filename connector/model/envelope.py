"""The envelope of every answer: the rows, where to go on, and what is known about their completeness."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Completeness",
    "ItemEnvelope",
    "ListEnvelope",
    "Outcome",
    "Verdict",
    "Warned",
    "WrittenEnvelope",
]

T = TypeVar("T")
Verdict = Literal["in_progress", "complete", "partial", "unproven"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Completeness(_Part):
    """What is known about a listing as a whole. Only `complete` may be read as "everyone else is gone"."""

    verdict: Verdict
    seen: int
    """Ids that the vendor has sent so far in this walk, before our own filters; one that comes again on its
    page or at the beginning of the next is counted once."""
    declared: int | None = None
    """How many the vendor said there are, when the walk began."""
    scope: str | None = None
    """What the listing covers (a node, a tenant)."""
    reasons: list[str] = []
    """Why it is partial or unproven."""


class Warned(_Part):
    """Something that a reader should know of; like ones are counted, not repeated."""

    code: str
    message: str
    path: str | None = None
    """Where in the vendor's record: a JSON path."""
    field: str | None = None
    """The unified field."""
    record_id: str | None = None
    """The first record that it happened in."""
    count: int = 1


class Outcome(_Part):
    """What a write came to, where it didn't fail."""

    is_: Literal["done", "queued", "unchanged", "kept"] = Field(alias="is")
    """`done`; `queued`: the vendor will do it later; `unchanged`: there was nothing to do; `kept`: the vendor keeps what
    it was asked to remove, and only changed it."""
    verified: bool
    """Whether it was read afterwards and is as it was asked for."""
    message: str | None = None
    """What the connector says of it."""


class ListEnvelope(_Part, Generic[T]):
    """A page of a listing. It may be shorter than `limit`, even empty; only `next_cursor: null` ends."""

    result: list[T]
    next_cursor: str | None
    prev_cursor: None = None
    result_count: int
    is_partial_response: bool
    """Rows lack fields that `get` or `include` would fill."""
    completeness: Completeness
    warnings: list[Warned]
    explain: dict[str, Any] | None = None
    """How the question was answered; only when asked for."""


class ItemEnvelope(_Part, Generic[T]):
    """One row."""

    result: T
    is_partial_response: bool
    warnings: list[Warned]


class WrittenEnvelope(_Part, Generic[T]):
    """What a write came to."""

    result: T | None
    """What was written, as it was read last; null where it was not read, or is gone."""
    outcome: Outcome
    is_partial_response: bool
    warnings: list[Warned]
