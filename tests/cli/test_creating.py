from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from connector.sandbox import Sandbox, access_to
from tests.calling.closing import closing_server
from tests.cli.conftest import Command

EMAIL = "ada+1@students.acme.example"
STUDENT = ("create", "student_licenses", "--set", f"email={EMAIL}", "--set", "first_name=Ada")


def arguments(sandbox: Sandbox, *, without: str = "", url: str | None = None) -> list[str]:
    """What `connect` needs for the partner API alone, its secret in the variable SECRET."""
    access = access_to(sandbox, ("partner",))
    named = {name: value for name, value in access.settings.items() if name != without}
    return [
        *("connect", "keeper", "--name", "uni"),
        *(word for name, value in named.items() for word in ("--set", f"{name}={value}")),
        *("--base-url", f"partner={url or sandbox.partner_url}"),
        *("--allow-network", "127.0.0.1", "--secret", "partner.secret=@env:SECRET"),
    ]


@pytest.fixture
def uni(selling: Sandbox, tmp_path: Path) -> Command:
    """A home with one account that can make licences and nothing else."""
    command = Command(tmp_path, {"NO_COLOR": "1"})
    done = command.given(SECRET=selling.tenant.partner_secret)(*arguments(selling))
    assert done.returncode == 0, done.stderr
    return command


def proof_of(sandbox: Sandbox) -> str:
    return hashlib.sha256(f"{EMAIL}{sandbox.tenant.partner_secret}".encode()).hexdigest()


def test_connecting_asks_for_nothing_that_creates(selling: Sandbox, connector: Command) -> None:
    done = connector.given(SECRET=selling.tenant.partner_secret)(*arguments(selling))
    assert done.returncode == 0, done.stderr
    fields = json.loads(done.stdout)
    assert fields["sources"] == {"student_licenses": ["partner.licenses"]}
    assert re.search(r"partner.*no check", done.stderr)
    check = connector("check", "--account", "uni")
    assert check.returncode == 0
    assert "no check" in check.stdout
    assert selling.orders == []
    assert selling.tenant.partner_secret not in done.stdout + done.stderr + check.stdout + check.stderr


@pytest.mark.parametrize("name", ["partner.student_domains", "partner.primary_domains"])
@pytest.mark.parametrize("value", [None, "", ",", " , "])
def test_connecting_needs_both_lists_of_domains(
    selling: Sandbox, connector: Command, name: str, value: str | None
) -> None:
    told = connector.given(SECRET=selling.tenant.partner_secret)
    given = () if value is None else ("--set", f"{name}={value}")
    done = told(*arguments(selling, without=name), *given)
    assert done.returncode == 1
    assert f"needs {name}" in done.stderr
    assert (f"setting {name}: expected list, got" in done.stderr) is (value is not None)
    assert connector("accounts").stdout == ""


@pytest.mark.parametrize(
    "value", ["@univ.example", "a@univ.example", "https://univ.example", "univ.example/x", "*", "a b"]
)
def test_what_is_no_domain_is_refused_when_it_is_connected(
    selling: Sandbox, connector: Command, value: str
) -> None:
    name = "partner.primary_domains"
    options = ("--set", f"{name}=univ.example,{value}")
    done = connector.given(SECRET="x")(*arguments(selling, without=name), *options)
    assert done.returncode == 1
    assert f"setting {name}: {value!r} does not match" in done.stderr


def test_lists_of_domains_are_written_between_commas(selling: Sandbox, connector: Command) -> None:
    told = connector.given(SECRET=selling.tenant.partner_secret)
    name = "partner.student_domains"
    options = ("--set", f"{name}=students.univ.example, *.acme.example", "--no-check")
    assert told(*arguments(selling, without=name), *options).returncode == 0
    assert connector(*STUDENT, "--dry-run").returncode == 0
    refused = connector(*STUDENT, "--set", "first_name=x")
    assert (refused.returncode, "given twice" in refused.stderr) == (2, True)
    other = connector("create", "student_licenses", "--set", "email=a@univ.example", "--set", "first_name=A")
    assert "univ.example is none of student_domains (students.univ.example, *.acme.example)" in other.stderr


def test_a_licence_is_made_and_shown(selling: Sandbox, uni: Command) -> None:
    done = uni(*STUDENT, "--set", "last_name=O'Brien")
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    (order,) = selling.orders
    assert made["result"]["order_number"] == order.number
    assert made["result"]["transaction_id"] == order.transaction_id
    assert made["result"]["vault_url"].startswith("https://qa.keepersecurity.com/vault/#")
    assert (made["result"]["last_name"], order.last_name) == ("O'Brien", "O'Brien")
    assert (made["warnings"], made["is_partial_response"]) == ([], False)

    code, table = uni.on_terminal(*STUDENT, "--set", "transaction_id=order-7", columns=200)
    assert code == 0
    assert re.search(r"\ntransaction_id +order-7 *\n|^transaction_id +order-7 *\n", table)
    assert re.search(r"\nvault_url +https://qa\.keepersecurity\.com/vault/#[0-9a-f]{32} *\n", table)
    assert [order.transaction_id for order in selling.orders[1:]] == ["order-7"]


