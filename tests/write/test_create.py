"""Making one: the exact request, sent at most once, its outcome never guessed, and nothing secret in any error."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import socket
import traceback
from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import AsyncDirectory, Directory
from connector.errors import (
    Conflict,
    ConnectorError,
    EgressRefused,
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    RateLimited,
    StoreUnavailable,
    VendorError,
    VendorFailure,
    VendorNotFound,
    VendorRefused,
    VendorUnavailable,
    WriteOutcomeUnknown,
)
from connector.flow import Clock, drive
from connector.model import StudentLicense
from connector.pages import Written
from connector.questions import Questions
from connector.sandbox import Sandbox, access_to
from connector.settings import Settings
from connector.wire import Answer, Call
from connector.write import intent_of
from connector.write.once import send_once
from tests.calling.closing import closing_server

MAPPINGS = Path(__file__).parents[2] / "mappings"
LICENSES = "student_licenses"
SECRET = "s3cr3t-salt/+\u00fc"
KEY = "s3cr3t-key/+="
"""The other connector's, which stands in a header too."""
ADA = "ada+1@students.univ.example"
HASH = hashlib.sha256(f"{ADA}{SECRET}".encode()).hexdigest()
PROOFS = {
    "main.orders": hmac.new(KEY.encode(), ADA.encode(), "sha256").hexdigest(),
    "main.carried": hashlib.sha256(f"{ADA}{KEY}".encode()).hexdigest(),
}
OPENS = "AbCdEf0123456789xyz"
"""What opens the account: the end of the activation link."""
LINK = f"qa.keepersecurity.com/vault/#{OPENS}"
GIVEN = {"email": ADA, "first_name": "Ada", "transaction_id": "order-7"}
SETTINGS = {
    "partner.name": "Univ & Co",
    "partner.student_domains": ["students.univ.example"],
    "partner.primary_domains": ["univ.example"],
}
ASKED = {"verb": "create", "resource": LICENSES}
"""What the error of an outcome that isn't known names besides the reference."""
Reply = Answer | ConnectorError

MADE = """\
connector: made
label: Made
unified: {student_licenses: [main.orders, main.carried, main.again]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h.example
    auth: {style: bearer, token: "{secrets.key}"}
    check: none
    errors: [{when: {status: [200, 500], $.failed: true}, is: conflict, message: $.why}, {when: {$.broke: true}, is: vendor_error, message: $.why}]
    exchanges:
      run: {style: single, takes: [proof], submit: {post: /run, effect: read, json: {proof: "{proof}"}}}
    resources:
      orders:
        create: &create
          post: /orders
          effect: write
          input: {email: {label: Address, type: email}, note: {label: Note, required: false}, ref: {label: Reference, made_from: email}}
          json: {to: "{input.email}", note: "{input.note}", proof: {hmac_sha256: "{input.email}", key: "{secrets.key}"}}
          record: $.data
      carried:
        create:
          exchange: run
          effect: write
          give: {proof: {sha256: "{input.email}{secrets.key}"}}
          input: {email: {label: Address, type: email}}
      again:
        create: {post: /again, effect: write, repeatable: true, input: {email: {label: Address}}}
""".replace("&create", "")
MAPPING = """\
source: main.{resource}
unified: student_licenses
fields:
  transaction_id: input.{reference}
  email: input.email
  order_number: $.number
  vault_url: {{path: $.vault_url, link: {{hosts: [h.example]}}, secret: true}}
"""


@pytest.fixture(scope="module")
def keeper() -> Loaded:
    return Catalog([MAPPINGS]).load("keeper")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load_made(tmp_path_factory.mktemp("mappings"), MADE)


def load_made(folder: Path, connector: str) -> Loaded:
    (folder / "made").mkdir()
    (folder / "made" / "connector.yaml").write_text(connector)
    for resource, reference in (("orders", "ref"), ("carried", "email"), ("again", "email")):
        text = MAPPING.format(resource=resource, reference=reference)
        (folder / "made" / f"main.{resource}.yaml").write_text(text)
    return Catalog([folder]).load("made")


