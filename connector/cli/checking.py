"""`connectors` and `check`: which connectors there are, what they need, whether their YAML holds and which file won.

`check` prints every fault of every connector that it looks at, each with file:line:column, before it fails;
without a name also the files and folders beside them that are not read.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import fields_table, harmless_lines, is_terminal, notes, print_json, screen
from connector.errors import ConfigurationInvalid, EgressRefused, Fault, NotFound

if TYPE_CHECKING:
    from connector.catalog import Catalog, Loaded
    from connector.definition import Api

__all__ = ["add_to", "catalog", "check_account"]


def add_to(app: typer.Typer) -> None:
    """Adds `connectors` and `check`."""
    app.command("connectors")(list_connectors)
    app.command("check")(check)


def list_connectors(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show what this one needs, and what its listings may be asked.", show_default=False
        ),
    ] = None,
) -> None:
    """List the connectors, or show what one needs."""
    known = catalog()
    from connector.cli.describing import describe, needs, queries

    if name is not None:
        loaded = known.load(name)
        if not is_terminal():
            print_json(describe(loaded))
            return
        screen().print(f"{loaded.name} · {loaded.definition.label}")
        fields_table([*needs(loaded), *queries(loaded)])
        return
    lines = []
    for each in known.names():
        try:
            loaded = known.load(each)
        except ConfigurationInvalid as error:
            notes().print(
                f"{harmless_lines(error.message)}; connector check {each} shows them", style="yellow"
            )
            continue
        if is_terminal():
            lines.append((each, loaded.definition.label, ", ".join(loaded.definition.unified)))
        else:
            print_json(describe(loaded))
    if is_terminal():
        from connector.cli.table import print_table

        print_table(("name", "label", "reads"), lines)


def check(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONNECTOR]",
            help="A connector's name or its folder; all if left out.",
            show_default=False,
        ),
    ] = None,
    *,
    account: Annotated[
        str | None, typer.Option("--account", "-a", help="Ask the vendor whether this account is accepted.")
    ] = None,
) -> None:
    """Check the YAML of connectors, or an account.

    Without --account: whether the YAML holds, with every fault by file:line:column, and which files won. With
    it: whether the vendor accepts the account.
    """
    if account is not None:
        if target is not None:
            raise typer.BadParameter("check a connector or an account, not both", param_hint="--account")
        check_account(account)
        return
    known, names = _targets(target)
    told: set[Fault] = set()
    is_whole = True
    for name in names:
        try:
            loaded = known.load(name)
        except ConfigurationInvalid as error:
            is_whole = False
            told.update(error.faults)
            _print_faults(error.message, error.faults)
        else:
            _print_loaded(loaded)
    # A connector says its own; these belong to none, and would go unnoticed.
    strays = [fault for fault in known.strays() if fault not in told] if target is None else []
    if strays:
        _print_faults("beside the connectors there is what is not read:", strays)
    if strays or not is_whole:
        raise typer.Exit(1)


def check_account(name: str, *, to_notes: bool = False) -> None:
    """Calls the vendor's own connection check and prints what each api said. Raises its failure."""
    from connector.directory import Directory
    from connector.egress import VARIABLE

    with Directory.open(name) as directory:
        try:
            said = directory.check()
        except EgressRefused as error:
            if error.hint is not None and VARIABLE in error.hint:
                again = shlex.join(["connect", directory.questions.opened.loaded.name, "--name", name])
                error.hint += (
                    f"\nor for this account only: connector {again} ... --allow-network HOST --replace"
                )
            raise
    for api, answer in said.items():
        words = answer if answer != "ok" else "ok, the vendor accepts the account"
        (notes() if to_notes else screen()).print(f"{api}: {words}")


def catalog(first: Path | None = None) -> Catalog:
    """The connectors of this process; those in the folder `first` stand before all others."""
    from connector.catalog import Catalog, search_folders
    from connector.settings import Settings

    folders = search_folders(Settings.read().mappings)
    if first is not None:
        folders = [first, *(folder for folder in folders if folder.resolve() != first.resolve())]
    return Catalog(folders)


def _targets(target: str | None) -> tuple[Catalog, list[str]]:
    if target is None:
        known = catalog()
        return known, known.names()
    is_path = os.sep in target or target in (os.curdir, os.pardir)
    if not is_path and (known := catalog()) and target in known.names():
        return known, [target]
    folder = Path(target)
    if folder.is_file():
        folder = folder.parent
    if not folder.is_dir():
        if is_path:
            raise NotFound(f"there is no folder {target}")
        catalog().check_name(target)
    resolved = folder.resolve()
    return catalog(_as_given(folder, resolved)), [resolved.name]


def _as_given(folder: Path, resolved: Path) -> Path:
    return folder.parent if folder.name == resolved.name else resolved.parent


def _print_faults(message: str, faults: Iterable[Fault]) -> None:
    screen().print(harmless_lines(message), style="bold red", soft_wrap=True)
    for fault in faults:
        screen().print(f"  {harmless_lines(str(fault))}", soft_wrap=True)


def _print_loaded(loaded: Loaded) -> None:
    screen().print(f"ok: {loaded.name} · {loaded.definition.label}", style="green", soft_wrap=True)
    for unified in loaded.definition.unified:
        feeds = (" + ".join(feed) for feed in loaded.definition.feeds(unified))
        screen().print(f"  {unified} from {', '.join(feeds)}", soft_wrap=True)
    for name, api in loaded.definition.apis.items():
        for line in _passing(api):
            screen().print(f"  proxy to {name}: {line}", soft_wrap=True)
    screen().print(f"  files: {', '.join(loaded.files)}", soft_wrap=True)
    for warning in loaded.warnings:
        screen().print(f"  warning: {harmless_lines(str(warning))}", style="yellow", soft_wrap=True)


def _passing(api: Api) -> Iterator[str]:
    """What passes the proxy of an api, a line for its calls and one for each command."""
    if api.proxy is None:
        return
    if api.proxy.allow:
        yield ", ".join(api.proxy.allow)
    for name, options in api.proxy.commands.items():
        yield " ".join([name, *options])
