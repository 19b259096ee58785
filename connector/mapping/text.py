"""Templates of mappings: text whose `{$.path}` holes are paths into the record. `{{` is a brace.

A template needs every hole: one that is missing, null or empty makes the whole nothing. Never evaluates
anything but paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from connector.mapping.path import PathInvalid, parse_path

__all__ = ["Template", "parse_text"]

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True)
class Template:
    """Literal text and the paths between: `texts` has one more entry than `holes`."""

    texts: tuple[str, ...]
    holes: tuple[str, ...]

    def fill(self, values: list[str]) -> str:
        """The text with its holes filled in order."""
        parts = [self.texts[0]]
        for value, text in zip(values, self.texts[1:], strict=True):
            parts += (value, text)
        return "".join(parts)

    def strip(self, text: str) -> str | None:
        """What the one hole held when `text` came out; None where it can't have."""
        before, after = self.texts
        inside = text[len(before) : len(text) - len(after)]
        return inside if inside and before + inside + after == text else None


@lru_cache(maxsize=1024)
def parse_text(text: str) -> Template:
    """The template that `text` is. Raises ValueError with a sentence for whoever wrote it."""
    texts: list[str] = [""]
    holes: list[str] = []
    for piece in _PIECE.findall(text):
        if piece in ("{{", "}}"):
            texts[-1] += piece[0]
        elif piece == "}":
            raise ValueError("a single `}`; a brace that is meant as text is written twice")
        elif piece == "{":
            raise ValueError("a `{` that no `}` closes; a brace that is meant as text is written twice")
        elif piece[0] == "{":
            holes.append(_checked(piece[1:-1]))
            texts.append("")
        else:
            texts[-1] += piece
    return Template(tuple(texts), tuple(holes))


def _checked(hole: str) -> str:
    if not hole.startswith("$"):
        raise ValueError(
            f"{{{hole}}} is not a path; a hole of a mapping is a path into the record, as in {{$.name}}"
        )
    try:
        parse_path(hole)
    except PathInvalid as error:
        raise ValueError(str(error)) from None
    return hole
