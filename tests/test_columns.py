"""Columns: a vendor is asked for what the mapping reads, out of the connector's list, and for nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Catalog, Loaded
from connector.resource import Resource
from tests.calling.queued import World, load, people, written

PEOPLE = """\
key: $.id
always: [$.id, $.login]
columns: {name: $.name, title: $.title, boss: $.boss.id, teams: $.teams, 2fa: "$['2fa']"}
list:
  exchange: line
  effect: read
  give: {line: "people {columns:text}"}
  records: $.items[*]
  paging: {style: snapshot, share_for: 60s}
get: {call: find, exactly: key, otherwise: list}
calls: {find: {exchange: line, effect: read, give: {line: "find {value:shell} {columns:text}"}, records: "$.items[*]"}}
"""
USERS = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  is_2fa_enabled: "$['2fa']"
  name: {first_of: [$.name, $.login]}
  groups: {each: "$.teams[*]", item: {id: $.uid, name: $.name}, if_missing: empty}
filters: {username: {evaluate: vendor_then_here, call: find}}
"""
DIRECT = {"version": "direct"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("mappings")
    load(folder, written(people=PEOPLE), people=USERS)
    return folder


def loaded(folder: Path, **fields: Any) -> Loaded:
    """The connector, with an account's own rules laid over its mapping."""
    return Catalog([folder]).load("made", {"main.people": {"fields": fields}} if fields else None)


def test_every_call_asks_for_what_is_read_in_the_order_of_the_list(folder: Path) -> None:
    world = World(loaded(folder), vendor=lambda _: people("a", "-x"), account=DIRECT)
    world.page("users")
    world.page("users", filters={"username": "a"})
    world.get("users", "a")
    world.get("users", "-x")
    wanted = "name,teams,2fa"
    assert world.asked == [f"people {wanted}", f"find 'a' {wanted}", f"find 'a' {wanted}"]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"title": "$.title"}, "name,title,teams,2fa"),
        ({"custom_fields": {"boss": "$.boss.id", "again": "$.title"}}, "name,title,boss,teams,2fa"),
        ({"groups": None}, "name,2fa"),
        (
            {"title": {"cases": [{"when": {"$.title": "x"}, "then": {"constant": "y"}}]}},
            "name,title,teams,2fa",
        ),
        ({"name": None, "groups": None, "is_2fa_enabled": None, "title": "$.title"}, "title"),
    ],
)
def test_an_override_changes_what_is_asked_for(folder: Path, fields: dict[str, Any], wanted: str) -> None:
    world = World(loaded(folder, **fields), vendor=lambda _: people("a"), account=DIRECT)
    world.page("users")
    assert world.asked == [f"people {wanted}"]


def test_a_capture_of_other_columns_is_not_shared(folder: Path) -> None:
    world = World(loaded(folder), vendor=lambda _: people("a"), account=DIRECT)
    world.page("users")
    world.loaded = loaded(folder, title="$.title")
    world.page("users")
    world.loaded = loaded(folder, name="$.name")
    world.page("users")
    assert world.asked == ["people name,teams,2fa", "people name,title,teams,2fa"]


COLUMNS = Resource.model_validate(
    {"always": ["$.id", "$.at.home"], "columns": {"a": "$.a", "b": "$.b.c", "whole": "$.w"}}
)


@pytest.mark.parametrize(
    ("read", "words", "outside"),
    [
        ([], (), ()),
        (["$.id"], (), ()),
        (["$.at.home.street"], (), ()),
        (["$.at"], (), ("$.at",)),
        (["$.w", "$.a"], ("a", "whole"), ()),
        (["$.a[*]", "$.a[0].x", "$.a.y"], ("a",), ()),
        (["$.b.c"], ("b",), ()),
        (["$.b.c.d[*].e"], ("b",), ()),
        (["$.b"], ("b",), ("$.b",)),
        (["$.b.x", "$.a"], ("a",), ("$.b.x",)),
        (["$['a']"], ("a",), ()),
        (["$.aa", "$.A"], (), ("$.A", "$.aa")),
        # What reads the whole record reads every column.
        (["$"], ("a", "b", "whole"), ("$",)),
        (["$..a"], ("a", "b", "whole"), ("$..a",)),
        (["$[*]"], ("a", "b", "whole"), ("$[*]",)),
    ],
)
def test_which_columns_are_read(read: list[str], words: tuple[str, ...], outside: tuple[str, ...]) -> None:
    assert COLUMNS.columns_for(read) == (words, outside)
