"""Recorded calls, replayed with their servers stopped: the whole way from a question to its envelope."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from connector.sandbox.tenant import build_tenant
from tests.contract.calls import faults_of, make, recorder
from tests.contract.cases import FIXTURES, CallSet, call_sets, connectors
from tests.contract.scim_server import TOKEN

SETS = call_sets()
CALLS = [(calls, name) for calls in SETS for name in calls.calls]
SECRET = re.compile(r"(?i)bearer\s+[\w.~+/-]{8,}|(authorization|api[_-]?key)[\"']?\s*[:=]|set-cookie")


def test_every_connector_has_recorded_calls() -> None:
    assert {calls.connector for calls in SETS} == set(connectors())


@pytest.mark.parametrize(("calls", "name"), CALLS, ids=str)
def test_a_recorded_call_says_what_is_expected(calls: CallSet, name: str) -> None:
    question = calls.calls[name]
    with recorder(calls, "none").use_cassette(str(calls.cassettes / f"{name}.yaml")) as cassette:
        said = make(calls, question)
    assert faults_of(said, question["expect"], cassette.play_count) == []
    assert cassette.all_played, "the cassette holds a call that was not made"


@pytest.mark.parametrize("name", connectors())
def test_every_cassette_is_of_a_call(name: str) -> None:
    wanted = {
        calls.cassettes / f"{call}.yaml" for calls in SETS if calls.connector == name for call in calls.calls
    }
    assert wanted == {path for path in (FIXTURES / name / "cassettes").rglob("*") if path.is_file()}


@pytest.mark.parametrize("calls", SETS, ids=str)
def test_what_may_differ_is_a_part_of_what_was_asked(calls: CallSet) -> None:
    pattern = calls.may_differ
    recorded = "".join(path.read_text(encoding="utf-8") for path in calls.cassettes.iterdir())
    assert pattern is None or re.search(pattern, recorded)


@pytest.mark.parametrize("calls", SETS, ids=str)
def test_the_server_of_a_set_is_stopped(calls: CallSet) -> None:
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", calls.recorded_from["port"])) != 0


def test_no_two_sets_have_one_port() -> None:
    ports = [calls.recorded_from["port"] for calls in SETS]
    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize(
    "path", [path for path in FIXTURES.rglob("*") if path.is_file()], ids=lambda p: p.name
)
def test_no_file_holds_a_credential(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not SECRET.search(text)
    known = [TOKEN]
    for calls in SETS:
        tenant = build_tenant(1, calls.recorded_from.get("with", {}).get("seed", 1))
        known += [tenant.token, tenant.api_key, tenant.admin_token]
    assert [secret for secret in known if secret in text] == []


@pytest.mark.parametrize(
    "line",
    ["authorization: x", "Bearer abcdefgh12345", "api_key=1", "api-key:", '"api-key": "x"', "Set-Cookie: a"],
)
def test_what_a_credential_looks_like(line: str) -> None:
    assert SECRET.search(line)
