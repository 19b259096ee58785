"""`list` and `get`: rows of a kept account, as a table on a terminal and as JSON in a pipe.

`--all` walks to the end in constant memory, prints what there is, and fails unless the whole was seen. A
page that is not the last one is followed by the command that goes on, in this process or another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from connector.cli.asking import Asked
from connector.cli.output import is_terminal, notes, print_json
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.cli.rows import Rows
    from connector.directory import Directory
    from connector.pages import Page

__all__ = ["add_to"]

_WALK = 1000
"""Rows on a page of a walk: as many as there may be."""

AccountName = Annotated[
    str | None, typer.Option("--account", "-a", help="The kept account; may be left out when there is one.")
]


def add_to(app: typer.Typer) -> None:
    """Adds `list` and `get`."""
    app.command("list")(list_rows)
    app.command("get")(get_row)


def list_rows(
    resource: Annotated[
        str,
        typer.Argument(
            help="users, groups, or groups/ID/users: the users in a group. API.RESOURCE: the vendor's own records."
        ),
    ],
    *,
    account: AccountName = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every row to the end; fails (3) unless the whole was seen.")
    ] = False,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            "-f",
            metavar="FIELD=VALUE",
            help="status=active, or updated_at[gt]=2026-01-31T00:00:00Z.",
        ),
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="ID", help="Only the users in this group.")] = None,
    queries: Annotated[
        list[str] | None,
        typer.Option(
            "--query",
            metavar="NAME=VALUE",
            help="What the vendor is asked besides, of what the connector lists for this listing.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Rows on a page (100; with --all 1000).", show_default=False),
    ] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on where an earlier page ended.")] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="FIELD", help="FIELD, or -FIELD for descending.")
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            help="groups: of each user, where that costs calls. remote_data: the vendor's own record."
        ),
    ] = None,
    hidden: Annotated[
        list[str] | None, typer.Option("--exclude-field", metavar="FIELD", help="Leave this field out.")
    ] = None,
    output: Annotated[
        Literal["table", "json", "ndjson", "csv"] | None,
        typer.Option("--output", "-o", help="table on a terminal, else ndjson.", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on what would be a warning.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say who evaluates what, and what is sent.")
    ] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Succeed also if the listing ends and not all was seen.")
    ] = False,
) -> None:
    """List users or groups, a page at a time or --all.

    A page may be short, even empty: only one without a next cursor is the last. If not all was seen by then,
    the exit code is 3, also without --all.

    CSV has a leading apostrophe where a spreadsheet would run a cell, and ; between several values in a cell;
    a ; or \\ of a value's own has a \\ before it. Which e-mail address is primary, and its type, is only in
    JSON; so is whether nothing was said (null) or there are none (an empty list).
    """
    asked = Asked(
        resource,
        account,
        limit,
        cursor,
        tuple(filters or ()),
        group,
        tuple(queries or ()),
        sort,
        tuple(include or ()),
        tuple(hidden or ()),
        output,
        strict=strict,
        explain=explain,
        allow_partial=allow_partial,
    )
    parameters = asked.parameters()

    from connector.directory import Directory

    with Directory.open(account) as directory:
        if all_:
            _walk(directory, asked, {"limit": _WALK, **parameters})
        else:
            page = directory.list(resource, **parameters)
            print_page(page, asked, rows_for(directory, asked))
            _judge(page, asked)


def get_row(
    resource: Annotated[
        str, typer.Argument(help="users, groups, or API.RESOURCE: the vendor's own record, as it is.")
    ],
    key: Annotated[str, typer.Argument(metavar="ID", help="The id; one that begins with - goes after --.")],
    *,
    account: AccountName = None,
    include: Annotated[list[str] | None, typer.Option(help="remote_data: the vendor's own record.")] = None,
    hidden: Annotated[
        list[str] | None, typer.Option("--exclude-field", metavar="FIELD", help="Leave this field out.")
    ] = None,
    output: Annotated[
        Literal["table", "json"] | None,
        typer.Option("--output", "-o", help="table on a terminal, else json.", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on what would be a warning.")] = False,
) -> None:
    """Get one user or group with all its fields."""
    from connector.cli.telling import tell_warnings
    from connector.directory import Directory

    with Directory.open(account) as directory:
        item = directory.get(resource, key, include=include or (), exclude_fields=hidden or (), strict=strict)
    if (output or ("table" if is_terminal() else "json")) == "json":
        print_json(item.to_json())
        return
    from connector.cli.table import print_fields

    print_fields(item.row)
    tell_warnings(item.warnings)


def rows_for(directory: Directory, asked: Asked, *, across: bool = False) -> Rows | None:
    """What prints the rows in the format that was asked for; None: one page's own envelope (json)."""
    from connector.cli.rows import CsvRows, JsonRows, LineRows, csv_columns

    unified = _unified(asked.resource)
    wanted = asked.format or ("table" if is_terminal() else "ndjson")
    if "." in unified:  # the vendor's own records: nobody knows their fields before
        if wanted == "csv":
            raise typer.BadParameter(
                "the vendor's own records have no fixed columns", param_hint="--output csv"
            )
        if wanted == "table":
            from connector.cli.table import TableRows

            return TableRows(unified, (), _key_of(directory, unified))
    if wanted == "table":
        from connector.cli.table import TableRows

        return TableRows(unified, fields_of(directory, unified, asked.include) - set(asked.hidden))
    if wanted == "csv":
        return CsvRows(csv_columns(unified, fields_of(directory, unified, asked.include) - set(asked.hidden)))
    if wanted == "ndjson":
        return LineRows()
    return JsonRows() if across else None


