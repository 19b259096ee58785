"""How a listing was answered, for whoever asks for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.account import Opened
from connector.fetch import Fetched, Listing
from connector.flow import Budget
from connector.mapping.dates import in_utc
from connector.membership import membership_of

__all__ = ["explain"]


def explain(opened: Opened, listings: Sequence[Listing], found: Fetched, budget: Budget) -> dict[str, Any]:
    """How a listing was answered: who evaluates what, where membership stands, and each call that was made."""
    groups = [opened.loaded.sources[name] for name in opened.sources.get("groups", ())]
    source = listings[0].reading.source
    said = [source.mapping.memberships, *(one.mapping.members for one in groups)]
    transitive = any(one is not None and one.transitive for one in said)
    return {
        "connector": opened.loaded.name,
        "source": " + ".join(dict.fromkeys(one.reading.name for one in listings)),
        "evaluated": _evaluated(listings),
        "membership": membership_of(opened, source),
        "nested_members": "included" if transitive else "not included",
        **_explain_passes(listings),
        **({"captured": _moments(found.captured)} if found.captured else {}),
        "calls": budget.trace,
    }


def _evaluated(listings: Sequence[Listing]) -> dict[str, str]:
    """Parameter → who evaluates it; said for each source where they differ."""
    said: dict[str, dict[str, str]] = {}
    for one in listings:
        besides = {f"remote_query[{name}]": "vendor" for name in one.reading.query}
        for name, who in {**besides, **one.question.explain}.items():
            said.setdefault(name, {})[one.reading.source.name] = who
    return {
        name: next(iter(by.values()))
        if len(set(by.values())) == 1
        else "; ".join(f"{source}: {who}" for source, who in by.items())
        for name, by in said.items()
    }


def _explain_passes(listings: Sequence[Listing]) -> dict[str, str]:
    passing = [one for one in listings if (call := one.reading.resource.list) is not None and call.passes]
    if not passing:
        return {}
    if passing[0].question.is_sent:
        return {"passes": "not used, since a filter is sent to the vendor"}
    listing = passing[0].reading.resource.list
    assert listing is not None
    return {"passes": f"{len(listing.passes)}, one after the other"}


def _moments(captured: Mapping[str, Any]) -> dict[str, str]:
    """When a capture was taken and until when it is kept, in RFC 3339."""
    return {name: in_utc(captured[name].isoformat()) for name in ("taken_at", "kept_until")}
