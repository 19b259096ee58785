"""The schemas accept what loads, refuse what an editor should underline, and offer only what is built."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource

from connector import yamlfile
from connector.definition import RateRule
from connector.schemas import build_schemas, main
from connector.yamlfile import YamlMap

ROOT = Path(__file__).parents[1]
SCHEMAS = build_schemas()
FILES = sorted((ROOT / "mappings").glob("*/*.yaml"))

SMALL = """
connector: small
label: Small
unified: {users: [main.users]}
apis:
  main:
    base_url: https://api.example
    auth: {style: none}
    check: none
    resources:
      users:
        key: $.id
        list: {get: /users, records: "$.items[*]", paging: {style: none}}
"""
MAPPING = """
source: main.users
unified: users
fields:
  id: $.id
"""


def as_json(value: Any) -> Any:
    """A YAML document as an editor's JSON: keys are text."""
    if isinstance(value, YamlMap):
        return {key if isinstance(key, str) else json.dumps(key): as_json(one) for key, one in value.pairs}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def validator(name: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(schema)) for file, schema in SCHEMAS.items()
    )
    return Draft202012Validator(SCHEMAS[name], registry=registry)


def faults(name: str, document: Any) -> list[str]:
    def parts(error: Any) -> Iterator[Any]:
        yield error
        for below in error.context or ():
            yield from parts(below)

    errors = [part for error in validator(name).iter_errors(document) for part in parts(error)]
    return [f"{error.json_path}: {error.message}" for error in errors]


def schema_for(path: Path) -> str:
    return f"{'connector' if path.name == 'connector.yaml' else 'mapping'}.schema.json"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_of_the_draft_that_it_names(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert list(SCHEMAS[name])[:2] == ["$schema", "$id"]
    assert SCHEMAS[name]["$id"] == name
    assert list(SCHEMAS[name])[-1] == "$defs" or "$defs" not in SCHEMAS[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_of_the_project_is_valid_and_names_its_schema(path: Path) -> None:
    assert faults(schema_for(path), as_json(yamlfile.read(path))) == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../../schemas/{schema_for(path)}"


@pytest.mark.parametrize(
    ("base", "change", "where"),
    [
        (SMALL, ("label: Small", "lable: Small"), "'lable' was unexpected"),
        (SMALL, ("check: none", ""), "$.apis.main"),
        (SMALL, ("style: none}}", "style: guess}}"), "$.apis.main.resources.users.list.paging"),
        (SMALL, ("check: none", "check: {get: /me}\n    repeated: [node]"), "$.apis.main.repeated"),
        (SMALL, ("key: $.id", "key: id"), "$.apis.main.resources.users.key"),
        (SMALL, ("  main:\n", "  Main:\n"), "$.apis"),
        (MAPPING, ("unified: users", ""), "'unified' is a required property"),
        (MAPPING, ("  id: $.id", "  id: $.id\n  nmae: $.n"), "'nmae' was unexpected"),
        (MAPPING, ("id: $.id", "id: {path: $.id, as: text}"), "$.fields.id"),
        (MAPPING, ("id: $.id", "id: {path: $.id, pth: 1}"), "$.fields.id"),
        (MAPPING, ("fields:", "filters: {naem: {evaluate: here}}\nfields:"), "$.filters"),
        (MAPPING, ("fields:", "filters: {name: {evaluate: now}}\nfields:"), "$.filters.name"),
    ],
)
def test_a_broken_file_is_underlined(base: str, change: tuple[str, str], where: str) -> None:
    name = "connector.schema.json" if base is SMALL else "mapping.schema.json"
    assert change[0] in base
    assert faults(name, as_json(yamlfile.load(base, "f"))) == []
    found = faults(name, as_json(yamlfile.load(base.replace(*change), "f")))
    assert any(where in fault for fault in found), found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("connector.schema.json", "connector: small\nextends: other\napis: {main: {scope: all}}"),
        (
            "connector.schema.json",
            "connector: small\nextends: other\nsettings: {region: null}\nsecrets: null",
        ),
        (
            "connector.schema.json",
            "connector: s\nextends: o\napis: {m: {check: none, query: {a: null}, resources: {users: {get: null}}}}",
        ),
        (
            "mapping.schema.json",
            "extends: other/main.users\nfields: {title: null, custom_fields: {cc: $.cc}}",
        ),
        ("mapping.schema.json", "extends: other/main.groups\nmembers: null\nfilters: {name: null}\non: null"),
    ],
)
def test_what_extends_may_leave_out_and_remove(name: str, text: str) -> None:
    assert faults(name, as_json(yamlfile.load(text, "f"))) == []


