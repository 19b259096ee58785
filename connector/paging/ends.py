"""What the index styles (`offset`, `page`) share about proving the end."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError

from connector.mapping.condition import Condition

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
    """Whether the answer says that there is more."""
    return more is not None and more.compile()(body)
