from __future__ import annotations

import importlib
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connector.errors import ConfigurationInvalid
from connector.sandbox import Sandbox, access_to
from connector.sandbox.partner import PARTNER_NAME, PRIMARY_DOMAIN, STUDENT_DOMAIN

Connect = Callable[[Sandbox], httpx.Client]


def test_it_says_where_it_stands(sandbox: Sandbox) -> None:
    assert 0 < sandbox.port < 65536
    assert sandbox.base_url == f"http://127.0.0.1:{sandbox.port}/api/rest/scim/v2/{sandbox.node_id}"
    assert sandbox.node_id.isdecimal()
    assert len(sandbox.token) == 43
    assert sandbox.commander_url == f"http://127.0.0.1:{sandbox.port}"
    assert len(sandbox.api_key) == 43
    assert sandbox.api_key != sandbox.token


def test_access_is_to_all_apis_or_to_those_that_are_named(sandbox: Sandbox) -> None:
    whole = access_to(sandbox)
    assert whole.settings == {
        "scim.node_id": sandbox.node_id,
        "commander.url": sandbox.commander_url,
        "partner.name": PARTNER_NAME,
        "partner.student_domains": STUDENT_DOMAIN,
        "partner.primary_domains": PRIMARY_DOMAIN,
    }
    assert whole.base_urls == {
        "scim": sandbox.base_url,
        "partner": sandbox.partner_url,
        "admin": sandbox.admin_url,
    }
    assert whole.secrets == {
        "scim.token": sandbox.token,
        "commander.api_key": sandbox.api_key,
        "partner.secret": sandbox.tenant.partner_secret,
        "admin.api_token": sandbox.tenant.admin_token,
    }
    assert whole.allow_networks == (f"127.0.0.1:{sandbox.port}",)
    assert sandbox.token not in repr(whole)
    assert sandbox.api_key not in repr(whole)
    scim, commander = access_to(sandbox, ("scim",)), access_to(sandbox, ("commander",))
    assert (scim.settings, scim.base_urls) == (
        {"scim.node_id": sandbox.node_id},
        {"scim": sandbox.base_url},
    )
    assert scim.secrets == {"scim.token": sandbox.token}
    assert (commander.settings, commander.base_urls) == ({"commander.url": sandbox.commander_url}, {})
    assert commander.secrets == {"commander.api_key": sandbox.api_key}
    assert scim.allow_networks == commander.allow_networks == whole.allow_networks


def test_its_repr_shows_no_secret(sandbox: Sandbox) -> None:
    assert sandbox.base_url in repr(sandbox)
    assert sandbox.token not in repr(sandbox)
    assert sandbox.api_key not in repr(sandbox)


def test_it_answers_once_started_and_refuses_once_stopped(connect: Connect) -> None:
    running = Sandbox(users=1)
    running.start()
    client = connect(running)
    assert client.get("/Users").status_code == 200
    running.stop()
    running.stop()
    with pytest.raises(httpx.TransportError):
        client.get("/Users")
    assert not [thread for thread in threading.enumerate() if thread.name == f"sandbox:{running.port}"]


def test_it_comes_back_on_the_same_port_with_the_users_that_were_added(connect: Connect) -> None:
    vendor = Sandbox(users=1)
    with vendor:
        port = vendor.port
        assert connect(vendor).post("/Users", json={"userName": "new@acme.example"}).status_code == 201
    with vendor:
        assert vendor.port == port
        assert connect(vendor).get("/Users").json()["totalResults"] == 2


def test_it_starts_once_at_a_time() -> None:
    with Sandbox(users=1) as running, pytest.raises(ConfigurationInvalid, match="already started"):
        running.start()


def test_a_port_in_use_is_named_with_the_way_out(sandbox: Sandbox) -> None:
    second = Sandbox(users=1, port=sandbox.port)
    with pytest.raises(ConfigurationInvalid, match=f"port {sandbox.port} of 127.0.0.1 is in use") as failed:
        second.start()
    assert "--port" in str(failed.value)
    second.stop()


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(ConfigurationInvalid, match="0 to 65535"):
        Sandbox(users=1, port=port).start()


@pytest.mark.parametrize(
    "wrong", [{"users": -1}, {"seats": -1}, {"rate": 0}, {"page_limit": 0}, {"pending_looks": -1}]
)
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationInvalid, match="and more"):
        Sandbox(**wrong)


def test_it_is_heard_on_loopback_alone(sandbox: Sandbox) -> None:
    # Every 127.x.y.z is this machine: one that listens on all addresses would answer on 127.0.0.2.
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", sandbox.port), 2):
        pass


def test_it_says_nothing_on_the_terminal(
    connect: Connect, connect_commander: Connect, capfd: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(users=1) as running:
        client = connect(running)
        for path in ("/Users", "/Users/1", "/Nothing"):
            client.get(path)
        client.post("/Users", content=b"{")
        for line in ("whoami", "enterprise-info --help", "enterprise-info --bogus", "whoami '"):
            connect_commander(running).post("/api/v1/executecommand", json={"command": line})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["litestar", "uvicorn"])
def test_without_the_extra_its_import_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("connector.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationInvalid, match=missing) as failed:
        importlib.import_module("connector.sandbox")
    assert "pip install 'directory-connector[server]'" in str(failed.value)
