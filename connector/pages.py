"""What comes back to a caller: a page or one row in its envelope, as plain dicts and as typed models.

The plain rows are the hot path, straight from the mapping to JSON; typed models are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import GenericAlias
from typing import Any, Generic, TypedDict, TypeVar

import msgspec
from pydantic import TypeAdapter

from connector.errors import InvalidRequest
from connector.model import UNIFIED
from connector.model.envelope import Completeness, Outcome, Warned

__all__ = ["Asked", "AskedOne", "Item", "Page", "Written"]

T = TypeVar("T")


class AskedOne(TypedDict, total=False):
    """What `get` may be asked with."""

    include: Iterable[str]
    """`remote_data`, `groups`."""
    exclude_fields: Iterable[str]
    strict: bool
    """What would be a warning about a record is an error."""


class Asked(AskedOne, total=False):
    """What `list` may be asked with."""

    limit: int
    """The most rows of a page, 1 to 1000 (100)."""
    cursor: str | None
    """`next_cursor` of the page before."""
    filters: Mapping[str, Any] | None
    """Field → value, or field → {operator: value}; those that the mapping lists."""
    group_id: str | None
    """Only the users who are in this group."""
    remote_query: Mapping[str, str] | None
    """What the vendor is asked besides: name → value; those that the connector lists for this listing."""
    sort_by: str | None
    """A field, `-field` for descending; those that the vendor can sort by."""
    explain: bool
    """Say in the answer who evaluated what, and which calls were made."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page. `rows` are plain dicts; `result` the same as typed models."""

    unified: str
    rows: list[dict[str, Any]]
    next_cursor: str | None
    is_partial_response: bool
    completeness: Completeness
    warnings: list[Warned]
    explain: dict[str, Any] | None = None
    ids: list[str] = field(default_factory=list, repr=False)
    """What stands for `{id}` of each row."""
    units: Sequence[int] = field(default=(), repr=False)
    """Which of several listings each row came from: an id of two of them is one record, met twice."""

    @cached_property
    def result(self) -> list[T]:
        if self.unified not in UNIFIED:  # the vendor's own records
            return self.rows  # type: ignore[return-value]
        return _rows_of(self.unified).validate_python(self.rows)  # type: ignore[no-any-return]

    def without(self, met: Collection[int]) -> Page[T]:
        """The page without the rows at these places, which an earlier page had from another listing."""
        kept = [at for at in range(len(self.rows)) if at not in met]
        joined = Warned(
            code="joined",
            message="records that an entry or source before had too: they come once",
            count=len(met),
        )
        return replace(
            self,
            rows=[self.rows[at] for at in kept],
            ids=[self.ids[at] for at in kept],
            units=[self.units[at] for at in kept],
            warnings=[*self.warnings, joined],
        )

    def to_dict(self, key_by: str | None = None) -> dict[str, Any]:
        """The envelope (DESIGN §6). With `key_by`, `result` is an object keyed by that field."""
        return {
            "result": self.rows if key_by is None else _keyed(self.rows, key_by),
            "next_cursor": self.next_cursor,
            "prev_cursor": None,
            "result_count": len(self.rows),
            "is_partial_response": self.is_partial_response,
            "completeness": self.completeness.model_dump(),
            "warnings": [item.model_dump(exclude_none=True) for item in self.warnings],
            **({"explain": self.explain} if self.explain is not None else {}),
        }

    def to_json(self, key_by: str | None = None) -> bytes:
        return msgspec.json.encode(self.to_dict(key_by))


@dataclass(frozen=True)
class Item(Generic[T]):
    """One row. `row` is a plain dict, `result` the typed model; a repr shows neither: a row may hold a secret."""

    unified: str
    row: dict[str, Any] = field(repr=False)
    is_partial_response: bool
    warnings: list[Warned]

    @cached_property
    def result(self) -> T:
        if self.unified not in UNIFIED:
            return self.row  # type: ignore[return-value]
        return UNIFIED[self.unified].model_validate(self.row)  # type: ignore[return-value]

    def to_dict(self) -> dict[str, Any]:
        return {
            "result": self.row,
            "is_partial_response": self.is_partial_response,
            "warnings": [item.model_dump(exclude_none=True) for item in self.warnings],
        }

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


@dataclass(frozen=True)
class Written(Generic[T]):
    """What a write came to. `row` is empty and `result` None where nothing was read of it; a repr shows neither."""

    unified: str
    row: dict[str, Any] = field(repr=False)
    outcome: Outcome
    is_partial_response: bool
    warnings: list[Warned]

    @cached_property
    def result(self) -> T:
        if not self.row:
            return None  # type: ignore[return-value]
        return UNIFIED[self.unified].model_validate(self.row)  # type: ignore[return-value]

    def to_dict(self) -> dict[str, Any]:
        return {
            "result": self.row or None,
            "outcome": self.outcome.model_dump(by_alias=True, exclude_none=True),
            "is_partial_response": self.is_partial_response,
            "warnings": [item.model_dump(exclude_none=True) for item in self.warnings],
        }

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


@cache
def _rows_of(unified: str) -> TypeAdapter[Any]:
    rows: Any = GenericAlias(list, (UNIFIED[unified],))  # list[User], for a model known only by name
    return TypeAdapter(rows)


def _keyed(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    keyed: dict[str, Any] = {}
    for row in rows:
        key = row.get(name)
        if not isinstance(key, str) or key in keyed:
            raise InvalidRequest(
                f"key_by={name}: {'null' if key is None else repr(key)} can't be the key of a row; it must be text and unique"
            )
        keyed[key] = row
    return keyed
