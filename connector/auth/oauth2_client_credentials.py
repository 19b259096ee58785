"""Auth `oauth2_client_credentials`: a token for the client itself (RFC 6749 §4.4)."""

from __future__ import annotations

from typing import ClassVar, Literal

from connector.auth.oauth2 import OAuth2
from connector.auth.placing import fill_plain
from connector.flow import Moment
from connector.template import HeaderText, Values

__all__ = ["OAuth2ClientCredentials"]


class OAuth2ClientCredentials(OAuth2):
    """A token for `client_id` and `client_secret`."""

    grant: ClassVar[str] = "client_credentials"

    style: Literal["oauth2_client_credentials"]
    client_id: HeaderText
    client_secret: HeaderText
    audience: HeaderText | None = None
    """The api that the token is for, where the vendor asks for it."""

    def _asking(
        self,
        url: str,  # noqa: ARG002 - every grant has this face
        values: Values,
        moment: Moment,  # noqa: ARG002
        rotated: str | None,  # noqa: ARG002
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        return {} if self.audience is None else {"audience": fill_plain(self.audience, values)}, ()
