"""How Commander Service Mode reads a command line: what it refuses, and the arguments that are left.

A double of Keeper's Commander 18.1.8. Read in its source, and so copied: the same line is read twice. The
check for what the key may do resolves HTML entities, and it takes a backslash as a letter; the command itself
gets the line as it was sent, cut at its first space, with the backslash as an escape. Both split as a shell
does. Refused before anything runs: `--` alone, `${NAME}`, and options that name a file of the host, in any
abbreviation that argparse would take. What is left goes to argparse, with its abbreviations and its words.

Made up: the words of those refusals, and that `--output` is refused whatever follows it. Left out: that no command
may name the records which hold the service's own settings, `--file`, which no command here has, and options that
the double does nothing for (argparse refuses them as it does unknown ones): expiry, aliases, two-factor, shared
folders, teams at `enterprise-user`, roles at `enterprise-team`, other formats of `team-approve`.
"""

from __future__ import annotations

import argparse
import html
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = [
    "COMMANDS",
    "ApprovalOptions",
    "ArgumentsRefused",
    "AuditOptions",
    "HelpAsked",
    "InfoOptions",
    "Options",
    "TeamOptions",
    "UserOptions",
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


class InfoOptions(argparse.Namespace):
    """What `enterprise-info` was asked."""

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


class UserOptions(argparse.Namespace):
    """What `enterprise-user` was told; without anything to change it prints."""

    email: Sequence[str] = ()
    force = False
    verbose = False
    lock = False
    unlock = False
    add = False
    invite = False
    delete = False
    name: str | None = None
    job_title: str | None = None
    node: str | None = None
    add_role: Sequence[str] | None = None
    remove_role: Sequence[str] | None = None


class TeamOptions(argparse.Namespace):
    """What `enterprise-team` was told; without anything to change it prints."""

    team: Sequence[str] = ()
    force = False
    verbose = False
    add = False
    approve = False
    delete = False
    add_user: Sequence[str] | None = None
    remove_user: Sequence[str] | None = None
    restrict_edit: str | None = None
    restrict_share: str | None = None
    restrict_view: str | None = None
    name: str | None = None
    node: str | None = None


class ApprovalOptions(argparse.Namespace):
    """What `team-approve` was told."""

    team = False
    email = False


class AuditOptions(argparse.Namespace):
    """What `audit-report` was asked."""

    report_type = "raw"
    report_format: str | None = None
    columns: Sequence[str] | None = None
    limit: int | None = None
    order: str | None = None
    created: str | None = None
    event_type: Sequence[str] | None = None
    username: Sequence[str] | None = None
    to_username: Sequence[str] | None = None
    format = "table"


class NoOptions(argparse.Namespace):
    """Any other command was told nothing that counts."""


Options = InfoOptions | UserOptions | TeamOptions | ApprovalOptions | AuditOptions | NoOptions


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


def _user_parser() -> _Parser:
    parser = _Parser("enterprise-user")
    parser.add_argument("-f", "--force", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    for flag in ("--lock", "--unlock", "--add", "--invite", "--delete"):
        parser.add_argument(flag, action="store_true")
    for option in ("--name", "--job-title", "--node"):
        parser.add_argument(option)
    for option in ("--add-role", "--remove-role"):
        parser.add_argument(option, action="append")
    parser.add_argument("email", nargs="+")
    return parser


def _team_parser() -> _Parser:
    parser = _Parser("enterprise-team")
    parser.add_argument("-f", "--force", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    for flag in ("--add", "--approve", "--delete"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-au", "--add-user", action="append")
    parser.add_argument("-ru", "--remove-user", action="append")
    for option in ("--restrict-edit", "--restrict-share", "--restrict-view"):
        parser.add_argument(option, choices=["on", "off"])
    for option in ("--node", "--name"):
        parser.add_argument(option)
    parser.add_argument("team", nargs="+")
    return parser


def _approval_parser() -> _Parser:
    parser = _Parser("team-approve")
    for flag in ("--team", "--email"):
        parser.add_argument(flag, action="store_true")
    return parser


def _audit_parser() -> _Parser:
    parser = _Parser("audit-report")
    parser.add_argument("--format", choices=["table", "csv", "json", "pdf"], default="table")
    parser.add_argument(
        "--report-type", choices=["raw", "dim", "hour", "day", "week", "month", "span"], default="raw"
    )
    parser.add_argument("--report-format", choices=["message", "fields"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--order", choices=["desc", "asc"])
    parser.add_argument("--created")
    for option in ("--columns", "--event-type", "--username", "--to-username"):
        parser.add_argument(option, action="append")
    return parser


_PARSERS: Mapping[str, tuple[_Parser, type[Options]]] = {
    "enterprise-info": (_info_parser(), InfoOptions),
    "enterprise-down": (_down_parser(), NoOptions),
    "enterprise-user": (_user_parser(), UserOptions),
    "enterprise-team": (_team_parser(), TeamOptions),
    "audit-report": (_audit_parser(), AuditOptions),
    "team-approve": (_approval_parser(), ApprovalOptions),
    "whoami": (_Parser("whoami"), NoOptions),
}

COMMANDS = frozenset(_PARSERS)
"""The commands that the key may use."""


def parse(command: str, words: Sequence[str]) -> Options:
    """Raises ArgumentsRefused and HelpAsked."""
    parser, options = _PARSERS[command]
    return parser.parse_args(words, namespace=options())
