"""What the vendor's cloud makes of the commands by which its client writes, over the rows that it holds.

The client's own texts follow from these results, so they decide nothing but whether a command succeeded, and what is
held afterwards. A command that is not here is refused: `Unanswered`.

Never imports the vendor's code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Unanswered", "write"]

_Row = dict[str, Any]
_Kinds = dict[str, list[_Row]]


class Unanswered(Exception):
    """The client asked for something that the double does not know."""


def write(kinds: _Kinds, request: _Row, displayname_in: Callable[[str], str | None]) -> _Row:
    """The result of one command, which `kinds` holds from then on; `displayname_in` opens sealed data of a user."""
    command = request["command"]
    if command not in _COMMANDS:
        raise Unanswered(f"the double of the cloud has no answer to the command {command}")
    if command in ("enterprise_user_add", "enterprise_user_update"):
        request = {**request, "displayname": displayname_in(request["encrypted_data"])}
    told = _COMMANDS[command](kinds, request)
    return {"command": command, "result": "success", **(told or {})}


def _allocate(kinds: _Kinds, request: _Row) -> _Row:
    taken = (int(row["enterpriseUserId"]) for row in kinds["USERS"])
    base = max(taken) + 1
    return {"base_id": base, "number_allocated": request["number_requested"]}


def _add_user(kinds: _Kinds, request: _Row) -> None:
    key = str(request["enterprise_user_id"])
    kinds["USERS"].append(
        {
            "enterpriseUserId": key,
            "nodeId": str(request["node_id"]),
            "username": request["enterprise_user_username"],
            "status": "invited",
            "userId": 1_000_000 + len(kinds["USERS"]),
            "keyType": "ENCRYPTED_BY_DATA_KEY",
            "displayname": request["displayname"],
            **({"jobTitle": request["job_title"]} if "job_title" in request else {}),
        }
    )


def _update_user(kinds: _Kinds, request: _Row) -> None:
    row = _user(kinds, request)
    row |= {"nodeId": str(request["node_id"]), "keyType": "ENCRYPTED_BY_DATA_KEY"}
    row |= {"displayname": request["displayname"]}
    row.pop("fullName", None)
    if "job_title" in request:
        row["jobTitle"] = request["job_title"]


def _lock_user(kinds: _Kinds, request: _Row) -> None:
    _user(kinds, request)["lock"] = 1 if request["lock"] == "locked" else 0


def _delete_user(kinds: _Kinds, request: _Row) -> None:
    key = str(request["enterprise_user_id"])
    for kind in ("USERS", "USER_ALIASES", "TEAM_USERS", "ROLE_USERS"):
        kinds[kind] = [row for row in kinds[kind] if row["enterpriseUserId"] != key]
    for row in kinds["QUEUED_TEAM_USERS"]:
        row["users"] = [one for one in row["users"] if one != key]


def _set_role(kinds: _Kinds, request: _Row) -> None:
    row = {"roleId": str(request["role_id"]), "enterpriseUserId": str(request["enterprise_user_id"])}
    kinds["ROLE_USERS"] = [one for one in kinds["ROLE_USERS"] if one != row]
    if request["command"] == "role_user_add":
        kinds["ROLE_USERS"].append(row)


def _add_team(kinds: _Kinds, request: _Row) -> None:
    kinds["QUEUED_TEAMS"] = [row for row in kinds["QUEUED_TEAMS"] if row["teamUid"] != request["team_uid"]]
    kinds["TEAMS"].append({"teamUid": request["team_uid"], "encryptedTeamKey": request["encrypted_team_key"]})
    _update_team(kinds, request)


def _update_team(kinds: _Kinds, request: _Row) -> None:
    row = next(row for row in kinds["TEAMS"] if row["teamUid"] == request["team_uid"])
    row |= {
        "name": request["team_name"],
        "nodeId": str(request["node_id"]),
        "restrictEdit": request["restrict_edit"],
        "restrictShare": request["restrict_share"],
        "restrictView": request["restrict_view"],
    }


def _delete_team(kinds: _Kinds, request: _Row) -> None:
    for kind in ("TEAMS", "QUEUED_TEAMS", "TEAM_USERS", "QUEUED_TEAM_USERS", "ROLE_TEAMS"):
        kinds[kind] = [row for row in kinds[kind] if row["teamUid"] != request["team_uid"]]


def _add_member(kinds: _Kinds, request: _Row) -> None:
    _remove_member(kinds, request)
    key = str(request["enterprise_user_id"])
    kinds["TEAM_USERS"].append({"teamUid": request["team_uid"], "enterpriseUserId": key, "userType": "USER"})


def _queue_member(kinds: _Kinds, request: _Row) -> None:
    uid, key = request["team_uid"], str(request["enterprise_user_id"])
    row = next((row for row in kinds["QUEUED_TEAM_USERS"] if row["teamUid"] == uid), None)
    if row is None:
        row = {"teamUid": uid, "users": []}
        kinds["QUEUED_TEAM_USERS"].append(row)
    if key not in row["users"]:
        row["users"].append(key)


def _remove_member(kinds: _Kinds, request: _Row) -> None:
    uid, key = request["team_uid"], str(request["enterprise_user_id"])
    kinds["TEAM_USERS"] = [
        row for row in kinds["TEAM_USERS"] if (row["teamUid"], row["enterpriseUserId"]) != (uid, key)
    ]
    for row in kinds["QUEUED_TEAM_USERS"]:
        if row["teamUid"] == uid:
            row["users"] = [one for one in row["users"] if one != key]


def _user(kinds: _Kinds, request: _Row) -> _Row:
    key = str(request["enterprise_user_id"])
    return next(row for row in kinds["USERS"] if row["enterpriseUserId"] == key)


def _nothing(_kinds: _Kinds, _request: _Row) -> None:
    """An e-mail goes out, or there is nothing to tell."""


_COMMANDS: dict[str, Callable[[_Kinds, _Row], _Row | None]] = {
    "enterprise_allocate_ids": _allocate,
    "enterprise_user_add": _add_user,
    "enterprise_user_update": _update_user,
    "enterprise_user_lock": _lock_user,
    "enterprise_user_delete": _delete_user,
    "resend_enterprise_invite": _nothing,
    "role_user_add": _set_role,
    "role_user_remove": _set_role,
    "team_add": _add_team,
    "team_update": _update_team,
    "team_delete": _delete_team,
    "team_enterprise_user_add": _add_member,
    "team_enterprise_user_remove": _remove_member,
    "team_queue_user": _queue_member,
    "team_get_keys": _nothing,
}
