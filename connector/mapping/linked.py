"""What an endpoint per record lists (a group's members, a user's groups), as a mapping of its own.

It is an ordinary mapping, so such a listing is walked, proven complete and read as every other. A member becomes the
reference by which the group names it, a group becomes what stands in `users[].groups`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel

from connector.mapping.compile import Mapper, compile_mapping
from connector.mapping.condition import Condition
from connector.mapping.rules import InputRule, MappingFile, Rule
from connector.model.user import GroupRef
from connector.yamlfile import Complaint

__all__ = ["compile_linked"]


class _Member(BaseModel):
    """A member, by the reference that the group has of it."""

    id: str


def compile_linked(mapping: MappingFile) -> tuple[tuple[MappingFile, Mapper] | None, list[Complaint]]:
    """The mapping and its mapper (None where there is no such endpoint), or what is wrong in the file that it is a
    part of."""
    members, memberships = mapping.members, mapping.memberships
    if memberships is not None:
        at: tuple[str, ...] = ("memberships", "group")
        return _compile(mapping, "memberships", memberships.group, memberships.where, GroupRef, at)
    if members is not None and members.call is not None:
        return _compile(mapping, "members", {"id": members.user}, members.where, _Member, ("members", "user"))
    return None, []


def _compile(
    mapping: MappingFile,
    unified: str,
    rules: Mapping[str, Rule],
    where: Condition | None,
    model: type[BaseModel],
    at: tuple[str, ...],
) -> tuple[tuple[MappingFile, Mapper] | None, list[Complaint]]:
    linked = MappingFile.model_construct(source=mapping.source, unified=unified, where=where, fields=rules)
    mapper, found = compile_mapping(linked, None, model)
    complaints = [replace(one, loc=_moved(one.loc, at)) for one in found]
    if any(isinstance(rule, InputRule) for rule in rules.values()):
        complaints.append(Complaint(at, "nothing was sent that `input` could be read of"))
    if mapper is not None and mapper.lookups:
        complaints.append(Complaint(at, "what an endpoint per record lists can't be looked up elsewhere"))
    return None if mapper is None else (linked, mapper), complaints


def _moved(loc: tuple[str | int, ...], at: tuple[str, ...]) -> tuple[str | int, ...]:
    """Where a complaint about the mapping stands in the file."""
    if loc[:1] != ("fields",):
        return (at[0], *loc)
    inner = loc[2:] if at == ("members", "user") else loc[1:]
    return (*at, *inner)
