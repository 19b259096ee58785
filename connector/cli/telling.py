"""What is known about an answer, in words on standard error: how complete it is, its warnings, how to go on.

Says "complete" only where the verdict says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.cli.output import harmless, notes, plural
from connector.model.envelope import Completeness, Warned

__all__ = [
    "Gathered",
    "explanation_lines",
    "summary",
    "tell_explanation",
    "tell_footer",
    "tell_next",
    "tell_verdict",
    "tell_warnings",
    "verdict_words",
]

_REASONS = {
    "fewer_than_declared": "the vendor sent fewer than it declared",
    "ceiling_reached": "the vendor lets nobody read further",
    "records_left_out": "records without an id that can be read were left out",
    "membership_unreadable": "who is in a group could not be read to the end",
    "duplicate_ids": "some came more than once",
    "total_moved": "the vendor's total changed during the walk",
    "pages_moved": "the vendor's number of pages changed during the walk",
    "membership_changed": "the group changed during the walk",
    "page_changed": "a page changed while it was read",
}
_STYLES = {"complete": "green", "in_progress": "dim", "partial": "bold yellow", "unproven": "yellow"}
_WHO = {
    "here": "us, over all that the vendor lists",
    "vendor": "the vendor",
    "vendor, then here": "the vendor, then us",
}
_SIDES = {
    "on_user": "on the users",
    "on_group": "on the groups",
    "per_user": "at an endpoint of each user",
    "per_group": "at an endpoint of each group",
}
_MOST = 100


class Gathered:
    """The warnings of all pages, like ones counted together; bounded like those of one page."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str | None], Warned] = {}
        self._more = 0

    def add(self, warnings: Iterable[Warned]) -> None:
        for item in warnings:
            key = (item.code, item.message, item.field)
            known = self._found.get(key)
            if known is not None:
                self._found[key] = known.model_copy(update={"count": known.count + item.count})
            elif len(self._found) < _MOST:
                self._found[key] = item
            else:
                self._more += item.count

    def listed(self) -> list[Warned]:
        """All of them, in the order in which they were first met."""
        rest = Warned(
            code="more_warnings", message=f"{self._more} more warnings of other kinds", count=self._more
        )
        return [*self._found.values(), *([rest] if self._more else [])]


def verdict_words(known: Completeness) -> str:
    """`complete`, or what else is known."""
    declared = f" of {known.declared:,}" if known.declared is not None else ""
    reasons = ", ".join(_REASONS.get(reason, reason) for reason in known.reasons)
    if known.verdict == "complete":
        return "complete"
    if known.verdict == "in_progress":
        return f"in progress, {known.declared:,} declared" if known.declared is not None else "in progress"
    head = "NOT COMPLETE" if known.verdict == "partial" else "not proven complete"
    return f"{head}: {known.seen:,}{declared} seen; {reasons or 'no reason given'}"


def summary(count: int, noun: str, known: Completeness) -> str:
    """One line: how many rows, and what they are of the whole."""
    scope = f" · {harmless(known.scope)}" if known.scope else ""
    read = f" · {known.seen:,} read" if known.verdict == "complete" and known.seen != count else ""
    return f"{plural(count, noun)} · {verdict_words(known)}{read}{scope}"


def tell_verdict(count: int, noun: str, known: Completeness) -> None:
    """The summary on standard error."""
    notes().print(summary(count, noun, known), style=_STYLES.get(known.verdict, ""))


def tell_warnings(warnings: Iterable[Warned]) -> None:
    """One line each."""
    for item in warnings:
        where = [
            *([f"at {item.path}"] if item.path else []),
            *([f"field {item.field}"] if item.field and not item.path else []),
            *([f"first in {item.record_id}"] if item.record_id else []),
            *([f"{item.count:,} times"] if item.count > 1 else []),
        ]
        text = f"warning: {item.message}" + (f" ({', '.join(where)})" if where else "")
        notes().print(harmless(text), style="yellow")


def tell_footer(text: str | None) -> None:
    """What the rows as they were printed don't show."""
    if text is not None:
        notes().print(text, style="dim")


def tell_next(command: str) -> None:
    """The command that goes on where this one stopped."""
    notes().print(f"next: {command}", style="dim")


def tell_explanation(explanation: Mapping[str, Any]) -> None:
    """Who evaluated what, and what was sent."""
    for line in explanation_lines(explanation):
        notes().print(line, style="dim")


def explanation_lines(explanation: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that `explain` knows."""
    yield f"source: {explanation['connector']}, {explanation['source']}"
    for name, who in explanation["evaluated"].items():
        yield harmless(f"{name}: evaluated by {_WHO.get(who, who)}")
    if explanation["membership"] is not None:
        yield f"who is in a group stands {_SIDES.get(explanation['membership'], explanation['membership'])}"
    if "passes" in explanation:
        yield f"passes: {explanation['passes']}"
    if (captured := explanation.get("captured")) is not None:
        yield f"captured at {captured['taken_at']}, kept until {captured['kept_until']}"
    for call in explanation["calls"]:
        said = call.get("status", call.get("error", "no answer"))
        yield harmless(f"{call['method']} {call['url']} → {said}, {call.get('seconds', 0) * 1000:.0f} ms")
