"""Every fault of a document in one run, each at its own place, and none that only follows from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

from connector.faults import place, validate, words_of
from connector.yamlfile import Complaint, load


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cat(Closed):
    kind: Literal["cat"]
    lives: StrictInt = 9


class Dog(Closed):
    kind: Literal["dog"]
    name: str
    is_: Literal["good", "bad"] = Field("good", alias="is")


class Home(Closed):
    street: str
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()
    numbers: Mapping[Annotated[str, Field(pattern="^[a-z]+$")], StrictInt] = {}
    odd: tuple[StrictInt, ...] = ()

    @field_validator("odd")
    @classmethod
    def _odd(cls, found: tuple[int, ...]) -> tuple[int, ...]:
        if any(number % 2 == 0 for number in found):
            raise ValueError("only odd numbers")
        return found


def told(text: str) -> list[str]:
    found, faults, _ = validate(Home, load(text, "f"))
    assert (found is None) == bool(faults)
    return [str(fault).replace("\n    ", " | ") for fault in faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("street: a", []),
        ("{}", ["f:1:1: `street` is missing"]),
        ("street: 7", ["f:1:9: street: expected text, got integer 7"]),
        ("street: true", ["f:1:9: street: expected text, got boolean true"]),
        ("street:", ["f:1:8: street: expected text, got null"]),
        ("street: [a]", ["f:1:9: street: expected text, got a list"]),
        ("street: {a: b}", ["f:1:9: street: expected text, got a mapping"]),
        ("street: a\npets: cat", ["f:2:7: pets: expected a list, got string 'cat'"]),
        (
            "street: a\nstret: b",
            ["f:2:1: stret: unknown key 'stret' | did you mean: street | allowed: street, pets, numbers, odd"],
        ),
        ("street: a\npets: [{}]", ["f:2:8: pets.0: `kind` is missing"]),
        ("street: a\npets: [cat]", ["f:2:8: pets.0: expected a mapping (key: value), got string 'cat'"]),
        (
            "street: a\npets: [{kind: dgo, name: x}]",
            ["f:2:15: pets.0.kind: unknown kind 'dgo' | did you mean: dog | allowed: cat, dog"],
        ),
        (
            "street: a\npets: [{kind: dog, name: x, is: goood}]",
            ["f:2:33: pets.0.is: expected one of the words below, got string 'goood' | did you mean: good | allowed: good, bad"],
        ),
        (
            "street: a\npets: [{kind: dog, nmae: x, name: y}]",
            ["f:2:20: pets.0.nmae: unknown key 'nmae' | did you mean: name | allowed: kind, name, is"],
        ),
        ("street: a\npets: [{kind: dog}]", ["f:2:8: pets.0: `name` is missing"]),
        ("street: a\nnumbers: {One: 1}", ["f:2:11: numbers.One: string 'One' does not match ^[a-z]+$"]),
        ("street: a\nnumbers: {one: '1'}", ["f:2:16: numbers.one: expected a whole number, got string '1'"]),
        ("street: a\nodd: [1, 2]", ["f:2:6: odd: only odd numbers"]),
    ],
)  # fmt: skip
def test_told(text: str, expected: list[str]) -> None:
    assert told(text) == expected


def test_all_at_once_also_what_shows_only_when_the_rest_is_right() -> None:
    text = (
        "stret: 1\npets:\n  - {kind: cta}\n  - {kind: cat, lives: x}\n  - {kind: dog, name: 1}\nodd: [2, x]\n"
    )
    assert [fault.partition(": ")[0] for fault in told(text)] == [
        "f:1:1",
        "f:1:1",
        "f:3:12",
        "f:4:24",
        "f:5:23",
        "f:6:6",
        "f:6:10",
    ]


def test_what_was_taken_out_is_not_called_missing() -> None:
    found = told("street: 7\npets: [{kind: 8}, {kind: dog, name: 9}]\n")
    assert not any("missing" in fault for fault in found), found
    assert len(found) == 3


def test_items_behind_one_that_is_wrong_keep_their_place() -> None:
    """The second fault is found only when the first item was taken out."""
    found = told("street: a\npets:\n  - {kind: x}\n  - {kind: cat}\n  - {kind: dog, name: [1]}\n")
    assert [fault.partition(": ")[0] for fault in found] == ["f:3:12", "f:5:23"]


def test_the_rest_of_a_faulty_document_can_be_looked_at() -> None:
    found, faults, rest = validate(Home, load("street: a\nodd: [x]\n", "f"))
    assert found is None
    assert len(faults) == 1
    assert rest is not None
    assert rest.street == "a"


def test_complaints_are_placed_in_the_order_of_the_file() -> None:
    document = load("a: {b: 1}\nc: [x, y]\n", "f")
    complaints = [
        Complaint(("c", 1), "second", "pat", ("path", "text")),
        Complaint(("a", "b"), "first", at_key=True),
        Complaint(("a", "b"), "first", at_key=True),
        Complaint(("none", "at", "all"), "somewhere"),
    ]
    assert [str(fault).partition("\n")[0] for fault in place(document, complaints)] == [
        "f:1:1: somewhere",
        "f:1:5: a.b: first",
        "f:2:8: c.1: second",
    ]


def test_words_are_as_yaml_writes_them() -> None:
    assert words_of(Dog) == ("kind", "name", "is")
