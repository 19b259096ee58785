from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_every_fault_has_its_place(connector: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "scim"
    folder.mkdir(parents=True)
    (folder / "main.users.yaml").write_text(
        "extends: scim/main.users\nsource: main.users\nunified: users\n"
        "fields:\n  naem: $.x\n  title: {paht: $.title}\n",
        encoding="utf-8",
    )
    for arguments in (["check", "mappings/scim"], ["check", "scim"], ["check"]):
        done = connector(*arguments)
        assert done.returncode == 1
        assert "mappings/scim/main.users.yaml:5:3" in done.stdout
        assert "mappings/scim/main.users.yaml:6:" in done.stdout
        assert "did you mean: name" in done.stdout
        assert "Traceback" not in done.stderr


def test_a_folder_elsewhere_stands_before_the_bundled_one(connector: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "scim"
    folder.mkdir(parents=True)
    (folder / "main.users.yaml").write_text(
        "extends: scim/main.users\nsource: main.users\nunified: users\nfields: {title: null}\n",
        encoding="utf-8",
    )
    done = connector("check", "mine/scim")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine/scim/main.users.yaml" in done.stdout
    assert "ok: scim" in done.stdout
    assert "mine/scim" not in connector("check", "scim").stdout


def test_connectors_and_what_one_needs(connector: Command) -> None:
    done = connector("connectors")
    found = {item["connector"]: item for item in map(json.loads, done.stdout.splitlines())}
    assert "scim" in found
    assert found["scim"]["secrets"]["main.token"]["required"] is True

    code, shown = connector.given(NO_COLOR="1").on_terminal("connectors", "keeper", columns=200)
    assert code == 0
    assert "one of US, EU" in shown
    assert "the number at the end of the URL" in shown
    assert (
        "to have several in one account, leave it out and give each its own: --secret 'scim[NODE_ID].token=…'"
        in shown
    )
    assert "list admin.events --query start_date=" in shown
    assert "Events from this time on; time; needed" in shown
    assert "last_30_days if not given" in shown
    asked = found["keeper"]["queries"]
    assert asked["admin.events"]["end_date"]["required"] is True
    assert (asked["commander.events"]["order"]["default"], set(asked)) == (
        "asc",
        {"commander.events", "admin.events"},
    )
    assert "one of US, EU" in connector("connect", "keeper", "--help").stdout
    unknown = connector("check", "scmi")
    assert (unknown.returncode, "did you mean scim?" in unknown.stderr) == (1, True)


def test_what_is_not_read_is_a_fault(connector: Command, tmp_path: Path) -> None:
    lost, known, elsewhere = (tmp_path / path for path in ("mappings/acme", "mappings/scim", "more/lost"))
    for folder in (lost, known, elsewhere):
        folder.mkdir(parents=True)
    (lost / "main.users.yaml").write_text("source: main.users\n", encoding="utf-8")
    (known / "main.users.yml").write_text("source: main.users\n", encoding="utf-8")
    (elsewhere / "connector.yml").write_text("connector: lost\n", encoding="utf-8")
    done = connector.given(CONNECTOR_MAPPINGS=str(tmp_path / "more"))("check")
    assert done.returncode == 1
    assert "mappings/acme:1:1: this folder has no connector.yaml" in done.stdout
    assert done.stdout.count("mappings/scim/main.users.yml:1:1: this file is not read") == 1
    assert "lost/connector.yml:1:1: this file is not read" in done.stdout
    assert "ok: keeper" in done.stdout

    for target in ("mappings/acme", "acme"):
        done = connector("check", target)
        assert done.returncode == 1
        assert "mappings/acme:1:1: this folder has no connector.yaml" in done.stdout + done.stderr
    assert connector("check", "keeper").returncode == 0
