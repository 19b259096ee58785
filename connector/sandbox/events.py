"""What happened at a made-up customer: a history that was drawn, and an event for each change since.

A double of Keeper's audit log. Documented or read in the vendor's code, and so copied: the names `login`,
`send_invitation`, `accept_invitation` and `lock_user`, that an invitation names its target in `email` and a lock in
`to_username`, the version and the address of who did it. Recorded: `delete_user`, and what is said of it and of a
lock. Made up: all other names and sentences, their numbers and categories, the place, and who acts where an identity
provider does; that an event is there at once (the vendor's takes minutes).

The history is counted back from the moment at which the sandbox is made, and drawn from the tenant alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from connector.sandbox.draws import Draw
from connector.sandbox.tenant import Person, Tenant

__all__ = ["COMMANDER", "CONSOLE", "KINDS", "SCIM", "Agent", "Event", "Events", "Kind", "Now", "utc_now"]

Now = Callable[[], datetime]

_DAY = 86_400
_REMEMBERED = 500  # people whose history is drawn
_PLACE = "Dublin, IE"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: its number, its category, and the sentence that is made of an event's fields."""

    number: int
    category: str
    sentence: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "login": Kind(1, "login", "User ${username} logged in"),
        "send_invitation": Kind(10, "usage", "Invitation sent to ${email}"),
        "accept_invitation": Kind(11, "usage", "User ${username} accepted the invitation"),
        "lock_user": Kind(20, "security", "User ${to_username} was locked by ${username}"),
        "unlock_user": Kind(21, "security", "User ${to_username} was unlocked by ${username}"),
        "delete_user": Kind(22, "security", "User ${to_username} was deleted"),
        "update_user": Kind(23, "usage", "User ${to_username} was updated by ${username}"),
        "move_user": Kind(24, "usage", "User ${to_username} was moved by ${username}"),
        "added_to_role": Kind(30, "security", "User ${to_username} was added to role ${role_id}"),
        "removed_from_role": Kind(31, "security", "User ${to_username} was removed from role ${role_id}"),
        "create_team": Kind(40, "usage", "Team ${team_uid} was created by ${username}"),
        "update_team": Kind(41, "usage", "Team ${team_uid} was updated by ${username}"),
        "delete_team": Kind(42, "usage", "Team ${team_uid} was deleted by ${username}"),
        "added_to_team": Kind(43, "usage", "User ${to_username} was added to team ${team_uid}"),
        "queued_for_team": Kind(44, "usage", "User ${to_username} waits for team ${team_uid}"),
        "removed_from_team": Kind(45, "usage", "User ${to_username} was removed from team ${team_uid}"),
    }
)


@dataclass(frozen=True, slots=True)
class Agent:
    """Through what something is done, and who is said to do it; without a name it is the administrator."""

    version: str
    address: str
    name: str | None = None


CONSOLE = Agent("EM Console 17.1.0", "203.0.113.9")
COMMANDER = Agent("Commander 18.1.8", "203.0.113.10")
SCIM = Agent("SCIM", "198.51.100.7", "SCIM")
_VAULT = Agent("Web App 17.1.0", "203.0.113.77")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `at` is in seconds since 1970, `facts` are the fields that only this kind has."""

    at: int
    kind: str
    username: str
    agent: Agent
    facts: Mapping[str, str]
    place: str = _PLACE


def utc_now() -> datetime:
    return datetime.now(UTC)


class Events:
    """All that happened, the oldest first; one is only ever added at the end."""

    def __init__(self, tenant: Tenant, now: Now) -> None:
        self.now = now
        self._administrator = tenant.people[0].email if tenant.people else ""
        moment = int(now().timestamp())
        self._kept = sorted(_history(tenant, moment, self._administrator), key=lambda event: event.at)

    @property
    def all(self) -> Sequence[Event]:
        return self._kept

    def add(self, kind: str, by: Agent, **facts: str) -> None:
        at = max(int(self.now().timestamp()), self._kept[-1].at if self._kept else 0)
        self._kept.append(Event(at, kind, by.name or self._administrator, by, facts))


def _history(tenant: Tenant, moment: int, administrator: str) -> Iterator[Event]:
    for index, person in enumerate(tenant.people[:_REMEMBERED]):
        yield from _life(person, Draw(tenant.enterprise_id, "life", index), moment, administrator)


def _life(person: Person, draw: Draw, moment: int, administrator: str) -> Iterator[Event]:
    invited = moment - draw.below(70 * _DAY) - 20 * _DAY
    yield Event(invited, "send_invitation", administrator, CONSOLE, {"email": person.email})
    if person.invited:
        return
    yield Event(invited + 1 + draw.below(_DAY), "accept_invitation", person.email, _VAULT, {})
    for _ in range(draw.below(4)):
        yield Event(moment - draw.below(19 * _DAY), "login", person.email, _VAULT, {})
    if person.locked:
        at = moment - draw.below(10 * _DAY)
        yield Event(at, "lock_user", administrator, CONSOLE, {"to_username": person.email})