class World:
    """A vendor that answers as told, and a clock that moves only when someone waits."""

    def __init__(
        self,
        loaded: Loaded,
        *replies: Reply,
        settings: Mapping[str, Any] = SETTINGS,
        source: str | None = None,
        secret: str = SECRET,
        oversleeps: float = 0.0,
    ) -> None:
        self.replies: Iterator[Reply] = iter(replies)
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.time, self.oversleeps = 0.0, oversleeps
        clock = Clock(
            seconds=lambda: self.time, now=lambda: datetime(2026, 1, 31, tzinfo=UTC), random=lambda: 1.0
        )
        opened = open_account(
            loaded,
            settings=settings if loaded.name == "keeper" else {},
            secrets={"partner.secret": secret} if loaded.name == "keeper" else {"main.key": KEY},
            sources=None if source is None else {LICENSES: (source,)},
        )
        self.questions = Questions(opened, Seal([b"k" * 32]), Settings(), clock)
        self.directory = Directory(self.questions, self.send, self.sleep)

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        reply = next(self.replies)
        if isinstance(reply, ConnectorError):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds + self.oversleeps

    def create(self, **fields: Any) -> Written[StudentLicense]:
        return self.directory.create(LICENSES, GIVEN | fields)

    def fail(self, fields: Mapping[str, Any] = GIVEN) -> ConnectorError:
        """The error that creating one ends with, which shows nothing that is secret."""
        with pytest.raises(ConnectorError) as raised:
            self.directory.create(LICENSES, fields)
        assert_hidden(raised.value)
        return raised.value


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers, raw)


def created(**more: Any) -> Answer:
    return answer({"success": True, "order_number": "12345678-1234", "vault_url": LINK, **more})


def hidden_words() -> list[str]:
    """What no error may show: the secret, what is made of it, and what opens the account, in every encoding."""
    words = [OPENS]
    for one in (SECRET, KEY):
        words += [one, quote(one), quote(one, safe=""), json.dumps(one)[1:-1]]
    for one in (HASH, *PROOFS.values()):
        words += [one, one.upper(), base64.b64encode(one.encode()).decode().rstrip("=")]
    return words


def assert_hidden(error: BaseException) -> None:
    shown = [str(error), repr(error), repr(error.args), *traceback.format_exception(error)]
    if isinstance(error, ConnectorError):
        shown += [
            json.dumps(error.to_dict(), ensure_ascii=False),
            repr(error.raw_response),
            repr(vars(error)),
        ]
    found = [word for word in hidden_words() for text in shown if word in text]
    assert found == []


# What is sent --------------------------------------------------------------------------------------------------

BASE = "https://keepersecurity.com/bi_api/v1/services/partner/create-license"


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, "transaction_id=order-7&first_name=Ada&email=ada%2B1%40students.univ.example"),
        (
            {"first_name": "A&d=a?#%", "last_name": "O'Brien/\u00dc +1", "transaction_id": "a b/c"},
            (
                "transaction_id=a%20b%2Fc&first_name=A%26d%3Da%3F%23%25&last_name=O%27Brien%2F%C3%9C%20%2B1"
                "&email=ada%2B1%40students.univ.example"
            ),
        ),
        (
            {"first_name": "{secrets.secret}", "last_name": '"\U0001f393"'},
            (
                "transaction_id=order-7&first_name=%7Bsecrets.secret%7D&last_name=%22%F0%9F%8E%93%22"
                "&email=ada%2B1%40students.univ.example"
            ),
        ),
    ],
)
def test_the_request_is_the_documented_one_with_every_value_encoded(
    keeper: Loaded, fields: dict[str, str], query: str
) -> None:
    world = World(keeper, created())
    world.create(**fields)
    (call,) = world.calls
    assert call.url == f"{BASE}?{query}&hash={HASH}&partner_name=Univ%20%26%20Co&product_type=4"
    assert (call.method, call.headers, call.body) == ("GET", {}, None)
    assert (call.effect, call.repeatable) == ("write", False)
    assert dict(parse_qsl(urlsplit(call.url).query))["email"] == ADA
    assert not [word for word in hidden_words() if word in repr(call)]


@pytest.mark.parametrize(
    "email",
    [
        "Ada.L@Students.UNIV.example",
        "o'brien@students.univ.example",
        "jos\u00e9@students.univ.example",
        "jose\u0301@students.univ.example",
        "a%2Bb@students.univ.example",
    ],
)
def test_the_hash_is_over_the_address_as_it_is_sent(keeper: Loaded, email: str) -> None:
    world = World(keeper, created())
    row = world.create(email=email).row
    sent = dict(parse_qsl(urlsplit(world.calls[0].url).query))
    assert sent["email"] == row["email"] == email
    assert sent["hash"] == hashlib.sha256(f"{email}{SECRET}".encode()).hexdigest()


def test_the_vector_of_the_reference(keeper: Loaded) -> None:
    settings = {"partner.student_domains": ["univ.example"], "partner.primary_domains": ["staff.example"]}
    world = World(keeper, created(), settings=SETTINGS | settings, secret="s3cr3t-salt")
    world.create(email="student1@univ.example")
    assert "hash=f1b96067f5b9a4bfd96cc2e28d41bbeda7282aab269a06c4f49166ebeaf5ac87&" in world.calls[0].url


@pytest.mark.parametrize(
    ("region", "host"), [("EU", "keepersecurity.eu"), ("GOV", "govcloud.keepersecurity.us")]
)
def test_another_region_is_another_host(keeper: Loaded, region: str, host: str) -> None:
    plan = World(keeper, settings=SETTINGS | {"region": region}).directory.plan("create", LICENSES, GIVEN)
    assert plan.url.startswith(f"https://{host}/bi_api/v1/services/partner/create-license?")


