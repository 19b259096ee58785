"""Whether each call that changes something fits the resource that it stands in, and the mapping that it is written by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.change import Change, Create, Delete, Update
from connector.definition import Api, Connector, Setting
from connector.mapping.rules import MappingFile
from connector.model import UNIFIED
from connector.model.shape import Enum, shape_of
from connector.resource import Resource
from connector.wiring.calls import Faults, exchange_faults
from connector.yamlfile import Complaint

__all__ = ["change_faults", "change_holes", "input_complaints", "written_complaints"]

_RECORDS = frozenset({"record", "changes"})


def change_holes(place: tuple[str, ...], call: Change) -> set[str]:
    """The holes that it may have besides settings and secrets."""
    if place[0] == "members":
        return {"group", "user", *(f"user.{name}" for name in UNIFIED["users"].model_fields)}
    if isinstance(call, Create):
        known = {f"input.{name}" for name in (*call.input, *call.takes)}
        return known | (_RECORDS if call.takes else set())
    if isinstance(call, Update):
        return {"id", *_RECORDS, *(f"input.{name}" for name in call.takes)}
    return {"id", f"input.{place[1]}"} if place[0] == "transitions" else {"id"}


def change_faults(api: Api, resource: Resource, place: tuple[str, ...], call: Change) -> Faults:
    yield from exchange_faults(api, call)
    yield from _sent_faults(place, call)
    if place[0] in ("update", "delete", "transitions") and resource.key is None:
        yield (), "a resource that is changed needs `key`: what stands for {id}"
    if call.verify:
        yield from _verify_faults(api, resource, place, call)
    if place[0] == "members" and api.membership is None:
        yield (), "this api doesn't say who is in a group: it has no `membership`"


def _sent_faults(place: tuple[str, ...], call: Change) -> Faults:
    """Everything that may be given is sent, and what is changed is named."""
    if isinstance(call, Create | Update) and _RECORDS.isdisjoint(call.holes):
        for index, name in enumerate(call.takes):
            if f"input.{name}" not in call.holes:
                yield ("takes", index), f"nothing sends {{input.{name}}}, {{record}} or {{changes}}"
    needed = {"members": {"group", "user"}, "create": set()}.get(place[0], {"id"})
    for name in sorted(needed):
        if name not in call.holes and not (
            name == "user" and any(one.startswith("user.") for one in call.holes)
        ):
            yield (), f"nothing sends {{{name}}}: without it every one would be the same"


def _verify_faults(api: Api, resource: Resource, place: tuple[str, ...], call: Change) -> Faults:
    if place[0] == "members" and api.membership == "on_user":
        return  # the users' resource is looked at: `unified` says which that is
    if isinstance(call, Create) and call.found_by is not None:
        if resource.list is None:
            yield ("found_by",), "there is no `list` to look in"
    elif resource.get is None:
        yield ("verify",), "there is no `get` to look with"


def input_complaints(settings: Mapping[str, Setting], call: Change) -> Iterator[Complaint]:
    """Inputs that name settings which are no lists; located from the call."""
    lists = tuple(f"settings.{one}" for one, rule in settings.items() if rule.type == "list")
    for one, rule in call.input.items() if isinstance(call, Create) else ():
        for word, setting in (("within", rule.within), ("outside", rule.outside)):
            if setting is not None and setting not in lists:
                yield Complaint(("input", one, word), "not a setting of `type: list`", setting, lists)


def written_complaints(
    connector: Connector, mapping: MappingFile, writable: Mapping[str, bool], *, is_changed: bool
) -> Iterator[Complaint]:
    """What a resource says can be written, and its mapping can't write; located from the mapping's root.

    A mapping that is laid over a connector's own (`is_changed`) may leave fields without a rule, or with one that can't
    be turned round: they are then not taken, and only what nothing can be made without is missed.
    """
    api, _, name = mapping.source.partition(".")
    resource = connector.apis[api].resources[name]
    shape = shape_of(UNIFIED[mapping.unified])
    for place, call in resource.changes():
        where = ".".join(place)
        takes = call.takes if isinstance(call, Create | Update) else ()
        needs = call.needs if isinstance(call, Create) else ()
        for field in needs if is_changed else takes:
            if not writable.get(field):
                said = "no rule" if field not in writable else "a rule that can't be turned round"
                yield Complaint(
                    ("fields", *([field] if field in writable else [])),
                    f"`{where}` takes {field}, which has {said}; what can be written: "
                    f"{', '.join(one for one, can in writable.items() if can) or 'none'}",
                )
        if isinstance(call, Delete):
            yield from (
                Complaint(("fields",), f"`{where}` leaves {field}, which has no rule")
                for field in call.leaves
                if field not in writable
            )
        if isinstance(call, Create) and call.found_by is not None and not mapping.filters.get(call.found_by):
            yield Complaint(("filters",), f"`{where}` is found by {call.found_by}, which is no filter")
        if place[0] == "transitions":
            yield from _transition_complaints(resource, place, shape.fields.get(place[1]), writable)


def _transition_complaints(
    resource: Resource, place: tuple[str, ...], field: object, writable: Mapping[str, bool]
) -> Iterator[Complaint]:
    _, name, value = place
    where = ".".join(place)
    if name not in writable:
        yield Complaint(("fields",), f"`{where}` changes {name}, which has no rule")
    elif not isinstance(field, Enum) or value not in field.values:
        allowed = ", ".join(field.values) if isinstance(field, Enum) else "none: it has no closed vocabulary"
        yield Complaint(("fields", name), f"`{where}`: {name} can't be {value}; its values: {allowed}")
    if resource.update is not None and name in resource.update.takes:
        yield Complaint(("fields",), f"{name} is changed by `update` and by `{where}`")
