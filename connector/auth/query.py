"""Auth `query`: a secret in the query, for vendors that take it nowhere else.

RFC 6750 §2.3 and RFC 9110 §17.9 advise against it: queries are logged on the way. Here they never are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.placing import PARAMETER_NAME, add_parameter, fill_plain
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template
from connector.wire import Call

__all__ = ["Query"]


class Query(BaseModel):
    """`?<parameter>=<value>`, as in `?api_key={secrets.key}`, after whatever the query holds already."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["query"]
    parameter: Annotated[str, Field(pattern=PARAMETER_NAME)]
    value: HeaderText

    @property
    def names(self) -> frozenset[str]:
        return parse_template(self.value).names

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        value = fill_plain(self.value, values)
        return add_parameter(call, self.parameter, value, value)
