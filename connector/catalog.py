"""The connectors there are, each found, put together and compiled when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.folders import Folders, bundled_folder, search_folders
from connector.loading import Loaded, Source, load, yaml_of

__all__ = ["Catalog", "Loaded", "Source", "bundled_folder", "search_folders", "yaml_of"]


@dataclass
class Catalog(Folders):
    """The connectors of some folders; files are read when a connector is loaded."""

    def load(self, name: str, overrides: Mapping[str, Any] | None = None) -> Loaded:
        """The connector, whole; `overrides` maps a source to a mapping fragment that is laid over it.

        Raises NotFound, and ConfigurationInvalid with every fault.
        """
        return load(self, name, overrides or {})
