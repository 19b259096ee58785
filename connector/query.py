"""What a caller asks of a listing, resolved against a mapping: each filter goes to the vendor, stays with us, or
is refused with the list of those there are. Pure; nothing is ever dropped in silence.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from connector.catalog import Source
from connector.errors import InvalidRequest
from connector.mapping.rules import Filter as FilterRule
from connector.mapping.rules import Sort as SortRule
from connector.model import UNIFIED
from connector.model.shape import Enum, Flag, Instant, Items, Record, Shape, Text, Whole, shape_of
from connector.template import UNDEFINED, Unquotable, fill_json, holes_of
from connector.yamlfile import nearest

__all__ = ["Filter", "Keep", "Order", "Question", "parse_filters", "resolve"]

MAX_LIMIT = 1000
_WHOLE = re.compile(r"-?[0-9]{1,18}")
Keep = Callable[[Mapping[str, Any]], bool]
Plan = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Filter:
    """One condition on a unified field, its value already of the field's type."""

    field: str
    operator: str
    value: Any

    def to_json(self) -> list[Any]:
        return [self.field, self.operator, msgspec.to_builtins(self.value)]


@dataclass(frozen=True)
class Order:
    """Rows sorted by one field; those that have no value there come last."""

    by: str
    descending: bool
    read: Callable[[Any], Any] = field(compare=False, repr=False)

    def key(self, row: Mapping[str, Any]) -> Any:
        """What a row is sorted by, where `descending` is sorted in reverse."""
        value = row[self.by]
        known = value is not None
        return (known is self.descending, (self.read(value), str(value)) if known else ())


@dataclass(frozen=True)
class Question:
    """A listing as it will be asked: what is sent, what is checked here, and who evaluates what."""

    query: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] = field(default_factory=dict)
    call: str = "list"
    call_values: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[Keep, ...] = ()
    of: str | None = None
    """The one record whose own listing this is (a group's members): that it isn't there is no empty listing."""
    only: str | None = None
    """The one id that is looked for: nothing is told of other records."""
    order: Order | None = None
    """How we sort; None: as the vendor answers."""
    explain: Mapping[str, str] = field(default_factory=dict)
    """Parameter → `vendor`, `vendor, then here`, or `here`."""

    def keeping(self, keep: Keep, parameter: str) -> Question:
        """The question, narrowed here to the rows that `keep` keeps, as a parameter asks for."""
        return replace(self, keep=(*self.keep, keep), explain={**self.explain, parameter: "here"})

    @property
    def sent(self) -> list[Any]:
        """What is sent to the vendor besides the listing's own call, as JSON: a cursor goes on with the same alone."""
        return [self.call, dict(self.query), dict(self.json), dict(self.call_values)]

    @property
    def is_sent(self) -> bool:
        """Whether the vendor is asked for anything else than the listing itself."""
        return self.call != "list" or bool(self.query or self.json)


def parse_filters(source: Source, given: Mapping[str, Any]) -> tuple[Filter, ...]:
    """`{"status": "active", "updated_at": {"gt": "…"}}` as typed filters, in a stable order.

    Raises InvalidRequest for a field, operator or value that the mapping doesn't list.
    """
    known = {name: rule for name, rule in source.mapping.filters.items() if rule is not None}
    shape = shape_of(UNIFIED[source.mapping.unified])
    found = []
    for name, wanted in given.items():
        rule = known.get(name) if isinstance(name, str) else None
        if rule is None:
            raise _unknown("filter", str(name), known)
        leaf = _leaf(shape, name)
        asked = wanted if isinstance(wanted, Mapping) else {"eq": wanted}
        if not asked:
            raise InvalidRequest(f"filter {name}: no operator; there are: {', '.join(rule.operators)}")
        for word, value in asked.items():
            if word not in rule.operators:
                raise InvalidRequest(
                    f"filter {name}: operator {word!r} is not supported; there are: {', '.join(rule.operators)}"
                )
            if word == "eq" and isinstance(leaf, Enum):
                _check_tellable(source, name, leaf, value)
            if word == "in":
                items = value.split(",") if isinstance(value, str) else value
                if not isinstance(items, list | tuple):
                    raise InvalidRequest(f"filter {name}: `in` takes a list, got {type(value).__name__}")
                typed: Any = tuple(_value(name, leaf, item) for item in items)
            else:
                typed = _value(name, leaf, value)
            found.append(Filter(name, word, typed))
    return tuple(sorted(found, key=lambda item: (item.field, item.operator)))


def _check_tellable(source: Source, name: str, leaf: Enum, value: Any) -> None:
    """A value that nothing of the vendor's reads as would find nobody, and say that all were looked at."""
    told = [word for word in leaf.values if source.mapper.find(name, word) != []]
    if value in leaf.values and value not in told:
        raise InvalidRequest(
            f"filter {name}: {source.name} can't tell {value!r}; it tells: {', '.join(told)}", details=told
        )


