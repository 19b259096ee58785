"""The vendor's own API, untouched: byte for byte at the far socket, and nothing that the connector doesn't list."""

from __future__ import annotations

import asyncio
import gzip
import http
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector import AsyncDirectory, Directory
from connector.account import open_account
from connector.catalog import Catalog
from connector.cursor import Seal
from connector.errors import ConfigurationInvalid, InvalidRequest, NotFound, VendorError, VendorUnavailable
from connector.flow import Clock, Moment
from connector.proxy import MAX_RECEIVED, MAX_SENT, plan_pass
from connector.questions import Questions
from connector.settings import Settings
from connector.target import read_target
from connector.wire import Answer, Call
from tests.calling.listening import Listening, listening

CONNECTOR = """\
connector: made
label: Made
unified: {}
apis:
  main:
    settings:
      address: {label: Address, type: url}
      site: {label: Site, required: false}
    secrets: {key: {label: Key}}
    base_url: "{settings.address}"
    auth: {style: header, header: Api-Key, value: "{secrets.key}"}
    headers: {Accept: application/json, X-Version: "3"}
    check: none
    retry: {times: 0}
    proxy:
      allow: ["GET /**", HEAD /things, POST /search]
      exchange: line
      commands: {info: [pattern, --node=, --format=json]}
    exchanges:
      line: {style: single, takes: [line], submit: {post: /run, effect: read, json: {command: "{line}"}}}
    resources: {}
  closed:
    settings: {address: {label: Address, type: url, required: false}}
    base_url: https://closed.example
    auth: {style: none}
    check: none
    resources: {}
  lacking:
    secrets: {token: {label: Token}}
    base_url: https://lacking.example
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    resources: {}
"""
KEY = "k3y-of-the-vendor+/="


def write(folder: Path, text: str, name: str = "made") -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "connector.yaml").write_text(text, encoding="utf-8")
    return folder


Pass = Callable[..., Answer]


@pytest.fixture(params=["sync", "async"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Listening, Pass]]:
    """(a raw socket, what calls it through the proxy), below a base address that has a path of its own."""
    folder = write(tmp_path, CONNECTOR)
    with listening() as found:
        given: dict[str, Any] = {"mappings": [folder], "allow_networks": ["127.0.0.1"]}
        account = ("made", {"main.address": f"{found.url}/base/v2/"}, {"main.key": KEY})

        def blocking(*words: Any, **more: Any) -> Answer:
            with Directory.connect(*account, **given) as directory:
                return directory.proxy(*words, **more)

        def awaited(*words: Any, **more: Any) -> Answer:
            async def run() -> Answer:
                async with AsyncDirectory.connect(*account, **given) as directory:
                    return await directory.proxy(*words, **more)

            return asyncio.run(run())

        yield found, blocking if request.param == "sync" else awaited