def test_a_reference_that_is_not_given_is_made_sent_and_answered(keeper: Loaded) -> None:
    world = World(keeper, created(), created())
    fields = {"email": ADA, "first_name": "Ada"}
    rows = [world.directory.create(LICENSES, fields).row for _ in range(2)]
    sent = [dict(parse_qsl(urlsplit(call.url).query))["transaction_id"] for call in world.calls]
    assert sent == [row["transaction_id"] for row in rows]
    assert len(set(sent)) == 1


def test_what_was_made(keeper: Loaded) -> None:
    item = World(keeper, created()).create(last_name="Lovelace")
    assert item.result == StudentLicense(
        transaction_id="order-7",
        email=ADA,
        first_name="Ada",
        last_name="Lovelace",
        order_number="12345678-1234",
        vault_url=f"https://{LINK}",
        status="invited",
    )
    assert (item.warnings, item.is_partial_response) == ([], False)
    assert json.loads(item.to_json())["result"] == item.row
    assert OPENS not in repr(item)
    assert OPENS not in repr(item.result)


# A dry run -----------------------------------------------------------------------------------------------------


def refuse(_: Any) -> Any:
    raise AssertionError("nobody may be asked, and nobody waited for")


FIELDS: list[dict[str, str]] = [
    {},
    {"last_name": "Love & Lace"},
    {"first_name": "\u00dc'\"", "transaction_id": "x" * 500},
    {"email": "\u00fc@students.univ.example"},
]


@pytest.mark.parametrize("fields", FIELDS)
def test_a_dry_run_is_the_request_but_for_its_masks_and_sends_nothing(
    keeper: Loaded, fields: dict[str, str]
) -> None:
    world = World(keeper, created())
    dry = Directory(world.questions, refuse, refuse)
    plan = dry.plan("create", LICENSES, GIVEN | fields)
    assert world.calls == []
    world.create(**fields)
    (call,) = world.calls
    proof = hashlib.sha256(f"{(GIVEN | fields)['email']}{SECRET}".encode()).hexdigest()
    assert proof in call.url
    assert plan.to_dict() == {
        "method": call.method,
        "url": call.url.replace(proof, "[redacted]"),
        "headers": {},
        "body": None,
        "effect": "write",
        "repeatable": False,
    }
    assert json.loads(plan.to_json()) == plan.to_dict()
    assert proof not in repr(plan)


@pytest.mark.parametrize("source", PROOFS)
def test_a_dry_run_masks_headers_and_bodies_too(made: Loaded, source: str) -> None:
    fields = {"email": ADA}
    world = World(made, answer({"data": {}}), source=source)
    plan = Directory(world.questions, refuse, refuse).plan("create", LICENSES, fields)
    world.directory.create(LICENSES, fields)
    sent = (world.calls[0].body or b"").decode()
    assert PROOFS[source] in sent
    assert plan.body == sent.replace(PROOFS[source], "[redacted]")
    assert plan.headers == {"Content-Type": "application/json", "Authorization": "Bearer [redacted]"}
    assert (plan.effect, plan.repeatable) == ("write", False)
    assert not [word for word in hidden_words() if word in f"{plan!r} {plan.to_json().decode()}"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"email": "ada@univ.example"}, "email: univ.example is none of student_domains"),
    ({"email": None}, "email: E-mail address of the student is needed"),
    ({"first_name": ""}, "first_name: it is empty"),
    ({"hash": "0" * 64}, "unknown field 'hash'"),
    ({"product_type": "1"}, "unknown field 'product_type'"),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
def test_what_is_wrong_is_told_before_anything_is_sent(
    keeper: Loaded, fields: dict[str, Any], words: str
) -> None:
    dry = Directory(World(keeper).questions, refuse, refuse)
    for ask in (dry.create, partial(dry.plan, "create")):
        with pytest.raises(InvalidRequest, match="nothing was sent") as refused:
            ask(LICENSES, GIVEN | fields)
        assert words in refused.value.message


@pytest.mark.parametrize("fields", [None, [], "email", 7])
def test_fields_are_names_and_values(keeper: Loaded, fields: Any) -> None:
    with pytest.raises(InvalidRequest, match="fields: expected name → value"):
        Directory(World(keeper).questions, refuse, refuse).create(LICENSES, fields)


