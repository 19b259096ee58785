"""Nothing in the repository is about the machine that it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.files import texts

HERE = Path(__file__).name
FOREIGN = re.compile(
    r"(?<![\w.])/work/"
    r"|/(?:tmp)/(brief|venv|w/)"
    r"|/root/|/home/[a-z]"
    r"|index[-_]url|trusted-host|find-links"
    r"|https?://(localhost|127\.0\.0\.1)[^\s\"']*/(simple|pypi)\b"
)


def test_no_machine_is_mentioned() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if path.name != HERE and FOREIGN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("see /work/main", True),
        ("pip install --index-url http://x", True),
        ("http://localhost:3141/root/pypi/+simple", True),
        ("https://host/network/path", False),
        ("http://127.0.0.1:8900/v2", False),
    ],
)
def test_what_is_found(line: str, is_found: bool) -> None:
    assert bool(FOREIGN.search(line)) is is_found
