"""Auth `oauth2_refresh`: a token for a refresh token, which the vendor may replace each time (RFC 6749 §6)."""

from __future__ import annotations

from typing import ClassVar, Literal

from connector.auth.oauth2 import OAuth2
from connector.auth.placing import fill_plain
from connector.flow import Moment
from connector.template import HeaderText, Values, holes_of

__all__ = ["OAuth2Refresh"]


class OAuth2Refresh(OAuth2):
    """A token for `refresh_token`, or for the one that the vendor has put in its place since."""

    grant: ClassVar[str] = "refresh_token"
    rotates: ClassVar[bool] = True

    style: Literal["oauth2_refresh"]
    client_id: HeaderText
    refresh_token: HeaderText

    @property
    def replaced(self) -> frozenset[str]:
        return holes_of(self.refresh_token)

    def _asking(
        self,
        url: str,  # noqa: ARG002 - every grant has this face
        values: Values,
        moment: Moment,  # noqa: ARG002
        rotated: str | None,
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        given = fill_plain(self.refresh_token, values)
        used = given if rotated is None else rotated
        return {"refresh_token": used}, (used,)
