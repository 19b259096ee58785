"""Directory Connector: users and groups of any directory, through one schema.

    from connector import Directory

    with Directory.connect("scim", {"base_url": "https://…"}, {"token": "…"}) as directory:
        for user in directory.iterate("users"):
            print(user.name, user.status)

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.directory import AsyncDirectory, Directory
    from connector.errors import ConnectorError, ListingIncomplete, WriteNotEffective, WriteOutcomeUnknown
    from connector.model import Group, StudentLicense, User
    from connector.pages import Item, Page, Written

__all__ = [
    "AsyncDirectory",
    "ConnectorError",
    "Directory",
    "Group",
    "Item",
    "ListingIncomplete",
    "Page",
    "StudentLicense",
    "User",
    "WriteNotEffective",
    "WriteOutcomeUnknown",
    "Written",
]

__version__ = "0.1.0"

_HOMES = {
    "AsyncDirectory": "connector.directory",
    "ConnectorError": "connector.errors",
    "Directory": "connector.directory",
    "Group": "connector.model",
    "Item": "connector.pages",
    "ListingIncomplete": "connector.errors",
    "Page": "connector.pages",
    "StudentLicense": "connector.model",
    "User": "connector.model",
    "WriteNotEffective": "connector.errors",
    "WriteOutcomeUnknown": "connector.errors",
    "Written": "connector.pages",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
