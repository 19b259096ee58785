"""Asks what proves an account, a check or a probe, and believes only an answer that says what it should.

A service that answers everything with nothing proves nothing: records are read as strictly as those of a listing,
and no body is an answer only where the connector says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.account import Opened, OpenedApi
from connector.ask import ask
from connector.errors import VendorError
from connector.flow import Budget, Flow
from connector.mapping.path import MISSING, Notes, parse_path
from connector.paging.facts import Style
from connector.probe import Check, Probe
from connector.reading import located_at, read_records

__all__ = ["Proven", "prove"]


@dataclass(frozen=True)
class Proven:
    """What an answer says besides that there is one."""

    records: Sequence[Any] | None = None
    """Where the connector says where they stand."""
    total: int | None = None
    shows: tuple[str, ...] = ()


def prove(
    opened: Opened, api: OpenedApi, check: Check, values: Mapping[str, Any], budget: Budget
) -> Flow[Proven]:
    """Asks once. Raises what the vendor's answer means, VendorError for one that proves nothing."""
    body = yield from ask(opened, api, check, values, budget)
    with located_at(opened, budget):
        if body is MISSING:
            if check.may_be_empty:
                return Proven()
            raise VendorError(
                "the answer is empty, which proves nothing",
                hint="is the address right? What answers there may be something else",
            )
        records = total = None
        if check.records is not None:
            style = Style(total=check.total)
            records, total = read_records(check, style, body), style.declared(body)
        return Proven(records, total, _shown(check, body) if isinstance(check, Probe) else ())


def _shown(probe: Probe, body: Any) -> tuple[str, ...]:
    if probe.shows is None:
        return ()
    found = parse_path(probe.shows).all(body, Notes())
    if not isinstance(found, list):
        raise VendorError(f"the answer has no list at {probe.shows}")
    return tuple(one for one in found if isinstance(one, str))