def resolve(
    source: Source,
    filters: Sequence[Filter],
    sort_by: str | None,
    lookups: Any = None,
    plan: Plan | None = None,
) -> Question:
    """Who evaluates what. `plan` plans another call of the resource, and raises Unquotable where it can't.

    Raises InvalidRequest for a sort that nobody can do.
    """
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    call, call_values = "list", {}
    keep: list[Keep] = []
    closed: set[str] = set()
    explain: dict[str, str] = {}
    order: Order | None = None
    for wanted in filters:
        rule = source.mapping.filters[wanted.field]
        assert rule is not None
        parts = (
            _vendor_part(source, wanted, rule, query, body, closed, lookups, plan) if call == "list" else None
        )
        label = f"{wanted.field}[{wanted.operator}]" if wanted.operator != "eq" else wanted.field
        if parts is None:
            keep.append(_keep(source, wanted))
            explain[label] = "here"
            continue
        query, body, chosen, values = parts
        if chosen is not None:
            call, call_values = chosen, values
        if rule.evaluate == "vendor_then_here":
            keep.append(_keep(source, wanted))
        explain[label] = "vendor, then here" if rule.evaluate == "vendor_then_here" else "vendor"
    if sort_by is not None:
        sort, given = _sort(source, sort_by)
        if sort.evaluate == "here" and call != "list":
            raise InvalidRequest(f"sort_by {sort_by!r} can't be used together with these filters")
        if sort.evaluate == "here":
            order = _order(source, sort_by)
        sent, more = fill_json(dict(sort.query), given), fill_json(sort.json_, given) or {}
        if set(sent) & set(query) or set(more) & set(body) or (sort.call is not None and call != "list"):
            raise InvalidRequest(f"sort_by {sort_by!r} can't be sent together with these filters")
        query, body = {**query, **sent}, {**body, **more}
        if sort.call is not None:
            call, call_values = sort.call, given
        explain[f"sort_by={sort_by}"] = sort.evaluate
    return Question(query, body, call, call_values, tuple(keep), order=order, explain=explain)


def _vendor_part(
    source: Source,
    wanted: Filter,
    rule: FilterRule,
    query: dict[str, Any],
    body: dict[str, Any],
    closed: set[str],
    lookups: Any,
    plan: Plan | None,
) -> tuple[dict[str, Any], dict[str, Any], str | None, dict[str, Any]] | None:
    """What is sent once this filter is added, or None when it is evaluated here."""
    if rule.evaluate == "here":
        return None
    meant = rule.operators[0] if len(rule.operators) == 1 else "eq"
    if wanted.operator != meant and "operator" not in holes_of([dict(rule.query), rule.json_]):
        return None  # what is sent would ask for something else
    values = _vendor_values(source, wanted, rule, lookups)
    if not values or (len(values) > 1 and not _can_repeat(wanted, rule, query)):
        return None
    known = [{"value": value, "operator": wanted.operator} for value in values]
    try:
        added = _joined(rule, known)
        merged = _combined(source.mapping.combine, query, added, closed)
        if merged is None:
            return None
        more = fill_json(rule.json_, known[0]) if rule.json_ is not None else {}
        if set(more) & set(body) or (rule.call is not None and (query or body)):
            return None
        if rule.call is not None and plan is not None:
            plan(rule.call, known[0])
    except Unquotable as error:
        if rule.otherwise == "refuse":
            raise InvalidRequest(f"filter {wanted.field}: {error.message}") from None
        return None
    if len(values) > 1:
        closed.update(added)  # `a or b and c` would not be `(a or b) and c`
    return merged, {**body, **more}, rule.call, known[0]


def _can_repeat(wanted: Filter, rule: FilterRule, query: Mapping[str, Any]) -> bool:
    """Whether several vendor values can be sent: joined by `any`, and only where `or` is what is meant."""
    if rule.any is None or rule.call is not None or rule.json_ is not None:
        return False
    return wanted.operator != "ne" and not set(rule.query) & set(query)


