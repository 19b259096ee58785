"""What is installed is whole: the package, its connectors and its schemas, and it works away from the source."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

from tests.house.files import ROOT, modules

DATA = [
    path.relative_to(ROOT).as_posix()
    for kind in ("mappings", "schemas")
    for path in ROOT.glob(f"{kind}/**/*.*")
]


def test_the_wheel_is_whole_and_works_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        names = set(wheel.namelist())
        for name in names:
            wheel.extract(name, tmp_path / "installed")
    assert {path.relative_to(ROOT).as_posix() for path in modules()} <= names
    assert {f"connector/_data/{path}" for path in DATA} <= names
    assert "connector/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "fixtures/"))]
    code = (
        "import connector; from connector.catalog import Catalog, bundled_folder, search_folders;"
        "catalog = Catalog(search_folders()); print(connector.__file__);"
        "print([catalog.load(name).name for name in catalog.names()]); print(bundled_folder('schemas'))"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        text=True,
        cwd=empty,
        env={"PYTHONPATH": str(tmp_path / "installed"), "HOME": str(empty)},
    )
    assert said.returncode == 0, said.stderr
    where, loaded, schemas = said.stdout.splitlines()
    assert where == str(tmp_path / "installed" / "connector" / "__init__.py")
    assert loaded == str(sorted(path.parent.name for path in ROOT.glob("mappings/*/connector.yaml")))
    assert schemas == str(tmp_path / "installed" / "connector" / "_data" / "schemas")


def test_the_source_archive_holds_the_tests_and_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/house/test_packaging.py"} <= names
    assert set(DATA) <= names
    assert "fixtures/README.md" in names
