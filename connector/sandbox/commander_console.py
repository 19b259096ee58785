"""What a command line gives in Commander Service Mode: an HTTP status and a body.

A double of Keeper's Commander 18.1.8. Recorded from it, or read in its source, and so copied: the envelope of
a report and of what a command logs; that the status follows from English words in the log; that a line counts
as JSON by its text, so that `--format 'json'` gives the lines of a report as a message; a command that is not
known in the form in which it was sent prints help; an error of argparse whose words mean nothing is success; so a
change of somebody whose address has a word of failure in it is told as one.

Made up: that Commander's user is the first of the people and works in the US data centre; reports in any
other format than JSON, and the tree without a kind of report, are refused as argparse would refuse the format
(the vendor prints a table); the text of help. Left out: words for throttling.

Reports are kept until something changes, since thousands of rows take long to build and to encode.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.commander_audit import audit_rows
from connector.sandbox.commander_line import (
    COMMANDS,
    ApprovalOptions,
    ArgumentsRefused,
    AuditOptions,
    HelpAsked,
    InfoOptions,
    Options,
    TeamOptions,
    UserOptions,
    ban_on,
    parse,
    split,
)
from connector.sandbox.commander_reports import KINDS, Asked, Report, report_of, subtree, to_json
from connector.sandbox.commander_teams import approve, change_teams
from connector.sandbox.commander_telling import CommandFailed, Told
from connector.sandbox.commander_users import FORCE_WANTED, change_users, wants_consent
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.shapes import Json
from connector.sandbox.tenant import DOMAIN, Node

__all__ = ["Console", "Outcome", "error_outcome", "written"]

_REPORTS_KEPT = 8
_UNREADABLE = "\r\n\0"
_HELP = "Commands: " + ", ".join(sorted(COMMANDS))
_OF_COLUMNS = tuple(f"{kind}(" for word in ("role", "team", "user", "node") for kind in (f"{word}s", word))

_SUCCESS_WORDS = ("created", "added", "removed", "updated", "deleted", "successfully", "completed", "done")
_NOT_FOUND_WORDS = (
    *("not found", "could not be resolved", "does not exist", "not a member of", "cannot be found"),
    "cannot find",
)
_CONFLICT_WORDS = ("already a member", "already exists", "already in", "already accepted", "duplicate")
_WRONG_WORDS = (
    *("invalid", "not valid", "not allowed", "not unique", "unrecognized", "reserved", "character", "empty"),
    *("cannot be", "cannot assign", "cannot move", "cannot get", "not integer", "expects"),
)
_FORBIDDEN_WORDS = (
    *("not an msp administrator", "permission denied", "access denied", "unauthorized access", "forbidden"),
    *("must be a root admin", "admin privileges required", "admin account required"),
    *("insufficient privileges", "not authorized", "is restricted to", "command is restricted"),
)
_VERDICTS = (
    (403, "error", _FORBIDDEN_WORDS),
    (500, "error", _NOT_FOUND_WORDS),
    (409, "warning", _CONFLICT_WORDS),
    (400, "error", _WRONG_WORDS),
    (500, "error", ("error", "failed", "failure")),
    (400, "warning", ("warning:", "skipping")),
)
"""(HTTP status, the body's status, words any of which in a log decide so), the first that holds before others."""
_FAILURES = ((400, "error"), (500, "error"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer's status, and its body's fields; one that is bytes is JSON already."""

    status: int
    fields: Mapping[str, Any]


def error_outcome(status: int, error: str) -> Outcome:
    return Outcome(status, {"status": "error", "error": error})


def written(fields: Mapping[str, Any]) -> bytes:
    """The JSON object of these fields; what is JSON already is copied once and never encoded again."""
    parts = (
        to_json(key) + b":" + (value if isinstance(value, bytes) else to_json(value))
        for key, value in sorted(fields.items())
    )
    return b"{" + b",".join(parts) + b"}"


class Console:
    """Runs command lines over a customer, who may change at any time."""

    def __init__(self, enterprise: Enterprise) -> None:
        self._enterprise = enterprise
        self._reports: dict[Asked, Report] = {}
        self._version_reported = enterprise.version

    def run(self, line: str) -> Outcome:
        try:
            ban = ban_on(line)
        except ValueError:
            return error_outcome(400, "Invalid command syntax")
        if ban is not None:
            return error_outcome(403, f"Not permitted through Service Mode: {ban}")
        if any(sign in line for sign in _UNREADABLE):
            return _logged(line, "Invalid command: it holds control characters")
        try:
            command, words = split(line)
        except ValueError as error:
            return error_outcome(500, f"Unexpected error: {error}")
        if command not in COMMANDS:
            return _printed(line, _HELP)
        try:
            options = parse(command, words)
        except ArgumentsRefused as refusal:
            return _logged(line, str(refusal))
        except HelpAsked:
            return _printed(line, _HELP)
        return self._answer(line, command, options)

    def _answer(self, line: str, command: str, options: Options) -> Outcome:
        match options:
            case InfoOptions():
                return self._info(line, options)
            case UserOptions() if wants_consent(self._enterprise, options):
                return error_outcome(400, FORCE_WANTED)
            case UserOptions():
                return _told(line, lambda: change_users(self._enterprise, options))
            case TeamOptions():
                return _told(line, lambda: change_teams(self._enterprise, options))
            case ApprovalOptions():
                return _told(line, lambda: approve(self._enterprise, options))
            case AuditOptions():
                return self._audit(line, options)
            case _ if command == "whoami":
                return Outcome(200, {"status": "success", "command": command, "data": self._login()})
        return _logged(line, "")

    def _login(self) -> Json:
        user = next((person.email for person in self._enterprise.people), f"admin@{DOMAIN}")
        return {"user": user, "server": "keepersecurity.com", "data_center": "US", "logged_in": True}

    def _info(self, line: str, options: InfoOptions) -> Outcome:
        wanted_node = (options.node or "").lower()
        top = self._node(wanted_node) if wanted_node else self._enterprise.nodes[0]
        if top is None:
            greeting = "" if options.quiet else f"Enterprise name: {self._enterprise.nodes[0].name}\n"
            return _logged(line, f'{greeting}Node "{wanted_node}" not found')
        kind = next((kind for kind in KINDS if getattr(options, kind)), None)
        if kind is None or options.format != "json":
            return _printed(line, _not_in(options.format))
        columns = _columns_in(options.columns) if options.columns else frozenset[str]()
        asked = Asked(kind, columns, options.verbose, subtree(self._enterprise.nodes, top))
        report = self._report(asked).matching(options.pattern or "")
        if not _asks_for_json(line):
            return _logged(line, report.indented)
        return Outcome(200, {"status": "success", "command": _before_format(line), "data": report.encoded})

    def _audit(self, line: str, options: AuditOptions) -> Outcome:
        try:
            rows = audit_rows(self._enterprise, options)
        except CommandFailed as failure:
            return error_outcome(500, f"Unexpected error: {failure}")
        if rows is None:
            return _logged(line, "")
        if options.format != "json":
            return _printed(line, _not_in(options.format))
        if not _asks_for_json(line):
            return _logged(line, json.dumps(rows, indent=2))
        return Outcome(200, {"status": "success", "command": _before_format(line), "data": rows})

    def _node(self, wanted: str) -> Node | None:
        """The node of this id or lower-case name."""
        return next((node for node in self._enterprise.nodes if wanted in (node.id, node.name.lower())), None)

    def _report(self, asked: Asked) -> Report:
        if self._version_reported != self._enterprise.version:
            self._reports.clear()
            self._version_reported = self._enterprise.version
        if asked not in self._reports:
            if len(self._reports) == _REPORTS_KEPT:
                del self._reports[next(iter(self._reports))]
            self._reports[asked] = report_of(self._enterprise, asked)
        return self._reports[asked]


def _columns_in(text: str) -> frozenset[str]:
    """`a,b` or `users(a,b)`."""
    opening = next((word for word in _OF_COLUMNS if text.startswith(word)), "")
    inner = text.removeprefix(opening)
    return frozenset(name.strip() for name in (inner.removesuffix(")") if opening else inner).split(","))


def _not_in(form: str) -> str:
    return f"argument --format: invalid choice: {form!r} (choose from 'json')"


def _asks_for_json(line: str) -> bool:
    return "--format=json" in line or "--format json" in line


def _before_format(line: str) -> str:
    """What the vendor calls the command of a JSON answer."""
    for option in (" --format=json", " --format json"):
        if option in line:
            return line.partition(option)[0]
    return _first_word(line)


def _first_word(line: str) -> str:
    return line.split(maxsplit=1)[0]


def _told(line: str, run: Callable[[], Told]) -> Outcome:
    """Of a command that writes: what it prints counts, and what it logs if it prints nothing."""
    try:
        told = run()
    except CommandFailed as failure:
        return error_outcome(500, f"Unexpected error: {failure}")
    return _printed(line, "\n".join(told.printed)) if told.printed else _logged(line, "\n".join(told.log))


def _printed(line: str, text: str) -> Outcome:
    """Of a command that printed this, and no JSON."""
    if not _asks_for_json(line):
        return _logged(line, text)
    fields = {"status": "error", "command": _before_format(line), "data": None}
    return Outcome(400, {**fields, "error": "Invalid JSON response"})


def _logged(line: str, text: str) -> Outcome:
    """Of a command that logged this: its English decides."""
    lines = [stripped for one in text.split("\n") if (stripped := one.strip())]
    log = "\n".join(lines)
    lowered = log.lower()
    hits = [(code, state) for code, state, words in _VERDICTS if any(word in lowered for word in words)]
    has_success = any(word in lowered for word in _SUCCESS_WORDS)
    if has_success and any(hit in _FAILURES for hit in hits):
        code, state = 207, "partial_success"
    else:
        code, state = hits[0] if hits else (200, "success")
    fields: Json = {"status": state, "command": _first_word(line)}
    if state == "error":
        return Outcome(code, {**fields, "error": log})
    has_list = len(lines) > 1 and code in {200, 400}
    message = (lines if has_list else log) or "Command executed successfully but produced no output"
    return Outcome(code, {**fields, "message": message, "data": None})
