"""Exchange styles: how one logical call is carried to the vendor and its answer back.

A call that names a verb is its own exchange; `exchange: name` sends it through one of these.
"""

from __future__ import annotations

from connector.exchange.request import VERBS, Request, write_query
from connector.exchange.single import Single

__all__ = ["NOT_BUILT", "VERBS", "Exchange", "Request", "Single", "write_query"]

Exchange = Single

NOT_BUILT = frozenset({"submit_and_poll"})
"""Styles of the format that are refused by name until they are built."""
