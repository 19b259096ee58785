"""A group of users (a vendor's team, department or group), in the one schema of every connector.

Who is in it stands in `users[].groups` and is asked by `group_id` or `groups/{id}/users`, whichever side
the vendor keeps it on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Group", "GroupType"]

GroupType = Literal["team", "department", "group"]


class Group(BaseModel):
    """One row of `groups`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    name: str | None = None
    description: str | None = None
    organization: str | None = None
    """Id of the organization that the group belongs to."""
    group_type: GroupType | None = None
    member_count: int | None = None
    """How many members the vendor says there are; null where it does not say."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    custom_fields: dict[str, Any] | None = None
    """What a mapping adds beyond this schema."""
    remote_data: dict[str, Any] | None = None
    """The vendor's record as it came; only with `include=remote_data`."""