TARGETS = [
    "/", "/things", "/things/", "/%74hings/a%20b", "/a/%E6%9D%B1%e4%ba%ac", "/a@b:c,d+e=f!g$h'i(j)k*l~m",
    "/x?", "/x?b=2&a=1&b=3&c&d=", "/x?q=%2e%2e%2F..//%20+%0d%0a", "/x?filter=name%20eq%20%22a%22", "/x?y[]=1;z=?&",
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_path_and_query_go_out_as_they_are_written(far: tuple[Listening, Pass], target: str) -> None:
    socket, call = far
    assert call("GET", f"main{target}").body == b"ok"
    line, headers, body = socket.last()
    assert line == f"GET /base/v2{target} HTTP/1.1"
    agent = headers.pop("User-Agent")
    assert agent.startswith("directory-connector/")
    assert headers == {
        "Host": f"127.0.0.1:{socket.port}",
        "Accept": "application/json",
        "X-Version": "3",
        "Accept-Encoding": "identity",
        "Api-Key": KEY,
    }
    assert body == b""


def test_headers_and_body_go_out_as_they_are_given(far: tuple[Listening, Pass]) -> None:
    socket, call = far
    content = bytes(range(256)) * 7 + b"\r\n\r\nGET / HTTP/1.1\r\n"
    given = {
        "accept": "text/*; q=0.5,  a/b",
        "Content-Type": "x/y",
        "X-Empty": "",
        "ACCEPT-ENCODING": "br",
        "user-agent": "mine",
    }
    call("POST", "main/search?x=1", headers=given, body=content)
    line, headers, body = socket.last()
    assert line == "POST /base/v2/search?x=1 HTTP/1.1"
    assert body == content
    assert {name: headers[name] for name in given} == given
    assert headers["Content-Length"] == str(len(content))
    assert set(headers) == {*given, "Host", "X-Version", "Api-Key", "Content-Length"}


@pytest.mark.parametrize("body", [None, b"", b"\0"])
def test_no_body_and_an_empty_one_are_two_things(far: tuple[Listening, Pass], body: bytes | None) -> None:
    socket, call = far
    call("GET", "main/x", body=body)
    _, headers, sent = socket.last()
    assert headers.get("Content-Length") == (None if body is None else str(len(body)))
    assert sent == (body or b"")


ANSWERS = [
    (b"200 OK", b"Content-Type: x/y\r\nContent-Length: 4\r\n", b"\0\xff\r\n"),
    (b"404 Not Found", b"Content-Length: 3\r\n", b"no\n"),
    (b"401 Unauthorized", b"Content-Length: 0\r\n", b""),
    (b"429 Slow", b"Retry-After: 5\r\nContent-Length: 0\r\n", b""),
    (b"500 Oh", b"Content-Length: 1\r\n", b"{"),
    (b"302 Found", b"Location: https://elsewhere.example/x\r\nContent-Length: 0\r\n", b""),
    (b"299 Odd", b"Content-Length: 0\r\n", b""),
    (b"200 OK", b"Content-Encoding: br\r\nContent-Length: 5\r\n", b"\x0b\x02\x80hi"),
    (b"200 OK", b"", b"until the end"),
]


@pytest.mark.parametrize(
    ("status", "head", "body"), ANSWERS, ids=[repr(row[0] + row[1])[2:40] for row in ANSWERS]
)
def test_any_answer_is_the_answer(
    far: tuple[Listening, Pass], status: bytes, head: bytes, body: bytes
) -> None:
    socket, call = far
    socket.answer = b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n" + body
    answer = call("GET", "main/x")
    assert answer.status == int(status[:3])
    assert answer.body == body
    fields = [line.split(": ") for line in head.decode().splitlines()]
    assert answer.headers == {name.lower(): value for name, value in fields}
    assert len(socket.requests) == 1, "nothing is followed and nothing is tried again"


def test_a_packed_body_stays_packed(far: tuple[Listening, Pass]) -> None:
    socket, call = far
    packed = gzip.compress(b"x" * 1_000, mtime=0)
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    socket.answer = b"HTTP/1.1 200 OK\r\n" + head.encode() + packed
    answer = call("GET", "main/x", headers={"Accept-Encoding": "gzip"})
    assert answer.body == packed
    assert answer.headers == {"content-encoding": "gzip", "content-length": str(len(packed))}


def test_what_belongs_to_a_connection_or_to_credentials_does_not_come_back(
    far: tuple[Listening, Pass],
) -> None:
    socket, call = far
    gone = (
        "Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Transfer-Encoding: chunked", "Trailer: X-T",
        "Upgrade: h2c", "Proxy-Authenticate: Basic", "Set-Cookie: a=b", "Set-Cookie: c=d", "Set-Cookie2: e=f",
        "WWW-Authenticate: Bearer", "Authentication-Info: x", "Authorization: x", "api-key: x", "API_KEY: y",
    )  # fmt: skip
    kept = ("ETag: W/1", f"X-Echo: {KEY}", "X-Quoted: k3y-of-the-vendor%2B%2F%3D", "Vary: a", "Vary: b")
    head = "\r\n".join(["HTTP/1.1 200 OK", *gone, *kept])
    socket.answer = head.encode() + b"\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    answer = call("GET", "main/x")
    assert answer.body == b"ok"
    assert answer.headers == {
        "etag": "W/1",
        "x-echo": "[redacted]",
        "x-quoted": "[redacted]",
        "vary": "a, b",
    }
    assert KEY not in repr(answer)


NEVER_SENT = [
    "Authorization", "authorization", "Proxy-Authorization", "Cookie", "Cookie2", "Host", "Content-Length", "Connection",
    "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "HTTP2-Settings",
    "Api-Key", "api-key", "API_KEY", "X-HTTP-Method-Override", "X_HTTP_Method_Override", "X-HTTP-Method",
    "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For", "x-forwarded-host", "X_Forwarded_Proto",
    "Forwarded", "X-Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP",
]  # fmt: skip


@pytest.mark.parametrize("name", NEVER_SENT)
def test_a_header_of_ours_is_refused(far: tuple[Listening, Pass], name: str) -> None:
    socket, call = far
    with pytest.raises(InvalidRequest, match="is not passed on") as refused:
        call("GET", "main/x", headers={name: "hidden-value"})
    assert "hidden-value" not in str(refused.value)
    assert socket.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A": "a\r"}, {"X-A": "a\0"}, {"X-A": "é"}, {"X-A": " a"},
        {"X-A": "a "}, {"X A": "a"}, {"": "a"}, {"X-A\r\nX-B": "a"}, {"X-A:": "a"}, {"X-É": "a"}, {"X-A": 7}, {7: "a"},
        {"X-A": b"a"}, {"X-A": "a", "x-a": "b"}, {"X-A": "a", "X_A": "b"},
    ],
)  # fmt: skip
def test_a_header_that_could_become_two_is_refused(far: tuple[Listening, Pass], headers: Any) -> None:
    socket, call = far
    with pytest.raises(InvalidRequest):
        call("GET", "main/x", headers=headers)
    assert socket.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "main/../x", "main/a/..", "main/%2e%2e/x", "main/a/%2E%2E", "main/.%2e/x", "main/%252e%252e/x", "main/..;/x",
        "main//host/x", "//host/x", "https://host/x", "http://127.0.0.1/x", "main/a%2f..%2fb", "main/a\\b", "main/x#y",
        "main/%00", "main/a%0d%0aX:%20y", "main/é", "main/x?é", "main/x y", "main", "",
    ],
)  # fmt: skip
def test_a_hostile_path_reaches_nothing(far: tuple[Listening, Pass], target: str) -> None:
    socket, call = far
    with pytest.raises(InvalidRequest):
        call("GET", target)
    assert socket.requests == []


