"""No vendor is named in the package outside the sandbox: not in a name, not in a string. Docstrings may cite one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT, modules

STANDARDS = {"scim"}
VENDORS = sorted(path.parent.name for path in ROOT.glob("mappings/*/connector.yaml"))
CHECKED = [path for path in modules() if ROOT / "connector" / "sandbox" not in path.parents]


def words_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name and string with its line, but for those that stand alone as documentation."""
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node.value)
    }
    for node in ast.walk(tree):
        if id(node) in documentation:
            continue
        line = getattr(node, "lineno", 0)
        for name, value in ast.iter_fields(node):
            if isinstance(value, bytes):
                yield line, value.decode("latin-1")
            elif isinstance(value, str) and name not in ("type_comment", "kind"):
                yield line, value
            elif isinstance(value, list):
                yield from ((line, item) for item in value if isinstance(item, str))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def named(path: Path, vendors: list[str]) -> list[str]:
    pattern = re.compile(rf"(?<![a-z])({'|'.join(vendors)})(?![a-z])", re.IGNORECASE)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [(line, word) for line, word in words_of(tree) if pattern.search(word)]
    if pattern.search(path.stem):
        found.append((0, path.name))
    return [f"{path}:{line}: {word[:80]}" for line, word in found]


def test_no_vendor_is_named() -> None:
    vendors = [name for name in VENDORS if name not in STANDARDS]
    assert vendors
    assert [line for path in CHECKED for line in named(path, vendors)] == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ('x = "Acme Security"', True),
        ('x = f"at {y} acme"', True),
        ("acme_users = 1", True),
        ("def read(acme): ...", True),
        ("from x import acme", True),
        ("x = b'acme'", True),
        ('"""As Acme documents it."""', False),
        ('class A:\n    x = 1\n    """As Acme."""', False),
        ('x = "acmeist"', False),
    ],
)
def test_where_a_name_is_found(text: str, is_found: bool, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert bool(named(path, ["acme"])) is is_found
