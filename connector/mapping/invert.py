"""Rules turned round for writing: what to write so that a value is read.

A writer puts a value into a body. What it wrote is read back before it is believed (`agrees`), so that no
body is sent which would mean something else. `finding` turns rules round for filters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.mapping.chain import chain_of, table_of
from connector.mapping.dates import instant_key
from connector.mapping.fit import AnyShape
from connector.mapping.lookup import Rows
from connector.mapping.path import MISSING, parse_path
from connector.mapping.refusal import Refused
from connector.mapping.rules import (
    CasesRule,
    ConstantRule,
    EachRule,
    FirstOfRule,
    LookupRule,
    ObjectRule,
    PathRule,
    RuleBase,
    TextRule,
    WordRule,
)
from connector.mapping.text import parse_text
from connector.model import UNIFIED
from connector.model.shape import Instant, Items, Record, shape_of

__all__ = ["Lookups", "Writer", "agrees", "put", "sets_nothing", "writer_of"]

Lookups: TypeAlias = Mapping[str, Any]
Body: TypeAlias = dict[Any, Any]
Writer: TypeAlias = Callable[[Any, Body, Lookups], None]
"""Puts what reads as the value into the body; raises Refused."""

_ITSELF = MISSING
"""The key under which a body holds what is no object: an item that is a plain value."""


def writer_of(rule: RuleBase, shape: AnyShape) -> Writer | None:
    """What writes the rule's value; None where it is one-way."""
    if rule.one_way:
        return None
    match rule:
        case PathRule():
            return _path_writer(rule, shape)
        case ConstantRule() | WordRule():
            return lambda _value, _body, _lookups: None
        case TextRule():
            return _text_writer(rule)
        case FirstOfRule():
            return writer_of(rule.first_of[0], shape)
        case CasesRule():
            return _cases_writer(rule)
        case ObjectRule():
            return _object_writer(rule, shape)
        case EachRule():
            return _each_writer(rule, shape)
        case LookupRule():
            return _lookup_writer(rule)
    return None


def sets_nothing(rule: RuleBase) -> bool:
    """Whether the rule is a constant: accepted when it is written, but it can't be set."""
    return isinstance(rule, ConstantRule | WordRule) or (
        isinstance(rule, TextRule) and not parse_text(rule.text).holes
    )


def agrees(value: Any, read: Any, shape: AnyShape) -> bool:
    """Whether what was read back is what was written; fields that weren't given don't count."""
    if isinstance(value, dict):
        fields = shape.fields if isinstance(shape, Record) else {}
        return isinstance(read, dict) and all(
            agrees(one, read.get(name), fields.get(name)) for name, one in value.items()
        )
    if isinstance(value, list | tuple):
        item = shape.item if isinstance(shape, Items) else None
        return (
            isinstance(read, list | tuple)
            and len(value) == len(read)
            and all(agrees(one, other, item) for one, other in zip(value, read, strict=True))
        )
    if value is None:
        return (
            read is None
            or read is MISSING
            or (isinstance(read, dict) and all(one is None for one in read.values()))
        )
    if isinstance(shape, Instant) and isinstance(read, str) and isinstance(value, str):
        try:
            return instant_key(value) == instant_key(read)
        except Refused:
            return False
    return type(value) is type(read) and bool(value == read)


def put(body: Body, steps: tuple[Any, ...], value: Any) -> None:
    """Sets the value at plain steps; raises Refused where something else stands already."""
    if not steps:
        body[_ITSELF] = value
        return
    here = body
    for step in steps[:-1]:
        here = here.setdefault(step, {})
        if not isinstance(here, dict):
            raise Refused("conflict", f"`{step}` is written as a value and as an object")
    last = steps[-1]
    if last in here and not (type(here[last]) is type(value) and here[last] == value):
        raise Refused("conflict", f"`{last}` is written twice, with different values")
    here[last] = value


def _plain_steps(text: str) -> tuple[Any, ...] | None:
    steps = parse_path(text).steps
    return steps if steps is not None and all(isinstance(step, str) for step in steps) else None


# -- writing -----------------------------------------------------------------------------------------------------


def _path_writer(rule: PathRule, shape: AnyShape) -> Writer | None:
    many = isinstance(shape, Items)
    steps = _plain_steps(rule.path.removesuffix("[*]") if many else rule.path)
    chain = chain_of(rule, shape.item if isinstance(shape, Items) else shape)
    writes = [(piece.word, piece.write) for piece in reversed(chain)]
    table = table_of(chain)
    if (
        steps is None
        or any(write is None for _, write in writes)
        or (table is not None and not table.writable)
    ):
        return None

    def inverse(value: Any) -> Any:
        for word, write in writes:
            if write is not None and (value is not None or word in ("null_if", "values")):
                value = None if value is None and word == "values" and not _has_null(rule) else write(value)
        return value

    def write_value(value: Any, body: Body, _lookups: Lookups) -> None:
        put(body, steps, inverse(value))

    def write_list(value: Any, body: Body, _lookups: Lookups) -> None:
        if value is not None and not isinstance(value, list | tuple):
            raise Refused("wrong_type", "expected a list")
        put(body, steps, None if value is None else [inverse(one) for one in value])

    return write_list if many else write_value


