"""YAML as people mean it: values keep the type that their text says, and what is wrong is told with its place."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigurationInvalid, Fault
from connector.yamlfile import Complaint, YamlMap, load, mark_at, nearest, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("no", "off", "yes", "on", "y", "n", "No", "OFF", "Yes", "NO")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, word) for word in ("tRue", "faLSE", "nULL")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        *((word, word) for word in ("2026-01-31", "2026-01-31T00:00:00Z", "12:30", "1:2:3", "190:20:30")),
        *(
            (word, word)
            for word in ("007", "0o17", "0x1F", "0b1", "1_000", ".5", "5.", ".inf", ".nan", "1e", "+")
        ),
        ("0", 0),
        ("-0", 0),
        ("7", 7),
        ("+7", 7),
        ("-12", -12),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ('"7"', "7"),
        ("'true'", "true"),
        ('""', ""),
        ("|-\n  7", "7"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalar(text: str, value: Any) -> None:
    found = load(f"key: {text}", "f")["key"]
    assert type(found) is type(value)
    assert found == value


def test_keys_keep_their_type() -> None:
    document = load("true: a\n1: b\n'1': c\n'true': d\nnull: e\nno: f\n1.0: g\n", "f")
    assert [(type(key).__name__, key, value) for key, value in document.pairs] == [
        ("bool", True, "a"),
        ("int", 1, "b"),
        ("str", "1", "c"),
        ("str", "true", "d"),
        ("NoneType", None, "e"),
        ("str", "no", "f"),
        ("float", 1.0, "g"),
    ]


WRONG: list[tuple[str, str, str]] = [
    ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "duplicate key 'a'; it stands first in line 1"),
    ("a:\n  true: 1\n  True: 2\n", "f.yaml:3:3", "duplicate key True"),
    ("{a: 1, a: 1}", "f.yaml:1:8", "duplicate key 'a'"),
    ("a: [1, 2", "f.yaml:1:9", "not YAML"),
    ("a: b: c", "f.yaml:1:5", "not YAML: mapping values are not allowed here"),
    ("\ta: 1", "f.yaml:1:1", "not YAML"),
    ("a: *x", "f.yaml:1:4", "undefined alias"),
    ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "not YAML"),
    ("a: \x07", "f.yaml:1:1", "not YAML: special characters are not allowed"),
    ("", "f.yaml:1:1", "the file is empty"),
    ("# nothing\n", "f.yaml:1:1", "the file is empty"),
    ("- a\n", "f.yaml:1:1", "expected a mapping"),
    ("text", "f.yaml:1:1", "expected a mapping"),
    ("a: !!python/object/apply:os.system ['true']", "f.yaml:1:4", "tags such as tag:yaml.org,2002:python"),
    ("a: !!python/name:os.system x", "f.yaml:1:4", "tags such as"),
    ("a: !secret x", "f.yaml:1:4", "tags such as !secret are not used"),
    ("a: !!str 7", "f.yaml:1:4", "tags such as"),
    ("a: !x {b: 1}", "f.yaml:1:4", "tags such as !x"),
    ("a: !x [1]", "f.yaml:1:4", "tags such as !x"),
    ("a: !!set {b, c}", "f.yaml:1:4", "tags such as"),
    ("<<: {a: 1}", "f.yaml:1:1", "merge keys"),
    ("b: {<<: {a: 1}}", "f.yaml:1:5", "merge keys"),
    ("? [a, b]\n: 1\n", "f.yaml:1:3", "a key must be plain text"),
    ("? {a: b}\n: 1\n", "f.yaml:1:3", "a key must be plain text"),
    ("a: &x\n  b: *x\n", "f.yaml", "in itself"),
    ("a: &x [1, *x]\n", "f.yaml", "in itself"),
    ("a: " + "[" * 5_000 + "]" * 5_000, "f.yaml", "nested too deeply"),
    ("a: " + "{a: " * 400 + "1" + "}" * 400, "f.yaml", "nested too deeply"),
    ("a: " + "1" * 5_000, "f.yaml:1:4", "number"),
    ("a: 1e999", "f.yaml:1:4", "number"),
]


@pytest.mark.parametrize(("text", "place", "message"), WRONG, ids=lambda text: text[:25])
def test_wrong(text: str, place: str, message: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load(text, "f.yaml")
    first = refused.value.faults[0]
    assert str(first).startswith(place)
    assert message in str(first)
    assert refused.value.details[0]["line"] == first.line


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load("a: !x 1\nb: {c: 1, c: 2}\nb: 3\n<<: {}\n", "f.yaml")
    assert [(fault.line, fault.column) for fault in refused.value.faults] == [(1, 4), (2, 11), (3, 1), (4, 1)]
    assert str(refused.value).count("f.yaml:") == 4


def test_aliases_are_read_and_counted() -> None:
    document = load("a: &x {b: [1]}\nc: *x\n", "f")
    assert document["c"] == {"b": [1]}
    assert document["c"] is not document["a"], "what is changed in one place is not changed in the other"


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    tracemalloc.start()
    try:
        with pytest.raises(ConfigurationInvalid, match="more than 50,000 values"):
            load(bomb, "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffname: é\r\n".encode())
    assert read(path) == {"name": "é"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", "not UTF-8: byte 3 is 0xff"),
        ("a: é\n".encode("latin-1"), "not UTF-8"),
        ("a: 1\n".encode("utf-16"), "not UTF-8"),
        (b"a: " + b"x" * 1_000_000, "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationInvalid, match=message) as refused:
        read(path, "shown.yaml")
    assert str(refused.value.faults[0]).startswith("shown.yaml:1:1: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationInvalid, match="directory"):
        read(tmp_path)


def test_each_value_has_its_place() -> None:
    document = load("a:\n  - b: 1\n  - {c: [x, y]}\n", "f")
    places = {
        (): "f:1:1",
        ("a",): "f:2:3",
        ("a", 0, "b"): "f:2:8",
        ("a", 1, "c", 1): "f:3:13",
        ("a", 1, "none", 7): "f:3:5",
        ("a", 9): "f:2:3",
    }
    assert {loc: str(mark_at(document, loc)) for loc in places} == places
    assert str(mark_at(document, ("a", 1, "c"), at_key=True)) == "f:3:6"
    assert mark_at({}, ("a",)) is None


def test_a_dropped_key_is_gone() -> None:
    document = load("a: 1\nb: 2\n", "f")
    document.drop("a")
    document.drop("none")
    assert document == {"b": 2}
    assert document.pairs == [("b", 2)]


def test_dropping_one_of_two_keys_that_a_dict_takes_for_one() -> None:
    document = load("true: a\n1: b\n", "f")
    document.drop(True)
    assert document.pairs == [(1, "b")]
    assert document == {1: "b"}


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("lable", ["label", "settings"], "label"),
        ("Label", ["label"], "label"),
        ("usres", ["Users", "groups"], "Users"),
        ("xyz", ["label", "settings"], None),
        ("", ["label"], None),
        ("a", [], None),
    ],
)
def test_nearest(word: str, known: list[str], found: str | None) -> None:
    assert nearest(word, known) == found


def test_a_fault_says_what_is_allowed() -> None:
    fault = Fault("f.yaml", 3, 5, "unknown key 'lable'", "a.b", "lable", ("label", "help"), "label")
    assert str(fault) == (
        "f.yaml:3:5: a.b: unknown key 'lable'\n    did you mean: label\n    allowed: label, help"
    )
    assert fault.to_dict()["allowed"] == ("label", "help")
    assert Complaint(("a",), "m").at_key is False


def test_a_map_is_a_dict() -> None:
    document = load("a: 1", "f")
    assert isinstance(document, YamlMap)
    assert document == {"a": 1}
