"""Paths mean what jsonpath-ng says they mean, and say so when a record isn't of the shape that they name."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonpath_ng.ext.parser import parse as library_parse
from pydantic import TypeAdapter, ValidationError

from connector.mapping import steps
from connector.mapping.path import (
    MAX_LENGTH,
    MISSING,
    Note,
    Notes,
    PathInvalid,
    PathText,
    json_equal,
    json_type,
    parse_path,
)

USER = {
    "id": "42",
    "name": {"givenName": "Ada", "familyName": None},
    "emails": [
        {"value": "ada@example.test", "type": "work", "primary": True},
        {"value": "ada@home.test", "type": "home", "primary": False},
    ],
    "roles": [],
    "groups": None,
    "age": 36,
    "@odata.nextLink": "next",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Maths"},
    "2fa_enabled": False,
    "it's a \\ key": 1,
    "имя": "Ада",
    "where": "here",
    "matrix": [[1, 2], [3], []],
    "teams": [{"members": [{"id": 1}]}, {"members": None}, {}, {"members": [{"id": 2}, {"id": 3}]}],
}


def one(text: str, record: Any) -> tuple[Any, list[Note]]:
    notes = Notes()
    return parse_path(text).one(record, notes), notes.found


def every(text: str, record: Any) -> tuple[Any, list[Note]]:
    notes = Notes()
    return parse_path(text).all(record, notes), notes.found


# -- one value -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$", USER),
        ("$.id", "42"),
        ("$.absent", MISSING),
        ("$.groups", None),
        ("$.name.givenName", "Ada"),
        ("$.name.familyName", None),
        ("$.name.middleName", MISSING),
        ("$.absent.givenName", MISSING),
        ("$.groups.givenName", MISSING),  # null in the middle is no value, and no surprise
        ("$.groups[0]", MISSING),
        ("$.groups[0].id.x", MISSING),
        ("$.emails[0].value", "ada@example.test"),
        ("$.emails[-1].value", "ada@home.test"),
        ("$.emails[2].value", MISSING),
        ("$.emails[-3].value", MISSING),
        ("$.matrix[0][1]", 2),
        ("$['@odata.nextLink']", "next"),
        ("$['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].department", "Maths"),
        ("$['2fa_enabled']", False),
        ('$["2fa_enabled"]', False),
        (r"$['it\'s a \\ key']", 1),
        ("$['имя']", "Ада"),
        ("$['where']", "here"),
        ("$.emails[?(@.primary == true)].value", "ada@example.test"),
        ("$.emails[?(@.type == 'fax')].value", MISSING),
        ("$.groups[?(@.x == 1)].value", MISSING),
        ("$..givenName", "Ada"),
        ("$.emails.`len`", 2),
        ("$.name.givenName + '@' + $.id", "Ada@42"),
    ],
)
def test_a_scalar_position_has_the_value_or_missing_and_nothing_to_note(text: str, expected: Any) -> None:
    assert one(text, USER) == (expected, [])


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("$.id.x", "$.id", "expected object, got string"),
        ("$.id[0]", "$.id", "expected list, got string"),
        ("$.name[0]", "$.name", "expected list, got object"),
        ("$.emails.value", "$.emails", "expected object, got list"),
        ("$.emails[0].value.x", "$.emails[0].value", "expected object, got string"),
        ("$.emails[-1].primary.x", "$.emails[1].primary", "expected object, got boolean"),
        ("$.age.x.y.z", "$.age", "expected object, got number"),
        ("$.name[*]", "$.name", "expected list, got object"),
        ("$.name[?(@.x == 1)]", "$.name", "expected list, got object"),
        ("$.name[0:1]", "$.name", "expected list, got object"),
        ("$.emails.*", "$.emails", "expected object, got list"),
        ("$['2fa_enabled'].x", "$['2fa_enabled']", "expected object, got boolean"),
    ],
)
def test_a_step_that_meets_another_container_gives_nothing_and_says_where(
    text: str, path: str, message: str
) -> None:
    assert one(text, USER) == (MISSING, [Note("wrong_type", path, message)])
    assert every(text, USER) == (MISSING, [Note("wrong_type", path, message)])


@pytest.mark.parametrize("record", ["text", 7, True, [1]])
def test_a_record_that_is_no_object_is_noted_at_its_root(record: Any) -> None:
    note = Note("wrong_type", "$", f"expected object, got {json_type(record)}")
    for text in ("$.id", "$.name.givenName", "$.a.b.c", "$.emails[*]"):
        assert one(text, record) == (MISSING, [note])


def test_several_matches_in_a_scalar_position_are_noted_and_give_nothing() -> None:
    text = "$.emails[*].value"
    assert one(text, USER) == (MISSING, [Note("many_values", text, "expected one value, found 2")])


# -- every value ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.id", ["42"]),
        ("$.groups", [None]),
        ("$.absent", MISSING),
        ("$.emails[*].type", ["work", "home"]),
        ("$.roles[*]", []),
        ("$.roles[*].id", []),
        ("$.groups[*]", None),
        ("$.groups[*].id", None),
        ("$.absent[*]", MISSING),
        ("$.name.absent[*]", MISSING),
        ("$.absent.deeper[*]", MISSING),
        ("$.emails[?(@.type == 'fax')]", []),
        ("$.groups[?(@.type == 'fax')]", None),
        ("$.absent[?(@.type == 'fax')]", MISSING),
        ("$.emails[0,1].type", ["work", "home"]),
        ("$.emails[::-1].type", ["home", "work"]),
        ("$.emails[5:]", []),
        ("$['id', 'age', 'absent']", ["42", 36]),
        ("$.name.*", ["Ada", None]),
        ("$.matrix[*][*]", [1, 2, 3]),
        ("$.teams[*].members[*].id", [1, 2, 3]),
        ("$.teams[1:3].members[*].id", None),  # one null, one not there: not known
        ("$.teams[2:3].members[*].id", MISSING),
        ("$.roles[*].members[*]", []),
        ("$..primary", [True, False]),
        ("$..emails[*].value", ["ada@example.test", "ada@home.test"]),
        ("$.name.`keys`", ["givenName", "familyName"]),
        ("$.absent.`keys`", MISSING),
    ],
)
def test_a_list_position_tells_missing_null_and_empty_apart(text: str, expected: Any) -> None:
    assert every(text, USER) == (expected, [])


def test_items_of_another_type_are_left_out_each_with_its_place() -> None:
    record = {"emails": [{"value": "a"}, "b", None, {"value": "c"}, 5]}
    found, notes = every("$.emails[*].value", record)
    assert found == ["a", "c"]
    assert notes == [
        Note("wrong_type", "$.emails[1]", "expected object, got string"),
        Note("wrong_type", "$.emails[4]", "expected object, got number"),
    ]


def test_a_filter_notes_the_candidates_that_it_cannot_look_into() -> None:
    record = {"emails": ["a@example.test", {"tags": {"x": 1}, "value": "b"}]}
    assert every("$.emails[?(@.tags[*] == 2)].value", record) == (
        [],
        [
            Note("wrong_type", "$.emails[0]", "expected object, got string"),
            Note("wrong_type", "$.emails[1].tags", "expected list, got object"),
        ],
    )
    assert every("$.emails[?(@.value == $.emails.x)].value", record)[1] == [
        Note("wrong_type", "$.emails[0]", "expected object, got string"),
        Note("wrong_type", "$.emails", "expected object, got list"),
    ]


def test_the_list_given_is_not_the_records_own() -> None:
    record = {"roles": [1]}
    found, _ = every("$.roles[*]", record)
    found.append(2)
    assert record == {"roles": [1]}


def test_too_many_matches_are_a_broken_list_and_not_a_full_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MAX_MATCHES", 100)
    text = "$.a['b','b','b','b','b','b','b','b','b','b','b']['c','c','c','c','c','c','c','c','c','c']"
    found, notes = every(text, {"a": {"b": {"c": 1}}})
    assert found is MISSING
    assert [(note.code, note.breaks) for note in notes] == [("list_unreadable", True)]


def test_what_the_library_cannot_evaluate_is_noted() -> None:
    found, notes = every("$.items.`sorted`", {"items": [1, "a"]})
    assert found is MISSING
    assert notes == [
        Note("wrong_type", "$.items.`sorted`", "cannot be evaluated on this record (TypeError)"),
    ]


def test_a_product_never_repeats_text() -> None:
    assert one("$.a * 1000000000", {"a": "x"})[0] is MISSING
    assert one("$.a * 3", {"a": 5}) == (15, [])


# -- form ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "many", "keys"),
    [
        ("$", False, ()),
        ("$.a", False, ("a",)),
        ("$.a.b[0]['c d'][-1]", False, ("a", "b", 0, "c d", -1)),
        ("$.a[*]", True, None),
        ("$.a[0,1]", True, None),
        ("$.a[0:1]", True, None),
        ("$.a['b','c']", True, None),
        ("$.a[?(@.b == 1)].c", True, None),
        ("$..a", True, None),
        ("$.*", True, None),
        ("$.a.`len`", False, None),
        ("$.a.`keys`", True, None),
        ("$.a + $.b", False, None),
        ("$.a[*] + 1", True, None),
        ('$.a.`split(",", *, -1)`', False, None),
        ("$.a.`parent`", False, None),
        ("$.a where b", False, None),
    ],
)
def test_one_or_many_follows_from_the_form(text: str, many: bool, keys: tuple[str | int, ...] | None) -> None:
    path = parse_path(text)
    assert (path.many, path.steps) == (many, keys)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "starts with $"),
        ("displayName", "write $.displayName"),
        ("@.a", "starts with $"),
        ("$.", "not a path"),
        ("$.a[", "not a path"),
        ("$.where", "not a path"),
        ("$.a b", "not a path"),
        ("$['a", "not a path"),
        ("$.a[?(@.b =~ 'x')]", "regular expressions"),
        ("$.a[?(@.b == 1 || @.c =~ '(a+)+$')]", "regular expressions"),
        ("$.a.`sub(/(a+)+$/, b)`", "regular expressions"),
        (r"$.a.`\sub(/(a+)+$/, b)`", "regular expressions"),
        ("$.a | $.b", "deprecated"),
        ("$.a & $.b", "deprecated"),
        ("$.a[?(@.b == True)]", "deprecated"),
        ("$.a[?(@.b == 1 & @.c == 2)]", "deprecated"),
        ("$.a.`nope`", "not a path"),
        ("$.a.`split()`", "not a path"),
        ("$..a..b..c", "at most 2"),
        ("$.a[?(@.b[?(@.c[?(@.d == 1)])])]", "inside a filter"),
        ("$.a[?(@.b == 1 && $.a[?(@.c == 2)])]", "inside a filter"),
        ("$.a[?($..b)]", "inside a filter"),
        ("$." + "a" * MAX_LENGTH, f"at most {MAX_LENGTH}"),
    ],
)
def test_what_is_no_path_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(PathInvalid, match=r"^[^\n]+$") as caught:
        parse_path(text)
    assert says in str(caught.value)


def test_a_path_is_its_text() -> None:
    path = parse_path("$.emails[*].value")
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - its own bytes
    assert repr(path) == "Path(text='$.emails[*].value')"
    assert len({path, parse_path("$.emails[*].value"), parse_path("$.id")}) == 2


def test_missing_is_false_single_and_no_null() -> None:
    assert not MISSING
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING  # noqa: S301 - its own bytes
    assert f"{MISSING} {MISSING!r}" == "MISSING MISSING"


def test_parsing_in_many_threads_leaves_the_warning_filters_alone() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(parse_path, [f"$.threads.x{n}" for n in range(64)]))
    assert list(warnings.filters) == before


def test_path_text_is_a_field_type_that_gives_the_reason() -> None:
    adapter = TypeAdapter(PathText)
    assert adapter.validate_python("$.a") == "$.a"
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python("$.a | $.b")
    (error,) = caught.value.errors()
    assert error["type"] == "path_invalid"
    assert "deprecated" in error["msg"]
    assert adapter.json_schema()["pattern"] == r"^\$"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("$.emails[*].value", ["$.emails[0].value", "$.emails[1].value"]),
        ("$.name.*", ["$.name.givenName", "$.name.familyName"]),
        ("$.emails[?(@.primary == false)]", ["$.emails[1]"]),
        ("$..primary", ["$.emails[0].primary", "$.emails[1].primary"]),
        (r"$['it\'s a \\ key']", [r"$['it\'s a \\ key']"]),
    ],
)
def test_located_gives_each_match_its_place(text: str, places: list[str]) -> None:
    assert [place for place, _ in parse_path(text).located(USER)] == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("$['name']['givenName']", "$.name.givenName"),
        ("$.emails[-1].value", "$.emails[1].value"),
        ("$.emails[?(@.primary == true)].value", "$.emails[0].value"),
        ("$['absent'].x", "$.absent.x"),
        ("$.emails[*].value", "$.emails[*].value"),
        ("$.emails.`len`", "$.emails.`len`"),
    ],
)
def test_concrete_is_the_place_of_the_only_match_or_where_it_would_be(text: str, place: str) -> None:
    assert parse_path(text).concrete(USER) == place


# -- laws ----------------------------------------------------------------------------------------------------

KEYS = ["a", "b", "c d", "1", "'", "\\", "where", "ü"]
scalars = st.sampled_from([None, True, False, 0, 1, 1.0, 2.5, "", "a", "1", "x"])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)
FILTERS = [
    "[?(@.a)]",
    "[?(!@.a)]",
    "[?(@ == 1)]",
    "[?(@.a == 1)]",
    "[?(@.a != true)]",
    "[?(@.a <= false)]",
    "[?(@.a == null)]",
    "[?(@.a != null)]",
    "[?(@.a.b < 2)]",
    "[?(@.a >= 'a')]",
    "[?(@['c d'] == '1')]",
    "[?(@[*] != 1)]",
    "[?(@.* == 1)]",
    "[?(@[0] == 1 && @[1] == 2.5)]",
    "[?(@.a == 'x' || @.b == $.a)]",
    "[?(@.a == @.b)]",
    "[?(@.a != $.b)]",
    "[?(@..a > 0)]",
    "[?(@.a[?(@.b == 1)])]",
    "[?((@.a || @.b) && !@['1'])]",
]
names = st.sampled_from(KEYS).map(steps.key_text)
segments = (
    names
    | st.sampled_from(
        ["[*]", ".*", "[0]", "[1]", "[-1]", "[0,2]", "[1:]", "[::2]", "[::-1]", "[:0]", "['a','b']"]
    )
    | st.sampled_from(FILTERS)
)
below = st.sampled_from(["..a", "..b", "..*", "..[0]", "..['c d']", "..[?(@.a == 1)]"])


@st.composite
def path_texts(draw: st.DrawFn) -> str:
    parts = draw(st.lists(segments, max_size=4))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), draw(below))
    text = "$" + "".join(parts)
    assume(text.count("..") <= 2)
    return text


def same(ours: Iterable[Any], theirs: Iterable[Any]) -> bool:
    return json_equal(list(ours), list(theirs))


def is_part_of(ours: list[Any], theirs: list[Any]) -> bool:
    left = iter(theirs)
    return all(any(json_equal(value, other) for other in left) for value in ours)


@settings(max_examples=600, deadline=None)
@given(path_texts(), documents)
def test_values_are_the_librarys_in_order_and_fewer_only_with_a_note(text: str, record: Any) -> None:
    theirs = [match.value for match in library_parse(text).find(record)]
    found, notes = every(text, record)
    ours = found or []
    if notes:
        assert is_part_of(ours, theirs)
        assert all(note.code == "wrong_type" for note in notes)
    else:
        assert same(ours, theirs)
    assert same([value for _, value in parse_path(text).located(record)], ours)


@settings(max_examples=300, deadline=None)
@given(path_texts(), documents)
def test_one_agrees_with_all(text: str, record: Any) -> None:
    found, notes = every(text, record)
    value, more = one(text, record)
    if not found:
        assert value is MISSING
        assert more == notes
    elif len(found) == 1:
        assert json_equal(value, found[0])
        assert more == notes
    else:
        assert value is MISSING
        assert more == [*notes, Note("many_values", text, f"expected one value, found {len(found)}")]


@settings(max_examples=300, deadline=None)
@given(path_texts(), documents)
def test_a_place_leads_back_to_its_value(text: str, record: Any) -> None:
    for place, value in parse_path(text).located(record):
        again, notes = one(place, record)
        assert json_equal(again, value)
        assert notes == []


FITTING: dict[
    str, Callable[[Any], Any]
] = {  # what a step takes, around the value that the next step will meet
    ".a": lambda inner: {"b": 1, "a": inner},
    "['c d']": lambda inner: {"c d": inner},
    ".*": lambda inner: {"a": inner, "b": inner},
    "['a','b']": lambda inner: {"b": inner, "a": inner, "1": 0},
    "[*]": lambda inner: [inner, inner],
    "[0]": lambda inner: [inner],
    "[-1]": lambda inner: ["x", inner],
    "[1:]": lambda inner: [0, inner, inner],
    "[?(@)]": lambda inner: [inner, inner],
}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(list(FITTING)), max_size=6), scalars)
def test_where_every_step_meets_its_container_nothing_is_noted(parts: list[str], leaf: Any) -> None:
    record = leaf
    for part in reversed(parts):
        record = FITTING[part](record)
    text = "$" + "".join(parts)
    found, notes = every(text, record)
    assert notes == []
    assert same(found or [], [match.value for match in library_parse(text).find(record)])
    assert leaf in (found or [])


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, False, False),
        ([1, [True]], [1.0, [True]], True),
        ([1], [True], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([], {}, False),
    ],
)
def test_equality_is_that_of_json(left: Any, right: Any, equal: bool) -> None:
    assert json_equal(left, right) is equal
    assert json_equal(right, left) is equal


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="$.@[]()?*'\"`\\/,:=!<>&|+- ab01\n~", max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = parse_path("$" + text)
    except PathInvalid:
        return
    for record in ({"a": [{"b": 1}, "a"], "b": None}, [0, 1], None, "ab"):
        path.one(record, Notes())
        path.all(record, Notes())
        path.concrete(record)


def test_the_longest_path_is_read() -> None:
    assert one("$" + ".a" * 249, {"a": {"a": 1}})[1] == [
        Note("wrong_type", "$.a.a", "expected object, got number")
    ]
