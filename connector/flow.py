"""Flows: what must be done outside, asked for one step at a time, and the two drivers that do it.

A flow is a generator that yields a `Call`, a `Pause` or a `Work` and is sent the outcome, so that all logic is
written once for sync and async and can be tested with no network and no clock. The drivers do only what they
are told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from secrets import token_hex
from typing import Any, TypeVar

from connector.errors import ConnectorError
from connector.wire import AsyncSend, Call, Send

__all__ = ["Budget", "Clock", "Flow", "Moment", "Pause", "Work", "drive", "drive_async"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Do this and say what came of it: something of ours that blocks (the store). Awaiting, it runs in a thread."""

    run: Callable[[], Any]


Flow = Generator[Call | Pause | Work, Any, T]


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is signed, and a text that is never used again."""

    now: datetime
    nonce: str


@dataclass(frozen=True)
class Clock:
    """Time and chance, as parameters: tests need neither wait nor luck."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random
    nonce: Callable[[], str] = lambda: token_hex(16)

    def moment(self) -> Moment:
        return Moment(self.now(), self.nonce())


@dataclass
class Budget:
    """How many calls and how much time (seconds) one question may take, waiting for a busy vendor included."""

    clock: Clock
    calls: int = 10
    seconds: float = 20.0
    timeout: float = 10.0
    used: int = 0
    began: float = field(init=False)
    trace: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.clock.seconds()

    @property
    def left(self) -> float:
        return self.seconds - (self.clock.seconds() - self.began)

    @property
    def is_spent(self) -> bool:
        return self.used >= self.calls or self.left <= 0


def drive(flow: Flow[T], send: Send, sleep: Callable[[float], None]) -> T:
    """Runs a flow; the only place where sync code meets the world."""
    reply: Any = None
    failed: ConnectorError | None = None
    with closing(flow):  # whatever ends it: what it holds is let go of at once
        while True:
            try:
                step = flow.throw(failed) if failed else flow.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            reply = failed = None
            try:
                if isinstance(step, Pause):
                    sleep(step.seconds)
                elif isinstance(step, Work):
                    reply = step.run()
                else:
                    reply = send(step)
            except ConnectorError as error:
                failed = error
            except KeyboardInterrupt as stop:
                flow.throw(stop)  # so that it can say what was out
                raise


async def drive_async(flow: Flow[T], send: AsyncSend, sleep: Callable[[float], Awaitable[None]]) -> T:
    """`drive`, awaiting."""
    reply: Any = None
    failed: ConnectorError | None = None
    with closing(flow):
        while True:
            try:
                step = flow.throw(failed) if failed else flow.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            reply = failed = None
            try:
                if isinstance(step, Pause):
                    await sleep(step.seconds)
                elif isinstance(step, Work):
                    reply = await asyncio.to_thread(step.run)
                else:
                    reply = await send(step)
            except ConnectorError as error:
                failed = error
            except asyncio.CancelledError as stop:
                flow.throw(stop)
                raise
