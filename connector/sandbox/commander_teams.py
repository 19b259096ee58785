"""`enterprise-team` and `team-approve`: create, rename, approve and delete teams, and say who is in them.

A double of Keeper's Commander 18.1.8, from its recordings, its source and its real service over a doubled cloud: the
texts (two spaces where a word is left out; a new team's members told by its uid), that a team is found by uid or name
and, of several of a name, the last; that only a member who has accepted, in an approved team, is added at once, and
any other waits; that `team-approve` lets in who has accepted and is not locked, and that what it says has the word
failure in it, so that the service calls it one.

Left out: roles of teams, who sees no shared folders, `--dry-run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.sandbox.commander_line import ApprovalOptions, TeamOptions
from connector.sandbox.commander_telling import CommandFailed, Told, node_asked_for, printed_team
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.events import COMMANDER
from connector.sandbox.tenant import Node, Person, Team

__all__ = ["approve", "change_teams"]

_LONGEST_NAME = 255
_LONGEST_SHOWN = 40


def change_teams(enterprise: Enterprise, options: TeamOptions) -> Told:
    """Raises CommandFailed, before anything is changed."""
    told = Told()
    node = None
    if options.node:
        node = node_asked_for(enterprise, options.node, told, "node")
        if node is None:
            return told
    known, unknown = _named(enterprise, options.team)
    if options.add or options.approve:
        _add(enterprise, known, unknown, node or enterprise.nodes[0], options, told)
        return told
    told.log += [f"'{name}' team is not found: Skipping" for name in unknown]
    if not known:
        return told
    if options.delete:
        if not options.force:
            raise CommandFailed("EOF when reading a line")  # it asks, and nobody answers
        for team in known:
            enterprise.delete_team(team, COMMANDER)
            told.done(f"'{team.name}' team is deleted")
    elif options.add_user or options.remove_user:
        if not _change_members(enterprise, known, options, told):
            return told
    elif node or options.name or any(_restrictions(options)):
        _update(enterprise, known, node, options, told)
        return told
    if not told.has_asked:
        for team in known:
            told.printed += printed_team(enterprise, team, verbose=options.verbose)
    return told


def approve(enterprise: Enterprise, options: ApprovalOptions) -> Told:
    """All teams that wait, then all who wait for a team; either alone if the options name it."""
    told = Told()
    both = not (options.team or options.email)
    waiting = enterprise.queued_teams if options.team or both else []
    for team in waiting:
        enterprise.update_team(team, COMMANDER, queued=False, hides=(False, False, False))
    admitted = 0
    if options.email or both:
        for person in [*enterprise.people]:
            if person.invited or person.locked:
                continue
            for team in [team for team in person.queued_for if not team.queued]:
                current = enterprise.person(person.id) or person
                enterprise.join(current, team, COMMANDER, queued=False)
                admitted += 1
    if waiting:
        told.done(f"Team approval: success {len(waiting)}; failure 0")
    if admitted:
        told.done(f"Team User approval: success {admitted}; failure 0")
    return told


def _named(enterprise: Enterprise, names: Iterable[str]) -> tuple[list[Team], list[str]]:
    """(the teams of these uids and names, those that wait too, the names that no team has)"""
    teams = (*enterprise.teams, *enterprise.queued_teams)
    by_name = {team.name.lower(): team for team in teams}
    known: dict[str, Team] = {}
    unknown: list[str] = []
    for name in names:
        team = enterprise.team(name) or by_name.get(name.lower())
        if team is not None:
            known[team.uid] = team
        elif name not in unknown:
            unknown.append(name)
    return [*known.values()], unknown


def _add(
    enterprise: Enterprise,
    known: Sequence[Team],
    unknown: Sequence[str],
    node: Node,
    options: TeamOptions,
    told: Told,
) -> None:
    approved = [team for team in known if team.queued and options.approve]
    told.log += [f"Team '{team.name}' already exists: Skipping" for team in known if team not in approved]
    hides = tuple(word == "on" for word in _restrictions(options))
    names = [name for name in unknown if _is_short(name, told)] if options.add else []
    users = _users(enterprise, options.add_user or (), told) if names else []
    for team in approved:
        enterprise.update_team(team, COMMANDER, queued=False, hides=hides)
        told.done(f"'{team.name}' team is created with Team ID: {team.uid}")
    new = [enterprise.add_team(name, node, COMMANDER, queued=False, hides=hides) for name in names]
    for team in new:
        told.done(f"'{team.name}' team is created with Team ID: {team.uid}")
    for team in new:
        for person in users:
            _join(enterprise, person, team, team.uid, told)


def _change_members(enterprise: Enterprise, known: Sequence[Team], options: TeamOptions, told: Told) -> bool:
    """Whether there was nothing to complain of. Who is both removed and added is added."""
    leaving = _users(enterprise, options.remove_user or (), told)
    joining = _users(enterprise, options.add_user or (), told)
    is_fine = not told.log
    removed: list[tuple[Person, Team]] = []
    added: list[tuple[Person, Team]] = []
    for team in known:
        for person in leaving:
            if person in joining:
                continue
            if any(one.uid == team.uid for one in (*person.teams, *person.queued_for)):
                removed.append((person, team))
            else:
                told.log.append(f"User {person.email} is not a member of team '{team.name}'")
                is_fine = False
        for person in joining:
            if any(one.uid == team.uid for one in person.teams):
                told.log.append(f"User {person.email} is already a member of team '{team.name}'")
                is_fine = False
            else:
                added.append((person, team))
    for person, team in removed:
        enterprise.leave(enterprise.person(person.id) or person, team, COMMANDER)
        told.done(f"'{team.name}'  team deleted user {person.email}")
    for person, team in added:
        _join(enterprise, person, team, team.name, told)
    return is_fine


def _join(enterprise: Enterprise, person: Person, team: Team, shown: str, told: Told) -> None:
    is_queued = person.invited or team.queued
    enterprise.join(enterprise.person(person.id) or person, team, COMMANDER, queued=is_queued)
    told.done(f"'{shown}' {'queued' if is_queued else ''} team added user {person.email}")


def _users(enterprise: Enterprise, names: Iterable[str], told: Told) -> list[Person]:
    """Those of these ids and addresses; an alias is nobody's here."""
    found: dict[str, Person] = {}
    for name in names:
        person = enterprise.person(name) or enterprise.person_of(name)
        if person is None:
            told.log.append(f"User {name} could not be resolved")
        else:
            found[person.id] = person
    return [*found.values()]