def _key_of(directory: Directory, resource: str) -> str:
    """The name of the field that holds the id of the vendor's own records, where it stands at their root."""
    from connector.native import native_source

    rule = native_source(directory.questions.opened.loaded, resource).mapping.fields.get("id")
    return str(getattr(rule, "path", "$.")).removeprefix("$.")


def fields_of(directory: Directory, unified: str, include: Iterable[str] = ()) -> set[str]:
    """The fields that the account's mapping can fill, whatever a page has."""
    mapping = directory.questions.opened.feed(unified)[0].mapping
    layers = (mapping.fields, *mapping.on.values())
    mapped = {name for layer in layers for name, rule in layer.items() if rule}
    return mapped | {f"{name}_detail" for name in mapped} | {"id", *include}


def print_page(page: Page[Any], asked: Asked, rows: Rows | None) -> None:
    """One page: its rows, then in words what is known, then how to go on."""
    from connector.cli.telling import tell_explanation, tell_footer, tell_next, tell_verdict, tell_warnings

    if rows is None:
        print_json(page.to_json())
    else:
        rows.add(page.rows)
    sys.stdout.flush()
    tell_warnings(page.warnings)
    if page.explain is not None and rows is not None:
        tell_explanation(page.explain)
    tell_verdict(len(page.rows), page.unified, page.completeness)
    tell_footer(None if rows is None else rows.footer())
    if page.next_cursor is not None:
        tell_next(asked.command(page.next_cursor))


def _walk(directory: Directory, asked: Asked, parameters: dict[str, Any]) -> None:
    """Every page to the end; nothing of a page is kept but its warnings."""
    from connector.cli.telling import (
        Gathered,
        tell_explanation,
        tell_footer,
        tell_next,
        tell_verdict,
        tell_warnings,
    )

    rows = rows_for(directory, asked, across=True)
    assert rows is not None
    count, is_partial, gathered = 0, False, Gathered()
    last: Page[Any] | None = None
    explanation: dict[str, Any] | None = None
    try:
        with _progress(asked) as advance:
            for page in directory.pages(asked.resource, allow_partial=True, **parameters):
                rows.add(page.rows)
                count += len(page.rows)
                is_partial = is_partial or page.is_partial_response
                gathered.add(page.warnings)
                explanation = explanation or page.explain
                advance(page)
                last = page
    except ConnectorError:
        sys.stdout.flush()
        if last is not None and last.next_cursor is not None:
            tell_verdict(count, last.unified, last.completeness)
            tell_footer(rows.footer())
            tell_next(f"{asked.command(last.next_cursor)} --all")
        raise
    assert last is not None
    rows.end(
        {
            "next_cursor": None,
            "prev_cursor": None,
            "result_count": count,
            "is_partial_response": is_partial,
            "completeness": last.completeness.model_dump(),
            "warnings": [item.model_dump(exclude_none=True) for item in gathered.listed()],
            **({"explain": explanation} if explanation is not None else {}),
        }
    )
    sys.stdout.flush()
    tell_warnings(gathered.listed())
    if explanation is not None and asked.format != "json":
        tell_explanation(explanation)
    tell_verdict(count, last.unified, last.completeness)
    tell_footer(rows.footer())
    _judge(last, asked)


def _judge(page: Page[Any], asked: Asked) -> None:
    """Raises ListingIncomplete where the listing ended and not all was seen, unless that was allowed."""
    if page.next_cursor is not None or page.completeness.verdict == "complete" or asked.allow_partial:
        return
    from connector.cli.telling import verdict_words
    from connector.errors import ListingIncomplete

    raise ListingIncomplete(
        f"the listing ended, and is {verdict_words(page.completeness)}",
        completeness=page.completeness,
        hint="--allow-partial takes what there is; don't read it as everyone else being gone",
    )


@contextmanager
def _progress(asked: Asked) -> Iterator[Any]:
    """A bar on standard error, where a person watches and the rows go elsewhere."""
    if is_terminal() or not notes().is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes(), transient=True) as bar:
        task = bar.add_task(_unified(asked.resource), total=None)
        yield lambda page: bar.update(
            task, completed=page.completeness.seen, total=page.completeness.declared
        )


def _unified(resource: str) -> str:
    return "users" if "/" in resource else resource
