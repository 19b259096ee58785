"""Validates a YAML document against a model and reports everything that is wrong with it at once.

Pydantic stops where a value is broken; here the broken value is taken out and the rest is looked at again,
so that one run shows all faults, each with file:line:column, what was found, what is allowed and the
nearest known word. Nothing is repaired: a document with a fault gives no model.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from typing_extensions import TypeAliasType

from connector.errors import Fault
from connector.yamlfile import Complaint, Mark, YamlList, YamlMap, mark_at, nearest

__all__ = ["place", "validate", "words_of"]

M = TypeVar("M", bound=BaseModel)
_ROUNDS = 25
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def validate(
    model: type[M], document: YamlMap, *, context: Any = None
) -> tuple[M | None, list[Fault], M | None]:
    """(the model, or None with faults; all faults; what remains of a faulty document, for further checks)."""
    faults: dict[Fault, None] = {}
    taken: set[tuple[Any, ...]] = set()
    rest = document
    for _ in range(_ROUNDS):
        try:
            found = model.model_validate(rest, context=context)
        except ValidationError as error:
            items = [dict(item) for item in error.errors(include_url=False)]
            new = [_complaint(model, rest, item) for item in items]
            # Placed in `rest`, not in `document`: what was taken out of a list has moved the items behind it.
            own = [one for one, item in zip(new, items, strict=True) if _lacking(document, item) not in taken]
            faults.update(dict.fromkeys(place(rest, own)))
            pruned = rest
            for one in sorted(new, key=lambda one: _order(one.loc), reverse=True):
                pruned = _without(pruned, one.loc)
                taken.add(one.loc)
            if pruned == rest:
                return None, _in_order(faults), None
            rest = pruned
        else:
            return (None if faults else found), _in_order(faults), found
    return None, _in_order(faults), None


def _lacking(document: YamlMap, error: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Where what is missing stands in the document: it was taken out because it is wrong, which was told already."""
    if error["type"] == "missing":
        return _present(document, error["loc"])
    if error["type"] == "union_tag_not_found":
        return _present(document, (*error["loc"], str(error["ctx"]["discriminator"]).strip("'")))
    return None


def _in_order(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column, fault.message))


def place(document: YamlMap, complaints: Iterable[Complaint]) -> list[Fault]:
    """Complaints with their places in the file, in the order of the file, each once."""
    faults = []
    for complaint in complaints:
        loc = _present(document, complaint.loc)
        mark = mark_at(document, loc, at_key=complaint.at_key) or Mark("?", 1, 1)
        word = nearest(complaint.found, complaint.allowed) if complaint.found else None
        faults.append(
            Fault(
                *mark,
                complaint.message,
                path=".".join(_written(step) for step in loc),
                found=complaint.found,
                allowed=complaint.allowed,
                did_you_mean=word if word != complaint.found else None,
            )
        )
    return _in_order(dict.fromkeys(faults))


def _written(step: Any) -> str:
    """A key as YAML writes it."""
    return (
        {True: "true", False: "false"}[step]
        if isinstance(step, bool)
        else "null"
        if step is None
        else str(step)
    )


