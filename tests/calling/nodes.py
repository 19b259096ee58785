"""A vendor whose directory lies in nodes, each behind a token of its own, and what a connector says of it.

Plain values: what a node answers is a dict of people, or what it answers instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.catalog import Loaded
from connector.errors import ConnectorError
from connector.wire import Answer, Call
from tests.calling.queued import World, load, said

__all__ = ["CONNECTOR", "Nodes", "connect", "keys", "walked"]

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    label: Node
    repeated: node
    settings: {node: {label: Node, pattern: "[0-9]{1,9}"}}
    secrets: {key: {label: Key}}
    base_url: "https://h/{settings.node}"
    scope: "node {settings.node:text}"
    auth: {style: bearer, token: "{secrets.key}"}
    check: {get: /check}
    retry: {times: 0}
    membership: MEMBERSHIP
    proxy: {allow: ["GET /people/**"]}
    resources:
      people:
        key: $.id
        list: {get: /people, query: {start: "{page.start}", size: "{page.size}"}, records: "$.items[*]", paging: PAGING}
        get: {get: "/people/{id}"}
      teams:
        key: $.id
        list: {get: /teams, records: "$.items[*]", paging: {style: none}}
        get: {get: "/teams/{id}"}
"""
_PAGING = "{style: offset, first: 0, size: 2, ends: total, total: $.total}"
_PEOPLE = """\
source: main.people
unified: users
fields:
  id: $.id
  name: $.name
  groups: {each: "$.teams[*]", item: {id: $}, if_missing: empty}
filters: {name: {evaluate: here}}
sorts: {name: {query: {order: "{direction}"}}}
"""
_TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name}
"""
_MEMBERS = 'members: {each: "$.members[*]", user: $, matches: id%s}\n'


def connect(
    folder: Path, *, membership: str = "on_user", paging: str = _PAGING, if_missing: str | None = None
) -> Loaded:
    text = CONNECTOR.replace("MEMBERSHIP", membership).replace("PAGING", paging)
    on_group = membership == "on_group"
    people = _PEOPLE.replace('  groups: {each: "$.teams[*]", item: {id: $}, if_missing: empty}\n', "")
    if "snapshot" in paging:
        text = text.replace('query: {start: "{page.start}", size: "{page.size}"}, ', "")
        people = people.replace('{query: {order: "{direction}"}}', "{evaluate: here}")
        return load(folder, text, people=people, teams=_TEAMS)
    return load(
        folder,
        text,
        people=people if on_group else _PEOPLE,
        teams=_TEAMS + (_MEMBERS % (f", if_missing: {if_missing}" if if_missing else "") if on_group else ""),
    )


@dataclass
class Nodes:
    """The vendor: node → who is in it. `instead` is what a node answers in place of everything."""

    people: Mapping[str, Sequence[str]]
    teams: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    instead: dict[str, Answer | ConnectorError] = field(default_factory=dict)
    blind: frozenset[str] | set[str] = frozenset()
    """Nodes whose tokens don't see who is in a team."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(node, path and query) of every call."""

    def world(self, loaded: Loaded, **settings: Any) -> World:
        return World(loaded, vendor=self.reply, secrets=keys(*self.people), **settings)

    def reply(self, call: Call) -> Answer | ConnectorError:
        parts = urlsplit(call.url)
        _, node, *rest = parts.path.split("/")
        self.asked.append((node, call.url.partition(f"/{node}")[2]))
        if node in self.instead:
            return self.instead[node]
        if call.headers.get("Authorization") != f"Bearer key-of-{node}":
            return said({"error": "not the key of this node"}, 401)
        query = dict(parse_qsl(parts.query))
        if rest == ["check"]:
            return said({})
        records = self._records(node, rest[0])
        if len(rest) > 1:
            found = [record for record in records if record["id"] == rest[1]]
            return said(found[0]) if found else said({"error": "no such record"}, 404)
        start = int(query.get("start", 0))
        return said({"items": records[start : start + int(query.get("size", 1_000))], "total": len(records)})

    def _records(self, node: str, kind: str) -> list[dict[str, Any]]:
        if kind == "people":
            return [{"id": one, "name": f"{one}@{node}"} for one in self.people[node]]
        return [
            {"id": team, "name": team, **({} if node in self.blind else {"members": list(members)})}
            for team, members in self.teams.get(node, {}).items()
        ]


def keys(*nodes: str) -> dict[str, str]:
    """The secrets of an account with these nodes."""
    return {f"main[{node}].key": f"key-of-{node}" for node in nodes}


def walked(world: World, limit: int) -> tuple[list[str], Any]:
    """(the ids in their order, the last page) of a walk, each page asked by another process."""
    pages = world.walk("users", [limit] * 200)
    return [row["id"] for page in pages for row in page.rows], pages[-1]