def test_only_what_can_be_made_is_made_and_nothing_of_it_is_read(keeper: Loaded) -> None:
    opened = open_account(
        keeper,
        settings={"scim.node_id": "7"} | SETTINGS,
        secrets={"scim.token": "scim-token", "partner.secret": SECRET},
    )
    directory = Directory(Questions(opened, Seal([b"k" * 32]), Settings(), Clock()), refuse, refuse)
    with pytest.raises(
        InvalidRequest, match=r"keeper can't update student_licenses: partner\.licenses has no `update`"
    ):
        directory.update(LICENSES, "order-7", {"first_name": "Ada"})
    with pytest.raises(
        InvalidRequest, match=r"keeper can't delete student_licenses: partner\.licenses has no `delete`"
    ):
        directory.delete(LICENSES, "order-7")
    with pytest.raises(
        InvalidRequest, match=r"keeper can't list student_licenses: partner\.licenses has no `list`"
    ):
        directory.list(LICENSES)
    with pytest.raises(
        InvalidRequest, match=r"keeper can't get student_licenses: partner\.licenses has no `get`"
    ):
        directory.get(LICENSES, "order-7")


# The outcome -----------------------------------------------------------------------------------------------------

UNCLEAR: dict[str, Reply] = {
    "a timeout after sending": VendorUnavailable("GET https://h/x: wait for the answer: nothing happened for 10 s"),
    "a reset": VendorUnavailable("GET https://h/x: read the answer: the connection was lost", sent=True),
    "500": answer({"success": False, "message": "oops"}, 500),
    "502": answer(b"<html>Bad gateway</html>", 502),
    "503": answer({}, 503, **{"retry-after": "1"}),
    "504": answer(b"", 504),
    "408": answer({}, 408),
    "599": answer({}, 599),
    "an empty 200": answer(b""),
    "a blank 200": answer(b" \r\n"),
    "204": answer(b"", 204),
    "HTML": answer(b"<html><h1>Welcome</h1></html>"),
    "half of JSON": answer(b'{"success": true, "order_number": "1", "vault_url": "' + LINK.encode()),
    "a list": answer([{"success": True, "vault_url": LINK}]),
    "null": answer(None),
    "true": answer(True),
    "a text": answer(f"created {LINK}"),
    "no word of success": answer({"order_number": "1", "vault_url": LINK}),
    "another word of success": answer({"success": "true", "vault_url": LINK}),
    "a nested one": answer({"data": {"success": True, "vault_url": LINK}}),
    "bytes": answer(b"\xff\xfe\x00"),
    "too large": VendorError("GET https://h/x: the answer is larger than 67,108,864 bytes", status=200),
    "too large a failure": VendorError("GET https://h/x: the answer is larger than 9 bytes", status=500),
}  # fmt: skip


@pytest.mark.parametrize("reply", UNCLEAR)
def test_what_was_sent_and_got_no_clear_answer_is_not_known_and_not_sent_again(
    keeper: Loaded, reply: str
) -> None:
    world = World(keeper, UNCLEAR[reply], created())
    error = world.fail()
    assert type(error) is WriteOutcomeUnknown
    assert (error.code, error.http_status, error.retryable) == ("write_outcome_unknown", 502, False)
    assert "it took effect is not known (create student_licenses: transaction_id order-7)" in error.message
    assert error.details == [ASKED | {"transaction_id": "order-7"}]
    assert "not sent again by itself" in (error.hint or "")
    assert (len(world.calls), world.waits) == (1, [])


@pytest.mark.parametrize("reply", UNCLEAR)
def test_a_reference_that_was_made_is_told_too(keeper: Loaded, reply: str) -> None:
    world = World(keeper, UNCLEAR[reply])
    error = world.fail({"email": ADA, "first_name": "Ada"})
    sent = dict(parse_qsl(urlsplit(world.calls[0].url).query))["transaction_id"]
    assert error.details == [ASKED | {"transaction_id": sent}]
    assert sent in error.message


WORDS = "Invalid request - Missing required fields"
REFUSED: dict[str, tuple[Answer, type[VendorFailure]]] = {
    "400": (answer({"success": False, "message": WORDS}, 400), VendorRefused),
    "401": (answer({"success": False, "message": WORDS}, 401), NeedsReauth),
    "403": (answer({"success": False, "message": WORDS}, 403), Forbidden),
    "404": (answer({"success": False, "message": WORDS}, 404), VendorNotFound),
    "409": (answer({"success": False, "message": WORDS}, 409), Conflict),
    "429": (answer({"success": False, "message": WORDS}, 429, **{"retry-after": "7"}), RateLimited),
    "200": (answer({"success": False, "message": WORDS}), VendorRefused),
}


