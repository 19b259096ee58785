"""What the SCIM endpoint of one node shows of the customer, as encoded records.

A double of Keeper's cloud. Documented, and so copied: an endpoint shows its own node, without those below it.
Made up, because nothing is known: which teams it shows (those of its node, also those that wait for approval,
since whoever made one must be able to read it), that a team's members are those of the node who are in it, and
that a membership which waits is shown nowhere (or, if so wanted, at the user like any other).

A record is encoded once and again when it has changed; a listing follows what the customer holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from connector.sandbox.enterprise import Endpoint, Enterprise
from connector.sandbox.shapes import Json, group_record, member_record, user_record
from connector.sandbox.tenant import Person, Team

__all__ = ["Listing"]


class Listing:
    """The users and groups of one endpoint, by id, in the order in which they came."""

    def __init__(self, enterprise: Enterprise, endpoint: Endpoint, shows_waiting: bool) -> None:
        self._enterprise = enterprise
        self._endpoint = endpoint
        self._shows_waiting = shows_waiting
        self._version = -1
        self._users: dict[str, Person] = {}
        self._groups: dict[str, Team] = {}
        self._members: dict[str, list[Json]] = {}
        self._encoded: dict[str, tuple[Person, bytes]] = {}

    @property
    def users(self) -> Mapping[str, Person]:
        self._look()
        return self._users

    @property
    def groups(self) -> Mapping[str, Team]:
        self._look()
        return self._groups

    def user(self, person: Person) -> bytes:
        known = self._encoded.get(person.id)
        if known is None or known[0] is not person:
            waited = person.queued_for if self._shows_waiting else ()
            record = user_record(person, (*person.teams, *waited))
            known = self._encoded[person.id] = (person, msgspec.json.encode(record))
        return known[1]

    def group(self, team: Team, *, with_members: bool) -> bytes:
        self._look()
        record = group_record(team)
        return msgspec.json.encode(
            {**record, "members": self._members.get(team.uid, [])} if with_members else record
        )

    def _look(self) -> None:
        """Anew if something has changed."""
        if self._version == self._enterprise.version:
            return
        self._version = self._enterprise.version
        self._users = {one.id: one for one in self._enterprise.people if self._endpoint.shows(one)}
        teams = (*self._enterprise.teams, *self._enterprise.queued_teams)
        self._groups = {team.uid: team for team in teams if team.node == self._endpoint.node}
        members: dict[str, list[Json]] = defaultdict(list)
        for person in self._users.values():
            for team in person.teams:
                members[team.uid].append(member_record(person))
        self._members = members
        for key in self._encoded.keys() - self._users.keys():
            del self._encoded[key]
