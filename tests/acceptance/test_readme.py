"""README's "Add a field" done as it is written: in a copy of the project, with its own commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connector.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
STEP = re.compile(r"<!-- walkthrough: (?P<what>.+?) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
ADD = re.compile(r"add to (?P<file>\S+) below (?P<below>.+)")


def steps() -> list[tuple[str, str]]:
    return [(found["what"], found["text"]) for found in STEP.finditer((ROOT / "README.md").read_text())]


def add(project: Path, what: str, text: str) -> None:
    """Puts a block below the words that the step names; white space between them doesn't matter."""
    found = ADD.fullmatch(what)
    assert found is not None
    path = project / found["file"]
    words = found["below"].strip()
    words = words[1:-1] if words.startswith('"') and words.endswith('"') else words
    pattern = r"\s*".join(re.escape(part) for part in words.split())
    before = path.read_text()
    after, count = re.subn(
        rf"(?:^|(?<=\n)){pattern}\n|{pattern}\n", lambda m: m.group() + text, before, count=1
    )
    assert count == 1, f"{path} has no {words}"
    path.write_text(after)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("mappings", "fixtures", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "tests" / "contract", tmp_path / "tests" / "contract")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(
    project: Path, *command: str, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    found = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env={
            **os.environ,
            "PYTEST_ADDOPTS": "",  # those of the run that this one is inside of
            "PYTHONPATH": str(ROOT),
            "CONNECTOR_DATABASE_URL": f"sqlite:///{project}/accounts.sqlite3",
            "XDG_DATA_HOME": str(project / "data"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if check:
        assert found.returncode == 0, found.stdout + found.stderr
    return found


@pytest.mark.timeout(300)  # it runs the contract twice
def test_adding_a_field_goes_as_the_readme_says(project: Path) -> None:
    todo = steps()
    assert [what.split()[0] for what, _ in todo] == ["add", "run", "add", "test"]
    add(project, *todo[0])
    with Sandbox(users=60, seed=1) as vendor:
        run(
            project,
            "connector",
            *("connect", "keeper", "--set", f"commander.url={vendor.commander_url}"),
            *("--secret", "commander.api_key=@env:KEY"),
            CONNECTOR_ALLOW_NETWORKS="127.0.0.1",
            KEY=vendor.api_key,
        )
        printed = [
            run(project, *line.split(), CONNECTOR_ALLOW_NETWORKS="127.0.0.1").stdout
            for line in todo[1][1].splitlines()
        ]
    rows = [json.loads(line) for line in printed[1].splitlines()]
    words = {"Not required", "Pending transfer", "Partially accepted", "Transfer accepted"}
    assert {row["custom_fields"]["account_transfer"] for row in rows} == {*words, None}
    contract = (*todo[3][1].split(), "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    before = run(project, *contract, "-x", check=False)
    assert before.returncode == 1, "an expected value that isn't there must fail the contract"
    add(project, *todo[2])
    run(project, *contract)


@pytest.mark.parametrize("language", ["python", "json"])
def test_the_readme_s_blocks_are_what_they_say(language: str) -> None:
    blocks = re.findall(rf"\n```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        if language == "python":
            compile(block, "README.md", "exec")
        elif block.startswith("{"):
            json.loads(block)


def test_the_readme_s_python_runs() -> None:
    block = next(iter(re.findall(r"\n```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)))
    with Sandbox(users=230, seed=1) as vendor:
        names = {"base_url": vendor.base_url, "token": vendor.token}
        run_in: dict[str, object] = dict(names)
        os.environ["CONNECTOR_ALLOW_NETWORKS"] = f"127.0.0.1:{vendor.port}"
        try:
            exec(compile(block, "README.md", "exec"), run_in)  # noqa: S102 - the README's own lines
        finally:
            del os.environ["CONNECTOR_ALLOW_NETWORKS"]
    page = run_in["page"]
    assert getattr(page, "next_cursor") is None  # noqa: B009 - the name is the README's
    assert page.completeness.verdict == "complete"  # type: ignore[attr-defined]
