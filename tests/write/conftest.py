"""The made-up vendor's connector, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.catalog import Loaded
from tests.write.vendor import load


@pytest.fixture(scope="session")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder: Path = tmp_path_factory.mktemp("writable")
    return load(folder)
