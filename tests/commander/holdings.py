"""What the vendor's cloud holds of a made-up tenant, as JSON: the vendor's own names for kinds and fields.

Each row is one message of the vendor's `enterprise.proto`, but that `displayname` stands in clear beside the
`keyType` that it will be sealed with (the service's process does that, with its tree key), and that its two
spellings of a user's name, `encryptedData` and `fullName`, take turns, as do the two ciphers.

A choice where a tenant says less than the cloud holds: an e-mail in place of a name is SCIM's way to show somebody,
so whose `display` is the e-mail has no name here, whatever `given` is.

Never imports the vendor's code.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.tenant import Person, Role, Team, Tenant

__all__ = ["holdings"]

_Row = dict[str, Any]

_PRIVILEGES = (
    "manage_user",
    "manage_nodes",
    "manage_roles",
    "manage_teams",
    "run_reports",
    "sharing_administrator",
)


def holdings(tenant: Tenant) -> dict[str, Any]:
    """The customer's name, who is logged in, and the rows of each kind in the order in which they are sent."""
    root = tenant.nodes[0]
    return {
        "enterprise": root.name,
        "admin": tenant.people[0].email if tenant.people else None,
        "kinds": {
            "NODES": [
                # The root has no name of its own: the client shows the customer's. It has data, though, if only
                # `{}`: over none the vendor's loader logs an error, and a full `enterprise-down` answers 400.
                {"nodeId": node.id, "parentId": node.parent.id, "displayname": node.name}
                if node.parent
                else {"nodeId": node.id, "displayname": None}
                for node in tenant.nodes
            ],
            "ROLES": [_role(role) for role in tenant.roles],
            "USERS": [_user(tenant, place, person) for place, person in enumerate(tenant.people)],
            "USER_ALIASES": [
                {"enterpriseUserId": person.id, "username": name}
                for person in tenant.people
                for name in ((person.email, *person.aliases) if person.aliases else ())
            ],
            "TEAMS": [_team(team) for team in tenant.teams],
            "TEAM_USERS": [
                {"teamUid": team.uid, "enterpriseUserId": person.id, "userType": "USER"}
                for person in tenant.people
                for team in person.teams
            ],
            "ROLE_USERS": [
                {"roleId": role.id, "enterpriseUserId": person.id}
                for person in tenant.people
                for role in person.roles
            ],
            "ROLE_TEAMS": [
                {"roleId": role.id, "teamUid": team.uid} for role in tenant.roles for team in role.teams
            ],
            # The first role is the administrators': it manages the root and all below it.
            "MANAGED_NODES": [
                {"roleId": role.id, "managedNodeId": root.id, "cascadeNodeManagement": True}
                for role in tenant.roles[:1]
            ],
            "ROLE_PRIVILEGES": [
                {"roleId": role.id, "managedNodeId": root.id, "privilegeType": privilege}
                for role in tenant.roles[:1]
                for privilege in _PRIVILEGES
            ],
            "QUEUED_TEAMS": [
                {"teamUid": team.uid, "name": team.name, "nodeId": team.node.id}
                for team in tenant.queued_teams
            ],
            "QUEUED_TEAM_USERS": [
                {"teamUid": team.uid, "users": waiting}
                for team in (*tenant.teams, *tenant.queued_teams)
                if (waiting := [person.id for person in tenant.people if team in person.queued_for])
            ],
            "LICENSES": [_license(tenant)],
            "SCIMS": [
                {"scimId": str(place), "nodeId": node.id, "status": "active"}
                for place, node in enumerate(tenant.nodes[1:], 1)
            ],
        },
    }


def _license(tenant: Tenant) -> _Row:
    invited = sum(person.invited for person in tenant.people)
    return {
        "enterpriseLicenseId": "1",
        "name": "Business",
        "productTypeId": 3,
        "licenseStatus": "business",
        "numberOfSeats": len(tenant.people) + 100,
        "seatsAllocated": len(tenant.people) - invited,
        "seatsPending": invited,
        "addOns": [{"name": "enterprise_audit_and_reporting", "enabled": True, "includedInProduct": True}],
    }


def _role(role: Role) -> _Row:
    return {
        "roleId": role.id,
        "nodeId": role.node.id,
        "displayname": role.name,
        "keyType": "ENCRYPTED_BY_DATA_KEY",
        "newUserInherit": role.is_default,
        "visibleBelow": True,
    }


def _team(team: Team) -> _Row:
    view, edit, sharing = team.hides
    return {
        "teamUid": team.uid,
        "name": team.name,
        "nodeId": team.node.id,
        "restrictView": view,
        "restrictEdit": edit,
        "restrictShare": sharing,
    }


def _user(tenant: Tenant, place: int, person: Person) -> _Row:
    row: _Row = {
        "enterpriseUserId": person.id,
        "nodeId": (person.node or tenant.scim_node).id,
        "username": person.email,
        "status": "invited" if person.invited else "active",
        "lock": person.lock.value,
        "userId": 1_000 + place,
        "tfaEnabled": person.has_2fa,
        "transferAcceptanceStatus": person.transfer,
        "keyType": "NO_KEY",
    }
    if person.title is not None:
        row["jobTitle"] = person.title
    if person.display == person.email:
        return row
    if place % 3 == 0:
        return {**row, "fullName": person.display}
    cipher = "ENCRYPTED_BY_DATA_KEY" if place % 3 == 1 else "ENCRYPTED_BY_DATA_KEY_GCM"
    return {**row, "displayname": person.display, "keyType": cipher}
