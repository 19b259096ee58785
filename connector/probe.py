"""Probes: calls by which an account is examined, each for one right; what it lacks is then told in the vendor's words.

A probe only reads, which `wiring` checks. Frozen and closed, as all of a connector's YAML.
"""

from __future__ import annotations

from pydantic import Field, StrictBool

from connector.call import Name, Sent
from connector.mapping.path import PathText

__all__ = ["Probe"]


class Probe(Sent):
    """One call that shows whether the credentials have one right, and what is missing without it."""

    name: str = Field(min_length=1, max_length=60)
    """What is tried, as a person says it."""
    needs: str
    """What the credentials lack where this is refused, in the vendor's words."""
    without: str
    """What stays empty, or stale, as long as it is refused."""
    optional: StrictBool = False
    """Whether an account is well without it."""
    records: PathText | None = None
    """Path of the records in its answer, which are counted."""
    shows: PathText | None = None
    """Path of texts in its answer that say what the credentials reach (names of nodes)."""
    columns_of: Name | None = None
    """The resource whose columns it asks for, as `{columns:text}`: those that come on none of the `records` are told."""
