"""JSON Schemas (draft 2020-12) of the unified models, the envelope and the two YAML formats, for editors.

All is derived from the models that validate at run time; nothing is written twice. A schema is never
narrower than what loads: what a file extends isn't seen, so a file that extends something needs no key of
its own, and null stands wherever `extends` may remove. Words that are not built yet are not offered.
`python -m connector.schemas [FOLDER]` writes them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from connector import merge
from connector.definition import Connector
from connector.mapping.checks import filterable
from connector.mapping.rules import MappingFile
from connector.model import UNIFIED
from connector.model.envelope import ItemEnvelope, ListEnvelope, WrittenEnvelope
from connector.model.shape import shape_of

__all__ = ["build_schemas", "main", "write_schemas"]

Json = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NULL: Json = {"type": "null"}
_FIRST = ("$schema", "$id", "$ref", "title", "description", "$comment", "type")
_LAST = ("$defs",)
_LITERAL_KEYS = ("default", "const", "enum", "examples", "required")
_NAMED_KEYS = ("properties", "patternProperties", "$defs")


def build_schemas() -> dict[str, Json]:
    """File name → schema."""
    files = {
        **{_file_of(model): _of_model(model) for model in UNIFIED.values()},
        "envelope.schema.json": _of_envelope(),
        "connector.schema.json": _of_connector(),
        "mapping.schema.json": _of_mapping(),
    }
    return {name: _ordered({"$schema": _DRAFT, "$id": name, **schema}) for name, schema in files.items()}


def write_schemas(folder: Path) -> list[Path]:
    """Writes each schema into the folder, as UTF-8 JSON with a newline at its end."""
    written = []
    for name, schema in build_schemas().items():
        path = folder / name
        path.write_text(
            json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )
        written.append(path)
    return written


def main(arguments: list[str] | None = None) -> int:
    """The command: writes into the folder that is named, `schemas` by itself."""
    given = sys.argv[1:] if arguments is None else arguments
    for path in write_schemas(Path(given[0] if given else "schemas")):
        sys.stdout.write(f"{path}\n")
    return 0


def _file_of(model: type[BaseModel]) -> str:
    """The file of a unified model: `student_license.schema.json` of StudentLicense."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower() + ".schema.json"


def _of_model(model: Any) -> Json:
    schema: Json = TypeAdapter(model).json_schema(by_alias=True, mode="validation")
    return _tidy(schema)  # type: ignore[no-any-return]


def _of_envelope() -> Json:
    """A page, one row, or what a write came to; a row is one of the unified models."""
    rows: Json = {"anyOf": [{"$ref": _file_of(model)} for model in UNIFIED.values()]}
    page, item, written = map(_of_model, (ListEnvelope[Any], ItemEnvelope[Any], WrittenEnvelope[Any]))
    defs: Json = {**page.pop("$defs", {}), **item.pop("$defs", {}), **written.pop("$defs", {})}
    page["title"], item["title"], written["title"] = "ListEnvelope", "ItemEnvelope", "WrittenEnvelope"
    page["properties"]["result"] = {
        "description": "The rows; with `key_by` an object, each row under its key.",
        "anyOf": [{"type": "array", "items": rows}, {"type": "object", "additionalProperties": rows}],
    }
    item["properties"]["result"] = rows
    about = written["properties"]["result"]["description"]
    written["properties"]["result"] = {"description": about, "anyOf": [*rows["anyOf"], _NULL]}
    return {
        "title": "Envelope",
        "description": "Every answer: a page of a listing, one row, or what a write came to.",
        "anyOf": [
            {"$ref": "#/$defs/ListEnvelope"},
            {"$ref": "#/$defs/ItemEnvelope"},
            {"$ref": "#/$defs/WrittenEnvelope"},
        ],
        "$defs": {**defs, "ListEnvelope": page, "ItemEnvelope": item, "WrittenEnvelope": written},
    }


def _of_connector() -> Json:
    schema = _of_model(Connector)
    api = schema["$defs"]["Api"]
    _allow_removal(schema, schema, merge.CONNECTOR)
    needed, of_api = schema.pop("required"), api.pop("required")
    whole_apis = {"anyOf": [_NULL, {"required": ["extends"]}, {"required": of_api}]}
    schema |= {
        "$comment": "A file with `extends`, and an api with it, may leave out what the parent says.",
        "required": ["connector"],
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": needed, "properties": {"apis": {"additionalProperties": whole_apis}}},
    }
    return schema


def _of_mapping() -> Json:
    schema = _of_model(MappingFile)
    _nest_objects(schema["$defs"])
    _allow_removal(schema, schema, merge.MAPPING)
    needed = schema.pop("required")
    schema |= {
        "$comment": "A file with `extends` may leave out what the parent says.",
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": needed},
        "allOf": [_words_of(name, model) for name, model in UNIFIED.items()],
    }
    return schema


