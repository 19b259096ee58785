"""The questions that can be asked of one opened account, each as a flow: list, get, check. Sends nothing itself.

Here parameters are checked, cursors opened and sealed, and membership is answered from whichever side the
vendor keeps it on. What comes out is rows (plain dicts in the unified shape) in an envelope.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import GenericAlias
from typing import Any, Generic, TypedDict, TypeVar

import msgspec
from cachetools import TTLCache
from pydantic import TypeAdapter

from connector.account import Opened
from connector.catalog import Source
from connector.cursor import Seal, digest
from connector.errors import CursorInvalid, InvalidRequest, NotFound, VendorError
from connector.fetch import Budget, Clock, Flow, Reading, ask, fetch_one, fetch_page
from connector.model import UNIFIED
from connector.model.envelope import Completeness, Warned
from connector.notices import Notices
from connector.query import MAX_LIMIT, Question, parse_filters, resolve
from connector.settings import Settings
from connector.walk import Place
from connector.yamlfile import nearest

__all__ = ["Asked", "AskedOne", "Item", "Page", "Questions"]

T = TypeVar("T")
INCLUDABLE = ("remote_data", "groups")
_TABLE_CALLS = 200
_PATIENCE = 300.0
_TABLE_SECONDS = 60.0
_TABLE_ROWS = 200_000


class AskedOne(TypedDict, total=False):
    """What `get` may be asked with."""

    include: Iterable[str]
    """`remote_data`, `groups`."""
    exclude_fields: Iterable[str]
    strict: bool
    """What would be a warning about a record is an error."""


class Asked(AskedOne, total=False):
    """What `list` may be asked with."""

    limit: int
    """The most rows of a page, 1 to 1000 (100)."""
    cursor: str | None
    """`next_cursor` of the page before."""
    filters: Mapping[str, Any] | None
    """Field → value, or field → {operator: value}; those that the mapping lists."""
    group_id: str | None
    """Only the users who are in this group."""
    sort_by: str | None
    """A field, `-field` for descending; those that the vendor can sort by."""
    explain: bool
    """Say in the answer who evaluated what, and which calls were made."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page. `rows` are plain dicts; `result` the same as typed models."""

    unified: str
    rows: list[dict[str, Any]]
    next_cursor: str | None
    is_partial_response: bool
    completeness: Completeness
    warnings: list[Warned]
    explain: dict[str, Any] | None = None

    @cached_property
    def result(self) -> list[T]:
        return _rows_of(self.unified).validate_python(self.rows)  # type: ignore[no-any-return]

    def to_dict(self, key_by: str | None = None) -> dict[str, Any]:
        """The envelope (DESIGN §6). With `key_by`, `result` is an object keyed by that field."""
        return {
            "result": self.rows if key_by is None else _keyed(self.rows, key_by),
            "next_cursor": self.next_cursor,
            "prev_cursor": None,
            "result_count": len(self.rows),
            "is_partial_response": self.is_partial_response,
            "completeness": self.completeness.model_dump(),
            "warnings": [item.model_dump(exclude_none=True) for item in self.warnings],
            **({"explain": self.explain} if self.explain is not None else {}),
        }

    def to_json(self, key_by: str | None = None) -> bytes:
        return msgspec.json.encode(self.to_dict(key_by))


@dataclass(frozen=True)
class Item(Generic[T]):
    """One row. `row` is a plain dict, `result` the typed model."""

    unified: str
    row: dict[str, Any]
    is_partial_response: bool
    warnings: list[Warned]

    @cached_property
    def result(self) -> T:
        return UNIFIED[self.unified].model_validate(self.row)  # type: ignore[return-value]

    def to_dict(self) -> dict[str, Any]:
        return {
            "result": self.row,
            "is_partial_response": self.is_partial_response,
            "warnings": [item.model_dump(exclude_none=True) for item in self.warnings],
        }

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


@dataclass(frozen=True)
class _Table:
    """A whole listing that other rows are filled from; incomplete ones say so."""

    rows: list[dict[str, Any]]
    members: list[list[Any] | None]
    is_complete: bool


