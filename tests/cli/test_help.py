from __future__ import annotations

import json
import subprocess
import sys

import pytest

from connector.cli.failing import exit_code
from connector.errors import (
    Conflict,
    ConnectorError,
    EgressRefused,
    Forbidden,
    InvalidRequest,
    ListingIncomplete,
    NeedsReauth,
    RateLimited,
    VendorUnavailable,
    WriteOutcomeUnknown,
)
from tests.cli.conftest import Command

HEAVY = {"alembic", "cryptography", "httpx", "litestar", "sqlalchemy", "uvicorn", "yaml"}
COMMANDS = ["accounts", "check", "connect", "connectors", "create", "demo", "get", "list", "proxy", "sandbox"]
SCRIPT = """
import contextlib, io, json, sys
from connector.cli import main
told = {}
for words in [[], *([name] for name in json.loads(sys.argv[1])), ["accounts", "show"], ["accounts", "remove"]]:
    sys.argv = ["connector", *words, "--help"]
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())) as shown:
        try:
            main()
        except SystemExit as ended:
            assert not ended.code
        shown.seek(0)
        told[" ".join(words)] = shown.read()
print(json.dumps({"told": told, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def test_help_of_every_command_imports_nothing_heavy(connector: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(COMMANDS)],
        env=connector.environment,
        cwd=connector.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not HEAVY & set(found["modules"])
    assert len(found["told"]) == len(COMMANDS) + 3
    for words, text in found["told"].items():
        assert f"Usage: connector {words}".strip() in text
        assert len(text.splitlines()) > 5
    assert all(name in found["told"][""] for name in COMMANDS)
    assert "Exit codes: 0 done, 1 refused" in found["told"][""]


def test_version(connector: Command) -> None:
    assert connector("--version").stdout.startswith("directory-connector 0.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest("x"), 1),
        (EgressRefused("x"), 1),
        (Conflict("x"), 1),
        (ListingIncomplete("x"), 3),
        (RateLimited("x"), 4),
        (VendorUnavailable("x"), 4),
        (NeedsReauth("x"), 5),
        (Forbidden("x"), 5),
        (WriteOutcomeUnknown("x"), 6),
    ],
)
def test_exit_codes(error: ConnectorError, code: int) -> None:
    assert exit_code(error) == code