@pytest.mark.parametrize("reply", REFUSED)
def test_what_the_vendor_refuses_is_told_apart_in_its_words_and_not_sent_again(
    keeper: Loaded, reply: str
) -> None:
    said, kind = REFUSED[reply]
    world = World(keeper, said, created())
    error = world.fail()
    assert type(error) is kind
    assert isinstance(error, VendorFailure)
    assert error.status == said.status
    assert error.message.startswith(f"keeper: GET {BASE} answered {reply} ")
    assert error.message.endswith(f": {WORDS}")
    assert "?" not in error.message
    assert error.retry_after == (7.0 if reply == "429" else None)
    assert (len(world.calls), world.waits) == (1, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(one, WriteOutcomeUnknown) for one in (300, 301, 302, 303, 304)]
    + [(307, VendorError), (308, VendorError)],
)
def test_a_redirect_is_not_followed(keeper: Loaded, status: int, kind: type[VendorFailure]) -> None:
    world = World(keeper, answer(b"", status, location=f"https://evil.example/?hash={HASH}"), created())
    error = world.fail()
    assert type(error) is kind
    assert f"answered {status}" in error.message
    if kind is VendorError:
        assert "redirects are not followed" in str(error)
    assert len(world.calls) == 1


@pytest.mark.parametrize(("status", "kind"), [(400, VendorRefused), (403, Forbidden), (422, VendorRefused)])
@pytest.mark.parametrize("body", [b"", b"<html>No</html>", b"{", b"[]"])
def test_a_refusal_without_words_is_one_too(
    keeper: Loaded, status: int, kind: type[VendorFailure], body: bytes
) -> None:
    world = World(keeper, answer(body, status))
    assert type(world.fail()) is kind
    assert len(world.calls) == 1


def test_what_was_not_sent_may_be_sent(keeper: Loaded) -> None:
    unsent = VendorUnavailable("GET https://h/x: connect: refused", sent=False)
    world = World(keeper, unsent, unsent, created())
    assert world.create().row["order_number"] == "12345678-1234"
    assert world.waits == [0.5, 1.0]
    assert len({call.url for call in world.calls}) == 1


def test_what_was_never_sent_is_a_failure_that_is_known(keeper: Loaded) -> None:
    world = World(keeper, *[VendorUnavailable("GET https://h/x: connect: refused", sent=False)] * 4)
    error = world.fail()
    assert type(error) is VendorUnavailable
    assert error.sent is False
    assert len(world.calls) == 4, "retry: times: 3"


def test_an_answer_that_is_lost_after_a_refused_connection_is_not_known(keeper: Loaded) -> None:
    world = World(keeper, VendorUnavailable("x", sent=False), VendorUnavailable("y"), created())
    assert type(world.fail()) is WriteOutcomeUnknown
    assert len(world.calls) == 2


def test_a_time_that_ends_before_it_was_sent_is_a_failure_that_is_known(keeper: Loaded) -> None:
    world = World(keeper, VendorUnavailable("x", sent=False), created(), oversleeps=20.0)
    error = world.fail()
    assert type(error) is VendorUnavailable
    assert "no time is left" in error.message
    assert len(world.calls) == 1


def test_an_address_that_may_not_be_called_is_a_refusal_of_ours(keeper: Loaded) -> None:
    world = World(keeper, EgressRefused("127.0.0.1 is not allowed"))
    assert type(world.fail()) is EgressRefused


# What the answer holds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "read"),
    [
        (LINK, f"https://{LINK}"),
        (f"keepersecurity.eu/vault/#{OPENS}", f"https://keepersecurity.eu/vault/#{OPENS}"),
        (f"https://{LINK}", f"https://{LINK}"),
        (f"https://KeeperSecurity.COM/vault/#{OPENS}", f"https://KeeperSecurity.COM/vault/#{OPENS}"),
        (f"https://govcloud.keepersecurity.us:443/#{OPENS}", f"https://govcloud.keepersecurity.us:443/#{OPENS}"),
    ],
)  # fmt: skip
def test_a_link_to_the_vendor_is_believed_and_completed(keeper: Loaded, link: str, read: str) -> None:
    item = World(keeper, created(vault_url=link)).create()
    assert (item.row["vault_url"], item.warnings) == (read, [])


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example/vault/#{OPENS}",
        f"EVIL.example/vault/#{OPENS}",
        f"https://EVIL.EXAMPLE/vault/#{OPENS}",
        f"http://{LINK}",
        f"//{LINK}",
        f"ftp://{LINK}",
        f"javascript:alert('{OPENS}')",
        f"javascript://{LINK}",
        f"data:text/html,{OPENS}",
        f"https://keepersecurity.com@evil.example/#{OPENS}",
        f"https://{OPENS}@keepersecurity.com/",
        f"https://keepersecurity.com:{OPENS}@evil.example/",
        f"https://keepersecurity.com:8443/#{OPENS}",
        f"https://keepersecurity.com.evil.example/#{OPENS}",
        f"https://notkeepersecurity.com/#{OPENS}",
        f"https://keepersecurity.us/#{OPENS}",
        f"https://evil.example\\@keepersecurity.com/#{OPENS}",
        f"https://evil.example#@keepersecurity.com/{OPENS}",
        f"https://keepersecurity.com/ #{OPENS}",
        f"https://keepersecurity.com/\n{OPENS}",
        f"https://keepersecurit\u0443.com/#{OPENS}",
        f"https:///{OPENS}",
        f"https://[::1]/{OPENS}",
        f"https://[/{OPENS}",
        "",
    ],
)
def test_any_other_link_is_not_handed_on_and_not_shown(keeper: Loaded, link: str) -> None:
    item = World(keeper, created(vault_url=link)).create()
    assert item.row["vault_url"] is None
    assert [(one.code, one.path, one.record_id) for one in item.warnings] == [
        ("link_refused", "$.vault_url", "order-7")
    ]
    assert OPENS not in item.to_json().decode()
    assert item.row["order_number"] == "12345678-1234", "it was made all the same"