def _update(
    enterprise: Enterprise, known: Sequence[Team], node: Node | None, options: TeamOptions, told: Told
) -> None:
    name = options.name
    if name and len(known) > 1:
        told.log.append(f"Cannot set same name to {len(known)} teams")
        name = None
    if name and not _is_short(name, told):
        name = None
    view, edit, share = _restrictions(options)
    if not (node or name or view or edit or share):
        return
    fields = (("restrict_edit", edit), ("restrict_sharing", share), ("restrict_view", view))
    missing = next((key for key, word in fields if word is None), None)
    if missing is not None and any(team.queued for team in known):
        raise CommandFailed(repr(missing))  # a team that waits has none, and the vendor looks for it
    for team in known:
        hides = tuple(
            was if word is None else word == "on"
            for was, word in zip(team.hides, (view, edit, share), strict=True)
        )
        enterprise.update_team(team, COMMANDER, name=name or team.name, node=node or team.node, hides=hides)
        told.done(f"'{name or team.name}' team is updated")


def _restrictions(options: TeamOptions) -> tuple[str | None, str | None, str | None]:
    """On viewing, editing, sharing, as a Team has them."""
    return options.restrict_view, options.restrict_edit, options.restrict_share


def _is_short(name: str, told: Told) -> bool:
    if len(name) <= _LONGEST_NAME:
        return True
    told.log.append(
        f"enterprise-team: Team name '{name[:_LONGEST_SHOWN]}...' is {len(name)} characters long. "
        f"Maximum allowed is {_LONGEST_NAME}. Skipping."
    )
    return False
