"""A made-up vendor that keeps who is in which group in every way that a connector can read, over real HTTP.

One population, five ways: in the user's record, in a detail of it, in the group's record, at an endpoint per user
and at an endpoint per group. It can be told to break any of its answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.calling.vendor import TOKEN, Reply, Vendor

__all__ = ["STYLES", "Roster", "write_rosters"]

_CONNECTOR = """\
connector: NAME
label: A made-up vendor
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    settings: {base_url: {label: Address, type: url}}
    secrets: {token: {label: Token}}
    base_url: "{settings.base_url}"
    auth: {style: bearer, token: "{secrets.token}"}
    check: {get: /check}
    retry: {times: 0}
    membership: SIDE
    resources:
      people:
        key: $.id
        list:
          get: /PEOPLE
          query: {start: "{page.start}", size: "{page.size}"}
          records: "$.items[*]"
          paging: {style: offset, first: 0, size: 100, ends: total, total: $.total}
        get: {get: "/PEOPLE/{id}"}
        calls:
          groups:
            get: "/people/{id}/teams"
            query: {start: "{page.start}", size: "{page.size}"}
            records: "$.items[*]"
            paging: {style: offset, first: 0, size: 2, ends: total, total: $.total}
          membership: {get: "/memberships/{id}"}
MORE      teams:
        key: $.id
        list: {get: /TEAMS, records: "$.items[*]", paging: {style: none, total: $.total}}
        get: {get: "/TEAMS/{id}"}
        calls:
          users:
            get: "/teams/{id}/people"
            query: {token: "{page.token}"}
            records: "$.items[*]"
            paging: {style: token, size: 2, next: $.next, total: $.total}
"""
_PEOPLE = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  status: {path: $.active, values: {true: active, false: inactive}}
%s
filters:
  status: {evaluate: here}
  groups.id: {evaluate: here}
"""
_TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id, name: $.name}
%s
"""
_GROUPS = '  groups: {each: "%s[*]", item: {id: $.id, name: $.name}}'
_MEMBERS = "members: {call: users, user: $.login, matches: username, where: {$.kind: person}}"
_MEMBERSHIPS = "memberships: {call: groups, group: {id: $.id, name: $.name}, where: {$.kind: team}}"


@dataclass(frozen=True)
class Style:
    """One way: what its connector and its mappings say."""

    side: str
    people: str = "people"
    """The path of the users."""
    teams: str = "teams"
    details: str | None = None
    of_users: str = ""
    of_groups: str = ""


STYLES: Mapping[str, Style] = {
    "on_user": Style("on_user", people="people_in", of_users=_GROUPS % "$.teams"),
    "on_detail": Style(
        "on_user", details="{call: membership, id: $.id, into: more}", of_users=_GROUPS % "$.more.teams"
    ),
    "on_group": Style(
        "on_group",
        teams="teams_of",
        of_groups='members: {each: "$.members[*]", user: $.login, matches: username}',
    ),
    "per_user": Style("per_user", of_users=_MEMBERSHIPS),
    "per_group": Style("per_group", of_groups=_MEMBERS),
}


def write_rosters(folder: Path) -> None:
    """A connector for each way, named as it is."""
    for name, style in STYLES.items():
        home = folder / name
        home.mkdir(parents=True)
        details = f"        details: {style.details}\n" if style.details else ""
        said = {
            "NAME": name,
            "SIDE": style.side,
            "PEOPLE": style.people,
            "TEAMS": style.teams,
            "MORE": details,
        }
        text = _CONNECTOR
        for word, what in said.items():
            text = text.replace(word, what)
        (home / "connector.yaml").write_text(text)
        (home / "main.people.yaml").write_text(_PEOPLE % style.of_users)
        (home / "main.teams.yaml").write_text(_TEAMS % style.of_groups)


Break = Callable[[str, Mapping[str, Any]], Any]
"""(the path that was asked for, the body that would be answered) → what is answered instead: a body, or a Reply."""


@dataclass
class Roster(Vendor):
    """The vendor: who is in which team, by number."""

    teams: list[set[int]] = field(default_factory=list)
    breaks: Break | None = None
    paths: list[str] = field(default_factory=list)
    """Every path that was asked for, without its query."""

    def groups_of(self, user: str) -> list[dict[str, Any]]:
        """What `users[].groups` must say."""
        found = [at for at, members in enumerate(self.teams) if int(user[1:]) in members]
        return [{"id": f"g{at}", "name": f"Team {at}", "organization": None} for at in found]

    def members_of(self, group: str) -> list[str]:
        """Who `groups/{id}/users` must list."""
        return [one["id"] for one in self.people if int(one["id"][1:]) in self.teams[int(group[1:])]]

    def reply(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        self.asked.append(target)
        given = {name.lower(): value for name, value in headers.items()}
        if given.get("authorization") != f"Bearer {TOKEN}" or method != "GET":
            return Reply.json({}, 401)
        parts = urlsplit(target)
        self.paths.append(parts.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self._body(parts.path.strip("/").split("/"), asked)
        if body is None:
            return Reply.json({"error": "not there"}, 404)
        said = self.breaks(parts.path, body) if self.breaks else body
        return said if isinstance(said, Reply) else Reply.json(said)

    def _body(self, steps: list[str], asked: Mapping[str, str]) -> dict[str, Any] | None:
        kind, *rest = steps
        is_person = kind in ("people", "people_in", "memberships")
        known = (
            [one["id"] for one in self.people] if is_person else [f"g{at}" for at in range(len(self.teams))]
        )
        if rest and rest[0] not in known:
            return None
        match steps:
            case ["memberships", name]:
                return {"teams": self._teams(name)}
            case ["people", name, "teams"]:
                other = {"id": "x", "name": "No team", "kind": "list"}
                return self._slice([*self._teams(name), other], asked)
            case ["teams", name, "people"]:
                at, team = int(asked.get("token", "0")), {"login": "a team", "kind": "team"}
                members = [team, *self._members(int(name[1:]))]
                more = {"next": str(at + 2)} if at + 2 < len(members) else {}
                return {"items": members[at : at + 2], "total": len(members), **more}
            case [_, name]:
                return self._person(kind, name) if is_person else self._team(kind, int(name[1:]))
            case _ if is_person:
                return self._slice([self._person(kind, name) for name in known], asked)
            case _:
                return self._slice([self._team(kind, at) for at in range(len(self.teams))], asked)

    def _slice(self, items: list[dict[str, Any]], asked: Mapping[str, str]) -> dict[str, Any]:
        start, size = int(asked.get("start", 0)), int(asked.get("size", len(items)))
        return {"items": items[start : start + size], "total": len(items)}

    def _person(self, kind: str, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.people if one["id"] == name]
        person = {"id": name, "login": f"Login{name[1:]}", "active": found["active"]}
        return {**person, "teams": self._teams(name)} if kind == "people_in" else person

    def _team(self, kind: str, at: int) -> dict[str, Any]:
        team = {"id": f"g{at}", "name": f"Team {at}"}
        return {**team, "members": self._members(at)} if kind == "teams_of" else team

    def _teams(self, name: str) -> list[dict[str, Any]]:
        return [{**group, "kind": "team"} for group in self.groups_of(name)]

    def _members(self, at: int) -> list[dict[str, Any]]:
        """The members, in another letter case than the people have, and one whom the people don't list."""
        names = [f"login{number}" for number in sorted(self.teams[at])]
        return [{"login": name, "kind": "person"} for name in [*names, f"gone{at}"]]
