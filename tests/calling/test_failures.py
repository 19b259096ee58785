"""A vendor that answers no page at all, over HTTP: each answer means one error, with its status and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connector import Directory, errors
from connector.errors import VendorFailure
from tests.calling.vendor import TOKEN, Reply, Vendor, people
from tests.conftest import Calling

HTML = Reply(503, b"<html><h1>Down for maintenance</h1></html>", {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Failure:
    """An answer, the error that it means, and how often the vendor is asked before it is raised."""

    name: str
    reply: Reply
    error: type[VendorFailure]
    words: str
    asked: int = 1


TABLE = [
    Failure("refused credentials", Reply.json({}, 401), errors.NeedsReauth, "401 Unauthorized"),
    Failure("no right", Reply.json({}, 403), errors.Forbidden, "403 Forbidden"),
    Failure("nothing there", Reply.json({}, 404), errors.VendorNotFound, "404 Not Found"),
    Failure("wrong request", Reply.json({}, 400), errors.VendorRefused, "400 Bad Request"),
    Failure("state forbids it", Reply.json({}, 409), errors.Conflict, "409 Conflict"),
    Failure("gone", Reply.json({}, 410), errors.VendorNotFound, "410 Gone"),
    Failure("too many calls", Reply.json({}, 429), errors.RateLimited, "429 Too Many Requests", 4),
    Failure("its own failure", Reply.json({}, 500), errors.VendorUnavailable, "500 Internal Server Error", 4),
    Failure("an unknown failure", Reply.json({}, 599), errors.VendorUnavailable, "answered 599", 4),
    Failure("a page for people", HTML, errors.VendorUnavailable, "503 Service Unavailable", 4),
    Failure("a redirect", Reply(302, b"", {"Location": "http://127.0.0.1:9/"}), errors.VendorError, "302 Found"),
    Failure("not JSON", Reply(200, b"<html>Sign in</html>"), errors.VendorError, "not JSON .*it begins '<html>"),
    Failure("half of JSON", Reply(200, b'{"items": ['), errors.VendorError, "not JSON"),
    Failure("not a number", Reply(200, b'{"items": [], "total": NaN}'), errors.VendorError, "not JSON"),
    Failure("not text", Reply(200, b"\xff\xfe\x00"), errors.VendorError, "not JSON"),
    Failure("nothing", Reply(200, b""), errors.VendorError, "no records|nothing at|is empty"),
    Failure("no content", Reply(204, b""), errors.VendorError, "no records|nothing at|is empty"),
]  # fmt: skip


@pytest.mark.parametrize("failure", TABLE, ids=lambda failure: failure.name)
def test_answer_means(calling: Calling, failure: Failure) -> None:
    vendor = calling.server.vendor = Vendor(people(3), script=[failure.reply] * failure.asked)
    with pytest.raises(VendorFailure, match=failure.words) as raised:
        calling.directory("offset_total").list("users")
    assert type(raised.value) is failure.error
    assert raised.value.status in (failure.reply.status, None)
    assert len(vendor.asked) == failure.asked
    assert len(calling.waits) == failure.asked - 1
    said = raised.value.to_dict()
    assert said["is_remote_error"] is True
    assert said["statusCode"] == failure.error.http_status
    assert "offset_total: GET http://127.0.0.1" in said["message"] or failure.reply.status < 300
    assert "?" not in said["message"], "a query may hold what is no one's business"
    assert TOKEN not in str(said)


@pytest.mark.parametrize("reply", [Reply.json({}, 500), HTML, Reply.json({}, 429, **{"Retry-After": "3"})])
def test_a_failure_that_passes_is_tried_again(calling: Calling, reply: Reply) -> None:
    calling.server.vendor = Vendor(people(3), script=[reply])
    page = calling.directory("offset_total").list("users")
    assert len(page.rows) == 3
    assert calling.waits == [3.0 if reply.status == 429 else 0.25]


def test_a_redirect_is_not_followed_and_says_what_to_look_at(calling: Calling) -> None:
    there = Reply(301, b"", {"Location": f"{calling.server.url}/offset/total"})
    vendor = calling.server.vendor = Vendor(people(3), script=[there])
    with pytest.raises(errors.VendorError, match="check the base address"):
        calling.directory("offset_total").list("users")
    assert len(vendor.asked) == 1


def test_wrong_credentials_never_show(calling: Calling) -> None:
    calling.server.vendor = Vendor(
        [], script=[Reply.json({"error": f"bad token {TOKEN}", TOKEN: [TOKEN]}, 401)]
    )
    with pytest.raises(errors.NeedsReauth) as raised:
        calling.directory("offset_total").check()
    assert raised.value.raw_response == {"error": "bad token [redacted]", "[redacted]": ["[redacted]"]}
    assert "enter new ones" in str(raised.value)


ECHOES = {
    "where the page begins": Reply.json({"items": people(3), "start": TOKEN, "total": 3}),
    "in place of a record": Reply.json({"items": people(3), "start": 0, "total": 3, TOKEN: TOKEN}, 500),
    "in place of JSON": Reply(200, f"hello {TOKEN}".encode()),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_secret_that_the_vendor_sends_back_never_shows(calling: Calling, echo: str) -> None:
    calling.server.vendor = Vendor(people(3), script=[ECHOES[echo]] * 4)
    with pytest.raises(errors.ConnectorError) as raised:
        calling.directory("offset_total").list("users")
    assert "[redacted]" in str(raised.value.to_dict())
    for shown in (str(raised.value), repr(raised.value), str(raised.value.args), str(raised.value.to_dict())):
        assert TOKEN not in shown


def test_a_secret_in_place_of_an_id_never_shows(calling: Calling) -> None:
    calling.server.vendor = Vendor([], script=[Reply.json({"id": TOKEN, "name": "x", "active": True})])
    with pytest.raises(errors.VendorError, match=r"the answer is about '\[redacted\]'") as raised:
        calling.directory("offset_total").get("users", "u0")
    assert TOKEN not in f"{raised.value!r} {raised.value.to_dict()}"


def test_a_cursor_goes_on_whichever_name_the_secret_is_given_by(calling: Calling) -> None:
    calling.server.vendor = Vendor(people(5))

    def connect(name: str, secret: str = TOKEN) -> Directory:
        return Directory.connect(
            "offset_total",
            {"base_url": calling.server.url},
            {name: secret},
            allow_networks=["127.0.0.1"],
            mappings=[calling.mappings],
        )

    with connect("token") as short, connect("main.token") as full, connect("token", "another") as other:
        for one, two in ((short, full), (full, short)):
            cursor = one.list("users", limit=3).next_cursor
            assert [row["id"] for row in two.list("users", cursor=cursor).rows] == ["u3", "u4"]
            with pytest.raises(errors.CursorInvalid):
                other.list("users", cursor=cursor)


def test_check_calls_what_the_connector_names(calling: Calling) -> None:
    vendor = calling.server.vendor = Vendor([])
    assert calling.directory("offset_total").check() == {"main": "ok"}
    assert vendor.asked == ["/check"]


def test_get(calling: Calling) -> None:
    vendor = calling.server.vendor = Vendor([*people(2), {"id": "a/../b?c", "name": "Odd", "active": True}])
    directory = calling.directory("offset_total")
    assert directory.get("users", "u1").result.name == "Person 1"
    with pytest.raises(errors.VendorNotFound) as raised:
        directory.get("users", "u9")
    assert raised.value.http_status == 404
    with pytest.raises(errors.VendorNotFound):
        directory.get("users", "a/../b?c")
    assert vendor.asked[-1] == "/people/a%2F..%2Fb%3Fc", "an id is one segment of the path, whatever it holds"


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_not_sent(calling: Calling, key: str) -> None:
    vendor = calling.server.vendor = Vendor(people(2))
    with pytest.raises(errors.InvalidRequest, match="can't be"):
        calling.directory("offset_total").get("users", key)
    assert vendor.asked == []


def test_a_record_of_someone_else_is_refused(calling: Calling) -> None:
    calling.server.vendor = Vendor([], script=[Reply.json(people(2)[1])])
    with pytest.raises(errors.VendorError, match="asked for users 'u0', and the answer is about 'u1'"):
        calling.directory("offset_total").get("users", "u0")
