"""Recorded calls, replayed with their servers stopped: the whole way from a question to its envelope."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import Sandbox
from tests.contract.calls import cassette_path, faults_of, make, recorder
from tests.contract.cases import FIXTURES, calls_of, connectors, filled
from tests.contract.scim_server import TOKEN

CALLS = [(name, call) for name in connectors() for call in calls_of(name)["calls"]]
SECRET = re.compile(r"(?i)bearer\s+[\w.~+/-]{8,}|authorization:|set-cookie|api[_-]?key\s*[:=]")


def asked(name: str, call: str) -> Any:
    found = calls_of(name)
    return filled(found["calls"][call], found["recorded_from"]["is"])


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_a_recorded_call_says_what_is_expected(name: str, call: str) -> None:
    question = asked(name, call)
    with recorder("none").use_cassette(str(cassette_path(name, call))) as cassette:
        said = make(name, question)
    assert faults_of(said, question["expect"], cassette.play_count) == []
    assert cassette.all_played, "the cassette holds a call that was not made"


@pytest.mark.parametrize("name", connectors())
def test_every_cassette_is_of_a_call_and_its_server_is_stopped(name: str) -> None:
    calls = {cassette_path(name, call) for call in calls_of(name)["calls"]}
    assert calls == set((FIXTURES / name / "cassettes").iterdir())
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", calls_of(name)["recorded_from"]["port"])) != 0


@pytest.mark.parametrize(
    "path", [path for path in FIXTURES.rglob("*") if path.is_file()], ids=lambda p: p.name
)
def test_no_file_holds_a_credential(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not SECRET.search(text)
    assert TOKEN not in text
    assert Sandbox(users=1).token not in text


@pytest.mark.parametrize(
    "line",
    ["authorization: x", "Bearer abcdefgh12345", "api_key=1", "Set-Cookie: a"],
)
def test_what_a_credential_looks_like(line: str) -> None:
    assert SECRET.search(line)
