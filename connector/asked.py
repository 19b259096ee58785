"""The parameters of a question, checked: what can't be asked is refused, with what can. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connector.errors import InvalidRequest
from connector.model import UNIFIED
from connector.yamlfile import nearest

__all__ = ["INCLUDABLE", "check_asked", "check_names", "optional_fields", "read_resource", "require_text"]

INCLUDABLE: Final = ("remote_data", "groups")
"""What a row may have besides."""


def read_resource(text: str) -> tuple[str, str | None]:
    """(`users`, the group) of `groups/{id}/users`; (resource, None) of anything else."""
    if not isinstance(text, str):
        raise InvalidRequest(f"resource: expected text, got {type(text).__name__}")
    first, *rest = text.split("/")
    if not rest:
        return first, None
    if first == "groups" and rest[-1] == "users" and len(rest) > 1 and all(rest[:-1]):
        return "users", "/".join(rest[:-1])
    raise InvalidRequest(f"unknown resource {text!r}; there are users, groups and groups/ID/users")


def check_asked(asked: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            word = nearest(name, known)
            raise InvalidRequest(
                f"unknown parameter {name!r}; there are: {', '.join(known)}",
                hint=f"did you mean {word}?" if word else None,
            )


def require_text(noun: str, value: Any) -> str:
    """A parameter that is text: ids are strings here, never numbers, and have no control characters."""
    if not isinstance(value, str):
        raise InvalidRequest(f"{noun}: expected text, got {type(value).__name__}")
    if value == "" or not value.isprintable():
        raise InvalidRequest(f"{noun}: it is empty, or has characters that can't be printed")
    return value


def optional_fields(unified: str) -> tuple[str, ...]:
    model = UNIFIED.get(unified)
    fields = {} if model is None else model.model_fields
    return tuple(name for name, info in fields.items() if not info.is_required())


def check_names(noun: str, given: Iterable[str], allowed: Sequence[str]) -> frozenset[str]:
    if not isinstance(given, Iterable):
        raise InvalidRequest(f"{noun}: expected a list of names, got {type(given).__name__}")
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if not isinstance(name, str) or name not in allowed:
            word = nearest(str(name), allowed)
            raise InvalidRequest(
                f"{noun}: unknown {name!r}; there are: {', '.join(allowed)}",
                hint=f"did you mean {word}?" if word else None,
            )
    return frozenset(names)
