"""The fixtures as data: which cases and calls there are, and what the connector makes of each case.

A case is a vendor's answer (`<case>.vendor.json` of a listing, `<case>.get.vendor.json` of one record) and
what must come out of it (`<case>.unified.json`, `<case>.get.unified.json`). A set of calls is what is recorded
of one running server. fixtures/README.md describes both. Knows no connector by name.
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
from connector.fetch import Listing, fetch_page
from connector.flow import Budget, Clock, drive
from connector.membership import Tables
from connector.native import is_native, native_source, record_of
from connector.notices import Notices
from connector.query import Question
from connector.reading import Reading
from connector.redaction import Redaction
from connector.seek import fetch_one
from connector.walk import Place
from connector.write import create, write
from tests.contract.carried import answering

__all__ = [
    "FIXTURES",
    "MAPPINGS",
    "CallSet",
    "Case",
    "call_sets",
    "cases",
    "connectors",
    "expected",
    "loaded",
    "mapped_sources",
    "native_sources",
    "open_api",
    "read_case",
    "read_listing",
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


def native_sources() -> list[tuple[str, str]]:
    """(connector, `api.resource`) of every resource that is listed as it is, and has fixtures."""
    folders = {(path.parents[1].name, path.parent.name) for path in FIXTURES.glob(f"*/*/*{_VENDOR}")}
    return sorted(
        (name, source)
        for name, source in folders - set(mapped_sources())
        if source in loaded(name).definition.sources()
    )


def cases() -> list[Case]:
    """Every vendor's answer that there is."""
    found = []
    for path in sorted(FIXTURES.glob(f"*/*/*{_VENDOR}")):
        name = path.name.removesuffix(_VENDOR)
        call = next((word for word in ("get", "create") if name.endswith(f".{word}")), "list")
        unified = path.with_name(f"{name}.unified.json")
        found.append(Case(path.parent.parent.name, path.parent.name, name, call, path, unified))
    return found


