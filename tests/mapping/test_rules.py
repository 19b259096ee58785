"""The form of rules: what is short for what, what is refused and with which words, and the JSON Schema."""

from __future__ import annotations

import importlib
import pickle
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from connector import yamlfile
from connector.mapping.forms import RULE_WORDS
from connector.mapping.rules import (
    OPERATORS,
    ConstantRule,
    InputRule,
    MappingFile,
    ObjectRule,
    PathRule,
    Rule,
    TextRule,
    WordRule,
)
from connector.mapping.text import parse_text

jsonschema: Any = importlib.import_module("jsonschema")  # it has no types
RULE: TypeAdapter[Any] = TypeAdapter(Rule)


def _rule(text: str) -> Any:
    return RULE.validate_python(yamlfile.load(f"rule: {text}", "test.yaml")["rule"])


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("$.x", PathRule(path="$.x")),
        ("'a{$.x}b'", TextRule(text="a{$.x}b")),
        ("'{{'", TextRule(text="{{")),
        ("true", ConstantRule(constant=True)),
        ("7", ConstantRule(constant=7)),
        ("null", ConstantRule(constant=None)),
        ("'7'", WordRule(word="7")),
        ("team", WordRule(word="team")),
        ("input.email", InputRule(input="email")),
        ("inputs", WordRule(word="inputs")),
        (
            "{id: $.a, name: team}",
            ObjectRule(object={"id": PathRule(path="$.a"), "name": WordRule(word="team")}),
        ),
        ("{word: x}", ObjectRule(object={"word": WordRule(word="x")})),
        ("{input: $.x}", ObjectRule(object={"input": PathRule(path="$.x")})),
        ("{object: {text: $.x}}", ObjectRule(object={"text": PathRule(path="$.x")})),
    ],
)
def test_short_forms(short: str, long: Any) -> None:
    assert _rule(short) == long


def test_keys_of_a_table_keep_their_type() -> None:
    rule = _rule("{path: $.x, values: {true: a, 1: b, '1': c, null: d}}")
    assert [(type(key), ours) for key, ours in rule.values] == [
        (bool, "a"),
        (int, "b"),
        (str, "c"),
        (type(None), "d"),
    ]


def test_rules_are_plain_frozen_values() -> None:
    rule = _rule("{path: $.x, values: {true: a}}")
    assert pickle.loads(pickle.dumps(rule)) == rule  # noqa: S301 - our own bytes
    with pytest.raises(ValidationError):
        rule.path = "$.y"


@pytest.mark.parametrize(
    ("text", "part", "allowed"),
    [
        ("{path: $.x, text: '{$.y}'}", "path and text stand in one rule", RULE_WORDS),
        ("[$.a, $.b]", "a list is not a rule", RULE_WORDS),
        ("{as: string}", "`as` belongs to a rule with a `path`", RULE_WORDS),
        ("{path: $.x, as: text}", "unknown word `text`", ("string", "integer")),
        ("{path: $.x, as: string, values: {1: a}}", "only one of as, values, date and split", None),
        ("{path: $.x, split: ' '}", "`split` and `take` stand together", None),
        (
            "{path: $.x, split: ' ', take: second}",
            "unknown word `second`",
            ("first", "rest", "last", "before_last"),
        ),
        ("{path: $.x, write: {a: 1}}", "there are none", None),
        (
            "{path: $.x, date: iso}",
            "not a date format",
            ("rfc3339", "epoch_s", "epoch_ms", "filetime", "ldap"),
        ),
        ("{path: $.x, date: '%Y-%m-%d'}", "add `zone: UTC`", None),
        ("{path: $.x, date: '%Y-%m-%d', zone: CET}", "unknown word `CET`", ("UTC",)),
        ("{path: $.x, date: rfc3339, zone: UTC}", "`zone` is for a strptime format", None),
        ("{path: $.x, case: title}", "unknown word `title`", ("lower", "upper")),
        ("{path: $.x, case: lower, date: rfc3339}", "are for text", None),
        ("{path: $.x, case: lower, link: {hosts: [a.example]}}", "letter case is kept", None),
        ("{path: $.x, pick: any}", "unknown word `any`", ("only", "first", "last")),
        ("{path: $.x, values: {}}", "at least one row", None),
        ("{path: $.x, values: {a: [1]}}", "a row holds text", None),
        ("{path: $.x, null_if: ''}", "expected a list", None),
        ("{path: $.x, link: {hosts: ['*']}}", "pattern", None),
        ("{path: $.x, colour: red}", "Extra inputs", None),
        ("$.x[?(@.a =~ 'b')]", "=~", None),
        ("'a{x}b'", "a hole of a mapping is a path", None),
        ("'a{$.x'", "no `}` closes", None),
        ("'a}b'", "a single `}`", None),
        ("{each: $.x}", "Field required", None),
        ("{cases: []}", "at least 1", None),
        ("{each: $.x, item: $, if_missing: none}", "unknown word `none`", ("empty",)),
    ],
)
def test_what_is_refused(text: str, part: str, allowed: tuple[str, ...] | None) -> None:
    with pytest.raises(ValidationError) as caught:
        _rule(text)
    errors = caught.value.errors()
    assert part in str(errors)
    if allowed is not None:
        assert {tuple(error.get("ctx", {}).get("allowed", ())) for error in errors} == {allowed}


