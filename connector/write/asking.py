"""Which write is asked for, and where: the resource, its source, and of several entries of an api the right one.

An entry is never guessed: it is said, or it is the one that has what is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.asked import read_resource, require_text
from connector.change import Change
from connector.details import asking_more
from connector.errors import InvalidRequest, VendorNotFound
from connector.flow import Budget, Flow
from connector.mapping.lookup import Unread
from connector.membership import Tables, entries_of, membership_of
from connector.notices import Notices
from connector.reading import Reading
from connector.seek import fetch_one
from connector.write.intent import Intent, add_member, create, delete, remove_member, update

__all__ = ["check", "find_entry", "intent_of", "unread"]

_SAY: Final = "entry=… in Python, --entry on the command line"
_VERBS: Final = ("create", "update", "delete")


def find_entry(
    tables: Tables, unified: str, group: str | None, given: Sequence[Any], budget: Budget
) -> Flow[str | None]:
    """Of several entries, the one that has what is changed (for members, their group); None of one alone.

    Raises VendorNotFound, InvalidRequest where several have it, or why one of them could not be asked.
    """
    what, key = (unified, require_text("id", given[0])) if group is None else ("groups", group)
    entries = entries_of(tables.opened, tables.opened.feed(what)[0])
    if len(entries) == 1:
        return None
    missing: VendorNotFound | None = None
    found: list[str] = []
    for api in entries:
        try:
            reading = _reading(tables, what, {}, api.name)
            yield from fetch_one([reading], require_text("id", key), budget, Notices())
        except VendorNotFound as error:
            missing = error
        else:
            found.append(api.name)
    if len(found) > 1:
        raise InvalidRequest(
            f"nothing was sent: {what} {key} stands in several places; say in which: {', '.join(found)}",
            hint=_SAY,
        )
    if found:
        return found[0]
    assert missing is not None
    raise missing


def check(tables: Tables, verb: str, resource: str, given: Sequence[Any], entry: str | None) -> Change:
    """The call that would be sent, to whichever entry. Raises InvalidRequest, NotFound for what no entry would take.

    Nothing is asked for it, so that what is looked up in other rows isn't checked.
    """
    if entry is None:
        unified, group = read_resource(require_text("resource", resource))
        source = tables.opened.feed(unified if group is None else "groups")[0]
        entry = entries_of(tables.opened, source)[0].name
    return intent_of(tables, verb, resource, given, unread(tables, resource), entry).call


def unread(tables: Tables, resource: str) -> dict[str, Any]:
    """What stands for the rows that a write's look-ups would need, where nothing may be asked."""
    unified, group = read_resource(require_text("resource", resource))
    sources = () if group is not None else tables.opened.feed(unified)
    return {name: Unread(name) for source in sources for name in source.mapper.lookups}


def intent_of(
    tables: Tables,
    verb: str,
    resource: str,
    given: Sequence[Any],
    lookups: Mapping[str, Any],
    entry: str | None,
) -> Intent:
    """The write that a verb, a resource and what is given ask for. Raises InvalidRequest, NotFound."""
    if verb not in _VERBS:
        raise InvalidRequest(f"unknown verb {verb!r}; there are: {', '.join(_VERBS)}")
    unified, group = read_resource(require_text("resource", resource))
    if group is not None and verb == "update":
        raise InvalidRequest("a membership is made and removed (create, delete), and has nothing to update")
    if group is not None:
        groups, users = (
            _reading(tables, "groups", {}, entry),
            _reading(tables, "users", {}, entry, with_groups=True),
        )
        if verb == "create":
            return add_member(groups, users, require_text("group", group), *given)
        return remove_member(groups, users, require_text("group", group), require_text("id", *given))
    reading = _reading(tables, unified, lookups, entry)
    if verb == "create":
        return create(reading, *given)
    key, *fields = given
    if verb == "update":
        return update(reading, require_text("id", key), *fields)
    return delete(reading, require_text("id", key), *fields)


def _reading(
    tables: Tables, unified: str, lookups: Mapping[str, Any], entry: str | None, *, with_groups: bool = False
) -> Reading:
    """How what is written is read back: without what stands elsewhere, unless a user's groups are what is asked."""
    source = tables.opened.feed(unified)[0]
    apis = {api.name: api for api in entries_of(tables.opened, source)}
    if entry is not None and entry not in apis:
        raise InvalidRequest(
            f"entry: {entry!r} is none of this account's {unified}; there are: {', '.join(apis)}"
        )
    if entry is None and len(apis) > 1:
        raise InvalidRequest(
            f"nothing was sent: this account has {unified} in several places; say in which: {', '.join(apis)}",
            hint=_SAY,
        )
    api = next(iter(apis.values())) if entry is None else apis[entry]
    is_elsewhere = unified == "users" and membership_of(tables.opened, source) in ("on_group", "per_group")
    drop = frozenset({"groups"}) if is_elsewhere else frozenset[str]()
    reading = Reading(tables.opened, api, source, tables.captures, drop=drop, lookups=lookups)
    return asking_more(reading, unwanted={"members"}, with_groups=with_groups)
