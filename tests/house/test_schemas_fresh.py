"""The schemas in schemas/ are those that the models say now; `python -m connector.schemas` writes them."""

from __future__ import annotations

from pathlib import Path

from connector.schemas import write_schemas

FOLDER = Path(__file__).parents[2] / "schemas"


def test_schemas_are_fresh(tmp_path: Path) -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in write_schemas(tmp_path)}
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert set(kept) == set(written), "schemas/ holds what the command writes, and nothing else"
    stale = [name for name, text in written.items() if kept[name] != text]
    assert not stale, "run python -m connector.schemas"