def _has_null(rule: PathRule) -> bool:
    return any(ours is None for _, ours in rule.values or ())


def _text_writer(rule: TextRule) -> Writer | None:
    template = parse_text(rule.text)
    if not template.holes:
        return lambda _value, _body, _lookups: None
    steps = _plain_steps(template.holes[0])
    if len(template.holes) > 1 or steps is None:
        return None

    def write(value: Any, body: Body, _lookups: Lookups) -> None:
        inside = None
        if value is not None:
            inside = template.strip(value) if isinstance(value, str) else None
            if inside is None:
                raise Refused("wrong_type", f"expected text of the form {rule.text}")
        put(body, steps, inside)

    return write


def _cases_writer(rule: CasesRule) -> Writer | None:
    bodies: dict[str, list[Mapping[str, Any] | None]] = {}
    for case in rule.cases:
        ours = (
            case.then.constant
            if isinstance(case.then, ConstantRule)
            else case.then.word
            if isinstance(case.then, WordRule)
            else MISSING
        )
        if ours is not MISSING:
            bodies.setdefault(_key(ours), []).append(case.when.literals())
    chosen: dict[str, Mapping[str, Any]] = {
        key: found[0] for key, found in bodies.items() if len(found) == 1 and found[0] is not None
    }
    chosen |= {_key(ours): parts for ours, parts in (rule.write or {}).items()}
    plans: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
    for key, parts in chosen.items():
        steps = [(_plain_steps(path), value) for path, value in parts.items()]
        if all(one is not None for one, _ in steps):
            plans[key] = [(one, value) for one, value in steps if one is not None]
    if not plans:
        return None

    def write(value: Any, body: Body, _lookups: Lookups) -> None:
        plan = plans.get(_key(value))
        if plan is None:
            raise Refused(
                "unmapped_value", f"this value can't be written; allowed: {', '.join(sorted(plans))}"
            )
        for steps, literal in plan:
            put(body, steps, literal)

    return write


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _object_writer(rule: ObjectRule, shape: AnyShape) -> Writer | None:
    fields = shape.fields if isinstance(shape, Record) else {}
    writers = {name: writer_of(part, fields.get(name)) for name, part in rule.object.items()}
    if all(writer is None or sets_nothing(rule.object[name]) for name, writer in writers.items()):
        return None

    def write(value: Any, body: Body, lookups: Lookups) -> None:
        if value is None:
            value = dict.fromkeys(name for name, writer in writers.items() if writer is not None)
        if not isinstance(value, dict):
            raise Refused("wrong_type", "expected an object")
        for name, one in value.items():
            writer = writers.get(name)
            if writer is None:
                if one is None and name in fields and name not in writers:
                    continue  # it reads as null too
                raise Refused(
                    "one_way",
                    f"`{name}` can't be written; allowed: {', '.join(n for n, w in writers.items() if w) or 'none'}",
                )
            writer(one, body, lookups)

    return write


def _each_writer(rule: EachRule, shape: AnyShape) -> Writer | None:
    steps = _plain_steps(rule.each.removesuffix("[*]")) if rule.each.endswith("[*]") else None
    item = writer_of(rule.item, shape.item if isinstance(shape, Items) else None)
    if steps is None or item is None or rule.where is not None:
        return None

    def write(value: Any, body: Body, lookups: Lookups) -> None:
        if value is None:
            put(body, steps, None)
            return
        if not isinstance(value, list | tuple):
            raise Refused("wrong_type", "expected a list")
        items = []
        for one in value:
            cell: Body = {}
            item(one, cell, lookups)
            items.append(cell.get(_ITSELF, cell))
        put(body, steps, items)

    return write


def _lookup_writer(rule: LookupRule) -> Writer | None:
    key_shape = shape_of(UNIFIED[rule.lookup]).fields[rule.where]
    inner = writer_of(rule.is_, key_shape)
    if inner is None:
        return None

    def write(value: Any, body: Body, lookups: Lookups) -> None:
        if value is not None:
            rows = _rows(lookups, rule).where(rule.take, value)
            if len(rows) != 1:
                raise Refused(
                    "lookup_failed",
                    f"{len(rows) or 'none'} of the {rule.lookup} have this {rule.take}, not one",
                )
            value = rows[0].get(rule.where)
        inner(value, body, lookups)

    return write


def _rows(lookups: Lookups, rule: LookupRule) -> Rows:
    rows = lookups.get(rule.lookup)
    if rows is None:
        raise Refused("lookup_failed", f"the {rule.lookup} were not read")
    return rows if isinstance(rows, Rows) else Rows(rows)
