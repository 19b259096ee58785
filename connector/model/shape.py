"""What a unified field may hold, derived from the pydantic models and from nothing else.

A mapping is compiled against shapes: each knows which JSON values it accepts, and whether a bare word may
be a constant there (only where the vocabulary is closed, or where the text is a label).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

__all__ = [
    "CaseFolded",
    "Enum",
    "Flag",
    "Free",
    "Instant",
    "Items",
    "Label",
    "Membership",
    "Record",
    "Shape",
    "Text",
    "Whole",
    "shape_of",
]


@dataclass(frozen=True)
class CaseFolded:
    """Marks text that is compared without letter case (e-mail addresses, user names: RFC 7643 §4.1.1)."""


@dataclass(frozen=True)
class Label:
    """Marks (and is the shape of) short descriptive text: a bare word is a constant there."""

    noun = "string"


@dataclass(frozen=True)
class Membership:
    """Marks a list that access decisions rest on: unreadable in part means null as a whole (law 4)."""


@dataclass(frozen=True)
class Text:
    """Any string, and nothing that only looks like one."""

    casefolded: bool = False
    noun = "string"


@dataclass(frozen=True)
class Flag:
    """true or false."""

    noun = "boolean"


@dataclass(frozen=True)
class Whole:
    """An integer; never a boolean."""

    noun = "integer"


@dataclass(frozen=True)
class Instant:
    """A point in time, written in RFC 3339 and UTC with `Z`."""

    noun = "date-time"


@dataclass(frozen=True)
class Enum:
    """A closed vocabulary. `open_to` is what an unmapped vendor value becomes (`unknown`), if anything."""

    values: tuple[str, ...]
    noun = "string"

    @property
    def open_to(self) -> str | None:
        return "unknown" if "unknown" in self.values else None


@dataclass(frozen=True)
class Free:
    """Any JSON object (`custom_fields`, `identifiers`, `remote_data`)."""

    noun = "object"


@dataclass(frozen=True)
class Record:
    """An object with known fields."""

    fields: Mapping[str, Shape]
    required: frozenset[str]
    noun = "object"


@dataclass(frozen=True)
class Items:
    """A list of one shape; `membership` as in `Membership`."""

    item: Shape
    membership: bool = False
    noun = "list"


Shape = Text | Label | Flag | Whole | Instant | Enum | Free | Record | Items


@cache
def shape_of(model: type[BaseModel]) -> Record:
    """The shape of a unified model, in the order of its fields."""
    return Record(
        fields={name: _shape(info.annotation, info.metadata) for name, info in model.model_fields.items()},
        required=frozenset(name for name, info in model.model_fields.items() if info.is_required()),
    )


def _shape(annotation: Any, marks: list[Any]) -> Shape:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _shape(inner, [*more, *marks])
    if origin in (Union, types.UnionType):
        (inner,) = [arm for arm in get_args(annotation) if arm is not type(None)]
        return _shape(inner, marks)
    if origin is Literal:
        return Enum(tuple(get_args(annotation)))
    if origin is list:
        (inner,) = get_args(annotation)
        return Items(_shape(inner, []), membership=any(isinstance(mark, Membership) for mark in marks))
    if origin is dict:
        return Free()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return shape_of(annotation)
    if annotation is str:
        if any(isinstance(mark, Label) for mark in marks):
            return Label()
        return Text(casefolded=any(isinstance(mark, CaseFolded) for mark in marks))
    plain: dict[Any, Shape] = {bool: Flag(), int: Whole(), datetime: Instant()}
    return plain[annotation]
