"""A made-up vendor whose api takes access tokens, and that gives them: as plain values, or behind two sockets.

It verifies who asks for a token by other code than ours. Of its refresh tokens, where it `rotates` them, each is good
once.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import jwt

from connector.catalog import Catalog, Loaded
from connector.errors import ConnectorError
from connector.wire import Answer, Call
from tests.calling.keys import public_half, rsa_key
from tests.calling.vendor import Reply

__all__ = [
    "API",
    "AUTHS",
    "CLIENT",
    "LOGIN",
    "REFRESH",
    "SECRET",
    "Issuer",
    "issuing",
    "load_made",
    "secrets_of",
    "settings_of",
    "told",
    "write_made",
]

API, LOGIN = "https://api.h", "https://login.h"
CLIENT, SECRET, REFRESH = "id:1 &=%ü", "s3cr3t /+&=%:ä-0123456789", "r0-0123456789/+="
PEOPLE = ("ann", "bea", "cem")
"""One a page."""
_CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people], student_licenses: [main.orders]}
apis:
  main:
    settings:
      base_url: {label: Address, type: url}
      login: {label: Login, type: url}
      client: {label: Client}
    secrets:
      secret: {label: Client secret, required: false}
      refresh: {label: Refresh token, required: false}
      pem: {label: Key, type: pem, required: false}
    base_url: "{settings.base_url}"
    auth: AUTH
    check: CHECK
    retry: {times: 2}
    proxy: {allow: [GET /raw]}
    errors:
      - {when: {$.error: no token}, is: needs_reauth}
    exchanges:
      queued:
        style: submit_and_poll
        takes: [line]
        submit: {post: /submit, effect: read, json: {line: "{line}"}}
        ticket: $.ticket
        poll: {get: "/result/{ticket}", pending: {status: 202}, give_up: 60s}
    resources:
      people:
        key: $.id
        list:
          get: /people
          query: {after: "{page.token}"}
          records: "$.items[*]"
          paging: {style: token, next: $.next}
        get: {get: "/people/{id}"}
      slow:
        key: $.id
        list: {exchange: queued, effect: read, give: {line: all}, records: "$.items[*]", paging: {style: none}}
      orders:
        create:
          post: /orders
          outcomes: [{when: {$.said: {contains: done}}, is: done}]
          effect: write
          input: {email: {label: Address}}
          json: {to: "{input.email}"}
"""
_CLIENT = (
    'token_url: "{settings.login}/token", client_id: "{settings.client}", client_secret: "{secrets.secret}"'
)
AUTHS = {
    "oauth2_client_credentials": f"{{style: oauth2_client_credentials, {_CLIENT}, scope: users.read all}}",
    "oauth2_refresh": f'{{style: oauth2_refresh, {_CLIENT}, refresh_token: "{{secrets.refresh}}", send_in: body}}',
    "oauth2_jwt": '{style: oauth2_jwt, token_url: "{settings.login}/token", issuer: "{settings.client}", '
    'subject: admin@h, key: "{secrets.pem}", key_id: k7}',
}
"""Each style, as the vendor's connector says it."""
_MAPPINGS = {
    "people": "source: main.people\nunified: users\nfields: {id: $.id}\n",
    "orders": "source: main.orders\nunified: student_licenses\nfields: {transaction_id: $.id, email: input.email}\n",
}


def write_made(folder: Path, style: str, check: str = "{get: /check}") -> None:
    home = folder / "made"
    home.mkdir(parents=True)
    text = _CONNECTOR.replace("AUTH", AUTHS.get(style, style)).replace("CHECK", check)
    (home / "connector.yaml").write_text(text)
    for name, mapping in _MAPPINGS.items():
        (home / f"main.{name}.yaml").write_text(mapping)


def load_made(folder: Path, style: str, check: str = "{get: /check}") -> Loaded:
    """The connector, by one of `AUTHS` or another auth as YAML."""
    write_made(folder, style, check)
    return Catalog([folder]).load("made")


def settings_of(api: str = API, login: str = LOGIN) -> dict[str, str]:
    return {"base_url": api, "login": login, "client": CLIENT}


def secrets_of(style: str) -> dict[str, str]:
    """What a style needs, and no other secret."""
    if style == "oauth2_jwt":
        return {"pem": rsa_key()}
    return {"secret": SECRET, **({"refresh": REFRESH} if style == "oauth2_refresh" else {})}


