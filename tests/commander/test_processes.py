"""Processes that share a store, over the vendor's real service: who asks it, and who goes on with what it has begun."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.tenant import build_tenant
from tests.cli.conftest import SECONDS, Command
from tests.commander.service import Commander, running

TENANT = build_tenant(120, seed=5, nodes=2)


@pytest.fixture
def service() -> Iterator[Commander]:
    with running(TENANT) as commander:
        yield commander


@pytest.fixture
def command(service: Commander, tmp_path: Path) -> Command:
    found = Command(tmp_path, {"CONNECTOR_ALLOW_NETWORKS": "127.0.0.1"})
    done = found.given(KEY=service.api_key)(
        *("connect", "keeper", "--no-check", "--set", f"commander.url={service.base_url}"),
        *("--secret", "commander.api_key=@env:KEY"),
    )
    assert done.returncode == 0, done.stderr
    return found


def listings(service: Commander) -> list[str]:
    return [line for line in service.commands() if line.startswith("enterprise-info")]


def test_of_several_at_once_one_asks_and_all_are_answered(service: Commander, command: Command) -> None:
    started = [command.start("list", "users", "--limit", "200", "-o", "json") for _ in range(3)]
    pages = []
    for process in started:
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
        pages.append(json.loads(out))
    assert [page["result_count"] for page in pages] == [len(TENANT.people)] * 3
    assert [page["completeness"]["verdict"] for page in pages] == ["complete"] * 3
    assert len(listings(service)) == 1
    assert service.commands().count("enterprise-down") == 1


def test_what_one_process_began_the_next_goes_on_with(service: Commander, command: Command) -> None:
    """The first has too little time to wait at all: it leaves the ticket of what was submitted."""
    hasty = command.given(CONNECTOR_MAX_SECONDS="0.3")
    first = json.loads(hasty.alone("list", "users", "-o", "json").stdout)
    assert (first["result"], first["completeness"]["verdict"]) == ([], "in_progress")
    assert [item["code"] for item in first["warnings"]] == ["vendor_still_working"]
    rest = command.alone("list", "users", "-o", "json", "--limit", "500", "--cursor", first["next_cursor"])
    assert rest.returncode == 0, rest.stderr
    page = json.loads(rest.stdout)
    assert (page["result_count"], page["completeness"]["verdict"]) == (len(TENANT.people), "complete")
    assert [line.partition(" ")[0] for line in service.commands()] == ["enterprise-down", "enterprise-info"]
