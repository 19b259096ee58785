"""The fixtures as data: which cases there are, and what the connector makes of each. Knows no connector by name.

A case is a vendor's answer (`<case>.vendor.json` of a listing, `<case>.get.vendor.json` of one record) and
what must come out of it (`<case>.unified.json`, `<case>.get.unified.json`). fixtures/README.md describes both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from connector import yamlfile
from connector.account import Opened, open_account
from connector.captures import Captures, MemoryShelf
from connector.catalog import Catalog, Loaded
from connector.fetch import fetch_one, fetch_page
from connector.flow import Budget, Clock, drive
from connector.notices import Notices
from connector.query import Question
from connector.reading import Reading
from connector.walk import Place
from tests.contract.carried import answering

__all__ = [
    "FIXTURES",
    "MAPPINGS",
    "Case",
    "calls_of",
    "cases",
    "connectors",
    "expected",
    "filled",
    "loaded",
    "mapped_sources",
    "read_case",
    "without_nulls",
]

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "mappings"
FIXTURES = ROOT / "fixtures"
_VENDOR = ".vendor.json"


@dataclass(frozen=True)
class Case:
    """One vendor's answer and where what must come out of it stands."""

    connector: str
    source: str
    name: str
    call: str
    vendor: Path
    unified: Path

    def __str__(self) -> str:
        return f"{self.connector}/{self.source}/{self.name}"


def connectors() -> list[str]:
    """The folders of mappings/."""
    return sorted(entry.name for entry in MAPPINGS.iterdir() if entry.is_dir())


@cache
def loaded(name: str) -> Loaded:
    return Catalog([MAPPINGS]).load(name)


def mapped_sources() -> list[tuple[str, str]]:
    """(connector, source) of every mapping file."""
    return [
        (path.parent.name, path.stem)
        for path in sorted(MAPPINGS.glob("*/*.yaml"))
        if path.name != "connector.yaml"
    ]


def cases() -> list[Case]:
    """Every vendor's answer that there is."""
    found = []
    for path in sorted(FIXTURES.glob(f"*/*/*{_VENDOR}")):
        name = path.name.removesuffix(_VENDOR)
        call = "get" if name.endswith(".get") else "list"
        unified = path.with_name(f"{name}.unified.json")
        found.append(Case(path.parent.parent.name, path.parent.name, name, call, path, unified))
    return found


def expected(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(case.unified.read_text(encoding="utf-8"))
    return found


def calls_of(connector: str) -> dict[str, Any]:
    """calls.yaml of a connector: its account, and the calls that are recorded."""
    return yamlfile.read(FIXTURES / connector / "calls.yaml")


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """`{server.base_url}` and the like in calls.yaml, filled with what the recorded server is."""
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(f"{{server.{word}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: filled(item, words) for key, item in value.items()}
    return [filled(item, words) for item in value] if isinstance(value, list) else value


@cache
def _opened(connector: str) -> Opened:
    found = loaded(connector)
    account = calls_of(connector)["account"]
    words = calls_of(connector)["recorded_from"].get("is", {})
    return open_account(
        found,
        settings=filled(account.get("settings", {}), words),
        base_urls=filled(account.get("base_urls", {}), words),
        secrets=dict.fromkeys(found.definition.secret_names(), "made-up"),
    )


def read_case(case: Case) -> dict[str, Any]:
    """What the connector makes of a case, in the form of its expected file."""
    opened = _opened(case.connector)
    source = opened.loaded.sources[case.source]
    captures = Captures(MemoryShelf(), opened.account)
    reading = Reading(opened, opened.apis[case.source.partition(".")[0]], source, captures)
    # One call: a page that is not the last is read, and not followed.
    budget, notices = Budget(Clock(), calls=1), Notices()
    answer = answering(reading, case.vendor.read_bytes())

    def wait(seconds: float) -> None:
        """Nobody waits for a fixture."""

    found: dict[str, Any] = {}
    if case.call == "get":
        key = expected(case)["row"]["id"]
        one = drive(fetch_one(reading, key, budget, notices), answer, wait)
        found["row"] = without_nulls(one.row)
        members = {key: one.members}
    else:
        page = drive(fetch_page(reading, Question(), 1000, Place(), budget, notices), answer, wait)
        found["rows"] = [without_nulls(row) for row in page.rows]
        found["verdict"] = page.completeness.verdict
        found["reasons"] = page.completeness.reasons
        members = {row["id"]: refs for row, refs in zip(page.rows, page.members, strict=True)}
    if source.mapping.members is not None:
        found["members"] = members
    found["warnings"] = [{"code": item.code, "path": item.path} for item in notices.listed()]
    return found


def _any_value(record: Mapping[str, Any]) -> bool:
    return not record or any(item is not None for item in record.values())


def without_nulls(value: Any) -> Any:
    """A row as the expected files write it: what is null is left out, and an object of nothing but nulls."""
    if isinstance(value, dict):
        kept = {key: without_nulls(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} if _any_value(kept) else None
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
