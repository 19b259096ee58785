"""What is wrong between the parts of a connector: what no single model of its YAML can see.

A hole that nothing fills, a source without a resource, a paging state that no parameter carries, an id that
can't be got. Pure; reports everything, with locations from the root of the file, and decides nothing.
"""

from __future__ import annotations

from connector.wiring.calls import PAGE_HOLES
from connector.wiring.changes import written_complaints
from connector.wiring.connector import complaints
from connector.wiring.sources import source_complaints, union_complaints, unmapped_sources

__all__ = [
    "PAGE_HOLES",
    "complaints",
    "source_complaints",
    "union_complaints",
    "unmapped_sources",
    "written_complaints",
]