def words_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys that a model takes, as YAML writes them."""
    return tuple(
        info.alias or name for name, info in model.model_fields.items() if not _is_refused(info.annotation)
    )


def _is_refused(annotation: Any) -> bool:
    return annotation is type(None)


def _complaint(model: type[BaseModel], document: YamlMap, error: dict[str, Any]) -> Complaint:
    kind, loc, ctx = error["type"], tuple(error["loc"]), error.get("ctx") or {}
    here = _present(document, loc)
    value = error["input"]
    if kind == "extra_forbidden":
        words = _words_at(model, loc[:-1])
        return Complaint(here, f"unknown key {loc[-1]!r}", str(loc[-1]), words, at_key=True)
    if kind == "missing":
        return Complaint(here, f"`{loc[-1]}` is missing")
    if kind == "not_built":
        word = ctx.get("word", here[-1])
        return Complaint(here, f"`{word}` is a word of the format that is not built yet", at_key=True)
    if kind == "union_tag_invalid":
        word, key = str(ctx["tag"]), str(ctx["discriminator"]).strip("'\"")
        at = (*here, key) if isinstance(value, YamlMap) and key in value else here
        allowed = tuple(tag.strip().strip("'\"") for tag in str(ctx["expected_tags"]).split(","))
        return Complaint(at, f"unknown {key} {word!r}", word, allowed)
    if kind == "union_tag_not_found":
        return Complaint(here, f"`{str(ctx['discriminator']).strip(chr(39))}` is missing")
    if kind == "literal_error":
        allowed = tuple(
            word.strip().strip("'\"") for word in str(ctx["expected"]).replace(" or ", ", ").split(",")
        )
        return Complaint(here, f"expected one of the words below, got {_shown(value)}", str(value), allowed)
    if kind in _EXPECTED:
        return Complaint(here, f"expected {_EXPECTED[kind]}, got {_shown(value)}")
    if kind == "string_pattern_mismatch":
        return Complaint(
            here, f"{_shown(value)} does not match {ctx['pattern']}", at_key=loc[-1:] == ("[key]",)
        )
    allowed = tuple(str(word) for word in ctx.get("allowed", ()))
    return Complaint(here, _sentence(error["msg"]), str(ctx["found"]) if "found" in ctx else None, allowed)


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
    "none_required": "nothing",
}


def _sentence(text: str) -> str:
    return text.removeprefix("Value error, ").removeprefix("Input ")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return f"{_KINDS.get(type(value), 'value')} {text[:60]}" if value is not None else "null"


def _present(document: Any, loc: Sequence[Any]) -> tuple[Any, ...]:
    """`loc` without the steps that are pydantic's own (union tags, validators' names)."""
    here, path = document, []
    for index, step in enumerate(loc):
        if (isinstance(here, Mapping) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            path.append(step)
            here = here[step]
        elif isinstance(here, Mapping) and index < len(loc) - 1 and loc[index + 1] == "[key]":
            path.append(step)
    return tuple(path)


def _order(loc: Sequence[Any]) -> tuple[str, ...]:
    return tuple(f"{step:09d}" if isinstance(step, int) else str(step) for step in loc)


def _without(document: Any, loc: Sequence[Any]) -> Any:
    """A copy of the document with the value at `loc` taken out."""
    if not loc:
        return document
    step, *deeper = loc
    if isinstance(document, YamlList):
        items = YamlList(document.mark)
        for index, value in enumerate(document):
            if index != step or deeper:
                items.append(_without(value, deeper) if index == step else value)
                items.item_marks.append(document.item_marks[index])
        return items
    if not isinstance(document, YamlMap):
        return document
    copy = YamlMap(document.mark)
    for key, value in document.pairs:
        if key != step or deeper:
            kept = _without(value, deeper) if key == step else value
            copy.put(key, kept, document.key_marks[key], document.value_marks[key])
    return copy


def _words_at(model: type[BaseModel], loc: Sequence[Any]) -> tuple[str, ...]:
    words: dict[str, None] = {}
    for found in _models_at(model, tuple(loc)):
        words.update(dict.fromkeys(words_of(found)))
    return tuple(words)


def _models_at(annotation: Any, steps: tuple[Any, ...]) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, TypeAliasType):
        annotation = annotation.__value__
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _models_at(get_args(annotation)[0], steps)
    elif origin in (Union, types.UnionType):
        arms = get_args(annotation)
        tagged = [arm for arm in arms if steps and steps[0] in _tags(arm)]
        for arm in tagged or arms:
            yield from _models_at(arm, steps[1:] if tagged else steps)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not steps:
            yield annotation
        else:
            for name, info in annotation.model_fields.items():
                if steps[0] == (info.alias or name):
                    yield from _models_at(info.annotation, steps[1:])
    elif origin is not None and steps:
        args = get_args(annotation)
        if args:
            yield from _models_at(args[-1] if args[-1] is not Ellipsis else args[0], steps[1:])


def _tags(arm: Any) -> set[Any]:
    """What an arm of a union is called in a location: its Tag, its discriminating words, or its name."""
    tags: set[Any] = set()
    if get_origin(arm) is Annotated:
        inner, *marks = get_args(arm)
        tags |= {mark.tag for mark in marks if isinstance(mark, Tag)}
        return tags | _tags(inner)
    if isinstance(arm, type) and issubclass(arm, BaseModel):
        tags.add(arm.__name__)
        for info in arm.model_fields.values():
            if get_origin(info.annotation) is Literal:
                tags |= set(get_args(info.annotation))
    return tags