@pytest.mark.parametrize(
    ("method", "target", "words"),
    [
        ("POST", "main/things", "POST main/things does not pass the proxy; what passes: GET /**, HEAD /things, POST /search"),
        ("DELETE", "main/search", "DELETE main/search does not pass"),
        ("get", "main/x", "get main/x does not pass"),
        ("GET /", "main/x", "does not pass"),
        ("GET\r\nX: y", "main/x", "does not pass"),
        ("POST", "main/run", "POST main/run does not pass"),
        ("POST", "main/search/", "does not pass"),
        ("POST", "main/search/x", "does not pass"),
        ("GET", "closed/x", "nothing passes the proxy to closed"),
        ("GET", "lacking/x", "'lacking' is not connected here; this account has: main, closed"),
        ("GET", "man/x", "'man' is no api; this account has: main, closed"),
    ],
)  # fmt: skip
def test_what_is_not_listed_does_not_pass(
    far: tuple[Listening, Pass], method: str, target: str, words: str
) -> None:
    socket, call = far
    with pytest.raises(InvalidRequest) as refused:
        call(method, target)
    assert words in refused.value.message
    assert isinstance(refused.value, NotFound) is ("account has" in words)
    assert socket.requests == []


@pytest.mark.parametrize("body", ["text", bytearray(b"x"), 7, b"x" * (MAX_SENT + 1)])
def test_a_body_is_bytes_and_not_too_many(far: tuple[Listening, Pass], body: Any) -> None:
    socket, call = far
    with pytest.raises(InvalidRequest, match="the body"):
        call("POST", "main/search", body=body)
    assert socket.requests == []


def test_an_answer_may_not_be_too_large(far: tuple[Listening, Pass]) -> None:
    socket, call = far
    socket.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_RECEIVED + 1}\r\n\r\nx".encode()
    with pytest.raises(VendorError, match="larger than"):
        call("GET", "main/x")


def test_no_answer_is_an_error(far: tuple[Listening, Pass]) -> None:
    socket, call = far
    socket.answer = b""
    with pytest.raises(VendorUnavailable):
        call("GET", "main/x?secret=1")


