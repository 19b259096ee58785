"""Auth `bearer`: a token in the Authorization header (RFC 6750 §2.1)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connector.auth.placing import add_headers
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call

__all__ = ["Bearer"]


class Bearer(BaseModel):
    """`Authorization: Bearer <token>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["bearer"]
    token: HeaderText

    @property
    def names(self) -> frozenset[str]:
        return parse_template(self.token).names

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        token = parse_template(self.token).fill_header(values)
        return add_headers(call, {"Authorization": f"Bearer {token}"})
