"""Commander's `audit-report`: events as rows, counted by time, or the values that a field of theirs has.

A double of Keeper's Commander 18.1.8, recorded and read in its source: the fields of a raw row and what is left out of
it, the sentence in place of the fields unless `--report-format fields` asks for them, names of teams, roles and nodes
after their ids, 50 rows without a limit, 1,000 events to a question of the cloud, and that a report of more asks for
what follows the last second again, so that events of that second come twice.

Made up: what the cloud means by `last_7_days` and its like (UTC, from midnight on), and the order without one (the
newest first). Left out: other formats than JSON, and options that `commander_line` does not know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.sandbox.commander_line import AuditOptions
from connector.sandbox.commander_telling import CommandFailed
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.events import KINDS, Event
from connector.sandbox.shapes import Json

__all__ = ["audit_rows"]

_AT_ONCE = 1_000
_ROWS_UNASKED = 50
_FACTS = (
    "to_username",
    "from_username",
    "node",
    "role_id",
    "team_uid",
    "channel",
    "status",
    "recipient",
    "value",
)
_BETWEEN = re.compile(r"\s*between\s+(\S*)\s+and\s+(.*)", re.IGNORECASE)
_AMONG = re.compile(r"\s*in\s*\(\s*(.*)\s*\)", re.IGNORECASE)
_EMAIL = re.compile(r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$")
_TOKEN = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _Period:
    """Seconds since 1970, both included."""

    first: float = float("-inf")
    last: float = float("inf")

    def holds(self, event: Event) -> bool:
        return self.first <= event.at <= self.last


def audit_rows(enterprise: Enterprise, options: AuditOptions) -> list[Json] | None:
    """The rows, or None where there is nothing to report on. Raises CommandFailed."""
    if options.report_type == "dim":
        return _values(enterprise, options.columns)
    chosen = _chosen(enterprise, options)
    if options.report_type != "raw":
        return _counted(chosen, options)
    is_with_facts = options.report_format == "fields"
    return [_row(enterprise, event, is_with_facts=is_with_facts) for event in _asked_for(chosen, options)]


def _chosen(enterprise: Enterprise, options: AuditOptions) -> list[Event]:
    """What passes the filters, in the order that is asked for."""
    period = _period(options.created, enterprise.events.now()) if options.created else _Period()
    kinds = _words(options.event_type)
    numbers = {str(kind.number): name for name, kind in KINDS.items()}
    wanted = {numbers.get(kind, kind) for kind in kinds}
    usernames, targets = _words(options.username), _words(options.to_username)
    found = [
        event
        for event in enterprise.events.all
        if period.holds(event)
        and (not wanted or event.kind in wanted)
        and (not usernames or event.username in usernames)
        and (not targets or event.facts.get("to_username") in targets)
    ]
    return found if options.order == "asc" else found[::-1]


def _asked_for(events: Sequence[Event], options: AuditOptions) -> list[Event]:
    """As many as the limit says, asked of the cloud by thousands: each of them begins where the last one ended."""
    limit = options.limit or _ROWS_UNASKED
    if 0 < limit <= _AT_ONCE:
        return [*events[:limit]]
    found: list[Event] = []
    place = 0
    while True:
        size = _AT_ONCE if limit < 0 else min(_AT_ONCE, limit - len(found))
        batch = events[place : place + size]
        found += batch
        is_last = len(batch) < _AT_ONCE or (0 < limit <= len(found))
        if is_last or batch[0].at == batch[-1].at:  # the vendor would go on for ever within one second
            return found
        place += next(at for at, event in enumerate(batch) if event.at == batch[-1].at)


def _row(enterprise: Enterprise, event: Event, *, is_with_facts: bool) -> Json:
    row: Json = {
        "created": _moment(event.at).isoformat(),
        "audit_event_type": event.kind,
        "username": event.username,
        "ip_address": event.agent.address,
        "keeper_version": event.agent.version,
        "geo_location": event.place,
    }
    if not is_with_facts:
        fields = {**row, **event.facts}
        return row | {"message": _TOKEN.sub(lambda token: str(fields[token[1]]), KINDS[event.kind].sentence)}
    for name in _FACTS:
        if name in event.facts:
            row |= {name: event.facts[name], **_title(enterprise, name, event.facts[name])}
    return row


def _title(enterprise: Enterprise, name: str, key: str) -> dict[str, str]:
    if name == "team_uid":
        team = enterprise.team(key)
        return {} if team is None or team.queued else {"team_title": team.name}
    if name == "role_id":
        role = next((role for role in enterprise.roles if role.id == key), None)
        return {} if role is None else {"role_title": role.name}
    if name == "node":
        node = next((node for node in enterprise.nodes if node.id == key), None)
        return {} if node is None else {"node_title": node.name}
    return {}


def _counted(events: Iterable[Event], options: AuditOptions) -> list[Json]:
    columns = tuple(options.columns or ())
    counts = Counter(
        (_bucket(event, options.report_type), tuple(_value(event, column) for column in columns))
        for event in events
    )
    rows = []
    for (created, values), count in counts.items():
        row: Json = {"occurrences": count, "created": created, **dict(zip(columns, values, strict=True))}
        rows.append({key: value for key, value in row.items() if value != ""})
    return rows if options.limit is not None and options.limit < 0 else rows[: options.limit or _ROWS_UNASKED]


def _bucket(event: Event, report_type: str) -> str:
    at = _moment(event.at)
    match report_type:
        case "hour":
            return at.strftime("%Y-%m-%d @%H:00")
        case "day":
            return at.date().isoformat()
        case "week":
            return (at.date() - timedelta(days=at.weekday())).isoformat()
        case "month":
            return at.strftime("%B, %Y")
        case _:  # a span is counted as a whole
            return ""


def _values(enterprise: Enterprise, columns: Sequence[str] | None) -> list[Json] | None:
    """Of the first column that has any."""
    if not columns:
        raise CommandFailed("audit-report: 'columns' parameter is missing")
    for column in columns:
        if column == "audit_event_type":
            return [
                {"id": kind.number, "name": name, "category": kind.category, "syslog": kind.sentence}
                for name, kind in KINDS.items()
            ]
        values = {value for event in enterprise.events.all if (value := _value(event, column))}
        if column.endswith("username"):  # of these the vendor shows what it takes for an address
            values = {value for value in values if _EMAIL.match(value)}
        if found := sorted(values):
            return [{column: value} for value in found]
    return None


def _value(event: Event, column: str) -> str:
    match column:
        case "audit_event_type":
            return event.kind
        case "username":
            return event.username
        case "ip_address":
            return event.agent.address
        case "keeper_version":
            return event.agent.version
        case "geo_location":
            return event.place
        case _:
            return event.facts.get(column, "")


def _words(given: Iterable[str] | None) -> set[str]:
    """Each word, or those of a list: `in (a, b)`."""
    return {word for text in given or () for word in _each(text.strip())}


def _each(text: str) -> Iterator[str]:
    among = _AMONG.match(text)
    if among is None:
        yield text.removeprefix("=").strip()
    else:
        yield from (word.strip() for word in among[1].split(","))


def _period(wanted: str, now: datetime) -> _Period:
    """Raises CommandFailed for what is no time."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    end = now.timestamp()
    named = {
        "today": (today, end),
        "yesterday": (today - timedelta(days=1), today.timestamp() - 1),
        "last_7_days": (today - timedelta(days=7), end),
        "last_30_days": (today - timedelta(days=30), end),
        "month_to_date": (month, end),
        "last_month": ((month - timedelta(days=1)).replace(day=1), month.timestamp() - 1),
        "year_to_date": (year, end),
        "last_year": (year.replace(year=year.year - 1), year.timestamp() - 1),
    }
    if wanted in named:
        first, last = named[wanted]
        return _Period(first.timestamp(), last)
    text = wanted.strip()
    if (between := _BETWEEN.match(text)) is not None:
        return _Period(_seconds(between[1]), _seconds(between[2]))
    for sign in (">=", "<=", ">", "<", "="):
        if text.startswith(sign):
            at = _seconds(text.removeprefix(sign).strip())
            return {
                ">=": _Period(first=at),
                "<=": _Period(last=at),
                ">": _Period(first=at + 1),
                "<": _Period(last=at - 1),
                "=": _Period(at, at),
            }[sign]
    at = _seconds(text)
    return _Period(at, at)


def _seconds(text: str) -> int:
    if text.isdecimal():
        return int(text)
    form = "%Y-%m-%d" if len(text) <= len("2026-01-31") else "%Y-%m-%dT%H:%M:%SZ"
    try:
        return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise CommandFailed(str(error)) from error


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
