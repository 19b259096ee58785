"""What ends a command: the one place that turns an error into words on standard error and an exit code.

An error of ours is told in words, never as a traceback. What is none of ours is a defect and keeps its
traceback, without the values of variables, among which there may be secrets.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from connector.errors import (
    ConfigurationInvalid,
    ConnectorError,
    Forbidden,
    ListingIncomplete,
    NeedsReauth,
    RateLimited,
    VendorFailure,
    VendorUnavailable,
    WriteOutcomeUnknown,
)

__all__ = ["Commands", "exit_code", "tell_error"]

_CODES: tuple[tuple[type[ConnectorError], int], ...] = (
    (ListingIncomplete, 3),
    (RateLimited, 4),
    (VendorUnavailable, 4),
    (NeedsReauth, 5),
    (Forbidden, 5),
    (WriteOutcomeUnknown, 6),
)
_ORDER = (
    "demo",
    "sandbox",
    "connectors",
    "connect",
    "accounts",
    "list",
    "get",
    "create",
    "update",
    "delete",
    "proxy",
    "check",
    "doctor",
)
_READER_GONE = 128 + 13
_INTERRUPTED = 128 + 2
_MOST_DETAILS = 20


def exit_code(error: ConnectorError) -> int:
    """What the process ends with because of this error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


class Commands(TyperGroup):
    """The commands, and what happens when one of them can't do what it was asked."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the face is typer's
        """In the order in which one comes to need them."""
        return sorted(self.commands, key=_ORDER.index)

    def invoke(self, ctx: Any) -> Any:
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except ConnectorError as error:
            _flush()
            tell_error(error)
            raise typer.Exit(exit_code(error)) from None
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(_READER_GONE) from None
        except KeyboardInterrupt as stop:
            if isinstance(stop.__cause__, WriteOutcomeUnknown):  # a write was out
                tell_error(stop.__cause__)
                raise typer.Exit(exit_code(stop.__cause__)) from None
            raise typer.Exit(_INTERRUPTED) from None
        return done


def tell_error(error: ConnectorError) -> None:
    """The error on standard error: what happened, what is allowed, every fault with its place."""
    from connector.cli.output import notes

    for style, line in _lines(error):
        notes().print(line, style=style)


def _lines(error: ConnectorError) -> Iterator[tuple[str, str]]:
    from connector.cli.output import harmless_lines, one_line

    written = one_line if isinstance(error, VendorFailure) else harmless_lines
    yield "bold red", "error: " + written(error.message)
    if isinstance(error, ConfigurationInvalid):
        for fault in error.faults:
            yield "", "  " + harmless_lines(str(fault))
    else:
        told = [item["message"] for item in error.details if isinstance(item, Mapping) and "message" in item]
        for text in told[:_MOST_DETAILS]:
            yield "", "  " + harmless_lines(str(text))
        if len(told) > _MOST_DETAILS:
            yield "", f"  and {len(told) - _MOST_DETAILS} more"
    if isinstance(error, RateLimited) and error.retry_after is not None:
        yield "cyan", f"hint: the vendor asks to wait {error.retry_after:g} s"
    if error.hint:
        yield "cyan", "hint: " + harmless_lines(error.hint)


def _flush() -> None:
    """Rows that were printed before a failure stand before the words about it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()


def _forget_output() -> None:
    """What is left in buffers goes nowhere: Python would complain about it while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