def test_a_dry_run_shows_the_request_and_reaches_nobody(selling: Sandbox, uni: Command) -> None:
    done = uni(*STUDENT, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    plan = json.loads(done.stdout)
    assert (plan["method"], plan["effect"], plan["repeatable"]) == ("GET", "write", False)
    assert plan["url"].startswith(f"{selling.partner_url}/create-license?transaction_id=")
    assert "&first_name=Ada&email=ada%2B1%40students.acme.example&hash=[redacted]&" in plan["url"]

    table = uni(*STUDENT, "--dry-run", "-o", "table")
    assert table.returncode == 0
    assert "nothing was sent" in table.stderr
    assert table.stdout == f"GET {plan['url']}\n"
    code, shown = uni.on_terminal(*STUDENT, "--dry-run", columns=80)
    assert (code, shown) == (0, f"GET {plan['url']}\nnothing was sent\n")
    assert selling.orders == []
    for text in (done.stdout, table.stdout, shown):
        assert proof_of(selling) not in text
        assert selling.tenant.partner_secret not in text


def test_all_that_is_wrong_is_told_and_nothing_is_sent(selling: Sandbox, uni: Command) -> None:
    for more in ((), ("--dry-run",)):
        done = uni(
            *("create", "student_licenses", "--set", "email=ada@acme.example", "--set", "first_name= "),
            *("--set", "emial=x", *more),
        )
        assert (done.returncode, done.stdout) == (1, "")
        for words in (
            "nothing was sent",
            "unknown field 'emial' (did you mean email?)",
            "email: acme.example is none of student_domains",
            "first_name: it is empty",
        ):
            assert words in done.stderr
    assert selling.orders == []


def test_without_fields_those_that_are_needed_are_told(uni: Command) -> None:
    done = uni("create", "student_licenses")
    assert done.returncode == 1
    assert "email: E-mail address of the student is needed; first_name: First name is needed" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["create"], 2, "Missing argument"),
        (["create", "student_licences"], 1, "did you mean student_licenses?"),
        (["create", "users"], 1, "this account has no 'users'; it has: student_licenses"),
        (["create", "student_licenses", "--set", "email"], 2, "NAME=VALUE"),
        (["create", "student_licenses", "-o", "csv"], 2, "json"),
        (["create", "student_licenses", "--account", "uno"], 1, "there are: uni"),
        (["list", "student_licenses"], 1, "can't list student_licenses"),
        (["get", "student_licenses", "1"], 1, "can't get student_licenses"),
    ],
)
def test_what_can_not_be_asked(uni: Command, words: list[str], code: int, said: str) -> None:
    done = uni(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_secret_has_an_exit_code_of_its_own(selling: Sandbox, connector: Command) -> None:
    told = connector.given(SECRET="not-the-secret")
    assert told(*arguments(selling)).returncode == 0, "nothing tells that it is wrong without buying"
    done = connector(*STUDENT)
    assert (done.returncode, done.stdout) == (5, "")
    assert "Invalid Hash Value - UnAuthorized" in done.stderr
    assert "enter new ones" in done.stderr
    assert "not-the-secret" not in done.stderr
    assert selling.orders == []


def test_an_outcome_that_is_not_known_has_an_exit_code_of_its_own(
    selling: Sandbox, connector: Command
) -> None:
    with closing_server() as (url, requests):
        told = connector.given(SECRET=selling.tenant.partner_secret)
        assert told(*arguments(selling, url=url)).returncode == 0
        done = connector(*STUDENT, "--set", "transaction_id=order-7")
    assert (done.returncode, done.stdout, len(requests)) == (6, "", 1)
    assert (
        "whether it took effect is not known (create student_licenses: transaction_id order-7)" in done.stderr
    )
    assert "hint: it is not sent again by itself" in done.stderr
    assert "Traceback" not in done.stderr
    assert proof_of(selling) in requests[0].decode()
    assert proof_of(selling) not in done.stderr


def test_a_refused_connection_is_known_to_have_made_nothing(selling: Sandbox, connector: Command) -> None:
    told = connector.given(SECRET=selling.tenant.partner_secret)
    assert told(*arguments(selling, url="http://127.0.0.2:9")).returncode == 0
    done = connector(*STUDENT)
    assert done.returncode == 1
    assert "127.0.0.2" in done.stderr


def test_help_says_what_comes_of_it(connector: Command) -> None:
    shown = connector("create", "--help").stdout
    assert "--dry-run" in shown
    assert "Exit code 6" in shown
