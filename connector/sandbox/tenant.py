"""A made-up customer of the vendor: people, teams, nodes and roles, the same for the same (users, seed, nodes).

A double of what Keeper's cloud would hold. Documented, and so copied: users, nodes and roles have
enterprise-wide ids whose upper bits are the customer's, teams have a uid of 16 bytes in base64url, an invited
user counts like any other, `externalId` stands only where an identity provider set it, team names may repeat,
a new team or a new member waits in a queue until a client shares the team's key. Made up: every name, number
and share, that an invited user is in no team yet (only queued for one), and that people are in teams of any
node.

Nothing here reads a clock, a file or the process's randomness, and nothing depends on Python's version:
each fact is drawn from a digest of the seed, so the first people of a larger tenant are those of a smaller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from connector.errors import ConfigurationInvalid
from connector.sandbox.draws import Draw, text_of
from connector.sandbox.names import CULTURES, ONE_NAMES, PLACES, TEAMS, TITLES

__all__ = ["DOMAIN", "Lock", "Node", "Person", "Role", "Team", "Tenant", "build_tenant", "user_id"]

DOMAIN = "acme.example"
COMPANY = "Acme Corp"

# Shares in percent. Over 300 people each of them is there for practically every seed.
_INVITED = 8
_LOCKED = 6
_NAMELESS = 5
_ONE_NAME = 5
_SHOWN_AS_EMAIL = 6
_TITLED = 40
_EXTERNAL = 60
_EMPTY_TEAM = 10
_LOCKED_BY_IDP = 50  # of those who are locked
_TWO_FACTOR = 55
_ALIAS = 15
_QUEUED = 30  # of those who are invited: for a team that there is

_USERS_PER_TEAM = 12
_FEWEST_TEAMS = 6
_ALWAYS_EMPTY = 5  # the place of the one team that has nobody whatever is drawn
_TEAMS_OF_ONE = (0, 1, 1, 1, 2, 2, 3)

_ROOT_SERIAL = 2
_NODE_SERIAL = 5
_ROLE_SERIAL = 100
_NODES = ("People", "Sales", "Ingeniería", "R&D", "Field service")
_ROLES = ("Keeper Administrator", "Everyone", "Developers", "Auditors")
_QUEUED_TEAMS = ("From SCIM", "Équipe d'été")
_FIRST_SERIAL = 234
_SERIAL_STEP = 7


class Lock(Enum):
    """Who locked a user: nobody, an administrator, or the identity provider. The values are the vendor's."""

    NONE = 0
    ADMIN = 1
    IDP = 2


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tenant's tree; the root has no parent."""

    id: str
    name: str
    parent: Node | None = None

    @property
    def path(self) -> str:
        """The names from the root on, as the vendor's Commander writes them."""
        return self.name if self.parent is None else f"{self.parent.path}\\{self.name}"


@dataclass(frozen=True, slots=True)
class Team:
    """One team; who is in it stands at the people. `queued`: it waits for approval, and nobody is in it yet."""

    uid: str
    name: str
    external_id: str | None
    node: Node
    queued: bool = False
    hides: tuple[bool, bool, bool] = (False, False, False)
    """Whether it restricts viewing, editing, sharing."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role; `teams` have it as a whole, and it administers the nodes of `manages` with all below them."""

    id: str
    name: str
    node: Node
    is_default: bool = False
    teams: tuple[Team, ...] = ()
    manages: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """One user. `given` alone is a person with one name; without both the vendor knows an e-mail only."""

    id: str
    email: str
    display: str
    node: Node
    given: str | None = None
    family: str | None = None
    title: str | None = None
    external_id: str | None = None
    invited: bool = False
    lock: Lock = Lock.NONE
    teams: tuple[Team, ...] = ()
    roles: tuple[Role, ...] = ()
    """Roles of their own; those of their teams come besides."""
    aliases: tuple[str, ...] = ()
    has_2fa: bool = False
    transfer: int = 0
    """Account transfer as the vendor numbers it: 0 undefined, 1 not required, 2 pending, 3 partial, 4 accepted."""
    queued_for: tuple[Team, ...] = ()
    """Teams that they wait to be let into."""

    @property
    def locked(self) -> bool:
        return self.lock is not Lock.NONE


@dataclass(frozen=True, slots=True)
class Tenant:
    """A whole customer. `people` are in the order in which they came.

    Each node below the root has a SCIM endpoint that its own one of `tokens` opens, `scim_node` the first of them;
    `api_key` opens the Commander service of all nodes. The first of the people is its administrator. `queued_teams`
    are not among `teams`.
    """

    enterprise_id: int
    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    queued_teams: tuple[Team, ...]
    nodes: tuple[Node, ...]
    """The root first, then the others, which are the SCIM nodes."""
    roles: tuple[Role, ...]
    tokens: tuple[str, ...] = field(repr=False)
    """Of the nodes but the root, in their order."""
    api_key: str = field(repr=False)
    partner_secret: str = field(repr=False)
    """The salt of the partner API's hash."""
    admin_token: str = field(repr=False)
    """Opens the Admin REST API."""

    @property
    def scim_node(self) -> Node:
        return self.nodes[1]

    @property
    def node_id(self) -> str:
        return self.scim_node.id

    @property
    def token(self) -> str:
        """Of the first SCIM endpoint."""
        return self.tokens[0]


