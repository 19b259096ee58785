from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from connector.cli.prompting import complaint
from connector.definition import Setting
from connector.sandbox import Sandbox
from tests.cli.conftest import Command, arguments_to_reach

SECRET = "5up3r-s3cret-value"


def keep(connector: Command, name: str, *more: str) -> None:
    done = connector(
        *("connect", "scim", "--name", name, "--no-check", "--set", "base_url=https://scim.example/v2"),
        *("--secret", "token=@-", *more),
        stdin=f"{SECRET}\n",
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_an_account_is_kept_shown_without_secrets_and_removed(connector: Command) -> None:
    keep(connector, "acme")
    shown = connector("accounts", "show", "acme")
    fields = json.loads(shown.stdout)
    assert fields["settings"] == {"main.base_url": "https://scim.example/v2"}
    assert fields["secrets"] == ["main.token"]
    assert json.loads(connector("accounts").stdout) == fields
    _, table = connector.given(NO_COLOR="1").on_terminal("accounts", "show", "acme")
    assert "main.token: sealed" in table
    assert SECRET not in shown.stdout + table

    refused = connector("accounts", "remove", "acme")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert connector("accounts", "remove", "acme", "--yes").returncode == 0
    assert connector("accounts").stdout == ""


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(connector: Command) -> None:
    keep(connector, "acme")
    again = connector(
        *("connect", "scim", "--name", "acme", "--set", "base_url=https://other.example"),
        *("--secret", "token=@-", "--no-check"),
        stdin=SECRET,
    )
    assert again.returncode == 1
    assert "already" in again.stderr
    assert "hint: --replace puts this one in its place" in again.stderr
    keep(connector, "acme", "--replace")
    keep(connector, "other", "--replace")
    assert [json.loads(line)["version"] for line in connector("accounts").stdout.splitlines()] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--secret", f"token={SECRET}"], "@env:VARIABLE"),
        (["--secret", SECRET], "@env:VARIABLE"),
        (["--set", SECRET], "NAME=VALUE"),
        (["--set", f"token={SECRET}"], "unknown setting 'token'"),
        (["--secret", "token=@env:NOT_THERE"], "NOT_THERE"),
        (["--secret", "token=@file:/not/there"], "/not/there"),
        (["--secret", "token=@-"], "is empty"),
        ([], "needs main.token"),
    ],
)
def test_no_secret_from_the_command_line(connector: Command, arguments: list[str], said: str) -> None:
    done = connector("connect", "scim", "--set", "base_url=https://scim.example", *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_secret_is_asked_for_and_not_shown(
    sandbox: Sandbox, connector: Command, tmp_path: Path
) -> None:
    reach = [word for word in arguments_to_reach(sandbox) if "@env:" not in word and word != "--secret"]
    code, shown = connector.on_terminal(
        "connect", "keeper", *reach, answers={"(scim.token):": sandbox.token}, columns=200
    )
    assert code == 0, shown
    assert "SCIM token (scim.token):" in shown
    assert "the vendor accepts the account" in shown
    assert "account 'keeper' is kept" in shown
    assert sandbox.token not in shown
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert sandbox.token.encode() not in content


def test_a_failed_check_keeps_the_account_and_says_so(
    sandbox: Sandbox, connector: Command, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("wrong\n", encoding="utf-8")
    reach = [word.replace("@env:TOKEN", "@file:token") for word in arguments_to_reach(sandbox)]
    done = connector("connect", "keeper", "--name", "acme", *reach)
    assert done.returncode == 5
    assert "is kept, but its check failed" in done.stderr
    corrected = next(line for line in done.stderr.splitlines() if line.startswith("to correct it"))
    assert json.loads(connector("accounts").stdout)["name"] == "acme"
    assert connector("check", "--account", "acme").returncode == 5
    assert connector("list", "users").returncode == 5

    (tmp_path / "token").write_text(sandbox.token, encoding="utf-8")
    words = shlex.split(corrected.partition("give it again: ")[2])
    assert words[-1] == "--replace"
    mended = connector(*words[1:])
    assert mended.returncode == 0, mended.stderr
    assert json.loads(connector("accounts").stdout)["version"] == 2


def test_an_override_is_laid_over_the_mapping(sandbox: Sandbox, connector: Command, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("fields: {title: $.title}\n", encoding="utf-8")
    told = connector.given(TOKEN=sandbox.token)
    reach = ["connect", "keeper", *arguments_to_reach(sandbox), "--override"]
    assert told(*reach, "scim.users=job.yaml").returncode == 0
    listed = [
        json.loads(line)["title"] for line in told("list", "users", "--limit", "30").stdout.splitlines()
    ]
    assert any(listed)

    (tmp_path / "job.yaml").write_text("fields: {titel: $.title}\n", encoding="utf-8")
    refused = told(*reach, "scim.users=job.yaml", "--replace")
    assert refused.returncode == 1
    assert "job.yaml:1:10: fields.titel" in refused.stderr
    assert "did you mean: title" in refused.stderr


def test_no_answer_is_exit_code_4_and_a_private_address_1(connector: Command) -> None:
    keep(connector, "acme", "--base-url", "main=http://127.0.0.1:9/v2")
    refused = connector("list", "users")
    assert refused.returncode == 1
    assert "CONNECTOR_ALLOW_NETWORKS" in refused.stderr
    told = connector.given(CONNECTOR_ALLOW_NETWORKS="127.0.0.1", CONNECTOR_MAX_SECONDS="0.2")
    assert told("list", "users").returncode == 4


def test_a_private_address_can_be_allowed_for_one_account(sandbox: Sandbox, connector: Command) -> None:
    told = connector.given(TOKEN=sandbox.token)
    words = arguments_to_reach(sandbox)
    place = words.index("--allow-network")
    network = words[place + 1]
    del words[place : place + 2]
    refused = told("connect", "keeper", "--name", "acme", *words)
    assert refused.returncode == 1
    for done in (refused, told("check", "--account", "acme")):
        assert "CONNECTOR_ALLOW_NETWORKS=127.0.0.1\n" in done.stderr
        assert "connector connect keeper --name acme ... --allow-network HOST --replace" in done.stderr
    done = told("connect", "keeper", "--name", "acme", *words, "--replace", "--allow-network", network)
    assert done.returncode == 0, done.stderr


KEEPER = ("connect", "keeper", "--no-check")


def test_a_person_is_asked_again_for_what_is_wrong_before_any_secret(connector: Command) -> None:
    code, shown = connector.on_terminal(
        *KEEPER,
        answers={
            "[US]:": "mars",
            "'mars' is not one of US, EU": "eu",
            "Node ID (scim.node_id):": "12x",
            "'12x' does not match [0-9]{1,20}": "345",
            "(scim.token):": "",
            "SCIM token (scim.token):": SECRET,
        },
        columns=200,
    )
    assert code == 0, shown
    assert "Data centre (region), one of US, EU, AU, CA, JP, GOV [US]:" in shown
    assert shown.index("does not match") < shown.index("(scim.token):")
    assert shown.count("(scim.token):") == 2
    assert SECRET not in shown
    settings = json.loads(connector("accounts").stdout)["settings"]
    assert settings == {"region": "EU", "scim.node_id": "345"}


def test_what_is_wrong_or_taken_is_said_before_a_person_is_asked(connector: Command) -> None:
    code, shown = connector.on_terminal(*KEEPER, "--set", "node_id=12x", columns=200)
    assert (code, "setting scim.node_id: '12x' does not match" in shown) == (1, True)
    assert "(scim.token)" not in shown
    keep(connector, "acme")
    code, shown = connector.on_terminal(*KEEPER, "--name", "acme", columns=200)
    assert (code, "--replace" in shown, "Data centre" in shown) == (1, True, False)


@pytest.mark.parametrize(
    ("arguments", "is_default"),
    [([], True), (["--set", "region=EU"], False), (["--base-url", "scim=https://scim.example"], False)],
)
def test_a_default_that_is_used_is_said(connector: Command, arguments: list[str], is_default: bool) -> None:
    done = connector(
        *KEEPER, "--set", "node_id=345", "--secret", "token=@-", *arguments, stdin="made-up-token"
    )
    assert done.returncode == 0, done.stderr
    assert ("region: US (default)" in done.stderr.splitlines()) is is_default
    assert json.loads(done.stdout)["settings"].get("region") == ("EU" if "region=EU" in arguments else None)


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (Setting(label="x", type="integer"), ["0", "-7"], ["", "1.5", "٣", "x"]),
        (Setting(label="x", type="boolean"), ["true", "false"], ["yes", ""]),
        (
            Setting(label="x", type="url"),
            ["https://a.example/v2"],
            ["a.example", "ftp://a", "http://", "http://["],
        ),
        (Setting(label="x", pattern="[0-9]+"), ["12"], ["12\n", "٣", "x12"]),
        (Setting(label="x", choices={"A": "a"}), ["A"], ["a", ""]),
        (Setting(label="x", type="list"), ["a,b"], [" "]),
        (Setting(label="x"), ["anything"], ["", "  "]),
    ],
)
def test_a_setting_is_looked_at_as_it_is_entered(rule: Setting, right: list[str], wrong: list[str]) -> None:
    assert [complaint(rule, text) for text in right] == [None] * len(right)
    assert all(complaint(rule, text) for text in wrong)


def test_too_many_calls_are_exit_code_4(connector: Command) -> None:
    with Sandbox(users=3, rate=1) as sandbox:
        told = connector.given(TOKEN=sandbox.token, CONNECTOR_MAX_SECONDS="0.2")
        assert told("connect", "keeper", *arguments_to_reach(sandbox)).returncode == 0
        done = told("list", "users")
    assert done.returncode == 4
    assert "the vendor asks to wait" in done.stderr


def test_a_database_of_ones_own(connector: Command, tmp_path: Path) -> None:
    told = connector.given(CONNECTOR_DATABASE_URL=f"sqlite:///{tmp_path / 'own.sqlite3'}")
    keep(told, "acme")
    assert json.loads(told("accounts").stdout)["name"] == "acme"
    assert connector("accounts").stdout == ""
