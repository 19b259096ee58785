"""Filters that rest on a look-up: sent only as what the whole of it says, and the same on every page of a walk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.catalog import Loaded
from connector.errors import ListingChanged, VendorUnavailable
from connector.wire import Answer, Call
from tests.calling.plain import queried
from tests.calling.queued import World, ids, load, said

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: bearer, token: "{secrets.key}"}
    check: none
    retry: {times: 0}
    membership: on_user
    resources:
      people:
        key: $.id
        list: {get: /people, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]",
               paging: {style: offset, first: 0, size: 2, ends: total, total: $.total}}
      teams: {key: $.id, list: {get: /teams, records: "$.items[*]", paging: {style: none, total: $.total}}}
"""
PEOPLE = """\
source: main.people
unified: users
fields:
  id: $.id
  name: $.name
  title: {lookup: groups, where: name, is: $.team, take: id}
filters: {title: {evaluate: vendor, query: {team: "{value}"}}, name: {evaluate: here}}
"""
TEAMS = "source: main.teams\nunified: groups\nfields: {id: $.id, name: $.name}\n"
NAMES = {"tA": "A", "tB": "B"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), CONNECTOR, people=PEOPLE, teams=TEAMS)


def vendor(
    names: Callable[[int], dict[str, str]] = lambda _: NAMES, total: int | None = None
) -> Callable[[Call], Answer]:
    """Four of team B, two of team A; `names` are the teams at the time of each asking."""
    asked = 0

    def reply(call: Call) -> Answer:
        nonlocal asked
        if "/teams" in call.url:
            teams = [{"id": one, "name": name} for one, name in names(asked).items()]
            asked += 1
            return said({"items": teams, "total": len(teams) if total is None else total})
        query = queried(call)
        people = [
            {"id": f"{team}{n}", "team": team} for team, count in (("A", 2), ("B", 4)) for n in range(count)
        ]
        people = [one for one in people if query.get("team") in (None, one["team"])]
        start, size = int(query["start"]), int(query["size"])
        return said({"items": people[start : start + size], "total": len(people)})

    return reply


def test_the_vendors_word_is_looked_up_and_sent(loaded: Loaded) -> None:
    pages = World(loaded, vendor=vendor()).walk("users", [2] * 9, filters={"title": "tB"})
    assert (ids(pages), pages[-1].completeness.verdict) == (["B0", "B1", "B2", "B3"], "complete")


def test_a_filter_is_not_evaluated_by_half_a_table(loaded: Loaded) -> None:
    world = World(loaded, vendor=vendor(total=3))
    with pytest.raises(VendorUnavailable, match="title can't be evaluated: it looks into the groups"):
        world.page("users", filters={"title": "tB"})
    assert world.page("users", filters={"name": "x"}).completeness.verdict == "complete"


def test_a_walk_does_not_go_on_in_another_listing(loaded: Loaded) -> None:
    world = World(loaded, vendor=vendor(lambda n: NAMES if n == 0 else {"tA": "B", "tB": "A"}))
    first = world.page("users", limit=2, filters={"title": "tB"})
    assert first.next_cursor
    with pytest.raises(ListingChanged, match="not what it was asked when the listing began"):
        world.page("users", cursor=first.next_cursor, filters={"title": "tB"})
