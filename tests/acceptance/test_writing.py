"""Every write of two APIs as commands, each outcome held against what the tenant then holds.

The tenant is a double of the vendor's, with the oddities of its documentation and recordings; one customer, seen and
changed by both APIs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connector.sandbox import Sandbox, access_to
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.tenant import Person, Team
from tests.cli.conftest import Command

USERS = 60


@dataclass(frozen=True)
class Tenant:
    """A running tenant and a home with an account for each API; accounts of Commander's two versions."""

    sandbox: Sandbox
    home: Command

    @property
    def holds(self) -> Enterprise:
        return self.sandbox.enterprise

    def ask(self, account: str, *words: str, code: int = 0) -> dict[str, Any]:
        """The command's JSON answer; of one that fails, `error` has its words."""
        done = self.home(words[0], "--account", account, "-o", "json", *words[1:])
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if code == 0 else {"error": done.stderr}

    def came_to(self, account: str, *words: str) -> tuple[Any, ...]:
        """(what it came to, whether that is verified)"""
        outcome = self.ask(account, *words)["outcome"]
        return outcome["is"], outcome["verified"]

    def someone(self, wanted: Callable[[Person], bool]) -> Person:
        return next(person for person in self.holds.people if wanted(person))

    def now(self, person: Person) -> Person:
        found = self.holds.person(person.id)
        assert found is not None
        return found

    def active(self, at: int = 0) -> Person:
        """Someone who has accepted and is not locked."""
        found = [one for one in self.holds.people if not one.invited and not one.locked]
        return found[5 + at]

    def invited(self) -> Person:
        return self.someone(lambda one: one.invited and not one.locked)

    def team_without(self, person: Person) -> Team:
        return next(one for one in self.holds.teams if one not in (*person.teams, *person.queued_for))


