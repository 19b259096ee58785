"""Auth `basic`: user and password in the Authorization header (RFC 7617)."""

from __future__ import annotations

import base64
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

from connector.auth.placing import add_headers, fill_plain
from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call

__all__ = ["Basic"]


class Basic(BaseModel):
    """`Authorization: Basic <user:password in Base64>`, in UTF-8 (RFC 7617 §2.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["basic"]
    user: HeaderText
    password: HeaderText

    @field_validator("user")
    @classmethod
    def _has_no_colon(cls, text: str) -> str:
        if ":" in text:
            raise PydanticCustomError("user", "a user has no colon: the first one ends it (RFC 7617)")
        return text

    @property
    def names(self) -> frozenset[str]:
        return parse_template(self.user).names | parse_template(self.password).names

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        user, password = fill_plain(self.user, values), fill_plain(self.password, values)
        if ":" in user:
            named = ", ".join(sorted(parse_template(self.user).names))
            raise InvalidRequest(
                f"{named} can't stand in a credential: the user would have a colon (RFC 7617)"
            )
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        return add_headers(call, {"Authorization": f"Basic {token}"}, token)
