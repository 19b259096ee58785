"""A made-up customer of the vendor: people, teams and memberships, the same for the same (users, seed).

A double of what Keeper's cloud would hold. Documented, and so copied: users have one enterprise-wide id
whose upper bits are the customer's, teams have a uid of 16 bytes in base64url, an invited user counts like
any other, `externalId` stands only where an identity provider set it, team names may repeat. Made up: every
name, number and share, and that an invited user is in no team yet (the vendor queues such memberships).

Nothing here reads a clock, a file or the process's randomness, and nothing depends on Python's version:
each fact is drawn from a digest of the seed, so the first people of a larger tenant are those of a smaller.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

from connector.errors import ConfigurationInvalid
from connector.sandbox.names import CULTURES, ONE_NAMES, PLACES, TEAMS, TITLES

__all__ = ["DOMAIN", "Person", "Team", "Tenant", "build_tenant", "user_id"]

DOMAIN = "acme.example"

# Shares in percent. Over 300 people each of them is there for practically every seed.
_INVITED = 8
_LOCKED = 6
_NAMELESS = 5
_ONE_NAME = 5
_SHOWN_AS_EMAIL = 6
_TITLED = 40
_EXTERNAL = 60
_EMPTY_TEAM = 10

_USERS_PER_TEAM = 12
_FEWEST_TEAMS = 6
_ALWAYS_EMPTY = 5  # the place of the one team that has nobody whatever is drawn
_TEAMS_OF_ONE = (0, 1, 1, 1, 2, 2, 3)

_NODE_SERIAL = 5
_FIRST_SERIAL = 234
_SERIAL_STEP = 7

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Team:
    """One team; who is in it stands at the people."""

    uid: str
    name: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """One user. `given` alone is a person with one name; without both the vendor knows an e-mail only."""

    id: str
    email: str
    display: str
    given: str | None = None
    family: str | None = None
    title: str | None = None
    external_id: str | None = None
    invited: bool = False
    locked: bool = False
    teams: tuple[Team, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    """Everyone in one node, in the order in which they came; the token opens its SCIM api."""

    enterprise_id: int
    node_id: str
    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    token: str = field(repr=False)


class _Draw:
    """Choices that follow from a key alone; good for about 240 bits of them."""

    def __init__(self, *key: object) -> None:
        digest = blake2b("/".join(map(str, key)).encode(), digest_size=32).digest()
        self._left = int.from_bytes(digest, "big")

    def below(self, limit: int) -> int:
        self._left, value = divmod(self._left, limit)
        return value

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))]


def build_tenant(users: int, seed: int) -> Tenant:
    """The tenant of so many users; `seed` chooses another one of the same make."""
    if users < 0:
        raise ConfigurationInvalid(f"sandbox: {users} users; allowed are 0 and more")
    draw = _Draw(seed, "enterprise")
    enterprise_id = 5_000 + draw.below(245_000)
    teams = tuple(_team(seed, place) for place in range(max(_FEWEST_TEAMS, round(users / _USERS_PER_TEAM))))
    filled = [team for place, team in enumerate(teams) if place == 0 or not _is_empty(seed, place)]
    seen: Counter[str] = Counter()
    return Tenant(
        enterprise_id=enterprise_id,
        node_id=str(enterprise_id << 32 | _NODE_SERIAL),
        people=tuple(
            _person(seed, index, user_id(enterprise_id, index), filled, seen) for index in range(users)
        ),
        teams=teams,
        token=_text(seed, "token", 32),
    )


def user_id(enterprise_id: int, index: int) -> str:
    """The id of the user who comes at this place, drawn or added later."""
    return str(enterprise_id << 32 | _FIRST_SERIAL + _SERIAL_STEP * index)


def _is_empty(seed: int, place: int) -> bool:
    return place == _ALWAYS_EMPTY or _Draw(seed, "empty", place).chance(_EMPTY_TEAM)


def _text(seed: int, what: str, length: int) -> str:
    digest = blake2b(f"{seed}/{what}".encode(), digest_size=length).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _team(seed: int, place: int) -> Team:
    draw = _Draw(seed, "team", place)
    if place < len(TEAMS):
        name = TEAMS[place]
    elif place == len(TEAMS):
        name = TEAMS[0]  # a second team of the same name
    else:
        name = f"{draw.pick(TEAMS)} {draw.pick(PLACES)}"
    external = f"00g{_text(seed, f'team external {place}', 12)}" if draw.chance(33) else None
    return Team(_text(seed, f"team {place}", 16), name, external)


def _person(seed: int, index: int, user_id: str, teams: Sequence[Team], seen: Counter[str]) -> Person:
    draw = _Draw(seed, "person", index)
    invited = draw.chance(_INVITED)
    locked = not invited and draw.chance(_LOCKED)
    nameless = draw.chance(_NAMELESS)
    culture = draw.pick(CULTURES)
    given, family = draw.pick(culture.given), draw.pick(culture.family)
    if draw.chance(_ONE_NAME):
        given = draw.pick(ONE_NAMES)
        plain, display, family_written = given.plain, given.written, None
    else:
        plain, family_written = f"{given.plain}.{family.plain}", family.written
        order = (family, given) if culture.family_first else (given, family)
        display = culture.between.join(name.written for name in order)
    seen[plain] += 1
    email = f"{plain if seen[plain] == 1 else f'{plain}{seen[plain]}'}@{DOMAIN}"
    return Person(
        id=user_id,
        email=email,
        display=email if nameless or draw.chance(_SHOWN_AS_EMAIL) else display,
        given=None if nameless else given.written,
        family=None if nameless else family_written,
        title=draw.pick(TITLES) if draw.chance(_TITLED) else None,
        external_id=f"00u{_text(seed, f'external {index}', 12)}" if draw.chance(_EXTERNAL) else None,
        invited=invited,
        locked=locked,
        teams=() if invited else _memberships(_Draw(seed, "teams", index), teams),
    )


def _memberships(draw: _Draw, teams: Sequence[Team]) -> tuple[Team, ...]:
    # The lesser of two draws: some teams are large, most are small.
    found = [
        teams[min(draw.below(len(teams)), draw.below(len(teams)))] for _ in range(draw.pick(_TEAMS_OF_ONE))
    ]
    return tuple(dict.fromkeys(found))