def connect(home: Command, sandbox: Sandbox, name: str, api: str, *more: str) -> None:
    access = access_to(sandbox, (api,))
    ((secret_name, secret),) = access.secrets.items()
    done = home.given(SECRET=secret)(
        *("connect", "keeper", "--name", name, "--secret", f"{secret_name}=@env:SECRET", *more),
        *(word for key, value in access.settings.items() for word in ("--set", f"{key}={value}")),
        *(word for key, value in access.base_urls.items() for word in ("--base-url", f"{key}={value}")),
        *(word for network in access.allow_networks for word in ("--allow-network", network)),
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with Sandbox(users=USERS, seed=3) as sandbox:
        home = Command(tmp_path_factory.mktemp("home"))
        connect(home, sandbox, "scim", "scim")
        connect(home, sandbox, "commander", "commander", "--set", "commander.version=v1")
        connect(home, sandbox, "queued", "commander")
        yield Tenant(sandbox, home)


COMMANDER = ["commander", "queued"]

# Users ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["scim", *COMMANDER])
def test_someone_is_invited(tenant: Tenant, account: str) -> None:
    address = f"zed.{account}@acme.example"
    found = tenant.ask(
        account, "create", "users", "--set", f"username={address}", "--set", 'name=Zed O\'Hara "Z"'
    )
    person = tenant.holds.person_of(address)
    assert person is not None
    assert (person.invited, person.display) == (True, 'Zed O\'Hara "Z"')
    assert found["result"]["id"] == person.id
    assert (found["outcome"], found["warnings"]) == ({"is": "done", "verified": True}, [])
    assert found["result"]["status"] == ("active" if account == "scim" else "invited")


def test_someone_is_invited_into_a_node(tenant: Tenant) -> None:
    node = tenant.holds.nodes[-1]
    words = ("--set", "username=noor@acme.example", "--set", f"node={node.name}", "--set", "title=Engineer")
    found = tenant.ask("commander", "create", "users", *words)
    person = tenant.holds.person_of("noor@acme.example")
    assert person is not None
    assert (person.node, person.title) == (node, "Engineer")
    assert [one["id"] for one in found["result"]["organizations"]] == [node.id]


@pytest.mark.parametrize("account", ["commander"])
@pytest.mark.parametrize("word", ["error", "invalid", "failed", "notfound", "duplicate"])
def test_no_word_of_an_address_makes_an_invitation_fail(tenant: Tenant, account: str, word: str) -> None:
    address = f"{word}@{account}.acme.example"
    assert tenant.came_to(account, "create", "users", "--set", f"username={address}") == ("done", True)
    key = tenant.holds.person_of(address)
    assert key is not None
    assert tenant.came_to(account, "update", "users", key.id, "--set", "title=Invalid error") == (
        "done",
        True,
    )
    assert tenant.came_to(account, "delete", "users", key.id, "--yes") == ("done", True)
    assert tenant.holds.person(key.id) is None


def test_an_invitation_is_sent_again(tenant: Tenant) -> None:
    before = tenant.invited()
    found = tenant.ask("commander", "create", "users", "--set", f"username={before.email}")
    assert (found["outcome"]["is"], found["result"]["id"]) == ("unchanged", before.id)
    assert "was sent again" in found["outcome"]["message"]
    assert tenant.now(before) == before


def test_who_has_accepted_is_not_invited_again(tenant: Tenant) -> None:
    before = tenant.active()
    for account in ("commander", "scim"):
        words = ("create", "users", "--set", f"username={before.email}", "--set", "name=Other")
        assert "error: " in tenant.ask(account, *words, code=1)["error"]
    assert tenant.now(before) == before


@pytest.mark.parametrize("account", ["scim", "commander"])
def test_someone_is_renamed(tenant: Tenant, account: str) -> None:
    person = tenant.active(1)
    words = ("update", "users", person.id, "--set", f"name=Zoë {account} 'x'")
    assert tenant.came_to(account, *words) == ("done", True)
    assert tenant.now(person).display == f"Zoë {account} 'x'"


def test_the_parts_of_a_name_and_the_id_of_an_identity_provider(tenant: Tenant) -> None:
    person = tenant.active(2)
    words = ("--set", "first_name=Grace", "--set", "last_name=Hopper", "--set", "external_id=00u1")
    assert tenant.came_to("scim", "update", "users", person.id, *words) == ("done", True)
    now = tenant.now(person)
    assert (now.given, now.family, now.external_id) == ("Grace", "Hopper", "00u1")
    assert tenant.came_to("scim", "update", "users", person.id, "--clear", "external_id") == ("done", True)
    assert tenant.now(person).external_id is None


def test_a_title_can_be_changed_but_not_cleared_by_a_command(tenant: Tenant) -> None:
    person = tenant.active(2)
    words = ("update", "users", person.id)
    assert tenant.came_to("commander", *words, "--set", "title=Admiral") == ("done", True)
    assert (
        "title can't be cleared here" in tenant.ask("commander", *words, "--clear", "title", code=1)["error"]
    )
    assert tenant.now(person).title == "Admiral"


@pytest.mark.parametrize("account", ["scim", "commander"])
def test_someone_is_locked_and_unlocked(tenant: Tenant, account: str) -> None:
    person = tenant.active(3)
    for status, is_locked in (("inactive", True), ("inactive", True), ("active", False), ("active", False)):
        words = ("update", "users", person.id, "--set", f"status={status}")
        assert tenant.came_to(account, *words) == ("done", True)
        assert tenant.now(person).locked is is_locked
        listed = tenant.ask(account, "get", "users", person.id)
        assert listed["result"]["status"] == status


def test_who_is_invited_is_not_locked_though_the_vendor_says_so(tenant: Tenant) -> None:
    person = tenant.invited()
    found = tenant.ask("commander", "update", "users", person.id, "--set", "status=inactive", code=1)
    assert "answered success" in found["error"]
    assert "status is 'invited' (asked: 'inactive')" in found["error"]
    assert tenant.now(person) == person


@pytest.mark.parametrize("account", ["scim", "commander"])
@pytest.mark.parametrize("status", ["invited", "deleted", "Locked", ""])
def test_no_other_status_is_set(tenant: Tenant, account: str, status: str) -> None:
    person, before = tenant.active(), tenant.holds.version
    found = tenant.ask(account, "update", "users", person.id, "--set", f"status={status}", code=1)
    assert "nothing was sent" in found["error"]
    assert tenant.holds.version == before


@pytest.mark.parametrize("account", COMMANDER)
def test_someone_is_deleted(tenant: Tenant, account: str) -> None:
    person = tenant.active(4)
    assert tenant.came_to(account, "delete", "users", person.id, "--yes") == ("done", True)
    assert tenant.holds.person(person.id) is None
    assert "error: " in tenant.ask(account, "delete", "users", person.id, "--yes", code=1)["error"]


def test_scim_only_locks_whom_it_is_asked_to_delete(tenant: Tenant) -> None:
    person = tenant.active(4)
    found = tenant.ask("scim", "delete", "users", person.id, "--yes")
    assert (found["outcome"]["is"], found["outcome"]["verified"]) == ("kept", True)
    assert "locks a user" in found["outcome"]["message"]
    assert found["result"]["status"] == "inactive"
    assert [one["code"] for one in found["warnings"]] == ["not_removed"]
    assert tenant.now(person).locked


@pytest.mark.parametrize("account", ["scim", *COMMANDER])
def test_nobody_is_not_found(tenant: Tenant, account: str) -> None:
    before = tenant.holds.version
    for words in (
        ("update", "users", "999", "--set", "name=x"),
        ("update", "users", "999", "--set", "status=inactive"),
        ("delete", "users", "999", "--yes"),
    ):
        assert "error: " in tenant.ask(account, *words, code=1)["error"]
    assert tenant.holds.version == before


@pytest.mark.parametrize(
    "key", ["{email}", "{alias}", "@all", "*", "-f", "{id} {other}", "Platform", "' ; whoami"]
)
def test_nothing_but_an_id_stands_for_someone(tenant: Tenant, key: str) -> None:
    person, before = tenant.someone(lambda one: bool(one.aliases)), tenant.holds.version
    key = key.format(email=person.email, alias=person.aliases[0], id=person.id, other=tenant.active().id)
    for words in (
        ("delete", "--yes", "users"),
        ("update", "--set", "status=inactive", "users"),
        ("delete", "--yes", "groups"),
    ):
        found = tenant.ask("commander", *words, "--", key, code=1)
        assert "nothing was sent" in found["error"]
    assert tenant.holds.version == before


# Teams ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["commander"])
def test_a_team_is_made_renamed_and_deleted(tenant: Tenant, account: str) -> None:
    key = "-"
    for number in range(3):
        if not key.startswith("-"):
            break
        found = tenant.ask(account, "create", "groups", "--set", f"name=Team {number} of {account}")
        assert found["outcome"] == {"is": "done", "verified": True}
        key = found["result"]["id"]
        team = tenant.holds.team(key)
        assert team is not None
        assert (team.name, team.queued) == (f"Team {number} of {account}", False)
    assert tenant.came_to(account, "update", "groups", key, "--set", "name=Invalid duplicate") == (
        "done",
        True,
    )
    renamed = tenant.holds.team(key)
    assert renamed is not None
    assert renamed.name == "Invalid duplicate"
    assert tenant.came_to(account, "delete", "groups", key, "--yes") == ("done", True)
    assert tenant.holds.team(key) is None


def test_an_id_that_can_t_stand_in_a_command_is_refused_unsent(tenant: Tenant) -> None:
    before = tenant.holds.version
    for words in (("update", "--set", "name=x", "groups"), ("delete", "--yes", "groups")):
        found = tenant.ask("commander", *words, "--", "-" + "A" * 21, code=1)
        assert "nothing was sent: id '-AAAA" in found["error"]
        assert "begins with -, means something else to a command" in found["error"]
    assert tenant.holds.version == before


def test_a_team_by_scim_waits_for_approval(tenant: Tenant) -> None:
    found = tenant.ask("scim", "create", "groups", "--set", "name=Of SCIM")
    key = found["result"]["id"]
    assert (found["outcome"]["is"], found["outcome"]["verified"]) == ("queued", False)
    team = tenant.holds.team(key)
    assert team is not None
    assert (team.name, team.queued) == ("Of SCIM", True)
    assert tenant.came_to("scim", "update", "--set", "name=Renamed", "groups", "--", key) == ("done", True)
    assert tenant.came_to("scim", "delete", "--yes", "groups", "--", key) == ("done", True)
    assert tenant.holds.team(key) is None


def test_a_name_that_is_taken_is_a_conflict(tenant: Tenant) -> None:
    before = tenant.holds.version
    name = tenant.holds.teams[0].name
    found = tenant.ask("commander", "create", "groups", "--set", f"name={name}", code=1)
    assert "already exists" in found["error"]
    assert tenant.holds.version == before


def test_words_in_a_name_are_not_the_vendor_s(tenant: Tenant) -> None:
    """Names that read as the vendor's sentences about something else."""
    person, other = tenant.active(11), tenant.active(12)
    made = ("create", "groups", "--set", "name=team is created with Team ID")
    assert tenant.came_to("commander", *made) == ("done", True)
    assert "already exists" in tenant.ask("commander", *made, code=1)["error"]
    phrase = "user invited with Enterprise User ID error"
    assert tenant.came_to("commander", "update", "users", person.id, "--set", f"name={phrase}") == (
        "done",
        True,
    )
    words = ("create", "users", "--set", f"username={person.email}", "--set", f"name={phrase}")
    assert "has accepted the invitation" in tenant.ask("commander", *words, code=1)["error"]
    teams = [
        one
        for one in tenant.holds.teams
        if not one.uid.startswith("-") and one not in (*other.teams, *other.queued_for)
    ]
    for team, name in zip(teams, ("queued team added user", "is already a member of team x"), strict=False):
        assert tenant.came_to("commander", "update", "groups", team.uid, "--set", f"name={name}")[0] == "done"
        path = f"groups/{team.uid}/users"
        assert tenant.came_to("commander", "create", path, "--set", f"id={other.id}") == ("done", True)
        again = tenant.ask("commander", "create", path, "--set", f"id={other.id}")["outcome"]
        assert (again["is"], again["verified"]) == ("unchanged", True)
        assert tenant.came_to("commander", "delete", path, other.id, "--yes") == ("done", True)


@pytest.mark.parametrize("account", ["scim", "commander"])
def test_no_such_team(tenant: Tenant, account: str) -> None:
    before, person = tenant.holds.version, tenant.active()
    nothing = "A" * 22
    for words in (
        ("update", "groups", nothing, "--set", "name=x"),
        ("delete", "groups", nothing, "--yes"),
        ("create", f"groups/{nothing}/users", "--set", f"id={person.id}"),
    ):
        assert "error: " in tenant.ask(account, *words, code=1)["error"]
    assert tenant.holds.version == before


# Who is in them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", COMMANDER)
def test_someone_comes_into_a_team_and_out_of_it(tenant: Tenant, account: str) -> None:
    person = tenant.active(6)
    team = next(one for one in tenant.holds.teams if one not in person.teams and not one.uid.startswith("-"))
    path = f"groups/{team.uid}/users"
    assert tenant.came_to(account, "create", path, "--set", f"id={person.id}") == ("done", True)
    assert team.uid in {one.uid for one in tenant.now(person).teams}
    listed = tenant.ask(account, "list", path)
    assert person.id in {row["id"] for row in listed["result"]}
    assert tenant.came_to(account, "create", path, "--set", f"id={person.id}") == ("unchanged", True)
    assert tenant.came_to(account, "delete", path, person.id, "--yes") == ("done", True)
    assert team.uid not in {one.uid for one in tenant.now(person).teams}
    assert "is not a member" in tenant.ask(account, "delete", path, person.id, "--yes", code=1)["error"]


def test_who_is_invited_waits_for_the_team(tenant: Tenant) -> None:
    person = tenant.invited()
    team = next(
        one for one in tenant.holds.teams if one not in person.queued_for and not one.uid.startswith("-")
    )
    path = f"groups/{team.uid}/users"
    assert tenant.came_to("commander", "create", path, "--set", f"id={person.id}") == ("queued", False)
    assert team.uid in {one.uid for one in tenant.now(person).queued_for}
    # Who waits isn't shown in the team, and can't be seen to be out of it.
    assert tenant.came_to("commander", "delete", path, person.id, "--yes") == ("done", False)
    assert team.uid not in {one.uid for one in tenant.now(person).queued_for}


def test_a_membership_by_scim_waits_and_ends(tenant: Tenant) -> None:
    node = next(iter(tenant.holds.endpoints.values())).node
    team = next(one for one in tenant.holds.teams if one.node == node)
    person = tenant.someone(
        lambda one: not one.invited and not one.locked and team not in (*one.teams, *one.queued_for)
    )
    path = f"groups/{team.uid}/users"
    assert tenant.came_to("scim", "create", path, "--set", f"id={person.id}") == ("queued", False)
    assert team.uid in {one.uid for one in tenant.now(person).queued_for}
    assert tenant.came_to("scim", "delete", path, person.id, "--yes") == ("done", False)
    member = tenant.someone(lambda one: team in one.teams)
    assert tenant.came_to("scim", "delete", path, member.id, "--yes") == ("done", True)
    assert team.uid not in {one.uid for one in (*tenant.now(member).teams, *tenant.now(member).queued_for)}


# Dry runs, questions, codes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["scim", "commander"])
def test_a_dry_run_changes_nothing_and_shows_no_secret(tenant: Tenant, account: str) -> None:
    person, before = tenant.active(), tenant.holds.version
    team = next(one for one in tenant.holds.teams if not one.uid.startswith("-"))
    for words in (
        ("create", "users", "--set", "username=dry@acme.example"),
        ("update", "users", person.id, "--set", "name=Dry"),
        ("update", "users", person.id, "--set", "status=inactive"),
        ("delete", "users", person.id),
        ("create", "groups", "--set", "name=Dry"),
        ("delete", "groups", team.uid),
        ("create", f"groups/{team.uid}/users", "--set", f"id={person.id}"),
        ("delete", f"groups/{team.uid}/users", person.id),
    ):
        found = tenant.ask(account, *words, "--dry-run")
        assert found["effect"] == "write"
        shown = json.dumps(found)
        assert tenant.sandbox.api_key not in shown
        assert next(iter(tenant.holds.endpoints.values())).token not in shown
    assert tenant.holds.version == before


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("y\n", 0)])
def test_a_person_is_warned_and_asked(tenant: Tenant, answer: str, code: int) -> None:
    person = tenant.active(8)
    done, shown = tenant.home.on_terminal(
        *("delete", "users", person.id, "--account", "commander"), answers={"[y/N]": answer}
    )
    assert done == code, shown
    assert "vault is destroyed" in shown
    assert (tenant.holds.person(person.id) is None) is (code == 0)


def test_where_nobody_can_be_asked_yes_is_needed(tenant: Tenant) -> None:
    person = tenant.active()
    done = tenant.home("delete", "users", person.id, "--account", "commander")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert tenant.holds.person(person.id) is not None


def test_a_table_for_people(tenant: Tenant) -> None:
    person = tenant.active(9)
    done, shown = tenant.home.on_terminal(
        *("update", "users", person.id, "--account", "commander", "--set", "name=Shown")
    )
    assert done == 0
    assert "Shown" in shown
    assert "done, verified" in shown


def test_what_was_listed_before_is_not_listed_after(tenant: Tenant) -> None:
    person = tenant.active(10)
    tenant.ask("commander", "list", "users")
    tenant.ask("commander", "update", "users", person.id, "--set", "status=inactive")
    listed = tenant.ask("commander", "list", "users", "--filter", "status=inactive", "--limit", "1000")
    assert person.id in {row["id"] for row in listed["result"]}
    tenant.ask("commander", "update", "users", person.id, "--set", "status=active")
    listed = tenant.ask("commander", "list", "users", "--filter", "status=inactive", "--limit", "1000")
    assert person.id not in {row["id"] for row in listed["result"]}
