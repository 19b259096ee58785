from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from connector.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """For tests that only read."""
    with Sandbox(users=300, seed=1) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[[Sandbox], httpx.Client]]:
    """Clients that hold a sandbox's own token, closed at the end of the test."""
    with ExitStack() as opened:

        def client_of(sandbox: Sandbox) -> httpx.Client:
            return opened.enter_context(
                httpx.Client(
                    base_url=sandbox.base_url,
                    headers={"Authorization": f"Bearer {sandbox.token}"},
                    trust_env=False,
                )
            )

        yield client_of


@pytest.fixture
def client(sandbox: Sandbox, connect: Callable[[Sandbox], httpx.Client]) -> httpx.Client:
    return connect(sandbox)


@pytest.fixture
def connect_commander() -> Iterator[Callable[[Sandbox], httpx.Client]]:
    """Clients of Commander that hold a sandbox's own key, closed at the end of the test."""
    with ExitStack() as opened:

        def client_of(sandbox: Sandbox) -> httpx.Client:
            return opened.enter_context(
                httpx.Client(
                    base_url=sandbox.commander_url, headers={"api-key": sandbox.api_key}, trust_env=False
                )
            )

        yield client_of


@pytest.fixture
def commander(sandbox: Sandbox, connect_commander: Callable[[Sandbox], httpx.Client]) -> httpx.Client:
    return connect_commander(sandbox)
