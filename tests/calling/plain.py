"""A connector to one listing, as text: for what a test says of a listing, and a vendor that the test plays itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.catalog import Loaded
from connector.wire import Answer, Call
from tests.calling.queued import load, said

__all__ = ["connect", "listing_vendor", "queried", "sent"]

_CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: AUTH
    check: {get: /check}
    retry: {times: 0}
    resources:
      people:
        key: $.id
        list: LIST
"""
_AUTH = '{style: header, header: api-key, value: "{secrets.key}"}'
_MAPPING = """\
source: main.people
unified: users
fields: {id: $.id, name: $.name, title: $.title}
"""


def connect(folder: Path, listing: str, mapping: str = "", auth: str = _AUTH) -> Loaded:
    """The connector whose listing says this (YAML in flow style), and whose mapping says this besides."""
    text = _CONNECTOR.replace("AUTH", auth).replace("LIST", listing)
    return load(folder, text, people=_MAPPING + mapping)


def queried(call: Call) -> dict[str, str]:
    """The query of a call."""
    return dict(parse_qsl(urlsplit(call.url).query, keep_blank_values=True))


def listing_vendor(
    page: Callable[[Call, Mapping[str, str]], list[str] | dict[str, Any] | Answer],
) -> Callable[[Call], Answer]:
    """A vendor that answers each call with records of these ids, this body, or this answer."""

    def reply(call: Call) -> Answer:
        found = page(call, queried(call))
        if isinstance(found, Answer):
            return found
        return said({"items": [{"id": name} for name in found]} if isinstance(found, list) else found)

    return reply


def sent(call: Call) -> Any:
    """The JSON of a call's body."""
    return json.loads(call.body or b"null")
