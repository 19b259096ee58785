"""Rules turned round: what to write so that a value is read, and which vendor values read as one.

A writer puts a value into a body; what it wrote is always read back before it is believed, so that no body
is sent which would mean something else. A finder answers None where the vendor can't be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.mapping.chain import chain_of, table_of
from connector.mapping.dates import in_utc, instant_key
from connector.mapping.fit import AnyShape, fits, part_of
from connector.mapping.lookup import Rows
from connector.mapping.path import MISSING, parse_path
from connector.mapping.refusal import Refused
from connector.mapping.rules import (
    CasesRule,
    ConstantRule,
    EachRule,
    FirstOfRule,
    ListRule,
    LookupRule,
    ObjectRule,
    PathRule,
    RuleBase,
    TextRule,
    WordRule,
)
from connector.mapping.text import parse_text
from connector.model import UNIFIED
from connector.model.shape import Enum, Instant, Items, Record, Text, shape_of

__all__ = ["Finder", "Lookups", "Writer", "agrees", "finder_of", "put", "sets_nothing", "writer_of"]

Lookups: TypeAlias = Mapping[str, Any]
Body: TypeAlias = dict[Any, Any]
Writer: TypeAlias = Callable[[Any, Body, Lookups], None]
"""Puts what reads as the value into the body; raises Refused."""
Finder: TypeAlias = Callable[[Any, Lookups], "list[Any] | None"]

_ITSELF = MISSING
"""The key under which a body holds what is no object: an item that is a plain value."""
_MOST_FOUND = 100


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


def finder_of(rule: RuleBase, shape: AnyShape, inner: tuple[str, ...] = ()) -> Finder | None:
    """What finds all vendor values that the rule reads as a value; `inner` names a field inside an object or list."""
    match rule:
        case ObjectRule() if inner:
            part = rule.object.get(inner[0])
            return finder_of(part, part_of(shape, inner[0]), inner[1:]) if part else None
        case EachRule():
            return finder_of(rule.item, shape.item if isinstance(shape, Items) else None, inner)
        case ListRule():
            return _list_finder(rule, shape, inner)
        case PathRule() if not inner:
            return _path_finder(rule, shape.item if isinstance(shape, Items) else shape)
        case TextRule() if not inner:
            return _text_finder(rule)
        case LookupRule() if not inner:
            return _lookup_finder(rule)
    return None


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
            bodies.setdefault(repr(ours), []).append(case.when.literals())
    chosen: dict[str, Mapping[str, Any]] = {
        key: found[0] for key, found in bodies.items() if len(found) == 1 and found[0] is not None
    }
    chosen |= {repr(ours): parts for ours, parts in (rule.write or {}).items()}
    plans: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
    for key, parts in chosen.items():
        steps = [(_plain_steps(path), value) for path, value in parts.items()]
        if all(one is not None for one, _ in steps):
            plans[key] = [(one, value) for one, value in steps if one is not None]
    if not plans:
        return None

    def write(value: Any, body: Body, _lookups: Lookups) -> None:
        plan = plans.get(repr(value))
        if plan is None:
            raise Refused(
                "unmapped_value", f"this value can't be written; allowed: {', '.join(sorted(plans))}"
            )
        for steps, literal in plan:
            put(body, steps, literal)

    return write


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
            items.append(cell[_ITSELF] if _ITSELF in cell else cell)
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


# -- finding -----------------------------------------------------------------------------------------------------


def _path_finder(rule: PathRule, shape: AnyShape) -> Finder | None:
    chain = chain_of(rule, shape)
    if any(piece.find is None for piece in chain):
        return None
    finds = [piece.find for piece in reversed(chain) if piece.find is not None]
    unknown = shape.open_to if isinstance(shape, Enum) else None

    def find(value: Any, _lookups: Lookups) -> list[Any] | None:
        # An absent key, null, or any word that isn't listed can't be asked for as a value.
        if (
            value is None
            or value == unknown
            or (type(value) is type(rule.if_missing) and value == rule.if_missing)
        ):
            return None
        if not rule.values and not fits(value, shape) and not isinstance(shape, Instant):
            return []
        if isinstance(shape, Instant) and not chain:
            try:
                value = in_utc(value)
            except Refused:
                return None
        found = [value]
        for one in finds:
            deeper: list[Any] = []
            for each in found:
                more = one(each)
                if more is None:
                    return None
                deeper += more
            found = deeper
        return None if None in found or len(found) > _MOST_FOUND else found

    return find


def _text_finder(rule: TextRule) -> Finder | None:
    template = parse_text(rule.text)
    if len(template.holes) != 1:
        return None

    def find(value: Any, _lookups: Lookups) -> list[Any] | None:
        inside = template.strip(value) if isinstance(value, str) else None
        return [] if inside is None else [inside]

    return find


def _list_finder(rule: ListRule, shape: AnyShape, inner: tuple[str, ...]) -> Finder | None:
    finders = []
    for source in rule.list:
        whole = isinstance(source, EachRule | ListRule)
        item = shape.item if isinstance(shape, Items) else None
        finder = finder_of(source, shape if whole else item, inner)
        if finder is None:
            return None
        finders.append(finder)

    def find(value: Any, lookups: Lookups) -> list[Any] | None:
        found: list[Any] = []
        for finder in finders:
            more = finder(value, lookups)
            if more is None:
                return None
            found += [
                one for one in more if not any(type(one) is type(other) and one == other for other in found)
            ]
        return found

    return find


def _lookup_finder(rule: LookupRule) -> Finder | None:
    key_shape = shape_of(UNIFIED[rule.lookup]).fields[rule.where]
    inner = finder_of(rule.is_, key_shape)
    if inner is None:
        return None
    folded = isinstance(key_shape, Text) and key_shape.casefolded

    def find(value: Any, lookups: Lookups) -> list[Any] | None:
        rows = lookups.get(rule.lookup)
        if rows is None:
            return None
        rows = rows if isinstance(rows, Rows) else Rows(rows)
        found: list[Any] = []
        for row in rows.where(rule.take, value):
            key = row.get(rule.where)
            if key is not None and len(rows.where(rule.where, key, folded=folded)) == 1:
                more = inner(key, lookups)
                if more is None:
                    return None
                found += more
        return found

    return find
