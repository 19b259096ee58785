"""Rules turned round for filters: all vendor values that a rule reads as one of ours.

A finder answers `[]` where no vendor value reads so, and None where the vendor can't be asked: the rule is
one-way, or records without the value (or with any unlisted word) would read so too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from connector.mapping.chain import chain_of
from connector.mapping.dates import in_utc
from connector.mapping.fit import AnyShape, fits, part_of
from connector.mapping.invert import Lookups
from connector.mapping.lookup import Rows
from connector.mapping.refusal import Refused
from connector.mapping.rules import EachRule, ListRule, LookupRule, ObjectRule, PathRule, RuleBase, TextRule
from connector.mapping.text import parse_text
from connector.mapping.words import same
from connector.model import UNIFIED
from connector.model.shape import Enum, Instant, Items, Text, shape_of

__all__ = ["Finder", "finder_of"]

Finder: TypeAlias = Callable[[Any, Lookups], "list[Any] | None"]

_MOST_FOUND = 100


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


def _path_finder(rule: PathRule, shape: AnyShape) -> Finder | None:
    chain = chain_of(rule, shape)
    if any(piece.find is None for piece in chain):
        return None
    finds = [piece.find for piece in reversed(chain) if piece.find is not None]
    unknown = shape.open_to if isinstance(shape, Enum) else None

    def find(value: Any, _lookups: Lookups) -> list[Any] | None:
        # An absent key, null, or any word that isn't listed can't be asked for as a value.
        if value is None or value == unknown or same(value, rule.if_missing):
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
            found += [one for one in more if not any(same(one, other) for other in found)]
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
