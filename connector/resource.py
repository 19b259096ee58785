"""A resource of a vendor's API, as a connector's YAML says it: its key, its calls, the columns that it answers.

Frozen and closed. What a mapping needs of it is checked by `wiring`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from connector.call import Call, Closed, Name, Pattern, as_path
from connector.change import Change, Create, Delete, Members, Update
from connector.mapping.path import PathText, parse_path

__all__ = ["Details", "Key", "Resource"]

ColumnWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class Key(Closed):
    """What stands for `{id}`."""

    path: PathText
    as_: Literal["string"] | None = Field(None, alias="as")
    pattern: Pattern | None = None
    """A regular expression that a whole id matches: where a vendor takes names as well, nothing is written by another."""


def _as_key(value: Any) -> Any:
    return value if value == "none" else as_path(value)


class Details(Closed):
    """One more call a record: what the listing does not say of it."""

    call: Name
    """The resource's call that answers the detail of `{id}`; or `get`, whose answer is the record in full."""
    id: Annotated[Key | None, BeforeValidator(as_path, json_schema_input_type=PathText | Key)] = None
    """What of the record stands for `{id}` (the resource's `key`)."""
    into: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    """The key of the record under which its detail stands; without it the detail stands in the record's place."""
    if_not_found: Literal["fail", "keep"] = "fail"
    """`keep`: where the vendor has no detail of a record, or refuses it, what is read of it is null, with a
    warning."""

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Details:
        if self.into is None and self.if_not_found == "keep":
            raise PydanticCustomError(
                "details", "`if_not_found: keep` needs `into`: what would be missing is not known otherwise"
            )
        if self.into is not None and self.call == "get":
            raise PydanticCustomError(
                "details", "what `get` answers is the record itself: `call: get` has no `into`"
            )
        return self

    def is_read_by(self, paths: Iterable[str]) -> bool:
        """Whether one of the paths reads the detail."""
        if self.into is None:
            return True
        found = (parse_path(path).leading for path in paths)
        return any(not steps or steps[0] == self.into for steps in found)


class Resource(Closed):
    """What the vendor's API has: how it is listed and got, and what makes one."""

    key: Annotated[
        Key | Literal["none"] | None,
        BeforeValidator(_as_key, json_schema_input_type=PathText | Key | Literal["none"]),
    ] = None
    """What stands for `{id}`; the mapping's `id` must read the same path. `none`: the vendor gives its records nothing
    that tells one from another (log entries); they can be listed as they are, and none of them can be got."""
    list: Call | None = None
    get: Call | None = None
    calls: Mapping[Name, Call] = {}
    """Further named calls (a search)."""
    columns: Mapping[ColumnWord, PathText] = {}
    """The vendor's word for what it answers at a path only when asked: `{columns:text}` in a call is the words
    (between commas, in this order) of what the mapping reads."""
    always: tuple[PathText, ...] = ()
    """With `columns`: what it answers unasked. A rule that reads anything else is refused."""
    create: Create | None = None
    update: Update | None = None
    transitions: Mapping[Name, Mapping[Name, Change]] = {}
    """Field → value → the call that changes it to that: a change that is sent alone."""
    delete: Delete | None = None
    members: Members | None = None
    """Of groups."""
    details: Details | None = None
    """One more call a record."""

    def columns_for(self, paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(the words of the columns that are read at these paths, in their order; the paths that no column has)."""
        where = {word: parse_path(path).leading for word, path in self.columns.items()}
        known = [*where.values(), *(parse_path(path).leading for path in self.always)]
        if self.details is not None and self.details.into is not None:
            known.append((self.details.into,))
        read = {path: parse_path(path).leading for path in sorted(paths)}
        words = tuple(
            word
            for word, at in where.items()
            if any(steps[: len(at)] == at or at[: len(steps)] == steps for steps in read.values())
        )
        outside = tuple(
            path for path, steps in read.items() if not any(steps[: len(one)] == one for one in known)
        )
        return words, outside

    def changes(self) -> Iterator[tuple[tuple[str, ...], Change]]:
        """(where it stands, the call) of every call that changes something."""
        members = self.members or Members()
        named: dict[tuple[str, ...], Change | None] = {
            ("create",): self.create,
            ("update",): self.update,
            ("delete",): self.delete,
            ("members", "add"): members.add,
            ("members", "remove"): members.remove,
        }
        yield from ((place, call) for place, call in named.items() if call is not None)
        for field, values in self.transitions.items():
            yield from ((("transitions", field, value), call) for value, call in values.items())

    def named_calls(self) -> dict[str, Call]:
        named = {"list": self.list, "get": self.get, **self.calls}
        return {name: call for name, call in named.items() if call is not None}