@pytest.mark.parametrize(
    ("body", "warned"),
    [
        ({"success": True}, [("not_answered", "order_number"), ("not_answered", "vault_url")]),
        ({"success": True, "order_number": "7"}, [("not_answered", "vault_url")]),
        ({"success": True, "order_number": "7", "vault_url": None}, [("not_answered", "vault_url")]),
        ({"success": True, "order_number": None, "vault_url": LINK}, [("not_answered", "order_number")]),
        ({"success": True, "order_number": "7", "vault_url": 7}, [("wrong_type", None)]),
        ({"success": True, "order_number": 7, "vault_url": LINK}, [("wrong_type", None)]),
        ({"success": True, "order_number": "7", "vault_url": [LINK]}, [("wrong_type", None)]),
        ({"success": True, "order_number": "7", "vault_url": LINK, "more": 1}, []),
    ],
)
def test_what_is_missing_in_an_answer_is_warned_of_and_it_was_made(
    keeper: Loaded, body: Any, warned: list[Any]
) -> None:
    item = World(keeper, answer(body)).create()
    assert [(one.code, one.field) for one in item.warnings] == warned
    assert {one.record_id for one in item.warnings} <= {"order-7"}
    assert item.result.status == "invited"
    assert item.row["transaction_id"] == "order-7"


# What must never show --------------------------------------------------------------------------------------------


def echoes(secret: str, proof: str) -> dict[str, Answer]:
    """Answers that hold what was sent, or what opens the account, where nobody expects it."""
    query = f"https://h/?email={quote(ADA)}&hash={proof}"
    encoded = base64.b64encode(f"h={proof}".encode()).decode()
    return {
        "the query, in a refusal's words": answer({"success": False, "message": f"no: {query}"}, 400),
        "the hash in capitals": answer({"success": False, "message": f"bad hash {proof.upper()}"}, 401),
        "the hash in Base64": answer({"message": encoded}, 403),
        "the secret": answer({"success": False, "message": f"not {secret}", secret: [secret, quote(secret)]}, 400),
        "the query, in a page": answer(f"<html>{query} {secret}".encode(), 403),
        "the query, in a failure": answer({"url": query, "nested": [{"hash": proof}]}, 500),
        "the query, in a page of a failure": answer(f"<html>{query}".encode(), 502),
        "the query, in a page in place of an answer": answer(f"<html>{query}".encode()),
        "the link, in a refusal": answer({"success": False, "message": f"see {LINK}", "vault_url": LINK}),
        "the link, in a refusal by status": answer({"message": f"see {LINK}", "vault_url": LINK}, 409),
        "the link, in a failure": answer({"vault_url": LINK, "also": f"https://{LINK}"}, 500),
        "the link, cut off": answer(f'{{"success": true, "hash": "{proof}", "vault_url": "{LINK}'.encode()),
        "the link, in a long answer": answer({"vault_url": LINK, "long": ["x" * 100, LINK] * 100}),
        "the link, long and cut off": answer(b'{"l": "' + f"{LINK} {proof} ".encode() * 100),
        "the link alone": answer(LINK.encode()),
        "the link as JSON": answer(LINK),
        "the link in a list": answer([LINK, {"vault_url": LINK}]),
    }  # fmt: skip


ECHOES = echoes(SECRET, HASH)


