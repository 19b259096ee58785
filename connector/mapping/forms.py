"""The short forms of rules, and which rule a value is: decided by what stands there, never by its field.

`$.x` is a path, `a{$.x}b` a template, `input.x` what was sent, `true` and `7` constants, a mapping without
a rule word an object, and any other text a word, which only closed vocabularies accept.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

__all__ = ["RULE_WORDS", "ShortForms", "expand", "tag_of"]

RULE_WORDS = ("path", "constant", "text", "first_of", "join", "cases", "object", "each", "list", "lookup")
"""A rule has exactly one of these."""

TAG = "rule:"
_INPUT = re.compile(r"input\.([a-z][a-z0-9_]*)")
_MODIFIERS = frozenset(
    {"as", "values", "date", "zone", "split", "take", "case", "null_if", "if_missing", "link", "pick"}
)


def expand(value: Any) -> Any:
    """The long form of what may be short."""
    if isinstance(value, str):
        return _from_text(value)
    if value is None or isinstance(value, bool | int | float):
        return {"constant": value}
    if isinstance(value, dict):
        return _from_mapping(value)
    if isinstance(value, list):
        raise PydanticCustomError(
            "rule",
            "a list is not a rule; several sources are written `list: […]`, the first with a value `first_of: […]`",
            {"allowed": RULE_WORDS},
        )
    return value


def tag_of(value: Any) -> str | None:
    """The union's tag for an expanded rule or a rule object."""
    if isinstance(value, BaseModel):
        return TAG + type(value).__name__.removesuffix("Rule").lower()
    if isinstance(value, dict):
        word = next((word for word in (*RULE_WORDS, "word", "input") if word in value), None)
        return None if word is None else TAG + word.replace("_", "")
    return None


def _from_text(text: str) -> dict[str, Any]:
    if text.startswith("$"):
        return {"path": text}
    sent = _INPUT.fullmatch(text)
    if sent:
        return {"input": sent.group(1)}
    if "{" in text or "}" in text:
        return {"text": text}
    return {"word": text}


def _from_mapping(value: dict[Any, Any]) -> dict[Any, Any]:
    words = [word for word in RULE_WORDS if word in value]
    if len(words) > 1:
        raise PydanticCustomError(
            "rule",
            "{found} stand in one rule; a rule has exactly one rule word",
            {"found": " and ".join(words), "allowed": RULE_WORDS},
        )
    if words:
        return value
    if value and all(key in _MODIFIERS for key in value):
        raise PydanticCustomError(
            "rule",
            "no rule word; `{found}` belongs to a rule with a `path`",
            {"found": str(next(iter(value))), "allowed": RULE_WORDS},
        )
    return {"object": value}


class ShortForms:
    """Adds the short forms to the JSON Schema of a rule."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, describe: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        long = describe(schema)
        arms = long.get("oneOf") or long.get("anyOf") or [long]
        return {
            "description": "How a value comes from a record.",
            "anyOf": [
                {"type": "string", "pattern": r"^\$", "description": "A path into the record."},
                {"type": "string", "pattern": r"[{]", "description": "A template: text with {$.paths}."},
                {"type": "string", "pattern": r"^input\.", "description": "What was sent with a create."},
                {
                    "type": "string",
                    "description": "A constant, where the vocabulary is closed or the text is a label.",
                },
                {"type": ["boolean", "number", "null"], "description": "A constant."},
                *(arm for arm in arms if not re.search("WordRule|InputRule", str(arm.get("$ref", "")))),
                {
                    "type": "object",
                    "additionalProperties": True,  # a rule each; `schemas` says so, which sees all definitions
                    "not": {"anyOf": [{"required": [word]} for word in RULE_WORDS]},
                    "description": "A nested object: a rule a field.",
                },
            ],
        }
