"""What may stand at the top, and that everything has its place."""

from __future__ import annotations

import pytest

from tests.house.files import ROOT, entries

FOLDERS = {"connector", "fixtures", "mappings", "schemas", "tests"}
FILES = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"}


def test_only_the_owner_s_folders_stand_at_the_top() -> None:
    there = {path.name for path in entries() if not path.name.startswith(".")}
    assert there <= FOLDERS | FILES
    assert there >= FOLDERS | {"LICENSE", "README.md", "pyproject.toml"}


def test_a_connector_is_only_yaml() -> None:
    found = [path for folder in entries(ROOT / "mappings") if folder.is_dir() for path in entries(folder)]
    assert found
    assert [path for path in found if path.suffix != ".yaml"] == []


@pytest.mark.parametrize("kind", ["mappings", "fixtures"])
def test_connectors_and_their_fixtures_have_the_same_names(kind: str) -> None:
    names = {path.name for path in (ROOT / kind).iterdir() if path.is_dir()}
    assert names == {path.parent.name for path in ROOT.glob("mappings/*/connector.yaml")}
