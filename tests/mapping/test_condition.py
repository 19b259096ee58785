"""Conditions are typed, total, and refused with what is allowed when they are written wrongly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector import yamlfile
from connector.mapping.condition import AnswerCondition, AnswerFacts, Condition
from connector.mapping.path import MISSING, Note, Notes, json_equal

NOT_THERE = object()


def condition(text: str) -> Condition:
    return Condition.model_validate(yamlfile.load(text, "test.yaml"))


def record(value: Any) -> dict[str, Any]:
    return {} if value is NOT_THERE else {"x": value}


@pytest.mark.parametrize(
    ("test", "holds_for", "not_for"),
    [
        ("true", [True], [False, 1, "true", None, NOT_THERE, [True]]),
        ("1", [1, 1.0], [True, "1", 0, NOT_THERE]),
        ("1.5", [1.5], [1, "1.5"]),
        ('"1"', ["1"], [1, True]),
        ("Active", ["Active"], ["active", " Active", None, ["Active"]]),
        ("null", [None], [NOT_THERE, "", False, 0]),
        ('""', [""], [None, NOT_THERE]),
        ("[Active, 1, null]", ["Active", 1, None], ["Inactive", True, NOT_THERE]),
        ("[{contains: lock}, {empty: true}]", ["Locked", "", None, NOT_THERE], ["open"]),
        ("{present: true}", [None, "", 0, []], [NOT_THERE]),
        ("{present: false}", [NOT_THERE], [None, "", 0]),
        ("{empty: true}", [NOT_THERE, None, "", []], [0, False, " ", {}, [None]]),
        ("{empty: false}", [0, False, " ", [0]], [NOT_THERE, None, "", []]),
        ("{contains: Straße}", ["in der STRASSE 5", "straße"], ["strase", None, ["Straße"], NOT_THERE]),
        ("{starts_with: ab}", ["ab", "abc"], ["Abc", "cab", None, ["ab"], NOT_THERE]),
        ("{not: Active}", ["x", None, NOT_THERE, 1], ["Active"]),
        ("{not: {empty: true}}", ["x", 0], ["", None, NOT_THERE]),
        ("{not: [a, b]}", ["c", NOT_THERE], ["a", "b"]),
        ("{any_of: [a, {starts_with: b}, {not: {present: true}}]}", ["a", "bc", NOT_THERE], ["c", None]),
    ],
)
def test_each_test_holds_exactly_where_it_says(test: str, holds_for: list[Any], not_for: list[Any]) -> None:
    holds = condition(f"$.x: {test}").compile()
    assert [value for value in holds_for if not holds(record(value))] == []
    assert [value for value in not_for if holds(record(value))] == []


@pytest.mark.parametrize(
    ("test", "holds_for", "not_for"),
    [
        ("b", [["a", "b"]], [["a"], [], None, NOT_THERE]),
        ("{contains: B}", [["a", "abc"]], [["a"], []]),
        ("{not: b}", [["a"], [], None, NOT_THERE], [["a", "b"]]),
        ("[a, b]", [["b", "c"]], [["c"], []]),
        ("{present: true}", [["a"], [None]], [[], None, NOT_THERE]),
        ("{present: false}", [[], None, NOT_THERE], [["a"]]),
        ("{empty: true}", [[], [""], [None, ""], None, NOT_THERE], [["a"], ["", "a"]]),
        ("{empty: false}", [["a"], ["", "a"]], [[], [""]]),
        ("null", [[None, "a"]], [["a"], [], None]),
    ],
)
def test_over_a_path_that_may_find_several_one_is_enough(
    test: str, holds_for: list[Any], not_for: list[Any]
) -> None:
    holds = condition(f'"$.x[*]": {test}').compile()
    assert [value for value in holds_for if not holds(record(value))] == []
    assert [value for value in not_for if holds(record(value))] == []


def test_all_paths_must_hold_and_the_order_is_kept() -> None:
    both = condition("{$.b: 1, $.a: {not: 2}}")
    assert both.paths == ("$.b", "$.a")
    holds = both.compile()
    assert [holds({"b": 1, "a": 1}), holds({"b": 1, "a": 2}), holds({"b": 2, "a": 1})] == [True, False, False]


def test_wrong_types_on_the_way_are_noted_for_who_asks() -> None:
    holds = condition("{$.a.b: {empty: true}}").compile()
    notes = Notes()
    assert holds({"a": "text"}, notes)
    assert notes.found == [Note("wrong_type", "$.a", "expected object, got string")]
    assert holds({"a": "text"})


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("{$.suspended: true, $.word: x}", {"$.suspended": True, "$.word": "x"}),
        ("{$.suspended: null}", {"$.suspended": None}),
        ("{$.suspended: true, $.word: {not: x}}", None),
        ("{$.word: [x]}", None),
    ],
)
def test_literals_say_what_to_write(text: str, literals: dict[str, Any] | None) -> None:
    assert condition(text).literals() == literals


WORDS = ("present", "empty", "contains", "starts_with", "not", "any_of")


@pytest.mark.parametrize(
    ("text", "kind", "loc", "allowed"),
    [
        ("{$.x: {contians: a}}", "unknown_test", ("$.x",), WORDS),
        ("{$.x: {matches: a}}", "unknown_test", ("$.x",), WORDS),
        ("{$.x: {true: a}}", "unknown_test", ("$.x",), WORDS),
        ("{$.x: {contains: a, not: b}}", "one_test", ("$.x",), WORDS),
        ("{$.x: {}}", "one_test", ("$.x",), WORDS),
        ("{$.x: {contains: 5}}", "string_type", ("$.x", "contains", "contains"), None),
        ('{$.x: {contains: ""}}', "string_too_short", ("$.x", "contains", "contains"), None),
        ("{$.x: {present: 1}}", "bool_type", ("$.x", "present", "present"), None),
        ("{$.x: []}", "too_short", ("$.x", "list"), None),
        ("{$.x: {not: {nope: 1}}}", "unknown_test", ("$.x", "not", "not"), WORDS),
        ("{x: 1}", "path_invalid", ("x", "[key]"), None),
        ("{status: 404}", "path_invalid", ("status", "[key]"), None),
        ("{'$.a | $.b': 1}", "path_invalid", ("$.a | $.b", "[key]"), None),
        ("{1: a}", "string_type", ("1", "[key]"), None),
        ("{}", "too_short", (), None),
    ],
)
def test_what_is_no_condition_is_refused(
    text: str, kind: str, loc: tuple[str, ...], allowed: tuple[str, ...] | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        condition(text)
    (error,) = caught.value.errors()
    assert (error["type"], tuple(map(str, error["loc"])), error.get("ctx", {}).get("allowed")) == (
        kind,
        loc,
        allowed,
    )


@pytest.mark.parametrize(
    ("text", "facts", "holds"),
    [
        ("{status: 404}", AnswerFacts(404, b"", "empty"), True),
        ("{status: [404, 410]}", AnswerFacts(410, b"", "empty"), True),
        ("{status: {not: 200}}", AnswerFacts(200, b"", "empty"), False),
        ("{status: true}", AnswerFacts(1, b"", "empty"), False),
        ("{text: {contains: NOT FOUND}}", AnswerFacts(500, b"user not found", "text"), True),
        ("{text: {empty: true}}", AnswerFacts(500, b"", "empty"), True),
        ("{status: 200, body: binary}", AnswerFacts(200, b"", "binary"), True),
        ("{status: 200, body: json}", AnswerFacts(200, b"<html>", "text"), False),
        ("{status: 200, $.ok: true}", AnswerFacts(200, b"{}", "json", {"ok": True}), True),
        ("{$.ok: {not: true}}", AnswerFacts(200, b"<html>", "text"), True),
        ("{$: {present: true}}", AnswerFacts(200, b"<html>", "text"), False),
        ("{$: {present: true}}", AnswerFacts(200, b"null", "json", None), True),
        ("{'$.errors[*].code': [7, 8]}", AnswerFacts(400, b"", "json", {"errors": [{"code": 8}]}), True),
        ("{'$.errors[*].code': [7, 8]}", AnswerFacts(400, b"", "text"), False),
    ],
)
def test_an_answer_is_judged_by_status_text_body_and_paths(
    text: str, facts: AnswerFacts, holds: bool
) -> None:
    assert AnswerCondition.model_validate(yamlfile.load(text, "test.yaml")).compile()(facts) is holds


@pytest.mark.parametrize(
    ("text", "kind", "allowed"),
    [
        ("{body: xml}", "unknown_body", ("json", "text", "binary", "empty")),
        ("{body: [json]}", "unknown_body", ("json", "text", "binary", "empty")),
        ("{code: 5}", "unknown_key", ("status", "text", "body", "$.x")),
        ("{$.: 5}", "path_invalid", None),
    ],
)
def test_what_is_no_condition_on_an_answer_is_refused(
    text: str, kind: str, allowed: tuple[str, ...] | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        AnswerCondition.model_validate(yamlfile.load(text, "test.yaml"))
    (error,) = caught.value.errors()
    assert (error["type"], error.get("ctx", {}).get("allowed")) == (kind, allowed)


def test_what_an_answer_condition_reads() -> None:
    judged = AnswerCondition.model_validate({"status": 500, "$.error": {"contains": "x"}, "body": "json"})
    assert judged.paths == ("$.error",)


def test_the_facts_of_an_answer_never_show_its_body() -> None:
    assert (
        repr(AnswerFacts(200, b"hush", "json", {"token": "hush"}))
        == "AnswerFacts(status=200, body_kind='json')"
    )


@pytest.mark.parametrize("kind", [Condition, AnswerCondition])
def test_a_condition_dumps_as_it_is_written_and_has_a_schema(
    kind: type[Condition | AnswerCondition],
) -> None:
    written = {
        "$.a": {"not": ["x", 1, None, {"any_of": [True, {"starts_with": "y"}]}]},
        "$.b": {"empty": True},
    }
    assert TypeAdapter(kind).dump_python(kind.model_validate(written), by_alias=True, mode="json") == written
    assert kind.model_validate(kind.model_validate(written)) == kind.model_validate(written)
    schema = kind.model_json_schema()
    assert [pattern.startswith(r"^\$") for pattern in schema["patternProperties"]] == [True]
    assert schema["additionalProperties"] is False
    assert {"Not", "AnyOf", "Contains", "StartsWith", "Present", "Empty", "Equals", "Listed"} <= set(
        schema["$defs"]
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0, 1.5])
    | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
literals = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.sampled_from(["", "a", "1"])


@given(literals, json_values | st.just(NOT_THERE))
def test_a_literal_holds_for_what_equals_it_as_json(literal: Any, value: Any) -> None:
    holds = Condition.model_validate({"$.x": literal}).compile()
    assert holds(record(value)) is (value is not NOT_THERE and json_equal(literal, value))


@given(json_values)
def test_every_test_answers_yes_or_no_on_anything(value: Any) -> None:
    tests: list[Any] = [True, 1, "a", None, ["a", 1], {"contains": "a"}, {"starts_with": "a"}]
    tests += [{"present": True}, {"empty": True}]
    for test in [*tests, {"any_of": tests}, *({"not": test} for test in tests)]:
        for path in ("$", "$.a", "$.a.b", "$[*]", "$.a[*].b", "$..a"):
            holds = Condition.model_validate({path: test}).compile()
            turned = Condition.model_validate({path: {"not": test}}).compile()
            for asked in (value, MISSING):
                assert holds(asked) is not turned(asked)
