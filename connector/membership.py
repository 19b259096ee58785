"""Who is in a group, answered from whichever side the vendor keeps it on.

Where the truth stands on the groups, a user's groups cost a listing of all groups: it is read whole, kept for
a minute, and used only when it is proven complete. A membership that could not be read is null and makes
the page partial; it is never an empty list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cachetools import TTLCache

from connector.account import Opened, OpenedApi
from connector.catalog import Source
from connector.errors import InvalidRequest, VendorError
from connector.fetch import Budget, Clock, Flow, Reading, fetch_one, fetch_page
from connector.notices import Notices
from connector.query import MAX_LIMIT, Question
from connector.walk import Place

__all__ = ["Fill", "Tables", "api_of", "fill_groups", "in_group", "membership_of"]

Fill = Callable[[dict[str, Any], Notices], None]
"""Fills into a row what stands elsewhere."""

_CALLS = 200
_SECONDS = 60.0
_ROWS = 200_000


@dataclass(frozen=True)
class Table:
    """A whole listing that other rows are filled from; incomplete ones say so."""

    rows: list[dict[str, Any]]
    members: list[list[Any] | None]
    is_complete: bool


@dataclass
class Tables:
    """Whole listings of one account, each read once a minute at most. Threads may share it."""

    opened: Opened
    clock: Clock
    _kept: TTLCache[Any, Table] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = TTLCache(
            _ROWS, _SECONDS, timer=self.clock.seconds, getsizeof=lambda table: len(table.rows) + 1
        )

    def read(self, source: Source, budget: Budget) -> Flow[Table]:
        """A whole listing of this account, read once a minute at most: calls of its own, in the question's time."""
        key = (self.opened.account, source.name, source.version)
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        own = Budget(self.clock, _CALLS, max(budget.left, 1.0))
        reading = Reading(self.opened, api_of(self.opened, source), source)
        notices = Notices()
        rows: list[dict[str, Any]] = []
        members: list[list[Any] | None] = []
        place: Place | None = Place()
        verdict = "in_progress"
        while place is not None and not (own.used and own.is_spent):
            found = yield from fetch_page(reading, Question(), MAX_LIMIT, place, own, notices)
            rows += found.rows
            members += found.members
            place, verdict = found.place, found.completeness.verdict
        table = Table(rows, members, is_complete=verdict == "complete")
        if table.is_complete and len(rows) < _ROWS:
            with self._lock:
                self._kept[key] = table
        return table

    def lookups(self, source: Source, budget: Budget) -> Flow[dict[str, Any]]:
        """The tables that lookup rules need."""
        tables: dict[str, Any] = {}
        for unified in sorted(source.mapper.lookups):
            table = yield from self.read(self.source(unified), budget)
            if table.is_complete:
                tables[unified] = table.rows
        return tables

    def source(self, unified: str) -> Source:
        name = self.opened.sources.get(unified)
        if name is None:
            raise InvalidRequest(f"this account has no {unified!r}, which is needed here")
        return self.opened.loaded.sources[name]


def api_of(opened: Opened, source: Source) -> OpenedApi:
    """The api that a source belongs to."""
    return opened.apis[source.name.partition(".")[0]]


def membership_of(opened: Opened, source: Source) -> str | None:
    """Which side is the truth about who is in a group."""
    return api_of(opened, source).definition.membership


def fill_groups(
    tables: Tables, source: Source, wanted: bool, budget: Budget
) -> Flow[tuple[frozenset[str], Fill | None]]:
    """(fields left out of a user's row, what fills `groups` into it) where membership is on the groups."""
    if source.mapping.unified != "users" or membership_of(tables.opened, source) != "on_group":
        return frozenset(), None
    if not wanted:
        return frozenset({"groups"}), None
    groups = tables.source("groups")
    table = yield from tables.read(groups, budget)
    members = groups.mapping.members
    assert members is not None
    if not table.is_complete or any(refs is None for refs in table.members):
        why = (
            "not all groups could be read"
            if not table.is_complete
            else "a group's member list could not be read"
        )

        def unknown(row: dict[str, Any], notices: Notices) -> None:
            row["groups"] = None
            notices.breaks.add("membership_unreadable")
            notices.warn("membership_unreadable", f"groups: {why}", field="groups")

        return frozenset(), unknown
    index: dict[Any, list[dict[str, Any]]] = {}
    for row, refs in zip(table.rows, table.members, strict=True):
        for ref in dict.fromkeys(_folded(refs or [], members.matches)):
            index.setdefault(ref, []).append(
                {"id": row["id"], "name": row["name"], "organization": row["organization"]}
            )

    def fill(row: dict[str, Any], notices: Notices) -> None:  # noqa: ARG001 - one face with `unknown`
        row["groups"] = [group for ref in _references(row, members.matches) for group in index.get(ref, [])]

    return frozenset(), fill


def in_group(
    tables: Tables, source: Source, question: Question, group: str, budget: Budget, notices: Notices
) -> Flow[Question]:
    """The question, narrowed to the members of a group."""
    if source.mapping.unified != "users":
        raise InvalidRequest("group_id is a filter of users")
    side = membership_of(tables.opened, source)
    if side == "on_user":

        def listed(row: Mapping[str, Any]) -> bool:
            if row["groups"] is None:
                notices.breaks.add("membership_unreadable")
                notices.warn(
                    "membership_unreadable",
                    "groups of a user are not known",
                    record_id=row["id"],
                    field="groups",
                )
                return False
            return any(found["id"] == group for found in row["groups"])

        keep: Callable[[Mapping[str, Any]], bool] = listed
    elif side == "on_group":
        groups = tables.source("groups")
        reading = Reading(tables.opened, api_of(tables.opened, groups), groups)
        refs = yield from _members_of(reading, group, budget, notices)
        members = groups.mapping.members
        assert members is not None
        matches = members.matches
        wanted = frozenset(_folded(refs, matches))

        def named(row: Mapping[str, Any]) -> bool:
            return any(ref in wanted for ref in _references(row, matches))

        keep = named
    else:
        raise InvalidRequest(f"{tables.opened.loaded.name} does not say who is in a group")
    return replace(question, keep=(*question.keep, keep), explain={**question.explain, "group_id": "here"})


def _members_of(reading: Reading, group: str, budget: Budget, notices: Notices) -> Flow[Sequence[Any]]:
    """The member references of one group. Raises VendorError when they can't be read: never an empty list instead."""
    found = yield from fetch_one(reading, group, budget, notices)
    if found.members is None:
        raise VendorError(f"{reading.opened.loaded.name}: the members of group {group!r} could not be read")
    return found.members


def _references(row: Mapping[str, Any], matches: str) -> list[Any]:
    """What a group's member list may call this user by, as `_folded`."""
    if matches == "emails.email":
        return _folded([item["email"] for item in row["emails"] or []], matches)
    return _folded([] if row[matches] is None else [row[matches]], matches)


def _folded(references: Iterable[Any], matches: str) -> list[Any]:
    """User names and e-mail addresses are compared without letter case (RFC 7643 §4.1.1), ids exactly."""
    return list(references) if matches == "id" else [str(found).casefold() for found in references]
