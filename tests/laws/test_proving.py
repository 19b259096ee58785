"""No connector calls an account healthy of a service that answers every call in the same way, and says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connector.account import open_account
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import VendorError
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call
from tests.calling.queued import said
from tests.contract.cases import connectors, loaded

TOKEN = "token-0123456789"
ACCOUNTS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("scim", {"base_url": "https://scim.example"}, {"token": TOKEN}),
    ("keeper", {"scim.node_id": "345"}, {"scim.token": TOKEN}),
    *(
        ("keeper", {"commander.url": "https://commander.example", "commander.version": version}, {"commander.api_key": TOKEN})
        for version in ("v1", "v2")
    ),
    ("keeper", {}, {"admin.api_token": TOKEN}),
]  # fmt: skip
ERROR = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "no such token"}  # fmt: skip
BODIES: tuple[Any, ...] = ({}, None, "", [], 7, True, {"Resources": None}, {"totalResults": 5, "Resources": None}, {"status": "success"}, {"data": None}, {"status": "ok", "data": {}})  # fmt: skip
NOTHING = {
    "no content": Answer(204, {}, b""),
    "no body": Answer(200, {}, b""),
    "a page to log in": Answer(200, {"content-type": "text/html"}, b"<html>log in</html>"),
    "an error that is none by its status": said(ERROR),
    **{str(body): said(body) for body in BODIES},
}

each_account = pytest.mark.parametrize(
    ("name", "settings", "secrets"), ACCOUNTS, ids=[f"{name}-{'-'.join(map(str, given.values()))}" for name, given, _ in ACCOUNTS]
)  # fmt: skip


def test_each_api_that_can_be_checked_is_tried_here() -> None:
    checked = {
        (name, api)
        for name in connectors()
        for api, rule in loaded(name).definition.apis.items()
        if rule.check != "none" or rule.probes
    }
    opened = {(name, api) for name, *given in ACCOUNTS for api in open_account(loaded(name), settings=given[0], secrets=given[1]).apis}  # fmt: skip
    assert opened == checked


def answering(
    name: str, settings: Mapping[str, Any], secrets: Mapping[str, str], answer: Answer
) -> Directory:
    """The account, at a service that takes what is queued, and answers all else with this."""
    time = [0.0]
    clock = replace(Clock(), seconds=lambda: time[0])
    opened = open_account(loaded(name), settings=settings, secrets=secrets, account="one")

    def send(call: Call) -> Answer:
        return said({"request_id": "ticket"}, 202) if call.url.endswith("-async") else answer

    def sleep(seconds: float) -> None:
        time[0] += seconds

    return Directory(Questions(opened, Seal([b"k" * 32]), Settings(), clock), send, sleep)


@pytest.mark.parametrize("answer", NOTHING.values(), ids=NOTHING)
@each_account
def test_a_service_that_says_nothing_is_not_healthy(
    name: str, settings: dict[str, Any], secrets: dict[str, str], answer: Answer
) -> None:
    directory = answering(name, settings, secrets, answer)
    found = directory.examine()
    assert found.verdict == "lacking"
    proven = {one.name for api in found.apis for one in api.tried if one.state == "ok"}
    # that Commander did what it was told to, and printed nothing, is all that it says of this one
    assert proven <= ({"fresh data"} if answer is NOTHING["{'status': 'success'}"] else set())
    with pytest.raises(VendorError):
        directory.check()
