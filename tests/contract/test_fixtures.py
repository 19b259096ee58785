"""Every connector, every mapped source and every fixture, found by walking the folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.path import Notes
from connector.mapping.rules import PathRule
from connector.model import UNIFIED
from tests.contract.cases import (
    FIXTURES,
    Case,
    cases,
    connectors,
    expected,
    loaded,
    mapped_sources,
    native_sources,
    read_case,
    without_nulls,
)

CASES = cases()
SOURCES = mapped_sources()
ORIGINS = ("recorded", "official examples", "documentation", "made up")
BESIDE = {"calls", "cassettes", "recordings"}
"""Folders beside those of the sources."""
_ROW = re.compile(r"\| `([^`]+)` \| ([^|]+?) \|")


def rows_of(case: Case) -> list[dict[str, Any]]:
    found = expected(case)
    rows: list[dict[str, Any]] = [found["row"]] if "row" in found else found["rows"]
    return rows


def cases_of(connector: str, source: str) -> list[Case]:
    return [case for case in CASES if (case.connector, case.source) == (connector, source)]


@pytest.mark.parametrize("name", connectors())
def test_every_connector_loads(name: str) -> None:
    assert loaded(name).name == name
    assert not loaded(name).warnings


@pytest.mark.parametrize("name", connectors())
def test_every_api_can_be_examined_or_says_why_not(name: str) -> None:
    for api in loaded(name).definition.apis.values():
        assert api.probes or (api.check == "none" and api.cannot)
        assert api.tells


@pytest.mark.parametrize(("connector", "source"), SOURCES)
def test_every_mapped_source_has_fixtures_for_what_it_can_do(connector: str, source: str) -> None:
    _, resource = loaded(connector).definition.source(source)
    wanted = {name for name in ("list", "get") if getattr(resource, name) is not None}
    if resource.create is not None and resource.create.record is not None:
        wanted.add("create")
    assert {case.call for case in cases_of(connector, source)} == wanted


def test_every_fixture_belongs_to_a_source() -> None:
    folders = {path for path in FIXTURES.glob("*/*") if path.is_dir() and path.name not in BESIDE}
    assert {(path.parent.name, path.name) for path in folders} == {*SOURCES, *native_sources()}
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    sent = set(FIXTURES.glob("*/*/*.sent.json"))
    assert files - sent == {path for case in CASES for path in (case.vendor, case.unified)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_maps_to_what_is_expected_of_it(case: Case) -> None:
    assert read_case(case) == expected(case)


MAPPED = [case for case in CASES if (case.connector, case.source) in SOURCES]


@pytest.mark.parametrize("case", MAPPED, ids=str)
def test_expected_rows_are_rows_of_the_unified_model(case: Case) -> None:
    model = UNIFIED[loaded(case.connector).sources[case.source].mapping.unified]
    for row in rows_of(case):
        model.model_validate(row)


@pytest.mark.parametrize(("connector", "source"), SOURCES)
def test_every_rule_is_exercised(connector: str, source: str) -> None:
    """Each field that has a rule is seen with a value, each word of a table, and members where they stand."""
    mapping = loaded(connector).sources[source].mapping
    rows = [row for case in cases_of(connector, source) for row in rows_of(case)]
    rules = {name: rule for name, rule in mapping.fields.items() if rule is not None}
    unseen = [name for name in rules if not any(row.get(name) for row in rows)]
    for name, rule in rules.items():
        if isinstance(rule, PathRule) and rule.values:
            unseen += [
                f"{name}: {word}" for _, word in rule.values if word not in {row.get(name) for row in rows}
            ]
            details = {row.get(f"{name}_detail") for row in rows} - {None}
            if details and f"{name}_detail" not in rules:
                unseen += [
                    f"{name}: {word!r}"
                    for word, _ in rule.values
                    if isinstance(word, str) and word not in details
                ]
    if mapping.members is not None:
        found = [expected(case)["members"] for case in cases_of(connector, source)]
        if not any(refs for members in found for refs in members.values()):
            unseen.append("members")
    assert not unseen, "no fixture has a value for these"


@pytest.mark.parametrize("case", [case for case in MAPPED if not expected(case)["warnings"]], ids=str)
def test_what_is_read_can_be_written_and_read_again(case: Case) -> None:
    """read(write(row)) is the row, for every field that can be written; a value that was warned of is none."""
    mapper = loaded(case.connector).sources[case.source].mapper
    writable = {name for name, can in mapper.writable().items() if can}
    for row in rows_of(case):
        fields = {name: value for name, value in row.items() if name in writable}
        notes = Notes()
        again = mapper.read(mapper.changes(fields), notes)
        assert without_nulls({name: again[name] for name in fields}) == fields


@pytest.mark.parametrize("name", connectors())
def test_origin_lists_every_file_and_no_other(name: str) -> None:
    folder = FIXTURES / name
    text = (folder / "ORIGIN.md").read_text(encoding="utf-8")
    listed = dict(_ROW.findall(text))
    named = {path for pattern in listed for path in _expanded(folder, pattern)}
    there = {path for path in folder.rglob("*") if path.is_file() and path.name != "ORIGIN.md"}
    assert named == there
    assert set(listed.values()) <= set(ORIGINS)


def _expanded(folder: Path, pattern: str) -> set[Path]:
    """`case.*.json` names a vendor's answer and its expectation; each name must find something."""
    found = set(folder.glob(pattern))
    assert found, f"{pattern} is listed and not there"
    return found
