"""`create`: makes one of what the vendor can make, or shows the exact request without sending it.

What may have taken effect is never called failed: it ends with a code of its own, and the reference to ask by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from connector.cli.output import is_terminal, notes, print_json, screen
from connector.cli.secrets import read_pairs

if TYPE_CHECKING:
    from connector.create import Plan

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Adds `create`."""
    app.command("create")(create_row)


def create_row(
    resource: Annotated[str, typer.Argument(help="What to make: student_licenses.")],
    *,
    account: Annotated[
        str | None,
        typer.Option("--account", "-a", help="The kept account; may be left out when there is one."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="NAME=VALUE", help="A field; without any, the error lists them."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact request, secrets masked; nothing is sent.")
    ] = False,
    output: Annotated[
        Literal["table", "json"] | None,
        typer.Option("--output", "-o", help="table on a terminal, else json.", show_default=False),
    ] = None,
) -> None:
    """Make one of a resource, at most once.

    It is sent at most once, and never again by itself. Exit code 6: it was sent, and whether it took effect is not
    known.

    \b
    connector create student_licenses --account uni \\
        --set email=ada@students.univ.example --set first_name=Ada --dry-run
    """
    given = read_pairs(fields or (), "--set", "NAME=VALUE")

    from connector.directory import Directory

    as_json = (output or ("table" if is_terminal() else "json")) == "json"
    with Directory.open(account) as directory:
        if dry_run:
            _show_plan(directory.plan(resource, given), as_json=as_json)
            return
        item = directory.create(resource, given)
    if as_json:
        print_json(item.to_json())
        return
    from connector.cli.table import print_fields
    from connector.cli.telling import tell_warnings

    print_fields(item.row)
    tell_warnings(item.warnings)


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(plan.to_json())
        return
    from connector.cli.output import fields_table, harmless

    screen().print(harmless(f"{plan.method} {plan.url}"), soft_wrap=True)  # whole, so that it can be copied
    beside = {**plan.headers, **({} if plan.body is None else {"body": plan.body})}
    if beside:
        fields_table((name, harmless(value)) for name, value in beside.items())
    screen().file.flush()
    if plan.first is not None:
        notes().print(f"first: {harmless(plan.first)}", style="dim")
    notes().print("nothing was sent", style="dim")
