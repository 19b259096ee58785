"""The calls of calls.yaml, made over HTTP: against the server when they are recorded, else against cassettes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vcr  # type: ignore[import-untyped]

from connector import Directory
from connector.errors import ConnectorError
from tests.contract.cases import FIXTURES, MAPPINGS, calls_of, filled, loaded

__all__ = ["Said", "cassette_path", "faults_of", "make", "recorder"]

_MADE_UP = "made-up-secret"
_KEPT_HEADERS = frozenset({"content-type", "retry-after", "www-authenticate"})


@dataclass
class Said:
    """What a call brought."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    completeness: Any = None
    error: str | None = None
    message: str = ""
    says: dict[str, str] | None = None


def cassette_path(connector: str, call: str) -> Path:
    return FIXTURES / connector / "cassettes" / f"{call}.yaml"


def recorder(mode: str) -> Any:
    """A recorder that writes no credentials and no header that says nothing about the answer."""

    def scrub(answer: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in answer["headers"].items() if name.lower() in _KEPT_HEADERS}
        return {**answer, "headers": kept}

    return vcr.VCR(
        record_mode=mode,
        match_on=("method", "scheme", "host", "port", "path", "query", "body"),
        filter_headers=["authorization", "cookie", "user-agent"],
        before_record_response=scrub,
        decode_compressed_response=True,
    )


def make(connector: str, call: Mapping[str, Any], secrets: Mapping[str, str] | None = None) -> Said:
    """Asks what the call says, in a directory of its own. Without secrets, with made-up ones."""
    account = filled(calls_of(connector)["account"], calls_of(connector)["recorded_from"]["is"])
    names = loaded(connector).definition.secret_names()
    given = dict.fromkeys(names, _MADE_UP) if secrets is None or "with_wrong_secrets" in call else secrets
    with Directory.connect(
        connector,
        account.get("settings"),
        given,
        base_urls=account.get("base_urls"),
        allow_networks=account.get("allow_networks", ()),
        mappings=[MAPPINGS],
    ) as directory:
        try:
            return _ask(directory, call)
        except ConnectorError as error:
            return Said(error=error.code, message=str(error))


def _ask(directory: Directory, call: Mapping[str, Any]) -> Said:
    if "check" in call:
        return Said(says=directory.check())
    asked = dict(call.get("with", {}))
    if "get" in call:
        return Said(rows=[directory.get(call["get"], call["key"], **asked).row])
    said = Said()
    cursor = None
    while True:
        page = directory.list(call["list"], cursor=cursor, **asked)
        said.rows += page.rows
        said.sizes.append(len(page.rows))
        said.completeness = page.completeness
        cursor = page.next_cursor
        if cursor is None or call.get("pages") != "all":
            return said


def faults_of(said: Said, expect: Mapping[str, Any], calls: int) -> list[str]:
    """Each expectation that does not hold; a word that says nothing is one."""
    known = said.completeness
    found: dict[str, Any] = {
        "error": said.error,
        "says": said.says,
        "count": len(said.rows),
        "sizes": said.sizes,
        "calls": calls,
        "verdict": known and known.verdict,
        "declared": known and known.declared,
        "scope": known and known.scope,
        "row": {name: said.rows[0][name] for name in expect.get("row", {})} if said.rows else None,
        "first": {
            name: [row[name] for row in said.rows[: len(values)]]
            for name, values in expect.get("first", {}).items()
        },
        "each": expect.get("each")
        if said.rows and all(row[k] == v for row in said.rows for k, v in expect.get("each", {}).items())
        else "some row differs, or there is none",
    }
    wanted = {"error": None, **expect}
    faults = [
        f"{word}: {found[word]!r} instead of {wanted[word]!r}"
        for word in wanted
        if found[word] != wanted[word]
    ]
    return [f"{fault} ({said.message})" if said.message else fault for fault in faults]
