"""`enterprise-user`: invites, locks, renames, moves and deletes users, and prints them where nothing is to be done.

A double of Keeper's Commander 18.1.8, from its recordings, its source and its real service over a doubled cloud: the
texts, that a user is named by id, address or alias, that an address is invited in small letters, and to the root if
no node is said; that only who has accepted can be locked, and that a command which finds nothing to do prints the
users and says nothing of why.

Made up: what the cloud says where it refuses an invitation, and that there it refuses what is no address. Left out
are the options that `commander_line` does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from connector.sandbox.commander_line import UserOptions
from connector.sandbox.commander_telling import CommandFailed, Told, node_asked_for, printed_user
from connector.sandbox.enterprise import Enterprise, SeatsUsedUp
from connector.sandbox.events import COMMANDER
from connector.sandbox.tenant import Lock, Node, Person, Role

__all__ = ["FORCE_WANTED", "change_users", "wants_consent"]

FORCE_WANTED = "Missing required parameters: -f/--force flag to bypass interactive confirmation"

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def wants_consent(enterprise: Enterprise, options: UserOptions) -> bool:
    """Whether the service refuses it before it runs, since it would ask whether to make an administrator."""
    if options.force or options.add or options.invite:
        return False
    return any(role.manages for role in _roles_of(enterprise, options.add_role or ()))


def change_users(enterprise: Enterprise, options: UserOptions) -> Told:
    """Raises CommandFailed, before anything is changed."""
    if options.delete and options.add:
        raise CommandFailed("enterprise-user: 'add' and 'delete' parameters are mutually exclusive.")
    if options.lock and options.unlock:
        raise CommandFailed("enterprise-user: 'lock' and 'unlock' parameters are mutually exclusive.")
    told = Told()
    node = None
    if options.node:
        node = node_asked_for(enterprise, options.node, told, "nodes")
        if node is None:
            return told
    known, unknown = _named(enterprise, options.email)
    if options.add or options.invite:
        _invite(enterprise, known, unknown, node or enterprise.nodes[0], options, told)
    else:
        told.log += [f"User {email} is not found: Skipping" for email in unknown]
        if not known:
            raise CommandFailed("enterprise-user: No such user(s)")
        if options.delete:
            _delete(enterprise, known, options, told)
        else:
            _change(enterprise, known, node, options, told)
    if not told.has_asked:
        for person in known:
            told.printed += printed_user(enterprise, person, verbose=options.verbose)
    return told


def _named(enterprise: Enterprise, names: Iterable[str]) -> tuple[list[Person], list[str]]:
    """(the users of these ids, addresses and aliases, the names that are nobody's in small letters)"""
    aliases = {alias.lower(): person for person in enterprise.people for alias in person.aliases}
    known: list[Person] = []
    unknown: list[str] = []
    for name in map(str.lower, names):
        person = enterprise.person(name) or enterprise.person_of(name) or aliases.get(name)
        if person is not None:
            known.append(person)
        elif name != "@all":
            unknown.append(name)
    return known, unknown


def _invite(
    enterprise: Enterprise,
    known: Sequence[Person],
    unknown: Sequence[str],
    node: Node,
    options: UserOptions,
    told: Told,
) -> None:
    if not known and not unknown:
        raise CommandFailed("enterprise-user: No email address to invite.")
    for person in known:
        if not person.invited:
            told.log.append(f"{person.email} has already accepted invitation. Skipping")
    for email in dict.fromkeys(unknown):
        if not _EMAIL.fullmatch(email):
            told.done(f"{email} failed to invite user: Invalid email address")
            continue
        try:
            person = enterprise.invite(
                email, node, COMMANDER, display=options.name or None, title=options.job_title or None
            )
        except SeatsUsedUp as error:
            told.done(f"{email} failed to invite user: {error}")
        else:
            told.done(f"{email} user invited with Enterprise User ID : {person.id}")
    for person in known:
        if person.invited:
            enterprise.invite_again(person, COMMANDER)
            told.done(f"Invitation has been re-sent to {person.email}")


def _delete(enterprise: Enterprise, known: Sequence[Person], options: UserOptions, told: Told) -> None:
    if not options.force:
        raise CommandFailed("EOF when reading a line")  # it asks, and nobody answers
    for person in {person.id: person for person in known}.values():
        enterprise.delete(person, COMMANDER)
        told.done(f"{person.email} user deleted")


def _change(
    enterprise: Enterprise, known: Sequence[Person], node: Node | None, options: UserOptions, told: Told
) -> None:
    # Warnings come while the changes are gathered, and what was done when all of it is.
    changes: list[tuple[Person, dict[str, Any], str]] = []
    if options.lock or options.unlock:
        lock, word = (Lock.ADMIN, "locked") if options.lock else (Lock.NONE, "unlocked")
        for person in known:
            if person.invited:
                told.log.append(f"{person.email} has not accepted invitation yet: Skipping")
            else:
                changes.append((person, {"lock": lock}, f"is {word}"))
    changes += _changes_of_roles(enterprise, known, options, told)
    facts: dict[str, Any] = {
        "node": node,
        "display": options.name or None,
        "title": options.job_title or None,
    }
    if given := {name: value for name, value in facts.items() if value is not None}:
        changes += [(person, given, "user updated") for person in known]
    for person, wanted, words in changes:
        now = enterprise.person(person.id)
        if now is not None:
            enterprise.update(now, COMMANDER, **wanted)
        told.done(f"{person.email} {words}")


def _changes_of_roles(
    enterprise: Enterprise, known: Sequence[Person], options: UserOptions, told: Told
) -> Iterable[tuple[Person, dict[str, Any], str]]:
    for names, is_added in ((options.remove_role, False), (options.add_role, True)):
        for name in names or ():
            if not _roles_of(enterprise, [name]):
                told.log.append(f"Role {name} cannot be resolved")
        for role in _roles_of(enterprise, names or ()):
            for person in known:
                others = tuple(one for one in person.roles if one.id != role.id)
                if is_added and len(others) < len(person.roles):
                    told.log.append(
                        f"User {person.email} is already in '{role.name}' group: Add to group is skipped"
                    )
                elif not is_added and len(others) == len(person.roles):
                    told.log.append(
                        f"User {person.email} is not in '{role.name}': Remove from group is skipped"
                    )
                else:
                    words = f"added to role '{role.name}'" if is_added else f"removed from role '{role.name}'"
                    yield person, {"roles": (*others, role) if is_added else others}, words


def _roles_of(enterprise: Enterprise, names: Iterable[str]) -> list[Role]:
    """The roles of these ids or names, the first of each name."""
    found = (
        next((role for role in enterprise.roles if name in (role.id, role.name)), None) for name in names
    )
    return [role for role in found if role is not None]
