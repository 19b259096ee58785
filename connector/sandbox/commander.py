"""The vendor's Commander Service Mode over a made-up tenant, as a Litestar application.

A double of Keeper's Commander 18.1.8, its queue switched on and its encryption off. Recorded from it, or read
in its source, and so copied: the endpoints, statuses and bodies, with their keys in order and a line break at
the end; `api-key`; the order of the checks (calls a minute, key, request, command); the budget that each
endpoint has for itself and that a call with a wrong key spends too, 429 without Retry-After; a request's
command that comes back with HTML escapes; `X-API-Legacy` on all that the old api answers.

Made up: which commands the key may use, that nothing is the limit when no rate is given (the vendor's is 60),
that from its third time on "not completed yet" says `completed` (the vendor's does when two look-ups cross),
and the page of a 404. Left out: keys that expire, addresses that are refused, several keys with requests of
their own, `filedata` (taken, and not read), the onboarding endpoints, answers of 413 and 426.

It keeps its state on the event loop that serves it, and never reaches outside this process.
"""

from __future__ import annotations

import hmac
import html
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException

from connector.sandbox.budget import Budget, Clock
from connector.sandbox.commander_console import Console, Outcome, error_outcome, written
from connector.sandbox.commander_line import COMMANDS, words_checked
from connector.sandbox.commander_queue import EXPIRED, Queue, QueueFull, Ticket
from connector.sandbox.enterprise import Enterprise

__all__ = ["commander_app"]

_LONGEST_COMMAND = 4096
_LOOKS_THAT_CROSS = 3
_NOT_FOUND = error_outcome(404, "Error: Request not found")
_FULL = error_outcome(503, "Error: Request queue is full. Please try again later.")
_QUEUED = (
    "Request queued successfully. Use /api/v2/status/<request_id> to check progress, "
    "/api/v2/result/<request_id> to get results, or /api/v2/queue/status for queue info."
)

_Request = Request[Any, Any, Any]


def commander_app(
    enterprise: Enterprise,
    *,
    rate: int | None = None,
    clock: Clock = time.monotonic,
    pending_looks: int = 1,
) -> Litestar:
    """Shows and changes what the customer holds.

    `rate`: calls to each endpoint in a minute of `clock`; `pending_looks`: how many looks at a request, at its
    status or its result, find it unfinished.
    """
    queue = Queue(Console(enterprise).run, clock, pending_looks)

    def admission() -> Callable[[_Request], Awaitable[Response[bytes] | None]]:
        """The checks before one endpoint, with the endpoint's own budget."""
        budget = Budget(rate, clock)

        async def admit(request: _Request) -> Response[bytes] | None:
            if budget.spend() is not None:
                return _answer(_too_many(rate))
            given = request.headers.get("api-key", "").strip()
            if not hmac.compare_digest(given.encode(), enterprise.tenant.api_key.encode()):
                return _answer(error_outcome(401, "Please provide a valid api key"))
            return None

        return admit

    @get("/health")
    async def tell_health() -> Response[bytes]:
        return _answer(Outcome(200, {"status": "ok"}))

    @post("/api/v2/executecommand-async", before_request=admission())
    async def submit(request: _Request) -> Response[bytes]:
        line = await _line_of(request)
        if isinstance(line, Outcome):
            return _answer(line)
        try:
            ticket = queue.submit(line)
        except QueueFull:
            return _answer(_FULL)
        fields = {"success": True, "request_id": ticket.id, "status": "queued", "message": _QUEUED}
        return _answer(Outcome(202, fields))

    @get("/api/v2/status/{key:str}", before_request=admission())
    async def read_status(request: _Request) -> Response[bytes]:
        ticket = queue.look(request.path_params["key"])
        return _answer(_NOT_FOUND if ticket is None else Outcome(200, _status_of(ticket)))

    @get("/api/v2/result/{key:str}", before_request=admission())
    async def read_result(request: _Request) -> Response[bytes]:
        ticket = queue.look(request.path_params["key"])
        return _answer(_NOT_FOUND if ticket is None else _result_of(ticket))

    @get("/api/v2/queue/status", before_request=admission())
    async def read_queue() -> Response[bytes]:
        return _answer(Outcome(200, {"success": True, **queue.counts()}))

    @post("/api/v1/executecommand", before_request=admission(), after_request=_marked_as_legacy)
    async def execute(request: _Request) -> Response[bytes]:
        line = await _line_of(request)
        if isinstance(line, Outcome):
            return _answer(line)
        try:
            ticket = queue.submit(line)
        except QueueFull:
            return _answer(_FULL)
        return _answer(queue.finish(ticket))

    return Litestar(
        [tell_health, submit, read_status, read_result, read_queue, execute],
        exception_handlers={HTTPException: lambda _, error: _page(error.status_code)},
        openapi_config=None,
        logging_config=None,
    )


async def _line_of(request: _Request) -> str | Outcome:
    """The command line of a request, or why there is none that may run."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return error_outcome(400, "Content-Type must be application/json")
    try:
        sent = json.loads(await request.body())
    except (ValueError, RecursionError):
        return error_outcome(400, "Invalid JSON format")
    if not sent:
        return error_outcome(400, "Invalid or empty JSON")
    if not isinstance(sent, dict):
        return error_outcome(403, "Access denied")
    return _permitted(sent.get("command"))


def _permitted(command: Any) -> str | Outcome:
    if command is None:
        return error_outcome(400, 'Missing required field "command"')
    if not isinstance(command, str):
        return error_outcome(400, "Command must be a string")
    if len(command) > _LONGEST_COMMAND:
        return error_outcome(400, "Command length exceeded")
    try:
        words = words_checked(command)
    except ValueError:
        return error_outcome(400, "Invalid command syntax")
    if not words:
        return error_outcome(400, "Command must not be empty")
    if words[0] not in COMMANDS:
        return error_outcome(403, "Not permitted to perform this function")
    return command


def _too_many(rate: int | None) -> Outcome:
    error = f"Service rate limit exceeded: {rate} per 1 minute"
    return Outcome(429, {"status": "error", "error": error, "result_code": "rate_limited"})


def _result_of(ticket: Ticket) -> Outcome:
    if ticket.outcome is not None:
        return ticket.outcome
    if ticket.state == "expired":
        return Outcome(504, {"error": EXPIRED})
    state = ticket.state if ticket.looks < _LOOKS_THAT_CROSS else "completed"
    return Outcome(202, {"error": "Error: Request not completed yet", "status": state})


def _status_of(ticket: Ticket) -> Mapping[str, Any]:
    outcome = ticket.outcome
    return {
        "success": True,
        "request_id": ticket.id,
        "command": html.escape(ticket.line),
        "status": ticket.state,
        "created_at": ticket.created_at,
        "started_at": ticket.started_at,
        "completed_at": ticket.completed_at,
        "result": None if outcome is None else written(outcome.fields),
        "status_code": None if outcome is None else outcome.status,
        "error_message": EXPIRED if ticket.state == "expired" else None,
        "temp_files": [],
    }


def _answer(outcome: Outcome) -> Response[bytes]:
    body = written(outcome.fields) + b"\n"
    return Response(body, status_code=outcome.status, media_type="application/json")


async def _marked_as_legacy(response: Response[bytes]) -> Response[bytes]:
    response.headers["X-API-Legacy"] = "true"
    return response


def _page(status: int) -> Response[bytes]:
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n"
    return Response(page.encode(), status_code=status, media_type="text/html")
