"""What a unified field's shape accepts: as checks while records are read, and as questions while rules are compiled.

A check never coerces. The shape None stands for any JSON value (what is inside `custom_fields`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.mapping.dates import check_instant
from connector.mapping.path import json_type
from connector.mapping.refusal import Refused
from connector.model.shape import Enum, Flag, Free, Instant, Items, Label, Record, Shape, Text, Whole

__all__ = ["AnyShape", "check_of", "fits", "kind_of", "noun_of", "part_of", "reads"]

AnyShape: TypeAlias = Shape | None

_KINDS: Mapping[type, type] = {Text: str, Label: str, Flag: bool, Whole: int, Free: dict}


def kind_of(shape: AnyShape) -> type | None:
    """The one Python type whose values the shape accepts, where that is all it asks."""
    return _KINDS.get(type(shape))


def noun_of(shape: AnyShape) -> str:
    """The shape in a word, for messages."""
    return "value" if shape is None else "object" if isinstance(shape, Record) else shape.noun


def check_of(shape: AnyShape, *, hidden: bool = False) -> Callable[[Any], Any] | None:
    """What gives a value back if it is of the shape, else raises Refused; None where all is accepted."""
    if shape is None:
        return None
    if isinstance(shape, Instant):
        return check_instant
    if isinstance(shape, Enum):
        return _enum_check(shape, hidden=hidden)
    kind, noun = _KINDS.get(type(shape), type(None)), noun_of(shape)

    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise Refused("wrong_type", f"expected {noun}, got {json_type(value)}")
        return value

    return check


def _enum_check(shape: Enum, *, hidden: bool) -> Callable[[Any], Any]:
    allowed = frozenset(shape.values)

    def check(value: Any) -> Any:
        if type(value) is not str:
            raise Refused("wrong_type", f"expected string, got {json_type(value)}", shape.open_to)
        if value not in allowed:
            shown = (
                "the value"
                if hidden or len(value) > len(max(shape.values, key=len)) * 4
                else json.dumps(value, ensure_ascii=False)
            )
            raise Refused("unmapped_value", f"{shown} is not one of {', '.join(shape.values)}", shape.open_to)
        return value

    return check


def fits(value: Any, shape: AnyShape) -> bool:
    """Whether a value that stands in a mapping (a constant, a table's right side) is of the shape; null always is."""
    if value is None or shape is None:
        return True
    if isinstance(shape, Items):
        return isinstance(value, list | tuple) and all(
            one is not None and fits(one, shape.item) for one in value
        )
    if isinstance(shape, Record):
        return (
            isinstance(value, dict)
            and value.keys() <= shape.fields.keys()
            and all(value.get(name) is not None for name in shape.required)
            and all(fits(one, shape.fields[name]) for name, one in value.items())
        )
    if isinstance(shape, Enum):
        return isinstance(value, str) and value in shape.values
    if isinstance(shape, Instant):
        return isinstance(value, str) and reads(check_instant, value)
    return type(value) is _KINDS[type(shape)] or (isinstance(shape, Free) and isinstance(value, dict))


def reads(check: Callable[[Any], Any], value: Any) -> bool:
    """Whether the check lets the value pass."""
    try:
        check(value)
    except Refused:
        return False
    return True


def part_of(shape: AnyShape, name: str) -> AnyShape:
    """The shape of a part, by name: of an object's field, or of a field of a list's items. KeyError if there is none."""
    if isinstance(shape, Items):
        shape = shape.item
    if isinstance(shape, Record):
        return shape.fields[name]
    if shape is None or isinstance(shape, Free):
        return None
    raise KeyError(name)
