"""The folders that connectors are looked for in, and the files of one connector over all of them.

Folders are looked through in order: `./mappings`, those that the operator names, the ones that came with the
package. A file of an earlier folder stands before the file of that name in a later one. Nothing is read here.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.errors import ConfigurationInvalid, Fault, NotFound
from connector.yamlfile import nearest

__all__ = ["CONNECTOR_FILE", "Folders", "bundled_folder", "search_folders", "shown"]

CONNECTOR_FILE: Final = "connector.yaml"


@dataclass
class Folders:
    """The connectors of some folders, by their names and files."""

    folders: Sequence[Path]

    def names(self) -> list[str]:
        """The connectors there are, by name."""
        return sorted(
            {
                entry.name
                for folder in self.folders
                for entry in _entries(folder)
                if (entry / CONNECTOR_FILE).is_file()
            }
        )

    def layers(self, name: str, file: str) -> list[Path]:
        """The files of that name, the first wins."""
        return [path for folder in self.folders if (path := folder / name / file).is_file()]

    def mapping_files(self, name: str) -> list[str]:
        """The mapping files of a connector over all folders."""
        found = {path.name for folder in self.folders for path in (folder / name).glob("*.yaml")}
        return sorted(found - {CONNECTOR_FILE})

    def strays(self, name: str | None = None) -> list[Fault]:
        """Files and folders that look like a connector's and are not read (of one name, or all)."""
        faults = []
        for folder in self.folders:
            for entry in _entries(folder):
                if name not in (None, entry.name):
                    continue
                found = sorted(path.name for path in entry.iterdir() if path.suffix in (".yaml", ".yml"))
                if found and entry.name not in self.names():
                    faults.append(
                        Fault(
                            shown(entry),
                            1,
                            1,
                            f"this folder has no {CONNECTOR_FILE}, so it is no connector (it has: {', '.join(found)})",
                        )
                    )
                faults += [
                    Fault(shown(entry / file), 1, 1, "this file is not read: its name must end in .yaml")
                    for file in found
                    if file.endswith(".yml")
                ]
        return faults

    def check_name(self, name: str) -> None:
        """Raises NotFound with the known names, ConfigurationInvalid for a folder that is no connector."""
        if name not in self.names():
            if strays := self.strays(name):
                raise ConfigurationInvalid(f"{name!r} is not a connector", faults=strays)
            word = nearest(name, self.names())
            raise NotFound(
                f"no connector is named {name!r}; there are: {', '.join(self.names()) or 'none'}",
                hint=f"did you mean {word}?" if word else f"looked in: {', '.join(map(str, self.folders))}",
            )


def search_folders(extra: Sequence[Path] = ()) -> list[Path]:
    """`./mappings`, then `extra`, then the bundled ones; each folder once."""
    wanted = [Path("mappings"), *extra, bundled_folder("mappings")]
    return list({folder.resolve(): folder for folder in wanted if folder.is_dir()}.values())


def bundled_folder(kind: str) -> Path:
    """The `mappings` or `schemas` that came with the package; in a source tree, those beside it."""
    root = Path(str(importlib.resources.files("connector")))
    packed = root / "_data" / kind
    return packed if packed.is_dir() else root.parent / kind


def _entries(folder: Path) -> Iterator[Path]:
    return (entry for entry in sorted(folder.iterdir()) if entry.is_dir()) if folder.is_dir() else iter(())


def shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
