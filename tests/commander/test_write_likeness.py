"""The sandbox's Commander writes as the vendor's real service does over the same tenant: the same lines, the same
answers, and the same tenant afterwards. Ids of what is new differ, and are left out of the comparison.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.tenant import build_tenant
from tests.commander.asking import TEAMS, USERS, ask
from tests.commander.service import running

TENANT = build_tenant(150, seed=4, nodes=2)
A, B, C, D, E, F, G = [
    person for person in TENANT.people[1:] if person.teams and not person.invited and not person.locked
][:7]
INVITED, ALSO_INVITED = [person for person in TENANT.people if person.invited][:2]
LOCKED, ALSO_LOCKED = [person for person in TENANT.people if person.locked][:2]
ALIASED = next(person for person in TENANT.people if person.aliases)
FIRST, SECOND, THIRD, *_ = [team for team in TENANT.teams if team not in (*A.teams, *B.teams)]
QUEUED, ALSO_QUEUED = TENANT.queued_teams
_ID = re.compile(r"(?<=User ID : )[0-9]+|(?<=User ID: )[0-9]+|(?<=ID: )[\w-]{22}|(?<=')[\w-]{22}(?=' )")

u, t = "enterprise-user", "enterprise-team"
STORIES = {
    "invite": [
        f"{u} zed@acme.example --invite --name 'Zed É' --job-title Dean --node Sales",
        f"{u} ZED@acme.example",
        f"{u} zed@acme.example --invite",
        f"{u} zed@acme.example --lock",
        f"{u} Kim@acme.example --add",
    ],
    "an address with a word of failure": [
        f"{u} error@acme.example --invite",
        f"{u} error@acme.example --delete -f",
    ],
    "invite who is there": [f"{u} {INVITED.id} --invite", f"{u} {A.email!r} --invite"],
    "lock": [
        f"{u} {shlex.quote(A.email.upper())} --lock",
        f"{u} {A.id} --lock",
        f"{u} {A.id}",
        f"{u} {A.id} --unlock",
        f"{u} {LOCKED.id} --unlock",
        f"{u} {INVITED.id} --lock",
        f"{u} {INVITED.id} --unlock",
        f"{u} {B.id} {INVITED.id} nobody@acme.example --lock",
        f"{u} {A.id} --lock --unlock",
        f"{u} @all --lock",
    ],
    "an alias is its user": [f"{u} {shlex.quote(ALIASED.aliases[0].upper())}", f"{u} {ALIASED.id} -v"],
    "change": [
        f"{u} {C.id} -f --name 'New \"Name\" 🎓' --job-title 'A b' --node Sales",
        f"{u} {C.id} --name ''",
        f"{u} {C.id} --node nowhere",
        f"{u} {C.id} --node {TENANT.nodes[1].id} --lock",
        f"{u} {C.id} {D.id} --job-title Dean",
        f"{u} {C.id} --nam Shortened",
    ],
    "delete": [
        f"{u} {LOCKED.id} --delete",
        f"{u} {LOCKED.id} --delete -f",
        f"{u} {LOCKED.id} --delete -f",
        f"{u} {LOCKED.id} --add --delete",
    ],
    "roles": [
        f"{u} {E.id} --add-role Auditors",
        f"{u} {E.id} --add-role Auditors",
        f"{u} {E.id} --remove-role Auditors",
        f"{u} {E.id} --remove-role Auditors",
        f"{u} {E.id} --add-role 'Keeper Administrator'",
        f"{u} {E.id} --add-role 'Keeper Administrator' -f",
        f"{u} {E.id} --add-role Nope",
        f"{u} {F.id} {G.id} --add-role Auditors --name Both",
    ],
    "nobody": [f"{u} nobody@acme.example --lock", u, f"{u} {A.id} --format json"],
    "create a team": [
        f"{t} NewTeam --add --node Sales --restrict-edit on --restrict-view off",
        f"{t} newteam --add",
        f"{t} NewTeam",
        f"{t} NewTeam --name 'Renamed «é»'",
        f"{t} 'Renamed «é»' --restrict-share on --restrict-edit off --node People",
        f"{t} 'Renamed «é»' --delete",
        f"{t} 'Renamed «é»' --delete -f",
        f"{t} 'Renamed «é»' --delete -f",
        f"{t} {'x' * 256} --add",
        f"{t} {'x' * 255} --add",
        f"{t} Pair --add --add-user {A.id} --add-user {INVITED.id} --add-user nobody",
        f"{t} NewTeam --add --node nowhere",
        f"{t} 'Empty error' --add",
        f"{t} {FIRST.uid} Another --add",
    ],
    "a team that is there": [
        f"{t} {FIRST.uid} --add",
        f"{t} {FIRST.uid}",
        f"{t} {FIRST.uid} -v",
        f"{t} {QUEUED.uid}",
        f"{t} {QUEUED.uid} --add",
        f"{t} {QUEUED.uid} --name Other",
        f"{t} Nope",
        f"{t} Nope --add-user {A.id}",
        f"{t} {FIRST.uid} {SECOND.uid} --name One",
        f"{t} {FIRST.uid} {SECOND.uid} --name One --restrict-view on",
        f"{t} {SECOND.uid} --name {'x' * 256}",
        t,
    ],
    "members": [
        f"{t} {FIRST.uid} --add-user {shlex.quote(A.email.upper())}",
        f"{t} {FIRST.uid} -au {A.id}",
        f"{t} {FIRST.uid} --add-user {INVITED.id}",
        f"{t} {FIRST.uid} --add-user {INVITED.id}",
        f"{t} {FIRST.uid} --add-user {ALSO_LOCKED.id}",
        f"{t} {QUEUED.uid} --add-user {A.id} --add-user {ALSO_INVITED.id}",
        f"{t} {FIRST.uid} --add-user nobody --add-user {B.id}",
        f"{t} {FIRST.uid} --add-user {shlex.quote(ALIASED.aliases[0])}",
        f"{t} {FIRST.uid} --remove-user {A.id}",
        f"{t} {FIRST.uid} --remove-user {A.id}",
        f"{t} {FIRST.uid} --remove-user {INVITED.id} --add-user {A.id} --remove-user {A.id}",
        f"{t} {SECOND.uid} {THIRD.uid} --add-user {A.id} --add-user {B.id}",
    ],
    "approve": [
        f"{t} {ALSO_QUEUED.uid} --approve",
        f"{t} {FIRST.uid} --approve",
        "team-approve --email",
        "team-approve",
        "team-approve",
        f"{t} {QUEUED.uid}",
    ],
}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """(the real service, the double) of one tenant."""
    with (
        Sandbox(users=150, seed=4, nodes=2) as double,
        running(double.tenant) as real,
        httpx.Client(base_url=real.base_url, headers={"api-key": real.api_key}, timeout=60) as one,
        httpx.Client(base_url=double.commander_url, headers={"api-key": double.api_key}, timeout=60) as other,
    ):
        yield one, other


def said(client: httpx.Client, line: str) -> tuple[int, Any]:
    answer = ask(client, line)
    body = answer.json()
    if "message" not in body and "error" not in body:
        return answer.status_code, body
    key = "message" if "message" in body else "error"
    lines = body[key] if isinstance(body[key], list) else [body[key]]
    masked = [_ID.sub("…", one) for one in lines]
    return answer.status_code, {**body, key: masked}


def held(client: httpx.Client, arguments: str) -> list[dict[str, Any]]:
    """The rows of a report without ids, since those of what is new differ; in an order of its own."""
    found: list[dict[str, Any]] = ask(client, f"enterprise-info {arguments}").json()["data"]
    for row in found:
        for name in ("user_id", "team_uid"):
            row.pop(name, None)
        row["teams"] = sorted(team["team_name"] for team in row.get("teams", ()))
        for name in ("roles", "users", "queued_users"):
            row[name] = sorted(map(str, row.get(name, ())))
    return sorted(found, key=str)


@pytest.mark.parametrize("story", STORIES)
def test_the_same_lines_have_the_same_answers(both: tuple[httpx.Client, httpx.Client], story: str) -> None:
    real, double = both
    for line in STORIES[story]:
        assert said(double, line) == said(real, line), line
    for arguments in (USERS, TEAMS):
        assert held(double, arguments) == held(real, arguments)
