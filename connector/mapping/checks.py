"""What is asked of a mapping file besides its rules: members, filters, sorts, what is written.

Only complains; changes nothing.
"""

from __future__ import annotations

from connector.mapping.finding import finder_of
from connector.mapping.fit import AnyShape, fits, noun_of, part_of
from connector.mapping.path import parse_path
from connector.mapping.rules import Filter, MappingFile, ObjectRule, Sort
from connector.mapping.survey import Place, Survey
from connector.model.shape import Enum, Flag, Free, Items, Record
from connector.template import QUOTINGS, holes_of, parse_template

__all__ = ["check_file", "filterable"]

_ORDERED = frozenset({"gt", "gte", "lt", "lte"})
_TEXTUAL = frozenset({"contains", "starts_with"})


def check_file(mapping: MappingFile, shape: Record, membership: str | None, survey: Survey) -> None:
    """Complaints about everything but the rules of fields."""
    for name in sorted(shape.required):
        if mapping.fields.get(name) is None:
            survey.complain(Place(("fields",), ""), f"`{name}` needs a rule", None, tuple(shape.fields))
    _membership(mapping, membership, survey)
    known = filterable(shape)
    for name, one in mapping.filters.items():
        if one is not None:
            _filter(mapping, name, one, shape, known, survey)
    plain = [name for name in known if "." not in name]
    for name, sort in mapping.sorts.items():
        if sort is not None and name not in plain:
            survey.complain(
                Place(("sorts", name), name), "no field that can be sorted by", name, plain, at_key=True
            )
        if sort is not None:
            _holes(Place(("sorts", name), name), sort, {"direction"}, survey)
    for path in mapping.written:
        steps = parse_path(path).steps
        if not steps or not all(isinstance(step, str) for step in steps):
            survey.complain(
                Place(("written", path), ""), "only plain steps ($.a.b) can be written", path, at_key=True
            )


def filterable(shape: Record) -> tuple[str, ...]:
    """Fields that hold one plain value, and those of a list's items as `list.field`."""
    found = []
    for name, one in shape.fields.items():
        if isinstance(one, Items):
            inner = one.item.fields if isinstance(one.item, Record) else {}
            found += [f"{name}.{part}" for part in inner] or [name]
        elif not isinstance(one, Record | Free):
            found.append(name)
    return tuple(found)


def _membership(mapping: MappingFile, membership: str | None, survey: Survey) -> None:
    if mapping.members is not None and mapping.unified != "groups":
        survey.complain(Place(("members",), ""), "only a mapping to groups has members", at_key=True)
    if mapping.memberships is not None and mapping.unified != "users":
        survey.complain(Place(("memberships",), ""), "only a mapping to users has memberships", at_key=True)
    says = f"the api says `membership: {membership}`" if membership else "the api says no `membership`"
    calls = mapping.members is not None and mapping.members.call is not None
    if mapping.unified == "groups" and membership == "per_group" and not calls:
        survey.complain(
            Place(("members",), ""), f"{says}: `members` needs the `call` that lists who is in a group"
        )
    elif mapping.unified == "groups" and membership != "per_group" and calls:
        survey.complain(
            Place(("members", "call"), ""), f"{says}, and an endpoint per group is `membership: per_group`"
        )
    if mapping.unified == "users" and membership == "per_user" and mapping.memberships is None:
        survey.complain(
            Place(("memberships",), ""),
            f"{says}: `memberships` is needed, with the `call` that lists the groups of a user",
        )
    elif mapping.unified == "users" and membership != "per_user" and mapping.memberships is not None:
        survey.complain(
            Place(("memberships",), ""),
            f"{says}, and an endpoint per user is `membership: per_user`",
            at_key=True,
        )
    if (
        mapping.unified == "users"
        and mapping.fields.get("groups") is not None
        and membership not in (None, "on_user")
    ):
        survey.complain(
            Place(("fields", "groups"), "groups"),
            f"the api says `membership: {membership}`, so users[].groups comes from there; remove this rule, or say `membership: on_user`",
            at_key=True,
        )


def _filter(
    mapping: MappingFile, name: str, one: Filter, shape: Record, known: tuple[str, ...], survey: Survey
) -> None:
    place = Place(("filters", name), name)
    first, _, rest = name.partition(".")
    custom = mapping.fields.get("custom_fields")
    own = [f"custom_fields.{part}" for part in custom.object] if isinstance(custom, ObjectRule) else []
    if name not in known and name not in own:
        survey.complain(place, "no field that can be filtered by", name, (*known, *own), at_key=True)
        return
    rule = mapping.fields.get(first)
    if rule is None and first != "groups" and not _is_detail(mapping, first):
        survey.complain(place, f"{first} has no rule in this mapping: nothing would be found", at_key=True)
        return
    field: AnyShape = shape.fields[first]
    if rest:
        field = part_of(field, rest)
    elif isinstance(field, Items):
        field = field.item
    for i, word in enumerate(one.operators):
        if (word in _ORDERED and isinstance(field, Enum | Flag)) or (
            word in _TEXTUAL and field is not None and noun_of(field) != "string"
        ):
            survey.complain(place.at("operators", i), f"`{word}` says nothing of a {noun_of(field)}", word)
    for ours, _ in one.values or ():
        if not fits(ours, field):
            survey.complain(
                place.at("values", str(ours)),
                "not a value of the field (a filter's table is: our value → the vendor's)",
                str(ours),
                field.values if isinstance(field, Enum) else (),
                at_key=True,
            )
    _holes(place, one, {"value", "operator"}, survey)
    if one.values is None and not isinstance(field, Enum | Flag):
        for text in one.query.values():
            if isinstance(text, str) and _unquoted(text):
                survey.complain(
                    place.at("query"),
                    f"{{value:text}} is unquoted, and {name} may be any text: a value could break out; name a quoting",
                    "text",
                    tuple(word for word in QUOTINGS if word != "text"),
                )
    asks = one.evaluate != "here" and one.values is None
    if (
        asks
        and rule is not None
        and finder_of(rule, shape.fields[first], tuple(rest.split(".")) if rest else ()) is None
    ):
        survey.complain(
            place.at("evaluate"),
            f"the rule of {name} can't be turned round, so there is no {{value}} to send; give `values`, or say `evaluate: here`",
        )


def _holes(place: Place, sends: Filter | Sort, known: set[str], survey: Survey) -> None:
    """What a filter or sort sends may use nothing but its own values."""
    for word, shape in (("query", dict(sends.query)), ("json", sends.json_)):
        for name in sorted(holes_of(shape) - known):
            survey.complain(place.at(word), f"nothing fills the hole {{{name}}}", name, tuple(sorted(known)))


def _unquoted(text: str) -> bool:
    return any(hole.name == "value" and hole.quoting == "text" for hole in parse_template(text).holes)


def _is_detail(mapping: MappingFile, name: str) -> bool:
    return name.endswith("_detail") and mapping.fields.get(name.removesuffix("_detail")) is not None
