"""The sandbox as a running server: a double of the vendor's cloud on this machine's loopback address.

Only the paths and the ways to prove who calls are the vendor's. Made up: that token and key follow from the
seed, plain http, and that one port serves both SCIM and Commander Service Mode, which each customer runs on a
machine of their own. It listens on 127.0.0.1 and nowhere else, writes nothing to disk, logs no call, and its
repr shows no secret.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from connector.errors import ConfigurationInvalid
from connector.sandbox.admin import ADMIN_PATH, admin_app
from connector.sandbox.budget import Clock
from connector.sandbox.commander import commander_app
from connector.sandbox.enterprise import Enterprise
from connector.sandbox.events import Now, utc_now
from connector.sandbox.partner import PARTNER_PATH, Order, partner_app
from connector.sandbox.scim import BASE_PATH, PAGE_LIMIT, scim_app
from connector.sandbox.tenant import Tenant, build_tenant

__all__ = ["Sandbox"]

_HOST = "127.0.0.1"
_PATIENCE = 10.0  # seconds for starting and for stopping


class _Server(uvicorn.Server):
    """Says when it serves, so that nobody needs to ask again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


class Sandbox:
    """A tenant behind the vendor's SCIM, Commander, admin and partner APIs, served by a thread until it is stopped.

    `port` 0 takes a free one. `seats` bounds invitations (428), `rate` the calls in a minute of `clock` (429),
    to all of SCIM, to the Admin API and to each endpoint of Commander. Users and teams are spread over so many `nodes`, each with a
    SCIM endpoint of its own; `page_limit` bounds the records on its pages, and `shows_waiting` says whether it shows
    memberships that wait for approval. Commander's requests are seen unfinished `pending_looks` times. Events
    happen at `now`, and stand under `events_key` in the Admin API. What is
    changed stays in `enterprise`, and the `orders` of the partner API too, until the object is gone; `tenant` is
    what there was at first.
    """

    def __init__(
        self,
        users: int = 300,
        seed: int = 1,
        port: int = 0,
        seats: int | None = None,
        rate: int | None = None,
        *,
        nodes: int = 1,
        page_limit: int = PAGE_LIMIT,
        pending_looks: int = 1,
        shows_waiting: bool = False,
        events_key: str = "events",
        clock: Clock = time.monotonic,
        now: Now = utc_now,
    ) -> None:
        for name, value, lowest in (
            ("seats", seats, 0),
            ("rate", rate, 1),
            ("page_limit", page_limit, 1),
            ("pending_looks", pending_looks, 0),
        ):
            if value is not None and value < lowest:
                raise ConfigurationInvalid(f"sandbox: {name} is {value}; allowed are {lowest} and more")
        self.tenant: Tenant = build_tenant(users, seed, nodes)
        self.port = port
        self.enterprise = Enterprise(self.tenant, seats, now)
        self.orders: list[Order] = []
        self._app = _by_path(
            {
                BASE_PATH: scim_app(
                    self.enterprise,
                    rate=rate,
                    clock=clock,
                    page_limit=page_limit,
                    shows_waiting=shows_waiting,
                ),
                ADMIN_PATH: admin_app(self.enterprise, events_key=events_key, rate=rate, clock=clock),
                PARTNER_PATH: partner_app(self.tenant, self.orders),
            },
            commander_app(self.enterprise, rate=rate, clock=clock, pending_looks=pending_looks),
        )
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"Sandbox({len(self.tenant.people)} users at {self.base_url})"

    @property
    def node_id(self) -> str:
        """Of the first SCIM endpoint."""
        return self.tenant.node_id

    @property
    def token(self) -> str:
        """Opens the first SCIM endpoint, and no other."""
        return self.enterprise.endpoints[self.node_id].token

    @property
    def base_url(self) -> str:
        """Where the first SCIM endpoint stands; known only once it is started if `port` was 0."""
        return self.scim_url(self.node_id)

    def scim_url(self, node_id: str) -> str:
        """Where the SCIM endpoint of this node stands; known when `base_url` is."""
        return f"http://{_HOST}:{self.port}{BASE_PATH}/{node_id}"

    @property
    def api_key(self) -> str:
        return self.tenant.api_key

    @property
    def commander_url(self) -> str:
        """Where Commander Service Mode stands; known when `base_url` is."""
        return f"http://{_HOST}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where the Admin REST API stands; known when `base_url` is."""
        return f"http://{_HOST}:{self.port}{ADMIN_PATH}"

    @property
    def partner_url(self) -> str:
        """Where the partner API stands; known when `base_url` is."""
        return f"http://{_HOST}:{self.port}{PARTNER_PATH}"

    def start(self) -> None:
        """Returns when calls are answered; a port that can't be had is ConfigurationInvalid."""
        if self._thread is not None:
            raise ConfigurationInvalid(f"{self!r} is already started")
        listener = _listen(self.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = server = _Server(config)
        self._thread = threading.Thread(
            target=server.run, args=([listener],), name=f"sandbox:{self.port}", daemon=True
        )
        self._thread.start()
        if not server.ready.wait(_PATIENCE):
            self.stop()
            listener.close()
            raise ConfigurationInvalid(f"sandbox: port {self.port} didn't answer within {_PATIENCE:g} s")

    def stop(self) -> None:
        """Ends open calls and frees the port; a second time does nothing."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _by_path(apps: Mapping[str, ASGIApp], otherwise: ASGIApp) -> ASGIApp:
    """Each application below its path, the other one everywhere else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = next((one for path, one in apps.items() if scope["path"].startswith(path)), otherwise)
        await chosen(scope, receive, send)

    return app


def _listen(port: int) -> socket.socket:
    """The port is taken here and not by the server, whose way to fail is to end the process."""
    # With the protocol named: asyncio sets TCP_NODELAY on such sockets only, else each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reasons = {errno.EADDRINUSE: "is in use", errno.EACCES: "needs rights that this process lacks"}
        number = error.errno if isinstance(error, OSError) else None
        reason = reasons.get(number or 0, "can't be listened on (allowed are 0 to 65535)")
        raise ConfigurationInvalid(
            f"sandbox: port {port} of {_HOST} {reason}", hint="pick another --port, or 0 for any free one"
        ) from error
    return listener
