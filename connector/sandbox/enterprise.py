"""The made-up customer as it is now: the tenant that was drawn, and all that has been changed since.

A double of what Keeper's cloud holds. Every api of the sandbox shows and changes this one, so what is written by
one is seen by the others. Documented, and so copied: a new user is invited and takes a seat, an address is used
once, a membership waits where the user is not active or the team is not approved, a deleted team takes its
memberships with it.

Made up: that addresses are compared without regard to case and with aliases left out, that a deleted user's seat
and address are free at once, the ids of what is new. What each api makes of a change stands with the api.

No change is ever half done: what cannot be done is refused before anything is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.draws import text_of
from connector.sandbox.events import CONSOLE, Agent, Events, Now, utc_now
from connector.sandbox.tenant import Node, Person, Role, Team, Tenant, user_id

__all__ = ["EmailTaken", "Endpoint", "Enterprise", "SeatsUsedUp"]


class EmailTaken(Exception):
    """There is a user with this address."""


class SeatsUsedUp(Exception):
    """Every licensed seat has its user."""


@dataclass(slots=True)
class Endpoint:
    """The SCIM endpoint of one node, and what opens it: for ever, or for so many calls more."""

    node: Node
    token: str = field(repr=False)
    calls_left: int | None = None
    also: frozenset[str] = frozenset()
    """Ids of users that it shows besides those of its node."""

    def shows(self, person: Person) -> bool:
        return person.node == self.node or person.id in self.also

    def admit(self) -> bool:
        """Whether its token opens it for this call."""
        if self.calls_left is None:
            return True
        self.calls_left -= 1
        return self.calls_left >= 0


class Enterprise:
    """What the customer holds; `version` grows with every change, and `events` tell of it.

    `seats` is how many users fit, None for any. `by` is through what a change is made.
    """

    def __init__(self, tenant: Tenant, seats: int | None = None, now: Now = utc_now) -> None:
        self.tenant = tenant
        self.events = Events(tenant, now)
        self.seats = seats
        self.version = 0
        self.nodes = tenant.nodes
        self.roles: Sequence[Role] = tenant.roles
        self.endpoints = {
            node.id: Endpoint(node, token)
            for node, token in zip(tenant.nodes[1:], tenant.tokens, strict=True)
        }
        self._people = {person.id: person for person in tenant.people}
        self._teams = {team.uid: team for team in (*tenant.teams, *tenant.queued_teams)}
        self._by_email = {person.email.casefold(): person.id for person in tenant.people}
        self._next_place = len(tenant.people)
        self._teams_added = 0

    @property
    def people(self) -> Collection[Person]:
        """In the order in which they came."""
        return self._people.values()

    @property
    def teams(self) -> list[Team]:
        """Those that are approved."""
        return [team for team in self._teams.values() if not team.queued]

    @property
    def queued_teams(self) -> list[Team]:
        return [team for team in self._teams.values() if team.queued]

    def expire_token(self, node_id: str, after: int = 0) -> None:
        """The token of this node's endpoint opens it for so many calls more, and no others."""
        self.endpoints[node_id].calls_left = after

    def renew_token(self, node_id: str) -> str:
        """A new token, in place of the old one."""
        endpoint = self.endpoints[node_id]
        endpoint.token = text_of(self.tenant.enterprise_id, f"after {endpoint.token}", 32)
        endpoint.calls_left = None
        return endpoint.token

    def show_in(self, node_id: str, key: str) -> None:
        """This node's endpoint shows, and changes, this user too, wherever they are."""
        self.endpoints[node_id].also |= {key}
        self.version += 1

    def person(self, key: str) -> Person | None:
        return self._people.get(key)

    def person_of(self, email: str) -> Person | None:
        """Whoever has this address, in any case."""
        return self._people.get(self._by_email.get(email.casefold(), ""))

    def team(self, uid: str) -> Team | None:
        return self._teams.get(uid)

    def invite(self, email: str, node: Node, by: Agent = CONSOLE, **facts: Any) -> Person:
        """Raises EmailTaken and SeatsUsedUp. `facts` are fields of a Person."""
        if email.casefold() in self._by_email:
            raise EmailTaken(email)
        if self.seats is not None and len(self._people) >= self.seats:
            raise SeatsUsedUp(f"all {self.seats} licensed seats are in use")
        key = user_id(self.tenant.enterprise_id, self._next_place)
        self._next_place += 1
        self._by_email[email.casefold()] = key
        known = {name: value for name, value in facts.items() if value is not None}
        self.events.add("send_invitation", by, email=email)
        return self._keep(Person(id=key, email=email, node=node, invited=True, **{"display": email} | known))

    def invite_again(self, person: Person, by: Agent = CONSOLE) -> None:
        self.events.add("send_invitation", by, email=person.email)

    def update(self, person: Person, by: Agent = CONSOLE, **facts: Any) -> Person:
        """The person as they are then; of the `facts` none may be the id, the address or the teams."""
        changed = replace(person, **facts)
        if changed == person:
            return person
        for kind, more in _differences(person, changed):
            self.events.add(kind, by, to_username=person.email, **more)
        return self._keep(changed)

    def delete(self, person: Person, by: Agent = CONSOLE) -> None:
        del self._people[person.id]
        del self._by_email[person.email.casefold()]
        self.events.add("delete_user", by, to_username=person.email)
        self.version += 1

    def add_team(self, name: str, node: Node, by: Agent = CONSOLE, *, queued: bool, **facts: Any) -> Team:
        self._teams_added += 1
        uid = text_of(self.tenant.enterprise_id, f"added team {self._teams_added}", 16)
        self._teams[uid] = team = Team(uid, name, node=node, queued=queued, **{"external_id": None} | facts)
        self.events.add("create_team", by, team_uid=uid)
        self.version += 1
        return team

    def update_team(self, team: Team, by: Agent = CONSOLE, **facts: Any) -> Team:
        """The team as it is then, with its members and roles; `queued=False` approves it."""
        changed = replace(team, **facts)
        if changed != team:
            self._teams[team.uid] = changed
            self.events.add("update_team", by, team_uid=team.uid)
            self._everywhere(team, lambda teams: _swapped(teams, team, changed))
        return changed

    def delete_team(self, team: Team, by: Agent = CONSOLE) -> None:
        del self._teams[team.uid]
        self.events.add("delete_team", by, team_uid=team.uid)
        self._everywhere(team, lambda teams: _without(teams, team))

    def join(self, person: Person, team: Team, by: Agent = CONSOLE, *, queued: bool) -> Person:
        """In place of waiting where it is not `queued`; nothing changes for a member, or for one who waits already."""
        if _holds(person.teams, team) or (queued and _holds(person.queued_for, team)):
            return person
        kind = "queued_for_team" if queued else "added_to_team"
        self.events.add(kind, by, to_username=person.email, team_uid=team.uid)
        if queued:
            return self._keep(replace(person, queued_for=(*person.queued_for, team)))
        waits = _without(person.queued_for, team)
        return self._keep(replace(person, teams=(*person.teams, team), queued_for=waits))

    def leave(self, person: Person, team: Team, by: Agent = CONSOLE) -> Person:
        """Neither in the team nor waiting for it."""
        if not _holds((*person.teams, *person.queued_for), team):
            return person
        self.events.add("removed_from_team", by, to_username=person.email, team_uid=team.uid)
        teams, waits = _without(person.teams, team), _without(person.queued_for, team)
        return self._keep(replace(person, teams=teams, queued_for=waits))

    def _keep(self, person: Person) -> Person:
        self._people[person.id] = person
        self.version += 1
        return person

    def _everywhere(self, team: Team, change: Callable[[tuple[Team, ...]], tuple[Team, ...]]) -> None:
        for person in [*self._people.values()]:
            if _holds(person.teams, team) or _holds(person.queued_for, team):
                self._people[person.id] = replace(
                    person, teams=change(person.teams), queued_for=change(person.queued_for)
                )
        self.roles = [replace(role, teams=change(role.teams)) for role in self.roles]
        self.version += 1


def _holds(teams: Collection[Team], team: Team) -> bool:
    return any(one.uid == team.uid for one in teams)


def _without(teams: Collection[Team], team: Team) -> tuple[Team, ...]:
    return tuple(one for one in teams if one.uid != team.uid)


def _swapped(teams: Collection[Team], team: Team, other: Team) -> tuple[Team, ...]:
    return tuple(other if one.uid == team.uid else one for one in teams)


def _differences(before: Person, now: Person) -> Iterator[tuple[str, dict[str, str]]]:
    """The events that a change of somebody is, each with the fields that it has besides."""
    if before.lock is not now.lock:
        yield ("lock_user" if now.locked else "unlock_user"), {}
    if before.node != now.node:
        yield "move_user", {"node": now.node.id}
    held, holds = ({role.id for role in person.roles} for person in (before, now))
    for kind, ids in (("removed_from_role", held - holds), ("added_to_role", holds - held)):
        yield from ((kind, {"role_id": key}) for key in sorted(ids))
    if replace(before, lock=now.lock, node=now.node, roles=now.roles) != now:
        yield "update_user", {}
