"""The rows of Commander's `enterprise-info` over a made-up customer, as plain values.

A double of Keeper's Commander 18.1.8. Read in its source, and so copied: the columns there are and those of
a report that names none; a column that is unknown is dropped; an empty text is left out of a record; status,
transfer status, paths, restrictions and queued teams; ids that are numbers but in the objects of `-v`; rows
sorted by their second column; what lies outside `--node` is unseen, and a member from there shows by id; a
pattern meets any displayed value as Python writes it, keys and quotes of lists and objects included.

Made up: that the order of a user's roles is the tenant's (the vendor's is that of a hash table), that no node
is isolated and no role enforces anything, which rights the administrator's role has, and that a node has no
other provisioning than SCIM.

A report follows from what the customer holds at that moment and what is asked. Some thousand rows take long enough to
keep them: a report is meant to be built once and asked often.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from connector.sandbox.commander_telling import STATUS, TRANSFER
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.shapes import Json
from connector.sandbox.tenant import Node, Person, Role, Team

__all__ = ["KINDS", "Asked", "Report", "report_of", "subtree", "to_json"]

_ADMIN_RIGHTS = ("manage_nodes", "manage_user", "manage_roles", "manage_teams")


_T = TypeVar("_T")
_Placed = TypeVar("_Placed", Person, Team, Role)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report: its kind, the columns as they were asked for, ids besides names, and the nodes to look at."""

    kind: str
    columns: frozenset[str]
    verbose: bool
    scope: frozenset[str]


@dataclass(frozen=True)
class Report:
    """Rows of values below their columns."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def matching(self, pattern: str) -> Report:
        """The rows that show the pattern anywhere, in any case; an empty one is in all of them."""
        if not pattern:
            return self
        sought = pattern.lower()
        hits = [row for row in self.rows if any(value and sought in str(value).lower() for value in row)]
        return Report(self.columns, hits)

    @property
    def records(self) -> list[Json]:
        return [
            {key: value for key, value in zip(self.columns, row, strict=True) if value not in (None, "")}
            for row in self.rows
        ]

    @cached_property
    def encoded(self) -> bytes:
        return to_json(self.records)

    @property
    def indented(self) -> str:
        """As the command prints it."""
        return json.dumps(self.records, indent=2)


def to_json(value: Any) -> bytes:
    """As Flask writes it: keys in order, ASCII only, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def subtree(nodes: Iterable[Node], top: Node) -> frozenset[str]:
    """The ids of a node and of all below it."""
    found = {top.id}
    for node in nodes:  # parents come first
        if node.parent is not None and node.parent.id in found:
            found.add(node.id)
    return frozenset(found)


def report_of(enterprise: Enterprise, asked: Asked) -> Report:
    view = _View(enterprise, asked)
    rows = _ROWS[asked.kind](view)
    return Report(rows.columns, sorted(rows.rows, key=lambda row: str(row[1])))


class _View:
    """The part of a customer that a report sees, and who belongs to what in it."""

    def __init__(self, enterprise: Enterprise, asked: Asked) -> None:
        people = enterprise.people
        self.endpoints = enterprise.endpoints
        self.scope = asked.scope
        self.verbose = asked.verbose
        self.asked = asked.columns
        self.people = self._seen(people)
        self.nodes = [node for node in enterprise.nodes if node.id in self.scope]
        self.teams = self._seen(enterprise.teams)
        self.queued_teams = self._seen(enterprise.queued_teams)
        self.roles = self._seen(enterprise.roles)
        self.members: dict[str, list[str]] = defaultdict(list)
        self.waiting: dict[str, list[str]] = defaultdict(list)
        self.holders: dict[str, list[str]] = defaultdict(list)
        for person in people:
            shown = person.email if person.node.id in self.scope else person.id
            for team in person.teams:
                self.members[team.uid].append(shown)
            for team in person.queued_for:
                self.waiting[team.uid].append(shown)
            for role in person.roles:
                self.holders[role.id].append(shown)
        self._place_of_team = {team.uid: place for place, team in enumerate(self.teams)}
        self.roles_of_team: dict[str, list[Role]] = defaultdict(list)
        for role in self.roles:
            for team in role.teams:
                self.roles_of_team[team.uid].append(role)

    def _seen(self, all_there_are: Iterable[_Placed]) -> list[_Placed]:
        return [one for one in all_there_are if one.node.id in self.scope]

    def teams_of(self, person: Person) -> list[Team]:
        seen = (team for team in person.teams if team.uid in self._place_of_team)
        return sorted(seen, key=lambda team: self._place_of_team[team.uid])

    def roles_of(self, person: Person) -> list[Role]:
        """Their own and those of their teams."""
        held = {role.id for role in person.roles}
        for team in self.teams_of(person):
            held.update(role.id for role in self.roles_of_team[team.uid])
        return [role for role in self.roles if role.id in held]

    def chosen(self, columns: Mapping[str, _T], default: Iterable[str]) -> dict[str, _T]:
        """The columns asked for, in the vendor's order."""
        wanted = self.asked or frozenset(default)
        return {name: value for name, value in columns.items() if name in wanted}


_Columns = Mapping[str, Callable[[_View, _T], Any]]


def _users(view: _View) -> Report:
    columns = view.chosen(_OF_USER, ("name", "status", "transfer_status", "node"))
    return _filled(
        view, view.people, columns, user_id=lambda user: int(user.id), email=lambda user: user.email
    )


def _teams(view: _View) -> Report:
    default = ("restricts", "node", "user_count", *(("queued_user_count",) if view.waiting else ()))
    columns = view.chosen(_OF_TEAM, default)
    teams = [*view.teams, *view.queued_teams]
    return _filled(view, teams, columns, team_uid=lambda team: team.uid, name=lambda team: team.name)


