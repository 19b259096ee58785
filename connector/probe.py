"""Checks and probes: calls that prove an account, and what their answers must hold to prove anything.

A check is believed whole or not at all; a probe is for one right, and what the account lacks is told in the vendor's
words. Both change nothing; of probes `wiring` checks it. Frozen and closed, as all of a connector's YAML.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from connector.call import Name, Records, Sent, as_path
from connector.mapping.path import PathText

__all__ = ["Check", "Probe"]


class Check(Sent):
    """One call that proves something by its answer. An empty answer proves nothing, unless `expect` says `body: empty`."""

    records: Annotated[
        Records | None, BeforeValidator(as_path, json_schema_input_type=PathText | Records)
    ] = None
    """Path of the records in its answer, which must be there as in a listing's."""
    total: PathText | None = None
    """Path of how many records there are in all: the `records` may be missing where it is 0."""

    @property
    def may_be_empty(self) -> bool:
        """Whether the connector says that its answer has no body."""
        return self.expect is not None and self.expect.wants_no_body

    @model_validator(mode="after")
    def _counts_records(self) -> Self:
        if self.total is not None and self.records is None:
            raise PydanticCustomError("total", "`total` is of `records`: say where they stand")
        return self


class Probe(Check):
    """One call that shows whether the credentials have one right, and what is missing without it."""

    name: str = Field(min_length=1, max_length=60)
    """What is tried, as a person says it."""
    needs: str
    """What the credentials lack where this is refused, in the vendor's words."""
    without: str
    """What stays empty, or stale, as long as it is refused."""
    optional: StrictBool = False
    """Whether an account is well without it."""
    shows: PathText | None = None
    """Path of texts in its answer that say what the credentials reach (names of nodes)."""
    columns_of: Name | None = None
    """The resource whose columns it asks for, as `{columns:text}`: those that come on none of the `records` are told."""
