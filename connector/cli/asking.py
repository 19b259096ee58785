"""A listing as it is asked for on the command line, and the command that asks it again from a cursor on.

What was asked is never changed in between: the command repeats every option that bears on the rows.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

__all__ = ["Asked", "parse_filter"]


@dataclass(frozen=True)
class Asked:
    """A listing as it was asked for on the command line."""

    resource: str
    account: str | None = None
    limit: int | None = None
    cursor: str | None = None
    filters: tuple[str, ...] = ()
    group: str | None = None
    queries: tuple[str, ...] = ()
    sort: str | None = None
    include: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    format: str | None = None
    strict: bool = False
    explain: bool = False
    allow_partial: bool = False

    def parameters(self) -> dict[str, Any]:
        """What `Directory.list` takes."""
        given = {
            "limit": self.limit,
            "cursor": self.cursor,
            "group_id": self.group,
            "sort_by": self.sort,
        }
        return {
            **{name: value for name, value in given.items() if value is not None},
            "filters": _filters(self.filters),
            "remote_query": _queries(self.queries),
            "include": self.include,
            "exclude_fields": self.hidden,
            "strict": self.strict,
            "explain": self.explain,
        }

    def command(self, cursor: str | None = None) -> str:
        """The command that asks this, from `cursor` on; to be pasted into a shell."""
        pairs: list[tuple[str, str | None]] = [
            ("--account", self.account),
            ("--limit", None if self.limit is None else str(self.limit)),
            *(("--filter", text) for text in self.filters),
            ("--group", self.group),
            *(("--query", text) for text in self.queries),
            ("--sort", self.sort),
            *(("--include", name) for name in self.include),
            *(("--exclude-field", name) for name in self.hidden),
            ("-o", self.format),
        ]
        words = ["connector", "list", self.resource]
        words += [word for option, value in pairs if value is not None for word in (option, value)]
        words += ["--strict"] if self.strict else []
        words += ["--explain"] if self.explain else []
        words += ["--allow-partial"] if self.allow_partial else []
        words += [] if cursor is None else ["--cursor", cursor]
        return shlex.join(words)


def parse_filter(text: str) -> tuple[str, str, str]:
    """(field, operator, value) of `field=value` or `field[operator]=value`."""
    name, equals, value = text.partition("=")
    field, bracket, rest = name.partition("[")
    if not equals or not field or (bracket and (not rest.endswith("]") or rest == "]")):
        raise typer.BadParameter(
            f"{text!r}: write FIELD=VALUE or FIELD[OPERATOR]=VALUE", param_hint="--filter"
        )
    return field, rest.removesuffix("]") if bracket else "eq", value


def _queries(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r}: write NAME=VALUE", param_hint="--query")
        if name in found:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--query")
        found[name] = value
    return found


def _filters(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for field, operator, value in map(parse_filter, texts):
        tests = found.setdefault(field, {})
        if operator in tests:
            raise typer.BadParameter(f"{field}[{operator}] is given twice", param_hint="--filter")
        tests[operator] = value
    return found
