"""Whether a mapping fits the resource that it reads: its id, its columns, the calls of its filters and sorts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connector.definition import Connector
from connector.mapping.rules import MappingFile, PathRule
from connector.model import UNIFIED
from connector.model.shape import Items, shape_of
from connector.resource import Resource
from connector.wiring.perrecord import linked_complaints
from connector.yamlfile import Complaint

__all__ = ["source_complaints", "union_complaints", "unmapped_sources"]


def source_complaints(connector: Connector, mapping: MappingFile, read: Iterable[str]) -> Iterator[Complaint]:
    """What a mapping needs of its resource: the id that stands for `{id}`, columns for the paths that it reads, and
    the calls that filters and sorts name."""
    _, resource = connector.source(mapping.source)
    rule = mapping.fields.get("id")
    path = getattr(rule, "path", None)
    key = resource.key
    if key == "none":
        yield Complaint(
            ("source",), f"{mapping.source} says `key: none`: its records can't become rows with an id"
        )
    elif key is not None and rule is not None and path != key.path:
        yield Complaint(("fields", "id"), f"the id must read {key.path}, the key of {mapping.source}")
    elif key is not None and isinstance(rule, PathRule) and rule.as_ != key.as_:
        says = f"`as: {key.as_}`" if key.as_ else "no `as`"
        yield Complaint(
            ("fields", "id"), f"the key of {mapping.source} says {says}, and the id must say the same"
        )
    needed = [name for name, one in resource.list.accepts.items() if one.is_needed] if resource.list else []
    for name in needed:
        yield Complaint(
            ("source",),
            f"the listing of {mapping.source} needs {name}, and rows are listed for look-ups and members too: give it a `default`",
        )
    yield from _column_complaints(resource, mapping, read)
    yield from linked_complaints(resource, mapping)
    for name, sort in mapping.sorts.items():
        if sort is not None and sort.evaluate == "here" and not _is_captured(resource):
            yield Complaint(
                ("sorts", name),
                "only a listing that is captured (`paging: {style: snapshot}`) can be sorted here",
            )
        elif sort is not None and sort.evaluate == "here" and resource.details is not None:
            yield Complaint(
                ("sorts", name),
                "records that need their `details` can't be sorted here: that would ask for them all",
            )
        if sort is not None and sort.evaluate == "here" and _is_list(mapping, name):
            yield Complaint(("sorts", name), "a list has no order that rows could be sorted by")
    named = [("filters", name, one) for name, one in mapping.filters.items()]
    for kind, name, one in [*named, *(("sorts", name, one) for name, one in mapping.sorts.items())]:
        if one is None:
            continue
        if one.call is None:
            if _is_captured(resource) and (one.query or one.json_ is not None):
                yield Complaint(
                    (kind, name),
                    "a listing that is captured is asked for whole: say `evaluate: here`, or name another `call`",
                )
            continue
        call = resource.calls.get(one.call)
        if call is None:
            yield Complaint(
                (kind, name, "call"), "no such call of the resource", one.call, tuple(resource.calls)
            )
        elif call.records is None:
            yield Complaint(
                (kind, name, "call"), f"the call `{one.call}` needs `records` to be read as a listing"
            )


def _is_list(mapping: MappingFile, name: str) -> bool:
    return mapping.unified in UNIFIED and isinstance(
        shape_of(UNIFIED[mapping.unified]).fields.get(name), Items
    )


def _is_captured(resource: Resource) -> bool:
    return resource.list is not None and getattr(resource.list.paging, "style", None) == "snapshot"


def _column_complaints(resource: Resource, mapping: MappingFile, read: Iterable[str]) -> Iterator[Complaint]:
    if not resource.columns:
        return
    words, outside = resource.columns_for(read)
    for path in outside:
        yield Complaint(
            ("fields", *_reading(mapping, path)),
            f"{mapping.source} answers nothing at {path}: it is in no column of the connector's list",
            path,
            (*resource.columns.values(), *resource.always),
        )
    if not words:
        yield Complaint(("fields",), "no rule reads a column, and a call asks for {columns}")


def _reading(mapping: MappingFile, path: str) -> tuple[str, ...]:
    """The field whose rule says the path, if one says it just so."""
    for name, rule in mapping.fields.items():
        if getattr(rule, "path", None) == path:
            return (name,)
        inner = getattr(rule, "object", None) or {}
        for part, one in inner.items():
            if getattr(one, "path", None) == path:
                return (name, part)
    return ()


def union_complaints(connector: Connector, mappings: Mapping[str, MappingFile]) -> Iterator[Complaint]:
    """The sources of a union say in one way who is in a group: they become one resource."""
    for name in connector.unified:
        for index, feed in enumerate(connector.feeds(name)):
            said = [mappings[source] for source in feed if source in mappings]
            for word in ("members", "memberships"):
                if any(getattr(one, word) != getattr(said[0], word) for one in said[1:]):
                    yield Complaint(
                        ("unified", name, index),
                        f"the sources of a union say the same under `{word}`: {', '.join(feed)} differ",
                    )


def unmapped_sources(connector: Connector, mapped: set[str], other_faults: bool) -> list[Complaint]:
    if other_faults:
        return []
    return [
        Complaint(("unified", name, index), f"no mapping file {source}.yaml for this source")
        for name in connector.unified
        for index, feed in enumerate(connector.feeds(name))
        for source in feed
        if source not in mapped and source in connector.sources()
    ]
