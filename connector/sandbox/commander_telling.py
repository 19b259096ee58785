"""What a command that writes says: what it logs, what it prints, and users and teams as it prints them.

A double of Keeper's Commander 18.1.8, from its recordings and its source: the words and their order, that a user
who is locked has no other status, that a name counts in any case, and what `-v` adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connector.sandbox.enterprise import Enterprise
from connector.sandbox.tenant import Lock, Node, Person, Role, Team

__all__ = ["STATUS", "TRANSFER", "CommandFailed", "Told", "node_asked_for", "printed_team", "printed_user"]

STATUS = {Lock.ADMIN: "Locked", Lock.IDP: "Locked by IdP"}
TRANSFER = ("", "Not required", "Pending transfer", "Partially accepted", "Transfer accepted")


class CommandFailed(Exception):
    """The command ends with an error of the vendor's own, and has done nothing."""


@dataclass(slots=True)
class Told:
    """What a command logged, and what it printed; the service shows the log only if nothing is printed.

    `has_asked` is whether it wanted anything of the cloud: if not, it prints whom or what it is about.
    """

    log: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    has_asked: bool = False

    def done(self, line: str) -> None:
        self.log.append(line)
        self.has_asked = True


def node_asked_for(enterprise: Enterprise, wanted: str, told: Told, several: str) -> Node | None:
    """The node of this id or name; None where there is none or more than one, which is logged."""
    found = [node for node in enterprise.nodes if wanted == node.id or wanted.lower() == node.name.lower()]
    if len(found) == 1:
        return found[0]
    told.log.append(
        f'More than one {several} "{wanted}" are found' if found else f'Node "{wanted}" is not found'
    )
    return None


def printed_user(enterprise: Enterprise, person: Person, *, verbose: bool) -> Iterator[str]:
    yield f"User ID: {person.id}"
    yield f"Email: {person.email}"
    yield f"Display Name: {'' if person.display == person.email else person.display}"
    yield f"Node: {_with_id(person.node.path, person.node.id, verbose)}"
    yield f"Status: {STATUS.get(person.lock, 'Invited' if person.invited else 'Active')}"
    yield f"2FA Enabled: {person.has_2fa}"
    if person.transfer:
        yield f"Transfer Status: {TRANSFER[person.transfer]}"
    yield from _listed("Email Alias", sorted(person.aliases))
    yield from _listed("Team", _teams(person.teams, verbose))
    yield from _listed("Queued Team", _teams(person.queued_for, verbose))
    yield from _listed("Role", _roles(enterprise, person, verbose))


def printed_team(enterprise: Enterprise, team: Team, *, verbose: bool) -> Iterator[str]:
    what = "Queued Team" if team.queued else "Team"
    yield f"{what} UID: {team.uid}"
    yield f"{what} Name: {team.name}"
    yield f"Node: {_with_id(team.node.path, team.node.id, verbose)}"
    if not team.queued:
        view, edit, share = ("Yes" if is_hidden else "No" for is_hidden in team.hides)
        yield f"Restrict Edit?: {edit}"
        yield f"Restrict Share?: {share}"
        yield f"Restrict View?: {view}"
    roles = [role for role in enterprise.roles if any(one.uid == team.uid for one in role.teams)]
    shown = [f"{role.name:<24s} {role.id if verbose else ''}" for role in sorted(roles, key=_name_of)]
    yield from _listed("Role(s)", shown, between="")
    people = sorted(enterprise.people, key=lambda person: person.email)
    members = [person for person in people if any(one.uid == team.uid for one in person.teams)]
    shown = [_with_id(person.email, person.id, verbose) for person in members]
    yield from _listed("Active User(s)", shown, between="")
    waiting = [person for person in people if any(one.uid == team.uid for one in person.queued_for)]
    yield from _listed("Queued User(s)", [f"{p.email:<24s} {p.id if verbose else ''}" for p in waiting])


def _teams(teams: Iterable[Team], verbose: bool) -> list[str]:
    return [_with_id(team.name, team.uid, verbose) for team in sorted(teams, key=lambda team: team.name)]


def _roles(enterprise: Enterprise, person: Person, verbose: bool) -> list[str]:
    """Their own, then those of their teams, each with the last team that has it."""
    own = {role.id for role in person.roles}
    held = {team.uid for team in person.teams}
    through: dict[str, tuple[Role, str]] = {}
    for role in enterprise.roles:
        for team in role.teams:
            if team.uid in held and role.id not in own:
                through[role.id] = (role, team.name)
    named = [(role.name, role.id) for role in person.roles]
    named += [(f"{role.name} [{team}]", role.id) for role, team in through.values()]
    return [f"{name:<22s} {key if verbose else ''}" for name, key in named]


def _with_id(name: str, key: str, verbose: bool) -> str:
    return f"{name:<24s} [{key}]" if verbose else name


def _name_of(role: Role) -> str:
    return role.name


def _listed(title: str, lines: Iterable[str], between: str = ": ") -> Iterator[str]:
    """The title before the first line; before the others what stands between them where the vendor aligns."""
    for place, line in enumerate(lines):
        yield f"{title}: {line}" if place == 0 else f"{between}{line}"