@dataclass
class Issuer:
    """The vendor. `script` is what it answers first where it is asked for tokens."""

    expires_in: Any = 3600
    """As it says it; None: not at all."""
    rotates: bool = False
    refresh: str = REFRESH
    """The refresh token that is good now."""
    script: list[Reply | Exception] = field(default_factory=list)
    api_script: list[Reply] = field(default_factory=list)
    says: Mapping[str, Any] = field(default_factory=dict)
    """What it adds to its answers."""
    before: Callable[[], object] = lambda: None
    """Done before it answers who asks for a token."""
    waited: threading.Event = field(default_factory=threading.Event)
    """Whether somebody said (by `/waits`) that it waits for another one's token."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """What came to its token's address."""
    came: list[tuple[str, str]] = field(default_factory=list)
    """(method and path, Authorization) of what came to its api."""
    seen: list[str] = field(default_factory=list)
    """Each request whole, as text, by the Host that it was sent to."""
    good: set[str] = field(default_factory=set)
    """Access tokens that it takes."""
    public_key: str | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def reply(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        given = {name.lower(): value for name, value in headers.items()}
        self.seen.append(f"{given.get('host')} {method} {target} {given} {body.decode()}")
        if target == "/waits":
            self.waited.set()
            return Reply(204)
        if urlsplit(target).path == "/token":
            with self._lock:
                said = self._token(given, body)
            self.before()
            return said
        with self._lock:
            return self._api(method, target, given)

    def send(self, call: Call) -> Answer:
        """The vendor without a network in between."""
        parts = urlsplit(call.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        said = self.reply(call.method, target, {**call.headers, "Host": parts.netloc}, call.body or b"")
        return Answer(said.status, {name.lower(): value for name, value in said.headers.items()}, said.body)

    def revoke(self) -> None:
        """Every access token is refused from now on."""
        self.good.clear()

    def _token(self, headers: Mapping[str, str], body: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        self.asked.append(form)
        if self.script:
            said = self.script.pop(0)
            if isinstance(said, Exception):
                raise said
            return said
        if not self._knows_client(headers, form):
            return Reply.json({"error": "invalid_client"}, 401)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh:
                return Reply.json({"error": "invalid_grant", "error_description": "used up"}, 400)
            if self.rotates:
                self.refresh = f"r{len(self.asked)}-rotated-0123456789"
        access = f"a{len(self.asked)}-access-0123456789"
        self.good.add(access)
        said_of: dict[str, Any] = {"access_token": access, "token_type": "bEARER"}
        if self.expires_in is not None:
            said_of["expires_in"] = self.expires_in
        if self.rotates:
            said_of["refresh_token"] = self.refresh
        return Reply.json({**said_of, **self.says})

    def _knows_client(self, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        if form["grant_type"].endswith("jwt-bearer"):
            claims = jwt.decode(
                form["assertion"],
                self.public_key or public_half(rsa_key()),
                algorithms=["RS256", "ES256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
            return bool(claims["iss"] == CLIENT and claims["aud"].endswith("/token"))
        kind, _, pair = headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            client, _, secret = base64.b64decode(pair).decode("ascii").partition(":")
            return (unquote_plus(client), unquote_plus(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def _api(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        said = headers.get("authorization", "")
        path, _, query = target.partition("?")
        self.came.append((f"{method} {path}", said))
        if self.api_script:
            return self.api_script.pop(0)
        if said.removeprefix("Bearer ") not in self.good:
            return Reply.json({"error": f"no such token: {said}"}, 401, WWW_Authenticate="Bearer")
        if path == "/people":
            at = PEOPLE.index(parse_qs(query)["after"][0]) + 1 if query else 0
            more = {"next": PEOPLE[at]} if at + 1 < len(PEOPLE) else {}
            return Reply.json({"items": [{"id": PEOPLE[at]}], **more})
        if path == "/submit":
            return Reply.json({"ticket": "t1"})
        if path == "/result/t1":
            return Reply.json({"items": [{"id": "dee"}]})
        if path.startswith("/people/"):
            return Reply.json({"id": path.rpartition("/")[2]})
        return Reply.json({"id": "o1", "token": said}, 201 if method == "POST" else 200)


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self.server.issuer.reply(self.command, self.path, dict(self.headers), body)
        self.send_response(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    do_POST = do_GET  # noqa: N815 - the standard library names it

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        pass


class _Server(ThreadingHTTPServer):
    issuer: Issuer


@contextmanager
def issuing(issuer: Issuer, doors: int = 2) -> Iterator[Sequence[str]]:
    """The addresses of so many sockets of it: of its api, of where it gives tokens."""
    with ExitStack() as stack:
        yield [stack.enter_context(_running(issuer)) for _ in range(doors)]


@contextmanager
def _running(issuer: Issuer) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Door)
    server.issuer = issuer
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def told(error: BaseException) -> str:
    """All that an error says of itself."""
    said = error.to_dict() if isinstance(error, ConnectorError) else {}
    return f"{error} {error!r} {json.dumps(said)}"
