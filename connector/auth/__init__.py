"""Auth styles: how a call proves who is calling.

A style sees the complete call and returns it signed (`sign`) for one moment, anew for each try; `names` says
which settings and secrets it needs. It never stores, refreshes or logs a credential.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.auth.basic import Basic
from connector.auth.bearer import Bearer
from connector.auth.header import Header
from connector.auth.hmac import Hmac
from connector.auth.none import NoAuth
from connector.auth.query import Query
from connector.auth.sigv4 import SigV4

__all__ = ["NOT_BUILT", "Auth"]

Auth = Annotated[NoAuth | Bearer | Header | Basic | Query | Hmac | SigV4, Field(discriminator="style")]

NOT_BUILT = frozenset({"oauth2_client_credentials", "oauth2_refresh", "oauth2_jwt"})
"""Styles of the format that are refused by name until they are built."""
