"""What tests of several folders share: the made-up vendor behind its socket, connectors to it, a double of Keeper, a certificate."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.account import Opened, open_account
from connector.captures import MemoryShelf
from connector.catalog import Catalog
from connector.cursor import Seal
from connector.directory import AsyncDirectory, Directory
from connector.egress import Egress
from connector.flow import Clock
from connector.questions import Questions
from connector.sandbox import Sandbox
from connector.settings import Settings
from connector.transport import AsyncTransport, Transport
from tests.calling.vendor import LISTINGS, TOKEN, VendorServer, write_connectors

KEY = b"k" * 32

# A slow machine is no failure: no test of this project asserts a time.
hypothesis.settings.register_profile(
    "project", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("project")


@dataclass
class Calling:
    """The made-up vendor, and directories that reach it over real HTTP; the vendor is changed by `server.vendor`."""

    server: VendorServer
    mappings: Path
    transport: Transport
    waits: list[float] = field(default_factory=list)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    """What directories share besides a vendor, as processes share a store."""
    _opened: dict[str, Opened] = field(default_factory=dict)

    def opened(self, listing: str) -> Opened:
        if listing not in self._opened:
            loaded = Catalog([self.mappings]).load(listing)
            self._opened[listing] = open_account(
                loaded, settings={"base_url": self.server.url}, secrets={"token": TOKEN}
            )
        return self._opened[listing]

    def questions(self, listing: str, **settings: Any) -> Questions:
        clock = Clock(random=lambda: 0.0)
        return Questions(self.opened(listing), Seal([KEY]), Settings(**settings), clock, self.shelf)

    def directory(self, listing: str, **settings: Any) -> Directory:
        """A directory of its own memory; waits are noted in `waits`, not waited."""
        return Directory(self.questions(listing, **settings), self.transport.send, self.waits.append)

    def async_directory(self, listing: str) -> AsyncDirectory:
        transport = AsyncTransport(Egress(["127.0.0.1"]))
        return AsyncDirectory(self.questions(listing), transport.send, close=transport.close)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    mappings = tmp_path_factory.mktemp("mappings")
    write_connectors(mappings)
    with VendorServer.running() as server, Transport(Egress(["127.0.0.1"])) as transport:
        yield Calling(server, mappings, transport)


@pytest.fixture
def calling(_calling: Calling) -> Calling:
    """One server for all tests, told anew for each."""
    _calling.waits.clear()
    return _calling


@pytest.fixture(scope="session")
def _selling() -> Iterator[Sandbox]:
    with Sandbox(users=1) as running:
        yield running


@pytest.fixture
def selling(_selling: Sandbox) -> Sandbox:
    """A double of Keeper that nothing was ordered from yet."""
    _selling.orders.clear()
    return _selling


@pytest.fixture(params=list(LISTINGS))
def listing(request: pytest.FixtureRequest) -> str:
    """Each way to page, by name."""
    return str(request.param)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(built.public_bytes(pem) + private)
    return path
