"""Flows: what must be done outside, asked for one step at a time, and the two drivers that do it.

A flow is a generator that yields a `Call`, a `Pause`, a `Work` or an `Unbroken` and is sent the outcome, so that all
logic is written once for sync and async and can be tested with no network and no clock. The drivers do only what they
are told. Awaiting, nothing of ours that blocks runs on the event loop, and who is cancelled waits for what runs beside
it: what a flow lets go of was taken by then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from secrets import token_hex
from typing import Any, TypeVar

from connector.errors import ConnectorError
from connector.wire import AsyncSend, Call, Send

__all__ = ["Budget", "Clock", "Flow", "Moment", "Pause", "Unbroken", "Work", "drive", "drive_async"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Do this and say what came of it: something of ours that blocks (the store). Awaiting, it runs in a thread."""

    run: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Unbroken:
    """Do all of this and say what came of it, also where whoever asked is cancelled meanwhile: half of it would lose
    what can't be had again."""

    flow: Flow[Any]


Flow = Generator[Call | Pause | Work | Unbroken, Any, T]


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
                elif isinstance(step, Unbroken):
                    reply = drive(step.flow, send, sleep)
                else:
                    reply = send(step)
            except ConnectorError as error:
                failed = error
            except KeyboardInterrupt as stop:
                flow.throw(stop)  # so that it can say what was out
                raise


async def drive_async(flow: Flow[T], send: AsyncSend, sleep: Callable[[float], Awaitable[None]]) -> T:
    """`drive`, awaiting."""
    try:
        return await _drive_async(flow, send, sleep)
    except GeneratorExit:  # the event loop is gone
        flow.close()
        raise
    except BaseException:
        await _whole(asyncio.to_thread(flow.close))  # what it does then may block
        raise


async def _drive_async(flow: Flow[T], send: AsyncSend, sleep: Callable[[float], Awaitable[None]]) -> T:
    reply: Any = None
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
            elif isinstance(step, Work):
                reply = await _whole(asyncio.to_thread(step.run))
            elif isinstance(step, Unbroken):
                reply = await _whole(drive_async(step.flow, send, sleep))
            else:
                reply = await send(step)
        except ConnectorError as error:
            failed = error
        except asyncio.CancelledError as stop:
            raise await _whole(asyncio.to_thread(_stopped, flow, stop))  # noqa: B904 - its cause is its own


def _stopped(flow: Flow[Any], stop: BaseException) -> BaseException:
    """What a flow makes of it that it is stopped: it can say what was out."""
    try:
        flow.throw(stop)
    except StopIteration:
        return stop
    except BaseException as error:  # noqa: BLE001 - it is raised by who asks
        return error
    return stop


async def _whole(doing: Coroutine[Any, Any, T]) -> T:
    """What it comes to; who is cancelled waits for its end first."""
    task = asyncio.ensure_future(doing)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # nobody is left to hear it
    raise cancelled