HEAD = "source: a.users\nunified: users\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("source: users\nunified: users", "pattern"),
        (HEAD + "field: {}", "Extra inputs"),
        (HEAD + "filters: {status: {evaluate: elsewhere}}", "unknown word `elsewhere`"),
        (HEAD + "filters: {status: {evaluate: here, query: {a: b}}}", "nothing is sent"),
        (HEAD + "filters: {status: {evaluate: vendor}}", "what is sent to the vendor?"),
        (HEAD + "filters: {status: {evaluate: here, operators: [like]}}", "unknown word `like`"),
        (
            HEAD + "filters: {status: {evaluate: vendor, query: {q: 'status={value}'}}}",
            "must name its quoting",
        ),
        (HEAD + "sorts: {status: {}}", "what is sent to the vendor?"),
        (HEAD + "members: {user: $}", "either `each`"),
        (HEAD + "members: {user: $, each: '$.a[*]', call: b}", "either `each`"),
        (HEAD + "members: {user: $, each: '$.a[*]', matches: mail}", "unknown word `mail`"),
        (HEAD + "where: {status: x}", "$"),
        (HEAD + "extends: users", "pattern"),
    ],
)
def test_what_a_file_is_refused_for(text: str, part: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MappingFile.model_validate(yamlfile.load(text, "test.yaml"))
    assert part in str(caught.value)


def test_a_filter_of_a_file() -> None:
    text = (
        HEAD
        + "filters: {status: {evaluate: vendor, query: {q: '{value}'}, any: ' or ', values: {active: A, inactive: [L, M]}}}"
    )
    found = MappingFile.model_validate(yamlfile.load(text, "test.yaml")).filters["status"]
    assert found is not None
    assert found.operators == ("eq",)
    assert found.otherwise == "here"
    assert found.values == (("active", ("A",)), ("inactive", ("L", "M")))
    assert set(found.operators) <= set(OPERATORS)


@pytest.fixture(scope="module")
def schema() -> Any:
    return MappingFile.model_json_schema()


def test_the_schema_takes_the_files_that_we_take(schema: Any, mapping_text: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    document = yaml.load(mapping_text, yaml.BaseLoader)  # noqa: S506 - BaseLoader builds only text
    errors = [
        e.message
        for e in jsonschema.Draft202012Validator(schema).iter_errors(document)
        if "'true'" not in e.message
    ]
    assert errors == []


@pytest.mark.parametrize(
    "document",
    [
        {"source": "a.b", "unified": "users", "field": {}},
        {"source": "a.b", "unified": "users", "fields": {"id": {"path": "$.x", "as": "text"}}},
        {"source": "a.b", "unified": "users", "fields": {"id": {"path": "$.x", "text": "{$.y}"}}},
        {"source": "a.b", "unified": "users", "fields": {"id": ["$.x"]}},
    ],
)
def test_the_schema_refuses_what_we_refuse(schema: Any, document: Any) -> None:
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document))
    with pytest.raises(ValidationError):
        MappingFile.model_validate(document)


def test_the_schema_describes_words(schema: Any) -> None:
    assert "epoch_ms" in schema["$defs"]["PathRule"]["properties"]["date"]["description"]
    assert schema["$defs"]["PathRule"]["description"]


@pytest.mark.parametrize(
    ("text", "holes", "filled"),
    [("a{$.x}b", 1, "a1b"), ("{{{$.x}}}", 1, "{1}"), ("{$.x}{$.y}", 2, "11"), ("plain", 0, "plain")],
)
def test_templates(text: str, holes: int, filled: str) -> None:
    template = parse_text(text)
    assert len(template.holes) == holes
    assert template.fill(["1"] * holes) == filled
    if holes == 1:
        assert template.strip(filled) == "1"
        assert template.strip("") is None
