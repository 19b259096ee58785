"""Exchange `submit_and_poll`: the vendor queues what is submitted, and is asked for the result until it has one.

Only an answer for which `pending` doesn't hold ends the waiting, or `give_up`. A ticket that the vendor no
longer knows (`lost`) says nothing about what was asked for: it is never read as "not found".
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from connector.duration import Seconds
from connector.errorrule import ErrorRule
from connector.exchange.request import Request
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText

__all__ = ["Poll", "SubmitAndPoll"]


class Poll(Request):
    """How the result is asked for; `{ticket}` is what the submit answered."""

    pending: AnswerCondition
    """Holds while the vendor is still working."""
    lost: AnswerCondition | None = None
    """Holds when the vendor doesn't know the ticket any more."""
    again: tuple[AnswerCondition, ...] = ()
    """One of them holds when the question itself was refused (too many of them): nothing is said of the result."""
    every: Seconds = 0.5
    """The wait before the first question; each wait is twice the one before."""
    slowing_to: Seconds = 5.0
    """The longest wait."""
    give_up: Seconds = 60.0
    """When the answer is not waited for any longer, counted from the submit."""


class SubmitAndPoll(BaseModel):
    """A queued request with parameters of its own, which calls fill by `give`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    style: Literal["submit_and_poll"]
    takes: tuple[str, ...] = ()
    """Names of the holes that a call gives."""
    submit: Request
    """The request that is queued."""
    ticket: PathText
    """Path of the ticket in the answer to `submit`: a text, or a whole number."""
    poll: Poll
    errors: tuple[ErrorRule, ...] = ()
    """Tried after a call's own and before the api's, for both answers."""

    @model_validator(mode="after")
    def _asks_for_its_ticket(self) -> SubmitAndPoll:
        if "ticket" not in self.poll.holes:
            raise PydanticCustomError(
                "ticket", "nothing sends {ticket}: without it a poll asks for no result"
            )
        return self
