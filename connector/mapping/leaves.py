"""Readers of rules that read one place: a path with its transforms, a constant, a template.

What the rule says is looked at once, when it is compiled; the closures that come out do the least that
their rule needs, because every field of every record goes through one.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeAlias

from connector.mapping.chain import chain_of, table_of
from connector.mapping.fit import AnyShape, check_of, fits, kind_of, noun_of
from connector.mapping.lists import each_reader
from connector.mapping.path import MISSING, Notes, Path, json_type, parse_path
from connector.mapping.refusal import Refused
from connector.mapping.rules import PathRule, TextRule
from connector.mapping.survey import Place, Survey
from connector.mapping.text import parse_text
from connector.mapping.words import plain, same
from connector.model.shape import Enum, Instant, Items, Label, Record, Text

__all__ = [
    "Reader",
    "constant_reader",
    "detail_reader",
    "misfit",
    "path_reader",
    "read_nothing",
    "text_reader",
    "word_reader",
]

Reader: TypeAlias = Callable[[Any, Notes], Any]


def read_nothing(_record: Any, _notes: Notes) -> Any:
    """The reader of a rule that has a complaint."""
    return MISSING


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


# -- path --------------------------------------------------------------------------------------------------------


def _getter(path: Path, pick: str) -> Reader:
    if not path.many or pick == "only":
        return path.one
    every, end = path.all, 0 if pick == "first" else -1

    def get(record: Any, notes: Notes) -> Any:
        found = every(record, notes)
        return found[end] if found else found if found is None else MISSING

    return get


def path_reader(rule: PathRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What reads a path rule, as one value or (for a list of plain values) all of them."""
    survey.read(place, rule.path)
    if isinstance(shape, Record) or (isinstance(shape, Items) and isinstance(shape.item, Record | Items)):
        what = (
            "an object: write `field: rule` under it"
            if isinstance(shape, Record)
            else "a list of objects: use `each` or `list`"
        )
        survey.complain(place, f"{place.name} is {what}")
        return read_nothing
    inner = shape.item if isinstance(shape, Items) else shape
    _path_complaints(rule, inner, place, survey)
    if isinstance(shape, Items) and rule.if_missing not in (None, "empty"):
        survey.complain(place.at("if_missing"), "of a list, only `empty` can be meant", None, ("empty",))
    elif not isinstance(shape, Items) and not fits(rule.if_missing, shape):
        survey.complain(place.at("if_missing"), *misfit(rule.if_missing, shape))
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
                survey.complain(place.at("values", key), *misfit(ours, shape))
        ours_known = [ours for _, ours in rule.values]
        for ours, vendor in rule.write or ():
            if not any(same(vendor, key) and same(ours, right) for key, right in rule.values):
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


def misfit(value: Any, shape: AnyShape) -> tuple[str, str | None, tuple[str, ...]]:
    """Why a value of the mapping does not fit: message, found, allowed."""
    if isinstance(shape, Enum):
        return "not in the field's vocabulary", str(value), shape.values
    wanted = "a list that fits" if isinstance(shape, Items) else f"a {noun_of(shape)}"
    if isinstance(shape, Instant):
        wanted = "a date-time in RFC 3339 and UTC (2026-01-31T12:00:00Z)"
    return f"expected {wanted}, got {json_type(list(value) if isinstance(value, tuple) else value)}", None, ()


# -- constant, text ----------------------------------------------------------------------------------------------


def constant_reader(value: Any, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What gives the constant."""
    if not fits(value, shape):
        survey.complain(place, *misfit(value, shape))
    value = plain(value)
    if isinstance(value, list | dict):
        return lambda _record, _notes: deepcopy(value)
    return lambda _record, _notes: value


def word_reader(word: str, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What gives bare text, where the field takes it."""
    if isinstance(shape, Enum | Label):
        return constant_reader(word, shape, place, survey)
    hint = (
        f"write `$.{word}` or `{{constant: {word}}}`"
        if word.replace("_", "").isalnum()
        else f"write `{{constant: {word}}}`"
    )
    survey.complain(
        place, f"{place.name} is not a closed vocabulary, so bare text may not be a constant; {hint}", word
    )
    return read_nothing


def text_reader(rule: TextRule, shape: AnyShape, place: Place, survey: Survey) -> Reader:
    """What fills a template."""
    template = parse_text(rule.text)
    if not template.holes:
        return word_reader(template.texts[0], shape, place, survey)
    if not isinstance(shape, Text | Label | None):
        survey.complain(place, f"a template gives a string; {place.name} holds a {noun_of(shape)}")
    survey.read(place, *template.holes)
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
