"""The vendor's SCIM api over a made-up tenant, as a Litestar application: a double of Keeper's cloud.

Documented by Keeper, or read in its own clients, and so copied: the base path with the node's id; bearer
token; Users and Groups with GET, Users with POST; startIndex (from 1) and count; the envelope and a user's
keys as recorded from a real tenant (`itemsPerPage` is what this page holds, no `meta`); displayName that
falls back to the e-mail; invited users that look active; `active: false` for locked ones; 201, 409 for an
e-mail that is taken, 428 when the seats are used up; `excludedAttributes=members`; the numbers under `bulk`.

Made up, because nothing is known: every error's body (RFC 7644's form for most; empty for 401 and HTML for
429, since a client must bear both), 429 itself and its Retry-After, the order of a listing, the only filter
(`userName eq "…"`; all else is 400), 404 for a foreign node, that an e-mail of another node is taken, a
team's members, the rest of ServiceProviderConfig, and a page's cap: the vendor's is 10,000 users, ours is
lower so that a small tenant has several pages and `count` is not always obeyed. PUT, PATCH, DELETE, Bulk,
Schemas and ResourceTypes exist at the vendor and are left out here: their answers are not documented well
enough to copy.

It keeps its state on the event loop that serves it, and never reaches outside this process.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException

from connector.sandbox.budget import Budget, Clock
from connector.sandbox.shapes import (
    Json,
    config_record,
    error_record,
    group_record,
    list_head,
    member_record,
    user_record,
)
from connector.sandbox.tenant import Person, Tenant, user_id

__all__ = ["BASE_PATH", "PAGE_LIMIT", "scim_app"]

BASE_PATH = "/api/rest/scim/v2"
PAGE_LIMIT = 100

_DEFAULT_COUNT = 1000
_SCIM = "application/scim+json"

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_USERNAME_EQ = re.compile(r'\s*userName\s+eq\s+("(?:[^"\\]|\\.)*")\s*', re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_Request = Request[Any, Any, Any]


class _ScimError(Exception):
    """A refusal in RFC 7644's form (§3.12)."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


class _NewName(msgspec.Struct, rename="camel"):
    given_name: str | None = None
    family_name: str | None = None


class _NewUser(msgspec.Struct, rename="camel"):
    """What POST reads. `groups` is accepted and dropped: the vendor queues memberships of invited users."""

    user_name: str
    display_name: str | None = None
    name: _NewName | None = None
    external_id: str | None = None
    title: str | None = None
    groups: list[Json] = []


@dataclass(slots=True)
class _Records:
    """Records of one kind, each encoded once; a page is a join of them."""

    noun: str
    encoded: list[bytes] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, key: str, record: Json) -> bytes:
        self.places[key] = len(self.encoded)
        self.encoded.append(msgspec.json.encode(record))
        return self.encoded[-1]

    def one(self, key: str) -> Response[bytes]:
        if key not in self.places:
            raise _ScimError(404, f"{self.noun} {key} not found")
        return _answer(200, self.encoded[self.places[key]])