def _roles(view: _View) -> Report:
    columns = view.chosen(_OF_ROLE, ("default_role", "admin", "node", "user_count"))
    return _filled(view, view.roles, columns, role_id=lambda role: int(role.id), name=lambda role: role.name)


def _nodes(view: _View) -> Report:
    default = ("parent_node", "parent_id", "user_count", "team_count", "role_count")
    columns = view.chosen(_OF_NODE, default)
    if "provisioning" in columns:
        columns["scim_provisioning"] = columns.pop("provisioning")
    return _filled(view, view.nodes, columns, node_id=lambda node: int(node.id), name=lambda node: node.name)


_ROWS: Mapping[str, Callable[[_View], Report]] = {
    "nodes": _nodes,
    "users": _users,
    "teams": _teams,
    "roles": _roles,
}

KINDS = tuple(_ROWS)
"""Which reports there are; of several that are asked for, the first here is given."""


def _filled(
    view: _View, records: Iterable[_T], columns: _Columns[_T], **always: Callable[[_T], Any]
) -> Report:
    rows = [
        (
            *(value_of(record) for value_of in always.values()),
            *(value_of(view, record) for value_of in columns.values()),
        )
        for record in records
    ]
    return Report((*always, *columns), rows)


def _node_of_user(view: _View, user: Person) -> Any:
    path = user.node.path
    return {"node_id": user.node.id, "node_name": path} if view.verbose else path


def _teams_of_user(view: _View, user: Person) -> list[Any]:
    teams = view.teams_of(user)
    if not view.verbose:
        return [team.name for team in teams]
    return [{"team_uid": team.uid, "team_name": team.name} for team in teams]


def _roles_of_user(view: _View, user: Person) -> list[Any]:
    roles = view.roles_of(user)
    if not view.verbose:
        return [role.name for role in roles]
    return [{"role_id": role.id, "role_name": role.name} for role in roles]


_OF_USER: _Columns[Person] = {
    # An e-mail in place of a name is SCIM's way to show a user without one; Commander leaves the name out.
    "name": lambda _, user: "" if user.display == user.email else user.display,
    "status": lambda _, user: STATUS.get(user.lock, "Invited" if user.invited else "Active"),
    "transfer_status": lambda _, user: TRANSFER[user.transfer],
    "node": _node_of_user,
    "team_count": lambda view, user: len(view.teams_of(user)),
    "teams": _teams_of_user,
    "role_count": lambda view, user: len(view.roles_of(user)),
    "roles": _roles_of_user,
    "alias": lambda _, user: list(user.aliases),
    "2fa_enabled": lambda _, user: user.has_2fa or "",
    "job_title": lambda _, user: user.title or "",
}


def _restricts(_: _View, team: Team) -> str:
    if team.queued:
        return "Queued"
    return " ".join(sign if is_hidden else " " for sign, is_hidden in zip("RWS", team.hides, strict=True))


def _unless_queued(value_of: Callable[[_View, Team], Any]) -> Callable[[_View, Team], Any]:
    return lambda view, team: "" if team.queued else value_of(view, team)


_OF_TEAM: _Columns[Team] = {
    "restricts": _restricts,
    "node": lambda _, team: team.node.path,
    "user_count": _unless_queued(lambda view, team: len(view.members[team.uid])),
    "users": _unless_queued(lambda view, team: view.members[team.uid]),
    "queued_user_count": lambda view, team: len(view.waiting[team.uid]),
    "queued_users": lambda view, team: view.waiting[team.uid],
    "role_count": _unless_queued(lambda view, team: len(view.roles_of_team[team.uid])),
    "roles": _unless_queued(lambda view, team: [role.name for role in view.roles_of_team[team.uid]]),
}


def _teams_of_role(view: _View, role: Role) -> list[str]:
    seen = {team.uid for team in view.teams}
    return [team.name for team in role.teams if team.uid in seen]


def _permissions(_: _View, role: Role) -> list[Json]:
    return [
        {"node_id": int(node.id), "node_name": node.name, "cascade": True, "privileges": [*_ADMIN_RIGHTS]}
        for node in role.manages
    ]


_OF_ROLE: _Columns[Role] = {
    "visible_below": lambda _, role: bool(role.manages),
    "default_role": lambda _, role: role.is_default,
    "admin": lambda _, role: bool(role.manages),
    "node": lambda _, role: role.node.path,
    "user_count": lambda view, role: len(view.holders[role.id]),
    "users": lambda view, role: view.holders[role.id],
    "team_count": lambda _, role: len(role.teams),
    "teams": _teams_of_role,
    "enforcement_count": lambda _view, _role: 0,
    "enforcements": lambda _view, _role: {},
    "managed_node_count": lambda _, role: len(role.manages),
    "managed_nodes": lambda _, role: [node.name for node in role.manages],
    "managed_nodes_permissions": _permissions,
}


def _at(node: Node, all_there_are: Iterable[_Placed]) -> list[_Placed]:
    return [one for one in all_there_are if one.node.id == node.id]


_OF_NODE: _Columns[Node] = {
    "parent_node": lambda _, node: node.parent.path if node.parent else "",
    "parent_id": lambda _, node: int(node.parent.id) if node.parent else None,
    "user_count": lambda view, node: len(_at(node, view.people)),
    "users": lambda view, node: [user.email for user in _at(node, view.people)],
    "team_count": lambda view, node: len(_at(node, view.teams)),
    "teams": lambda view, node: [team.name for team in _at(node, view.teams)],
    "role_count": lambda view, node: len(_at(node, view.roles)),
    "roles": lambda view, node: [role.name for role in _at(node, view.roles)],
    "provisioning": lambda view, node: "active" if node.id in view.endpoints else None,
    "isolated": lambda _view, _node: False,
}
