"""How far one call has come, and what its end means.

Promises: `sent` is what the connection's library reported, never a guess, and stands in every
`VendorUnavailable`; time and bytes are counted against what the call allows. Every failure of httpx, the
system or the answer's coding becomes one of ours here. Never waits and never dials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from connector.errors import VendorError, VendorUnavailable
from connector.transport.decoding import decode, encodings_of
from connector.transport.writing import MAX_SHOWN, place
from connector.wire import Answer, Call

__all__ = ["Clock", "Progress"]

Clock = Callable[[], float]

_PHASES: Final = {
    "connect_tcp": "connect",
    "start_tls": "TLS handshake",
    "send_request_headers": "send",
    "receive_response_headers": "wait for the answer",
    "receive_response_body": "read the answer",
}


class Progress:
    """How far one call has come; all that sending it blocking or not has in common."""

    def __init__(self, call: Call, clock: Clock) -> None:
        self.call, self.clock = call, clock
        self.until = clock() + call.deadline
        self.phase, self.sent = "wait for a connection", False
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.size = 0

    def left(self) -> float:
        """Seconds until the whole call is late; negative afterwards."""
        return self.until - self.clock()

    def limit(self) -> float:
        """Seconds that one phase may take now; raises when the whole call is late."""
        left = self.left()
        if left <= 0:
            raise self.late()
        return min(self.call.timeout, left)

    def on_trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Which phase begins, as the connection's library tells it; `sent` from the call's first byte on."""
        _, name, moment = event.split(".")
        if moment != "started" or name not in _PHASES:
            return
        request = info.get("request")
        if request is not None and request.method == b"CONNECT":
            return  # to a proxy, which gets nothing of the call itself
        self.phase = _PHASES[name]
        self.sent = self.sent or name == "send_request_headers"

    async def on_trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        """As `on_trace`, which a connection of the event loop awaits."""
        self.on_trace(event, info)

    def begin(self, response: httpx.Response) -> None:
        """The answer's head has come."""
        self.sent = True
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.call.max_bytes and self.call.method != "HEAD":
            raise self._too_large()

    def take(self, chunk: bytes) -> None:
        """A piece of the answer's body has come."""
        if self.left() <= 0:
            raise self.late()
        self.size += len(chunk)
        if self.size > self.call.max_bytes:
            raise self._too_large()
        self.chunks.append(chunk)

    def answer(self) -> Answer:
        """All of the answer has come."""
        assert self.status is not None
        body, headers = b"".join(self.chunks), self.headers
        encodings = encodings_of(headers)
        if body and encodings and not self.call.is_raw:
            body = self._decoded(body, encodings)
            # They told of the bytes on the wire, which nobody sees any more.
            headers = {
                name: text
                for name, text in headers.items()
                if name not in ("content-encoding", "content-length")
            }
        return Answer(self.status, headers, body)

    def _decoded(self, body: bytes, encodings: list[str]) -> bytes:
        try:
            return decode(body, encodings, self.call.max_bytes)
        except ValueError as error:
            raise VendorError(f"{place(self.call)}: {error}", status=self.status) from None
        except EOFError as error:
            raise self._unavailable(str(error)) from None
        except OverflowError:
            raise self._too_large() from None

    def _too_large(self) -> VendorError:
        size = self.call.max_bytes
        return VendorError(
            f"{place(self.call)}: the answer is larger than {size:,} bytes", status=self.status
        )

    def late(self) -> VendorUnavailable:
        """The error of a call whose deadline has passed."""
        return self._unavailable(f"not done within the {self.call.deadline:g} s that the whole call may take")

    def failure(self, error: Exception) -> VendorUnavailable:
        """What httpx or the system says, as ours; the one place where those are read."""
        if self.left() <= 0 or isinstance(error, TimeoutError):
            return self.late()
        if isinstance(error, httpx.TimeoutException):
            return self._unavailable(f"nothing happened for {self.call.timeout:g} s")
        if isinstance(error, httpx.ConnectError | httpx.ProxyError) and not self.sent:
            # Said by the system or the TLS library about the host: none of the call's own text is in it.
            return self._unavailable(str(error)[:MAX_SHOWN] or "failed")
        if isinstance(error, httpx.ProtocolError):
            return self._unavailable("the connection was closed too early, or what came is not HTTP")
        return self._unavailable("the connection was lost")

    def _unavailable(self, reason: str) -> VendorUnavailable:
        unknown = self.sent and self.call.effect == "write"
        return VendorUnavailable(
            f"{place(self.call)}: {self.phase}: {reason}",
            sent=self.sent,
            status=self.status,
            hint="it had been sent, and whether it took effect is not known" if unknown else None,
        )
