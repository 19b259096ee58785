"""Sends one `Call` and brings its `Answer`: the only package that opens connections.

Promises: the request goes out as it was built (URL, headers, body) with no more than Host, a length,
Accept-Encoding and User-Agent added; nothing is dialled before `Egress.check` has let its URL pass;
redirects, cookies and the environment's proxies and passwords are never used; an answer larger or slower
than the call allows is given up. Whether the first byte was handed to the socket is observed, not guessed,
and stands in `VendorUnavailable.sent`. A write goes over a connection of its own. Never logs; an error
names method, host, path and phase, never a query, a header or a body.

httpx's transports are used without its clients: those rewrite paths, keep cookies, log whole URLs, and read
a redirect's `Location` even when they don't follow it.
"""

from __future__ import annotations

from connector.transport.connections import shared_tls
from connector.transport.sending import AsyncTransport, Transport

__all__ = ["AsyncTransport", "Transport", "shared_tls"]
