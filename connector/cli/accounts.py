"""`accounts`: lists the kept accounts, shows one, removes one. Never shows a secret, only which there are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.output import is_terminal, notes, print_json

if TYPE_CHECKING:
    from connector.store.accounts import Account

__all__ = ["account_fields", "add_to"]

Name = Annotated[str, typer.Argument(help="The account's name or id.")]


def add_to(app: typer.Typer) -> None:
    """Adds `accounts` with its own commands."""
    accounts = typer.Typer(help="List, show and remove kept accounts.", rich_markup_mode=None)
    accounts.callback(invoke_without_command=True)(list_accounts)
    accounts.command("show")(show_account)
    accounts.command("remove")(remove_account)
    app.add_typer(accounts, name="accounts")


def list_accounts(ctx: typer.Context) -> None:
    """List, show and remove kept accounts. Without a command: lists them."""
    if ctx.invoked_subcommand is not None:
        return
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        found = stored.all()
    if not is_terminal():
        import msgspec

        from connector.cli.output import write_bytes

        write_bytes(msgspec.json.Encoder().encode_lines([account_fields(account) for account in found]))
        return
    if not found:
        notes().print("there is no account yet; connector connect --help says how to make one")
        return
    from connector.cli.table import print_table

    print_table(
        ("name", "connector", "status", "updated", "reads"),
        [
            (
                account.name,
                account.connector,
                account.status,
                f"{account.updated_at:%Y-%m-%d %H:%M}",
                ", ".join(" + ".join(feed) for feed in account.sources.values()),
            )
            for account in found
        ],
    )


def show_account(name: Name) -> None:
    """Show an account: its settings and which secrets it has, not their values."""
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        fields = account_fields(stored.find(name))
    if not is_terminal():
        print_json(fields)
        return
    from connector.cli.table import print_fields

    print_fields({**fields, "secrets": [f"{secret}: sealed" for secret in fields["secrets"]]})


def remove_account(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an account and its secrets. Nothing changes at the vendor."""
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        account = stored.find(name)
        if not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("needed where nobody can be asked", param_hint="--yes")
            typer.confirm(
                f"Remove the account {account.name!r} ({account.connector}) and its secrets?",
                abort=True,
                err=True,
            )
        stored.remove(account.id)
    notes().print(f"account {account.name!r} is removed")


def account_fields(account: Account) -> dict[str, Any]:
    """An account as plain data, its secrets by name alone."""
    return {
        "name": account.name,
        "id": account.id,
        "connector": account.connector,
        "status": account.status,
        "sources": {unified: list(feed) for unified, feed in account.sources.items()},
        "settings": dict(account.settings),
        "secrets": list(account.secret_names),
        "base_urls": dict(account.base_urls),
        "allow_networks": list(account.allow_networks),
        "overrides": sorted(account.overrides),
        "version": account.version,
        "created_at": account.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": account.updated_at.isoformat().replace("+00:00", "Z"),
    }
