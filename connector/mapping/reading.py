"""Rules compiled to readers: closures from a record to a unified value.

A reader gives a value of its field's shape, None, or MISSING; what it can't read is null and a note. The
hot path is here: no parsing, no look at the rule while a record is read, and a note costs only when written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from connector.mapping.chain import chain_of, table_of
from connector.mapping.fit import AnyShape, check_of, fits, kind_of, noun_of
from connector.mapping.lists import each_reader, list_reader
from connector.mapping.lookup import Rows
from connector.mapping.path import MISSING, Notes, Path, json_type, parse_path
from connector.mapping.refusal import Refused
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
from connector.mapping.text import parse_text
from connector.model import UNIFIED
from connector.model.shape import Enum, Free, Instant, Items, Label, Record, Text, shape_of

__all__ = ["Reader", "detail_reader", "never_null", "reader_of"]

Reader: TypeAlias = Callable[[Any, Notes], Any]


def reader_of(rule: RuleBase, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What reads the rule; with complaints in the survey it may be one that reads nothing."""
    survey.count(place)
    if rule.secret:
        survey.secrets.add(place.name)
    match rule:
        case PathRule():
            return _path(rule, shape, place, survey)
        case ConstantRule():
            return _constant(rule.constant, shape, place, survey)
        case WordRule():
            return _word(rule.word, shape, place, survey)
        case TextRule():
            return _text(rule, shape, place, survey)
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
    return _nothing


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


def detail_reader(rule: PathRule) -> Reader:
    """The vendor's own word for what an enum's rule reads, as text."""
    get = _getter(parse_path(rule.path), rule.pick)

    def read(record: Any, _: Notes) -> str | None:
        value = get(record, Notes())
        if type(value) is str:
            return value
        if type(value) is bool:
            return "true" if value else "false"
        return str(value) if type(value) in (int, float) else None

    return read


def _nothing(_record: Any, _notes: Notes) -> Any:
    return MISSING


# -- path --------------------------------------------------------------------------------------------------------


def _getter(path: Path, pick: str) -> Reader:
    if not path.many or pick == "only":
        return path.one
    every, end = path.all, 0 if pick == "first" else -1

    def get(record: Any, notes: Notes) -> Any:
        found = every(record, notes)
        return found[end] if found else found if found is None else MISSING

    return get


