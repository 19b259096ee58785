"""Who is in a group, answered from whichever side the vendor keeps it on.

Where the truth stands on the groups, a user's groups cost a listing of all groups, and a listing of the members of
each where those stand at an endpoint per group: they are read whole, kept for a minute, and used only when they are
proven complete. A membership that could not be read is null and makes the page partial; it is never an empty list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cachetools import TTLCache

from connector.account import Opened, OpenedApi
from connector.captures import Captures
from connector.catalog import Source
from connector.cursor import digest
from connector.details import asking_more
from connector.errors import (
    InvalidRequest,
    NeedsReauth,
    VendorError,
    VendorFailure,
    VendorNotFound,
    VendorUnavailable,
)
from connector.fetch import Listing
from connector.flow import Budget, Clock, Flow, Work
from connector.mapping.path import Notes
from connector.mapping.rules import Members
from connector.model.envelope import Warned
from connector.notices import Notices
from connector.query import Keep, Question
from connector.reading import Reading
from connector.seek import fetch_one
from connector.whole import read_linked, read_whole

__all__ = ["NAMED_BY", "Fill", "Tables", "entries_of", "fill_groups", "in_group", "membership_of"]

Fill = Callable[[dict[str, Any], Notes], None]
"""Fills into a row what stands elsewhere."""

NAMED_BY = frozenset({"username", "emails"})
"""The fields of a user, besides the id, that a group may name him by."""
_CALLS = 200
_SECONDS = 60.0
_ROWS = 200_000


@dataclass(frozen=True)
class Table:
    """A whole listing that other rows are filled from; incomplete ones say so."""

    rows: list[dict[str, Any]]
    members: list[list[Any] | None]
    units: list[int]
    """Of each row, which of the readings it came from."""
    is_complete: bool
    told: tuple[Warned, ...] = ()
    """What was noticed of its rows."""


@dataclass
class Tables:
    """Whole listings of one account, each read once a minute at most. Threads may share it."""

    opened: Opened
    clock: Clock
    captures: Captures
    _kept: TTLCache[Any, Table] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = TTLCache(
            _ROWS, _SECONDS, timer=self.clock.seconds, getsizeof=lambda table: len(table.rows) + 1
        )

    def read(self, unified: str, budget: Budget) -> Flow[Table]:
        """A whole listing of this account: calls of its own, in the question's time."""
        return (yield from self._read(unified, self._own(budget)))

    def _read(self, unified: str, own: Budget) -> Flow[Table]:
        sources = self.sources(unified)
        written = yield Work(self.captures.written)  # what was read before a write is not believed after it
        key = (self.opened.account, written, *((source.name, source.version) for source in sources))
        if (known := self._known(key)) is not None:
            return known
        whole = yield from read_whole([Listing(one, Question()) for one in self.readings(unified)], own)
        members = [one.members for one in whole.found]
        rule = sources[0].mapping.members
        if rule is not None and rule.if_missing == "empty_if_seen":
            # Seen in one entry says nothing of another, whose token may show less.
            units = zip(whole.units, members, strict=True)
            seen = {unit for unit, refs in units if refs is not None}
            members = [
                [] if refs is None and unit in seen else refs
                for unit, refs in zip(whole.units, members, strict=True)
            ]
        told = tuple(whole.notices.wrong)
        return self._keep(key, Table(whole.rows, members, whole.units, whole.is_complete, told))

    def groups(self, budget: Budget) -> Flow[Table]:
        """All groups with their members, also where those stand at an endpoint per group.

        What was read of it is kept, so that the next question goes on where the calls ended. Raises as `_linked`.
        """
        own, readings = self._own(budget), self.readings("groups")
        table = yield from self._read("groups", own)
        if not table.is_complete or readings[0].source.linked is None:
            return table
        members: list[list[Any] | None] = []
        for row, unit in zip(table.rows, table.units, strict=True):
            refs = yield from self._linked(readings[unit], row["id"], own)
            members.append(refs)
        return replace(table, members=members)

    def members(self, group: str, budget: Budget) -> Flow[list[Any]]:
        """The member references of one group, from its own endpoint. Raises where not all of them could be read.

        Where there are several entries or sources only the listing says which of them the group is of.
        """
        own, readings = self._own(budget), self.readings("groups")
        if len(readings) == 1:
            return (yield from self._linked(readings[0], group, own))
        table = yield from self._read("groups", own)
        units = [unit for row, unit in zip(table.rows, table.units, strict=True) if row["id"] == group]
        if not table.is_complete:
            raise VendorError(
                f"{self.opened.loaded.name}: the members of group {group!r} could not be read: not all groups could"
            )
        if not units:
            raise VendorNotFound(f"{self.opened.loaded.name}: {group!r} is not among the groups")
        refs: list[Any] = []
        for unit in units:
            refs += yield from self._linked(readings[unit], group, own)
        return refs

    def _linked(self, reading: Reading, group: str, budget: Budget) -> Flow[list[Any]]:
        linked, rule = reading.source.linked, _members(reading.source)
        assert linked is not None
        assert rule.call is not None
        written = yield Work(self.captures.written)
        key = (self.opened.account, written, reading.name, reading.source.version, group)
        if (known := self._known(key)) is not None:
            return [row["id"] for row in known.rows]
        if budget.used and budget.is_spent:
            raise VendorUnavailable(
                "not all member lists could be read with the calls and in the time there are"
            )
        of_group = Reading(self.opened, reading.api, linked, self.captures)
        whole = yield from read_linked(of_group, rule.call, group, budget)
        self._keep(key, Table(whole.rows, [], [], is_complete=True))
        return [row["id"] for row in whole.rows]

    def _own(self, budget: Budget) -> Budget:
        return Budget(self.clock, _CALLS, max(budget.left, 1.0))

    def _known(self, key: Any) -> Table | None:
        with self._lock:
            return self._kept.get(key)

    def _keep(self, key: Any, table: Table) -> Table:
        if table.is_complete and len(table.rows) < _ROWS:
            with self._lock:
                self._kept[key] = table
        return table

    def lookups(self, sources: Iterable[Source], budget: Budget) -> Flow[dict[str, Any]]:
        """The tables that lookup rules need."""
        tables: dict[str, Any] = {}
        for unified in sorted({one for source in sources for one in source.mapper.lookups}):
            table = yield from self.read(unified, budget)
            if table.is_complete:
                tables[unified] = table.rows
        return tables

    def sources(self, unified: str) -> tuple[Source, ...]:
        """What feeds a unified resource: of one api, whose membership is theirs."""
        feed = self.opened.sources.get(unified)
        if feed is None:
            raise InvalidRequest(f"this account has no {unified!r}, which is needed here")
        return tuple(self.opened.loaded.sources[name] for name in feed)

    def readings(self, unified: str) -> list[Reading]:
        """A reading of each source in each entry of its api."""
        return [
            asking_more(Reading(self.opened, api, source, self.captures), unwanted=(), with_groups=False)
            for api in entries_of(self.opened, self.sources(unified)[0])
            for source in self.sources(unified)
        ]


