"""What a record is asked for besides, with calls of its own: its detail, and the groups of a user at his endpoint.

A record is served with all of it or not yet: where the calls of a question end, its page ends, and the cursor goes
on with the next record. What the vendor refuses is null with a warning, or an error that names the record; nothing
is read of what isn't there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.ask import ask
from connector.errors import (
    ConnectorError,
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    RateLimited,
    VendorError,
    VendorFailure,
    VendorNotFound,
    VendorUnavailable,
)
from connector.flow import Budget, Flow
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.native import is_native
from connector.reading import Completed, Found, Reading, map_record
from connector.resource import Details, Key
from connector.whole import read_linked

__all__ = ["More", "asking_more"]


def asking_more(reading: Reading, *, unwanted: Collection[str], with_groups: bool) -> Reading:
    """The reading, with what its records are asked for besides, and without what is not asked for.

    `unwanted` are fields (and `members`) that nobody wants: a detail that only they read is not asked for.
    """
    source = reading.source
    details = None if is_native(source) else reading.resource.details
    drop = reading.drop
    if details is not None and details.into is not None:
        of_detail = frozenset(
            name for name, paths in source.mapper.reads.items() if details.is_read_by(paths)
        )
        if of_detail <= frozenset(unwanted):
            source = replace(source, mapper=source.mapper.without(of_detail))
            drop, details = drop | (of_detail & {"groups"}), None
    linked: Reading | None = None
    if source.mapping.memberships is not None:
        if not with_groups:
            drop |= {"groups"}
        elif source.linked is not None:
            linked = Reading(reading.opened, reading.api, source.linked, reading.captures)
    more = None if details is None and linked is None else More(details, linked)
    return replace(reading, source=source, drop=drop, more=more)


@dataclass(frozen=True)
class More:
    """What each record of a source is asked for besides."""

    details: Details | None
    linked: Reading | None
    """How the groups of a user are read at his endpoint."""

    @property
    def cost(self) -> int:
        return (self.details is not None) + (self.linked is not None)

    def is_asked(self, reading: Reading, found: Found) -> bool:
        where = reading.source.mapper.reads.get("where")
        details = self.details
        is_decided_by_detail = details is not None and where is not None and details.is_read_by(where)
        return found.key is not None and (found.is_kept or is_decided_by_detail)

    def complete(
        self, reading: Reading, found: Found, record: Any, call: str, budget: Budget, *, is_first: bool
    ) -> Flow[Completed | None]:
        done = Completed(found, record)
        details = self.details
        if details is not None and not (call == "get" and details.call == "get"):
            done = yield from _with_detail(reading, details, done, call, budget)
        if self.linked is None or not done.found.is_kept:
            return done
        if budget.is_spent and not is_first:
            return None
        is_filled = yield from _fill_groups(reading, self.linked, done.found, budget, is_first=is_first)
        return done if is_filled else None


def _with_detail(
    reading: Reading, details: Details, listed: Completed, call: str, budget: Budget
) -> Flow[Completed]:
    """The record with its detail. Raises what the vendor's answer means, of this record."""
    record, key = listed.record, listed.found.key
    own = record if details.into is None else {n: v for n, v in record.items() if n != details.into}
    try:
        detail = yield from _ask_detail(reading, details, own, budget)
    except (VendorNotFound, Forbidden, InvalidRequest) as error:  # the last: its id can't be sent
        if details.if_not_found != "keep":
            raise _of_record(reading, key, error) from None
        return Completed(_without_detail(reading, details, own, call, error.code), own)
    except ConnectorError as error:
        raise _of_record(reading, key, error) from None
    whole = detail if details.into is None else {**own, details.into: detail}
    found = map_record(reading, whole, call)
    if found.is_kept and found.row["id"] != listed.found.row["id"]:
        raise VendorError(
            f"{reading.opened.loaded.name}: asked for the detail of {reading.source.mapping.unified} {key!r}, and the "
            f"answer is about {found.row['id']!r}"
        )
    return Completed(found, whole)


def _ask_detail(reading: Reading, details: Details, record: Any, budget: Budget) -> Flow[Any]:
    asked = reading.call(details.call)
    key = details.id or reading.resource.key
    assert isinstance(key, Key)  # checked when the connector is loaded
    values = {**reading.values, "id": _id_of(reading, key, record)}
    body = yield from ask(reading.opened, reading.api, asked, values, budget)
    detail = parse_path(asked.record).one(body, Notes()) if body is not MISSING else MISSING
    if not isinstance(detail, Mapping):
        shown = "nothing" if detail is MISSING else json_type(detail)
        raise VendorError(f"{reading.opened.loaded.name}: expected a detail at {asked.record}, got {shown}")
    return detail


def _id_of(reading: Reading, key: Key, record: Any) -> str:
    """What the record is asked for by. Raises InvalidRequest where it says nothing of the kind."""
    found = parse_path(key.path).one(record, Notes())
    if key.as_ == "string" and type(found) is int:
        return str(found)
    if not isinstance(found, str) or not found:
        shown = "nothing" if found is MISSING or found == "" else json_type(found)
        raise InvalidRequest(
            f"{reading.opened.loaded.name}: expected at {key.path} what the detail of a record is asked for by, "
            f"got {shown}"
        )
    return found


def _without_detail(reading: Reading, details: Details, record: Any, call: str, code: str) -> Found:
    """The record where its detail isn't there: what would be read of it is not known."""
    mapper = reading.source.mapper
    unknown = {name for name, paths in mapper.reads.items() if details.is_read_by(paths)} - reading.drop
    lacking = replace(reading, source=replace(reading.source, mapper=mapper.without(unknown)))
    found = map_record(lacking, record, call)
    found.notes.add(
        "detail_missing",
        f"$.{details.into}",
        f"its detail can't be read ({code}): {', '.join(sorted(unknown))} not known",
        breaks=any(mapper.is_membership(name) for name in unknown),
    )
    return found


def _of_record(reading: Reading, key: str | None, error: ConnectorError) -> ConnectorError:
    """The error, saying which record it is about; what can't be sent of it is the vendor's fault, not the asker's."""
    message = f"{error.message} (the detail of {reading.source.mapping.unified} {key!r})"
    if isinstance(error, InvalidRequest):
        return VendorError(message)
    error.message, error.args = message, (message,)
    return error


def _fill_groups(
    reading: Reading, linked: Reading, found: Found, budget: Budget, *, is_first: bool
) -> Flow[bool]:
    """Fills in the groups of a user, or that they are not known; False where another question has to."""
    memberships = reading.source.mapping.memberships
    assert memberships is not None
    assert found.key is not None
    try:
        whole = yield from read_linked(linked, memberships.call, found.key, budget)
    except (NeedsReauth, RateLimited):
        raise
    except (VendorFailure, InvalidRequest) as error:
        if isinstance(error, VendorUnavailable) and not is_first:
            if budget.is_spent:
                return False
            raise
        found.row["groups"] = None
        found.notes.add(
            "membership_unreadable", "$", f"groups: they could not be read ({error.code})", breaks=True
        )
    else:
        found.row["groups"] = list({row["id"]: row for row in whole.rows}.values())
        for one in whole.notices.wrong:
            found.notes.add(one.code, one.path or "$", f"groups: {one.message}")
    return True
