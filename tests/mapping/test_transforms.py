"""Every example of the reference is true, and every word of a path rule has some."""

from __future__ import annotations

from typing import Any

import pytest

from connector.mapping.compile import compile_mapping
from connector.mapping.examples import EXAMPLES, Example
from connector.mapping.forms import RULE_WORDS
from connector.mapping.path import Notes
from connector.mapping.refusal import Refused
from connector.mapping.rules import MappingFile, PathRule
from connector.mapping.transforms import TypedTable, date, link, null_if, values
from connector.mapping.words import same

CASES = [
    pytest.param(example, id=f"{word}-{i}")
    for word, found in EXAMPLES.items()
    for i, example in enumerate(found)
]


@pytest.mark.parametrize("example", CASES)
def test_the_example_is_true(example: Example) -> None:
    file = MappingFile.model_validate(
        {
            "source": "a.b",
            "unified": "users",
            "fields": {"id": {"constant": "1"}, "custom_fields": {"object": {"x": example.rule}}},
        }
    )
    mapper, complaints = compile_mapping(file, None)
    assert complaints == []
    assert mapper is not None
    notes = Notes()
    read = mapper.read(example.record, notes)["custom_fields"]["x"]
    assert read == example.value
    assert type(read) is type(example.value)
    assert tuple(note.code for note in notes.found) == example.notes


def test_every_word_has_examples() -> None:
    own = {"secret", "one_way", "write", "zone", "take"}
    words = {info.alias or name for name, info in PathRule.model_fields.items()} - own
    assert words | set(RULE_WORDS) - {"lookup"} <= set(EXAMPLES)


@pytest.mark.parametrize("key", [True, 1, "1", 1.5, None])
def test_a_table_keeps_the_type_of_its_keys(key: Any) -> None:
    others = [one for one in (True, 1, "1", 1.5, None) if one is not key]
    table = TypedTable([(key, "found")])
    assert table.get(key) == "found"
    assert [table.get(other) for other in others].count("found") == 0


def test_one_and_one_point_zero_are_one_number() -> None:
    assert TypedTable([(1, "found")]).get(1.0) == "found"
    assert same(1, 1.0)
    assert not same(1, True)


def test_an_ambiguous_value_is_written_only_as_told() -> None:
    rows = [("Locked", "inactive"), ("Locked by IdP", "inactive"), ("Active", "active")]
    free, told = values(rows), values(rows, preferred=[("inactive", "Locked")])
    assert told.write is not None
    assert free.write is not None
    assert told.write("inactive") == "Locked"
    with pytest.raises(Refused, match=r'"inactive" can\'t be written; allowed: "active"'):
        free.write("inactive")


def test_a_secret_word_is_not_shown() -> None:
    table = values([("a", "b")], hidden=True)
    assert table.write is not None
    with pytest.raises(Refused) as read:
        table.read("hush")
    with pytest.raises(Refused) as written:
        table.write("hush")
    assert "hush" not in f"{read.value}{written.value}"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("%Y-%m-%d", "2026-01-01T00:00:01Z"),
        ("epoch_s", "5200-01-01T00:00:00Z"),
        ("epoch_ms", "1970-01-02T00:00:00Z"),
    ],
)
def test_a_date_that_would_lose_part_of_it_is_not_written(word: str, text: str) -> None:
    piece = date(word)
    assert piece.write is not None
    with pytest.raises(Refused):
        piece.write(text)


def test_what_means_nothing_is_not_written_as_a_value() -> None:
    piece = null_if(("",))
    assert piece.write is not None
    assert piece.write(None) == ""
    with pytest.raises(Refused):
        piece.write("")


def test_a_link_is_found_with_and_without_its_scheme() -> None:
    piece = link(("vault.example",), subdomains=False)
    assert piece.find is not None
    assert piece.find("https://vault.example/x") == ["https://vault.example/x", "vault.example/x"]
    assert piece.find("https://evil.example/x") == []
