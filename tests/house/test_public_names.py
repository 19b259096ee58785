"""Each module says what it promises and what it exports, and exports what it says."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import connector
from tests.house.files import ROOT, modules

# These run when they are imported: one is the command, the other is Alembic's.
RUN = {"connector/__main__.py", "connector/store/migrations/env.py"}
MODULES = modules()


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_has_a_docstring_and_all(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").strip(), "a module starts with what it promises"
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert "__all__" in assigned


@pytest.mark.parametrize("path", [path for path in MODULES if shown(path) not in RUN], ids=shown)
def test_all_names_what_is_there_and_once(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert [one for one in exported if not hasattr(module, one)] == []


def test_the_package_exports_what_it_lists() -> None:
    tree = ast.parse((ROOT / "connector" / "__init__.py").read_text(encoding="utf-8"))
    guard = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.asname or alias.name
        for node in guard.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(connector.__all__) == imported
    assert sorted(connector.__all__) == list(connector.__all__)
    for name in connector.__all__:
        assert getattr(connector, name).__name__ == name
    assert set(connector.__all__) <= set(dir(connector))
    with pytest.raises(AttributeError, match="Directry"):
        _ = connector.Directry
