"""`demo`: a tour over a made-up tenant, in this process and a temporary folder.

It touches no account, key or database of whoever runs it, and no address but the sandbox's own on this machine.
"""

from __future__ import annotations

import base64
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from connector.cli.output import harmless, screen
from connector.errors import WriteNotEffective

if TYPE_CHECKING:
    from connector.directory import Directory
    from connector.pages import Page
    from connector.stored import StoredAccounts

__all__ = ["add_to", "demo"]

_USERS = 300
_NODES = 3
_FEW = 5
_WHOLE, _NODE = "demo", "demo-scim"


def add_to(app: typer.Typer) -> None:
    """Adds `demo`."""
    app.command("demo")(demo)


def demo() -> None:
    """Show all of it on a made-up tenant.

    Nothing of yours is read or changed.
    """
    from connector.cli.sandboxing import keep_account, sandbox_of
    from connector.sandbox import APIS

    connector, double = sandbox_of(None)
    with double(users=_USERS, nodes=_NODES) as sandbox, _own_store() as stored:
        _say(
            f"A made-up tenant of {_USERS} users in {_NODES} nodes now answers on this machine, as a Commander service "
            f"at {sandbox.commander_url} and as a SCIM endpoint of each node"
        )
        keep_account(stored, _WHOLE, connector, sandbox, APIS)
        keep_account(stored, _NODE, connector, sandbox, APIS[:1])
        with _opened(stored, _WHOLE) as whole, _opened(stored, _NODE) as node:
            said = ", ".join(f"{api} {answer}" for api, answer in whole.check().items())
            _say(f"It is connected, its secrets sealed. The vendor's own checks: {said}")
            _tour(stored, whole)
            _step("What each of the two can tell", "connector list users --all --account …")
            _compare({"Commander": whole, "SCIM": node})
            _changes(whole)
            _beyond(whole)
    _end(connector)


def _tour(stored: StoredAccounts, directory: Directory) -> None:
    _step("The first users", "connector list users --limit 5")
    _say("The service has no pages: its one answer is captured, sealed in the store, and paged over.")
    first = directory.list("users", limit=_FEW)
    _show(directory, first)
    _say("Only a page without a next cursor is the last; it may be short, or even empty, before that.")

    _step("Another process goes on with the cursor", "connector list users --limit 5 --cursor c1.…")
    with _opened(stored, _WHOLE) as another:
        page = another.list("users", limit=_FEW, cursor=first.next_cursor, explain=True)
        calls = len((page.explain or {})["calls"])
        _show(another, replace(page, explain=None))
        _say(f"Calls to the vendor for this page: {calls}.")

    _step("Groups", "connector list groups --limit 5 --sort name")
    _show(directory, directory.list("groups", limit=_FEW, sort_by="name"))

    _step("Everyone, to the end", "connector list users --all -o ndjson > users.ndjson")
    _walk(directory)

    _step("Who evaluates a filter", "connector list users --filter status=inactive --limit 5 --explain")
    found = directory.list("users", filters={"status": "inactive"}, limit=_FEW, explain=True)
    _show(directory, found)

    row = next(row for row in found.rows if row["groups"])
    _step("One user", f"connector get users {row['id']}")
    _show_fields(directory.get("users", row["id"]).row)

    group = row["groups"][0]
    _step(f"Who is in {harmless(str(group['name']))}", f"connector list groups/{group['id']}/users")
    _show(directory, directory.list(f"groups/{group['id']}/users", limit=_FEW))


def _changes(directory: Directory) -> None:
    """A write that is proven, and one that the vendor calls done and isn't."""
    for status, title in (
        ("active", "A user is locked, and looked at again"),
        ("invited", "The same of one who is invited: the vendor says yes, and does nothing"),
    ):
        row = directory.list("users", filters={"status": status}, limit=1).rows[0]
        _step(title, f"connector update users {row['id']} --set status=inactive")
        try:
            written = directory.update("users", row["id"], {"status": "inactive"})
        except WriteNotEffective as error:
            _print(f"error: {harmless(error.message)}", "yellow")
            _say(harmless(str(error.hint)))
        else:
            verified = ", verified" if written.outcome.verified else ""
            _print(
                f"{written.outcome.is_}{verified}: {written.row['status']} ({written.row['status_detail']})"
            )


def _beyond(directory: Directory) -> None:
    """What is no listing: the vendor's own API, and a student's licence."""
    words = ["enterprise-info", "--nodes", "--format", "json"]
    _step("The vendor's own API, untouched", f"connector proxy commander -- {' '.join(words)}")
    answer = directory.command("commander", words)
    for node in answer["data"][:_FEW]:
        _print(", ".join(f"{name}: {harmless(str(value))}" for name, value in node.items()))
    _say("Only what the connector lists passes, and all of that only reads.")

    student = {"email": "ada@students.acme.example", "first_name": "Ada"}
    given = " ".join(f"--set {name}={value}" for name, value in student.items())
    _step("A student's licence, not ordered yet", f"connector create student_licenses {given} --dry-run")
    plan = directory.plan("create", "student_licenses", student)
    _print(f"{plan.method} {plan.url}")
    _say("Nothing was sent.")
    _step("Ordered, at most once", f"connector create student_licenses {given}")
    _show_fields(directory.create("student_licenses", student).row)