def scim_app(
    tenant: Tenant,
    people: list[Person],
    *,
    seats: int | None = None,
    rate: int | None = None,
    clock: Clock = time.monotonic,
    page_limit: int = PAGE_LIMIT,
) -> Litestar:
    """Serves `people`, and adds to them whom a caller invites.

    `seats`: how many users fit; `rate`: calls in a minute of `clock`; `page_limit`: records on a page.
    """
    users, taken = _Records("User"), dict[str, str]()
    members: dict[str, list[Json]] = defaultdict(list)
    for person in people:
        taken[person.email.casefold()] = person.id
        if person.node != tenant.scim_node:
            continue
        users.add(person.id, user_record(person))
        for team in person.teams:
            members[team.uid].append(member_record(person))
    groups, bare_groups = _Records("Group"), _Records("Group")
    for team in tenant.teams:
        bare_groups.add(team.uid, group_record(team))
        groups.add(team.uid, {**group_record(team), "members": members[team.uid]})

    def chosen_groups(request: _Request) -> _Records:
        dropped = request.query_params.get("excludedAttributes", "").casefold().split(",")
        return bare_groups if "members" in (word.strip() for word in dropped) else groups

    @get("/Users")
    async def list_users(request: _Request) -> Response[bytes]:
        wanted = request.query_params.get("filter")
        if wanted is None:
            return _page(users.encoded, request.query_params, page_limit)
        place = users.places.get(taken.get(_username_in(wanted).casefold(), ""))
        found = [] if place is None else [users.encoded[place]]
        return _page(found, request.query_params, page_limit)

    @get("/Users/{key:str}")
    async def read_user(request: _Request) -> Response[bytes]:
        return users.one(request.path_params["key"])

    @post("/Users")
    async def invite_user(request: _Request) -> Response[bytes]:
        new = _new_user(await request.body())
        if new.user_name.casefold() in taken:
            raise _ScimError(409, f"User {new.user_name} already exists", "uniqueness")
        if seats is not None and len(people) >= seats:
            raise _ScimError(428, f"All {seats} licensed seats are in use")
        person = Person(
            id=user_id(tenant.enterprise_id, len(people)),
            email=new.user_name,
            display=new.display_name or new.user_name,
            node=tenant.scim_node,
            given=new.name.given_name if new.name else None,
            family=new.name.family_name if new.name else None,
            title=new.title,
            external_id=new.external_id,
            invited=True,
        )
        people.append(person)
        taken[person.email.casefold()] = person.id
        return _answer(201, users.add(person.id, user_record(person)))

    @get("/Groups")
    async def list_groups(request: _Request) -> Response[bytes]:
        if "filter" in request.query_params:
            raise _ScimError(400, "No filter on Groups is supported", "invalidFilter")
        return _page(chosen_groups(request).encoded, request.query_params, page_limit)

    @get("/Groups/{key:str}")
    async def read_group(request: _Request) -> Response[bytes]:
        return chosen_groups(request).one(request.path_params["key"])

    @get("/ServiceProviderConfig")
    async def read_config() -> Response[bytes]:
        return _answer(200, msgspec.json.encode(config_record(page_limit)))

    budget = Budget(rate, clock)

    async def admit(request: _Request) -> Response[bytes] | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not hmac.compare_digest(token.encode(), tenant.token.encode()):
            return Response(b"", status_code=401, headers={"www-authenticate": "Bearer"})
        if (wait := budget.spend()) is not None:
            page = b"<html><head><title>429 Too Many Requests</title></head><body></body></html>"
            return Response(page, status_code=429, media_type="text/html", headers={"retry-after": str(wait)})
        if request.path_params["node_id"] != tenant.node_id:
            return _refusal(_ScimError(404, f"Node {request.path_params['node_id']} not found"))
        return None

    return Litestar(
        [list_users, read_user, invite_user, list_groups, read_group, read_config],
        path=f"{BASE_PATH}/{{node_id:str}}",
        before_request=admit,
        exception_handlers={
            _ScimError: lambda _, error: _refusal(error),
            HTTPException: lambda _, error: _refusal(_ScimError(error.status_code, error.detail)),
        },
        openapi_config=None,
        logging_config=None,
    )


def _answer(status: int, body: bytes) -> Response[bytes]:
    return Response(body, status_code=status, media_type=_SCIM)


def _refusal(error: _ScimError) -> Response[bytes]:
    record = error_record(error.status, error.detail, error.scim_type)
    return _answer(error.status, msgspec.json.encode(record))


def _page(records: Sequence[bytes], query: Mapping[str, str], page_limit: int) -> Response[bytes]:
    # Below 1 and below 0 are read as RFC 7644 §3.4.2.4 says; the vendor's own reading is unknown.
    start = max(1, _integer(query, "startIndex", 1))
    count = min(max(0, _integer(query, "count", _DEFAULT_COUNT)), page_limit)
    shown = records[start - 1 : start - 1 + count]
    head = list_head(len(records), start, len(shown)).encode()
    return _answer(200, b"".join((head, b",".join(shown), b"]}")))


def _integer(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not _INTEGER.fullmatch(text):
        raise _ScimError(400, f"{name} must be an integer", "invalidValue")
    return int(text)


def _username_in(wanted: str) -> str:
    found = _USERNAME_EQ.fullmatch(wanted)
    try:
        return str(json.loads(found[1])) if found else _no_filter()
    except ValueError:  # an escape that JSON doesn't know
        return _no_filter()


def _no_filter() -> str:
    raise _ScimError(400, 'The only supported filter is userName eq "…"', "invalidFilter")


def _new_user(body: bytes) -> _NewUser:
    try:
        new = msgspec.json.decode(body, type=_NewUser)
    except msgspec.ValidationError as error:
        raise _ScimError(400, str(error), "invalidValue") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _ScimError(400, "The body is no JSON", "invalidSyntax") from error
    if not _EMAIL.fullmatch(new.user_name):
        raise _ScimError(400, "userName must be an e-mail address", "invalidValue")
    return new
