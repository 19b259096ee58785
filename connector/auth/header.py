"""Auth `header`: a secret in a header of the vendor's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.template import HeaderText, Values, parse_template
from connector.wire import Call

__all__ = ["Header"]


class Header(BaseModel):
    """`<header>: <value>`, as in `api-key: {secrets.api_key}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["header"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
    value: HeaderText

    @property
    def names(self) -> frozenset[str]:
        return parse_template(self.value).names

    def sign(self, call: Call, values: Values) -> Call:
        value = parse_template(self.value).fill_header(values)
        return replace(call, headers={**call.headers, self.header: value})
