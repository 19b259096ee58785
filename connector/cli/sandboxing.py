"""`sandbox`: a made-up tenant behind a double of a vendor's API, and a kept account that reaches it while it runs.

It says that it is ready only when it answers. It takes no account's place but that of an earlier sandbox,
and when it stops it removes its own and no other.
"""

from __future__ import annotations

import re
import shlex
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from connector.cli.output import screen
from connector.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from connector.sandbox import Access, Sandbox
    from connector.store.accounts import Account
    from connector.stored import StoredAccounts

__all__ = ["add_to", "keep_account", "sandbox_of"]

_MARK = "sandbox"
"""The status of an account that a sandbox connected; an address tells nothing, since a real service may run here too."""


def add_to(app: typer.Typer) -> None:
    """Adds `sandbox`."""
    app.command("sandbox")(serve)


def serve(
    connector: Annotated[
        str | None,
        typer.Argument(help="Whose API to imitate; the first there is if left out.", show_default=False),
    ] = None,
    *,
    users: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many users the tenant has.")] = 300,
    seed: Annotated[int, typer.Option(help="Another number is another tenant.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    seats: Annotated[
        int | None, typer.Option(min=0, help="Licence seats; inviting more users fails.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Calls a minute; more are refused with 429.")
    ] = None,
    nodes: Annotated[
        int,
        typer.Option(
            min=1, max=5, help="Over how many nodes the users are spread; each has a SCIM endpoint."
        ),
    ] = 1,
    apis: Annotated[
        list[str] | None,
        typer.Option(
            "--api",
            metavar="API",
            help="An API that the account gets: scim, commander, partner, admin; all if left out.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", "-n", help="The account that reaches it while it runs.")
    ] = "sandbox",
    account: Annotated[bool, typer.Option(help="Keep an account for it.")] = True,
) -> None:
    """Run a made-up tenant on this machine.

    It runs until Ctrl-C, and an account reaches it as long.
    """
    chosen, double = sandbox_of(connector)
    granted = _known_apis(apis)
    with _until_stopped() as stopped:
        if account:
            _check_free(name)
        sandbox = double(users=users, seed=seed, port=port, seats=seats, rate=rate, nodes=nodes)
        with sandbox:
            if not account:
                _tell_ready(chosen, sandbox)
                _tell_access(chosen, sandbox, granted)
                stopped.wait()
                return
            kept = _keep(name, chosen, sandbox, granted)
            try:
                _tell_ready(chosen, sandbox)
                _tell_commands(name)
                stopped.wait()
            finally:
                _remove(kept)


def sandbox_of(connector: str | None) -> tuple[str, type[Sandbox]]:
    """(the connector, its double); without a name the first there is. Raises NotFound."""
    from connector.sandbox import SANDBOXES

    name = connector if connector is not None else next(iter(SANDBOXES))
    if name not in SANDBOXES:
        raise NotFound(f"there is no sandbox for {name!r}; there is one for: {', '.join(SANDBOXES)}")
    return name, SANDBOXES[name]


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets; a second signal acts as it does elsewhere."""
    stopped = threading.Event()
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}

    def stop(number: int, _frame: object) -> None:
        stopped.set()
        signal.signal(number, before[number])

    for number in wanted:
        if before[number] is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, known in before.items():
            signal.signal(number, known)


def _check_free(name: str) -> None:
    """Raises InvalidRequest when the name belongs to a real account, or to a sandbox that runs."""
    from connector.cli.connecting import has_account
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        if not has_account(stored, name):
            return
        known = stored.find(name)
    if known.status != _MARK:
        raise InvalidRequest(
            f"there is an account {name!r} already, and it is not a sandbox's", hint="choose another --name"
        )
    if any(_answers(url) for url in _urls(known)):
        raise InvalidRequest(f"a sandbox with the account {name!r} is running", hint="choose another --name")


def _urls(account: Account) -> list[str]:
    """Every address that an account says of itself: in place of an api's own, or as a setting."""
    return [
        *account.base_urls.values(),
        *(str(value) for value in account.settings.values() if "://" in str(value)),
    ]


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1):
            return True
    except OSError:
        return False


def _known_apis(given: Sequence[str] | None) -> tuple[str, ...]:
    from connector.sandbox import APIS

    for api in given or ():
        if api not in APIS:
            raise typer.BadParameter(f"{api!r}; there are: {', '.join(APIS)}", param_hint="--api")
    return tuple(given or APIS)


def _keep(name: str, connector: str, sandbox: Sandbox, apis: Sequence[str]) -> Account:
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        return keep_account(stored, name, connector, sandbox, apis)


def keep_account(
    stored: StoredAccounts, name: str, connector: str, sandbox: Sandbox, apis: Sequence[str]
) -> Account:
    """The account that reaches these apis of a running sandbox, in place of an earlier one of that name."""
    from connector.cli.connecting import has_account
    from connector.sandbox import access_to

    access: Access = access_to(sandbox, apis)
    return stored.connect(
        name,
        connector,
        settings=access.settings,
        secrets=access.secrets,
        base_urls=access.base_urls,
        allow_networks=access.allow_networks,
        replace=has_account(stored, name),
        status=_MARK,
    )


def _remove(kept: Account) -> None:
    """The account, unless it has been removed or connected anew since."""
    from connector.stored import StoredAccounts

    with StoredAccounts() as stored:
        if any(known.id == kept.id and known.version == kept.version for known in stored.all()):
            stored.remove(kept.id)


def _tell_ready(connector: str, sandbox: Sandbox) -> None:
    scim = ", ".join(sandbox.scim_url(node_id) for node_id in sandbox.enterprise.endpoints)
    _print(
        f"ready: {connector} sandbox, {len(sandbox.tenant.people):,} users: SCIM at {scim}, "
        f"Commander at {sandbox.commander_url}"
    )


def _tell_commands(name: str) -> None:
    _print(f"account {name!r} reaches it until you press Ctrl-C. In another terminal:")
    for words in ("list users --limit 20", "list users --filter status=invited", "list groups"):
        _print(f"  connector {words} --account {name}")


def _tell_access(connector: str, sandbox: Sandbox, apis: Sequence[str]) -> None:
    from connector.sandbox import access_to

    _print("to reach it (what is secret here is made up and opens nothing else):")
    for api in apis:
        access = access_to(sandbox, (api,))
        words = ["connector", "connect", connector, "--name", f"try-{api}"]
        words += [word for key, value in access.settings.items() for word in ("--set", f"{key}={value}")]
        words += [
            word for key, value in access.base_urls.items() for word in ("--base-url", f"{key}={value}")
        ]
        words += [word for network in access.allow_networks for word in ("--allow-network", network)]
        for secret, value in access.secrets.items():
            variable = "_".join(re.findall("[A-Z0-9]+", secret.upper()))
            _print(f"  export {variable}={shlex.quote(value)}")
            words += ["--secret", f"{secret}=@env:{variable}"]
        _print(f"  {shlex.join(words)}")


def _print(text: str) -> None:
    screen().print(text, soft_wrap=True)
    screen().file.flush()
