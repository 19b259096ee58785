"""The command `connector`: what the library does, for people at a terminal and for scripts.

Data goes to standard output and nothing else does; notes, warnings and errors go to standard error. Exit codes:

    0    done
    1    refused or failed; the message says what is allowed
    2    wrong usage
    3    the listing was printed and is not complete
    4    the vendor is unavailable or wants fewer calls: later it may work
    5    the vendor refuses the credentials, or they are not for this
    6    a write was sent, and whether it took effect is not known
    130  interrupted; 141: whoever read the output went away

A secret is never taken from the command line itself and never printed. Nothing heavy is imported before a
command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connector import __version__
from connector.cli import (
    accounts,
    checking,
    connecting,
    demo,
    examining,
    listing,
    proxying,
    sandboxing,
    writing,
)
from connector.cli.failing import Commands

__all__ = ["app", "main"]

EXIT_CODES = (
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the listing is not complete, "
    "4 the vendor is unavailable or wants fewer calls, 5 the vendor refuses the credentials, "
    "6 a write's outcome is not known."
)

app = typer.Typer(
    cls=Commands,
    name="connector",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"directory-connector {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Users and groups of any directory, in one schema. `connector demo` shows all of it on your machine."""
    del version  # its callback has done the work


checking.add_to(app)
connecting.add_to(app)
accounts.add_to(app)
listing.add_to(app)
writing.add_to(app)
proxying.add_to(app)
examining.add_to(app)
sandboxing.add_to(app)
demo.add_to(app)


def main() -> None:
    """Runs the command that the process was given, and ends the process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show a letter gets its code instead of a traceback.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="connector")
