"""What the index styles (`offset`, `page`) share about proving the end."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError

from connector.errors import PagingBroken
from connector.mapping.condition import Condition
from connector.mapping.path import MISSING, Notes, json_type, parse_path

__all__ = ["check_ends", "holds_more"]

_NEEDS = {"total": "total", "more": "more", "pages": "pages"}


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
