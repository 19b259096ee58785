"""How Commander Service Mode reads a command line: what it refuses, and the arguments that are left.

A double of Keeper's Commander 18.1.8. Read in its source, and so copied: the same line is read twice. The
check for what the key may do resolves HTML entities, and it takes a backslash as a letter; the command itself
gets the line as it was sent, cut at its first space, with the backslash as an escape. Both split as a shell
does. Refused before anything runs: `--` alone, `${NAME}`, and options that name a file of the host, in any
abbreviation that argparse would take. What is left goes to argparse, with its abbreviations and its words.

Made up: the words of those refusals, that `--output` is refused whatever follows it, and that a command other
than `enterprise-info` has no options but `-f` of `enterprise-down`. Left out: that no command may name the
records which hold the service's own settings, and `--file`, which no command here has.
"""

from __future__ import annotations

import argparse
import html
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = [
    "COMMANDS",
    "ArgumentsRefused",
    "HelpAsked",
    "Options",
    "ban_on",
    "parse",
    "split",
    "words_checked",
]

_VARIABLE = re.compile(r"\$\{\w+\}")
_HOST_OPTIONS = (
    "--output",
    "--filename",
    "--out-dir",
    "--output-dir",
    "--from-file",
    "--file-cache",
    "--keepass-key-file",
    "-v3f",
)
# Each of these is an option of its own, even where another one's name begins with it.
_WHOLE = frozenset({*_HOST_OPTIONS, "--file", "--format", "--config"})


class ArgumentsRefused(Exception):
    """The command takes no such arguments; says so in argparse's words."""


class HelpAsked(Exception):
    """The command would print how it is used."""


class Options(argparse.Namespace):
    """What `enterprise-info` was asked; any other command sets nothing here."""

    nodes = False
    users = False
    teams = False
    roles = False
    verbose = False
    quiet = False
    node: str | None = None
    columns: str | None = None
    format = "table"
    pattern: str | None = None


def words_checked(line: str) -> list[str]:
    """The words of a line for the check of what a key may do. Raises ValueError."""
    return shlex.split(html.unescape(line).replace("\\", "\\\\"))


def ban_on(line: str) -> str | None:
    """What keeps a line from running at all, or None. Raises ValueError."""
    words = shlex.split(line.replace("\\", "\\\\"))
    if "--" in words:
        return "the argument '--'"
    if any(_VARIABLE.search(word) for word in words):
        return "a variable of the environment"
    lowered = [word.lower() for word in words[1:]]
    for word, following in zip(lowered, [*lowered[1:], ""], strict=False):
        name, _, value = word.partition("=")
        if any(_names(name, option) for option in _HOST_OPTIONS):
            return "a file of the host"
        if _names(name, "--format") and (value or following) == "pdf":
            return "a file of the host"
    return None


def _names(word: str, option: str) -> bool:
    """Whether a word is the option, in full or shortened as argparse allows."""
    if word == option:
        return True
    return len(word) > len("--") and word.startswith("--") and word not in _WHOLE and option.startswith(word)


def split(line: str) -> tuple[str, list[str]]:
    """(the command, its arguments) as the command itself reads them. Raises ValueError."""
    command, _, rest = line.partition(" ")
    if not command:  # the vendor looks for a space after the first letter
        return line.strip(), []
    return command.strip(), shlex.split(rest.strip())


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print, or end the process."""

    @override
    def error(self, message: str) -> NoReturn:
        raise ArgumentsRefused(message)

    @override
    def print_help(self, file: SupportsWrite[str] | None = None) -> NoReturn:
        raise HelpAsked


def _info_parser() -> _Parser:
    parser = _Parser("enterprise-info")
    parser.add_argument("--format", choices=["table", "csv", "json", "pdf"], default="table")
    parser.add_argument("--output")
    for flag in ("nodes", "users", "teams", "roles", "verbose", "quiet"):
        parser.add_argument(f"-{flag[0]}", f"--{flag}", action="store_true")
    parser.add_argument("--node")
    parser.add_argument("--columns")
    parser.add_argument("pattern", nargs="?")
    return parser


def _down_parser() -> _Parser:
    parser = _Parser("enterprise-down")
    parser.add_argument("-f", "--force", action="store_true")
    return parser


_PARSERS = {
    "enterprise-info": _info_parser(),
    "enterprise-down": _down_parser(),
    "whoami": _Parser("whoami"),
}

COMMANDS = frozenset(_PARSERS)
"""The commands that the key may use."""


def parse(command: str, words: Sequence[str]) -> Options:
    """Raises ArgumentsRefused and HelpAsked."""
    return _PARSERS[command].parse_args(words, namespace=Options())