@pytest.mark.parametrize("echo", ECHOES)
def test_neither_hash_nor_secret_nor_link_shows_in_an_error_a_trace_or_a_log(
    keeper: Loaded, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(keeper, ECHOES[echo])
    world.fail()
    world = World(keeper, ECHOES[echo])
    budget = world.questions._budget(patient=False)
    intent = intent_of(world.questions._tables, "create", LICENSES, [GIVEN], {}, None)
    with pytest.raises(VendorFailure) as raised:
        drive(send_once(intent, budget), world.send, world.sleep)
    assert_hidden(raised.value)
    (traced,) = budget.trace
    assert "hash=[redacted]" in traced["url"]
    shown = f"{budget.trace} {caplog.text} {world.questions!r} {world.directory!r}"
    assert not [word for word in hidden_words() if word in shown]


FAILS: dict[str, list[str]] = {
    "main.orders": list(ECHOES),
    # What it is answered is what was made, whatever that holds.
    "main.carried": [echo for echo, reply in ECHOES.items() if reply.status != 200 or "link" not in echo],
}


@pytest.mark.parametrize(("source", "echo"), [(source, echo) for source in FAILS for echo in FAILS[source]])
def test_nor_where_the_connector_expects_nothing_of_an_answer(made: Loaded, source: str, echo: str) -> None:
    world = World(made, echoes(KEY, PROOFS[source])[echo], source=source)
    assert isinstance(world.fail({"email": ADA}), VendorFailure)


# Other connectors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", [b"", b"<html>", b"{", b"[]", b"7", b"null", b"{}", b'{"data": null}', b'{"data": [{}]}']
)
def test_an_answer_without_what_was_made_is_not_known(made: Loaded, reply: bytes) -> None:
    world = World(made, answer(reply), source="main.orders")
    error = world.fail({"email": ADA, "ref": "7"})
    assert type(error) is WriteOutcomeUnknown
    assert error.details == [ASKED | {"ref": "7"}]
    assert len(world.calls) == 1


def test_what_was_stopped_is_told_without_what_is_hidden(keeper: Loaded) -> None:
    def stops(_: Call) -> Answer:
        raise KeyboardInterrupt

    world = World(keeper)
    with pytest.raises(KeyboardInterrupt) as stopped:
        Directory(world.questions, stops, refuse).create(LICENSES, GIVEN)
    error = stopped.value.__cause__
    assert isinstance(error, WriteOutcomeUnknown)
    assert error.message.startswith(f"GET {BASE}: it was stopped before an answer came; it was sent")
    assert "?" not in error.message
    assert error.details == [ASKED | {"transaction_id": "order-7"}]
    assert_hidden(error)


@pytest.mark.parametrize("status", [200, 500])
def test_a_failure_that_the_connector_reads_from_the_answer_is_one(made: Loaded, status: int) -> None:
    world = World(made, answer({"failed": True, "why": "no seats"}, status), source="main.orders")
    error = world.fail({"email": ADA})
    assert type(error) is Conflict
    assert error.message.endswith(": no seats")
    broke = World(made, answer({"broke": True, "why": "cut off"}, status), source="main.orders")
    assert type(broke.fail({"email": ADA})) is WriteOutcomeUnknown


def test_a_write_that_the_vendor_makes_repeatable_is_sent_again(made: Loaded) -> None:
    replies = (VendorUnavailable("cut off"), answer({}, 500), answer({"number": "7"}))
    world = World(made, *replies, source="main.again")
    assert world.directory.create(LICENSES, {"email": ADA}).row["order_number"] == "7"
    assert len(world.calls) == 3
    lost = World(made, *[VendorUnavailable("cut off")] * 4, source="main.again")
    error = lost.fail({"email": ADA})
    assert (type(error), error.details) == (WriteOutcomeUnknown, [ASKED])


LATER: dict[str, tuple[Answer | ConnectorError, ...]] = {
    "refused connection": (VendorUnavailable("can't connect", sent=False),) * 3,
    "refused address": (EgressRefused("127.0.0.1 is not allowed"),),
    "locked store": (StoreUnavailable("locked"),),
    "403": (answer({}, 403),),
    "404": (answer({}, 404),),
    "409": (answer({}, 409),),
    "429": (answer({}, 429, **{"retry-after": "3600"}),),
    "told": (answer({"failed": True, "why": "no seats"}),),
}


@pytest.mark.parametrize("first", [VendorUnavailable("cut off"), answer({}, 503)], ids=["silence", "503"])
@pytest.mark.parametrize("later", LATER)
def test_a_repeatable_write_that_was_sent_once_is_not_known_however_its_later_tries_fail(
    made: Loaded, first: Answer | ConnectorError, later: str
) -> None:
    world = World(made, copy(first), *map(copy, LATER[later]), source="main.again")
    error = world.fail({"email": ADA})
    assert (type(error), error.details) == (WriteOutcomeUnknown, [ASKED])
    assert "an earlier try was sent (" in error.message
    assert error.message.count("nothing was sent") == 0


@pytest.mark.parametrize("later", LATER)
def test_a_repeatable_write_whose_earlier_try_was_refused_or_not_sent_is_as_its_last_one(
    made: Loaded, later: str
) -> None:
    firsts: list[Reply] = [VendorUnavailable("can't connect", sent=False), answer({}, 429)]
    world = World(made, *firsts, *map(copy, LATER[later]), source="main.again")
    assert type(world.fail({"email": ADA})) is not WriteOutcomeUnknown


