"""Every write that any connector declares, the tests' own made-up one included, with values that it may be given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from connector.account import Opened
from connector.captures import Captures, MemoryShelf
from connector.change import Change, Create, Update
from connector.errors import InvalidRequest
from connector.exchange import SubmitAndPoll
from connector.mapping.fit import AnyShape
from connector.mapping.path import parse_path
from connector.model import UNIFIED
from connector.model.shape import Enum, Flag, Free, Instant, Items, Record, Whole, shape_of
from connector.reading import Reading
from connector.resource import Key
from connector.wire import Answer, Call
from connector.write import Intent, add_member, create, delete, remove_member, update

__all__ = ["Write", "fields_of", "id_in", "sample", "writes_of"]

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")),
    min_size=1,
    max_size=20,
)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,21}", fullmatch=True)


def id_in(reading: Reading) -> str:
    """An id such as the resource's key allows."""
    key = reading.resource.key
    pattern = key.pattern if isinstance(key, Key) else None
    return next(one for one in ("x1", "7", "A" * 22) if pattern is None or re.fullmatch(pattern, one))


@dataclass(frozen=True)
class Write:
    """One declared write."""

    name: str
    reading: Reading
    users: Reading | None
    place: tuple[str, ...]
    call: Change

    def __str__(self) -> str:
        return self.name

    def intent(self, fields: Mapping[str, Any]) -> Intent:
        match self.place:
            case ("create",):
                return create(self.reading, {**fields, **_inputs(self.call)})
            case ("update",):
                return update(self.reading, id_in(self.reading), fields)
            case ("transitions", name, value):
                return update(self.reading, id_in(self.reading), {name: value})
            case ("delete",):
                return delete(self.reading, id_in(self.reading))
        assert self.users is not None
        group, user = id_in(self.reading), id_in(self.users)
        if self.place[1] == "add":
            return add_member(self.reading, self.users, group, {"id": user})
        return remove_member(self.reading, self.users, group, user)

    @property
    def way(self) -> SubmitAndPoll | None:
        """The queue that carries it."""
        api = self.reading.api
        way = api.definition.exchange_of(self.call, api.values)
        return way if isinstance(way, SubmitAndPoll) else None

    def is_write(self, call: Call) -> bool:
        """Whether the call is the one that changes something, not a poll for it."""
        return call.effect == "write"

    def ticket(self) -> Answer:
        """The answer of its queue to what is submitted."""
        assert self.way is not None
        value: Any = "ticket-7"
        for key in reversed(parse_path(self.way.ticket).leading):
            value = {key: value}
        return Answer(202, {}, json.dumps(value).encode())


def writes_of(opened: Opened) -> Iterator[Write]:
    definition = opened.loaded.definition
    for name, source in opened.loaded.sources.items():
        api = name.partition(".")[0]
        if api not in opened.apis:
            continue
        reading = _reading(opened, name)
        users = f"{api}.people" if f"{api}.people" in opened.loaded.sources else f"{api}.users"
        for place, call in definition.source(name)[1].changes():
            yield Write(
                f"{opened.loaded.name} {source.name} {'.'.join(place)}",
                reading,
                _reading(opened, users) if users in opened.loaded.sources else None,
                place,
                call,
            )


def _reading(opened: Opened, source: str) -> Reading:
    api = replace(opened.apis[source.partition(".")[0]], allowance=None)  # no test waits for another's calls
    return Reading(opened, api, opened.loaded.sources[source], Captures(MemoryShelf(), opened.account))


def _inputs(call: Change) -> dict[str, str]:
    inputs = call.input if isinstance(call, Create) else {}
    texts = {"text": "some text", "email": "ada@students.acme.example"}
    return {name: texts[rule.type] for name, rule in inputs.items() if rule.made_from is None}


def fields_of(write: Write) -> st.SearchStrategy[dict[str, Any]]:
    """Fields that it may be given: those that it needs, and any of the others."""
    call = write.call
    if not isinstance(call, Create | Update) or not call.takes:
        return st.just({})
    shapes = shape_of(UNIFIED[write.reading.source.mapping.unified]).fields
    needed = call.needs if isinstance(call, Create) else ()
    values = {name: _values(write.reading, name, shapes[name]) for name in call.takes}
    given = st.fixed_dictionaries(
        {name: values[name] for name in needed},
        optional={name: one for name, one in values.items() if name not in needed},
    )
    return given.filter(bool)


def sample(write: Write) -> dict[str, Any]:
    """One such set of fields, always the same."""
    call = write.call
    if not isinstance(call, Create | Update):
        return {}
    shapes = shape_of(UNIFIED[write.reading.source.mapping.unified]).fields
    texts = {name: "ada@acme.example" if name == "username" else f"some {name}" for name in call.takes}
    return {name: text for name, text in texts.items() if not isinstance(shapes[name], Enum | Items)}


def _values(reading: Reading, name: str, shape: AnyShape) -> st.SearchStrategy[Any]:
    """Values of the field's shape that its mapping writes; where the mapping takes only some, those."""

    def is_written(value: Any) -> bool:
        try:
            reading.source.mapper.changes({name: value})
        except InvalidRequest:
            return False
        return True

    if isinstance(shape, Enum):
        return st.sampled_from([value for value in shape.values if is_written(value)])
    if isinstance(shape, Items):
        return st.lists(_of(shape.item), max_size=3).filter(is_written)
    return _of(shape)


def _of(shape: AnyShape) -> st.SearchStrategy[Any]:
    if isinstance(shape, Enum):
        return st.sampled_from(shape.values)
    if isinstance(shape, Flag):
        return st.booleans()
    if isinstance(shape, Whole):
        return st.integers(-(2**53), 2**53)
    if isinstance(shape, Instant):
        return st.just("2026-01-31T00:00:00Z")
    if isinstance(shape, Record):
        return st.fixed_dictionaries(
            {name: _of(one) for name, one in shape.fields.items() if name in shape.required}
        )
    if isinstance(shape, Free):
        return st.just({})
    return TEXT
