"""What the bodies of the vendor's SCIM writes ask for, as plain steps.

A double of Keeper's cloud. Documented by Keeper, or read in its own clients, and so copied: a new user's and a new
group's keys; PATCH with `replace` and no path, whose value may name a part of the name by a dotted key
(`name.familyName`); `add` and `remove` at the path `groups` of a user, whose value is a list of `{"value": uid}`.

Made up, because nothing is known: all that RFC 7644 says besides (a path for any of these attributes, `add` like
`replace`, `remove` of an attribute or of all groups, null for no value, names in any case); that an attribute which
is not one of these is refused in a PATCH, though POST and PUT pass over it; that nothing is taken for a boolean
but true and false; that PUT clears what it leaves out, but for `active` and `groups`.

Pure: a step says what is wanted, and whether it can be had is seen where it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from connector.sandbox.shapes import Json

__all__ = [
    "GroupFacts",
    "Join",
    "Leave",
    "NewUser",
    "ScimError",
    "Set",
    "Step",
    "changes_of_group",
    "new_group",
    "new_user",
    "replacing",
    "steps_of_user",
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_OPERATIONS = ("add", "replace", "remove")


class ScimError(Exception):
    """A refusal in RFC 7644's form (§3.12)."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


class _Name(msgspec.Struct, rename="camel"):
    given_name: str | None = None
    family_name: str | None = None


class _Reference(msgspec.Struct):
    value: str


class NewUser(msgspec.Struct, rename="camel"):
    """What POST and PUT read of a user."""

    user_name: str
    display_name: str | None = None
    name: _Name | None = None
    external_id: str | None = None
    title: str | None = None
    active: bool | None = None
    groups: list[_Reference] | None = None

    @property
    def facts(self) -> dict[str, str | None]:
        """By the names of a Person."""
        return {
            "display": self.display_name,
            "given": self.name.given_name if self.name else None,
            "family": self.name.family_name if self.name else None,
            "title": self.title,
            "external_id": self.external_id,
        }


class GroupFacts(msgspec.Struct, rename="camel"):
    """What POST reads of a group."""

    display_name: str
    external_id: str | None = None


class _Operation(msgspec.Struct):
    op: str
    path: str | None = None
    value: Any = None


class _Patch(msgspec.Struct):
    operations: list[_Operation] = msgspec.field(name="Operations")


@dataclass(frozen=True, slots=True)
class Set:
    """A field of a Person or Team gets this value; None is no value. `active` is one of them."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Join:
    """The user joins the group of this id."""

    uid: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The user leaves the group of this id; None is all of them."""

    uid: str | None


Step = Set | Join | Leave

_Attributes = Mapping[str, tuple[str, type]]
_OF_USER: _Attributes = MappingProxyType(
    {
        "displayname": ("display", str),
        "name.givenname": ("given", str),
        "name.familyname": ("family", str),
        "title": ("title", str),
        "externalid": ("external_id", str),
        "active": ("active", bool),
        "username": ("email", str),
    }
)
_OF_GROUP: _Attributes = MappingProxyType({"displayname": ("name", str), "externalid": ("external_id", str)})
_UNWRITTEN = ("schemas", "id")  # stand in a value without being an attribute to change

_T = TypeVar("_T")


def new_user(body: bytes) -> NewUser:
    new = _decoded(body, NewUser)
    if not _EMAIL.fullmatch(new.user_name):
        raise ScimError(400, "userName must be an e-mail address", "invalidValue")
    return new


def new_group(body: bytes) -> GroupFacts:
    new = _decoded(body, GroupFacts)
    if not new.display_name:
        raise ScimError(400, "displayName must not be empty", "invalidValue")
    return new


def replacing(body: bytes) -> list[Step]:
    """The steps of a PUT."""
    new = new_user(body)
    steps: list[Step] = [
        Set("email", new.user_name),
        *(Set(name, value) for name, value in new.facts.items()),
    ]
    if new.active is not None:
        steps.append(Set("active", new.active))
    if new.groups is not None:
        steps += [Leave(None), *(Join(group.value) for group in new.groups)]
    return steps


def steps_of_user(body: bytes) -> list[Step]:
    """The steps of a PATCH."""
    return _steps(body, _OF_USER, _groups)


def changes_of_group(body: bytes) -> dict[str, Any]:
    """What a PATCH makes of the fields of a Team. Who is in it is changed at the user."""
    steps = _steps(body, _OF_GROUP, _no_groups)
    facts = {step.field: step.value for step in steps if isinstance(step, Set)}
    if "name" in facts and not facts["name"]:
        raise ScimError(400, "displayName must not be empty", "invalidValue")
    return facts


def _steps(body: bytes, attributes: _Attributes, groups: Callable[[str, Any], Iterator[Step]]) -> list[Step]:
    found: list[Step] = []
    for operation in _decoded(body, _Patch).operations:
        op = operation.op.casefold()
        if op not in _OPERATIONS:
            raise ScimError(400, f"op must be one of {', '.join(_OPERATIONS)}", "invalidSyntax")
        for path, value in _targets(op, operation):
            if path.casefold() == "groups":
                found += groups(op, value)
            else:
                found.append(_set(op, path, value, attributes))
    return found


def _targets(op: str, operation: _Operation) -> Iterator[tuple[str, Any]]:
    """(path, value) of what an operation names, in its path or in its value, sub-attributes each by itself."""
    if operation.path is not None:
        named: Json = {operation.path: operation.value}
    elif op == "remove":
        raise ScimError(400, "remove needs a path", "noTarget")
    elif isinstance(operation.value, dict):
        named = {key: value for key, value in operation.value.items() if key.casefold() not in _UNWRITTEN}
    else:
        raise ScimError(400, "without a path the value must be an object", "invalidValue")
    for path, value in named.items():
        if path.casefold() == "name" and isinstance(value, dict):
            yield from ((f"name.{part}", one) for part, one in value.items())
        else:
            yield path, value


def _set(op: str, path: str, value: Any, attributes: _Attributes) -> Set:
    if path.casefold() not in attributes:
        raise ScimError(400, f"there is no attribute {path!r} to change", "invalidPath")
    name, kind = attributes[path.casefold()]
    wanted = None if op == "remove" else value
    if wanted is None and kind is bool:
        raise ScimError(400, f"{path} must be true or false", "invalidValue")
    if wanted is not None and not isinstance(wanted, kind):
        raise ScimError(400, f"{path} must be a {'boolean' if kind is bool else 'string'}", "invalidValue")
    return Set(name, wanted)


def _groups(op: str, value: Any) -> Iterator[Step]:
    if op == "remove" and value is None:
        yield Leave(None)
        return
    try:
        uids = [one.value for one in msgspec.convert(value, list[_Reference])]
    except msgspec.ValidationError as error:
        raise ScimError(400, f"groups: {error}", "invalidValue") from error
    if op == "replace":
        yield Leave(None)
    yield from (Leave(uid) if op == "remove" else Join(uid) for uid in uids)


def _no_groups(_op: str, _value: Any) -> Iterator[Step]:
    raise ScimError(400, "there is no attribute 'groups' to change", "invalidPath")


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise ScimError(400, str(error), "invalidValue") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScimError(400, "The body is no JSON", "invalidSyntax") from error