def test_aliases_and_typed_tables_are_the_words_of_the_file() -> None:
    text = """
source: main.users
unified: users
fields:
  id: {path: $.id, as: string}
  status: {path: $.active, values: {true: active, null: inactive}}
  name: {join: [$.a, $.b], with: " "}
  groups: {each: "$.g[*]", where: {$.kind: {not: x}}, item: {id: $.id, name: {lookup: groups, where: id, is: $, take: name}}}
  custom_fields: {cost_center: {path: $.cc, case: upper}}
filters:
  status: {evaluate: vendor, query: {active: "{value}"}, values: {active: [true, 1], inactive: false}}
"""
    assert faults("mapping.schema.json", as_json(yamlfile.load(text, "f"))) == []


def offered(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            yield from offered(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from offered(item)


@pytest.mark.parametrize("model", [RateRule])
def test_words_that_are_not_built_are_not_offered(model: Any) -> None:
    described = model.model_json_schema(by_alias=True)["properties"]
    not_built = {name for name, part in described.items() if part.get("not") == {}}
    assert not_built
    shown = SCHEMAS["connector.schema.json"]["$defs"][model.__name__]["properties"]
    assert set(shown) == set(described) - not_built
    assert '"not": {}' not in json.dumps(SCHEMAS)


def test_keys_are_offered_by_the_names_that_files_use() -> None:
    names = set(offered(SCHEMAS["mapping.schema.json"])) | set(offered(SCHEMAS["connector.schema.json"]))
    assert {"as", "is", "json", "with"} <= names
    assert not [name for name in names if name.endswith("_") or name == "json_body"]


def test_fields_are_offered_with_what_they_mean() -> None:
    (users,) = [
        arm
        for arm in SCHEMAS["mapping.schema.json"]["allOf"]
        if arm["if"]["properties"]["unified"]["const"] == "users"
    ]
    fields = users["then"]["properties"]["fields"]["properties"]
    assert fields["title"]["description"] == "Job title."
    assert "remote_data" not in fields


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_same_in_every_process(name: str) -> None:
    code = "import json;from connector.schemas import build_schemas;print(json.dumps(build_schemas()))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, env={"PYTHONHASHSEED": "7"}
    )
    assert json.loads(said.stdout)[name] == SCHEMAS[name]


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(SCHEMAS)
    for name, schema in SCHEMAS.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text.endswith("}\n")
        assert json.loads(text) == schema


ROW = {"id": "1", "name": "Ada", "emails": [{"email": "a@b.example"}], "groups": None}
ENVELOPE: dict[str, Any] = {
    "result": [ROW],
    "next_cursor": None,
    "prev_cursor": None,
    "result_count": 1,
    "is_partial_response": False,
    "completeness": {"verdict": "complete", "seen": 1, "declared": 1, "scope": None, "reasons": []},
    "warnings": [{"code": "x", "message": "y", "count": 1}],
}


@pytest.mark.parametrize(
    ("change", "is_valid"),
    [
        ({}, True),
        ({"result": {"1": ROW}}, True),
        ({"result": [{"id": "g", "group_type": "team"}]}, True),
        ({"result": [{"transaction_id": "7", "email": "a@b.example", "status": "invited"}]}, True),
        ({"result": [{"transaction_id": "7", "email": "a@b.example", "status": "bought"}]}, False),
        ({"result": [{"name": "without id"}]}, False),
        ({"result": [{**ROW, "status": "locked"}]}, False),
        ({"completeness": {"verdict": "done", "seen": 1}}, False),
        ({"more": 1}, False),
    ],
)
def test_the_envelope(change: dict[str, Any], is_valid: bool) -> None:
    assert (faults("envelope.schema.json", {**ENVELOPE, **change}) == []) is is_valid


def test_one_row_in_its_envelope() -> None:
    assert faults("envelope.schema.json", {"result": ROW, "is_partial_response": False, "warnings": []}) == []
