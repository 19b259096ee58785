"""Tables: whatever the pages have and however narrow the terminal, ids are whole and nothing goes unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from connector.cli.table import TableRows

FIELDS = ("id", "name", "emails", "username", "status", "status_detail", "groups")
UUID = "0b1f6c1e-6a0c-4c55-9d39-6b9f4f5a1c77"


def user(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "name": None, "emails": None, "username": None, "status": "active", **more}


def shown(
    capsys: pytest.CaptureFixture[str], rows: TableRows, *pages: Sequence[dict[str, Any]]
) -> list[list[str]]:
    """The lines of each page."""
    found = []
    for page in pages:
        rows.add(page)
        found.append(capsys.readouterr().out.splitlines())
    return found


@pytest.fixture
def capsys_at(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def at(columns: int) -> pytest.CaptureFixture[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        return capsys

    return at


def test_columns_are_the_mappings_not_the_first_pages(capsys_at: Any) -> None:
    later = user(UUID, name="Ada Lovelace", username="ada@acme.example", groups=[{"id": "g", "name": "Tax"}])
    first, second = shown(capsys_at(120), TableRows("users", FIELDS), [user("u1"), user("u2")], [later])
    assert first[0].split() == ["id", "name", "email", "status", "groups"]
    for text in (UUID, "Ada Lovelace", "ada@acme.example", "active", "Tax"):
        assert text in second[0]


def test_what_no_mapping_fills_or_nobody_wants_is_no_column(capsys_at: Any) -> None:
    rows = TableRows("groups", {"name", "group_type"})
    (page,) = shown(capsys_at(80), rows, [{"id": "1", "name": "Tax", "group_type": "team"}])
    assert page[0].split() == ["id", "name", "type"]
    assert rows.footer() is None


def test_a_longer_id_takes_room_from_what_follows(capsys_at: Any) -> None:
    ada = {"name": "Ada Augusta Lovelace", "username": "a@x.example"}
    first, second = shown(
        capsys_at(80), TableRows("users", FIELDS), [user("u1", **ada)], [user("u1234", **ada)]
    )
    assert second[0].split()[0] == "u1234"
    assert first[1].index("a@x") == second[0].index("a@x")


@pytest.mark.parametrize(
    ("columns", "key", "hidden"),
    [
        (200, UUID, None),
        (80, "970404910858250", "hidden: groups; -o json shows all"),
        (80, UUID, "hidden: email, groups; -o json shows all"),
        (45, UUID, "hidden: name, email, groups; -o json shows all"),
        (40, UUID, "hidden: name, email, status, groups; -o json shows all"),
    ],
)
def test_what_does_not_fit_is_named(capsys_at: Any, columns: int, key: str, hidden: str | None) -> None:
    row = user(
        key,
        name="Ada Lovelace",
        username="ada.lovelace@acme.example",
        status_detail="active or invited",
        groups=[{"id": "g", "name": "Human Resources"}],
    )
    rows = TableRows("users", FIELDS)
    (page,) = shown(capsys_at(columns), rows, [row])
    assert rows.footer() == hidden
    assert key in page[1]
    assert max(map(cell_len, page)) <= columns
    assert ("active (active or invited)" in page[1]) is (columns >= 80)


@pytest.mark.parametrize(
    ("status", "detail", "cell"),
    [
        ("active", "active", "active"),
        ("active", "ACTIVE", "active"),
        ("inactive", "locked", "inactive (locked)"),
        ("unknown", "on leave", "unknown (on leave)"),
        (None, "odd", "(odd)"),
        (None, None, ""),
    ],
)
def test_the_vendors_own_word_stands_beside_the_status(
    capsys_at: Any, status: str | None, detail: str | None, cell: str
) -> None:
    row = user("u1", status=status, status_detail=detail)
    (page,) = shown(capsys_at(80), TableRows("users", ("status", "status_detail")), [row])
    assert page[1].removeprefix("u1").strip() == cell


def test_a_detail_that_comes_later_is_seen_too(capsys_at: Any) -> None:
    _, later = shown(
        capsys_at(80),
        TableRows("users", FIELDS),
        [user("u1", name="n" * 60, username="m" * 60)],
        [user("u2", status="inactive", status_detail="locked")],
    )
    assert "inactive (locked)" in later[0]


def test_nothing_is_hidden_where_there_is_nothing(capsys_at: Any) -> None:
    rows = TableRows("users", FIELDS)
    assert shown(capsys_at(20), rows, []) == [[]]
    assert rows.footer() is None


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=60)
ROWS = st.lists(
    st.builds(
        user,
        st.text("0123456789abcdef-", min_size=1, max_size=40),
        name=TEXT | st.none(),
        username=TEXT | st.none(),
        status_detail=TEXT | st.none(),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=st.integers(10, 200), first=ROWS, second=ROWS)
def test_ids_are_whole_on_every_page(
    capsys_at: Any, columns: int, first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    pages = shown(capsys_at(columns), TableRows("users", FIELDS), first, second)
    heading, *lines = pages[0]
    for line, row in zip([*lines, *pages[1]], [*first, *second], strict=True):
        assert line == row["id"] or line.startswith(f"{row['id']} ")
    longest = max(len(row["id"]) for row in first)
    assert max(map(cell_len, (heading, *lines))) <= max(columns, longest)