class Made:
    """The account's questions, with a vendor that is a function."""

    def __init__(self, folder: Path, text: str = CONNECTOR, answer: Answer | None = None) -> None:
        loaded = Catalog([write(folder, text)]).load("made")
        account = open_account(
            loaded, settings={"main.address": "https://made.example/v2"}, secrets={"main.key": KEY}
        )
        self.sent: list[Call] = []
        self.answer = answer or Answer(200, {}, b'{"rows": [1]}')
        questions = Questions(account, Seal([b"k" * 32]), Settings(max_seconds=3), Clock())
        self.directory = Directory(questions, self.send)

    def send(self, call: Call) -> Answer:
        self.sent.append(call)
        return self.answer


def test_time_and_size_are_bounded(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.directory.proxy("GET", "main/x")
    (call,) = made.sent
    assert call.deadline <= 3
    assert call.max_bytes == MAX_RECEIVED
    assert (call.effect, call.is_raw) == ("read", True)


QUERIES = [
    ("GET", "main/x", "https://made.example/v2/x?v=3&site=one%20two"),
    ("GET", "main/x?b=1&a=%20", "https://made.example/v2/x?b=1&a=%20&v=3&site=one%20two"),
]


@pytest.mark.parametrize(("method", "target", "url"), QUERIES)
def test_what_an_api_sends_with_every_call_is_sent_behind(
    tmp_path: Path, method: str, target: str, url: str
) -> None:
    text = CONNECTOR.replace(
        "    check: none\n", '    query: {v: "3", site: "one two"}\n    check: none\n', 1
    )
    made = Made(tmp_path, text)
    made.directory.proxy(method, target)
    assert made.sent[0].url == url
    for name in ("v", "%76", "site"):
        with pytest.raises(InvalidRequest, match="is set by the connector itself"):
            made.directory.proxy("GET", f"main/x?a=1&{name}=2")


def test_a_credential_in_the_query_is_not_given_twice(tmp_path: Path) -> None:
    header = 'auth: {style: header, header: Api-Key, value: "{secrets.key}"}'
    assert header in CONNECTOR
    made = Made(
        tmp_path, CONNECTOR.replace(header, 'auth: {style: query, parameter: k, value: "{secrets.key}"}')
    )
    made.directory.proxy("GET", "main/x?a=1")
    assert made.sent[0].url.startswith("https://made.example/v2/x?a=1&k=k3y")
    with pytest.raises(InvalidRequest, match="the query parameter 'k' is set by the connector itself"):
        made.directory.proxy("GET", "main/x?k=1")


def test_a_command_is_carried_by_its_exchange(tmp_path: Path) -> None:
    made = Made(tmp_path)
    words = ["info", "it's", "--node", "Sales", "--format", "json"]
    assert made.directory.command("main", words) == {"rows": [1]}
    (call,) = made.sent
    assert (call.method, call.url) == ("POST", "https://made.example/v2/run")
    assert call.body == b'{"command":"info \'it\'\\"\'\\"\'s\' --node Sales --format json"}'
    assert call.effect == "read"
    for refused in (["lock"], ["info", "--output=x"], "info", []):
        with pytest.raises(InvalidRequest):
            made.directory.command("main", refused)
    for api in ("closed", "lacking", "man"):
        with pytest.raises(InvalidRequest):
            made.directory.command(api, words)
    assert len(made.sent) == 1


def test_a_command_is_awaited(tmp_path: Path) -> None:
    made = Made(tmp_path)

    async def send(call: Call) -> Answer:
        return made.send(call)

    async def run() -> Any:
        return await AsyncDirectory(made.directory.questions, send).command("main", ["info", "x"])

    assert asyncio.run(run()) == {"rows": [1]}
    assert made.sent[0].body == b'{"command":"info x"}'


def test_a_command_s_answer_is_judged_as_everywhere(tmp_path: Path) -> None:
    with pytest.raises(VendorError, match="not JSON"):
        Made(tmp_path, answer=Answer(200, {}, b"<html>")).directory.command("main", ["info"])
    assert Made(tmp_path, answer=Answer(204)).directory.command("main", ["info"]) is None
    with pytest.raises(VendorUnavailable):
        Made(tmp_path, answer=Answer(http.HTTPStatus.BAD_GATEWAY)).directory.command("main", ["info"])


def faults(folders: list[Path], name: str = "made") -> list[str]:
    with pytest.raises(ConfigurationInvalid) as refused:
        Catalog(folders).load(name)
    return [str(fault).split("\n")[0] for fault in refused.value.faults]


def at(text: str, part: str) -> str:
    """line:column of a part of a file."""
    before = text[: text.index(part)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


ALLOW = 'allow: ["GET /**", HEAD /things, POST /search]'
WRONG = [
    ("POST /search]", "POST /run]", "POST /run", "allow.2: this pattern lets pass what the exchange `line` carries"),
    ("POST /search]", '"POST /**"]', '"POST /**"', "allow.2: this pattern lets pass what the exchange `line` carries"),
    ("POST /search]", '"POST /*"]', '"POST /*"', "allow.2: this pattern lets pass what the exchange `line` carries"),
    ("POST /search]", "POST search]", "POST search", "allow.2: expected a method and a path"),
    ("      exchange: line\n", "", "{info:", "commands: commands need `exchange`"),
    ("exchange: line\n", "exchange: lin\n", "lin\n", "exchange: no such exchange; this api has: line"),
    ("takes: [line]", "takes: [lines]", "line\n      commands", "exchange: the exchange takes lines; given: line"),
    ("--format=json]", "--format json]", "--format json", "commands.info.2: expected `--flag`, `--name=` (any value)"),
    ("{info: [", "{info me!: [", "info me!", "does not match"),
    ("commands: {info:", "comands: {info:", "comands", "unknown key 'comands'"),
    ("    resources: {}\n", "    resources: {a: {create: {get: '/make/{input.a}', effect: write, input: {a: {label: A}}}}}\n",
        '"GET /**"', "allow.0: this pattern lets pass `create` of a, which writes: GET /make/{input.a}"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "told"), WRONG, ids=[row[3][:45] for row in WRONG])
def test_a_policy_that_can_not_be_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, where: str, told: str
) -> None:
    text = CONNECTOR.replace(old, new, 1)
    found = faults([write(tmp_path, text)])
    place = at(text, where)
    assert [one for one in found if f":{place}: " in one and told in one], (place, found)


OVER = "connector: made\nextends: made\napis:\n  main:\n    proxy: "
OVERLAYS = [
    (OVER + "{allow: [GET /things]}\n", None),
    (OVER + '{allow: ["GET /a/**", HEAD /things], exchange: line, commands: {info: [--node=x, --format=json]}}\n', None),
    (OVER + "{}\n", None),
    (OVER + "null\n", None),
    (OVER + '{allow: ["GET /x", "POST /things"]}\n', '"POST /things"'),
    (OVER + '{allow: ["HEAD /**"]}\n', '"HEAD /**"'),
    (OVER + "{exchange: line, commands: {info: [pattern], lock: []}}\n", "[]}}"),
    (OVER + "{exchange: line, commands: {info: [pattern, --output=]}}\n", "--output="),
    (OVER + "{exchange: line, commands: {info: [--format=]}}\n", "--format="),
    (CONNECTOR, None),
    (CONNECTOR.replace("POST /search]", "POST /search, POST /other]"), "POST /other"),
    (CONNECTOR.replace("  closed:\n", "  closed:\n    proxy: {allow: [GET /x]}\n"), "GET /x"),
    (OVER.replace("  main:", "  closed:") + "{allow: [GET /x]}\n", "GET /x"),
    (OVER + "{allow: [GET /x]}\n  new: {base_url: https://x, auth: {style: none}, check: none, resources: {}, proxy: {allow: [GET /new]}}\n", "GET /new"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wide"), OVERLAYS, ids=range(len(OVERLAYS)))
def test_what_lies_over_a_connector_may_only_narrow_it(tmp_path: Path, text: str, wide: str | None) -> None:
    folders = [write(tmp_path / "over", text), write(tmp_path / "under", CONNECTOR)]
    if wide is None:
        Catalog(folders).load("made")
        return
    found = faults(folders)
    place = at(text, wide)
    assert any(f"over/made/connector.yaml:{place}: " in one and "may only narrow" in one for one in found), (
        place,
        found,
    )


def test_a_connector_of_another_name_declares_its_own(tmp_path: Path) -> None:
    write(tmp_path, CONNECTOR)
    text = OVER.replace("connector: made", "connector: wide\nlabel: Wide") + '{allow: ["PUT /x"]}\n'
    loaded = Catalog([write(tmp_path, text, "wide")]).load("wide")
    policy = loaded.definition.apis["main"].proxy
    assert policy is not None
    assert policy.allow == ("PUT /x",)


def test_a_layer_in_between_widens_nothing(tmp_path: Path) -> None:
    wide = OVER + "{allow: [PUT /x]}\n"
    over = OVER + "{allow: [PUT /x]}\n"
    folders = [write(tmp_path / one, text) for one, text in (("a", over), ("b", wide), ("c", CONNECTOR))]
    assert any("may only narrow" in one for one in faults(folders))


SENT_OTHERWISE = {
    "exchanges": 'exchanges: {line: {style: single, takes: [line], submit: {post: /run, effect: read, json: {command: "drop it"}}}}',
    "base_url": "base_url: https://made.example/other",
    "auth": 'auth: {style: query, parameter: key, value: "{secrets.key}"}',
    "headers": "headers: {X-HTTP-Method-Override: DELETE}",
    "query": "query: {method: delete}",
}


@pytest.mark.parametrize("part", SENT_OTHERWISE)
def test_what_passes_can_not_come_to_mean_something_else(tmp_path: Path, part: str) -> None:
    """An overlay that leaves the policy alone could else send other calls and commands with the same credentials."""
    over = f"connector: made\nextends: made\napis:\n  main:\n    {SENT_OTHERWISE[part]}\n"
    under = write(tmp_path / "under", CONNECTOR)
    found = faults([write(tmp_path / "over", over), under])
    assert any(
        f"apis.main.{part}: what passes the proxy of main would be sent otherwise" in one for one in found
    ), found
    Catalog([write(tmp_path / "shut", f"{over}    proxy: null\n"), under]).load("made")


def test_what_is_laid_over_a_parent_is_told_of_its_children_too(tmp_path: Path) -> None:
    under = write(tmp_path / "under", CONNECTOR)
    write(under, "connector: child\nlabel: Child\nextends: made\n", "child")
    over = write(tmp_path / "over", OVER + '{allow: ["PUT /x"]}\n')
    with pytest.raises(ConfigurationInvalid) as refused:
        Catalog([over, under]).load("child")
    assert any("may only narrow" in str(one) for one in refused.value.faults)


def test_a_call_that_may_write_is_sent_once(tmp_path: Path) -> None:
    loaded = Catalog([write(tmp_path, CONNECTOR.replace("{times: 0}", "{times: 3}"))]).load("made")
    opened = open_account(
        loaded, settings={"main.address": "https://made.example"}, secrets={"main.key": KEY}
    )
    planned = {
        method: plan_pass(opened, method, read_target(target), {}, None, Moment(datetime.now(UTC), "n"))
        for method, target in (("GET", "main/things"), ("HEAD", "main/things"), ("POST", "main/search"))
    }
    assert {method: one.call.repeatable for method, one in planned.items()} == {
        "GET": True,
        "HEAD": True,
        "POST": False,
    }


@pytest.mark.parametrize(
    "name",
    ["X-Version", "x_version", "X-Original-Uri", "X-HTTP-Path-Override", "X-Override-URL", "Method-Override"],
)
def test_no_header_makes_another_call_of_one_that_passes(tmp_path: Path, name: str) -> None:
    loaded = Catalog([write(tmp_path, CONNECTOR)]).load("made")
    opened = open_account(
        loaded, settings={"main.address": "https://made.example"}, secrets={"main.key": KEY}
    )
    moment = Moment(datetime.now(UTC), "n")
    with pytest.raises(InvalidRequest, match="is not passed on"):
        plan_pass(opened, "GET", read_target("main/things"), {name: "x"}, None, moment)
    with pytest.raises(InvalidRequest, match="makes another call"):
        plan_pass(opened, "GET", read_target("main/things?_method=DELETE"), {}, None, moment)
