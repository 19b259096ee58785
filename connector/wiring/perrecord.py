"""Whether what a record is asked for besides can be asked: its details, its members, its groups."""

from __future__ import annotations

from collections.abc import Iterator

from connector.call import Call
from connector.mapping.rules import MappingFile
from connector.resource import Key, Resource
from connector.wiring.calls import Faults
from connector.yamlfile import Complaint

__all__ = ["details_faults", "linked_complaints"]


def details_faults(resource: Resource) -> Faults:
    """What is wrong with a resource's `details`; locations are from there."""
    details = resource.details
    if details is None:
        return
    call = resource.get if details.call == "get" else resource.calls.get(details.call)
    if call is None:
        yield (
            ("call",),
            f"no such call of the resource; it has: {', '.join(_answering_one(resource)) or 'none'}",
        )
    elif details.call == "get" and (call.call is not None or call.from_ is not None):
        yield (
            ("call",),
            "this `get` reads a listing, whose records would need their details: it would go in a circle",
        )
    else:
        if call.records is not None:
            yield (
                ("call",),
                f"the call `{details.call}` answers a listing (`records`), and a detail is one record",
            )
        yield from _per_record_faults(details.call, call)
    if details.id is None and not isinstance(resource.key, Key):
        yield (), "nothing stands for {id}: say `id`, or give the resource a `key`"
    if details.into is not None:
        for where, key in ((("id",), details.id), (("into",), resource.key)):
            if isinstance(key, Key) and details.is_read_by((key.path,)):
                yield where, f"{key.path} is what the record has before its detail is there"


def linked_complaints(resource: Resource, mapping: MappingFile) -> Iterator[Complaint]:
    """What is wrong between a mapping and what its records are asked for besides."""
    named = {
        word: one.call
        for word, one in (("members", mapping.members), ("memberships", mapping.memberships))
        if one is not None and one.call is not None
    }
    for word, name in named.items():
        at, call = (word, "call"), resource.calls.get(name)
        if call is None:
            yield Complaint(at, "no such call of the resource", name, tuple(resource.calls))
            continue
        if not isinstance(resource.key, Key):
            yield Complaint(
                at, f"{mapping.source} needs a `key`: what stands for {{id}} in the call `{name}`"
            )
        if call.records is None:
            yield Complaint(at, f"the call `{name}` needs `records` to be read as a listing")
        if call.paging is None:
            yield Complaint(
                at,
                f"the call `{name}` needs `paging` to be read to its end; where one answer is all, say "
                "`paging: {style: none}`",
            )
        if "columns" in call.holes:
            yield Complaint(
                at, f"{{columns}} are of the records of {mapping.source}, not of what `{name}` lists"
            )
        yield from (Complaint(at, text) for _, text in _per_record_faults(name, call))
    details = resource.details
    if (
        details is not None
        and details.if_not_found == "keep"
        and mapping.where is not None
        and details.is_read_by(mapping.where.paths)
    ):
        yield Complaint(
            ("where",),
            "it reads the detail of a record, which may be kept without one (`if_not_found: keep`)",
        )


def _answering_one(resource: Resource) -> list[str]:
    found = [name for name, call in resource.calls.items() if call.records is None]
    return [*found, *(["get"] if resource.get is not None else [])]


def _per_record_faults(name: str, call: Call) -> Faults:
    if "id" not in call.holes:
        yield ("call",), f"the call `{name}` sends no {{id}}: every record would have the same answer"
    if call.effect == "write":
        yield ("call",), f"the call `{name}` writes, and what every record is asked for only reads"