@dataclass
class Questions:
    """What one opened account can be asked."""

    opened: Opened
    seal: Seal
    settings: Settings
    clock: Clock
    _tables: TTLCache[Any, _Table] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._tables = TTLCache(
            _TABLE_ROWS, _TABLE_SECONDS, timer=self.clock.seconds, getsizeof=lambda table: len(table.rows) + 1
        )

    def list(
        self,
        resource: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Mapping[str, Any] | None = None,
        group_id: str | None = None,
        sort_by: str | None = None,
        include: Iterable[str] = (),
        exclude_fields: Iterable[str] = (),
        strict: bool = False,
        explain: bool = False,
        patient: bool = False,
    ) -> Flow[Page[Any]]:
        """One page; `patient` waits longer for a busy vendor (for whole walks)."""
        unified, of_group = _resource(resource)
        if of_group is not None and group_id is not None:
            raise InvalidRequest("group_id is already said by the path groups/{id}/users")
        source = self.source(unified)
        if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
            raise InvalidRequest(f"limit must be a whole number from 1 to {MAX_LIMIT}, got {limit!r}")
        wanted = _checked("include", include, INCLUDABLE)
        hidden = _checked("exclude_fields", exclude_fields, tuple(UNIFIED[unified].model_fields))
        budget = self._budget(patient)
        notices = Notices()
        typed = parse_filters(source, filters or {})
        group = of_group if of_group is not None else group_id
        binding = {
            "account": digest(self.opened.account),
            "listing": digest(unified, source.name),
            "filters": digest([item.to_json() for item in typed], group),
            "sort": digest(sort_by),
            "address": digest(self.opened.apis[source.name.partition(".")[0]].origin),
            "connector": self.opened.loaded.calling_version,
        }
        place = self._place(cursor, binding, source, notices)
        if of_group is not None and cursor is None:
            yield from self.get("groups", of_group)
        lookups = yield from self._lookups(source, budget)
        question = resolve(source, typed, sort_by, lookups)
        if group is not None:
            question = yield from self._in_group(source, question, group, budget, notices)
        needed = "groups" in wanted or any(item.field.partition(".")[0] == "groups" for item in typed)
        drop, fill = yield from self._groups_of(source, needed, budget)
        reading = Reading(
            self.opened,
            self._api(source),
            source,
            fill=fill,
            drop=drop,
            with_remote_data="remote_data" in wanted,
            strict=strict,
            lookups=lookups,
        )
        found = yield from fetch_page(reading, question, limit, place, budget, notices)
        for row in found.rows if hidden else ():
            for name in hidden & row.keys():
                del row[name]
        sealed = None
        if found.place is not None:
            sealed = self.seal.seal({"at": found.place.to_json(), "mapping": source.version}, binding)
        return Page(
            unified,
            found.rows,
            sealed,
            is_partial_response=bool(drop),
            completeness=found.completeness,
            warnings=notices.listed(),
            explain=self._explain(source, question, group, budget) if explain else None,
        )

    def get(
        self,
        resource: str,
        key: str,
        *,
        include: Iterable[str] = (),
        exclude_fields: Iterable[str] = (),
        strict: bool = False,
    ) -> Flow[Item[Any]]:
        """The one row with this id."""
        unified, of_group = _resource(resource)
        if of_group is not None:
            raise InvalidRequest("one user is got by get users ID")
        source = self.source(unified)
        wanted = _checked("include", include, INCLUDABLE)
        hidden = _checked("exclude_fields", exclude_fields, tuple(UNIFIED[unified].model_fields))
        budget, notices = self._budget(patient=False), Notices()
        lookups = yield from self._lookups(source, budget)
        reading = Reading(
            self.opened,
            self._api(source),
            source,
            with_remote_data="remote_data" in wanted,
            strict=strict,
            lookups=lookups,
        )
        row = (yield from fetch_one(reading, key, budget, notices)).row
        _, fill = yield from self._groups_of(source, "groups" not in hidden, budget)
        if fill is not None:
            fill(row, notices)
        for name in hidden:
            row.pop(name, None)
        return Item(unified, row, is_partial_response=False, warnings=notices.listed())

    def check(self) -> Flow[dict[str, str]]:
        """Each api's own connection check."""
        said: dict[str, str] = {}
        for name, api in self.opened.apis.items():
            check = api.definition.check
            if isinstance(check, str):
                said[name] = "no check"
                continue
            yield from ask(self.opened, api, check, {}, self._budget(patient=False))
            said[name] = "ok"
        return said

    def source(self, unified: str) -> Source:
        """The source that feeds a unified resource of this account."""
        name = self.opened.sources.get(unified)
        if name is None:
            known = ", ".join(self.opened.sources) or "nothing"
            word = nearest(unified, self.opened.sources)
            raise NotFound(
                f"this account has no {unified!r}; it has: {known}",
                hint=f"did you mean {word}?" if word else None,
            )
        return self.opened.loaded.sources[name]

    def _api(self, source: Source) -> Any:
        return self.opened.apis[source.name.partition(".")[0]]

    def _budget(self, patient: bool) -> Budget:
        seconds = max(_PATIENCE, self.settings.max_seconds) if patient else self.settings.max_seconds
        return Budget(self.clock, self.settings.max_calls, seconds)

    def _place(
        self, cursor: str | None, binding: Mapping[str, str], source: Source, notices: Notices
    ) -> Place:
        if cursor is None:
            return Place()
        content, differing = self.seal.unseal(cursor, binding)
        if differing:
            what = {
                "account": "another account",
                "listing": "another resource",
                "filters": "other filters",
                "sort": "another sort_by",
            }
            what |= {
                "address": "another address of the vendor",
                "connector": "another version of the connector",
            }
            named = [what.get(name, name) for name in what if name in differing]
            raise CursorInvalid(
                f"next_cursor belongs to {' and '.join(named)}", hint="begin this listing without next_cursor"
            )
        if content["mapping"] != source.version:
            notices.warn(
                "mapping_changed",
                "the mapping was changed since this walk began; earlier rows were read by the old one",
            )
        return Place.from_json(content["at"])

    def _membership(self, source: Source) -> str | None:
        return self._api(source).definition.membership  # type: ignore[no-any-return]

    def _groups_of(
        self, source: Source, wanted: bool, budget: Budget
    ) -> Flow[tuple[frozenset[str], Callable[[dict[str, Any], Notices], None] | None]]:
        """(fields left out of a user's row, what fills `groups` into it) where membership is on the groups."""
        if source.mapping.unified != "users" or self._membership(source) != "on_group":
            return frozenset(), None
        if not wanted:
            return frozenset({"groups"}), None
        groups = self.source("groups")
        table = yield from self._table(groups, budget)
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
            row["groups"] = [
                group for ref in _references(row, members.matches) for group in index.get(ref, [])
            ]

        return frozenset(), fill

    def _in_group(
        self, source: Source, question: Question, group: str, budget: Budget, notices: Notices
    ) -> Flow[Question]:
        """The question, narrowed to the members of a group."""
        if source.mapping.unified != "users":
            raise InvalidRequest("group_id is a filter of users")
        side = self._membership(source)
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
            groups = self.source("groups")
            reading = Reading(self.opened, self._api(groups), groups)
            refs = yield from _members_of(reading, group, budget, notices)
            members = groups.mapping.members
            assert members is not None
            matches = members.matches
            wanted = frozenset(_folded(refs, matches))

            def named(row: Mapping[str, Any]) -> bool:
                return any(ref in wanted for ref in _references(row, matches))

            keep = named
        else:
            raise InvalidRequest(f"{self.opened.loaded.name} does not say who is in a group")
        return replace(
            question, keep=(*question.keep, keep), explain={**question.explain, "group_id": "here"}
        )

    def _lookups(self, source: Source, budget: Budget) -> Flow[dict[str, Any]]:
        """The tables that lookup rules need."""
        tables: dict[str, Any] = {}
        for unified in sorted(source.mapper.lookups):
            table = yield from self._table(self.source(unified), budget)
            if table.is_complete:
                tables[unified] = table.rows
        return tables

    def _table(self, source: Source, budget: Budget) -> Flow[_Table]:
        """A whole listing of this account, read once a minute at most: calls of its own, in the time of the question."""
        key = (self.opened.account, source.name, source.version)
        with self._lock:
            known = self._tables.get(key)
        if known is not None:
            return known
        own = Budget(self.clock, _TABLE_CALLS, max(budget.left, 1.0))
        reading = Reading(self.opened, self._api(source), source)
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
        table = _Table(rows, members, is_complete=verdict == "complete")
        if table.is_complete and len(rows) < _TABLE_ROWS:
            with self._lock:
                self._tables[key] = table
        return table

    def _explain(
        self, source: Source, question: Question, group: str | None, budget: Budget
    ) -> dict[str, Any]:
        side = self._membership(source)
        return {
            "connector": self.opened.loaded.name,
            "source": source.name,
            "evaluated": dict(question.explain),
            "membership": side if group is not None or side else None,
            "calls": budget.trace,
        }


