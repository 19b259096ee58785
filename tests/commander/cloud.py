"""The vendor's cloud, inside the service's own process: the only thing that is doubled there.

It stands where `requests` would dial: each call comes as the vendor's client sealed it (a transmission key for
the server's key, an encrypted payload, a session token), is opened, answered from the holdings file with real
protobuf in several pages, and sealed again. So the client's own enveloping, loading and decrypting all run.

What it holds is read from the file whenever a client asks: of the version that the client has seen it is told
nothing, of another one everything, after the word to clear its cache. What the client writes goes into the file.

Anything that it does not know how to answer is refused, and noted for the test that waits outside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from keepercommander import crypto, rest_api, utils
from keepercommander.params import KeeperParams
from keepercommander.proto import APIRequest_pb2, enterprise_pb2

from tests.commander.auditing import AUDITS, audit
from tests.commander.writing import Unanswered, write

__all__ = ["Cloud"]

_SERVER_KEY = 7
_ROWS_PER_PAGE = 200
_MESSAGES: dict[str, type[Message]] = {
    "NODES": enterprise_pb2.Node,
    "ROLES": enterprise_pb2.Role,
    "USERS": enterprise_pb2.User,
    "USER_ALIASES": enterprise_pb2.UserAlias,
    "TEAMS": enterprise_pb2.Team,
    "TEAM_USERS": enterprise_pb2.TeamUser,
    "ROLE_USERS": enterprise_pb2.RoleUser,
    "ROLE_TEAMS": enterprise_pb2.RoleTeam,
    "MANAGED_NODES": enterprise_pb2.ManagedNode,
    "ROLE_PRIVILEGES": enterprise_pb2.RolePrivilege,
    "QUEUED_TEAMS": enterprise_pb2.QueuedTeam,
    "QUEUED_TEAM_USERS": enterprise_pb2.QueuedTeamUser,
    "LICENSES": enterprise_pb2.License,
    "SCIMS": enterprise_pb2.Scim,
}


class Cloud:
    """One customer's cloud. `holdings` is the file that says what it holds; `note` is told of each refusal."""

    def __init__(self, holdings: Path, note: Callable[[str], None]) -> None:
        self._holdings = holdings
        self._note = note
        self._private, public = crypto.generate_ec_key()
        # The only key that the client knows of the server: so it uses it, and no post-quantum one besides.
        rest_api.SERVER_PUBLIC_KEYS.clear()
        rest_api.SERVER_PUBLIC_KEYS[_SERVER_KEY] = public
        self._session_token = os.urandom(64)
        self._data_key, self._tree_key, self._team_key = os.urandom(32), os.urandom(32), os.urandom(32)
        rsa_private, rsa_public = crypto.generate_rsa_key()
        ec_private, ec_public = crypto.generate_ec_key()
        self._keys = enterprise_pb2.GetEnterpriseDataKeysResponse(
            treeKey=enterprise_pb2.TreeKey(
                treeKey=utils.base64_url_encode(crypto.encrypt_aes_v2(self._tree_key, self._data_key)),
                keyTypeId=enterprise_pb2.ENCRYPTED_BY_DATA_KEY_GCM,
            ),
            enterpriseKeys=enterprise_pb2.EnterpriseKeys(
                rsaPublicKey=crypto.unload_rsa_public_key(rsa_public),
                rsaEncryptedPrivateKey=self._sealed(crypto.unload_rsa_private_key(rsa_private)),
                eccPublicKey=crypto.unload_ec_public_key(ec_public),
                eccEncryptedPrivateKey=self._sealed(crypto.unload_ec_private_key(ec_private)),
            ),
        )
        self._user_key = crypto.unload_rsa_public_key(rsa_public)
        self._writes = 0
        self._pages: dict[str, list[enterprise_pb2.EnterpriseDataResponse]] = {}

    def log_in(self) -> KeeperParams:
        """The session of the customer's administrator, as a log-in leaves it; the vault was read and is empty."""
        params = KeeperParams(server="keepersecurity.com")
        params.user = self._read()["admin"] or "nobody@example.org"
        params.session_token = utils.base64_url_encode(self._session_token)
        params.data_key = self._data_key
        params.sync_data = False
        return params

    def send(self, sent: requests.PreparedRequest) -> requests.Response:
        """What the vendor's server answers. Whatever goes wrong is noted: the vendor's code may swallow it."""
        url = str(sent.url)
        try:
            content = self._exchange(url, sent.body)
        except Exception as error:
            self._note(f"{url}: {error!r}")
            raise
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/octet-stream"
        response._content = content
        response.url = url
        response.request = sent
        return response

    def _exchange(self, url: str, body: object) -> bytes:
        request = APIRequest_pb2.ApiRequest.FromString(body)
        transmission_key = crypto.decrypt_ec(request.encryptedTransmissionKey, self._private)
        payload = APIRequest_pb2.ApiRequestPayload.FromString(
            crypto.decrypt_aes_v2(request.encryptedPayload, transmission_key)
        )
        answer = self._answer(url.removeprefix("https://keepersecurity.com/api/rest/"), payload)
        sealed: bytes = crypto.encrypt_aes_v2(answer, transmission_key)
        return sealed

    def _answer(self, endpoint: str, payload: APIRequest_pb2.ApiRequestPayload) -> bytes:
        if endpoint == "vault/execute_v2_command":  # JSON, with its own session token
            return self._execute(json.loads(payload.payload))
        answers: dict[str, Callable[[], Message]] = {
            "enterprise/get_enterprise_data_keys": lambda: self._keys,
            "enterprise/get_enterprise_data_for_user": lambda: self._page(
                enterprise_pb2.EnterpriseDataRequest.FromString(payload.payload).continuationToken
            ),
            # `enterprise-user` asks it of each user that it shows.
            "enterprise/get_sharing_admins": enterprise_pb2.GetSharingAdminsResponse,
            "vault/get_public_keys": lambda: APIRequest_pb2.GetPublicKeysResponse(
                keyResponses=[
                    APIRequest_pb2.PublicKeyResponse(username=name, publicKey=self._user_key)
                    for name in APIRequest_pb2.GetPublicKeysRequest.FromString(payload.payload).usernames
                ]
            ),
        }
        if endpoint not in answers:
            raise Unanswered(f"the double of the cloud has no answer to {payload.payload[:300]!r}")
        if payload.encryptedSessionToken != self._session_token:
            raise Unanswered("the double of the cloud knows no other session than that of its log-in")
        content: bytes = answers[endpoint]().SerializeToString()
        return content

    def _execute(self, request: dict[str, Any]) -> bytes:
        if request["session_token"] != utils.base64_url_encode(self._session_token):
            raise Unanswered("the double of the cloud knows no other session than that of its log-in")
        held = self._read()
        is_batch = request["command"] == "execute"
        requests = request["requests"] if is_batch else [request]
        results = [
            audit(held["events"], one)
            if one["command"] in AUDITS
            else write(held["kinds"], one, self._displayname_in)
            for one in requests
        ]
        self._writes += 1
        held["version"] = f"{held['version']}+{self._writes}"
        half = self._holdings.with_suffix(".written")
        half.write_text(json.dumps(held), encoding="utf-8")
        half.replace(self._holdings)
        return json.dumps({"result": "success", "results": results} if is_batch else results[0]).encode()

    def _displayname_in(self, sealed: str) -> str | None:
        clear = crypto.decrypt_aes_v1(utils.base64_url_decode(sealed), self._tree_key)
        name: str | None = json.loads(clear).get("displayname")
        return name

    def _page(self, token: bytes) -> enterprise_pb2.EnterpriseDataResponse:
        held = self._read()
        version = str(held["version"])
        if version not in self._pages:
            self._pages = {version: list(self._make_pages(held))}
        pages = self._pages[version]
        known, _, place = token.decode().partition(":")
        if known != version:
            return pages[0]
        if int(place) < len(pages):
            return pages[int(place)]
        return enterprise_pb2.EnterpriseDataResponse(continuationToken=token)

    def _make_pages(self, held: dict[str, Any]) -> Iterator[enterprise_pb2.EnterpriseDataResponse]:
        parts = [
            (kind, rows[at : at + _ROWS_PER_PAGE])
            for kind, rows in held["kinds"].items()
            for at in range(0, max(len(rows), 1), _ROWS_PER_PAGE)
        ]
        for place, (kind, rows) in enumerate(parts):
            page = enterprise_pb2.EnterpriseDataResponse(
                continuationToken=f"{held['version']}:{place + 1}".encode(),
                hasMore=place + 1 < len(parts),
                cacheStatus=enterprise_pb2.KEEP if place else enterprise_pb2.CLEAR,
                data=[
                    enterprise_pb2.EnterpriseData(
                        entity=enterprise_pb2.EnterpriseDataEntity.Value(kind),
                        data=[self._message(kind, row).SerializeToString() for row in rows],
                    )
                ],
            )
            if place == 0:
                page.generalData.enterpriseName = held["enterprise"]
            yield page

    def _message(self, kind: str, row: dict[str, Any]) -> Message:
        fields = dict(row)
        if kind == "TEAMS":
            fields.setdefault("encryptedTeamKey", utils.base64_url_encode(self._sealed(self._team_key)))
        if "displayname" in fields:
            name = fields.pop("displayname")
            clear = json.dumps({} if name is None else {"displayname": name}).encode()
            is_gcm = fields.get("keyType") == "ENCRYPTED_BY_DATA_KEY_GCM"
            sealed = self._sealed(clear) if is_gcm else crypto.encrypt_aes_v1(clear, self._tree_key)
            fields["encryptedData"] = utils.base64_url_encode(sealed)
        return ParseDict(fields, _MESSAGES[kind]())

    def _sealed(self, clear: bytes) -> bytes:
        sealed: bytes = crypto.encrypt_aes_v2(clear, self._tree_key)
        return sealed

    def _read(self) -> dict[str, Any]:
        held: dict[str, Any] = json.loads(self._holdings.read_text(encoding="utf-8"))
        return held
