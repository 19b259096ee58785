"""`proxy`: the vendor's own API, untouched: one call, or one command of an api that takes commands.

A body goes to standard output as it came; on a terminal, control characters in it are shown, not obeyed. Only what
the connector lists passes, and all of that only reads.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from connector.cli.output import harmless, harmless_lines, is_terminal, notes, print_json

if TYPE_CHECKING:
    from connector.wire import Answer

__all__ = ["add_to"]

_WAYS = "METHOD API/PATH, or API -- WORD..."


class _Proxy(TyperCommand):
    """Keeps what stands behind `--` apart: there, words are a command's own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta["words"], args = args[at + 1 :], args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [*super().collect_usage_pieces(ctx)[:1], "METHOD API/PATH | API -- WORD..."]


def add_to(app: typer.Typer) -> None:
    """Adds `proxy`."""
    app.command("proxy", cls=_Proxy)(pass_on)


def pass_on(
    ctx: typer.Context,
    first: Annotated[
        str, typer.Argument(metavar="METHOD", help="GET and its like; or an API that takes commands.")
    ],
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="API/PATH",
            help="What is below the api's base address, with its query.",
            show_default=False,
        ),
    ] = None,
    *,
    account: Annotated[
        str | None,
        typer.Option("--account", "-a", help="The kept account; may be left out when there is one."),
    ] = None,
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header of the call."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="TEXT|@FILE", help="The body; @FILE reads it, @- from standard input."),
    ] = None,
    include: Annotated[
        bool, typer.Option("--include", "-i", help="Show status and headers too, on standard error.")
    ] = False,
) -> None:
    """Ask the vendor's own API, byte for byte, with the account's credentials.

    Only what the connector lists passes, and all of that only reads; connector check CONNECTOR shows it. Paths and
    queries are sent as they are written. Commands are given word by word behind --, options in full.

    \b
    connector proxy GET 'scim/Users?count=1'
    connector proxy commander -- enterprise-info --nodes --format json

    Exit code 1 also where the vendor answers anything but 2xx; the answer is printed all the same.
    """
    from connector.directory import Directory

    words = ctx.meta.get("words")
    if words is not None:
        if target is not None or headers or data is not None or include:
            raise typer.BadParameter(
                "behind an api's name stand -- and its words, nothing else", param_hint=_WAYS
            )
        with Directory.open(account) as directory:
            print_json(directory.command(first, words))
        return
    if target is None:
        raise typer.BadParameter("a path is missing, or -- and the words of a command", param_hint=_WAYS)
    given, body = _headers(headers or ()), _body(data)
    with Directory.open(account) as directory:
        answer = directory.proxy(first, target, headers=given, body=body)
    if include:
        _tell_head(answer)
    _write(answer.body)
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        if not include:
            notes().print(f"the vendor answered {_status(answer.status)}", style="yellow")
        sys.stdout.flush()
        raise typer.Exit(1)


def _headers(texts: Any) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or name != name.strip():
            raise typer.BadParameter("write 'Name: value'", param_hint="--header")
        if name.lower() in (known.lower() for known in given):
            raise typer.BadParameter(f"{name} is given twice", param_hint="--header")
        given[name] = value.strip(" \t")
    return given


def _body(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode("utf-8", "surrogateescape")
    from connector.proxy import MAX_SENT

    if data == "@-":
        return sys.stdin.buffer.read(MAX_SENT + 1)
    try:
        with Path(data[1:]).expanduser().open("rb") as file:
            return file.read(MAX_SENT + 1)
    except OSError as error:
        raise typer.BadParameter(
            f"the file {data[1:]} can't be read: {error.strerror}", param_hint="--data"
        ) from None


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _tell_head(answer: Answer) -> None:
    notes().print(_status(answer.status), style="bold")
    for name, value in answer.headers.items():
        notes().print(harmless(f"{name}: {value}"))


def _write(body: bytes) -> None:
    sys.stdout.flush()
    if is_terminal():
        text = harmless_lines(body.decode("utf-8", "backslashreplace"))
        body = text.encode(sys.stdout.encoding, "backslashreplace")
        body += b"" if body.endswith(b"\n") else b"\n"
    sys.stdout.buffer.write(body)
