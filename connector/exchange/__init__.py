"""Exchange styles: how one logical call is carried to the vendor and its answer back.

A call that names a verb is its own exchange; `exchange: name` sends it through one of these.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.exchange.chosen import Chosen
from connector.exchange.request import VERBS, Request, write_query
from connector.exchange.single import Single
from connector.exchange.submit_and_poll import SubmitAndPoll

__all__ = ["VERBS", "Chosen", "Exchange", "Request", "Single", "SubmitAndPoll", "write_query"]

Exchange = Annotated[Single | SubmitAndPoll | Chosen, Field(discriminator="style")]
