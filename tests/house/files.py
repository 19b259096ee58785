"""The project's own files: what a clone would hold, whatever lies about on this machine."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOT", "entries", "modules", "texts"]

ROOT = Path(__file__).parents[2]


def _ignored() -> list[str]:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return [line.strip("/") for line in lines if line and not line.startswith("#")] + [".git"]


def entries(folder: Path = ROOT) -> Iterator[Path]:
    """What stands in a folder and isn't ignored by git."""
    ignored = _ignored()
    for path in sorted(folder.iterdir()):
        if not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored):
            yield path


def texts(folder: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every file with its text, in all folders below."""
    for path in entries(folder):
        if path.is_dir():
            yield from texts(path)
        else:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(path for path in (ROOT / "connector").rglob("*.py") if "__pycache__" not in path.parts)
