"""A made-up vendor with a queue, as plain values: what is submitted gets a ticket, and is asked for until it is done.

`World` is one account of it, whose clock moves only when someone waits or a call takes its time. Every question is
asked by `Questions` of its own over the same shelf, as another process would, unless a test keeps one.
"""

from __future__ import annotations

import json
import textwrap
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.account import open_account
from connector.captures import MemoryShelf
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import ConnectorError
from connector.flow import Clock, Flow, Pause, Work
from connector.pages import Page
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call

__all__ = [
    "KEY",
    "NOW",
    "WORKING",
    "Asker",
    "Queue",
    "Reply",
    "World",
    "codes",
    "ids",
    "load",
    "people",
    "said",
    "ticket",
    "written",
]

NOW = datetime(2026, 1, 31, tzinfo=UTC)
KEY = "key-0123456789"
"""The account's secret."""
Reply = Answer | ConnectorError


def said(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; `retry_after=…` is a header."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, named, json.dumps(value).encode())


def ticket(name: Any) -> Answer:
    return said({"ticket": name}, 202)


def people(*names: str) -> Answer:
    """Records with these ids."""
    return said({"items": [{"id": name} for name in names]})


WORKING = said({"state": "working"}, 202)

_CONNECTOR = """\
connector: made
label: Made
settings:
  version: {label: Version, choices: {queued: v2, direct: v1}, default: queued}
unified: {UNIFIED}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: header, header: api-key, value: "{secrets.key}"}
    check: {exchange: line, effect: write, give: {line: check}}
    retry: {times: 2}
    rate: {budget: 100/min}
    exchanges:
      line: {style: chosen, by: settings.version, ways: {v2: queued, v1: direct}}
      queued:
        style: submit_and_poll
        takes: [line]
        submit: {post: /submit, effect: read, json: {command: "{line}"}}
        ticket: $.ticket
        poll:
          get: "/result/{ticket}"
          pending: {status: 202}
          lost: {status: [404, 504]}
          again: [{$.code: busy}, {status: [502, 503]}]
          give_up: 60s
      direct: {style: single, takes: [line], submit: {post: /run, effect: read, json: {command: "{line}"}}}
    errors:
      - {when: {$.code: [busy, throttled]}, is: rate_limited, message: $.error}
      - {when: {status: 500, $.error: {contains: not found}}, is: not_found, message: $.error}
      - {when: {status: 200, body: binary}, is: vendor_error, hint: turn encryption off}
    resources:
"""
_UNIFIED = {"people": "users", "teams": "groups"}


def written(**resources: str) -> str:
    """The text of a connector to the vendor's queue, with what it says of `people` (users) and `teams` (groups)."""
    unified = ", ".join(f"{_UNIFIED[name]}: [main.{name}]" for name in resources)
    blocks = (f"{name}:\n{textwrap.indent(text, '  ')}" for name, text in resources.items())
    return _CONNECTOR.replace("{UNIFIED}", f"{{{unified}}}") + textwrap.indent("".join(blocks), " " * 6)


def load(folder: Path, connector: str, **mappings: str) -> Loaded:
    """The connector `made` of these texts, its mappings named by resource."""
    home = folder / "made"
    home.mkdir()
    (home / "connector.yaml").write_text(connector)
    for resource, text in mappings.items():
        (home / f"main.{resource}.yaml").write_text(text)
    return Catalog([folder]).load("made")


@dataclass
class Queue:
    """What the vendor does by itself: it works on each command for `works` polls, and then has `answer` for it."""

    answer: Callable[[str], Reply]
    works: int = 0
    submitted: list[str] = field(default_factory=list)
    polls: list[str] = field(default_factory=list)

    def __call__(self, call: Call) -> Reply:
        if call.method == "POST":
            self.submitted.append(line_of(call))
            return ticket(f"t{len(self.submitted)}")
        name = call.url.rpartition("/")[2]
        self.polls.append(name)
        if self.polls.count(name) <= self.works:
            return WORKING
        return self.answer(self.submitted[int(name.removeprefix("t")) - 1])


def line_of(call: Call) -> str:
    return str(json.loads(call.body or b"")["command"])


class World:
    """A vendor that answers as told (`replies` first, in their order), and an account of it."""

    def __init__(
        self,
        loaded: Loaded,
        *replies: Reply,
        vendor: Callable[[Call], Reply] | None = None,
        takes: float = 0.0,
        account: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        shelf: MemoryShelf | None = None,
        **settings: Any,
    ) -> None:
        self.loaded, self.vendor, self.takes = loaded, vendor, takes
        self.replies = deque(replies)
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.time = 0.0
        self.account, self.secrets = account or {}, secrets or {"key": KEY}
        self.settings = Settings(**settings)
        self.shelf = shelf or MemoryShelf()
        self.clock = Clock(
            seconds=lambda: self.time,
            now=lambda: NOW + timedelta(seconds=self.time),
            random=lambda: 1.0,
        )

    def questions(self, loaded: Loaded | None = None, name: str = "one") -> Questions:
        """What knows nothing but the shelf and the cursor's key: another process."""
        opened = open_account(
            loaded or self.loaded, settings=self.account, secrets=self.secrets, account=name
        )
        return Questions(opened, Seal([b"k" * 32]), self.settings, self.clock, self.shelf)

    def directory(self) -> Directory:
        return Directory(self.questions(), self.send, self.sleep)

    def page(self, resource: str, **asked: Any) -> Page[Any]:
        return self.directory().list(resource, **asked)

    def get(self, resource: str, key: str, **asked: Any) -> dict[str, Any]:
        return self.directory().get(resource, key, **asked).row

    def walk(self, resource: str, limits: Iterable[int], **asked: Any) -> list[Page[Any]]:
        """Every page, each asked by another process."""
        pages: list[Page[Any]] = []
        cursor = None
        for limit in limits:
            pages.append(self.page(resource, limit=limit, cursor=cursor, **asked))
            cursor = pages[-1].next_cursor
            if cursor is None:
                return pages
        raise AssertionError("the walk does not end")

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        self.time += self.takes
        assert self.replies or self.vendor, f"nobody answers {call!r}"
        reply = self.replies.popleft() if self.replies else self.vendor(call)  # type: ignore[misc]
        if isinstance(reply, ConnectorError):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    @property
    def asked(self) -> list[str]:
        """Every call, in order: the command that it submits, or the path that it gets."""
        return [
            line_of(call) if call.method == "POST" else call.url.removeprefix("https://h")
            for call in self.calls
        ]


class Asker:
    """One question, gone on with a step at a time while others go on with theirs."""

    def __init__(self, world: World, flow: Flow[Any]) -> None:
        self.world, self.flow = world, flow
        self.wakes = 0.0
        self.outcome: Any = None
        self.is_done = False
        self._step: Any = None
        self._go_on(lambda: next(self.flow))

    def go(self) -> bool:
        """Does one step; whether there is another."""
        step = self._step
        self.world.time = max(self.world.time, self.wakes)
        try:
            reply = None
            if isinstance(step, Pause):
                self.wakes = self.world.time + step.seconds
            elif isinstance(step, Work):
                reply = step.run()
            else:
                reply = self.world.send(step)
        except ConnectorError as error:
            failed = error
            self._go_on(lambda: self.flow.throw(failed))
        else:
            self._go_on(lambda: self.flow.send(reply))
        return not self.is_done

    def until(self, line: str) -> None:
        """Goes on until this call (a command, or a path) was made and answered."""
        before = self.world.asked.count(line)
        while self.world.asked.count(line) == before:
            assert self.go(), f"it ended before {line}: {self.outcome}"

    def finish(self) -> Any:
        """The answer, or the error that was raised."""
        while not self.is_done:
            self.go()
        return self.outcome

    def _go_on(self, advance: Callable[[], Any]) -> None:
        try:
            self._step = advance()
        except StopIteration as done:
            self.outcome, self.is_done = done.value, True
        except ConnectorError as error:
            self.outcome, self.is_done = error, True


def ids(pages: Iterable[Page[Any]]) -> list[str]:
    return [row["id"] for page in pages for row in page.rows]


def codes(page: Page[Any]) -> list[str]:
    """The codes of a page's warnings."""
    return [item.code for item in page.warnings]
