"""What was changed, read afterwards and compared with what was asked for.

A vendor's word of success is not proof: what isn't so is `NotShown`, and names each field. A look that fails proves
nothing, in either direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.change import Create, Delete
from connector.errors import ConnectorError, VendorError, VendorNotFound, VendorUnavailable, WriteNotEffective
from connector.fetch import Listing, fetch_page
from connector.flow import Budget, Flow
from connector.mapping.fit import AnyShape
from connector.mapping.invert import agrees
from connector.membership import Tables, in_group
from connector.model import UNIFIED
from connector.model.shape import Items, Record, Text, shape_of
from connector.notices import Notices
from connector.plan import plan_call
from connector.query import parse_filters, resolve
from connector.reading import Reading
from connector.seek import fetch_one
from connector.walk import Place
from connector.write.intent import Intent

__all__ = ["NotShown", "Proof", "prove", "seen_in_group"]

_MOST = 100


@dataclass(frozen=True)
class Proof:
    """What was read."""

    row: dict[str, Any] | None
    is_shown: bool = True
    is_kept: bool = False
    """What should be gone is there, as the connector says that it would be."""


class NotShown(Exception):  # not an error yet: the connector may have said so beforehand
    """What was read is not what was asked for."""

    def __init__(self, error: WriteNotEffective, row: dict[str, Any] | None = None) -> None:
        super().__init__(error.message)
        self.error, self.row = error, row


def prove(
    intent: Intent, made: Mapping[str, Any] | None, tables: Tables, budget: Budget, notices: Notices
) -> Flow[Proof]:
    """What stands there now. Raises NotShown, or why it can't be known."""
    if intent.group is not None:
        return (yield from _prove_member(intent, tables, budget, notices))
    row = yield from _look(intent, made, budget, notices)
    call = intent.call
    if isinstance(call, Delete):
        return _gone(intent, call, row)
    made_id = (made or {}).get("id") or (row or {}).get("id") if isinstance(call, Create) else None
    was_made = "" if made_id is None else f"it was made, with the id {made_id}, but "
    told: list[dict[str, Any]] = [] if made_id is None else [{"field": "id", "found": made_id}]
    if row is None:
        raise NotShown(_not_effective(intent, was_made + "it is not there", told))
    if differing := _differences(intent.fields, row, intent.reading):
        hidden = intent.reading.source.mapper.secret_fields
        faults = [
            {"field": name, "asked": intent.fields[name], "found": row.get(name)}
            if name not in hidden
            else {"field": name}
            for name in differing
        ]
        shown = " and ".join(
            f"{one['field']} is {one['found']!r} (asked: {one['asked']!r})"
            if "found" in one
            else f"{one['field']} differs"
            for one in faults
        )
        raise NotShown(_not_effective(intent, was_made + shown, [*told, *faults]), row)
    return Proof(row)


def _not_effective(intent: Intent, shown: str, details: list[dict[str, Any]]) -> WriteNotEffective:
    name = intent.reading.opened.loaded.name
    what = intent.resource if intent.key is None else f"{intent.resource} {intent.key}"
    return WriteNotEffective(
        f"{name}: the vendor answered success to {intent.verb} {what}, and {shown}",
        details=details,
        hint=intent.call.says or "it was sent once; look at it before you ask for it again",
    )


def _gone(intent: Intent, call: Delete, row: dict[str, Any] | None) -> Proof:
    if row is None:
        return Proof(None)
    if call.leaves and not _differences(call.leaves, row, intent.reading):
        return Proof(row, is_kept=True)
    raise NotShown(_not_effective(intent, "it is still there", []), row)


def _look(
    intent: Intent, made: Mapping[str, Any] | None, budget: Budget, notices: Notices
) -> Flow[dict[str, Any] | None]:
    """The row as it stands now, None where there is none."""
    call, key = intent.call, intent.key
    if isinstance(call, Create):
        key = None if made is None else made["id"]
        if key is None and call.found_by is not None:
            return (
                yield from _find(intent.reading, call.found_by, intent.fields[call.found_by], budget, notices)
            )
    assert key is not None
    try:
        return (yield from fetch_one([intent.reading], key, budget, notices)).row
    except VendorNotFound:
        return None


