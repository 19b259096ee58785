"""The questions that can be asked of one opened account, each as a flow: list, get, check, examine. Sends nothing itself.

Here parameters are checked, cursors opened and sealed, and membership is answered from whichever side the
vendor keeps it on. What comes out is rows (plain dicts in the unified shape) in an envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connector.account import Opened, OpenedApi
from connector.asked import INCLUDABLE, check_asked, check_names, optional_fields, read_resource, require_text
from connector.captures import Captures, MemoryShelf, Shelf
from connector.catalog import Source
from connector.cursor import Seal, digest
from connector.details import asking_more
from connector.entries import key_of
from connector.errors import (
    ConnectorError,
    CursorInvalid,
    InvalidRequest,
    ListingChanged,
    NotFound,
    VendorUnavailable,
)
from connector.examine import Examination, examine
from connector.explain import explain as explained
from connector.fetch import Listing, fetch_page
from connector.flow import Budget, Clock, Flow
from connector.inputs import read_inputs
from connector.mapping.path import Notes
from connector.membership import NAMED_BY, Tables, entries_of, fill_groups, in_group, membership_of
from connector.model.envelope import Outcome
from connector.native import is_native, native_source, record_of
from connector.notices import Notices
from connector.obtain import have_token
from connector.pages import Asked, AskedOne, Item, Page, Written
from connector.plan import plan_call
from connector.prove import prove
from connector.proxy import ask_command, pass_call
from connector.query import MAX_LIMIT, Filter, Question, parse_filters, resolve
from connector.reading import Reading
from connector.seek import fetch_one
from connector.settings import Settings
from connector.walk import Place
from connector.wire import Answer
from connector.write import Plan, check, find_entry, intent_of, plan, unread, write

__all__ = ["Questions"]

T = TypeVar("T")
_PATIENCE = 300.0
_BOUND = {
    "account": "another account",
    "listing": "another resource",
    "filters": "other filters",
    "sort": "another sort_by",
    "query": "another remote_query",
    "address": "another address of the vendor",
    "connector": "another version of the connector",
}
"""What a cursor is bound to, as it is said when it differs."""


@dataclass
class Questions:
    """What one opened account can be asked."""

    opened: Opened
    seal: Seal
    settings: Settings
    clock: Clock
    shelf: Shelf = field(default_factory=MemoryShelf, repr=False)
    """Where captures are kept: in this process's memory, or in the store."""
    _captures: Captures = field(init=False, repr=False)
    _tables: Tables = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._captures = Captures(self.shelf, self.opened.account)
        self._tables = Tables(self.opened, self.clock, self._captures)

    def list(self, resource: str, **asked: Any) -> Flow[Page[Any]]:
        """One page, asked with what `Asked` lists; `patient` waits longer for a busy vendor (for whole walks)."""
        check_asked(asked, (*Asked.__annotations__, "patient"))
        return self._redacted(self._list(resource, **asked))

    def get(self, resource: str, key: str, **asked: Any) -> Flow[Item[Any]]:
        """The one row with this id, asked with what `AskedOne` lists."""
        check_asked(asked, tuple(AskedOne.__annotations__))
        return self._redacted(self._get(resource, require_text("id", key), **asked))

    def write(self, verb: str, resource: str, *given: Any, entry: str | None = None) -> Flow[Written[Any]]:
        """`create` with fields, `update` with an id and fields, `delete` with an id; sent at most once.

        `groups/{id}/users` has members: `create` puts the user of `{"id": …}` in, `delete` takes that user out.
        Where the account has the api several times, `entry` says to which; without it, what is changed is looked for.
        """
        return self._redacted(self._write(verb, resource, *given, entry=entry))

    def plan(self, verb: str, resource: str, *given: Any, entry: str | None = None) -> Plan:
        """The request that `write` would send, its secrets masked; nothing is sent, so nothing is looked for."""
        lookups = unread(self._tables, resource)
        return plan(intent_of(self._tables, verb, resource, given, lookups, entry), self.clock.moment())

    def warns(self, verb: str, resource: str, *given: Any, entry: str | None = None) -> str | None:
        """What a person should know before it is sent, to whichever entry. Raises what `write` would refuse unasked."""
        return check(self._tables, verb, resource, given, entry).warns

    def proxy(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Flow[Answer]:
        """The vendor's answer to a call of its own API, untouched; what passes is listed in the connector."""
        return self._redacted(
            pass_call(self.opened, method, target, headers, body, self._budget(patient=False))
        )

    def command(self, api: str, words: Sequence[str]) -> Flow[Any]:
        """The vendor's answer to a command, as JSON; what passes is listed in the connector."""
        return self._redacted(ask_command(self.opened, api, words, self._budget(patient=False)))

    def check(self) -> Flow[dict[str, str]]:
        """Each api's own connection check: api → `ok`, or `no check`."""
        return self._redacted(self._check())

    def examine(self) -> Flow[Examination]:
        """What the credentials have and lack, api by api."""
        seconds = max(_PATIENCE, self.settings.max_seconds)
        return self._redacted(examine(self.opened, self.clock, self.settings.max_calls, seconds))

    def _redacted(self, flow: Flow[T]) -> Flow[T]:
        """The flow, with the account's secrets taken out of any error: a vendor may have echoed one."""
        try:
            return (yield from flow)
        except ConnectorError as error:
            hide = self.opened.hide()
            error.message = hide.text(error.message)
            error.hint = hide.text(error.hint) if error.hint else None
            error.raw_response, error.details = hide.json(error.raw_response), hide.json(error.details)
            error.args = (error.message,)
            raise

    def _list(
        self,
        resource: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Mapping[str, Any] | None = None,
        group_id: str | None = None,
        remote_query: Mapping[str, Any] | None = None,
        sort_by: str | None = None,
        include: Iterable[str] = (),
        exclude_fields: Iterable[str] = (),
        strict: bool = False,
        explain: bool = False,
        patient: bool = False,
    ) -> Flow[Page[Any]]:
        unified, of_group = read_resource(resource)
        if of_group is not None and group_id is not None:
            raise InvalidRequest("group_id is already said by the path groups/{id}/users")
        sources = self._readable(
            unified,
            filters=filters,
            group_id=group_id,
            sort_by=sort_by,
            include=include,
            exclude_fields=exclude_fields,
        )
        source = sources[0]  # those of a union are of one api, and become one resource
        if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
            raise InvalidRequest(f"limit must be a whole number from 1 to {MAX_LIMIT}, got {limit!r}")
        if filters is not None and not isinstance(filters, Mapping):
            raise InvalidRequest(f"filters: expected field → value, got {type(filters).__name__}")
        if cursor is not None and not isinstance(cursor, str):
            raise CursorInvalid(f"next_cursor: expected text, got {type(cursor).__name__}")
        group_id = None if group_id is None else require_text("group_id", group_id)
        sort_by = None if sort_by is None else require_text("sort_by", sort_by)
        wanted = check_names("include", include, INCLUDABLE)
        hidden = check_names("exclude_fields", exclude_fields, optional_fields(unified))
        budget = self._budget(patient)
        notices = Notices()
        typed = [() if is_native(one) else parse_filters(one, filters or {}) for one in sources]
        entries = self._entries(unified, source)
        if sort_by is not None and len(sources) * len(entries) > 1:
            raise InvalidRequest(
                f"this account reads {unified} from {len(sources) * len(entries)} places, one after the other: "
                "they can't be sorted as one"
            )
        group = of_group if of_group is not None else group_id
        besides = [self._asked_besides(one, remote_query) for one in sources]
        binding = {
            "account": digest(self.opened.account),
            "listing": digest(unified, *(one.name for one in sources)),
            "filters": digest([item.to_json() for item in typed[0]], group),
            "sort": digest(sort_by),
            "query": digest(*(sorted(one.items()) for one in besides)),
            "address": digest(*(part for api in entries for part in (api.name, api.base_url))),
            "connector": self.opened.loaded.calling_version,
        }
        place, begun = self._place(cursor, binding, sources, notices)
        side = membership_of(self.opened, source)
        if group is not None and cursor is None and side in ("on_user", "per_user", "per_group"):
            yield from self._check_group(group)
        lookups = yield from self._tables.lookups(sources, budget)
        questions = self._resolve(sources, typed, sort_by, lookups, remote_query)
        sent = digest(*(one.sent for one in questions))
        if begun is not None and begun["sent"] != sent:
            raise ListingChanged(
                "what the vendor is asked for these filters is not what it was asked when the listing began",
                hint="begin the listing again without next_cursor",
            )
        members = None
        if group is not None:
            is_in, members = yield from in_group(self._tables, source, group, budget, notices)
            questions = [one.keeping(is_in, "group_id") for one in questions]
            if begun is not None and begun["members"] != members:
                place = place.noting("membership_changed")
        needed = {item.field.partition(".")[0] for item in typed[0]} | (wanted & {"groups"})
        drop, fill = yield from fill_groups(self._tables, source, "groups" in needed, budget, notices)
        if group is not None and side in ("on_user", "per_user"):
            needed.add("groups")
        if group is not None or fill is not None:
            needed |= NAMED_BY
        listings = [
            Listing(
                asking_more(
                    Reading(
                        self.opened,
                        api,
                        one,
                        self._captures,
                        fill=fill,
                        drop=drop,
                        with_remote_data="remote_data" in wanted,
                        strict=strict,
                        lookups=lookups,
                        query=query,
                    ),
                    unwanted=(hidden | {"groups", "members"}) - needed,
                    with_groups="groups" in needed,
                ),
                question,
            )
            for api in entries
            for one, question, query in zip(sources, questions, besides, strict=True)
        ]
        found = yield from fetch_page(listings, limit, place, budget, notices)
        for row in found.rows if hidden else ():
            for name in hidden & row.keys():
                del row[name]
        began = {"mapping": _version(sources), "members": members, "sent": sent}
        sealed = (
            None if found.place is None else self.seal.seal({"at": found.place.to_json(), **began}, binding)
        )
        return Page(
            unified,
            [record_of(row) for row in found.rows] if is_native(source) else found.rows,
            sealed,
            is_partial_response=any(one.reading.drop for one in listings),
            completeness=found.completeness,
            warnings=notices.listed(self.opened.hide()),
            explain=explained(self.opened, listings, found, budget) if explain else None,
            ids=[row["id"] for row in found.rows],
            units=found.units,
        )

    def _resolve(
        self,
        sources: Sequence[Source],
        typed: Sequence[Sequence[Filter]],
        sort_by: str | None,
        lookups: Mapping[str, Any],
        remote_query: Mapping[str, Any] | None,
    ) -> Sequence[Question]:
        """The question for each source. Raises InvalidRequest for what can't be asked together."""
        _check_looked_up(sources, [*(item.field for item in typed[0]), sort_by or ""], lookups)
        questions = [
            resolve(one, asked, sort_by, lookups, self._planner(one))
            for one, asked in zip(sources, typed, strict=True)
        ]
        if remote_query and (others := [one.call for one in questions if one.call != "list"]):
            raise InvalidRequest(
                f"remote_query can't be asked together with these filters: they ask `{others[0]}` instead of `list`"
            )
        for source in sources:
            listing = self.opened.loaded.definition.source(source.name)[1].list
            if sort_by is not None and listing is not None and listing.passes:
                raise InvalidRequest(
                    f"{source.name} is listed in {len(listing.passes)} passes, one after the other: they can't be "
                    "sorted as one"
                )
        return questions

    def _get(
        self,
        resource: str,
        key: str,
        *,
        include: Iterable[str] = (),
        exclude_fields: Iterable[str] = (),
        strict: bool = False,
    ) -> Flow[Item[Any]]:
        unified, of_group = read_resource(resource)
        if of_group is not None:
            raise InvalidRequest("one user is got by get users ID")
        sources = self._readable(unified, include=include, exclude_fields=exclude_fields)
        source = sources[0]
        wanted = check_names("include", include, INCLUDABLE)
        hidden = check_names("exclude_fields", exclude_fields, optional_fields(unified))
        budget, notices = self._budget(patient=False), Notices()
        lookups = yield from self._tables.lookups(sources, budget)
        with_groups = "groups" not in hidden
        readings = [
            asking_more(
                Reading(
                    self.opened,
                    api,
                    one,
                    self._captures,
                    with_remote_data="remote_data" in wanted,
                    strict=strict,
                    lookups=lookups,
                ),
                unwanted=(hidden | {"members"}) - (NAMED_BY if with_groups else frozenset()),
                with_groups=with_groups,
            )
            for api in self._entries(unified, source)
            for one in sources
        ]
        row = (yield from fetch_one(readings, key, budget, notices)).row
        _, fill = yield from fill_groups(self._tables, source, with_groups, budget, notices)
        if fill is not None:
            notes = Notes()
            fill(row, notes)
            notices.add(notes.found, key)
            if strict:
                notices.raise_in_strict()
        for name in hidden:
            row.pop(name, None)
        if is_native(source):
            row = record_of(row)
        return Item(
            unified,
            row,
            is_partial_response=bool(notices.breaks),
            warnings=notices.listed(self.opened.hide()),
        )

    def _write(self, verb: str, resource: str, *given: Any, entry: str | None) -> Flow[Written[Any]]:
        check(self._tables, verb, resource, given, entry)
        unified, group = read_resource(require_text("resource", resource))
        lookups: dict[str, Any] = {}
        if group is None:
            lookups = yield from self._tables.lookups(self.opened.feed(unified), self._budget(patient=False))
        if entry is None and (verb != "create" or group is not None):
            entry = yield from find_entry(self._tables, unified, group, given, self._budget(patient=False))
        intent, notices = intent_of(self._tables, verb, resource, given, lookups, entry), Notices()
        most, seconds = self.settings.max_calls, self.settings.max_seconds
        done = yield from write(intent, self._tables, most, seconds, notices)
        return Written(
            unified,
            done.row or {},
            Outcome.model_validate({"is": done.outcome, "verified": done.verified, "message": done.message}),
            is_partial_response=bool(done.row and (intent.users or intent.reading).drop),
            warnings=notices.listed(self.opened.hide()),
        )

    def _check(self) -> Flow[dict[str, str]]:
        said: dict[str, str] = {}
        for name, api in self.opened.apis.items():
            check, budget = api.definition.check, self._budget(patient=False)
            token = yield from have_token(self.opened, api, budget, anew=True)
            if isinstance(check, str):
                said[name] = "no check" if token is None else "no check, but an access token was obtained"
                continue
            yield from prove(self.opened, api, check, {}, budget)
            said[name] = "ok"
        return said

    def _readable(self, name: str, **asked: Any) -> tuple[Source, ...]:
        """What feeds a unified resource, or one of the vendor's own (`api.resource`), which takes none of `asked`."""
        if "." not in name:
            return self.opened.feed(name)
        if given := sorted(word for word, value in asked.items() if value):
            raise InvalidRequest(
                f"{name} is the vendor's own, as it is: it takes no {' and no '.join(given)}",
                hint=f"these can be asked of unified resources: {', '.join(self.opened.sources)}",
            )
        source = native_source(self.opened.loaded, name)
        if not self._entries(name, source):
            api = name.rpartition(".")[0]
            raise NotFound(f"{api!r} is not connected here; this account has: {', '.join(self.opened.apis)}")
        return (source,)

    def _entries(self, name: str, source: Source) -> tuple[OpenedApi, ...]:
        """Where a resource is read: in each entry of its api, or in the one that `api[key].resource` names."""
        entry = name.rpartition(".")[0]
        if key_of(entry) is None:
            return entries_of(self.opened, source)
        return tuple(api for known, api in self.opened.apis.items() if known == entry)

    def _asked_besides(self, source: Source, given: Mapping[str, Any] | None) -> dict[str, str]:
        """What the vendor is asked besides, defaults included. Raises InvalidRequest for what the listing doesn't accept."""
        if given is not None and not isinstance(given, Mapping):
            raise InvalidRequest(f"remote_query: expected name → value, got {type(given).__name__}")
        listing = self.opened.loaded.definition.source(source.name)[1].list
        accepts = listing.accepts if listing is not None else {}
        settings = entries_of(self.opened, source)[0].values
        return read_inputs(accepts, given or {}, settings, self.opened.account, "name in remote_query")

    def _planner(self, source: Source) -> Callable[[str, Mapping[str, Any]], Any]:
        """What plans a named call of a source's resource, without sending it: whether its values can be quoted."""
        reading = Reading(self.opened, entries_of(self.opened, source)[0], source, self._captures)
        return lambda name, values: plan_call(reading.api, reading.call(name), {**reading.values, **values})

    def _budget(self, patient: bool) -> Budget:
        seconds = max(_PATIENCE, self.settings.max_seconds) if patient else self.settings.max_seconds
        return Budget(self.clock, self.settings.max_calls, seconds)

    def _place(
        self, cursor: str | None, binding: Mapping[str, str], sources: Sequence[Source], notices: Notices
    ) -> tuple[Place, Mapping[str, Any] | None]:
        """Where the cursor says to go on, and what was so when the walk began; None of one that begins."""
        if cursor is None:
            return Place(), None
        content, differing = self.seal.unseal(cursor, binding)
        if differing:
            named = [_BOUND.get(name, name) for name in _BOUND if name in differing]
            raise CursorInvalid(
                f"next_cursor belongs to {' and '.join(named)}", hint="begin this listing without next_cursor"
            )
        if content["mapping"] != _version(sources):
            notices.warn(
                "mapping_changed",
                "the mapping was changed since this walk began; earlier rows were read by the old one",
            )
        return Place.from_json(content["at"]), content

    def _check_group(self, group: str) -> Flow[None]:
        """Raises VendorNotFound for a group that isn't there, where the vendor can be asked for one."""
        feed = self.opened.sources.get("groups", ())
        if feed and all(self.opened.loaded.definition.source(name)[1].get is not None for name in feed):
            yield from self._get("groups", group)


def _check_looked_up(sources: Sequence[Source], fields: Collection[str], lookups: Mapping[str, Any]) -> None:
    """Raises VendorUnavailable where a filter or sort rests on a look-up whose rows could not all be read."""
    for source in sources:
        for unified, looking in source.mapper.lookups.items():
            stuck = sorted(one for one in fields if one.lstrip("-").partition(".")[0] in looking)
            if stuck and unified not in lookups:
                raise VendorUnavailable(
                    f"{', '.join(stuck)} can't be evaluated: it looks into the {unified}, and not all of them could be read"
                )


def _version(sources: Sequence[Source]) -> str:
    """What tells the mapping of a listing from an earlier one."""
    return sources[0].version if len(sources) == 1 else digest(*(one.version for one in sources))
