"""What stands between a vendor's text and a terminal or spreadsheet, for all texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.output import harmless, plural
from connector.cli.rows import csv_cell, csv_columns

TROUBLE = st.text(st.sampled_from("=+-@\t\r\n\x0b\u3000 \"';a\u202e\x9b\x1b\ud800") | st.characters())


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=x", " =x", '"=x', "' =x", "\u3000=x", "\uff1d1", '"\t=x'],
)
def test_a_cell_that_would_run_gets_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "O'Brien", "1-2", "'x'", "x@y.example"])
def test_other_cells_stay(text: str) -> None:
    assert csv_cell(text) == text


@given(TROUBLE)
def test_no_cell_begins_as_a_formula(text: str) -> None:
    shown = csv_cell(text)
    assert shown.endswith(text)
    assert shown.startswith("'") or not shown.lstrip(" \"'").startswith(("=", "+", "-", "@", "\t", "\r"))


@given(TROUBLE)
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    shown = harmless(text)
    assert not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") for sign in shown)
    assert not any(
        unicodedata.bidirectional(sign) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI") for sign in shown
    )


def test_every_kind_of_field_has_a_flat_column() -> None:
    row = {
        "emails": [{"email": "a@x"}, {"email": "=b"}],
        "groups": [{"id": "1", "name": "One"}, {"id": "2", "name": None}],
        "languages": ["de", "en"],
        "is_2fa_enabled": True,
        "custom_fields": {"a": 1},
        "roles": None,
    }
    columns = csv_columns("users", row)
    assert {name: read(row) for name, read in columns} == {
        "emails": "a@x;'=b",
        "is_2fa_enabled": "true",
        "roles.id": "",
        "roles.name": "",
        "groups.id": "1;2",
        "groups.name": "One;",
        "languages": "de;en",
        "custom_fields": '{"a":1}',
    }


@pytest.mark.parametrize(
    ("names", "cell"),
    [
        (["a;b"], r"a\;b"),
        (["a", "b"], "a;b"),
        (["a\\", "b"], r"a\\;b"),
        (["a\\;b"], r"a\\\;b"),
        (["Legal; Tax", "R\\D"], r"Legal\; Tax;R\\D"),
    ],
)
def test_values_in_one_cell_are_told_apart(names: list[str], cell: str) -> None:
    row = {"groups": [{"id": str(place), "name": name} for place, name in enumerate(names)]}
    columns = dict(csv_columns("users", row))
    assert columns["groups.name"](row) == cell


@given(st.lists(st.text(st.sampled_from("a;\\'")), min_size=1))
def test_what_was_joined_can_be_taken_apart(values: list[str]) -> None:
    _, read = csv_columns("users", ["languages"])[0]
    parts = [""]
    marks = iter(read({"languages": values}))
    for mark in marks:
        if mark == ";":
            parts.append("")
        else:
            parts[-1] += next(marks) if mark == "\\" else mark
    assert parts == values


def test_counted_nouns() -> None:
    assert [plural(count, "users") for count in (0, 1, 1200)] == ["0 users", "1 user", "1,200 users"]