def _nest_objects(defs: Json) -> None:
    """An object without a rule word holds a rule a field, as the long form `object` does."""
    nested = defs["ObjectRule"]["properties"]["object"]["additionalProperties"]
    for arm in defs["Rule"]["anyOf"]:
        if arm.get("additionalProperties") is True:
            arm["additionalProperties"] = nested


def _words_of(unified: str, model: type[BaseModel]) -> Json:
    """The fields that a mapping to this resource may fill and be filtered by, each with what it means."""
    described = _of_model(model)["properties"]
    rule: Json = {"anyOf": [{"$ref": "#/$defs/Rule"}, _NULL]}
    fields = {
        "properties": {
            name: {**rule, **{word: about[word] for word in ("description",) if word in about}}
            for name, about in described.items()
            if name != "remote_data"
        },
        "additionalProperties": False,
    }
    names: Json = {"anyOf": [{"enum": list(filterable(shape_of(model)))}, {"pattern": r"^custom_fields\."}]}
    return {
        "if": {"properties": {"unified": {"const": unified}}, "required": ["unified"]},
        "then": {
            "properties": {
                "fields": fields,
                "on": {"additionalProperties": {"anyOf": [_NULL, fields]}},
                "filters": {"propertyNames": names},
            }
        },
    }


def _allow_removal(root: Json, schema: Json, kind: Mapping[str, Any]) -> None:
    """Null for every key of a map that `extends` merges, but for those it needs: it takes away the parent's."""
    needed = schema.get("required", ())
    for holder, key in list(_entries(schema)):
        named = key if holder is schema.get("properties") else None
        deeper = kind.get(named or "*", kind.get("*"))
        if isinstance(deeper, Mapping):
            for target in _maps(root, holder[key]):
                _allow_removal(root, target, deeper)
        if not _takes_null(holder[key]) and key not in needed:
            holder[key] = _or_null(holder[key])


def _entries(schema: Json) -> Iterator[tuple[Json, str]]:
    """Where the schemas of a map's values stand: of named keys, of patterns, and of all others."""
    for part in ("properties", "patternProperties"):
        for key in schema.get(part, {}):
            yield schema[part], key
    if isinstance(schema.get("additionalProperties"), dict):
        yield schema, "additionalProperties"


def _maps(root: Json, schema: Json) -> Iterator[Json]:
    """The object schemas that a value may have, references followed."""
    if "$ref" in schema:
        yield from _maps(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    for arm in schema.get("anyOf", []):
        yield from _maps(root, arm)
    if schema.get("type") == "object":
        yield schema


def _takes_null(schema: Json) -> bool:
    if "$ref" not in schema and not {"type", "anyOf", "oneOf", "enum", "const"} & schema.keys():
        return True
    kinds = schema.get("type")
    return kinds == "null" or "null" in (kinds or []) or any(map(_takes_null, schema.get("anyOf", [])))


def _or_null(schema: Json) -> Json:
    said: Json = {key: schema[key] for key in ("description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in said}
    arms = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**said, "anyOf": [*arms, _NULL]}


def _tidy(schema: Any, *, is_property: bool = False) -> Any:
    """Without what an editor must not offer (words not built), and without titles made up from names."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy: Json = {}
    for key, value in schema.items():
        if key in _NAMED_KEYS:
            kept = {name: part for name, part in value.items() if part.get("not") != {}}
            tidy[key] = {name: _tidy(part, is_property=key != "$defs") for name, part in kept.items()}
        elif key == "default":
            tidy[key] = _settled(value)
        elif key in _LITERAL_KEYS:
            tidy[key] = deepcopy(value)
        elif key != "discriminator" and not (is_property and key == "title"):
            tidy[key] = _tidy(value) if not isinstance(value, str) else value
    if "patternProperties" in tidy:
        tidy.setdefault("additionalProperties", False)
    if tidy.get("default", ...) is None:
        del tidy["default"]
    return tidy


def _settled(value: Any) -> Any:
    """A default whose sets have one order: Python's own changes from process to process."""
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return deepcopy(value)


def _ordered(schema: Any) -> Any:
    """What names and describes a schema first, its definitions last; the rest as it came."""
    if isinstance(schema, list):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    middle = [key for key in schema if key not in (*_FIRST, *_LAST)]
    order = [*(key for key in _FIRST if key in schema), *middle, *(key for key in _LAST if key in schema)]
    return {
        key: {name: _ordered(part) for name, part in schema[key].items()}
        if key in _NAMED_KEYS
        else schema[key]
        if key in _LITERAL_KEYS
        else _ordered(schema[key])
        for key in order
    }


if __name__ == "__main__":
    raise SystemExit(main())
