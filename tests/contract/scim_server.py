"""Other people's SCIM server (scim2-server from PyPI) on loopback, loaded over its own POST.

Everyone in it is invented. Its ids and its clock are counters, so that what is recorded from it stays the same.
"""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
from scim2_models import ResourceType, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

__all__ = ["TOKEN", "Loaded", "running"]

TOKEN = "scim-token-of-nobody"
_CORE = "urn:ietf:params:scim:schemas:core:2.0"
_BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class Loaded:
    """What the server was loaded with: all that a client may find in it."""

    base_url: str
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id."""
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    """Group id → ids of its users; members that are groups are not among them."""
    asked: list[str] = field(default_factory=list)
    """Path and query of each call."""


class _Storage(InMemoryStorage):
    def __init__(self) -> None:
        ticks = itertools.count()
        super().__init__(clock=lambda: _BEGAN + dt.timedelta(seconds=next(ticks)))
        self._numbers = itertools.count(1)

    def generate_id(self, resource_type: ResourceType, resource: Any) -> str:  # noqa: ARG002 - as it is called
        return f"{str(resource_type.name).lower()}-{next(self._numbers):04}"


@contextmanager
def running(users: int, groups: int, port: int = 0) -> Iterator[Loaded]:
    """The server with so many users and groups, until the block ends."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [*(config.authentication_schemes or []), BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    app = BearerTokenApplication(_Storage(), provider, bearer_tokens=[TOKEN])
    loaded = Loaded("")

    def noting(environ: dict[str, Any], start: Any) -> Any:
        loaded.asked.append(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}".rstrip("?"))
        return app(environ, start)

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: calls are noted before they are answered, so that a client that has its answer finds them."""

    server = make_server("127.0.0.1", port, noting, handler_class=Quiet)
    loaded.base_url = f"http://127.0.0.1:{server.server_port}/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        _load(loaded, users, groups)
        loaded.asked.clear()
        yield loaded
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _load(loaded: Loaded, users: int, groups: int) -> None:
    with httpx.Client(
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    ) as client:

        def post(kind: str, record: dict[str, Any]) -> dict[str, Any]:
            answer = client.post(
                f"{loaded.base_url}/{kind}s", json={"schemas": [f"{_CORE}:{kind}"], **record}
            )
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

        for number in range(users):
            made = post("User", _user(number))
            loaded.users[made["id"]] = made
        ids = list(loaded.users)
        for number in range(groups):
            chosen = [key for place, key in enumerate(ids) if number and place % (number + 1) == 0]
            nested = list(loaded.groups)[-1:] if number == groups - 1 else []
            members = [{"value": key, "type": "User"} for key in chosen]
            members += [{"value": key, "type": "Group"} for key in nested]
            made = post(
                "Group", {"displayName": f"Group {number}", **({"members": members} if members else {})}
            )
            loaded.groups[made["id"]] = made
            loaded.members[made["id"]] = chosen


def _user(number: int) -> dict[str, Any]:
    email = f"person{number:03}@example.org"
    record: dict[str, Any] = {
        "userName": email,
        "active": number % 10 != 9,
        "emails": [{"value": email, "type": "work", "primary": True}],
    }
    if number % 3:
        record |= {"displayName": f"Ünïcode Person {number}", "externalId": f"hr-{number}"}
    if number % 3 != 1:
        record["name"] = {"givenName": "Person", "familyName": f"O'Number {number}"}
    return record