def expected(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(case.unified.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class CallSet:
    """The calls that are recorded of one running server: `calls/<name>.yaml`."""

    connector: str
    name: str

    def __str__(self) -> str:
        return f"{self.connector}/{self.name}"

    @property
    def path(self) -> Path:
        return FIXTURES / self.connector / "calls" / f"{self.name}.yaml"

    @property
    def cassettes(self) -> Path:
        """The folder of its recordings."""
        return FIXTURES / self.connector / "cassettes" / self.name

    @property
    def recorded_from(self) -> dict[str, Any]:
        found: dict[str, Any] = self._document["recorded_from"]
        return found

    @property
    def account(self) -> dict[str, Any]:
        found: dict[str, Any] = self._filled("account")
        return found

    @property
    def calls(self) -> dict[str, Any]:
        found: dict[str, Any] = self._filled("calls")
        return found

    @property
    def may_differ(self) -> str | None:
        """What is left out where a request's body is compared with the recorded one (a regular expression)."""
        found: str | None = self._document.get("may_differ")
        return found

    def secret_names(self) -> list[str]:
        """The secrets of its account's apis: what another api needs is not given."""
        known = loaded(self.connector).definition.secret_names()
        return [name for name in known if name.rpartition(".")[0] in ("", *self.account["apis"])]

    def open(self) -> Opened:
        """Its account, with made-up secrets. A new one, which has used up nothing yet of the calls that are allowed."""
        return open_account(
            loaded(self.connector),
            settings=self.account.get("settings", {}),
            base_urls=self.account.get("base_urls", {}),
            secrets=dict.fromkeys(self.secret_names(), "made-up"),
        )

    @property
    def _document(self) -> dict[str, Any]:
        return _read(self.path)

    def _filled(self, part: str) -> Any:
        document = self._document
        return _filled(document[part], document["recorded_from"].get("is", {}))


@cache
def _read(path: Path) -> dict[str, Any]:
    return yamlfile.read(path)


def call_sets() -> list[CallSet]:
    """Every set of recorded calls."""
    return [CallSet(path.parents[1].name, path.stem) for path in sorted(FIXTURES.glob("*/calls/*.yaml"))]


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """`{server.base_url}` and the like, filled with what the recorded server is."""
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(f"{{server.{word}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(item, words) for key, item in value.items()}
    return [_filled(item, words) for item in value] if isinstance(value, list) else value


def open_api(connector: str, api: str) -> Opened:
    """An account of this api, connected as the first set of calls to it says, or with made-up secrets alone."""
    for one in call_sets():
        if one.connector == connector and api in one.account["apis"]:
            return one.open()
    names = [name for name in loaded(connector).definition.secret_names() if name.startswith(f"{api}.")]
    return open_account(loaded(connector), settings={}, secrets=dict.fromkeys(names, "made-up"))


def read_case(case: Case) -> dict[str, Any]:
    """What the connector makes of a case, in the form of its expected file."""
    body = case.vendor.read_bytes()
    if case.call == "list":
        return read_listing(case.connector, case.source, body)
    if case.call == "create":
        return _read_created(case, body)
    key = expected(case)["row"]["id"]
    reading, notices = _reading(case.connector, case.source), Notices()
    one = drive(fetch_one([reading], key, _one_call(), notices), answering(reading, body), _wait)
    found: dict[str, Any] = {"row": without_nulls(one.row)}
    return _told(found, reading, {key: one.members}, notices)


def _read_created(case: Case, body: bytes) -> dict[str, Any]:
    reading, notices = _reading(case.connector, case.source), Notices()
    sent = expected(case)["sent"]
    flow = write(create(reading, sent), Tables(reading.opened, Clock(), reading.captures), 1, 20.0, notices)
    done = drive(flow, answering(reading, body), _wait)
    return _told({"sent": sent, "row": without_nulls(done.row)}, reading, {}, notices)


def read_listing(connector: str, source: str, body: bytes) -> dict[str, Any]:
    """What the connector makes of a vendor's answer to `list`, in the form of an expected file."""
    reading, notices = _reading(connector, source), Notices()
    flow = fetch_page([Listing(reading, Question())], 1000, Place(), _one_call(), notices)
    page = drive(flow, answering(reading, body), _wait)
    as_it_is = is_native(reading.source)
    found: dict[str, Any] = {
        "rows": [record_of(row) if as_it_is else without_nulls(row) for row in page.rows]
    }
    found["verdict"] = page.completeness.verdict
    found["reasons"] = page.completeness.reasons
    members = {row["id"]: refs for row, refs in zip(page.rows, page.members, strict=True)}
    return _told(found, reading, members, notices)


def _reading(connector: str, source: str) -> Reading:
    api = source.partition(".")[0]
    opened = open_api(connector, api)
    captures = Captures(MemoryShelf(), opened.account)
    known = opened.loaded.sources.get(source) or native_source(opened.loaded, source)
    return Reading(opened, opened.apis[api], known, captures)


def _one_call() -> Budget:
    """A page that is not the last is read, and not followed."""
    return Budget(Clock(), calls=1)


def _wait(seconds: float) -> None:
    """Nobody waits for a fixture."""


def _told(
    found: dict[str, Any], reading: Reading, members: Mapping[str, Any], notices: Notices
) -> dict[str, Any]:
    if reading.source.mapping.members is not None:
        found["members"] = members
    found["warnings"] = [{"code": item.code, "path": item.path} for item in notices.listed(Redaction())]
    return found


def _any_value(record: Mapping[str, Any]) -> bool:
    return not record or any(item is not None for item in record.values())


def without_nulls(value: Any) -> Any:
    """A row as the expected files write it: what is null is left out, and an object of nothing but nulls."""
    if isinstance(value, dict):
        kept = {key: without_nulls(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} if _any_value(kept) else None
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
