"""The vendor's own resources, as they are: a source whose rows are the records that the vendor sent.

It is an ordinary mapping of two fields (the id, by the resource's key where it has one, and the whole record), so
paging, cursors, verdicts and errors are those of every listing. Filters and sorts it has none.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from connector.catalog import Loaded, Source
from connector.cursor import digest
from connector.entries import api_name
from connector.errors import NotFound
from connector.mapping.compile import compile_mapping
from connector.mapping.rules import MappingFile
from connector.resource import Key
from connector.yamlfile import nearest

__all__ = ["is_native", "native_source", "record_of"]

_NAME: Final = "records"


class _Listed(BaseModel):
    """A record."""

    record: dict[str, Any]


class _Kept(_Listed):
    """And what stands for `{id}`."""

    id: str


def native_source(loaded: Loaded, asked: str) -> Source:
    """The resource `api.resource`, not translated; of one entry of several, `api[key].resource`.

    Raises NotFound with those that there are.
    """
    definition = loaded.definition
    entry, _, resource = asked.rpartition(".")
    name = f"{api_name(entry)}.{resource}"
    known = [
        source
        for source in definition.sources()
        if (found := definition.source(source)[1]).key is not None and (found.list or found.get)
    ]
    if name not in known:
        word = nearest(name, known)
        raise NotFound(
            f"{loaded.name} has no resource {asked!r} that can be read; it has: {', '.join(known) or 'none'}",
            hint=f"did you mean {word}?" if word else None,
        )
    key = definition.source(name)[1].key
    fields: dict[str, Any] = {"record": "$"}
    model: type[BaseModel] = _Listed  # told from others by `reading`
    if isinstance(key, Key):
        fields["id"] = {"path": key.path, **({"as": key.as_} if key.as_ else {})}
        model = _Kept
    mapping = MappingFile.model_validate({"source": name, "unified": _NAME, "fields": fields})
    mapper, complaints = compile_mapping(mapping, None, model)
    assert mapper is not None, complaints
    return Source(name, mapping, mapper, digest(_NAME, fields.get("id")))


def is_native(source: Source) -> bool:
    """Whether a source's rows are the vendor's records."""
    return source.mapping.unified == _NAME


def record_of(row: dict[str, Any]) -> dict[str, Any]:
    """The record in a row of a native source."""
    record: dict[str, Any] = row["record"]
    return record
