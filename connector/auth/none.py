"""Auth `none`: the api asks for no credentials, or they stand in the calls themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connector.flow import Moment
from connector.template import Values
from connector.wire import Call

__all__ = ["NoAuth"]


class NoAuth(BaseModel):
    """No credentials are added."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["none"]

    @property
    def names(self) -> frozenset[str]:
        return frozenset()

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        return call
