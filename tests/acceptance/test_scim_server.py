"""The `scim` connector against a SCIM server that others wrote: what was loaded is what is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector import Directory
from connector.errors import NeedsReauth, VendorNotFound
from tests.contract.cases import MAPPINGS
from tests.contract.scim_server import TOKEN, Loaded, running

USERS, GROUPS = 250, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Loaded]:
    with running(USERS, GROUPS) as loaded:
        yield loaded


def connected(server: Loaded, token: str = TOKEN) -> Directory:
    return Directory.connect(
        "scim",
        {"base_url": server.base_url},
        {"token": token},
        allow_networks=["127.0.0.1"],
        mappings=[MAPPINGS],
    )


@pytest.fixture
def directory(server: Loaded) -> Iterator[Directory]:
    server.asked.clear()
    with connected(server) as found:
        yield found


def walked(directory: Directory, resource: str, **asked: Any) -> list[Any]:
    """All pages through their cursors, as a client with nothing but the envelope would."""
    pages, cursor = [], None
    while True:
        page = directory.list(resource, cursor=cursor, **asked)
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            return pages


def groups_of(server: Loaded, user: str) -> list[str]:
    return [group for group, users in server.members.items() if user in users]


def test_check(directory: Directory) -> None:
    assert directory.check() == {"main": "ok"}


def test_a_wrong_token_is_refused(server: Loaded) -> None:
    with connected(server, "another") as directory, pytest.raises(NeedsReauth) as refused:
        directory.list("users")
    assert "another" not in str(refused.value)


def test_everyone_once_and_complete(server: Loaded, directory: Directory) -> None:
    (*_, last) = pages = list(directory.pages("users"))
    rows = {row["id"]: row for page in pages for row in page.rows}
    assert list(rows) == list(server.users)
    assert sum(len(page.rows) for page in pages) == USERS
    assert (last.completeness.verdict, last.completeness.declared) == ("complete", USERS)
    assert [page.warnings for page in pages] == [[]] * len(pages)
    for key, record in server.users.items():
        row = rows[key]
        assert row["username"] == record["userName"]
        assert row["status"] == ("active" if record["active"] else "inactive")
        assert row["external_id"] == record.get("externalId")
        assert row["name"] == record.get("displayName", f"Person {record.get('name', {}).get('familyName')}")
        assert [item["email"] for item in row["emails"]] == [record["userName"]]
        assert row["created_at"].startswith("2026-01-01T00:0")
        assert "groups" not in row


@pytest.mark.parametrize(("limit", "sizes"), [(97, [97, 97, 56]), (250, [250]), (100, [100, 100, 50])])
def test_pages_of_any_size_through_cursors(
    server: Loaded, directory: Directory, limit: int, sizes: list[int]
) -> None:
    pages = walked(directory, "users", limit=limit)
    assert [len(page.rows) for page in pages] == sizes
    assert [row["id"] for page in pages for row in page.rows] == list(server.users)
    assert pages[-1].completeness.verdict == "complete"
    assert len(server.asked) == -(-USERS // min(limit, 100))


def test_groups(server: Loaded, directory: Directory) -> None:
    rows = [row for page in directory.pages("groups") for row in page.rows]
    assert {row["id"]: row["name"] for row in rows} == {
        key: record["displayName"] for key, record in server.groups.items()
    }
    assert {row["group_type"] for row in rows} == {"group"}


def test_include_groups_agrees_with_what_was_loaded(server: Loaded, directory: Directory) -> None:
    (*_, last) = pages = walked(directory, "users", limit=97, include=["groups"])
    found = {row["id"]: [group["id"] for group in row["groups"]] for page in pages for row in page.rows}
    assert found == {user: groups_of(server, user) for user in server.users}
    assert last.completeness.verdict == "complete"
    assert not any(page.is_partial_response for page in pages)


def test_members_of_a_group_asked_both_ways(server: Loaded, directory: Directory) -> None:
    assert any(not users for users in server.members.values())
    for group, users in server.members.items():
        below = [row["id"] for page in directory.pages(f"groups/{group}/users") for row in page.rows]
        narrowed = [row["id"] for page in directory.pages("users", group_id=group) for row in page.rows]
        assert below == narrowed == users


def test_a_group_that_is_not_there(directory: Directory) -> None:
    with pytest.raises(VendorNotFound):
        directory.list("groups/nobody/users")


def test_get(server: Loaded, directory: Directory) -> None:
    for key in (next(iter(server.users)), list(server.users)[-1]):
        item = directory.get("users", key)
        assert item.row["username"] == server.users[key]["userName"]
        assert [group["id"] for group in item.row["groups"]] == groups_of(server, key)
    group = next(iter(server.groups))
    assert directory.get("groups", group).result.name == "Group 0"
    with pytest.raises(VendorNotFound):
        directory.get("users", "user-9999")


def test_filters_are_evaluated_here(server: Loaded, directory: Directory) -> None:
    wanted = [key for key, record in server.users.items() if not record["active"]]
    pages = list(directory.pages("users", filters={"status": "inactive"}))
    assert [row["id"] for page in pages for row in page.rows] == wanted
    (found,) = [
        row
        for page in directory.pages("users", filters={"username": "PERSON017@example.org"})
        for row in page.rows
    ]
    assert found["username"] == "person017@example.org"
    assert not any("filter" in asked for asked in server.asked)
