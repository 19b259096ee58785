"""Rules compiled to readers: closures from a record to a unified value.

A reader gives a value of its field's shape, None, or MISSING; what it can't read is null and a note. The
hot path is here: no parsing, no look at the rule while a record is read, and a note costs only when written.
"""

from __future__ import annotations

from typing import Any

from connector.mapping.fit import AnyShape, fits, noun_of
from connector.mapping.leaves import (
    Reader,
    constant_reader,
    misfit,
    path_reader,
    read_nothing,
    text_reader,
    word_reader,
)
from connector.mapping.lists import each_reader, list_reader
from connector.mapping.lookup import Rows
from connector.mapping.path import MISSING, Notes, parse_path
from connector.mapping.rules import (
    CasesRule,
    ConstantRule,
    EachRule,
    FirstOfRule,
    InputRule,
    JoinRule,
    ListRule,
    LookupRule,
    ObjectRule,
    PathRule,
    RuleBase,
    TextRule,
    WordRule,
)
from connector.mapping.survey import MAX_LOOKUPS, Place, Survey
from connector.model import UNIFIED
from connector.model.shape import Enum, Free, Items, Label, Record, Text, shape_of

__all__ = ["never_null", "reader_of"]


def reader_of(rule: RuleBase, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What reads the rule; with complaints in the survey it may be one that reads nothing."""
    survey.count(place)
    if rule.secret:
        survey.secrets.add(place.name)
    match rule:
        case PathRule():
            return path_reader(rule, shape, place, survey)
        case ConstantRule():
            return constant_reader(rule.constant, shape, place, survey)
        case WordRule():
            return word_reader(rule.word, shape, place, survey)
        case TextRule():
            return text_reader(rule, shape, place, survey)
        case FirstOfRule():
            return _first_of(rule, shape, place, survey)
        case JoinRule():
            return _join(rule, shape, place, survey)
        case CasesRule():
            return _cases(rule, shape, place, survey)
        case ObjectRule():
            return _object(rule, shape, place, survey)
        case EachRule():
            return _each(rule, shape, place, survey)
        case ListRule():
            return _list(rule, shape, place, survey)
        case LookupRule():
            return _lookup(rule, shape, place, survey)
        case InputRule():
            survey.complain(place, f"`input.{rule.input}` stands only as the whole rule of a field")
    return read_nothing


def never_null(read: Reader, shape: Enum, path: str) -> Reader:
    """A field whose vocabulary has a word for what isn't known says that word instead of nothing."""
    unknown = shape.open_to

    def read_known(record: Any, notes: Notes) -> Any:
        before = len(notes.found)
        value = read(record, notes)
        if value is not None and value is not MISSING:
            return value
        if len(notes.found) == before:
            what = "no value" if value is MISSING else "null"
            notes.add("unmapped_value", path, f"{what} is there; read as {unknown}")
        return unknown

    return read_known


# -- several sources ---------------------------------------------------------------------------------------------


def _first_of(rule: FirstOfRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    readers = tuple(
        reader_of(one, shape, place.at("first_of", i), survey) for i, one in enumerate(rule.first_of)
    )

    def read(record: Any, notes: Notes) -> Any:
        nothing: Any = MISSING
        for reader in readers:
            value = reader(record, notes)
            if value is None or value in ("", [], {}):
                nothing = None
            elif value is not MISSING:
                return value
        return nothing

    return read


def _join(rule: JoinRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not isinstance(shape, Text | Label | None):
        survey.complain(place, f"`join` gives a string; {place.name} holds a {noun_of(shape)}")
    readers = tuple(reader_of(one, Text(), place.at("join", i), survey) for i, one in enumerate(rule.join))
    between = rule.with_

    def read(record: Any, notes: Notes) -> Any:
        before = len(notes.found)
        parts = [value for reader in readers if (value := reader(record, notes))]
        return between.join(parts) if parts and len(notes.found) == before else None

    return read


def _cases(rule: CasesRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    cases = []
    for i, one in enumerate(rule.cases):
        survey.read(place, *one.when.paths)
        cases.append((one.when.compile(), reader_of(one.then, shape, place.at("cases", i, "then"), survey)))
    for ours in rule.write or ():
        if not fits(ours, shape):
            survey.complain(place.at("write", ours), *misfit(ours, shape))
    otherwise = (
        None if rule.otherwise is None else reader_of(rule.otherwise, shape, place.at("otherwise"), survey)
    )
    unknown = shape.open_to if isinstance(shape, Enum) else None
    about = rule.cases[0].when.paths[0]

    def read(record: Any, notes: Notes) -> Any:
        for holds, then in cases:
            if holds(record, notes):
                return then(record, notes)
        if otherwise is not None:
            return otherwise(record, notes)
        notes.add("unmapped_value", about, "none of the cases holds")
        return unknown

    return read


# -- objects and lists -------------------------------------------------------------------------------------------


def _object(rule: ObjectRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not isinstance(shape, Record | Free | None):
        survey.complain(place, f"an object stands here, but {place.name} holds a {noun_of(shape)}")
        return read_nothing
    shapes = shape.fields if isinstance(shape, Record) else dict.fromkeys(rule.object)
    required = shape.required if isinstance(shape, Record) else frozenset()
    for name in rule.object.keys() - shapes.keys():
        survey.complain(place.part(name), "unknown field", name, shapes, at_key=True)
    for name in sorted(required - rule.object.keys()):
        survey.complain(place, f"`{name}` is required here", None, shapes)
    readers = {
        name: reader_of(one, shapes[name], place.part(name), survey)
        for name, one in rule.object.items()
        if name in shapes
    }
    first = tuple((name, readers[name]) for name in readers if name in required)
    rest = tuple((name, readers[name]) for name in readers if name not in required)
    blank = dict.fromkeys(shapes)

    def read(record: Any, notes: Notes) -> Any:
        row = blank.copy()
        for name, reader in first:
            value = reader(record, notes)
            if value is None or value is MISSING:
                return value
            row[name] = value
        for name, reader in rest:
            value = reader(record, notes)
            if value is not MISSING:
                row[name] = value
        return row

    return read


def _each(rule: EachRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not isinstance(shape, Items | None):
        survey.complain(place, f"`each` gives a list; {place.name} holds a {noun_of(shape)}")
        return read_nothing
    inside = place.inside(rule.each)
    survey.read(place, rule.each)
    if rule.where is not None:
        survey.read(inside, *rule.where.paths)
    item = reader_of(rule.item, shape.item if shape else None, inside.at("item"), survey)
    return each_reader(
        parse_path(rule.each),
        item,
        membership=shape is not None and shape.membership,
        where=rule.where.compile() if rule.where else None,
        empty=rule.if_missing == "empty",
        needed=shape is not None and shape.membership,
    )


def _list(rule: ListRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not isinstance(shape, Items | None):
        survey.complain(place, f"`list` gives a list; {place.name} holds a {noun_of(shape)}")
        return read_nothing
    inner = shape.item if shape else None
    sources = []
    for i, one in enumerate(rule.list):
        many = isinstance(one, EachRule | ListRule)
        sources.append((many, reader_of(one, shape if many else inner, place.at("list", i), survey)))
    folded = False
    if rule.unique is not None:
        fields = inner.fields if isinstance(inner, Record) else {}
        if inner is not None and rule.unique not in fields:
            survey.complain(place.at("unique"), "unknown field of the list's items", rule.unique, fields)
        same = fields.get(rule.unique)
        folded = isinstance(same, Text) and same.casefolded
    return list_reader(sources, rule.unique, folded=folded, membership=shape is not None and shape.membership)


# -- lookup ------------------------------------------------------------------------------------------------------


def _lookup(rule: LookupRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if rule.lookup not in UNIFIED:
        survey.complain(place.at("lookup"), "unknown unified resource", rule.lookup, UNIFIED)
        return read_nothing
    survey.lookups.setdefault(rule.lookup, set()).add(place.name.partition(".")[0])
    if len(survey.lookups) == MAX_LOOKUPS + 1:
        survey.complain(place.at("lookup"), f"a mapping looks into at most {MAX_LOOKUPS} resources")
    fields = shape_of(UNIFIED[rule.lookup]).fields
    known = {name: one for name, one in fields.items() if not isinstance(one, Items | Record | Free)}
    for word, name in (("where", rule.where), ("take", rule.take)):
        if name not in known:
            survey.complain(place.at(word), f"no plain field of {rule.lookup}", name, known)
            return read_nothing
    if shape is not None and noun_of(known[rule.take]) != noun_of(shape):
        survey.complain(
            place.at("take"),
            f"{rule.take} is a {noun_of(known[rule.take])}; {place.name} holds a {noun_of(shape)}",
        )
    key_shape = known[rule.where]
    wanted = reader_of(rule.is_, key_shape, place.at("is"), survey)
    resource, where, take = rule.lookup, rule.where, rule.take
    folded = isinstance(key_shape, Text) and key_shape.casefolded
    about = rule.is_.path if isinstance(rule.is_, PathRule) else "$"

    def read(record: Any, notes: Notes) -> Any:
        value = wanted(record, notes)
        if value is None or value is MISSING:
            return value
        rows = notes.lookups.get(resource)
        if rows is None:
            notes.add("lookup_failed", about, f"the {resource} were not read")
            return None
        found = (rows if isinstance(rows, Rows) else Rows(rows)).where(where, value, folded=folded)
        if len(found) != 1:
            notes.add(
                "lookup_failed", about, f"{len(found) or 'none'} of the {resource} have this {where}, not one"
            )
            return None
        return found[0].get(take)

    return read
