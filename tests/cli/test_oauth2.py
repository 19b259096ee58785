"""An account whose api takes access tokens, from the command line: connected, checked, listed, planned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.catalog import Catalog
from connector.cli.prompting import ask_missing
from connector.errors import InvalidRequest
from tests.calling.issuing import AUTHS, CLIENT, REFRESH, Issuer, issuing, secrets_of, write_made
from tests.calling.vendor import Reply
from tests.cli.conftest import Command


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(rotates=True)


@pytest.fixture
def addresses(issuer: Issuer) -> Iterator[tuple[str, str]]:
    with issuing(issuer) as (api, login):
        yield api, login


def connect(
    style: str, addresses: tuple[str, str], folder: Path, *, without: str = "", check: str = "{get: /check}"
) -> tuple[Command, list[str]]:
    """(a home with the connector, what `connect` needs): secrets in files, which is how a key in PEM is given."""
    write_made(folder / "mappings", style, check)
    api, login = addresses
    arguments = ["connect", "made", "--name", "acme", "--allow-network", "127.0.0.1"]
    for name, value in {"base_url": api, "login": login, "client": CLIENT}.items():
        arguments += ["--set", f"{name}={value}"]
    for name, value in secrets_of(style).items():
        (folder / name).write_text(value)
        arguments += ["--secret", f"{name}=@file:{folder / name}"] if name != without else []
    home = folder / "home"
    home.mkdir()
    return Command(home, {"CONNECTOR_MAPPINGS": str(folder / "mappings"), "NO_COLOR": "1"}), arguments


@pytest.mark.parametrize("style", AUTHS)
def test_it_is_connected_and_checked_and_listed_like_any_other(
    style: str, issuer: Issuer, addresses: tuple[str, str], tmp_path: Path
) -> None:
    connector, arguments = connect(style, addresses, tmp_path)
    done = connector(*arguments)
    assert done.returncode == 0, done.stderr
    assert "ok, the vendor accepts the account" in done.stderr
    assert len(issuer.asked) == 1
    listed = connector("list", "users", "--all", "-o", "ndjson")
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == ["ann", "bea", "cem"]
    assert len(issuer.asked) == 1, "what the check obtained is used by another process"
    assert connector("check", "--account", "acme").returncode == 0
    assert len(issuer.asked) == 2


def test_a_dry_run_shows_a_mask_and_sends_nothing(
    issuer: Issuer, addresses: tuple[str, str], tmp_path: Path
) -> None:
    connector, arguments = connect("oauth2_client_credentials", addresses, tmp_path)
    assert connector(*arguments).returncode == 0
    before = len(issuer.seen)
    order = ("create", "student_licenses", "--set", "email=a@h", "--dry-run")
    as_json = json.loads(connector(*order).stdout)
    assert as_json["headers"]["Authorization"] == "Bearer ***"
    assert (
        as_json["first"]
        == f"unless one is at hand, an access token would be obtained at {addresses[1]}/token"
    )
    shown = connector(*order, "-o", "table")
    assert "Bearer ***" in shown.stdout
    assert "first: unless one is at hand, an access token would be obtained" in " ".join(shown.stderr.split())
    assert len(issuer.seen) == before


def test_a_refusal_exits_as_one_of_credentials(
    issuer: Issuer, addresses: tuple[str, str], tmp_path: Path
) -> None:
    connector, arguments = connect("oauth2_refresh", addresses, tmp_path)
    issuer.refresh = "another"
    done = connector(*arguments)
    assert done.returncode == 5
    assert "invalid_grant (used up)" in " ".join(done.stderr.split())
    issuer.refresh = secrets_of("oauth2_refresh")["refresh"]
    assert connector("check", "--account", "acme").returncode == 0, (
        "what is mended at the vendor is seen at once"
    )


def test_a_key_that_is_missing_is_not_asked_for_and_that_is_said_first(tmp_path: Path) -> None:
    write_made(tmp_path, "oauth2_jwt")
    text = (tmp_path / "made" / "connector.yaml").read_text()
    needed = text.replace("type: pem, required: false", "type: pem")
    (tmp_path / "made" / "connector.yaml").write_text(needed)
    with pytest.raises(InvalidRequest, match="several lines") as refused:
        ask_missing(Catalog([tmp_path]).load("made"), {}, {}, {})
    assert "--secret main.pem=@file:PATH" in str(refused.value)


def test_what_a_connector_needs_says_that_a_key_comes_from_a_file(
    addresses: tuple[str, str], tmp_path: Path
) -> None:
    connector, _ = connect("oauth2_jwt", addresses, tmp_path)
    assert "PEM, from a file" in " ".join(connector("connect", "made", "--help").stdout.split())
    assert json.loads(connector("connectors", "made").stdout)["secrets"]["main.pem"]["type"] == "pem"


def test_what_connect_says_to_correct_it_by_keeps_what_replaced_the_refresh_token(
    issuer: Issuer, addresses: tuple[str, str], tmp_path: Path
) -> None:
    connector, arguments = connect("oauth2_refresh", addresses, tmp_path)
    issuer.api_script = [Reply.json({"error": "maintenance"}, 400)]
    failed = connector(*arguments)
    assert failed.returncode != 0
    assert "--replace" in failed.stderr
    again = connector(*arguments, "--replace")
    assert again.returncode == 0, again.stderr
    assert [form["refresh_token"] for form in issuer.asked] == [REFRESH, "r1-rotated-0123456789"]
