"""Auth styles: how a call proves who is calling.

A style sees the complete call and returns it signed (`sign`) for one moment, anew for each try; `names` says
which settings and secrets it needs. It never stores, refreshes or logs a credential: an access token (`OAuth2`) is
obtained by a flow, and given to it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.auth.basic import Basic
from connector.auth.bearer import Bearer
from connector.auth.header import Header
from connector.auth.hmac import Hmac
from connector.auth.none import NoAuth
from connector.auth.oauth2 import OAuth2
from connector.auth.oauth2_client_credentials import OAuth2ClientCredentials
from connector.auth.oauth2_jwt import OAuth2Jwt
from connector.auth.oauth2_refresh import OAuth2Refresh
from connector.auth.query import Query
from connector.auth.sigv4 import SigV4

__all__ = ["Auth", "OAuth2", "OAuth2Jwt"]

Auth = Annotated[
    NoAuth
    | Bearer
    | Header
    | Basic
    | Query
    | Hmac
    | SigV4
    | OAuth2ClientCredentials
    | OAuth2Refresh
    | OAuth2Jwt,
    Field(discriminator="style"),
]
