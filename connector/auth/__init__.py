"""Auth styles: how a call proves who is calling.

A style sees the complete call and returns it signed (`sign`); `names` says which settings and secrets it
needs. It never stores, refreshes or logs a credential.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.auth.bearer import Bearer
from connector.auth.header import Header
from connector.auth.none import NoAuth

__all__ = ["NOT_BUILT", "Auth"]

Auth = Annotated[NoAuth | Bearer | Header, Field(discriminator="style")]

NOT_BUILT = frozenset({"basic", "query", "oauth2_client_credentials", "oauth2_refresh", "oauth2_jwt"})
"""Styles of the format that are refused by name until they are built."""