def build_tenant(users: int, seed: int, nodes: int = 1) -> Tenant:
    """The tenant of so many users; `seed` chooses another one of the same make.

    The users and teams are spread over so many `nodes` below the root.
    """
    if users < 0:
        raise ConfigurationInvalid(f"sandbox: {users} users; allowed are 0 and more")
    if not 1 <= nodes <= len(_NODES):
        raise ConfigurationInvalid(f"sandbox: {nodes} nodes; allowed are 1 to {len(_NODES)}")
    draw = Draw(seed, "enterprise")
    enterprise_id = 5_000 + draw.below(245_000)
    root = Node(str(enterprise_id << 32 | _ROOT_SERIAL), COMPANY)
    below = tuple(
        Node(str(enterprise_id << 32 | _NODE_SERIAL + place), name, root)
        for place, name in enumerate(_NODES[:nodes])
    )
    count = max(_FEWEST_TEAMS, round(users / _USERS_PER_TEAM))
    teams = tuple(_team(seed, place, _node_of_team(seed, place, below)) for place in range(count))
    filled = [team for place, team in enumerate(teams) if place == 0 or not _is_empty(seed, place)]
    waiting = tuple(
        Team(text_of(seed, f"queued team {place}", 16), name, None, below[0], queued=True)
        for place, name in enumerate(_QUEUED_TEAMS)
    )
    roles = tuple(
        Role(
            str(enterprise_id << 32 | _ROLE_SERIAL + place),
            name,
            root if place == 0 else below[0],
            is_default=name == "Everyone",
            teams=teams[place : place + 1] if name == "Developers" else (),
            manages=(root,) if place == 0 else (),
        )
        for place, name in enumerate(_ROLES)
    )
    seen: Counter[str] = Counter()
    people = [
        _person(seed, index, user_id(enterprise_id, index), below[0], filled, seen) for index in range(users)
    ]
    return Tenant(
        enterprise_id=enterprise_id,
        people=tuple(
            _settled(seed, index, person, below, roles, (*teams, *waiting))
            for index, person in enumerate(people)
        ),
        teams=teams,
        queued_teams=waiting,
        nodes=(root, *below),
        roles=roles,
        tokens=tuple(
            text_of(seed, "token" if place == 0 else f"token {place}", 32) for place in range(len(below))
        ),
        api_key=text_of(seed, "api key", 32),
        partner_secret=text_of(seed, "partner secret", 24),
        admin_token=text_of(seed, "admin token", 32),
    )


def user_id(enterprise_id: int, index: int) -> str:
    """The id of the user who comes at this place, drawn or added later."""
    return str(enterprise_id << 32 | _FIRST_SERIAL + _SERIAL_STEP * index)


def _is_empty(seed: int, place: int) -> bool:
    return place == _ALWAYS_EMPTY or Draw(seed, "empty", place).chance(_EMPTY_TEAM)


def _node_of_team(seed: int, place: int, nodes: Sequence[Node]) -> Node:
    """The first team is always in the first node, the others are spread."""
    return nodes[0] if place == 0 else Draw(seed, "node of team", place).pick(nodes)


def _team(seed: int, place: int, node: Node) -> Team:
    draw = Draw(seed, "team", place)
    if place < len(TEAMS):
        name = TEAMS[place]
    elif place == len(TEAMS):
        name = TEAMS[0]  # a second team of the same name
    else:
        name = f"{draw.pick(TEAMS)} {draw.pick(PLACES)}"
    external = f"00g{text_of(seed, f'team external {place}', 12)}" if draw.chance(33) else None
    hides = Draw(seed, "restrictions", place)
    return Team(
        text_of(seed, f"team {place}", 16),
        name,
        external,
        node,
        hides=(hides.chance(10), hides.chance(20), hides.chance(30)),
    )


def _person(
    seed: int, index: int, user_id: str, node: Node, teams: Sequence[Team], seen: Counter[str]
) -> Person:
    draw = Draw(seed, "person", index)
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
        node=node,
        given=None if nameless else given.written,
        family=None if nameless else family_written,
        title=draw.pick(TITLES) if draw.chance(_TITLED) else None,
        external_id=f"00u{text_of(seed, f'external {index}', 12)}" if draw.chance(_EXTERNAL) else None,
        invited=invited,
        lock=Lock.ADMIN if locked else Lock.NONE,
        teams=() if invited else _memberships(Draw(seed, "teams", index), teams),
    )


def _memberships(draw: Draw, teams: Sequence[Team]) -> tuple[Team, ...]:
    # The lesser of two draws: some teams are large, most are small.
    found = [
        teams[min(draw.below(len(teams)), draw.below(len(teams)))] for _ in range(draw.pick(_TEAMS_OF_ONE))
    ]
    return tuple(dict.fromkeys(found))


def _settled(
    seed: int, index: int, person: Person, nodes: Sequence[Node], roles: Sequence[Role], teams: Sequence[Team]
) -> Person:
    """The person with what only the vendor's Commander tells of them; the first one administers the tenant."""
    draw = Draw(seed, "settled", index)
    by_idp, two_factor, has_alias = draw.chance(_LOCKED_BY_IDP), draw.chance(_TWO_FACTOR), draw.chance(_ALIAS)
    transfer = draw.below(5)
    own = [role for role in roles[1:] if draw.chance(30)]
    waits = draw.chance(_QUEUED)
    queued_for = draw.pick(teams)
    is_admin = index == 0
    local, _, domain = person.email.partition("@")
    return replace(
        person,
        invited=person.invited and not is_admin,
        lock=Lock.NONE if is_admin else Lock.IDP if person.locked and by_idp else person.lock,
        node=Draw(seed, "node", index).pick(nodes),
        roles=tuple([*roles[:1], *own] if is_admin else [] if person.invited else own),
        aliases=(f"{local}.alias@{domain}",) if has_alias and not person.invited else (),
        has_2fa=two_factor and not person.invited,
        transfer=0 if person.invited else transfer,
        queued_for=(queued_for,) if person.invited and waits and not is_admin else (),
    )
