"""What the vendor's cloud answers to its client's questions about events.

Its filters are those that the client sends; a word for a time (`last_7_days`) is refused, since what the cloud makes of
it is not known. Never imports the vendor's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connector.sandbox.events import KINDS, Event

__all__ = ["AUDITS", "audit", "rows_of"]

_Row = dict[str, Any]


def rows_of(events: Iterable[Event]) -> list[_Row]:
    """In the vendor's words, the oldest first."""
    return [
        {
            "created": event.at,
            "audit_event_type": event.kind,
            "username": event.username,
            "ip_address": event.agent.address,
            "keeper_version": event.agent.version,
            "geo_location": event.place,
            **event.facts,
        }
        for event in events
    ]


def audit(events: list[_Row], request: _Row) -> _Row:
    told = AUDITS[request["command"]](events, request)
    return {"command": request["command"], "result": "success", **told}


def _report(events: list[_Row], request: _Row) -> _Row:
    wanted = dict(request.get("filter", {}))
    period = wanted.pop("created", {})
    if isinstance(period, str):  # `today` and its like: what the vendor's cloud means by them is not known
        period = {}
    elif not isinstance(period, dict):
        period = {"min": period, "max": period}
    first, last = period.get("min", 0), period.get("max", 1 << 62)
    found = [
        row
        for row in events
        if first + bool(period.get("exclude_min")) <= row["created"] <= last - bool(period.get("exclude_max"))
        and all(row.get(name) in values for name, values in wanted.items())
    ]
    ordered = found if request.get("order") == "ascending" else found[::-1]
    return {"audit_event_overview_report_rows": ordered[: request["limit"]]}


def _dimensions(events: list[_Row], request: _Row) -> _Row:
    (column,) = request["columns"]
    if column == "audit_event_type":
        kinds: list[Any] = [
            {"id": kind.number, "name": name, "category": kind.category, "syslog": kind.sentence}
            for name, kind in KINDS.items()
        ]
        return {"dimensions": {column: kinds}}
    return {"dimensions": {column: sorted({row[column] for row in events if column in row})}}


AUDITS: dict[str, Callable[[list[_Row], _Row], _Row]] = {
    "get_audit_event_reports": _report,
    "get_audit_event_dimensions": _dimensions,
}
"""The commands that are answered."""