def entries_of(opened: Opened, source: Source) -> tuple[OpenedApi, ...]:
    """The api that a source belongs to, or each of its entries."""
    return opened.entries(source.name.partition(".")[0])


def membership_of(opened: Opened, source: Source) -> str | None:
    """Which side is the truth about who is in a group."""
    return entries_of(opened, source)[0].definition.membership


def fill_groups(
    tables: Tables, source: Source, wanted: bool, budget: Budget, notices: Notices
) -> Flow[tuple[frozenset[str], Fill | None]]:
    """(fields left out of a user's row, what fills `groups` into it) where the groups say who is in them."""
    sides = ("on_group", "per_group")
    if source.mapping.unified != "users" or membership_of(tables.opened, source) not in sides:
        return frozenset(), None
    if not wanted:
        return frozenset({"groups"}), None
    try:
        groups = tables.sources("groups")[0]
        table = yield from tables.groups(budget)
    except NeedsReauth:
        raise
    except (VendorFailure, InvalidRequest) as error:
        return frozenset(), _unknown(f"the groups could not be read: {error.message}")
    if not table.is_complete:
        return frozenset(), _unknown("not all groups could be read")
    if any(refs is None for refs in table.members):
        return frozenset(), _unknown("a group's member list could not be read")
    for one in table.told:
        notices.warn(one.code, f"groups: {one.message}", path=one.path)
    matches = _members(groups).matches
    index: dict[Any, list[dict[str, Any]]] = {}
    for row, refs in zip(table.rows, table.members, strict=True):
        for ref in dict.fromkeys(_folded(refs or [], matches)):
            index.setdefault(ref, []).append(
                {"id": row["id"], "name": row["name"], "organization": row["organization"]}
            )
    not_known = _unknown(f"groups name their members by {matches}, and it is not known of this user")

    def fill(row: dict[str, Any], notes: Notes) -> None:
        references = _references(row, matches)
        if references is None:
            not_known(row, notes)
        else:
            found = (group for ref in references for group in index.get(ref, []))
            row["groups"] = list({group["id"]: group for group in found}.values())

    return frozenset(), fill


