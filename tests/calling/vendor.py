"""A made-up vendor of known people, reached over real HTTP, that can be told how to lie.

It pages in every style that the engine knows, each with every way to end. It is a pure function from a
request to a reply (`Vendor.reply`); `VendorServer` puts it behind a socket, `Vendor.send` in place of one.
What a connector for one of its listings says is written as YAML, so that tests take the way of a real one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connector.wire import Answer, Call

__all__ = ["LISTINGS", "Lies", "Listing", "Reply", "Vendor", "VendorServer", "people", "write_connectors"]

TOKEN = "vendor-token-0123456789"


@dataclass(frozen=True)
class Listing:
    """One way to page: an endpoint of the vendor, and what a connector says of it."""

    style: str
    ends: str
    query: str
    paging: str

    @property
    def name(self) -> str:
        return f"{self.style}_{self.ends}" if self.ends else self.style


_OFFSET = '{start: "{page.start}", size: "{page.size}"}'
_PAGE = '{number: "{page.number}", size: "{page.size}"}'
_TOKEN = '{token: "{page.token}", size: "{page.size}"}'
_FIRST = '{size: "{page.size}"}'
_MORE = "more: {$.more: true}"

LISTINGS: dict[str, Listing] = {
    listing.name: listing
    for listing in (
        Listing("none", "", "{}", "{style: none, total: $.total}"),
        Listing("snapshot", "", "{}", "{style: snapshot, total: $.total}"),
        *(
            Listing("offset", ends, _OFFSET, f"{{style: offset, first: 0, size: 100, ends: {ends}, {more}}}")
            for ends, more in (
                ("total", "total: $.total, confirm: {start: $.start}"),
                ("more", _MORE),
                ("empty_page", "confirm: {start: $.start}"),
            )
        ),
        *(
            Listing("page", ends, _PAGE, f"{{style: page, first: 1, size: 100, ends: {ends}, {more}}}")
            for ends, more in (
                ("pages", "pages: $.pages, confirm: {number: $.number}"),
                ("total", "total: $.total"),
                ("more", _MORE),
                ("empty_page", "confirm: {number: $.number}"),
            )
        ),
        *(
            Listing("token", form, _TOKEN, f"{{style: token, size: 100, next: $.next, no_next: [{form}]}}")
            for form in ("missing", "null", "empty")
        ),
        *(
            Listing(
                "next_url", form, _FIRST, f"{{style: next_url, size: 100, next: $.next, no_next: [{form}]}}"
            )
            for form in ("missing", "null", "empty")
        ),
        Listing("link_header", "", _FIRST, "{style: link_header, size: 100}"),
    )
}

_CONNECTOR = """\
connector: {name}
label: A made-up vendor
unified: {{users: [main.people]}}
apis:
  main:
    settings: {{base_url: {{label: Address, type: url}}}}
    secrets: {{token: {{label: Token}}}}
    base_url: "{{settings.base_url}}"
    auth: {{style: bearer, token: "{{secrets.token}}"}}
    check: {{get: /check}}
    membership: on_user
    resources:
      people:
        key: $.id
        list:
          get: /{path}
          query: {query}
          records: "$.items[*]"
          paging: {paging}
        get: {{get: "/people/{{id}}"}}
"""

_MAPPING = """\
source: main.people
unified: users
fields:
  id: $.id
  name: $.name
  status: {path: $.active, values: {true: active, false: inactive}}
  groups: {each: "$.teams[*]", item: {id: $}, if_missing: empty}
filters:
  status: {evaluate: here}
