"""Auth `bearer`: a token in the Authorization header (RFC 6750 §2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

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

    def sign(self, call: Call, values: Values) -> Call:
        token = parse_template(self.token).fill_header(values)
        return replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"})
