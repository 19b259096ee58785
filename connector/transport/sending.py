"""The two transports: the same steps for one call, blocking and not.

Promises: the egress check comes before anything is dialled, and each origin has connections of its own, for
reads and for writes. What the two have in common stands in the other parts; here is only what waits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Self

import httpx

from connector.egress import Egress
from connector.transport.connections import (
    AsyncDialer,
    CallOfThread,
    Dialer,
    Shard,
    Tls,
    read_proxy,
    shard_of,
    shared_tls,
    silence_loggers,
)
from connector.transport.progress import Clock, Progress
from connector.transport.writing import write_request
from connector.wire import Answer, Call

__all__ = ["AsyncTransport", "Transport"]


class Transport:
    """Sends the calls of one account, each origin over its own connections. Threads may share it."""

    def __init__(
        self,
        egress: Egress,
        *,
        clock: Clock = time.monotonic,
        proxy: str | None = None,
        tls: Tls = shared_tls,
    ) -> None:
        silence_loggers()
        self._egress, self._clock, self._tls, self._proxy = egress, clock, tls, read_proxy(proxy)
        self._dialers: dict[Shard, Dialer] | None = {}
        self._lock = threading.Lock()
        self._now = CallOfThread()

    def send(self, call: Call) -> Answer:
        """Raises EgressRefused, InvalidRequest, VendorUnavailable or VendorError; any status is an answer."""
        progress = Progress(call, self._clock)
        self._egress.check(call.url)
        request = write_request(call, progress.limit(), progress.on_trace, proxied=self._proxy is not None)
        dialer = self._dialer(shard_of(call))
        self._now.time_left = progress.left
        try:
            response = dialer.handle_request(request)
            try:
                progress.begin(response)
                for chunk in response.iter_raw():
                    progress.take(chunk)
            finally:
                response.close()
        except (httpx.TransportError, OSError) as error:
            raise progress.failure(error) from None
        finally:
            self._now.time_left = None
        return progress.answer()

    def close(self) -> None:
        """Closes all connections; a closed transport sends nothing more."""
        with self._lock:
            dialers, self._dialers = self._dialers or {}, None
        for dialer in dialers.values():
            dialer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dialer(self, shard: Shard) -> Dialer:
        with self._lock:
            if self._dialers is None:
                raise RuntimeError("this transport is closed")
            if shard not in self._dialers:
                self._dialers[shard] = Dialer(shard, self._tls, self._proxy, self._now)
            return self._dialers[shard]


class AsyncTransport:
    """As `Transport`, for one event loop; names are looked up in a thread beside it."""

    def __init__(
        self,
        egress: Egress,
        *,
        clock: Clock = time.monotonic,
        proxy: str | None = None,
        tls: Tls = shared_tls,
    ) -> None:
        silence_loggers()
        self._egress, self._clock, self._tls, self._proxy = egress, clock, tls, read_proxy(proxy)
        self._dialers: dict[Shard, AsyncDialer] | None = {}

    async def send(self, call: Call) -> Answer:
        """Raises EgressRefused, InvalidRequest, VendorUnavailable or VendorError; any status is an answer."""
        progress = Progress(call, self._clock)
        try:
            async with asyncio.timeout(call.deadline):
                await asyncio.to_thread(self._egress.check, call.url)
                request = write_request(
                    call, progress.limit(), progress.on_trace_async, proxied=self._proxy is not None
                )
                response = await self._dialer(shard_of(call)).handle_async_request(request)
                try:
                    progress.begin(response)
                    async for chunk in response.aiter_raw():
                        progress.take(chunk)
                finally:
                    await response.aclose()
        except (httpx.TransportError, OSError) as error:
            raise progress.failure(error) from None
        return progress.answer()

    async def close(self) -> None:
        """Closes all connections; a closed transport sends nothing more."""
        dialers, self._dialers = self._dialers or {}, None
        for dialer in dialers.values():
            await dialer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _dialer(self, shard: Shard) -> AsyncDialer:
        if self._dialers is None:
            raise RuntimeError("this transport is closed")
        if shard not in self._dialers:
            self._dialers[shard] = AsyncDialer(shard, self._tls, self._proxy)
        return self._dialers[shard]