"""


def write_connectors(folder: Path) -> None:
    """A connector for each listing, named as it is."""
    for name, listing in LISTINGS.items():
        home = folder / name
        home.mkdir(parents=True)
        path = "/".join(part for part in (listing.style, listing.ends) if part)
        text = _CONNECTOR.format(name=name, path=path, query=listing.query, paging=listing.paging)
        (home / "connector.yaml").write_text(text)
        (home / "main.people.yaml").write_text(_MAPPING)


def people(count: int) -> list[dict[str, Any]]:
    """That many records, every third of them inactive."""
    return [{"id": f"u{n}", "name": f"Person {n}", "active": n % 3 != 2} for n in range(count)]


@dataclass(frozen=True)
class Lies:
    """What the vendor does other than it should; as built, nothing."""

    ignores_place: bool = False
    """Every page is the first."""
    wraps: bool = False
    """Past its end it starts again."""
    sends: int | None = None
    """Records on a page, whatever was asked for."""
    declares: Callable[[int, int], Any] | None = None
    """(how many there are, number of the request from 0) → the total that it says."""
    gaps: Sequence[int] = ()
    """Pages that are empty and say that there is more."""
    follows: Callable[[int], int] | None = None
    """Where pages are named: which one really comes after that one."""
    url: Callable[[str, int], str] | None = None
    """(the next page's URL, number of the request from 0) → what it says instead."""
    link: Callable[[str], str] | None = None
    """What becomes of a Link header."""
    body: Callable[[dict[str, Any]], Any] | None = None
    """What becomes of a page's body."""


@dataclass(frozen=True)
class Reply:
    """One answer as it goes over the wire; a header of several lines goes as several headers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


@dataclass
class Vendor:
    """The vendor. `script` is sent first, reply by reply; then the listings of `people`."""

    people: list[dict[str, Any]]
    lies: Lies = field(default_factory=Lies)
    script: list[Reply] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every request's path and query, in the order in which they came."""

    def reply(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        self.asked.append(target)
        if self.script:
            return self.script.pop(0)
        given = {name.lower(): value for name, value in headers.items()}
        if given.get("authorization") != f"Bearer {TOKEN}":
            return Reply.json({"error": "who are you?"}, 401)
        parts = urlsplit(target)
        name, _, rest = parts.path.strip("/").partition("/")
        if method != "GET":
            return Reply.json({}, 405)
        if name == "check":
            return Reply.json({"ok": True})
        if name == "people":
            found = [record for record in self.people if record["id"] == rest]
            return Reply.json(found[0]) if found else Reply.json({"error": "no such person"}, 404)
        asked = {key: values[-1] for key, values in parse_qs(parts.query, strict_parsing=False).items()}
        body, link = self._page(name, rest, asked, given["host"])
        if link is not None and self.lies.link is not None:
            link = self.lies.link(link)
        said = {} if link is None else {"Link": link}
        return Reply.json(self.lies.body(body) if self.lies.body else body, 200, **said)

    def send(self, call: Call) -> Answer:
        """The vendor without a network in between."""
        parts = urlsplit(call.url)
        said = self.reply(call.method, f"{parts.path}?{parts.query}", {**call.headers, "Host": parts.netloc})
        return Answer(said.status, {name.lower(): value for name, value in said.headers.items()}, said.body)

    def _page(
        self, style: str, ends: str, asked: Mapping[str, str], host: str
    ) -> tuple[dict[str, Any], str | None]:
        """(body, Link header) of a page."""
        size = self.lies.sends or int(asked.get("size", len(self.people) or 1))
        pages = [self.people[at : at + size] for at in range(0, len(self.people), size)]
        for gap in self.lies.gaps:
            pages.insert(gap, [])
        total = len(self.people)
        said: Any = self.lies.declares(total, len(self.asked) - 1) if self.lies.declares else total
        if style in ("none", "snapshot"):
            return {"items": self.people, "total": said}, None
        if style == "offset":
            start = int(asked["start"])
            at = self._place(start, len(self.people))
            items = self.people[at : at + size]
            body = {"items": items, "start": start, "more": at + len(items) < total}
            return ({**body, "total": said} if ends == "total" else body), None
        number = int(asked["number"]) - 1 if style == "page" else int(asked.get("token", "p0")[1:])
        at = self._place(number, len(pages))
        items = pages[at] if at < len(pages) else []
        if style == "page":
            body = {"items": items, "number": number + 1, "more": at + 1 < len(pages)}
            return {**body, "total": said, "pages": len(pages)}, None
        after = self.lies.follows(at) if self.lies.follows else at + 1
        is_last = after >= len(pages)
        named = f"p{after}" if style == "token" else self._url(style, ends, f"p{after}", asked, host)
        if style == "link_header":
            first = f'<http://{host}/link_header>; rel="first"; title="the first, again"'
            return {"items": items}, first if is_last else f'{first}, <{named}>; rel="next"'
        endings: dict[str, dict[str, Any]] = {"missing": {}, "null": {"next": None}, "empty": {"next": ""}}
        return {"items": items, **(endings[ends] if is_last else {"next": named})}, None

    def _url(self, style: str, ends: str, token: str, asked: Mapping[str, str], host: str) -> str:
        """The page's URL: whole, or relative in one of the ways that there are."""
        before = {"missing": f"http://{host}/{style}/{ends}", "null": f"/{style}/{ends}", "empty": ""}
        size = f"&size={asked['size']}" if "size" in asked else ""
        url = f"{before.get(ends, f'http://{host}/{style}')}?token={token}{size}"
        return self.lies.url(url, len(self.asked) - 1) if self.lies.url else url

    def _place(self, wanted: int, count: int) -> int:
        if self.lies.ignores_place:
            return 0
        return wanted % count if self.lies.wraps and count else wanted


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1  # head and body in one packet
    server: VendorServer

    def do_GET(self) -> None:
        said = self.server.vendor.reply(self.command, self.path, dict(self.headers))
        self.send_response(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
            for line in value.splitlines() or [""]:
                self.send_header(name, line)
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        pass


class VendorServer(ThreadingHTTPServer):
    """A vendor behind a socket of this machine; tests put another `vendor` behind it as they like."""

    vendor: Vendor

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[VendorServer]:
        server = cls(("127.0.0.1", 0), _Door)
        server.vendor = Vendor([])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)
