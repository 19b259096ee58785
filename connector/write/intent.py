"""One write as it was asked for, checked: which call is sent, what fills its holes, and what must be so afterwards. Pure.

One write is one call. What would need several is refused, with what to send one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.change import Change, Create, Members
from connector.errors import InvalidRequest
from connector.inputs import unknown_field
from connector.reading import Reading
from connector.resource import Key
from connector.template import cleared_nowhere
from connector.write.given import check_fields, read_created, require_fields, writable_of

__all__ = ["Intent", "add_member", "create", "delete", "remove_member", "update"]


@dataclass(frozen=True)
class Intent:
    """A write that may be sent."""

    verb: str
    """`create`, `update`, `delete`, `add`, `remove`."""
    resource: str
    """What it is asked of: `users`, `groups/7/users`."""
    key: str | None
    """The id of what is changed; for members, of the user. None for what is made."""
    reading: Reading
    """How what is changed is read; its api carries the call."""
    call: Change
    values: Mapping[str, Any] = field(repr=False)
    """What fills the call's holes, besides the api's own."""
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The unified fields that were given: what must stand there afterwards."""
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What else was given."""
    group: str | None = None
    users: Reading | None = None
    """For members: how the user is read."""

    @property
    def asked(self) -> dict[str, Any]:
        """What to ask the vendor by: the thing, what it should become, and references that were made for it."""
        rules = self.call.input if isinstance(self.call, Create) else {}
        hidden = self.reading.source.mapper.secret_fields
        return {
            "verb": self.verb,
            "resource": self.resource,
            **({} if self.key is None else {"id": self.key}),
            **{name: value for name, value in self.fields.items() if name not in hidden},
            **{
                name: self.inputs[name]
                for name, rule in rules.items()
                if rule.made_from and name in self.inputs
            },
        }

    @property
    def user_fields(self) -> frozenset[str]:
        """The user's fields that the call needs: the user is read first."""
        return frozenset(name.removeprefix("user.") for name in self.call.holes if name.startswith("user."))

    def with_user(self, row: Mapping[str, Any]) -> Intent:
        """With the user's own fields in the call's holes."""
        found = {f"user.{name}": row.get(name) for name in self.user_fields}
        if lacking := sorted(name for name, value in found.items() if not isinstance(value, str)):
            raise InvalidRequest(
                f"nothing was sent: {', '.join(lacking)} is needed, and is not known of this user"
            )
        return replace(self, values={**self.values, **found})


def create(reading: Reading, given: Any) -> Intent:
    """Making one. Raises InvalidRequest with all that is wrong."""
    call = reading.resource.create
    if call is None:
        raise _cannot("create", reading)
    inputs, fields = read_created(reading, call, require_fields(given))
    values = {**_record(reading, fields, call), **_named({**inputs, **fields})}
    return _checked(
        Intent("create", reading.source.mapping.unified, None, reading, call, values, fields, inputs)
    )


def update(reading: Reading, key: str, given: Any) -> Intent:
    """Changing fields of one. Raises InvalidRequest with all that is wrong."""
    resource, given = reading.resource, require_fields(given)
    takes = () if resource.update is None else writable_of(reading, resource.update.takes)
    known = (*takes, *resource.transitions)
    if not known:
        raise _cannot("update", reading)
    alone = [name for name in given if name in resource.transitions]
    if alone and len(given) > 1:
        rest = [name for name in given if name not in alone]
        apart = [*alone, *([" and ".join(map(str, rest))] if rest else [])]
        raise InvalidRequest(
            f"nothing was sent: {reading.opened.loaded.name} changes {' and '.join(alone)} by a call of its own, and "
            f"one write is one call: update {', then '.join(apart)}"
        )
    call: Change | None = resource.update
    if alone:
        call = _transition(reading, alone[0], given[alone[0]])
        fields, values = dict(given), {}
    else:
        fields = check_fields(reading, known, given)
        assert call is not None  # a field that isn't alone is one of its `takes`
        values = _record(reading, fields, call)
    values = {"id": key, **values, **_named(fields)}
    _check_id(reading, key)
    return _checked(Intent("update", reading.source.mapping.unified, key, reading, call, values, fields))


