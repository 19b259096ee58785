"""The exact request of each write that a connector declares: `<case>.sent.json` says what is asked and what is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.cursor import Seal
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from tests.contract.cases import FIXTURES, loaded, mapped_sources, open_api

FILES = sorted(FIXTURES.glob("*/*/*.sent.json"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def place_of(asked: list[Any]) -> tuple[str, ...]:
    """Which of the resource's writes is asked for, but for transitions."""
    verb, resource = asked[:2]
    if "/" in resource:
        return ("members", {"create": "add", "delete": "remove"}[verb])
    return (verb,)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_write_is_sent_as_expected(path: Path) -> None:
    connector, source = path.parts[-3:-1]
    api = source.partition(".")[0]
    opened = open_api(connector, api)
    sources = opened.loaded.definition.unified
    own = {
        unified: tuple(
            one
            for one in (feed if isinstance(feed, str) else feed.union for feed in feeds)
            if isinstance(one, str) and one.startswith(f"{api}.")
        )
        for unified, feeds in sources.items()
    }
    asking = replace(opened, sources={name: feed for name, feed in own.items() if feed})
    case = read(path)
    plan = Questions(asking, Seal([b"k" * 32]), Settings(), Clock()).plan(*case["asked"])
    base = urlsplit(asking.entries(api)[0].base_url).path
    parts = urlsplit(plan.url)
    found = {
        "method": plan.method,
        "path": parts.path.removeprefix(base) + (f"?{parts.query}" if parts.query else ""),
        "body": None if plan.body is None else json.loads(plan.body),
    }
    assert found == case["sent"]


@pytest.mark.parametrize(("connector", "source"), mapped_sources())
def test_every_write_of_a_source_is_pinned(connector: str, source: str) -> None:
    _, resource = loaded(connector).definition.source(source)
    asked = [read(path)["asked"] for path in FILES if path.parts[-3:-1] == (connector, source)]
    pinned = {place_of(one) for one in asked}
    pinned |= {
        ("transitions", name, value)
        for verb, _, *given in asked
        if verb == "update"
        for name, value in given[-1].items()
        if name in resource.transitions
    }
    assert {place for place, _ in resource.changes()} <= pinned