def _joined(rule: FilterRule, known: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    added: dict[str, Any] = {}
    for name, text in rule.query.items():
        filled = [fill_json(text, values) for values in known]
        if any(item is UNDEFINED or item is None for item in filled):
            raise Unquotable(f"the query parameter {name!r} has no value to send")
        added[name] = filled[0] if len(filled) == 1 else (rule.any or "").join(str(item) for item in filled)
    return added


def _combined(
    joins: Mapping[str, str], query: Mapping[str, Any], added: Mapping[str, Any], closed: set[str]
) -> dict[str, Any] | None:
    """Both on one parameter, joined by `combine`; None where they can't share it."""
    merged = dict(query)
    for name, value in added.items():
        if name not in merged:
            merged[name] = value
        elif name in joins and name not in closed:
            merged[name] = f"{merged[name]}{joins[name]}{value}"
        else:
            return None
    return merged


def _vendor_values(source: Source, wanted: Filter, rule: FilterRule, lookups: Any) -> list[Any] | None:
    if wanted.operator == "in":
        return None
    if rule.values is not None:
        return next(
            (
                list(theirs)
                for ours, theirs in rule.values
                if type(ours) is type(wanted.value) and ours == wanted.value
            ),
            None,
        )
    if not isinstance(wanted.value, datetime):
        return source.mapper.find(wanted.field, wanted.value, lookups or {})
    text = wanted.value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    values = source.mapper.find(wanted.field, text, lookups or {})
    # In another format a vendor may round, or compare as text: only equality is sure to mean the same.
    return values if wanted.operator == "eq" or values == [text] else None


def _sort(source: Source, sort_by: str) -> tuple[SortRule, dict[str, Any]]:
    known = {name: rule for name, rule in source.mapping.sorts.items() if rule is not None}
    name = sort_by.removeprefix("-")
    rule = known.get(name)
    if rule is None:
        raise _unknown("sort_by", name, known, "without a capture, only the vendor can sort")
    return rule, {"direction": "descending" if sort_by.startswith("-") else "ascending"}


def _order(source: Source, sort_by: str) -> Order:
    name = sort_by.removeprefix("-")
    leaf = _leaf(shape_of(UNIFIED[source.mapping.unified]), name)
    read: Callable[[Any], Any] = _same
    if isinstance(leaf, Instant):
        read = datetime.fromisoformat
    elif isinstance(leaf, Text):
        read = str.casefold
    return Order(name, sort_by.startswith("-"), read)


def _unknown(noun: str, name: str, known: Mapping[str, Any], why: str | None = None) -> InvalidRequest:
    word = nearest(name, known)
    listed = ", ".join(known) or "none"
    return InvalidRequest(
        f"{noun} {name!r} is not supported here; supported: {listed}",
        hint=f"did you mean {word}?" if word else why,
        details=list(known),
    )


def _leaf(shape: Shape, name: str) -> Shape:
    here = shape
    for step in name.split("."):
        if isinstance(here, Items):
            here = here.item
        here = here.fields[step] if isinstance(here, Record) else Text()
    return here.item if isinstance(here, Items) else here


def _value(name: str, leaf: Shape, value: Any) -> Any:
    """The filter's value in the field's type; text as it comes from a URL or command line is read exactly."""
    if isinstance(leaf, Enum):
        if value not in leaf.values:
            raise InvalidRequest(f"filter {name}: {value!r} is not one of {', '.join(leaf.values)}")
        return value
    if isinstance(leaf, Flag):
        if value is True or value == "true":
            return True
        if value is False or value == "false":
            return False
        raise InvalidRequest(f"filter {name}: expected true or false, got {value!r}")
    if isinstance(leaf, Instant):
        return _instant(name, value)
    if isinstance(leaf, Whole):
        if type(value) is int or (isinstance(value, str) and _WHOLE.fullmatch(value)):
            return int(value)
        raise InvalidRequest(f"filter {name}: expected a whole number, got {value!r}")
    if name.startswith("custom_fields.") and isinstance(value, bool | int | float):
        return _text_of(value)
    if not isinstance(value, str):
        raise InvalidRequest(f"filter {name}: expected text, got {type(value).__name__}")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidRequest(f"filter {name}: it is no text that can be written as UTF-8")
    return value


def _instant(name: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidRequest(f"filter {name}: expected a time such as 2026-01-31T00:00:00Z, got {value!r}")
    return moment


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "contains": lambda found, wanted: wanted in found,
    "starts_with": lambda found, wanted: found.startswith(wanted),
    "in": lambda found, wanted: found in wanted,
}


def _keep(source: Source, wanted: Filter) -> Keep:
    """Whether a unified row meets the filter: any value of a list may; null never does (but `ne`)."""
    leaf = _leaf(shape_of(UNIFIED[source.mapping.unified]), wanted.field)
    steps = wanted.field.split(".")
    compare = _COMPARE[wanted.operator]
    if isinstance(leaf, Instant):
        read: Callable[[Any], Any] = datetime.fromisoformat
    elif isinstance(leaf, Text) and (leaf.casefolded or wanted.operator in ("contains", "starts_with")):
        read = _folded_text_of if steps[0] == "custom_fields" else str.casefold
    elif steps[0] == "custom_fields":
        read = _text_of
    else:
        read = _same
    if isinstance(leaf, Instant):
        value = wanted.value
    elif wanted.operator == "in":
        value = tuple(read(item) for item in wanted.value)
    else:
        value = read(wanted.value)

    def keep(row: Mapping[str, Any]) -> bool:
        found = _values(row, steps)
        if wanted.operator == "ne":
            return all(compare(read(item), value) for item in found)
        return any(compare(read(item), value) for item in found)

    return keep


def _same(value: Any) -> Any:
    return value


def _text_of(value: Any) -> Any:
    """A custom field has no type of its own: numbers and booleans are compared as JSON writes them."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _folded_text_of(value: Any) -> Any:
    return _text_of(value).casefold()


def _values(row: Any, steps: Sequence[str]) -> list[Any]:
    here = [row]
    for step in steps:
        here = [item for found in here if isinstance(found, Mapping) for item in _listed(found.get(step))]
    return here


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