def delete(reading: Reading, key: str) -> Intent:
    """Removing one."""
    call = reading.resource.delete
    if call is None:
        raise _cannot("delete", reading)
    _check_id(reading, key)
    return Intent("delete", reading.source.mapping.unified, key, reading, call, {"id": key})


def add_member(groups: Reading, users: Reading, group: str, given: Any) -> Intent:
    """Putting a user into a group; `given` has the user's `id` alone. Raises InvalidRequest."""
    fields = require_fields(given)
    wrong = [unknown_field(name, ["id"]) for name in fields if name != "id"]
    key = fields.get("id")
    if not isinstance(key, str) or not key or not key.isprintable():
        wrong.append("id: the id of a user is needed, as text")
    if wrong or not isinstance(key, str):
        raise InvalidRequest(f"nothing was sent: {'; '.join(wrong)}", details=wrong)
    return _of_member("add", groups, users, group, key)


def remove_member(groups: Reading, users: Reading, group: str, user: str) -> Intent:
    """Taking a user out of a group."""
    return _of_member("remove", groups, users, group, user)


def _of_member(verb: str, groups: Reading, users: Reading, group: str, user: str) -> Intent:
    members = groups.resource.members or Members()
    call = members.add if verb == "add" else members.remove
    if call is None:
        raise InvalidRequest(
            f"{groups.opened.loaded.name} can't {verb} members: {groups.source.name} has no `members.{verb}`"
        )
    _check_id(groups, group)
    _check_id(users, user)
    values = {"group": group, "user": user}
    return Intent(verb, f"groups/{group}/users", user, groups, call, values, group=group, users=users)


def _check_id(reading: Reading, key: str) -> None:
    """Raises InvalidRequest for what is no id: what the vendor takes besides (a name, an address) may be another's."""
    known = reading.resource.key
    if (
        isinstance(known, Key)
        and known.pattern is not None
        and not re.fullmatch(known.pattern, key, re.ASCII)
    ):
        raise InvalidRequest(
            f"nothing was sent: {key!r} is no id of {reading.source.mapping.unified} of {reading.opened.loaded.name} "
            f"(it matches {known.pattern})",
            hint="`list` shows the ids",
        )


def _cannot(verb: str, reading: Reading) -> InvalidRequest:
    return InvalidRequest(
        f"{reading.opened.loaded.name} can't {verb} {reading.source.mapping.unified}: {reading.source.name} has no `{verb}`"
    )


def _transition(reading: Reading, name: str, value: Any) -> Change:
    known = reading.resource.transitions[name]
    call = known.get(value) if isinstance(value, str) else None
    if call is None:
        raise InvalidRequest(
            f"nothing was sent: {name}: {value!r} can't be set here; allowed: {', '.join(known)}",
            details=[f"{name}: {value!r}"],
        )
    return call


def _record(reading: Reading, fields: Mapping[str, Any], call: Change) -> dict[str, Any]:
    """The vendor's record of these fields, where the call sends it."""
    mapper, lookups = reading.source.mapper, reading.lookups
    found = {}
    if "record" in call.holes:
        found["record"] = mapper.write(fields, lookups)
    if "changes" in call.holes:
        found["changes"] = mapper.changes(fields, lookups)
    return found


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    return {f"input.{name}": value for name, value in given.items()}


def _checked(intent: Intent) -> Intent:
    """Raises InvalidRequest where null is given for what the call can't clear: it would be left out in silence."""
    call = intent.call
    nowhere = cleared_nowhere([dict(call.give), dict(call.query), call.json_body, dict(call.form)])
    stuck = [name for name, value in intent.fields.items() if value is None and f"input.{name}" in nowhere]
    if stuck:
        raise InvalidRequest(
            f"nothing was sent: {', '.join(stuck)} can't be cleared here, only changed", details=stuck
        )
    return intent
