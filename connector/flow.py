"""Flows: what must be done outside, asked for one step at a time, and the two drivers that do it.

A flow is a generator that yields a `Call` or a `Pause` and is sent the outcome, so that all logic is written
once for sync and async and can be tested with no network and no clock. The drivers do only what they are told.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from typing import Any, TypeVar

from connector.errors import ConnectorError
from connector.wire import Answer, AsyncSend, Call, Send

__all__ = ["Budget", "Clock", "Flow", "Pause", "drive", "drive_async"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Flow = Generator[Call | Pause, Answer | None, T]


@dataclass(frozen=True)
class Clock:
    """Time and chance, as parameters: tests need neither wait nor luck."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random


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
    reply: Answer | None = None
    failed: ConnectorError | None = None
    while True:
        try:
            step = flow.throw(failed) if failed else flow.send(reply)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        reply = failed = None
        try:
            if isinstance(step, Pause):
                sleep(step.seconds)
            else:
                reply = send(step)
        except ConnectorError as error:
            failed = error


async def drive_async(flow: Flow[T], send: AsyncSend, sleep: Callable[[float], Awaitable[None]]) -> T:
    """`drive`, awaiting."""
    reply: Answer | None = None
    failed: ConnectorError | None = None
    while True:
        try:
            step = flow.throw(failed) if failed else flow.send(reply)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        reply = failed = None
        try:
            if isinstance(step, Pause):
                await sleep(step.seconds)
            else:
                reply = await send(step)
        except ConnectorError as error:
            failed = error
