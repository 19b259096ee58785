"""What is read of a vendor's answer: its records, and each of them as a row. Pure; asks nobody anything.

A record that can't be carried is told, never dropped in silence; what a mapping's `where` leaves out is told too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from connector.account import Opened, OpenedApi
from connector.call import Call, Records
from connector.captures import Captures
from connector.catalog import Source
from connector.cursor import digest
from connector.errors import InvalidRequest, VendorError
from connector.flow import Budget, Flow
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.notices import Notices
from connector.paging.facts import Style
from connector.probe import Check
from connector.resource import Resource

__all__ = [
    "Completed",
    "Completing",
    "Found",
    "Reading",
    "check_undecoded",
    "finish_row",
    "located",
    "located_at",
    "map_page",
    "map_record",
    "read_records",
    "tell",
]

_OBJECT = ord("{")
_SHOWN_KEYS = 20
_SHOWN_CHARS = 60


class Completing(Protocol):
    """What each record is asked for besides, with calls of its own."""

    @property
    def cost(self) -> int:
        """How many calls a record takes at least."""

    def is_asked(self, reading: Reading, found: Found) -> bool:
        """Whether this record is asked for more: not one that is left out whatever else it says."""

    def complete(
        self, reading: Reading, found: Found, record: Any, call: str, budget: Budget, *, is_first: bool
    ) -> Flow[Completed | None]:
        """The record with the rest of it; None where the calls or the time of the question end before.

        `is_first`: the question has nothing else to show, so what it can't do in its time is not known.
        """


@dataclass(frozen=True)
class Reading:
    """What to read, and how its records become rows."""

    opened: Opened
    api: OpenedApi
    source: Source
    captures: Captures
    fill: Callable[[dict[str, Any], Notes], None] | None = None
    """Fills what stands elsewhere (a user's groups) into a row."""
    drop: frozenset[str] = frozenset()
    """Fields that are left out of rows."""
    more: Completing | None = None
    """What each record is asked for besides."""
    with_remote_data: bool = False
    strict: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    """What the caller asks besides, of what the listing `accepts`."""
    lookups: Mapping[str, Any] = field(default_factory=dict)

    def call(self, name: str) -> Call:
        found = self.resource.named_calls().get(name)
        if found is None:
            raise InvalidRequest(
                f"{self.opened.loaded.name} can't {name} {self.source.mapping.unified}: {self.source.name} has no `{name}`"
            )
        return found

    @property
    def name(self) -> str:
        """`api.resource`, of an api that the account has several times with the entry: `api[key].resource`."""
        return f"{self.api.name}.{self.source.name.partition('.')[2]}"

    @property
    def resource(self) -> Resource:
        return self.opened.loaded.definition.source(self.source.name)[1]

    @property
    def values(self) -> dict[str, Any]:
        """What a call's holes may have of the source: the columns that its mapping reads, what is asked besides, and how
        far the vendor reaches."""
        found = self.resource.columns_for(self.source.mapper.paths)[0]
        values: dict[str, Any] = {"columns": ",".join(found)} if found else {}
        listing = self.resource.list
        if listing is not None:
            query = {**listing.defaults, **self.query}
            values |= {f"query.{name}": value for name, value in query.items()}
        if listing is not None and listing.paging is not None and listing.paging.ceiling is not None:
            values["page.ceiling"] = listing.paging.ceiling
        return values


def located(reading: Reading, budget: Budget) -> AbstractContextManager[None]:
    """Says of an answer that breaks its promise which call it came from."""
    return located_at(reading.opened, budget)


@contextmanager
def located_at(opened: Opened, budget: Budget) -> Iterator[None]:
    """As `located`, where nothing is listed."""
    try:
        yield
    except VendorError as error:
        where = opened.loaded.name
        if budget.trace:  # a page of a capture may need no call
            parts = urlsplit(budget.trace[-1]["url"])
            where += f": {budget.trace[-1]['method']} {parts.scheme}://{parts.netloc}{parts.path}, call {budget.used}"
        error.message = f"{where}: {error.message}"
        error.args = (error.message,)
        raise


def read_records(call: Call | Check, style: Style | None, body: Any) -> Sequence[Any]:
    """The records of a page. Missing is an error unless the total is 0 or the connector says `if_missing: empty`."""
    assert call.records is not None
    if body is MISSING:
        raise VendorError("the answer is empty")
    notes = Notes()
    found = (
        _only_list(call.records, body)
        if call.records.path is None
        else parse_path(call.records.path).all(body, notes)
    )
    if isinstance(found, list):
        for item in found:
            if not isinstance(item, Mapping):
                raise _no_record(call.records, item)
        return found
    if found is MISSING and not notes.found:
        if call.records.if_missing == "empty":
            return []
        if style is not None and style.total is not None and style.declared(body) == 0:
            return []
        raise VendorError(f"the answer has no records at {call.records}")
    shown = notes.found[0].message if notes.found else "expected list, got null"
    raise VendorError(f"the records at {call.records}: {shown}")


def _only_list(records: Records, body: Any) -> list[Any]:
    """The one list among the values of an object. Raises VendorError, with the keys that were found, for any other number."""
    notes = Notes()
    path = str(records.only_list_of)
    found = parse_path(path).one(body, notes)
    if not isinstance(found, Mapping):
        shown = "nothing" if found is MISSING else json_type(found)
        raise VendorError(
            f"the records should be the only list of the object at {path}: expected object, got {shown}"
        )
    lists = [name for name, value in found.items() if isinstance(value, list)]
    if len(lists) == 1:
        return found[lists[0]]  # type: ignore[no-any-return]
    shown = ", ".join(repr(name[:_SHOWN_CHARS]) for name in (lists or [*found])[:_SHOWN_KEYS]) or "none"
    raise VendorError(
        f"the records should be the only list of the object at {path}, and "
        + (f"{len(lists)} keys hold one: {shown}" if lists else f"no key holds one; its keys are: {shown}")
    )


def check_undecoded(call: Call, records: Iterable[msgspec.Raw]) -> None:
    """As `read_records` checks those that it reads: raises VendorError for one that is no object."""
    assert call.records is not None
    for record in records:
        if memoryview(record)[0] != _OBJECT:
            raise _no_record(call.records, msgspec.json.decode(record))


def _no_record(records: Records, item: Any) -> VendorError:
    return VendorError(f"the records at {records}: expected objects, got {json_type(item)}")


@dataclass(frozen=True, slots=True)
class Found:
    """One record as it was read. `key` tells it from the others on its page; None where it can't be carried."""

    row: dict[str, Any]
    key: str | None
    is_kept: bool
    notes: Notes
    members: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A record with all that it was asked for besides, as it was read."""

    found: Found
    record: Any


def map_page(reading: Reading, records: Sequence[Any], begins: int | None) -> list[Found]:
    """The records of a page through the mapping. `begins`: where in a capture the page begins.

    Records that have no key are told apart by all that they say: on a page by how many before it say the same, in a
    capture, whose order is ours, by their place.
    """
    if reading.resource.key != "none":
        return [map_record(reading, record, at=at) for at, record in enumerate(records)]
    before: dict[str, int] = {}
    found = []
    for at, record in enumerate(records):
        said = digest(reading.name, record)  # of two entries with one record, each has its own
        number = before[said] = before.get(said, -1) + 1
        row = {"id": digest(said, number) if begins is None else digest(said, begins + at), "record": record}
        found.append(Found(row, row["id"], True, Notes()))
    return found


def map_record(reading: Reading, record: Any, call: str = "list", at: int = 0) -> Found:
    """The record through the mapping; `at` is its place on the page."""
    notes = Notes(lookups=reading.lookups)
    mapper = reading.source.mapper
    row = mapper.read(record, notes, call)
    if not mapper.keep(record):
        return Found(row, row["id"] or digest(at, record), False, Notes())
    refs = mapper.members(record, notes) if mapper.unified == "groups" else None
    return Found(row, row["id"], True, notes, refs)


def finish_row(reading: Reading, found: Found, record: Any) -> bool:
    """Completes the row with what stands elsewhere; whether it is a row at all."""
    if not found.is_kept or found.key is None:
        return False
    for name in reading.drop:
        found.row.pop(name, None)
    if reading.fill is not None:
        reading.fill(found.row, found.notes)
    if reading.with_remote_data:
        found.row["remote_data"] = record
    return True


def tell(found: Found, notices: Notices) -> None:
    """What was noticed about the record."""
    if not found.is_kept:
        notices.warn("left_out", "records that the mapping's `where` leaves out")
        return
    if found.key is None:
        found.notes.add("record_without_id", "$", "the record has no id that can be read; it is left out")
        notices.breaks.add("records_left_out")
    if found.notes.found:
        notices.add(found.notes.found, found.key)
