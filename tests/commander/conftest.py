from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.commander.asking import TENANT, client_of
from tests.commander.service import Commander, running


@pytest.fixture(scope="session")
def service() -> Iterator[Commander]:
    """One for all that only read, and for those that put back what they changed."""
    with running(TENANT) as commander:
        yield commander


@pytest.fixture
def client(service: Commander) -> Iterator[httpx.Client]:
    with client_of(service) as client:
        yield client
