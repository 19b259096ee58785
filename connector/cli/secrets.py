"""Where a secret comes from: the environment, a file, standard input or a hidden prompt; never the command line.

What stands on a command line is seen by everyone on the machine and kept in the shell's history, so it is
refused, and not shown again in the refusal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import typer

__all__ = ["read_pairs", "read_secret", "read_secrets"]

_WAYS = "@env:VARIABLE, @file:PATH or @- (standard input)"
_MOST_BYTES = 65_536


def read_pairs(texts: Iterable[str], option: str, form: str) -> dict[str, str]:
    """`name=value` texts as a mapping; the values aren't shown when a text is refused: they may be secret."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"expected {form}", param_hint=option)
        if name in found:
            raise typer.BadParameter(f"{name} is given twice", param_hint=option)
        found[name] = value
    return found


def read_secrets(texts: Iterable[str]) -> dict[str, str]:
    """The secrets that `--secret NAME=@...` names. Raises BadParameter."""
    places = read_pairs(texts, "--secret", f"NAME= and one of {_WAYS}")
    if sum(place == "@-" for place in places.values()) > 1:
        raise typer.BadParameter("only one secret can come from standard input", param_hint="--secret")
    return {name: read_secret(name, place) for name, place in places.items()}


def read_secret(name: str, place: str) -> str:
    """The secret that stands at `@env:...`, `@file:...` or `@-`, less the end of its line."""
    if place == "@-":
        text = sys.stdin.read(_MOST_BYTES)
    elif place.startswith("@env:"):
        variable = place.removeprefix("@env:")
        if variable not in os.environ:
            raise _refused(f"{name}: the environment has no variable {variable}")
        text = os.environ[variable]
    elif place.startswith("@file:"):
        text = _read_file(name, Path(place.removeprefix("@file:")).expanduser())
    else:
        raise _refused(
            f"{name}: a secret isn't written on the command line, where others can read it; give {_WAYS}"
        )
    found = text.rstrip("\r\n")
    if not found:
        raise _refused(f"{name}: {place} is empty")
    return found


def _read_file(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8")
    except OSError as error:
        raise _refused(f"{name}: the file {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        pass  # the error holds the file's content: it must not become a cause
    raise _refused(f"{name}: the file {path} is not text (UTF-8)")


def _refused(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="--secret")
