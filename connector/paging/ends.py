"""What several styles share about proving the end: `ends` of the index styles, `no_next` of those that name the next page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from connector.errors import PagingBroken
from connector.mapping.condition import Condition
from connector.mapping.path import MISSING, Notes, json_type, parse_path

__all__ = ["NoNext", "check_ends", "holds_more", "read_next"]

_TYPES = {str: "string", int: "integer"}
_NEEDS = {"total": "total", "more": "more", "pages": "pages"}

EmptyForm = Annotated[
    Literal["missing", "null", "empty"],
    BeforeValidator(lambda form: "null" if form is None else form),  # YAML's bare null is the word meant
    WithJsonSchema({"enum": ["missing", "null", "empty", None]}),
]
NoNext = Annotated[tuple[EmptyForm, ...], Field(min_length=1)]
"""The forms in which a vendor says that there is no next page."""


def check_ends(ends: str, style: Any) -> None:
    """What `ends` names must be given, and `more` and `pages` only where they are what ends."""
    needed = _NEEDS.get(ends)
    if needed and getattr(style, needed) is None:
        raise PydanticCustomError(
            "paging", "`ends: {ends}` needs `{needed}`", {"ends": ends, "needed": needed}
        )
    for word in ("more", "pages"):
        if word != needed and getattr(style, word, None) is not None:
            raise PydanticCustomError("paging", "`{word}` is used only with `ends: {word}`", {"word": word})


def holds_more(more: Condition | None, body: Any) -> bool:
    """Whether the answer says that there is more.

    Raises PagingBroken where the condition asks for plain values and the answer has none, or one of another
    type: a misread path would look like the end.
    """
    if more is None or more.compile()(body):
        return more is not None
    for path, wanted in (more.literals() or {}).items():
        found = parse_path(path).one(body, Notes())
        if found is MISSING:
            raise PagingBroken(f"the answer has nothing at {path}, where it should say whether there is more")
        if json_type(found) != json_type(wanted):
            raise PagingBroken(
                f"{path} should say whether there is more: expected {json_type(wanted)}, got {json_type(found)}"
            )
    return False


def read_next(path: str, body: Any, no_next: Sequence[str], noun: str, types: tuple[type, ...]) -> Any:
    """What names the next page, or None where the vendor says that there is none. Raises PagingBroken.

    An empty form that the connector doesn't list is an error: a misread path looks just like it.
    """
    found = parse_path(path).one(body, Notes())
    form = "missing" if found is MISSING else "null" if found is None else "empty" if found == "" else None
    if form in no_next:
        return None
    if form is not None:
        raise PagingBroken(
            f"the next {noun} at {path} is {form}; this connector says that the end is: {', '.join(no_next)}"
        )
    if type(found) not in types:
        expected = " or ".join(_TYPES[kind] for kind in types)
        raise PagingBroken(f"the next {noun} at {path}: expected {expected}, got {json_type(found)}")
    return found
