"""`doctor` on the command line: what is shown, and what its exit code comes to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connector.sandbox import Sandbox, access_to
from tests.cli.conftest import Command


def connected(command: Command, *words: str, name: str = "acme", **secrets: str) -> Command:
    """The home with one account of these apis, not checked."""
    given = command.given(**secrets)
    done = given("connect", "keeper", "--name", name, "--no-check", *words)
    assert done.returncode == 0, done.stderr
    return given


@pytest.fixture(scope="module")
def whole(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Command:
    access = access_to(sandbox, ("scim", "commander", "partner"))
    names = {secret: secret.replace(".", "_").upper() for secret in access.secrets}
    return connected(
        Command(tmp_path_factory.mktemp("doctored")),
        *(word for name, value in access.settings.items() for word in ("--set", f"{name}={value}")),
        *(word for name, value in access.base_urls.items() for word in ("--base-url", f"{name}={value}")),
        *(word for network in access.allow_networks for word in ("--allow-network", network)),
        *(word for name, variable in names.items() for word in ("--secret", f"{name}=@env:{variable}")),
        **{variable: access.secrets[secret] for secret, variable in names.items()},
    )


def test_an_account_that_is_well_ends_with_0(whole: Command, sandbox: Sandbox) -> None:
    done = whole("doctor")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["verdict"] == "healthy"
    by_name = {api["api"]: api for api in found["apis"]}
    assert {name: api["verdict"] for name, api in by_name.items()} == {
        "scim": "healthy",
        "commander": "healthy",
        "partner": "not_checked",
    }
    assert by_name["scim"]["scope"] == f"node {sandbox.node_id}, without its sub-nodes"
    nodes = next(one for one in by_name["commander"]["tried"] if one["name"] == "nodes")
    assert nodes["shows"] == [node.name for node in sandbox.tenant.nodes]
    assert "without buying" in " ".join(by_name["partner"]["cannot"])
    assert sandbox.token not in done.stdout
    assert sandbox.api_key not in done.stdout


def test_a_terminal_shows_it_as_a_table_with_colours(whole: Command) -> None:
    code, shown = whole.on_terminal("doctor", "acme", columns=160)
    assert code == 0, shown
    for words in (
        "commander · Commander service · ",
        "\x1b[32mok",
        "covers",
        "without its sub-nodes",
        "can't tell",
        "never in users",
        "it can't be checked",
        "keeper: nothing lacks",
    ):
        assert words in shown
    _, plain = whole.given(NO_COLOR="1").on_terminal("doctor", columns=160)
    assert "\x1b[" not in plain
    piped = whole("doctor", "-o", "table")
    assert "keeper: nothing lacks" in piped.stdout


class _Says(BaseHTTPRequestHandler):
    said = (200, "text/html", b"<html>please log in</html>")

    def do_GET(self) -> None:
        status, kind, body = self.said
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Says nothing."""


