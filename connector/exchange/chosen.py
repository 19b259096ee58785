"""Exchange `chosen`: one of the api's other exchanges, chosen by a setting of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Chosen"]


class Chosen(BaseModel):
    """A setting's value → the name of the exchange that is used."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    style: Literal["chosen"]
    by: Annotated[str, Field(pattern=r"^settings\.[a-z][a-z0-9_]*$")]
    """The setting."""
    ways: Annotated[Mapping[str, str], Field(min_length=1)]
    """Its value → an exchange of this api."""
