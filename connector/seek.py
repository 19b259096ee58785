"""One record by its id: asked for, searched for, or sought in the listing, as the connector says.

"Not found" is said only where all that could have it was asked, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.ask import StillWorking, ask, still_working
from connector.call import Call
from connector.errors import VendorError, VendorFailure, VendorNotFound, VendorUnavailable
from connector.fetch import Listing, fetch_page
from connector.flow import Budget, Flow
from connector.mapping.path import MISSING, Notes, json_type, parse_path
from connector.notices import Notices
from connector.prepared import ask_prepared
from connector.query import Question
from connector.reading import Found, Reading, finish_row, located, map_record, read_records, tell
from connector.resource import Key
from connector.template import Unquotable
from connector.walk import Place

__all__ = ["fetch_one"]


def fetch_one(readings: Sequence[Reading], key: str, budget: Budget, notices: Notices) -> Flow[Found]:
    """The record of one id, from the first of several entries or sources that has it. Raises VendorNotFound.

    Where one of them can't be asked and no other has it, that is the error: it may be there.
    """
    failed: VendorFailure | None = None
    for reading in readings:
        try:
            return (yield from _find_one(reading, key, budget, notices))
        except VendorNotFound as error:
            failed = failed or error
        except VendorFailure as error:
            failed = error if failed is None or isinstance(failed, VendorNotFound) else failed
    assert failed is not None
    raise failed


def _find_one(reading: Reading, key: str, budget: Budget, notices: Notices) -> Flow[Found]:
    call = reading.call("get")
    if call.from_ == "list":
        return (yield from _from_list(reading, key, budget, notices))
    if call.call is None:
        record = yield from _ask_one(reading, call, key, budget)
        found = map_record(reading, record, call="get")
        if found.row["id"] != key:
            raise VendorError(
                f"{_name(reading)}: asked for {reading.source.mapping.unified} {key!r}, and the answer is about {found.row['id']!r}"
            )
    else:
        try:
            records = yield from _search(reading, reading.call(call.call), key, budget, notices)
        except Unquotable:
            if call.otherwise != "list":
                raise
            return (yield from _from_list(reading, key, budget, notices))
        matching = [
            (one, record)
            for record in records
            if (one := map_record(reading, record, call="get")).row["id"] == key
        ]
        if not matching:
            raise _not_among(reading, key)
        if len(matching) > 1:
            raise VendorError(
                f"{_name(reading)}: {len(matching)} {reading.source.mapping.unified} have the id {key!r}"
            )
        found, record = matching[0]
    if reading.more is not None and reading.more.is_asked(reading, found):
        whole = yield from reading.more.complete(reading, found, record, "get", budget, is_first=True)
        assert whole is not None
        found, record = whole.found, whole.record
    is_row = finish_row(reading, found, record)
    tell(found, notices)
    if not is_row:
        raise _not_among(reading, key)
    if reading.strict:
        notices.raise_in_strict()
    return found


def _ask_one(reading: Reading, call: Call, key: str, budget: Budget) -> Flow[Any]:
    body = yield from ask(reading.opened, reading.api, call, {**reading.values, "id": key}, budget)
    record = parse_path(call.record).one(body, Notes()) if body is not MISSING else MISSING
    if not isinstance(record, Mapping):
        shown = "nothing" if record is MISSING else json_type(record)
        raise VendorError(f"{_name(reading)}: expected one record at {call.record}, got {shown}")
    return record


def _search(reading: Reading, call: Call, key: str, budget: Budget, notices: Notices) -> Flow[list[Any]]:
    """The records of this key that the vendor's own search brings: it may find more than the one, or none."""
    values = {**reading.values, "id": key, "value": key}
    try:
        heard = yield from ask_prepared(
            reading, call, values, budget, notices.warn, before=call.before, progress=None
        )
    except StillWorking as working:
        raise working.reason or still_working(reading.opened) from None
    with located(reading, budget):
        found = read_records(call, None, heard.body)
    rule = reading.resource.key
    assert isinstance(rule, Key)  # required where there is `get`
    path = parse_path(rule.path)
    return [record for record in found if str(path.one(record, Notes())) == key]


def _from_list(reading: Reading, key: str, budget: Budget, notices: Notices) -> Flow[Found]:
    """The record of one id, out of the listing. Raises VendorNotFound only where all of it was seen."""
    only = Question(keep=(lambda row: row["id"] == key,), only=key)
    place: Place | None = Place()
    while place is not None:
        fetched = yield from fetch_page([Listing(reading, only)], 1, place, budget, notices)
        if fetched.found:
            return fetched.found[0]
        place = fetched.place
        if place is not None and (fetched.waits or budget.is_spent):
            if fetched.waits and fetched.waits.reason:
                raise fetched.waits.reason
            raise VendorUnavailable(
                f"{_name(reading)}: the listing could not be read far enough to find {key!r} in the time there is",
                hint="ask again later; CONNECTOR_MAX_SECONDS gives a question more time",
            )
    if fetched.completeness.verdict != "complete":
        raise VendorError(
            f"{_name(reading)}: {key!r} is not in the listing, which is {fetched.completeness.verdict} "
            f"({', '.join(fetched.completeness.reasons)}): it may be there all the same"
        )
    raise _not_among(reading, key)


def _not_among(reading: Reading, key: str) -> VendorNotFound:
    return VendorNotFound(f"{_name(reading)}: {key!r} is not among the {reading.source.mapping.unified}")


def _name(reading: Reading) -> str:
    return reading.opened.loaded.name
