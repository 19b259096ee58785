"""Writes through Commander, by both versions of its API, and what SCIM shows of them.

That the texts are the vendor's is tested against its real service, in `tests/commander/test_write_likeness.py`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.tenant import Lock, Person

Connect = Callable[[Sandbox], httpx.Client]
Json = dict[str, Any]


@pytest.fixture
def double() -> Iterator[Sandbox]:
    with Sandbox(users=60, seed=4, seats=61, pending_looks=0) as running:
        yield running


@pytest.fixture
def commander(double: Sandbox, connect_commander: Connect) -> httpx.Client:
    return connect_commander(double)


@pytest.fixture
def scim(double: Sandbox, connect: Connect) -> httpx.Client:
    return connect(double)


@pytest.fixture
def active(double: Sandbox) -> Person:
    return next(one for one in double.tenant.people[1:] if one.teams and not (one.invited or one.locked))


@pytest.fixture
def invited(double: Sandbox) -> Person:
    return next(one for one in double.tenant.people if one.invited)


def by_v1(client: httpx.Client, line: str) -> tuple[int, Any]:
    answer = client.post("/api/v1/executecommand", json={"command": line})
    return answer.status_code, told(answer)


def by_v2(client: httpx.Client, line: str) -> tuple[int, Any]:
    ticket = client.post("/api/v2/executecommand-async", json={"command": line}).json()["request_id"]
    answer = client.get(f"/api/v2/result/{ticket}")
    assert client.get(f"/api/v2/result/{ticket}").content == answer.content, (
        "run once, however often it is looked at"
    )
    return answer.status_code, told(answer)


def told(answer: httpx.Response) -> Any:
    body = answer.json()
    return body["message"] if "message" in body else body["error"]


def held(double: Sandbox, person: Person) -> Person | None:
    return double.enterprise.person(person.id)


@pytest.mark.parametrize("run", [by_v1, by_v2])
def test_a_life_of_a_user(
    run: Callable[[httpx.Client, str], tuple[int, Any]], commander: httpx.Client, scim: httpx.Client
) -> None:
    status, text = run(commander, "enterprise-user Ada@acme.example --invite --name 'Ada L' --node People")
    head, _, key = text.rpartition(" ")
    assert (status, head) == (200, "ada@acme.example user invited with Enterprise User ID :")
    record = scim.get(f"/Users/{key}").json()
    assert (record["userName"], record["displayName"], record["active"]) == (
        "ada@acme.example",
        "Ada L",
        True,
    )
    again = run(commander, "enterprise-user ada@acme.example --invite")
    assert again == (200, "Invitation has been re-sent to ada@acme.example")
    assert run(commander, f"enterprise-user {key} --name 'Ada King'") == (
        200,
        "ada@acme.example user updated",
    )
    assert scim.get(f"/Users/{key}").json()["displayName"] == "Ada King"
    assert run(commander, f"enterprise-user {key} --delete -f") == (200, "ada@acme.example user deleted")
    assert scim.get(f"/Users/{key}").status_code == 404
    gone = run(commander, f"enterprise-user {key} --delete -f")
    assert gone == (500, "Unexpected error: enterprise-user: No such user(s)")


def test_a_lock_by_one_is_seen_and_lifted_by_the_other(
    double: Sandbox, commander: httpx.Client, scim: httpx.Client, active: Person
) -> None:
    assert by_v1(commander, f"enterprise-user {active.id} --lock") == (200, f"{active.email} is locked")
    assert scim.get(f"/Users/{active.id}").json()["active"] is False
    scim.patch(
        f"/Users/{active.id}", json={"Operations": [{"op": "replace", "value": {"active": True}}]}
    ).raise_for_status()
    assert held(double, active) == active
    scim.delete(f"/Users/{active.id}").raise_for_status()
    _, lines = by_v1(commander, f"enterprise-user {shlex.quote(active.email)}")
    assert "Status: Locked by IdP" in lines
    assert by_v1(commander, f"enterprise-user {active.id} --unlock") == (200, f"{active.email} is unlocked")
    assert held(double, active) == active


@pytest.mark.parametrize("option", ["--lock", "--unlock"])
def test_who_has_not_accepted_is_printed_and_not_locked(
    double: Sandbox, commander: httpx.Client, invited: Person, option: str
) -> None:
    status, lines = by_v2(commander, f"enterprise-user {invited.id} {option}")
    assert (status, lines[:2]) == (200, [f"User ID: {invited.id}", f"Email: {invited.email}"])
    assert "Status: Invited" in lines
    assert held(double, invited) == invited


def test_done_may_be_told_as_failed(double: Sandbox, commander: httpx.Client) -> None:
    status, text = by_v1(commander, "enterprise-user error@acme.example --invite")
    assert (status, text.partition(" with ")[0]) == (500, "error@acme.example user invited")
    assert double.enterprise.person_of("error@acme.example") is not None


def test_seats_and_addresses_are_the_same_for_both(commander: httpx.Client, scim: httpx.Client) -> None:
    assert by_v1(commander, "enterprise-user last@acme.example --invite")[0] == 200
    status, text = by_v1(commander, "enterprise-user late@acme.example --invite")
    assert (status, text.partition(":")[0]) == (500, "late@acme.example failed to invite user")
    assert scim.post("/Users", json={"userName": "late@acme.example"}).status_code == 428
    assert scim.post("/Users", json={"userName": "LAST@acme.example"}).status_code == 409
    assert by_v1(commander, "enterprise-user last@acme.example --delete -f")[0] == 200
    assert scim.post("/Users", json={"userName": "LAST@acme.example"}).status_code == 201


def test_what_is_no_address_is_refused(double: Sandbox, commander: httpx.Client) -> None:
    for name in ("nobody", "''", "'a b@acme.example'", "'@'"):
        assert by_v1(commander, f"enterprise-user {name} --invite")[0] == 400
    assert len(double.enterprise.people) == 60


def test_a_life_of_a_team(
    double: Sandbox, commander: httpx.Client, scim: httpx.Client, active: Person, invited: Person
) -> None:
    status, text = by_v1(commander, "enterprise-team 'Fresh «é»' --add --node People")
    head, _, uid = text.rpartition(" ")
    assert (status, head) == (200, "'Fresh «é»' team is created with Team ID:")
    assert by_v1(commander, "enterprise-team 'fresh «é»' --add")[0] == 409
    assert scim.get(f"/Groups/{uid}").json()["displayName"] == "Fresh «é»"
    assert not uid.startswith("-"), (
        "one that does can't be named so, here as at the vendor: choose another seed"
    )
    for person, words in ((active, ""), (invited, "queued")):
        added = by_v1(commander, f"enterprise-team {uid} --add-user {person.id}")
        assert added == (200, f"'Fresh «é»' {words} team added user {person.email}")
    assert [one["value"] for one in scim.get(f"/Groups/{uid}").json()["members"]] == [active.id]
    assert uid in [group["value"] for group in scim.get(f"/Users/{active.id}").json()["groups"]]
    assert by_v1(commander, f"enterprise-team {uid} --add-user {active.id}")[0] == 409
    for person in (active, invited):
        removed = by_v1(commander, f"enterprise-team {uid} --remove-user {shlex.quote(person.email)}")
        assert removed == (200, f"'Fresh «é»'  team deleted user {person.email}")
        assert held(double, person) == person
        again = by_v1(commander, f"enterprise-team {uid} --remove-user {person.id}")
        assert again == (500, f"User {person.email} is not a member of team 'Fresh «é»'")
    assert by_v1(commander, f"enterprise-team {uid} --delete -f")[0] == 200
    assert scim.get(f"/Groups/{uid}").status_code == 404


def test_what_scim_queued_is_let_in_by_approval(
    double: Sandbox, commander: httpx.Client, scim: httpx.Client, active: Person
) -> None:
    uid = scim.post("/Groups", json={"displayName": "Fresh"}).json()["id"]
    body = {"Operations": [{"op": "add", "path": "groups", "value": [{"value": uid}]}]}
    scim.patch(f"/Users/{active.id}", json=body).raise_for_status()
    assert scim.get(f"/Groups/{uid}").json()["members"] == []
    status, lines = by_v1(commander, "team-approve")
    assert (status, lines.splitlines()[0]) == (500, "Team approval: success 3; failure 0")
    assert [one["value"] for one in scim.get(f"/Groups/{uid}").json()["members"]] == [active.id]
    assert double.enterprise.queued_teams == []


@pytest.mark.parametrize("value", ["--lock", "x' --lock 'y", "$(x)", "a\\", "", "😀" * 300, "a;b"])
def test_a_quoted_name_is_a_name_whatever_it_holds(
    double: Sandbox, commander: httpx.Client, active: Person, value: str
) -> None:
    by_v1(commander, f"enterprise-user {active.id} --name={shlex.quote(value)}")
    now = held(double, active)
    assert now is not None
    assert (now.display, now.lock) == (value or active.display, Lock.NONE)


@pytest.mark.parametrize(
    "line",
    [
        "enterprise-user {user} --expire -f",
        "enterprise-user {user} --disable-2fa",
        "enterprise-user {user} --add-alias x@acme.example",
        "enterprise-user {user} --add-team Platform",
        "enterprise-team Platform --add-role Everyone",
        "transfer-user {user} --target-user x@acme.example -f",
        "enterprise-role Everyone --add-user {user}",
    ],
)
def test_what_the_double_lacks_is_refused_and_does_nothing(
    double: Sandbox, commander: httpx.Client, active: Person, line: str
) -> None:
    version = double.enterprise.version
    status, text = by_v1(commander, line.format(user=active.id))
    assert (status, "unrecognized" in text or "Not permitted" in text) in ((400, True), (403, True))
    assert double.enterprise.version == version
