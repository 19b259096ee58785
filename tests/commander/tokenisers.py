"""The two readers of one command line in the vendor's Commander service, each as its own code runs it.

The service's checker (what the key may call, what is forbidden in service mode) and its command line split the
same text by different rules. A value is quoted well if both see the same arguments; see `checker_sees` for the
one difference that is always there.

Runs the vendor's code in this process, up to the point where a command would be executed; no command ever is, and
nothing is read from or written to the home of whoever runs the tests.
"""

from __future__ import annotations

import html
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

__all__ = ["checker_sees", "commands", "executor_sees"]


class _Reached(BaseException):
    """Where a command would begin to run. No `except Exception` of the vendor's may swallow it."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments


def checker_sees(line: str) -> list[str]:
    """The command and its arguments as the guards of the service judge them.

    The line goes through the guard of the request (which resolves HTML entities first) and then through those of
    the execution (which get it unresolved); what the first one sees is returned. Both double each backslash,
    so between single quotes their argument has two where the executor's has one.
    Raises ValueError("refused: …") with the service's own words.
    """
    vendor = _vendor()
    seen: list[list[str]] = []
    split = vendor.Verifycommand.tokenize_service_command

    def noting(text: str) -> list[str]:
        seen.append(split(text))
        return seen[-1]

    def reached(*_: object) -> None:
        raise _Reached([])

    names = ",".join({**vendor.cli.commands, **vendor.cli.enterprise_commands, **vendor.cli.aliases})
    with (
        mock.patch.object(vendor.ConfigReader, "read_config", return_value=names),
        mock.patch.object(vendor.Verifycommand, "tokenize_service_command", noting),
        mock.patch.object(vendor.session, "_current_params", vendor.params),
        mock.patch.object(vendor.cli, "do_command", reached),
        vendor.app.test_request_context(method="POST", json={"command": line}, headers={"api-key": "any"}),
    ):
        try:
            body, _ = vendor.policy_check(lambda: vendor.CommandExecutor.execute(vendor.escaped(line)))()
        except _Reached:
            return seen[0]
    raise ValueError(f"refused: {body['error']}")


def executor_sees(line: str) -> list[str]:
    """The command and its arguments as the command line takes them, whatever the checker says to the line.

    Raises ValueError("refused: …") where it knows no such command or cannot read the line.
    """
    vendor = _vendor()
    found: list[str] = []
    take_apart = vendor.cli.command_and_args_from_cmd
    split = vendor.base.shlex.split

    def noting(text: str) -> Any:
        found[:] = take_apart(text)[:1]
        return take_apart(text)

    def reached(text: str) -> None:
        raise _Reached([*found, *split(text)])

    with (
        mock.patch.object(vendor.cli, "command_and_args_from_cmd", noting),
        mock.patch.object(vendor.base, "shlex", SimpleNamespace(split=reached)),
        mock.patch.object(vendor.cli, "display_command_help"),
    ):
        try:
            vendor.cli.do_command(vendor.params, html.unescape(vendor.escaped(line)))
        except _Reached as end:
            return end.arguments
        except ValueError as error:
            raise ValueError(f"refused: {error}") from None
    raise ValueError("refused: no such command, or a control character")


def commands() -> dict[str, Any]:
    """Every command of the vendor's command line by each name and alias that it has, those of a group behind its own.

    None stands for what the command line does by itself, without a command.
    """
    cli = _vendor().cli
    known = {**cli.commands, **cli.enterprise_commands, **cli.msp_commands}
    aliases = {alias: known.get(_name(target)) for alias, target in cli.aliases.items()}
    return dict(_below("", {**known, **aliases}))


def _below(before: str, known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, command in known.items():
        yield before + name, command
        below = dict(getattr(command, "subcommands", {}))
        below |= {alias: below.get(verb) for alias, verb in getattr(command, "_aliases", {}).items()}
        yield from _below(f"{before}{name} ", below)


def _name(target: Any) -> str:
    return target if isinstance(target, str) else target[0]


@cache
def _vendor() -> SimpleNamespace:
    """What is used of the vendor's code; it is imported where it is first needed, since that takes a second."""
    with _left_as_it_was():
        from flask import Flask
        from keepercommander import cli
        from keepercommander.commands import base
        from keepercommander.params import KeeperParams
        from keepercommander.service.core import globals as session
        from keepercommander.service.decorators.auth import policy_check
        from keepercommander.service.util.command_util import CommandExecutor
        from keepercommander.service.util.config_reader import ConfigReader
        from keepercommander.service.util.request_validation import RequestValidator
        from keepercommander.service.util.verified_command import Verifycommand

    # It writes to the stderr of the moment of its import, which pytest closes.
    logging.getLogger("keeper_service").disabled = True
    params = KeeperParams()
    params.session_token = "made up"
    params.enterprise = {"licenses": []}
    escape: Callable[[dict[str, str]], tuple[str, Any]] = RequestValidator.validate_and_escape_command
    return SimpleNamespace(
        app=Flask("tokenisers"),
        base=base,
        cli=cli,
        escaped=lambda line: escape({"command": line})[0],
        params=params,
        policy_check=policy_check,
        session=session,
        CommandExecutor=CommandExecutor,
        ConfigReader=ConfigReader,
        Verifycommand=Verifycommand,
    )


@contextmanager
def _left_as_it_was() -> Iterator[None]:
    """The vendor's import wraps the standard streams, adds a log handler, warns, and writes into its data folder."""
    root = logging.getLogger()
    handlers, level, streams = list(root.handlers), root.level, (sys.stdout, sys.stderr)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"KEEPER_DATA_HOME": folder}),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
    root.handlers[:], (sys.stdout, sys.stderr) = handlers, streams
    root.setLevel(level)
