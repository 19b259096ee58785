"""The whole engine with each auth style: signed for each try, and no credential in what is explained or told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.account import open_account
from connector.catalog import Catalog
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import InvalidRequest, VendorRefused, VendorUnavailable
from connector.flow import Clock
from connector.questions import Questions
from connector.redaction import Redaction
from connector.settings import Settings
from connector.wire import Answer, Call
from tests.calling.keys import ec_key
from tests.calling.verifying import ACCESS, NOW, SECRET, STYLES, TOKEN_URL

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people]}
apis:
  main:
    settings: {id: {label: Id}}
    secrets: {key: {label: Key}, pem: {label: Key, type: pem, required: false}}
    base_url: https://h
    auth: AUTH
    check: {get: /check}
    resources:
      people:
        key: $.id
        list: {get: /people, query: {q: "a b"}, records: "$.items[*]", paging: {style: none}}
        get: {get: "/people/{id}"}
"""
MAPPING = "source: main.people\nunified: users\nfields: {id: $.id}\n"


Reply = Answer | VendorUnavailable | Callable[[Call], Answer]


class World:
    """An account of a made-up vendor that answers as told; its clock moves a minute with every call and pause."""

    def __init__(self, folder: Path, says: dict[str, Any], *answers: Reply, key: str = SECRET) -> None:
        (folder / "made").mkdir()
        (folder / "made" / "connector.yaml").write_text(CONNECTOR.replace("AUTH", json.dumps(says)))
        (folder / "made" / "main.people.yaml").write_text(MAPPING)
        self.opened = open_account(
            Catalog([folder]).load("made"), settings={"id": "AKID"}, secrets={"key": key, "pem": ec_key()}
        )
        self.answers, self.calls = list(answers), list[Call]()
        clock = Clock(
            seconds=lambda: 0.0, now=lambda: NOW + timedelta(minutes=len(self.calls)), random=lambda: 1.0
        )
        questions = Questions(self.opened, Seal([b"k" * 32]), Settings(), clock)
        self.directory = Directory(questions, self.send, lambda _: None)

    def send(self, call: Call) -> Answer:
        if call.url == TOKEN_URL:
            return Answer(200, {}, json.dumps({"access_token": ACCESS, "token_type": "bearer"}).encode())
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, VendorUnavailable):
            raise answer
        return answer if isinstance(answer, Answer) else answer(call)


PEOPLE = Answer(200, {}, b'{"items": [{"id": "ann"}]}')
each = pytest.mark.parametrize(
    "says", [says for says, _ in STYLES], ids=[says["style"] for says, _ in STYLES]
)


def shows(text: str, call: Call) -> bool:
    """Whether a text shows the secret, or what was made of it for that call."""
    forms = Redaction.of([SECRET, ACCESS, *call.secrets]).forms
    return any(form in text for form in forms)


@each
def test_explain_and_errors_show_no_credential(says: dict[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path, says, PEOPLE)
    page = world.directory.list("users", explain=True)
    assert [row.id for row in page.result] == ["ann"]
    (sent,) = world.calls
    assert not shows(json.dumps(page.to_dict()), sent)
    shown = page.to_dict()["explain"]["calls"][-1]["url"]
    assert shown == "https://h/people?q=a%20b" + ("&key=[redacted]" if says["style"] == "query" else "")


@each
@pytest.mark.parametrize("write", [json.dumps, str], ids=["JSON", "text"])
def test_a_request_that_a_vendor_answers_with_shows_no_credential(
    says: dict[str, Any], write: Callable[[Any], str], tmp_path: Path
) -> None:
    def echo(call: Call) -> Answer:
        return Answer(
            400, {}, write({"error": call.url, "headers": dict(call.headers), "at": [call.url]}).encode()
        )

    world = World(tmp_path, says, echo)
    with pytest.raises(VendorRefused) as refused:
        world.directory.get("users", "ann")
    told = f"{refused.value} {refused.value!r} {json.dumps(refused.value.to_dict())}"
    assert not shows(told, world.calls[0])


@each
def test_each_try_is_signed_for_its_own_moment(says: dict[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path, says, VendorUnavailable("cut"), PEOPLE)
    world.directory.list("users")
    one, other = world.calls
    assert (one == other) is (says["style"] not in ("hmac", "sigv4"))


def test_a_credential_that_can_not_be_sent_is_refused_before_anything_is(tmp_path: Path) -> None:
    world = World(
        tmp_path, {"style": "basic", "user": "{secrets.key}", "password": "{secrets.key}"}, key="a:b"
    )
    with pytest.raises(InvalidRequest, match=r"secrets\.key can't stand in a credential"):
        world.directory.list("users")
    assert world.calls == []
