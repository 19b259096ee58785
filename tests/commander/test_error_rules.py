"""What the connector makes of every failure that the vendor's code or documentation has and no recording shows.

The words are those of the vendor; each is given as the result of a queued command, and by the older way as well.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.account import open_account
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import ConnectorError
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call
from tests.contract.cases import loaded

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
FAILURES: list[tuple[str, int, Any, str, str]] = [
    ("part of it failed", 207, {"status": "partial_success", "error": "2 not found", "data": None}, "vendor_error", "2 not found"),
    ("a warning in place of data", 207, {"status": "warning", "message": ["one", "two"], "data": None}, "vendor_error", "one two"),
    ("an error that is called a success", 200, {"status": "error", "error": "no session"}, "vendor_error", "no session"),
    ("a success without data", 200, {"status": "success", "message": "usage: …", "data": None}, "vendor_error", "expected list, got null"),
    ("a warning", 409, {"status": "warning", "message": "Team 'A' already exists: Skipping", "data": None}, "conflict", "already exists"),
    ("a warning of another kind", 400, {"status": "warning", "message": "Warning: skipping", "data": None}, "invalid_request", "skipping"),
    ("a command that is wrong", 400, {"status": "error", "error": "unrecognized arguments: --x"}, "invalid_request", "unrecognized"),
    ("a line that is too long", 400, {"status": "error", "error": "Command length exceeded"}, "invalid_request", "length exceeded"),
    ("a key that has expired", 401, {"status": "error", "error": "API key has expired"}, "needs_reauth", "expired"),
    ("a key that is not valid any more", 401, {"status": "error", "error": "Invalid or expired API key"}, "needs_reauth", "Invalid or expired"),
    ("a service that is logged out", 401, {"status": "error", "error": "No active session. Please log in through the CLI first."}, "needs_reauth", "No active session"),
    ("an address that is shut out", 403, {"status": "error", "error": "IP is not allowed to call API service"}, "forbidden", "addresses that the service allows"),
    ("a right that is lacking", 403, {"status": "error", "error": "You must be a root admin"}, "forbidden", "root admin"),
    ("an object that is not there", 500, {"status": "error", "error": "Unexpected error: enterprise-user: No such user(s)"}, "not_found", "No such user"),
    ("an error of any other kind", 500, {"status": "error", "error": "Unexpected error: int() argument"}, "vendor_error", "int() argument"),
    ("an answer that is too large", 413, {"status": "error", "error": "Response too large"}, "vendor_error", "too large"),
    ("a tenant that is slowed down", 429, {"status": "error", "error": "throttled", "result_code": "throttled"}, "rate_limited", "slows this tenant down"),
    ("the same by number", 429, {"status": "error", "error": "throttled", "result_code": "429"}, "rate_limited", "slows this tenant down"),
    ("no service at that address", 410, {"status": "error", "error": "gone"}, "vendor_error", "is it a Commander service"),
    ("a page in place of an answer", 200, "<html>Welcome</html>", "vendor_error", "no Commander service"),
    ("an encrypted answer", 200, bytes(range(128, 256)), "vendor_error", "turn encryption off"),
]  # fmt: skip
OF_THE_QUEUE: list[tuple[str, int, Any, str, str]] = [
    ("a request that waited too long", 504, {"error": "Error: Request expired after waiting more than 300s in queue"}, "vendor_unavailable", "expired after waiting"),
    ("a request that is not known", 404, {"status": "error", "error": "Error: Request not found"}, "vendor_unavailable", "is lost"),
]  # fmt: skip


def body_of(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def said(version: str, *answers: Answer) -> tuple[str, str]:
    """(what came of a check, all that was said about it); the answers come in this order, the last again and again."""
    account = open_account(
        loaded("keeper"),
        settings={"commander.url": "https://commander.example", "commander.version": version},
        secrets={"commander.api_key": "key-of-the-service"},
    )
    left = list(answers)

    def send(_: Call) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    questions = Questions(account, Seal([b"k" * 32]), Settings(), Clock())
    try:
        Directory(questions, send, lambda _: None).check()
    except ConnectorError as error:
        return error.code, f"{error.message} {error.hint} {error.raw_response}"
    return "ok", ""


SUBMITTED = Answer(202, {}, b'{"success": true, "request_id": "r1", "status": "queued"}')


@pytest.mark.parametrize("row", [*FAILURES, *OF_THE_QUEUE], ids=lambda row: row[0])
def test_the_result_of_a_queued_command(row: tuple[str, int, Any, str, str]) -> None:
    _, status, body, code, words = row
    found, text = said("v2", SUBMITTED, Answer(status, {}, body_of(body)))
    assert (found, words in text) == (code, True), text


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row[0])
def test_the_answer_of_the_older_way(row: tuple[str, int, Any, str, str]) -> None:
    _, status, body, code, words = row
    found, text = said("v1", Answer(status, {}, body_of(body)))
    assert (found, words in text) == (code, True), text


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(503, {}, b'{"status":"error","error":"Error: Request queue is full. Please try again later."}'), "vendor_unavailable", "queue is full"),
        (Answer(404, {"content-type": "text/html"}, b"<html>Not Found</html>"), "vendor_error", "commander.version=v1"),
        (Answer(429, {}, b'{"error":"Service rate limit exceeded","result_code":"rate_limited"}'), "rate_limited", "its configuration can raise"),
        (Answer(502, {}, HTML.encode()), "vendor_unavailable", "502"),
    ],
    ids=["full", "no queue", "limited", "gateway"],
)  # fmt: skip
def test_a_request_that_is_not_taken(answer: Answer, code: str, words: str) -> None:
    found, text = said("v2", answer)
    assert (found, words in text) == (code, True), text