def _compare(sides: Mapping[str, Directory]) -> None:
    """What each account saw of the same tenant, counted from its rows."""
    from connector.cli.table import print_table

    seen = {name: [row for page in side.pages("users") for row in page.rows] for name, side in sides.items()}
    groups = {
        name: [row for page in side.pages("groups") for row in page.rows] for name, side in sides.items()
    }
    filled = {
        name: {field for row in rows for field, value in row.items() if value is not None}
        for name, rows in seen.items()
    }
    common = set.intersection(*filled.values())
    table = {
        "users": {name: f"{len(rows):,}" for name, rows in seen.items()},
        "groups": {name: f"{len(rows):,}" for name, rows in groups.items()},
        "statuses": {
            name: ", ".join(
                f"{count} {word}" for word, count in Counter(r["status"] for r in rows).most_common()
            )
            for name, rows in seen.items()
        },
        "its words": {
            name: ", ".join(sorted({str(row["status_detail"]) for row in rows}))
            for name, rows in seen.items()
        },
        "only it knows": {name: ", ".join(sorted(fields - common)) for name, fields in filled.items()},
        "scope": {name: str(side.list("users", limit=1).completeness.scope) for name, side in sides.items()},
    }
    print_table(("", *sides), [(what, *(said[name] for name in sides)) for what, said in table.items()])


@contextmanager
def _own_store() -> Iterator[StoredAccounts]:
    """Accounts in a folder of their own, with a key of their own, both gone at the end."""
    from pydantic import SecretStr

    from connector.settings import Settings
    from connector.stored import StoredAccounts

    key = f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with tempfile.TemporaryDirectory(prefix="connector-demo-") as folder:
        url = f"sqlite:///{Path(folder) / 'demo.sqlite3'}"
        settings = Settings.read().model_copy(update={"database_url": url, "keys": SecretStr(key)})
        with StoredAccounts(settings) as stored:
            yield stored


@contextmanager
def _opened(stored: StoredAccounts, name: str) -> Iterator[Directory]:
    from connector.directory import Directory
    from connector.egress import Egress
    from connector.transport import Transport

    kept, questions = stored.open(name)
    transport = Transport(Egress(kept.allow_networks))
    with Directory(questions, transport.send, close=transport.close) as directory:
        yield directory


def _walk(directory: Directory) -> None:
    from connector.cli.telling import summary

    statuses: Counter[str] = Counter()
    page: Page[Any] | None = None
    for page in directory.pages("users", limit=1000):
        statuses.update(row["status"] for row in page.rows)
    assert page is not None
    _print(", ".join(f"{count} {status}" for status, count in statuses.most_common()))
    _print(summary(statuses.total(), "users", page.completeness), "dim")
    _say("A walk that can't prove that it saw everyone says so, and fails.")


def _show(directory: Directory, page: Page[Any]) -> None:
    from connector.cli.listing import fields_of
    from connector.cli.table import TableRows
    from connector.cli.telling import explanation_lines, summary

    rows = TableRows(page.unified, fields_of(directory, page.unified))
    rows.add(page.rows)
    if page.explain is not None:
        for line in list(explanation_lines(page.explain))[:3]:
            _print(line, "dim")
    more = "" if page.next_cursor is None else " · next: --cursor c1.…"
    _print(summary(len(page.rows), page.unified, page.completeness) + more, "dim")
    if (footer := rows.footer()) is not None:
        _print(footer, "dim")


def _show_fields(row: dict[str, Any]) -> None:
    from connector.cli.table import print_fields

    print_fields({name: value for name, value in row.items() if value is not None})


def _step(title: str, command: str) -> None:
    _print("")
    _print(title, "bold")
    _print(f"$ {command}", "cyan")


def _say(text: str) -> None:
    _print(text)


def _end(connector: str) -> None:
    _print("")
    _print("That was the demo; nothing of it is left. To look around yourself:", "bold")
    for command, remark in (
        (f"connector sandbox {connector}", "leave it running"),
        ("connector list users --all -o csv > users.csv", "in another terminal"),
        ("connector doctor", "what the credentials have and lack"),
        (f"connector connect {connector} --help", "for a real directory"),
    ):
        _print(f"  {command:<48}# {remark}", "cyan")


def _print(text: str, style: str = "") -> None:
    screen().print(text, style=style, soft_wrap=True)
