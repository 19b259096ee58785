"""`create`, `update`, `delete`: change one thing at the vendor, or show the exact request without sending it.

What may have taken effect is never called failed: it ends with a code of its own, and what to ask the vendor by.
Nothing is removed unasked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from connector.cli.output import harmless, is_terminal, notes, print_json, screen
from connector.cli.secrets import read_pairs

if TYPE_CHECKING:
    from connector.directory import Directory
    from connector.pages import Written
    from connector.write import Plan

__all__ = ["add_to"]

Account = Annotated[
    str | None, typer.Option("--account", "-a", help="The kept account; may be left out when there is one.")
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="NAME=VALUE", help="A field; without any, the error lists them."),
]
Key = Annotated[str, typer.Argument(metavar="ID", help="The id, as `list` shows it.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the exact request, secrets masked; nothing is sent.")
]
Entry = Annotated[
    str | None,
    typer.Option(
        metavar="API[KEY]",
        help="To which entry of an api that the account has several times.",
        show_default=False,
    ),
]
Output = Annotated[
    Literal["table", "json"] | None,
    typer.Option("--output", "-o", help="table on a terminal, else json.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Adds `create`, `update` and `delete`."""
    app.command("create")(create_row)
    app.command("update")(update_row)
    app.command("delete")(delete_row)


def create_row(
    resource: Annotated[
        str, typer.Argument(help="What to make: users, groups, groups/ID/users, student_licenses.")
    ],
    *,
    account: Account = None,
    entry: Entry = None,
    fields: Fields = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Make one of a resource, or put a user into a group.

    It is sent at most once, and never again by itself. Exit code 6: it was sent, and whether it took effect is not
    known.

    \b
    connector create users --set username=ada@acme.example --set name='Ada Lovelace' --dry-run
    connector create groups/RqX_L5yE/users --set id=970404910858250
    """
    given = _fields(resource, fields or ())
    _write(
        account,
        output,
        lambda directory: directory.plan("create", resource, given, entry=entry),
        None if dry_run else lambda directory: directory.create(resource, given, entry=entry),
    )


def update_row(
    resource: Annotated[str, typer.Argument(help="What to change: users, groups.")],
    key: Key,
    *,
    account: Account = None,
    entry: Entry = None,
    fields: Fields = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", metavar="NAME", help="A field to empty.")
    ] = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Change fields of one.

    It is sent at most once, and never again by itself. Exit code 6: it was sent, and whether it took effect is not
    known.

    \b
    connector update users 970404910858250 --set status=inactive
    """
    given = _fields(resource, fields or ())
    for name in clear or ():
        if name in given:
            raise typer.BadParameter(f"{name} is set and cleared", param_hint="--clear")
        given[name] = None
    _write(
        account,
        output,
        lambda directory: directory.plan("update", resource, key, given, entry=entry),
        None if dry_run else lambda directory: directory.update(resource, key, given, entry=entry),
    )


def delete_row(
    resource: Annotated[str, typer.Argument(help="Where to remove it from: users, groups, groups/ID/users.")],
    key: Key,
    *,
    account: Account = None,
    entry: Entry = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Remove one, or take a user out of a group.

    It is sent at most once, and never again by itself. Exit code 6: it was sent, and whether it took effect is not
    known.

    \b
    connector delete groups/RqX_L5yE/users 970404910858250 --yes
    """

    def remove(directory: Directory) -> Written[Any]:
        # Says what is wrong before anybody is asked; which entry has it is looked for when it is removed.
        warns = directory.questions.warns("delete", resource, key, entry=entry)
        if not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("needed where nobody can be asked", param_hint="--yes")
            if warns:
                notes().print(harmless(warns), style="yellow")
            typer.confirm(f"Remove {key!r} from {resource}?", abort=True, err=True)
        return directory.delete(resource, key, entry=entry)

    _write(
        account,
        output,
        lambda directory: directory.plan("delete", resource, key, entry=entry),
        None if dry_run else remove,
    )


def _write(
    account: str | None,
    output: str | None,
    planned: Callable[[Directory], Plan],
    done: Callable[[Directory], Written[Any]] | None,
) -> None:
    from connector.directory import Directory

    as_json = (output or ("table" if is_terminal() else "json")) == "json"
    with Directory.open(account) as directory:
        if done is None:
            _show_plan(planned(directory), as_json=as_json)
            return
        written = done(directory)
    if as_json:
        print_json(written.to_json())
        return
    from connector.cli.table import print_fields
    from connector.cli.telling import tell_warnings

    if written.row:
        print_fields(written.row)
    outcome = written.outcome
    said = f"{outcome.is_}{', verified' if outcome.verified else ''}"
    notes().print(said + (f": {harmless(outcome.message)}" if outcome.message else ""), style="dim")
    tell_warnings(written.warnings)


def _fields(resource: str, texts: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE`: text as it is; what is no text in the unified model is written as JSON."""
    import msgspec

    from connector.model import UNIFIED
    from connector.model.shape import Enum, Instant, Label, Text, shape_of

    model = UNIFIED.get(resource)
    shapes = {} if model is None else shape_of(model).fields
    given: dict[str, Any] = {}
    for name, text in read_pairs(texts, "--set", "NAME=VALUE").items():
        is_text = isinstance(shapes.get(name, Text()), Text | Label | Enum | Instant)
        try:
            given[name] = text if is_text else msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise typer.BadParameter(
                f"{name}: expected {shapes[name].noun}, as JSON", param_hint="--set"
            ) from None
    return given


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(plan.to_json())
        return
    from connector.cli.output import fields_table

    screen().print(harmless(f"{plan.method} {plan.url}"), soft_wrap=True)  # whole, so that it can be copied
    beside = {**plan.headers, **({} if plan.body is None else {"body": plan.body})}
    if beside:
        fields_table((name, harmless(value)) for name, value in beside.items())
    screen().file.flush()
    for told in (plan.first and f"first: {plan.first}", plan.warns):
        if told:
            notes().print(harmless(told), style="yellow")
    notes().print("nothing was sent", style="dim")