@cache
def _rows_of(unified: str) -> TypeAdapter[Any]:
    rows: Any = GenericAlias(list, (UNIFIED[unified],))  # list[User], for a model known only by name
    return TypeAdapter(rows)


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


def _resource(text: str) -> tuple[str, str | None]:
    """(`users`, the group) of `groups/{id}/users`; (resource, None) of anything else."""
    first, *rest = text.split("/")
    if not rest:
        return first, None
    if first == "groups" and rest[-1] == "users" and len(rest) > 1 and all(rest[:-1]):
        return "users", "/".join(rest[:-1])
    raise InvalidRequest(f"unknown resource {text!r}; there are users, groups and groups/ID/users")


def _checked(noun: str, given: Iterable[str], allowed: Sequence[str]) -> frozenset[str]:
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in allowed:
            word = nearest(str(name), allowed)
            raise InvalidRequest(
                f"{noun}: unknown {name!r}; there are: {', '.join(allowed)}",
                hint=f"did you mean {word}?" if word else None,
            )
    return frozenset(names)


def _keyed(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    keyed: dict[str, Any] = {}
    for row in rows:
        key = row.get(name)
        if not isinstance(key, str) or key in keyed:
            raise InvalidRequest(
                f"key_by={name}: {'null' if key is None else repr(key)} can't be the key of a row; it must be text and unique"
            )
        keyed[key] = row
    return keyed
