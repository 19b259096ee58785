"""`connect`: keeps an account, its secrets sealed, and asks the vendor whether it is accepted.

Secrets are never echoed, not even in a refusal. An account whose check fails stays: what is wrong may be
mended at the vendor.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from connector.cli.output import harmless, notes, print_json, screen
from connector.cli.prompting import ask_missing, defaults_used
from connector.cli.secrets import read_pairs, read_secrets
from connector.errors import ConnectorError, InvalidRequest, NotFound

if TYPE_CHECKING:
    from connector.store.accounts import Account
    from connector.stored import StoredAccounts

__all__ = ["add_to", "has_account"]


class _Connect(TyperCommand):
    """`connect NAME --help` also says what that connector needs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["named"] = args[0] if args and not args[0].startswith("-") else None
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        name = ctx.meta.get("named")
        if name is None:
            return
        from connector.cli.checking import catalog
        from connector.cli.describing import needs

        with formatter.section(f"What {name} needs"):
            formatter.write_dl(
                [
                    (option, words.replace("\n", ": ", 1).replace("\n", "; "))
                    for option, words in needs(catalog().load(name))
                ]
            )


def add_to(app: typer.Typer) -> None:
    """Adds `connect`."""
    app.command("connect", cls=_Connect)(connect)


def connect(
    connector: Annotated[str, typer.Argument(help="The connector's name; connector connectors lists them.")],
    *,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="The account's name; the connector's by itself.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", "-s", metavar="NAME=VALUE", help="A setting; connector connectors NAME lists them."
        ),
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            metavar="NAME=@WHERE",
            help="A secret from @env:VARIABLE, @file:PATH or @- (standard input). One that is missing is asked for.",
        ),
    ] = None,
    base_urls: Annotated[
        list[str] | None,
        typer.Option("--base-url", metavar="API=URL", help="Another address in place of an api's own."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--override", metavar="SOURCE=FILE", help="A YAML fragment laid over the mapping of a source."
        ),
    ] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-network", metavar="NETWORK", help="A private host or network that it may call."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of an account of this name.")
    ] = False,
    check: Annotated[bool, typer.Option(help="Ask the vendor whether it accepts the account.")] = True,
) -> None:
    """Connect an account and keep it, its secrets sealed.

    What a connector needs: connector connect CONNECTOR --help. For example:

    \b
    connector connect scim --name acme \\
        --set base_url=https://scim.example/v2 --secret token=@env:TOKEN
    """
    given = read_pairs(settings or (), "--set", "NAME=VALUE")
    hidden = read_secrets(secrets or ())
    urls = read_pairs(base_urls or (), "--base-url", "API=URL")
    fragments = _read_overrides(overrides or ())

    from connector.stored import StoredAccounts

    account_name = name or connector
    with StoredAccounts() as stored:
        loaded = stored.catalog.load(connector, fragments)
        is_known = has_account(stored, account_name)
        if is_known and not replace:
            raise _taken(account_name)  # before anything is asked in vain
        if sys.stdin.isatty():
            ask_missing(loaded, given, hidden, urls)
        read_before = stored.find(account_name).sources if is_known else {}
        account = stored.connect(
            account_name,
            connector,
            settings=given,
            secrets=hidden,
            base_urls=urls,
            allow_networks=networks or (),
            overrides=fragments,
            replace=replace and is_known,
        )
    for line in defaults_used(loaded, given, hidden, urls):
        notes().print(line, style="dim")
    _tell(account)
    _tell_changed(read_before, account)
    if check:
        words = [
            *(("--set", f"{name}={value}") for name, value in given.items()),
            *(("--secret", place) for place in secrets or ()),
            *(("--base-url", url) for url in base_urls or ()),
            *(("--override", file) for file in overrides or ()),
            *(("--allow-network", network) for network in networks or ()),
        ]
        _check(account, [word for pair in words for word in pair])


def has_account(stored: StoredAccounts, name: str) -> bool:
    """Whether there is an account of this name."""
    with suppress(NotFound):
        return stored.find(name).name == name
    return False


def _read_overrides(texts: Sequence[str]) -> dict[str, Any]:
    from connector.yamlfile import read

    files = read_pairs(texts, "--override", "API.RESOURCE=FILE")
    return {source: read(Path(file).expanduser()) for source, file in files.items()}


def _tell(account: Account) -> None:
    if not screen().is_terminal:
        from connector.cli.accounts import account_fields

        print_json(account_fields(account))
        return
    reads = ", ".join(f"{unified} from {' + '.join(feed)}" for unified, feed in account.sources.items())
    screen().print(f"account {account.name!r} is kept; it reads {reads or 'nothing'}")


def _tell_changed(before: Mapping[str, Sequence[str]], account: Account) -> None:
    """Which resources are read from elsewhere than before: what a caller kept of them may not fit any more."""
    for unified, feed in account.sources.items():
        if unified in before and before[unified] != feed:
            now, was = " + ".join(feed), " + ".join(before[unified])
            notes().print(
                f"{unified} now come from {now}, and came from {was}: ids, statuses and scope may change",
                style="yellow",
            )


def _taken(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"there is an account {name!r} already",
        hint="--replace puts this one in its place; or choose another --name",
    )


def _check(account: Account, options: Sequence[str]) -> None:
    """Asks the vendor; `options` are what the account was connected with, to be corrected and given again."""
    from connector.cli.checking import check_account

    try:
        check_account(account.name, to_notes=True)
    except ConnectorError:
        again = shlex.join(["connector", "connect", account.connector, "--name", account.name, *options])
        notes().print(
            f"account {account.name!r} is kept, but its check failed; "
            f"connector check --account {account.name} tries again, connector doctor {account.name} says what lacks",
            style="yellow",
        )
        notes().print(f"to correct it, give it again: {harmless(again)} --replace", style="yellow")
        raise