@contextmanager
def saying(status: int, kind: str, body: bytes, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that answers everything so."""
    handler = type("_Told", (_Says,), {"said": (status, kind, body)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_vendor_s_line_breaks_make_no_lines_of_the_table(tmp_path: Path) -> None:
    forged = "Not permitted\nneeds: nothing at all\r\n\x0bok\u2028users  5 records \x1b[2J\u202e\x85end"
    with saying(403, "application/json", json.dumps({"error": forged}).encode()) as url:
        words = (
            "--set",
            f"commander.url={url}",
            "--set",
            "commander.version=v1",
            "--allow-network",
            "127.0.0.1",
        )
        given = connected(
            Command(tmp_path), *words, "--secret", "commander.api_key=@env:KEY", KEY="key-0123456789"
        )
        shown = given("doctor", "-o", "table").stdout
        refused = given("check", "--account", "acme").stderr.splitlines()
    assert [line.partition(":")[0] for line in refused] == ["error", "hint"], refused
    lines = [line.strip() for line in shown.splitlines()]
    assert "Not permitted needs: nothing at all ok users 5 records" in " ".join(shown.split())
    assert not [line for line in lines if line.startswith(("needs: nothing", "ok", "users  5", "end"))], shown
    assert not {"\x1b", "\u202e", "\x0b", "\x85", "\u2028"} & set(shown)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"status":"success"}', b'{"data":null}'])
def test_connect_and_check_believe_no_service_that_says_nothing(tmp_path: Path, body: bytes) -> None:
    command = Command(tmp_path).given(KEY="key-0123456789")
    for apis in (["commander.url={}", "commander.version=v1"], ["base_url={}"]):
        with saying(200, "application/json", body) as url:
            settings = [word for one in apis for word in ("--set", one.format(url))]
            name = "scim" if len(apis) == 1 else "keeper"
            secret = "token" if name == "scim" else "commander.api_key"
            done = command("connect", name, *settings, "--allow-network", "127.0.0.1", "--secret", f"{secret}=@env:KEY")  # fmt: skip
            assert (done.returncode, "accepts" in done.stdout) == (1, False), done.stdout
            assert command("check", "--account", name).returncode == 1
            assert command("doctor", name).returncode == 1


@pytest.mark.parametrize(
    ("status", "kind", "body", "code", "told"),
    [
        (200, "text/html", b"<html>please log in</html>", 1, "what answers there is no Commander service"),
        (404, "text/html", b"<html>no such page</html>", 1, "its queue is off; set commander.version=v1"),
        (401, "application/json", b'{"error": "API key has expired"}', 5, "API key has expired"),
        (403, "application/json", b'{"error": "Not permitted to perform this function"}', 1, "needs: the command enterprise-info in the list of the API key"),
        (403, "application/json", b'{"error": "IP is not allowed to call API service"}', 1, "add this machine's address"),
        (503, "application/json", b'{"error": "Error: Request queue is full. Please try again later."}', 4, "queue is full"),
        (429, "application/json", b'{"error": "Service rate limit exceeded: 1 per 1 minute", "result_code": "rate_limited"}', 4, "which its configuration can raise"),
        (403, "application/json", b'{"error": "\\u001b[31mred key-of-the-service"}', 1, "\\x1b[31mred [redacted]"),
    ],
)  # fmt: skip
def test_what_a_service_answers_is_a_finding(
    connector: Command, status: int, kind: str, body: bytes, code: int, told: str
) -> None:
    with saying(status, kind, body) as url:
        account = connected(
            connector,
            *("--set", f"commander.url={url}", "--secret", "commander.api_key=@env:KEY"),
            *("--allow-network", "127.0.0.1"),
            KEY="key-of-the-service",
        )
        done = account("doctor", "-o", "table")
        assert done.returncode == code, done.stdout
        assert told in " ".join(done.stdout.split())
        assert "key-of-the-service" not in done.stdout
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("url", "allow", "code", "told"),
    [
        ("http://127.0.0.1:9", [], 1, "may not be called"),
        ("http://127.0.0.1:9", ["--allow-network", "127.0.0.1"], 4, "refused"),
        ("https://commander.invalid", [], 4, "commander.invalid"),
    ],
)
def test_an_address_that_nobody_answers_at_is_a_finding_and_the_others_are_examined(
    connector: Command, sandbox: Sandbox, url: str, allow: list[str], code: int, told: str
) -> None:
    access = access_to(sandbox, ("scim",))
    account = connected(
        connector,
        *("--set", f"commander.url={url}", "--secret", "commander.api_key=@env:KEY"),
        *("--set", f"scim.node_id={sandbox.node_id}", "--secret", "scim.token=@env:TOKEN"),
        *("--base-url", f"scim={access.base_urls['scim']}", "--allow-network", access.allow_networks[0]),
        *allow,
        KEY="key",
        TOKEN=sandbox.token,
    )
    done = account("doctor")
    assert done.returncode == code, done.stdout
    found = {api["api"]: api for api in json.loads(done.stdout)["apis"]}
    assert found["scim"]["verdict"] == "healthy"
    first, *rest = found["commander"]["tried"]
    assert told in first["message"]
    assert {one["state"] for one in rest} == {"not_tried"}


def test_a_certificate_that_nobody_vouches_for_is_a_finding(connector: Command, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with saying(200, "application/json", b"{}", context) as url:
        account = connected(
            connector,
            *("--set", f"commander.url={url}", "--secret", "commander.api_key=@env:KEY"),
            *("--allow-network", "127.0.0.1"),
            KEY="key",
        )
        done = account("doctor")
        assert done.returncode == 4, done.stdout
        (api,) = json.loads(done.stdout)["apis"]
        assert "certificate" in api["tried"][0]["message"].lower()


def test_an_account_that_is_not_there_is_no_finding(connector: Command) -> None:
    done = connector("doctor", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def test_each_node_of_an_account_is_examined_by_itself(connector: Command, sandbox: Sandbox) -> None:
    url = sandbox.base_url.removesuffix(sandbox.node_id)
    account = connected(
        connector,
        *("--base-url", f"scim[{sandbox.node_id}]={url}{sandbox.node_id}", "--base-url", f"scim[7]={url}7"),
        *("--secret", f"scim[{sandbox.node_id}].token=@env:TOKEN", "--secret", "scim[7].token=@env:OTHER"),
        *("--allow-network", "127.0.0.1"),
        TOKEN=sandbox.token,
        OTHER="the-token-of-another",
    )
    done = account("doctor")
    assert done.returncode == 5, done.stdout
    found = {api["scope"]: api["verdict"] for api in json.loads(done.stdout)["apis"]}
    assert found == {
        "node 7, without its sub-nodes": "needs_reauth",
        f"node {sandbox.node_id}, without its sub-nodes": "healthy",
    }
