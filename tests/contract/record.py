"""Records the cassettes again: `python -m tests.contract.record [CONNECTOR …]`. See fixtures/README.md.

Starts the server that calls.yaml names on its port, makes each call, and writes the cassette only if all that
is expected of the call holds.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.contract.calls import cassette_path, faults_of, make, recorder
from tests.contract.cases import FIXTURES, calls_of, filled, loaded

__all__ = ["main"]

Running = tuple[dict[str, str], str]
"""What the server is (`is` in calls.yaml), and the secret that opens it."""


@contextmanager
def _sandbox(port: int, **options: Any) -> Iterator[Running]:
    from connector.sandbox import Sandbox

    with Sandbox(port=port, **options) as server:
        yield {"base_url": server.base_url, "node_id": server.node_id}, server.token


@contextmanager
def _scim2_server(port: int, **options: Any) -> Iterator[Running]:
    from tests.contract.scim_server import TOKEN, running

    with running(port=port, **options) as server:
        yield {"base_url": server.base_url}, TOKEN


_SERVERS: Mapping[str, Callable[..., AbstractContextManager[Running]]] = {
    "sandbox": _sandbox,
    "scim2-server": _scim2_server,
}


def main(names: list[str] | None = None) -> int:
    """Records the named connectors, or all that have calls."""
    chosen = names or sorted(path.parent.name for path in FIXTURES.glob("*/calls.yaml"))
    wrong = [fault for name in chosen for fault in _record(name)]
    sys.stderr.writelines(f"{fault}\n" for fault in wrong)
    return 1 if wrong else 0


def _record(name: str) -> list[str]:
    source = calls_of(name)["recorded_from"]
    wrong = []
    with _SERVERS[source["server"]](source["port"], **source.get("with", {})) as (words, secret):
        _note(name, words)
        secrets = dict.fromkeys(loaded(name).definition.secret_names(), secret)
        for call, asked in filled(calls_of(name)["calls"], words).items():
            path = cassette_path(name, call)
            path.unlink(missing_ok=True)
            with recorder("all").use_cassette(str(path)) as cassette:
                said = make(name, asked, secrets)
            faults = faults_of(said, asked["expect"], len(cassette))
            if faults:
                path.unlink()
            wrong += [f"{name}/{call}: {fault}" for fault in faults]
            sys.stdout.write(f"{path.relative_to(FIXTURES)}: {len(cassette)} calls\n")
    return wrong


def _note(name: str, words: Mapping[str, str]) -> None:
    """Writes what the server was into calls.yaml, in the line after its port."""
    path = FIXTURES / name / "calls.yaml"
    said = ", ".join(f'{word}: "{value}"' for word, value in words.items())
    text = re.sub(r"(?m)^  is: .*\n", "", path.read_text(encoding="utf-8"))
    path.write_text(re.sub(r"(?m)^(  port: .*)$", rf"\1\n  is: {{{said}}}", text), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
