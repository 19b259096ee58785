"""The calls that change something at a vendor, as a connector's YAML says them: what may be given, what the answer
means, and how it is proven.

Each writes, and is sent once. Frozen and closed; where they fit the resource and its mapping is checked by `wiring`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from connector.call import Closed, Name, Sent
from connector.inputs import Input
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText

__all__ = ["Change", "Create", "Delete", "Members", "Said", "Update"]


class Said(Closed):
    """What the vendor's own words say of a write, whatever the answer's status; the first that holds wins."""

    when: AnswerCondition
    is_: Literal["done", "queued", "unchanged"] = Field(alias="is")
    """`done`; `queued`: the vendor will do it later; `unchanged`: there was nothing to do."""
    hint: str | None = None
    """What the caller is told."""


class Change(Sent):
    """A call that changes one thing."""

    outcomes: tuple[Said, ...] = ()
    """Looked at before the errors."""
    verify: StrictBool = False
    """After a good answer, read what was changed and compare."""
    otherwise: Literal["queued"] | None = None
    """With `verify`: what it is where reading doesn't show it (an error, if not said)."""
    says: str | None = None
    """What the caller is told where the vendor did less than it was asked for (`otherwise`, `leaves`)."""
    warns: str | None = None
    """What a person is told before this is sent."""

    @model_validator(mode="after")
    def _writes(self) -> Change:
        if self.effect != "write":
            raise PydanticCustomError(
                "effect", "what changes something says `effect: write`, whatever its verb"
            )
        if self.otherwise is not None and not self.verify:
            raise PydanticCustomError("otherwise", "`otherwise` stands beside `verify: true`")
        return self


class Create(Change):
    """The call that makes one, from what the caller gives."""

    input: Mapping[Name, Input] = {}
    """What is given besides `takes`: name → what it must be; `{input.name}` in the call."""
    takes: tuple[Name, ...] = ()
    """The unified fields that may be given: `{record}`, `{changes}` and `{input.name}` in the call."""
    needs: tuple[Name, ...] = ()
    """Those of `takes` that must be given."""
    record: PathText | None = "$"
    """Path of what was made, in the answer; null where the answer doesn't hold it."""
    found_by: Name | None = None
    """With `verify`: what was made is looked for in the listing by this field, where the answer has no id."""

    @model_validator(mode="after")
    def _is_given(self) -> Create:
        if not self.input and not self.takes:
            raise PydanticCustomError("create", "`create` says what it is given: `takes`, `input`, or both")
        if both := sorted(set(self.input) & set(self.takes)):
            raise PydanticCustomError(
                "input", "both in `input` and in `takes`: {names}", {"names": ", ".join(both)}
            )
        if loose := sorted((set(self.needs) | {self.found_by or ""} - {""}) - set(self.takes)):
            raise PydanticCustomError(
                "needs", "not among `takes`: {names}", {"names": ", ".join(loose), "allowed": self.takes}
            )
        for name, rule in self.input.items():
            if rule.made_from is None:
                continue
            other = self.input.get(rule.made_from)
            if other is None or not other.required or other.made_from is not None:
                raise PydanticCustomError(
                    "input",
                    "`{name}` is made from `{other}`, which {fault}",
                    {
                        "name": name,
                        "other": rule.made_from,
                        "fault": "is no input" if other is None else "may be left out",
                    },
                )
        return self


class Update(Change):
    """The call that changes fields of one."""

    takes: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The unified fields that may be given: `{changes}`, `{record}` and `{input.name}` in the call."""


class Delete(Change):
    """The call that removes one."""

    leaves: Mapping[Name, StrictStr | StrictBool] = {}
    """Where the vendor keeps what it was asked to remove: how it then stands (unified field → value)."""

    @model_validator(mode="after")
    def _is_looked_at(self) -> Delete:
        if self.leaves and not self.verify:
            raise PydanticCustomError("leaves", "`leaves` stands beside `verify: true`")
        return self


class Members(Closed):
    """How someone comes into a group, and out of it: `{group}` and `{user}` are ids."""

    add: Change | None = None
    remove: Change | None = None