def test_a_repeatable_write_that_is_not_allowed_again_never_says_that_nothing_was_sent(
    tmp_path: Path,
) -> None:
    loaded = load_made(tmp_path, MADE.replace("check: none", "check: none\n    rate: {budget: 1/h}"))
    error = World(loaded, VendorUnavailable("cut off"), source="main.again").fail({"email": ADA})
    assert type(error) is WriteOutcomeUnknown
    assert "used up; an earlier try was sent (cut off), and" in error.message


def test_what_is_not_given_is_left_out_of_a_body(made: Loaded) -> None:
    world = World(made, answer({"data": {"number": "7"}}), answer({"data": {}}), source="main.orders")
    world.directory.create(LICENSES, {"email": ADA})
    world.directory.create(LICENSES, {"email": ADA, "note": "x"})
    assert [json.loads(call.body or b"").get("note", "left out") for call in world.calls] == ["left out", "x"]


# Over HTTP -------------------------------------------------------------------------------------------------------


STUDENT = {"email": "ada+1@students.acme.example", "first_name": "Ad\u00e4 & Co", "last_name": "O'Brien/1"}


def options(selling: Sandbox) -> dict[str, Any]:
    access = access_to(selling, ("partner",))
    return {
        "settings": access.settings,
        "secrets": access.secrets,
        "base_urls": access.base_urls,
        "allow_networks": access.allow_networks,
        "mappings": [MAPPINGS],
    }


def test_a_licence_is_made_by_the_double(selling: Sandbox) -> None:
    with Directory.connect("keeper", **options(selling)) as directory:
        assert directory.check() == {"partner": "no check"}
        assert "hash=[redacted]" in directory.plan("create", LICENSES, STUDENT).url
        assert not selling.orders
        item = directory.create(LICENSES, STUDENT)
    (order,) = selling.orders
    assert (order.email, order.first_name, order.last_name) == tuple(STUDENT.values())
    assert item.result.order_number == order.number
    assert item.result.transaction_id == order.transaction_id
    assert (item.result.vault_url or "").startswith("https://qa.keepersecurity.com/vault/#")
    assert item.warnings == []


def test_a_licence_is_made_while_others_wait(selling: Sandbox) -> None:
    async def make() -> Written[StudentLicense]:
        async with AsyncDirectory.connect("keeper", **options(selling)) as directory:
            assert directory.plan("create", LICENSES, STUDENT).effect == "write"
            return await directory.create("student_licenses", STUDENT)

    made = asyncio.run(make())
    assert [order.number for order in selling.orders] == [made.result.order_number]


def test_a_wrong_secret_makes_nothing(selling: Sandbox) -> None:
    with (
        Directory.connect(
            "keeper", **options(selling) | {"secrets": {"partner.secret": SECRET}}
        ) as directory,
        pytest.raises(NeedsReauth, match="Invalid Hash Value - UnAuthorized") as raised,
    ):
        directory.create(LICENSES, STUDENT)
    assert_hidden(raised.value)
    assert not selling.orders


def test_a_connection_that_closes_before_an_answer_came_leaves_the_outcome_unknown(
    selling: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with closing_server() as (url, requests):
        at = {"base_urls": {"partner": url}, "allow_networks": ["127.0.0.1"]}
        with Directory.connect("keeper", **options(selling) | at) as directory:
            directory._sleep = refuse
            with pytest.raises(WriteOutcomeUnknown) as raised:
                directory.create(LICENSES, STUDENT | {"transaction_id": "order-7"})
    (request,) = requests
    secret = access_to(selling, ("partner",)).secrets["partner.secret"]
    proof = hashlib.sha256(f"{STUDENT['email']}{secret}".encode()).hexdigest()
    assert request.startswith(
        b"GET /create-license?transaction_id=order-7&first_name=Ad%C3%A4%20%26%20Co&last_name=O%27Brien%2F1"
        b"&email=ada%2B1%40students.acme.example&hash=" + proof.encode() + b"&partner_name=Acme%20University"
        b"&product_type=4 HTTP/1.1\r\n"
    )
    assert raised.value.details == [ASKED | {"transaction_id": "order-7"}]
    shown = f"{raised.value} {raised.value.to_dict()} {caplog.text}"
    assert proof not in shown
    assert secret not in shown


def test_a_refused_connection_is_tried_again_and_known_to_have_made_nothing(selling: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    at = {"base_urls": {"partner": f"http://127.0.0.1:{port}"}, "allow_networks": ["127.0.0.1"]}
    waits: list[float] = []
    with Directory.connect("keeper", **options(selling) | at, clock=Clock(random=lambda: 0.0)) as directory:
        directory._sleep = waits.append
        with pytest.raises(VendorUnavailable) as raised:
            directory.create(LICENSES, STUDENT)
    assert raised.value.sent is False
    assert len(waits) == 3
