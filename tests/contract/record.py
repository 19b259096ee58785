"""Records the cassettes again: `python -m tests.contract.record [CONNECTOR[/SET] …]`. See fixtures/README.md.

Of each set of calls it starts the server that the set names, on its port, makes each call, and writes the cassette
only if all that is expected of the call holds. The servers are local, and are stopped again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.contract.calls import faults_of, make, recorder
from tests.contract.cases import FIXTURES, CallSet, call_sets

__all__ = ["main"]

Running = tuple[dict[str, str], str]
"""What the server is (`is` of its set), and the secret that opens it."""


@contextmanager
def _sandbox(port: int, **options: Any) -> Iterator[Running]:
    from connector.sandbox import Sandbox

    with Sandbox(port=port, **options) as server:
        yield {"base_url": server.base_url, "node_id": server.node_id}, server.token


@contextmanager
def _partner(port: int, **options: Any) -> Iterator[Running]:
    from connector.sandbox import Sandbox

    with Sandbox(port=port, **options) as server:
        yield {"base_url": server.partner_url}, server.tenant.partner_secret


@contextmanager
def _admin(port: int, **options: Any) -> Iterator[Running]:
    from connector.sandbox import Sandbox

    with Sandbox(port=port, **options) as server:
        yield {"base_url": server.admin_url}, server.tenant.admin_token


@contextmanager
def _scim2_server(port: int, **options: Any) -> Iterator[Running]:
    from tests.contract.scim_server import TOKEN, running

    with running(port=port, **options) as server:
        yield {"base_url": server.base_url}, TOKEN


@contextmanager
def _commander(
    port: int, users: int, seed: int, nodes: int, *, encrypts: bool = False, **options: Any
) -> Iterator[Running]:
    from connector.sandbox.events import Events, utc_now
    from connector.sandbox.tenant import build_tenant
    from tests.commander.service import running

    key = "k" * 32 if encrypts else None
    tenant = build_tenant(users, seed, nodes)
    events = Events(tenant, utc_now).all
    with running(tenant, port=port, encryption_key=key, events=events, **options) as server:
        yield {"base_url": server.base_url}, server.api_key


_SERVERS: Mapping[str, Callable[..., AbstractContextManager[Running]]] = {
    "sandbox": _sandbox,
    "sandbox-partner": _partner,
    "sandbox-admin": _admin,
    "scim2-server": _scim2_server,
    "commander": _commander,
}


def main(names: list[str] | None = None) -> int:
    """Records the named sets, those of the named connectors, or all."""
    known = call_sets()
    unknown = set(names or ()) - {str(one) for one in known} - {one.connector for one in known}
    if unknown:
        sys.stderr.write(f"no such set: {', '.join(unknown)}; there are: {', '.join(map(str, known))}\n")
        return 2
    chosen = [one for one in known if not names or {str(one), one.connector} & set(names)]
    wrong = [fault for one in chosen for fault in _record(one)]
    sys.stderr.writelines(f"{fault}\n" for fault in wrong)
    return 1 if wrong else 0


def _record(calls: CallSet) -> list[str]:
    source = calls.recorded_from
    wrong = []
    with _SERVERS[source["server"]](source["port"], **source.get("with", {})) as (words, secret):
        _note(calls, words)
        for name, asked in calls.calls.items():
            path = calls.cassettes / f"{name}.yaml"
            path.unlink(missing_ok=True)
            with recorder(calls, "all").use_cassette(str(path)) as cassette:
                said = make(calls, asked, secret)
            faults = faults_of(said, asked["expect"], len(cassette))
            if faults:
                path.unlink()
            wrong += [f"{calls}/{name}: {fault}" for fault in faults]
            sys.stdout.write(f"{path.relative_to(FIXTURES)}: {len(cassette)} calls\n")
    return wrong


def _note(calls: CallSet, words: Mapping[str, str]) -> None:
    """Writes what the server was into the set, in the line after its port."""
    said = ", ".join(f'{word}: "{value}"' for word, value in words.items())
    text = re.sub(r"(?m)^  is: .*\n", "", calls.path.read_text(encoding="utf-8"))
    calls.path.write_text(re.sub(r"(?m)^(  port: .*)$", rf"\1\n  is: {{{said}}}", text), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
