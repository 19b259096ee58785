"""`doctor`: what the credentials of an account lack, in the vendor's own words, and what each api can and can't tell.

Every failure is a finding, so all is shown before the exit code says what it comes to: 0 healthy, 1 something
lacks, 4 only that a vendor is unavailable, 5 only that it refuses the credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from connector.cli.output import harmless, harmless_lines, is_terminal, one_line, plural, print_json, screen

if TYPE_CHECKING:
    from connector.examine import Examined, Tried

__all__ = ["add_to"]

_EXITS = {"healthy": 0, "not_checked": 0, "lacking": 1, "unavailable": 4, "needs_reauth": 5}
_WORDS = {
    "healthy": "nothing lacks",
    "not_checked": "it can't be checked",
    "lacking": "something lacks",
    "unavailable": "the vendor is unavailable now",
    "needs_reauth": "the vendor refuses the credentials",
}
_STATES = {"ok": "ok", "lacking": "lacks", "failed": "fails", "not_tried": "not tried"}
_STYLES = {
    "ok": "green",
    "lacking": "red",
    "failed": "red",
    "not_tried": "yellow",
    "healthy": "bold green",
    "unavailable": "bold yellow",
    "needs_reauth": "bold red",
    "not_checked": "bold",
}


def add_to(app: typer.Typer) -> None:
    """Adds `doctor`."""
    app.command("doctor")(examine)


def examine(
    account: Annotated[
        str | None,
        typer.Argument(
            help="The kept account; may be left out when there is one.",
            show_default=False,
        ),
    ] = None,
    *,
    output: Annotated[
        Literal["table", "json"] | None,
        typer.Option("--output", "-o", help="table on a terminal, else json.", show_default=False),
    ] = None,
) -> None:
    """Examine an account: which right, column, node or command it lacks.

    Every API of the account is asked, once for each right. Nothing changes at the vendor. Exit code 1: something lacks;
    4 or 5 where all that fails is that a vendor is unavailable, or refuses the credentials.
    """
    from connector.directory import Directory

    with Directory.open(account) as directory:
        found = directory.examine()
    if (output or ("table" if is_terminal() else "json")) == "json":
        print_json(found.to_json())
    else:
        for api in found.apis:
            _show(api)
        style = _STYLES.get(found.verdict, "bold red")
        screen().print(f"{found.connector}: {_WORDS[found.verdict]}", style=style, soft_wrap=True)
    raise typer.Exit(_EXITS[found.verdict])


def _show(api: Examined) -> None:
    from rich.table import Table
    from rich.text import Text

    head = Text(harmless(f"{api.api} · {api.label} · "), style="bold")
    head.append(_WORDS[api.verdict], style=_STYLES.get(api.verdict, "bold red"))
    screen().print(head)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("", "address", Text(harmless(api.address)))
    if api.scope:
        table.add_row("", "covers", Text(harmless(api.scope)))
    for one in api.tried:
        state = Text(_STATES[one.state], style=_STYLES[one.state])
        table.add_row(state, Text(harmless(one.name)), Text("\n".join(map(one_line, _said(one)))))
    for noun, lines in (("can tell", api.tells), ("can't tell", api.cannot)):
        if lines:
            table.add_row("", noun, Text(harmless_lines("\n".join(lines))))
    for unified, fields in api.unfilled.items():
        if fields:
            table.add_row("", f"never in {unified}", Text(harmless(", ".join(fields))))
    screen().print(table)
    screen().print()


def _said(one: Tried) -> Iterator[str]:
    """What is known of a call, a line each."""
    if one.count is not None:
        yield plural(one.count, "records")
    if one.shows:
        yield f"reaches {', '.join(one.shows)}"
    if one.message:
        yield one.message
    if one.hint:
        yield f"hint: {one.hint}"
    if one.state in ("lacking", "failed") and one.needs:
        yield f"needs: {one.needs}"
    if one.state != "ok" and one.without:
        yield f"without it: {one.without}" + (" (the rest does without it)" if one.optional else "")
    for column in one.unseen:
        yield (
            f"asked for {column.column}, and no record has it: nobody has one, or this service doesn't know the column; "
            f"which of the two can't be told. {_resting(column.fields)}"
        )


def _resting(fields: tuple[str, ...]) -> str:
    return f"On it rests: {', '.join(fields)}" if fields else "No field rests on it"
