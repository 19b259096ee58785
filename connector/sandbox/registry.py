"""The sandboxes there are, by the name of the connector that each is a double for, and how an account reaches one.

A double of Keeper's cloud is the only one. The addresses and tokens are made up and open nothing but the
sandbox of this process; they are never those of a real tenant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connector.sandbox.partner import PARTNER_NAME, PRIMARY_DOMAIN, STUDENT_DOMAIN
from connector.sandbox.server import Sandbox

__all__ = ["APIS", "SANDBOXES", "Access", "access_to"]

SANDBOXES: Mapping[str, type[Sandbox]] = MappingProxyType({"keeper": Sandbox})
"""Connector → its double; the first is the one that is shown when nobody says which."""

APIS = ("scim", "commander", "partner", "admin")
"""What a sandbox serves, by the connector's own names."""


@dataclass(frozen=True)
class Access:
    """What an account needs to reach a running sandbox, by the connector's own names."""

    settings: Mapping[str, str]
    base_urls: Mapping[str, str]
    allow_networks: tuple[str, ...]
    secrets: Mapping[str, str] = field(repr=False)


def access_to(sandbox: Sandbox, apis: Collection[str] = APIS) -> Access:
    """To these apis of a sandbox that is started: its port is part of the answer."""
    settings, base_urls, secrets = dict[str, str](), dict[str, str](), dict[str, str]()
    if "scim" in apis:
        endpoints = sandbox.enterprise.endpoints
        for node_id, endpoint in endpoints.items():
            # Of several, each is an entry of its own, which the name in brackets gives its `node_id`.
            entry = "scim" if len(endpoints) == 1 else f"scim[{node_id}]"
            if len(endpoints) == 1:
                settings["scim.node_id"] = node_id
            base_urls[entry] = sandbox.scim_url(node_id)
            secrets[f"{entry}.token"] = endpoint.token
    if "commander" in apis:
        settings["commander.url"] = sandbox.commander_url  # a setting: each customer runs their own
        secrets["commander.api_key"] = sandbox.api_key
    if "partner" in apis:
        settings["partner.name"] = PARTNER_NAME
        settings["partner.student_domains"] = STUDENT_DOMAIN
        settings["partner.primary_domains"] = PRIMARY_DOMAIN
        base_urls["partner"] = sandbox.partner_url
        secrets["partner.secret"] = sandbox.tenant.partner_secret
    if "admin" in apis:
        base_urls["admin"] = sandbox.admin_url
        secrets["admin.api_token"] = sandbox.tenant.admin_token
    return Access(settings, base_urls, (f"127.0.0.1:{sandbox.port}",), secrets)
