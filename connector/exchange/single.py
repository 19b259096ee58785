"""Exchange `single`: one logical call is one HTTP request, and its answer is the answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connector.duration import Seconds
from connector.errorrule import ErrorRule
from connector.exchange.request import Request

__all__ = ["Single"]


class Single(BaseModel):
    """One request with parameters of its own, which calls fill by `give`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    style: Literal["single"]
    takes: tuple[str, ...] = ()
    """Names of the holes that a call gives."""
    submit: Request
    """The request."""
    silent_for: Seconds | None = None
    """How long the vendor may be silent before it answers (10 s): it works on the call meanwhile."""
    errors: tuple[ErrorRule, ...] = ()
    """Tried after a call's own and before the api's."""
