"""Auth `header`: a secret in a header of the vendor's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.placing import HEADER_NAME, add_headers
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call

__all__ = ["Header"]


class Header(BaseModel):
    """`<header>: <value>`, as in `api-key: {secrets.api_key}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["header"]
    header: Annotated[str, Field(pattern=HEADER_NAME)]
    value: HeaderText

    @property
    def names(self) -> frozenset[str]:
        return parse_template(self.value).names

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        return add_headers(call, {self.header: parse_template(self.value).fill_header(values)})
