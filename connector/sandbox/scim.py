"""The vendor's SCIM api over a made-up customer, as a Litestar application: a double of Keeper's cloud.

Documented by Keeper, or read in its own clients, and so copied: the base path with the node's id; a bearer
token for each node; Users with GET, POST, PUT, PATCH and DELETE, Groups with all but PUT; startIndex (from 1) and count; the
envelope and a user's keys as recorded from a real tenant (`itemsPerPage` is what this page holds, no `meta`);
displayName that falls back to the e-mail; invited users that look active; `active: false` for locked ones, whom
PATCH locks and unlocks; 201, 409 for an e-mail that is taken, 428 when the seats are used up; the numbers under
`bulk`; that team names may repeat; that a new user is invited and that new teams and memberships wait for approval.

Told by others, who cite the vendor's documentation, which was not read again for it: that DELETE of a user only locks, and
of a group deletes; `excludedAttributes=members`.

Made up, because nothing is known: every error's body (RFC 7644's form for most; empty for 401 and HTML for
429, since a client must bear both), 429 itself and its Retry-After, the order of a listing, the only filter
(`userName eq "…"`; all else is 400), 401 for a token of another node or one that has
expired, 404 for a node without an endpoint and for a user or group of another node, that an e-mail
of another node is taken, the rest of ServiceProviderConfig, and a page's cap: the vendor's is 10,000 users, ours is
lower so that a small tenant has several pages and `count` is not always obeyed. Of writes: that PATCH and PUT answer
with the record and DELETE with nothing; that a lock is the identity provider's, falls on invited users too, and is
lifted whoever set it; that an address never changes; that an unknown group is 400 when it is joined, nothing when
it is left. What is read of a body stands in `scim_bodies`, what an endpoint shows in `scim_listing`.

Left out: groups that become roles by a prefix, PATCH of a group's `members`, Bulk, Schemas and ResourceTypes.

It keeps its state on the event loop that serves it, and never reaches outside this process.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import msgspec
from litestar import Litestar, Request, Response, delete, get, patch, post, put
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from connector.sandbox.budget import Budget, Clock
from connector.sandbox.enterprise import EmailTaken, Enterprise, SeatsUsedUp
from connector.sandbox.events import SCIM
from connector.sandbox.scim_answers import answer, page, refusal, window
from connector.sandbox.scim_bodies import (
    Join,
    Leave,
    ScimError,
    Set,
    Step,
    changes_of_group,
    new_group,
    new_user,
    replacing,
    steps_of_user,
)
from connector.sandbox.scim_listing import Listing
from connector.sandbox.shapes import config_record
from connector.sandbox.tenant import Lock, Person, Team

__all__ = ["BASE_PATH", "PAGE_LIMIT", "scim_app"]

BASE_PATH = "/api/rest/scim/v2"
PAGE_LIMIT = 100

_USERNAME_EQ = re.compile(r'\s*userName\s+eq\s+("(?:[^"\\]|\\.)*")\s*', re.IGNORECASE)

_Request = Request[Any, Any, Any]
_T = TypeVar("_T")


def scim_app(
    enterprise: Enterprise,
    *,
    rate: int | None = None,
    clock: Clock = time.monotonic,
    page_limit: int = PAGE_LIMIT,
    shows_waiting: bool = False,
) -> Litestar:
    """Shows and changes what the customer holds.

    `rate`: calls in a minute of `clock`; `page_limit`: records on a page; `shows_waiting`: whether a membership
    that waits for approval is shown like any other.
    """
    listings = {
        key: Listing(enterprise, endpoint, shows_waiting) for key, endpoint in enterprise.endpoints.items()
    }

    @get("/ServiceProviderConfig")
    async def read_config() -> Response[bytes]:
        return answer(200, msgspec.json.encode(config_record(page_limit)))

    budget = Budget(rate, clock)

    async def admit(request: _Request) -> Response[bytes] | None:
        node = request.path_params["node_id"]
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        opened = [
            key
            for key, endpoint in enterprise.endpoints.items()
            if hmac.compare_digest(token.encode(), endpoint.token.encode())
        ]
        is_known = node in opened and enterprise.endpoints[node].admit() if node in listings else bool(opened)
        if scheme.casefold() != "bearer" or not is_known:
            return Response(b"", status_code=401, headers={"www-authenticate": "Bearer"})
        if (wait := budget.spend()) is not None:
            html = b"<html><head><title>429 Too Many Requests</title></head><body></body></html>"
            return Response(html, status_code=429, media_type="text/html", headers={"retry-after": str(wait)})
        if node not in listings:
            return refusal(ScimError(404, f"Node {node} not found"))
        return None

    return Litestar(
        [
            *_user_routes(enterprise, listings, page_limit),
            *_group_routes(enterprise, listings, page_limit),
            read_config,
        ],
        path=f"{BASE_PATH}/{{node_id:str}}",
        before_request=admit,
        exception_handlers={
            ScimError: lambda _, error: refusal(error),
            HTTPException: lambda _, error: refusal(ScimError(error.status_code, error.detail)),
        },
        openapi_config=None,
        logging_config=None,
    )


def _user_routes(
    enterprise: Enterprise, listings: Mapping[str, Listing], page_limit: int
) -> list[HTTPRouteHandler]:
    def found(request: _Request) -> tuple[Listing, Person]:
        listing = listings[request.path_params["node_id"]]
        return listing, _one(listing.users, request.path_params["key"], "User")

    @get("/Users")
    async def list_users(request: _Request) -> Response[bytes]:
        listing = listings[request.path_params["node_id"]]
        wanted = request.query_params.get("filter")
        people = [*listing.users.values()]
        if wanted is not None:
            person = enterprise.person_of(_username_in(wanted))
            people = [person] if person is not None and person.id in listing.users else []
        shown = window(len(people), request.query_params, page_limit)
        return page(len(people), shown, [listing.user(people[place]) for place in shown])

    @get("/Users/{key:str}")
    async def read_user(request: _Request) -> Response[bytes]:
        listing, person = found(request)
        return answer(200, listing.user(person))

    @post("/Users")
    async def invite_user(request: _Request) -> Response[bytes]:
        new = new_user(await request.body())
        endpoint = enterprise.endpoints[request.path_params["node_id"]]
        joined = _known_teams(enterprise, [Join(group.value) for group in new.groups or ()])
        try:
            person = enterprise.invite(new.user_name, endpoint.node, SCIM, **new.facts)
        except EmailTaken:
            raise ScimError(409, f"User {new.user_name} already exists", "uniqueness") from None
        except SeatsUsedUp as error:
            raise ScimError(428, str(error).capitalize()) from error
        for team in joined.values():
            person = enterprise.join(person, team, SCIM, queued=True)
        if new.active is False:
            person = enterprise.update(person, SCIM, lock=Lock.IDP)
        return answer(201, listings[request.path_params["node_id"]].user(person))

    @put("/Users/{key:str}")
    async def replace_user(request: _Request) -> Response[bytes]:
        steps = replacing(await request.body())
        listing, person = found(request)
        return answer(200, listing.user(_changed(enterprise, person, steps)))

    @patch("/Users/{key:str}")
    async def change_user(request: _Request) -> Response[bytes]:
        steps = steps_of_user(await request.body())
        listing, person = found(request)
        return answer(200, listing.user(_changed(enterprise, person, steps)))

    @delete("/Users/{key:str}", status_code=204)
    async def lock_user(request: _Request) -> None:
        _, person = found(request)
        if not person.locked:
            enterprise.update(person, SCIM, lock=Lock.IDP)

    return [list_users, read_user, invite_user, replace_user, change_user, lock_user]


def _group_routes(
    enterprise: Enterprise, listings: Mapping[str, Listing], page_limit: int
) -> list[HTTPRouteHandler]:
    def found(request: _Request) -> tuple[Listing, Team]:
        listing = listings[request.path_params["node_id"]]
        return listing, _one(listing.groups, request.path_params["key"], "Group")

    @get("/Groups")
    async def list_groups(request: _Request) -> Response[bytes]:
        if "filter" in request.query_params:
            raise ScimError(400, "No filter on Groups is supported", "invalidFilter")
        listing = listings[request.path_params["node_id"]]
        teams = [*listing.groups.values()]
        shown = window(len(teams), request.query_params, page_limit)
        has_members = _wants_members(request)
        records = [listing.group(teams[place], with_members=has_members) for place in shown]
        return page(len(teams), shown, records)

    @get("/Groups/{key:str}")
    async def read_group(request: _Request) -> Response[bytes]:
        listing, team = found(request)
        return answer(200, listing.group(team, with_members=_wants_members(request)))

    @post("/Groups")
    async def create_group(request: _Request) -> Response[bytes]:
        new = new_group(await request.body())
        node = enterprise.endpoints[request.path_params["node_id"]].node
        team = enterprise.add_team(new.display_name, node, SCIM, queued=True, external_id=new.external_id)
        return answer(201, listings[request.path_params["node_id"]].group(team, with_members=True))

    @patch("/Groups/{key:str}")
    async def change_group(request: _Request) -> Response[bytes]:
        facts = changes_of_group(await request.body())
        listing, team = found(request)
        return answer(200, listing.group(enterprise.update_team(team, SCIM, **facts), with_members=True))

    @delete("/Groups/{key:str}", status_code=204)
    async def delete_group(request: _Request) -> None:
        _, team = found(request)
        enterprise.delete_team(team, SCIM)

    return [list_groups, read_group, create_group, change_group, delete_group]


def _one(records: Mapping[str, _T], key: str, noun: str) -> _T:
    if key not in records:
        raise ScimError(404, f"{noun} {key} not found")
    return records[key]


def _known_teams(enterprise: Enterprise, steps: Sequence[Step]) -> dict[str, Team]:
    """The teams that are joined in these steps, by id."""
    found: dict[str, Team] = {}
    for step in steps:
        if isinstance(step, Join):
            team = enterprise.team(step.uid)
            if team is None:
                raise ScimError(400, f"Group {step.uid} not found", "invalidValue")
            found[step.uid] = team
    return found


def _changed(enterprise: Enterprise, person: Person, steps: Sequence[Step]) -> Person:
    """All of the steps, or a refusal and none of them."""
    joined = _known_teams(enterprise, steps)
    facts = {step.field: step.value for step in steps if isinstance(step, Set)}
    if facts.pop("email", person.email).casefold() != person.email.casefold():
        raise ScimError(400, "userName can't be changed", "mutability")
    if "display" in facts:
        facts["display"] = facts["display"] or person.email
    if "active" in facts:
        is_locked = not facts.pop("active")
        facts["lock"] = (person.lock if person.locked else Lock.IDP) if is_locked else Lock.NONE
    person = enterprise.update(person, SCIM, **facts)
    for step in steps:
        match step:
            case Join(uid):
                person = enterprise.join(person, joined[uid], SCIM, queued=True)
            case Leave(None):
                for team in (*person.teams, *person.queued_for):
                    person = enterprise.leave(person, team, SCIM)
            case Leave(str(uid)):
                known = enterprise.team(uid)
                person = person if known is None else enterprise.leave(person, known, SCIM)
            case Set():
                pass
    return person


def _wants_members(request: _Request) -> bool:
    dropped = request.query_params.get("excludedAttributes", "").casefold().split(",")
    return "members" not in (word.strip() for word in dropped)


def _username_in(wanted: str) -> str:
    found = _USERNAME_EQ.fullmatch(wanted)
    try:
        return str(json.loads(found[1])) if found else _no_filter()
    except ValueError:  # an escape that JSON doesn't know
        _no_filter()


def _no_filter() -> NoReturn:
    raise ScimError(400, 'The only supported filter is userName eq "…"', "invalidFilter")
