"""Recorded calls, made over HTTP: against the server when they are recorded, else against cassettes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import vcr  # type: ignore[import-untyped]

from connector import Directory
from connector.errors import ConnectorError
from connector.pages import Written
from tests.contract.cases import MAPPINGS, CallSet

__all__ = ["Said", "faults_of", "make", "recorder"]

_MADE_UP = "made-up-secret"
_KEPT_HEADERS = frozenset({"content-type", "retry-after", "www-authenticate"})


@dataclass
class Said:
    """What a call brought."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    completeness: Any = None
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    message: str = ""
    says: dict[str, str] | None = None
    states: dict[str, str] | None = None
    outcome: list[Any] | None = None
    """Of a write: what it came to, and whether it is verified."""


def recorder(calls: CallSet, mode: str) -> Any:
    """A recorder that writes no credentials and no header that says nothing about the answer.

    It replays like requests in the order in which they were recorded: polls for one result are such. What the set
    says `may_differ` doesn't make them unlike.
    """

    def scrub(answer: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in answer["headers"].items() if name.lower() in _KEPT_HEADERS}
        return {**answer, "headers": kept}

    may_differ = calls.may_differ

    def has_like_body(asked: Any, recorded: Any) -> None:
        ours, theirs = (one.body or b"" for one in (asked, recorded))
        if may_differ is not None:
            ours, theirs = (re.sub(may_differ.encode(), b"", body) for body in (ours, theirs))
        assert ours == theirs

    found = vcr.VCR(
        record_mode=mode,
        match_on=("method", "scheme", "host", "port", "path", "query", has_like_body.__name__),
        filter_headers=["authorization", "api-key", "x-api-token", "cookie", "user-agent"],
        filter_query_parameters=["hash"],
        before_record_response=scrub,
        decode_compressed_response=True,
    )
    found.register_matcher(has_like_body.__name__, has_like_body)
    return found


def make(calls: CallSet, call: Mapping[str, Any], secret: str | None = None) -> Said:
    """Asks what the call says, in a directory of its own. Without a secret it is a replay: with a made-up one, and
    nobody waits."""
    account = calls.account
    given = _MADE_UP if secret is None or "with_wrong_secrets" in call else secret
    with Directory.connect(
        calls.connector,
        {**account.get("settings", {}), **call.get("settings", {})},
        dict.fromkeys(calls.secret_names(), given),
        base_urls=account.get("base_urls"),
        allow_networks=account.get("allow_networks", ()),
        mappings=[MAPPINGS],
    ) as directory:
        if secret is None:
            directory._sleep = _nobody_waits
        try:
            return _ask(directory, call)
        except ConnectorError as error:
            return Said(error=error.code, message=str(error))


def _nobody_waits(seconds: float) -> None:
    """A recorded vendor has answered already."""


def _ask(directory: Directory, call: Mapping[str, Any]) -> Said:
    if "check" in call:
        return Said(says=directory.check())
    if "examine" in call:
        found = directory.examine()
        tried = [one for api in found.apis for one in api.tried]
        return Said(
            says={api.api: api.verdict for api in found.apis},
            states={one.name: one.state for one in tried},
            message="\n".join(f"{one.message}\n{one.hint}\n{one.needs}" for one in tried if one.message),
        )
    asked = dict(call.get("with", {}))
    if "get" in call:
        item = directory.get(call["get"], call["key"], **asked)
        return Said(rows=[item.row], warnings=[warned.code for warned in item.warnings])
    if "create" in call:
        return _written(directory.create(call["create"], call["fields"]))
    if "update" in call:
        return _written(directory.update(call["update"], call["key"], call["fields"]))
    if "delete" in call:
        return _written(directory.delete(call["delete"], call["key"]))
    said = Said()
    cursor = None
    while True:
        page = directory.list(call["list"], cursor=cursor, **asked)
        said.rows += page.rows
        said.sizes.append(len(page.rows))
        said.completeness = page.completeness
        said.warnings += [warned.code for warned in page.warnings]
        cursor = page.next_cursor
        if cursor is None or call.get("pages") != "all":
            return said


def _written(written: Written[Any]) -> Said:
    """What a write brought, in what was read of it and what it came to."""
    rows = [written.row] if written.row else []
    known = written.outcome
    return Said(rows, warnings=[one.code for one in written.warnings], outcome=[known.is_, known.verified])


def faults_of(said: Said, expect: Mapping[str, Any], calls: int) -> list[str]:
    """Each expectation that does not hold; a word that says nothing is one."""
    known = said.completeness
    words = expect.get("words", "")
    found: dict[str, Any] = {
        "error": said.error,
        "words": words if words in said.message else "others",
        "says": said.says,
        "states": said.states,
        "outcome": said.outcome,
        "count": len(said.rows),
        "sizes": said.sizes,
        "calls": calls,
        "verdict": known and known.verdict,
        "declared": known and known.declared,
        "scope": known and known.scope,
        "warnings": said.warnings,
        "row": {name: said.rows[0][name] for name in expect.get("row", {})} if said.rows else None,
        "first": {
            name: [row[name] for row in said.rows[: len(values)]]
            for name, values in expect.get("first", {}).items()
        },
        "each": expect.get("each")
        if said.rows and all(row[k] == v for row in said.rows for k, v in expect.get("each", {}).items())
        else "some row differs, or there is none",
    }
    wanted = {"error": None, "warnings": [], **expect}
    faults = [
        f"{word}: {found[word]!r} instead of {wanted[word]!r}"
        for word in wanted
        if found[word] != wanted[word]
    ]
    return [f"{fault} ({said.message})" if said.message else fault for fault in faults]
