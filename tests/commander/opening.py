"""A directory over a running Commander service (the real one, or the double of it), that polls without long waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from connector.account import open_account
from connector.captures import MemoryShelf, Shelf
from connector.catalog import Catalog
from connector.cursor import Seal
from connector.directory import Directory
from connector.egress import Egress
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.transport import Transport
from connector.wire import Answer, Call
from tests.contract.cases import MAPPINGS

__all__ = ["Opened", "opened"]

_POLL = 0.01


@dataclass
class Opened:
    """A directory, and what it sends."""

    directory: Directory
    sent: list[Call] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The bodies of all posts so far: the command lines."""
        return [call.body.decode() for call in self.sent if call.body is not None]


@contextmanager
def opened(
    url: str,
    api_key: str,
    *,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    shelf: Shelf | None = None,
    clock: Clock | None = None,
    limited: bool = False,
    **process: Any,
) -> Iterator[Opened]:
    """The vendor's connector with only its Commander api; `process` are settings of the process.

    `limited`: keep to the number of calls that the connector declares.
    """
    loaded = Catalog([MAPPINGS]).load("keeper", overrides)
    account = open_account(
        loaded,
        settings={"commander.url": url, **(settings or {})},
        secrets={"commander.api_key": api_key},
        account="an account",
    )
    if not limited:  # polled this often, the calls of a minute would be used up in a second
        account = replace(
            account, apis={name: replace(api, allowance=None) for name, api in account.apis.items()}
        )
    pause = threading.Event()
    with Transport(Egress(["127.0.0.1"])) as transport:
        found: Opened

        def send(call: Call) -> Answer:
            found.sent.append(call)
            return transport.send(call)

        def sleep(seconds: float) -> None:
            pause.wait(min(seconds, _POLL))

        questions = Questions(
            account, Seal([b"k" * 32]), Settings(**process), clock or Clock(), shelf or MemoryShelf()
        )
        found = Opened(Directory(questions, send, sleep))
        yield found
