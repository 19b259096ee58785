"""The `scim` connector writes to a SCIM server that others wrote, and what it then holds is what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connector import Directory
from connector.errors import Conflict, InvalidRequest, VendorNotFound
from tests.contract.cases import MAPPINGS
from tests.contract.scim_server import TOKEN, Loaded, running

FULL: dict[str, Any] = {
    "username": "barbara@example.org",
    "external_id": "b-1",
    "first_name": "Barbara",
    "last_name": "Jensen \u00d8",
    "name": 'Babs "B" O\'Jensen \U0001f680',
    "title": "Guide",
    "status": "active",
    "emails": [{"email": "b@example.org", "type": "work", "is_primary": True}, {"email": "b2@example.org"}],
    "phones": [{"number": "555-555-8377", "type": "work"}],
    "timezone": "Europe/Berlin",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Loaded]:
    with running(5, 2) as loaded:
        yield loaded


@pytest.fixture
def directory(server: Loaded) -> Iterator[Directory]:
    with Directory.connect(
        "scim",
        {"base_url": server.base_url},
        {"token": TOKEN},
        allow_networks=["127.0.0.1"],
        mappings=[MAPPINGS],
    ) as found:
        yield found


def held(server: Loaded, path: str) -> dict[str, Any] | None:
    """What the server itself says, None where it has no such thing."""
    answer = httpx.get(f"{server.base_url}/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    if answer.status_code == 404:
        return None
    found: dict[str, Any] = answer.json()
    return found


def test_a_whole_user_is_made_changed_and_removed(server: Loaded, directory: Directory) -> None:
    made = directory.create("users", FULL)
    assert (made.outcome.is_, made.outcome.verified, made.warnings) == ("done", True, [])
    key = made.row["id"]
    record = held(server, f"Users/{key}")
    assert record is not None
    assert record["userName"] == FULL["username"]
    assert record["name"] == {"givenName": "Barbara", "familyName": "Jensen \u00d8"}
    assert [one["value"] for one in record["emails"]] == ["b@example.org", "b2@example.org"]

    changed = directory.update("users", key, {"last_name": "King", "title": None, "status": "inactive"})
    assert (changed.outcome.is_, changed.outcome.verified) == ("done", True)
    record = held(server, f"Users/{key}")
    assert record is not None
    assert (record["name"]["givenName"], record["name"]["familyName"]) == ("Barbara", "King")
    assert (record["active"], "title" in record, record["displayName"]) == (False, False, FULL["name"])

    gone = directory.delete("users", key)
    assert (gone.result, gone.outcome.is_, gone.outcome.verified) == (None, "done", True)
    assert held(server, f"Users/{key}") is None
    with pytest.raises(VendorNotFound):
        directory.delete("users", key)


@pytest.mark.parametrize("field", sorted(set(FULL) - {"username"}))
def test_each_field_is_changed_alone(server: Loaded, directory: Directory, field: str) -> None:
    key = next(iter(server.users))
    value: Any = "inactive" if field == "status" else FULL[field]
    assert directory.update("users", key, {field: value}).outcome.verified
    row = directory.get("users", key).row
    if field in ("emails", "phones"):
        name = {"emails": "email", "phones": "number"}[field]
        assert [one[name] for one in row[field]] == [one[name] for one in value]
    else:
        assert row[field] == value


def test_a_name_that_is_taken_is_a_conflict(server: Loaded, directory: Directory) -> None:
    taken = list(server.users.values())[1]["userName"]
    with pytest.raises(Conflict):
        directory.create("users", {"username": taken})


def test_a_group_its_members_and_its_end(server: Loaded, directory: Directory) -> None:
    made = directory.create("groups", {"name": 'Guides "of" Rome'})
    key = made.row["id"]
    users = list(server.users)[:2]
    for user in users:
        joined = directory.create(f"groups/{key}/users", {"id": user})
        assert (joined.outcome.is_, joined.outcome.verified) == ("done", True)
    assert [row["id"] for row in directory.list(f"groups/{key}/users").rows] == users
    left = directory.delete(f"groups/{key}/users", users[0])
    assert (left.outcome.is_, left.outcome.verified) == ("done", True)
    record = held(server, f"Groups/{key}")
    assert record is not None
    assert [one["value"] for one in record["members"]] == users[1:]
    assert directory.update("groups", key, {"name": "Guides"}).row["name"] == "Guides"
    assert directory.delete("groups", key).outcome.verified
    assert held(server, f"Groups/{key}") is None


def test_what_is_not_there(directory: Directory) -> None:
    for verb, *asked in (
        ("update", "users", "nobody", {"title": "x"}),
        ("delete", "users", "nobody"),
        ("update", "groups", "nothing", {"name": "x"}),
        ("delete", "groups", "nothing"),
        ("create", "groups/nothing/users", {"id": "nobody"}),
    ):
        with pytest.raises(VendorNotFound):
            getattr(directory, verb)(*asked)


@pytest.mark.parametrize("status", ["invited", "deleted", "unknown"])
def test_a_status_that_the_vendor_has_no_word_for_is_refused_unsent(
    server: Loaded, directory: Directory, status: str
) -> None:
    server.asked.clear()
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        directory.update("users", next(iter(server.users)), {"status": status})
    assert server.asked == []


@pytest.mark.parametrize("user", ['x" or value eq "y', "x\\", '"]', "x\u00e9"])
def test_an_id_stays_a_value_in_a_filter(server: Loaded, directory: Directory, user: str) -> None:
    group = next(key for key, users in server.members.items() if users)
    before = held(server, f"Groups/{group}")
    assert before is not None
    written = directory.delete(f"groups/{group}/users", user)
    assert (written.result, written.outcome.verified) == (None, False), "nobody of that id was seen in it"
    after = held(server, f"Groups/{group}")
    assert after is not None
    assert after["members"] == before["members"]
