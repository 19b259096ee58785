"""Error rules: what a vendor's answer means, as a connector says it. Data; who tries them, and in which order, is in `answer`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText
from connector.mapping.words import Closed

__all__ = ["ErrorCode", "ErrorRule"]

ErrorCode = Literal[
    "not_found",
    "needs_reauth",
    "forbidden",
    "rate_limited",
    "conflict",
    "invalid_request",
    "vendor_unavailable",
    "vendor_error",
]


class ErrorRule(Closed):
    """What an answer means; the first rule that holds wins."""

    when: AnswerCondition
    is_: ErrorCode = Field(alias="is")
    message: PathText | None = None
    """Path of the vendor's own words: a text, or a list of texts."""
    hint: str | None = None
    """What the reader can do."""
    retry_after: str | None = None
    """Name of the header that says how long to wait (`Retry-After` by itself)."""
