"""The records and messages of the vendor's SCIM api, as plain JSON values.

A double of Keeper's cloud. A user's keys, the list's envelope and the numbers under `bulk` are as recorded or
documented; a group's keys are those that the vendor's own clients read. Made up: a member's `display`,
relative `$ref`s, where `title` is echoed, RFC 7644's form of an error, the rest of the provider's config.

Pure: a record follows from the person or team alone, and never tells what the vendor hides (`invited`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.sandbox.tenant import Person, Team

__all__ = [
    "Json",
    "config_record",
    "error_record",
    "group_record",
    "list_head",
    "member_record",
    "user_record",
]

Json = dict[str, Any]

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"


def user_record(person: Person, teams: Iterable[Team]) -> Json:
    record: Json = {
        "schemas": [f"{_CORE}User"],
        "userName": person.email,
        "displayName": person.display,
        "id": person.id,
        "emails": [{"primary": True, "value": person.email, "type": "work"}],
        # `$ref` is recorded only as being there; a relative one (RFC 7643 §2.3.7) fits any port.
        "groups": [
            {"value": team.uid, "$ref": f"../Groups/{team.uid}", "display": team.name} for team in teams
        ],
        "active": not person.locked,  # so an invited user can't be told from an active one
    }
    name = {"givenName": person.given, "familyName": person.family}
    optional = {
        "name": {key: value for key, value in name.items() if value is not None} or None,
        "title": person.title,
        "externalId": person.external_id,
    }
    return record | {key: value for key, value in optional.items() if value is not None}


def group_record(team: Team) -> Json:
    record: Json = {"schemas": [f"{_CORE}Group"], "id": team.uid, "displayName": team.name}
    return record if team.external_id is None else {**record, "externalId": team.external_id}


def config_record(page_limit: int) -> Json:
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1_048_576},
        "filter": {"supported": True, "maxResults": page_limit},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token of the node's SCIM endpoint",
                "primary": True,
            }
        ],
    }


def member_record(person: Person) -> Json:
    return {"value": person.id, "display": person.email}


def error_record(status: int, detail: str, scim_type: str | None) -> Json:
    record: Json = {"schemas": [f"{_MESSAGES}Error"], "status": str(status), "detail": detail}
    return record if scim_type is None else {**record, "scimType": scim_type}


def list_head(total: int, start: int, shown: int) -> str:
    """What stands before the records of a page; `]}` follows them. `shown` is how many there are."""
    return (
        f'{{"schemas":["{_MESSAGES}ListResponse"],"totalResults":{total},"startIndex":{start},'
        f'"itemsPerPage":{shown},"Resources":['
    )