def _find(
    reading: Reading, name: str, value: Any, budget: Budget, notices: Notices
) -> Flow[dict[str, Any] | None]:
    """The one row whose field has this value. Raises what keeps it from being known."""
    filters = parse_filters(reading.source, {name: value})
    question = resolve(
        reading.source,
        filters,
        None,
        reading.lookups,
        lambda call, values: plan_call(reading.api, reading.call(call), {**reading.values, **values}),
    )
    rows: list[dict[str, Any]] = []
    place: Place | None = Place()
    while place is not None:
        fetched = yield from fetch_page([Listing(reading, question)], _MOST, place, budget, notices)
        rows += fetched.rows
        place = fetched.place
        if place is not None and (fetched.waits or budget.is_spent):
            raise VendorUnavailable("the listing could not be read far enough in the time there is")
    if len(rows) > 1:
        raise VendorError(f"{len(rows)} have this {name}, and which of them it is can't be told")
    if not rows and fetched.completeness.verdict != "complete":
        raise VendorError(f"it is not in the listing, which is {fetched.completeness.verdict}")
    return rows[0] if rows else None


def seen_in_group(intent: Intent, tables: Tables, budget: Budget) -> Flow[bool]:
    """Whether the user can be seen to be in the group: a vendor may not show who waits for it."""
    try:
        _, is_in = yield from _membership(intent, tables, budget, Notices())
    except ConnectorError:
        return False
    return is_in


def _prove_member(intent: Intent, tables: Tables, budget: Budget, notices: Notices) -> Flow[Proof]:
    row, is_in = yield from _membership(intent, tables, budget, notices)
    if is_in is not (intent.verb == "add"):
        shown = f"the user is {'in it still' if is_in else 'not in it'}"
        raise NotShown(_not_effective(intent, shown, []), row)
    return Proof(row)


def _membership(
    intent: Intent, tables: Tables, budget: Budget, notices: Notices
) -> Flow[tuple[dict[str, Any] | None, bool]]:
    """(the user, whether they are in the group now), asked of the side that the vendor keeps it on."""
    assert intent.users is not None
    assert intent.group is not None
    assert intent.key is not None
    unread = Notices()
    row: dict[str, Any] | None = None
    is_in = False
    try:
        row = (yield from fetch_one([intent.users], intent.key, budget, notices)).row
    except VendorNotFound:
        pass  # who isn't there is in no group
    else:
        is_member, _ = yield from in_group(tables, intent.users.source, intent.group, budget, unread)
        is_in = is_member(row)
    if unread.breaks:
        raise VendorError("who is in the group could not be read")
    return row, is_in


def _differences(asked: Mapping[str, Any], row: Mapping[str, Any], reading: Reading) -> list[str]:
    shapes = shape_of(UNIFIED[reading.source.mapping.unified]).fields
    return [
        name
        for name, value in asked.items()
        if not _agrees(_folded(value, shapes[name]), _folded(row.get(name), shapes[name]), shapes[name])
    ]


def _agrees(asked: Any, found: Any, shape: AnyShape) -> bool:
    """Whether it stands there as asked for; a vendor gives a list in an order of its own."""
    if not isinstance(asked, list) or not isinstance(found, list) or not isinstance(shape, Items):
        return agrees(asked, found, shape)
    rest = list(found)
    # What says most of an item first: another may agree with it too, of which less was said.
    for one in sorted(asked, key=lambda item: len(item) if isinstance(item, Mapping) else 0, reverse=True):
        at = next((at for at, other in enumerate(rest) if agrees(one, other, shape.item)), None)
        if at is None:
            return False
        del rest[at]
    return not rest


def _folded(value: Any, shape: AnyShape) -> Any:
    """The value with text that is compared without letter case in one form."""
    if isinstance(value, str) and isinstance(shape, Text) and shape.casefolded:
        return value.casefold()
    if isinstance(value, Mapping) and isinstance(shape, Record):
        return {name: _folded(one, shape.fields.get(name)) for name, one in value.items()}
    if isinstance(value, list | tuple) and isinstance(shape, Items):
        return [_folded(one, shape.item) for one in value]
    return value