def _path(rule: PathRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    survey.paths.add(place.full(rule.path))
    if isinstance(shape, Record) or (isinstance(shape, Items) and isinstance(shape.item, Record | Items)):
        what = (
            "an object: write `field: rule` under it"
            if isinstance(shape, Record)
            else "a list of objects: use `each` or `list`"
        )
        survey.complain(place, f"{place.name} is {what}")
        return _nothing
    inner = shape.item if isinstance(shape, Items) else shape
    _path_complaints(rule, inner, place, survey)
    if isinstance(shape, Items) and rule.if_missing not in (None, "empty"):
        survey.complain(place.at("if_missing"), "of a list, only `empty` can be meant", None, ("empty",))
    elif not isinstance(shape, Items) and not fits(rule.if_missing, shape):
        survey.complain(place.at("if_missing"), *_misfit(rule.if_missing, shape))
    path = parse_path(rule.path)
    if isinstance(shape, Items):
        item = _value_reader(rule, inner, parse_path("$"))
        matches = path if path.many else parse_path(f"{rule.path}[*]")
        return each_reader(matches, item, membership=shape.membership, empty=rule.if_missing == "empty")
    return _value_reader(rule, inner, path)


def _value_reader(rule: PathRule, shape: AnyShape, path: Path) -> Reader:
    chain = chain_of(rule, shape)
    table = table_of(chain)
    null = None if table is None else table.null
    absent = rule.if_missing if "if_missing" in rule.model_fields_set else MISSING
    get, concrete = _getter(path, rule.pick), path.concrete
    steps = [piece.read for piece in chain]
    sure = table is not None or any(piece.gives != "any" for piece in chain)
    kind = kind_of(shape)
    if not sure and not (kind and not steps):
        check = check_of(shape, hidden=rule.secret)
        steps += [check] if check else []
    elif isinstance(shape, Enum) and table is None:
        steps.append(_known(check_of(shape, hidden=rule.secret)))

    def refuse(refused: Refused, record: Any, notes: Notes) -> Any:
        notes.add(refused.code, concrete(record), refused.message)
        return refused.instead

    if not steps:
        noun = noun_of(shape)

        def read_plain(record: Any, notes: Notes) -> Any:
            value = get(record, notes)
            if type(value) is kind or value is None:
                return value
            if value is MISSING:
                return absent
            if kind is None:
                return value
            return refuse(Refused("wrong_type", f"expected {noun}, got {json_type(value)}"), record, notes)

        return read_plain
    if len(steps) == 1:
        (step,) = steps

        def read_one(record: Any, notes: Notes) -> Any:
            value = get(record, notes)
            if value is None:
                return null
            if value is MISSING:
                return absent
            try:
                return step(value)
            except Refused as refused:
                return refuse(refused, record, notes)

        return read_one

    def read_more(record: Any, notes: Notes) -> Any:
        value = get(record, notes)
        if value is MISSING:
            return absent
        try:
            for each in steps:
                if value is None:
                    return null
                value = each(value)
        except Refused as refused:
            return refuse(refused, record, notes)
        return value

    return read_more


def _known(check: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    assert check is not None
    return check


def _path_complaints(rule: PathRule, shape: AnyShape, place: Place, survey: Survey) -> None:
    if rule.values is not None:
        for key, ours in rule.values:
            if not fits(ours, shape):
                survey.complain(place.at("values", key), *_misfit(ours, shape))
        ours_known = [ours for _, ours in rule.values]
        for ours, vendor in rule.write or ():
            if not any(
                vendor == key and type(vendor) is type(key) and ours == right for key, right in rule.values
            ):
                survey.complain(
                    place.at("write", ours),
                    "`write` names a row of `values`: our value → the vendor's",
                    str(vendor),
                    [str(one) for one in dict.fromkeys(ours_known)],
                )
    if shape is None:
        return
    gives = {piece.word: piece.gives for piece in chain_of(rule, shape) if piece.gives != "any"}
    for word, given in gives.items():
        if given != noun_of(shape):
            survey.complain(
                place.at(word), f"`{word}` gives a {given}; {place.name} holds a {noun_of(shape)}"
            )


def _misfit(value: Any, shape: AnyShape) -> tuple[str, str | None, tuple[str, ...]]:
    if isinstance(shape, Enum):
        return "not in the field's vocabulary", str(value), shape.values
    wanted = "a list that fits" if isinstance(shape, Items) else f"a {noun_of(shape)}"
    if isinstance(shape, Instant):
        wanted = "a date-time in RFC 3339 and UTC (2026-01-31T12:00:00Z)"
    return f"expected {wanted}, got {json_type(list(value) if isinstance(value, tuple) else value)}", None, ()


# -- constant, text ----------------------------------------------------------------------------------------------


def _constant(value: Any, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not fits(value, shape):
        survey.complain(place, *_misfit(value, shape))
    return lambda _record, _notes: value


def _word(word: str, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if isinstance(shape, Enum | Label):
        return _constant(word, shape, place, survey)
    hint = (
        f"write `$.{word}` or `{{constant: {word}}}`"
        if word.replace("_", "").isalnum()
        else f"write `{{constant: {word}}}`"
    )
    survey.complain(
        place, f"{place.name} is not a closed vocabulary, so bare text may not be a constant; {hint}", word
    )
    return _nothing


def _text(rule: TextRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    template = parse_text(rule.text)
    if not template.holes:
        return _word(template.texts[0], shape, place, survey)
    if not isinstance(shape, Text | Label | None):
        survey.complain(place, f"a template gives a string; {place.name} holds a {noun_of(shape)}")
    survey.paths.update(place.full(hole) for hole in template.holes)
    paths = [parse_path(hole) for hole in template.holes]

    def read(record: Any, notes: Notes) -> Any:
        values = []
        for path in paths:
            value = path.one(record, notes)
            if type(value) is not str:
                if value is not None and value is not MISSING:
                    notes.add("wrong_type", path.concrete(record), f"expected string, got {json_type(value)}")
                return None
            if not value:
                return None
            values.append(value)
        return template.fill(values)

    return read


# -- several sources ---------------------------------------------------------------------------------------------


def _first_of(rule: FirstOfRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    readers = tuple(
        reader_of(one, shape, place.at("first_of", i), survey) for i, one in enumerate(rule.first_of)
    )

    def read(record: Any, notes: Notes) -> Any:
        nothing: Any = MISSING
        for reader in readers:
            value = reader(record, notes)
            if value is None or value == "" or value == [] or value == {}:  # noqa: PLC1901 - 0 and false are values
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
        survey.paths.update(place.full(path) for path in one.when.paths)
        cases.append((one.when.compile(), reader_of(one.then, shape, place.at("cases", i, "then"), survey)))
    for ours in rule.write or ():
        if not fits(ours, shape):
            survey.complain(place.at("write", ours), *_misfit(ours, shape))
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
        return _nothing
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
        return _nothing
    inside = place.inside(rule.each)
    survey.paths.add(place.full(rule.each))
    if rule.where is not None:
        survey.paths.update(inside.full(path) for path in rule.where.paths)
    item = reader_of(rule.item, shape.item if shape else None, inside.at("item"), survey)
    return each_reader(
        parse_path(rule.each),
        item,
        membership=shape is not None and shape.membership,
        where=rule.where.compile() if rule.where else None,
        empty=rule.if_missing == "empty",
    )


def _list(rule: ListRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    if not isinstance(shape, Items | None):
        survey.complain(place, f"`list` gives a list; {place.name} holds a {noun_of(shape)}")
        return _nothing
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
        return _nothing
    survey.lookups.add(rule.lookup)
    if len(survey.lookups) == MAX_LOOKUPS + 1:
        survey.complain(place.at("lookup"), f"a mapping looks into at most {MAX_LOOKUPS} resources")
    fields = shape_of(UNIFIED[rule.lookup]).fields
    known = {name: one for name, one in fields.items() if not isinstance(one, Items | Record | Free)}
    for word, name in (("where", rule.where), ("take", rule.take)):
        if name not in known:
            survey.complain(place.at(word), f"no plain field of {rule.lookup}", name, known)
            return _nothing
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
