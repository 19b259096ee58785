"""Small types that the models of mapping files are made of.

A closed word is refused with the list of what is allowed, and a table keeps the type of its keys (`true`,
`1` and `"1"` are three). Nothing here reads a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "Closed",
    "Literals",
    "NotBuilt",
    "PlainText",
    "Scalar",
    "Table",
    "one_of",
    "plain",
    "same",
    "scalar_table",
    "typed",
]

MAX_TEXT = 1_000
MAX_ROWS = 1_000


class Closed(BaseModel):
    """A mapping of the YAML with known keys only."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _refuse(_value: Any) -> Any:
    raise PydanticCustomError("not_built", "this word of the format is not built yet")


NotBuilt = Annotated[
    None, BeforeValidator(_refuse), WithJsonSchema({"not": {}, "description": "Not built yet."})
]
"""A word of the format that is refused by name until it is built."""

Scalar: TypeAlias = str | bool | int | float | None


def typed(value: Any) -> tuple[type, Any]:
    """A key under which values of other JSON types never meet; 1 and 1.0 are the same number."""
    kind = type(value)
    return (int if kind is float else kind), value


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal and of one JSON type."""
    return typed(one) == typed(other)


def plain(value: Any) -> Any:
    """A JSON value of the YAML without its marks."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def one_of(*words: str) -> BeforeValidator:
    """Refuses any other word, and says which there are."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            found = value if isinstance(value, str) else type(value).__name__
            raise PydanticCustomError("word", "unknown word `{found}`", {"found": found, "allowed": words})
        return value

    allowed: Any = Annotated[str, WithJsonSchema({"type": "string", "enum": list(words)})]
    return BeforeValidator(check, json_schema_input_type=allowed)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _rows(value: Any) -> Any:
    if isinstance(value, tuple):
        return value
    if not isinstance(value, Mapping) or not value:
        raise PydanticCustomError("table", "expected a table of at least one row (key: value)")
    rows = tuple(getattr(value, "pairs", value.items()))
    if len(rows) > MAX_ROWS:
        raise PydanticCustomError("table", "more than {most} rows", {"most": MAX_ROWS})
    return rows


def _scalar_row(row: Any) -> Any:
    key, value = row
    if not (_is_scalar(key) and _is_scalar(value)):
        raise PydanticCustomError("table", "a row holds text, a number, true, false or null on both sides")
    return key, value


def _scalars(value: Any) -> Any:
    if (
        isinstance(value, str | bytes)
        or not isinstance(value, list | tuple)
        or not all(map(_is_scalar, value))
    ):
        raise PydanticCustomError("literals", "expected a list of text, numbers, true, false or null")
    return tuple(value)


Table = Annotated[
    tuple[Annotated[Any, AfterValidator(_scalar_row)], ...],
    BeforeValidator(_rows),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": ["string", "boolean", "number", "null"]},
        }
    ),
]
"""Rows (key, value) in the file's order; keys keep their type."""

Literals = Annotated[
    tuple[Any, ...],
    BeforeValidator(_scalars),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "boolean", "number", "null"]}}),
]

PlainText = Annotated[str, Field(max_length=MAX_TEXT)]


def scalar_table(value: Any) -> Any:
    """Rows (key, values): a single value on the right is a list of one."""
    if value is None:
        return None
    rows = []
    for key, right in _rows(value):
        many = tuple(right) if isinstance(right, list | tuple) else (right,)
        if not _is_scalar(key) or not many or not all(map(_is_scalar, many)):
            raise PydanticCustomError(
                "table", "a row holds a value, and on its right a value or a list of values"
            )
        rows.append((key, many))
    return tuple(rows)
