"""What a caller gives to a write, checked before anything is sent: every wrong value is told at once, none is repaired.

A field must be of the unified model's own type, and be one that the connector takes and the mapping can write so that
it reads back as the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.change import Create
from connector.cursor import digest
from connector.errors import InvalidRequest
from connector.inputs import read_inputs, text_fault, unknown_field
from connector.mapping.fit import AnyShape, fits, noun_of
from connector.mapping.path import json_type
from connector.model import UNIFIED
from connector.model.shape import Enum, Items, Label, Record, Text, shape_of
from connector.reading import Reading

__all__ = ["check_fields", "read_created", "require_fields", "writable_of"]

_MOST = 500
"""The most characters of a text, as of an input that says nothing else."""


def require_fields(given: Any) -> Mapping[str, Any]:
    """What is given as fields. Raises InvalidRequest unless it is a mapping."""
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"fields: expected name → value, got {type(given).__name__}")
    return given


def writable_of(reading: Reading, takes: Sequence[str]) -> list[str]:
    """Those of the fields that the account's mapping can write."""
    known = reading.source.mapper.writable()
    return [name for name in takes if known.get(name)]


def read_created(
    reading: Reading, create: Create, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what its inputs are, the unified fields) of one that is to be made. Raises InvalidRequest."""
    takes = writable_of(reading, create.takes)
    known = (*takes, *create.input)
    wrong = [unknown_field(name, known) for name in given if name not in known]
    wrong += [f"{name}: it is needed" for name in create.needs if given.get(name) is None]
    fields = {name: given[name] for name in takes if name in given}
    wrong += _faults(reading, fields)
    inputs: dict[str, Any] = {}
    try:
        own = {name: given[name] for name in create.input if name in given}
        inputs = dict(read_inputs(create.input, own, reading.api.values, _owner(reading)))
    except InvalidRequest as error:
        wrong += error.details
    _refuse(wrong)
    return inputs, fields


def check_fields(reading: Reading, takes: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The unified fields to change. Raises InvalidRequest."""
    wrong = [unknown_field(name, takes) for name in given if name not in takes]
    if not given:
        wrong.append(f"there is nothing to change; there are: {', '.join(takes)}")
    fields = {name: given[name] for name in takes if name in given}
    _refuse([*wrong, *_faults(reading, fields)])
    return fields


def _refuse(wrong: Sequence[str]) -> None:
    if wrong:
        raise InvalidRequest(f"nothing was sent: {'; '.join(wrong)}", details=list(wrong))


def _owner(reading: Reading) -> str:
    """An account that isn't kept has no id: what is the same for the same person must not change with its settings."""
    opened = reading.opened
    return opened.account if opened.version else digest(opened.loaded.name, reading.api.base_url)


def _faults(reading: Reading, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with each field: its type, its characters, or that the mapping can't write it."""
    shapes = shape_of(UNIFIED[reading.source.mapping.unified]).fields
    for name, value in fields.items():
        shape = shapes[name]
        if isinstance(shape, Enum) and isinstance(value, str) and value not in shape.values:
            yield f"{name}: {value!r} is not one of {', '.join(shape.values)}"
        elif not fits(value, shape):
            yield f"{name}: expected {noun_of(shape)}, got {_kind(value)}"
        elif fault := next(_text_faults(value, shape), None):
            yield f"{name}: {fault}"
        else:
            try:
                reading.source.mapper.changes({name: value}, reading.lookups)
            except InvalidRequest as error:
                yield error.message


def _kind(value: Any) -> str:
    found = json_type(value)
    return f"{found} of another form" if found in ("list", "object") else found


def _text_faults(value: Any, shape: AnyShape) -> Iterator[str]:
    """What is wrong with a text, wherever it stands in the value."""
    if isinstance(value, Mapping) and isinstance(shape, Record):
        for name, one in value.items():
            yield from _text_faults(one, shape.fields[name])
    elif isinstance(value, list | tuple) and isinstance(shape, Items):
        for one in value:
            yield from _text_faults(one, shape.item)
    elif value is not None and isinstance(shape, Text | Label):
        fault = text_fault(value, _MOST)
        if fault is not None:
            yield fault
