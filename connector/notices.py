"""The warnings of one answer: like ones counted together, their number bounded, nothing lost in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.errors import VendorError
from connector.mapping.path import Note
from connector.model.envelope import Warned
from connector.redaction import Redaction

__all__ = ["Notices"]

_MOST = 100
_AS_MEANT = frozenset({"left_out", "mapping_changed", "may_be_stale", "vendor_still_working"})
"""What is told and is nothing wrong with a record."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass
class Notices:
    """Gathers what was noticed while records were read."""

    found: dict[tuple[str, str, str], Warned] = field(default_factory=dict)
    breaks: set[str] = field(default_factory=set)
    """Reasons that make the listing partial."""
    unlisted: int = 0

    def add(self, notes: Iterable[Note], record_id: str | None) -> None:
        """What the mapping noted about one record."""
        for note in notes:
            if note.breaks:
                self.breaks.add("membership_unreadable")
            self.warn(note.code, note.message, path=note.path, record_id=record_id)

    def warn(
        self,
        code: str,
        message: str,
        *,
        path: str | None = None,
        record_id: str | None = None,
        field: str | None = None,
    ) -> None:
        """One warning; those alike in all but record and list index are counted together."""
        key = (code, message, _INDEX.sub("[*]", path or ""))
        known = self.found.get(key)
        if known is not None:
            self.found[key] = known.model_copy(update={"count": known.count + 1})
        elif len(self.found) < _MOST:
            self.found[key] = Warned(code=code, message=message, path=path, field=field, record_id=record_id)
        else:
            self.unlisted += 1

    def listed(self, hide: Redaction) -> list[Warned]:
        """All warnings, in the order in which they were first met, without what is hidden: a vendor may echo a secret."""
        rest = [
            Warned(
                code="more_warnings",
                message=f"{self.unlisted} more warnings of other kinds",
                count=self.unlisted,
            )
        ]
        told = [*self.found.values(), *(rest if self.unlisted else [])]
        return [one.model_copy(update={"message": hide.text(one.message)}) for one in told]

    @property
    def wrong(self) -> list[Warned]:
        """The warnings about records."""
        return [item for item in self.found.values() if item.code not in _AS_MEANT]

    def raise_in_strict(self) -> None:
        """In strict mode what would be a warning about a record is an error."""
        wrong = self.wrong
        if wrong:
            first = wrong[0]
            raise VendorError(
                f"strict: {first.path or '$'}: {first.message}"
                + (f" (record {first.record_id})" if first.record_id else ""),
                details=[item.model_dump(exclude_none=True) for item in self.listed(Redaction())],
            )