def in_group(
    tables: Tables, source: Source, group: str, budget: Budget, notices: Notices
) -> Flow[tuple[Keep, str]]:
    """What keeps the members of a group, of all users, and a fingerprint of who they are.

    Raises VendorNotFound for a group that isn't there, VendorError for one whose members can't be read.
    """
    if source.mapping.unified != "users":
        raise InvalidRequest("group_id is a filter of users")
    side = membership_of(tables.opened, source)
    if side is None:
        raise InvalidRequest(f"{tables.opened.loaded.name} does not say who is in a group")

    def not_known(row: Mapping[str, Any], what: str) -> bool:
        notices.breaks.add("membership_unreadable")
        notices.warn(
            "membership_unreadable", f"{what} of a user are not known", record_id=row["id"], field="groups"
        )
        return False

    if side in ("on_user", "per_user"):
        refs: Sequence[Any] = ()

        def is_in(row: Mapping[str, Any]) -> bool:
            if row["groups"] is None:
                return not_known(row, "groups")
            return any(found["id"] == group for found in row["groups"])
    else:
        groups = tables.sources("groups")[0]
        refs = yield from _members_of(tables, groups, group, budget, notices)
        matches = _members(groups).matches
        wanted = frozenset(_folded(refs, matches))

        def is_in(row: Mapping[str, Any]) -> bool:
            references = _references(row, matches)
            if references is None:
                return not_known(row, matches)
            return any(ref in wanted for ref in references)

    return is_in, digest(sorted(map(str, refs)))


def _unknown(why: str) -> Fill:
    def unknown(row: dict[str, Any], notes: Notes) -> None:
        row["groups"] = None
        notes.add("membership_unreadable", "$", f"groups: {why}", breaks=True)

    return unknown


def _members(groups: Source) -> Members:
    members = groups.mapping.members
    if members is None:
        raise InvalidRequest(f"{groups.name} does not say who is in a group: its mapping has no `members`")
    return members


def _members_of(
    tables: Tables, groups: Source, group: str, budget: Budget, notices: Notices
) -> Flow[Sequence[Any]]:
    """The member references of one group. Raises VendorError when they can't be read: never an empty list instead."""
    if groups.linked is not None:
        return (yield from tables.members(group, budget))
    readings = tables.readings("groups")
    if len(readings) > 1:  # more than one of them may have the group
        return (yield from _members_in_all(tables, group, budget))
    found = yield from fetch_one(readings, group, budget, notices)
    if found.members is not None:
        return found.members
    if _members(groups).if_missing == "empty_if_seen" and not any(note.breaks for note in found.notes.found):
        table = yield from tables.read("groups", budget)
        refs = next(
            (refs for row, refs in zip(table.rows, table.members, strict=True) if row["id"] == group), None
        )
        if refs is not None:
            return refs
    raise VendorError(f"{tables.opened.loaded.name}: the members of group {group!r} could not be read")


def _members_in_all(tables: Tables, group: str, budget: Budget) -> Flow[list[Any]]:
    """The member references of one group over all entries and sources, each of which has to be read whole."""
    table = yield from tables.read("groups", budget)
    name = tables.opened.loaded.name
    if not table.is_complete:
        raise VendorError(f"{name}: the members of group {group!r} could not be read: not all groups could")
    found = [refs for row, refs in zip(table.rows, table.members, strict=True) if row["id"] == group]
    if not found:
        raise VendorNotFound(f"{name}: {group!r} is not among the groups")
    refs: list[Any] = []
    for one in found:
        if one is None:
            raise VendorError(f"{name}: the members of group {group!r} could not be read")
        refs += one
    return refs


def _references(row: Mapping[str, Any], matches: str) -> list[Any] | None:
    """What a group's member list may call this user by, as `_folded`; None where that isn't known."""
    if matches == "emails.email":
        return None if row["emails"] is None else _folded([item["email"] for item in row["emails"]], matches)
    return None if row[matches] is None else _folded([row[matches]], matches)


def _folded(references: Iterable[Any], matches: str) -> list[Any]:
    """User names and e-mail addresses are compared without letter case (RFC 7643 §4.1.1), ids exactly."""
    return list(references) if matches == "id" else [str(found).casefold() for found in references]
