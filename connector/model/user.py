"""A person or service account in a directory, in the one schema of every connector.

`null` means that the vendor did not say or that it could not be known; a list that is `[]` was said to be
empty; a field that is absent was not asked for. The names and shapes are those of the contract that this
project is an open alternative to; `status` is closed here, and the vendor's own word is in `status_detail`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict

from connector.model.shape import CaseFolded, Label, Membership

__all__ = [
    "Email",
    "GroupRef",
    "LicenseRef",
    "NamedRef",
    "Phone",
    "RoleRef",
    "Url",
    "User",
    "UserStatus",
]

UserStatus = Literal["active", "inactive", "invited", "deleted", "unknown"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Email(_Part):
    email: Annotated[str, CaseFolded()]
    type: Annotated[str | None, Label()] = None
    is_primary: bool | None = None


class Phone(_Part):
    number: str
    extension: str | None = None
    type: Annotated[str | None, Label()] = None


class NamedRef(_Part):
    """A reference to an organization or workspace."""

    id: str
    name: str | None = None


class GroupRef(_Part):
    id: str
    name: str | None = None
    organization: str | None = None
    """Id of the organization that the group belongs to."""


class RoleRef(_Part):
    id: str
    name: str | None = None
    group: str | None = None
    """Set when the role holds in this group only."""
    organization: str | None = None
    workspace: str | None = None


class LicenseRef(_Part):
    id: str
    name: str | None = None
    organization: str | None = None
    last_active_at: datetime | None = None


class Url(_Part):
    url: str
    type: Annotated[str | None, Label()] = None


class User(BaseModel):
    """One row of `users`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """The vendor's id of the user; the one that `get` takes."""
    external_id: str | None = None
    """The id that an identity provider gave the user (SCIM)."""
    identifiers: dict[str, Any] | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    """Full or display name."""
    title: str | None = None
    """Job title."""
    username: Annotated[str | None, CaseFolded()] = None
    emails: list[Email] | None = None
    phones: list[Phone] | None = None
    status: UserStatus | None = None
    status_detail: str | None = None
    """The vendor's own word for the status, or what the vendor's API cannot tell apart."""
    is_email_verified: bool | None = None
    is_2fa_enabled: bool | None = None
    user_type: Annotated[str | None, Label()] = None
    roles: Annotated[list[RoleRef] | None, Membership()] = None
    """null: not known. []: none."""
    groups: Annotated[list[GroupRef] | None, Membership()] = None
    """null: not known. []: none. Absent: not asked for (`include=groups`)."""
    licenses: Annotated[list[LicenseRef] | None, Membership()] = None
    organizations: Annotated[list[NamedRef] | None, Membership()] = None
    """The parts of the tenant (nodes, organizational units) that the user belongs to."""
    workspaces: Annotated[list[NamedRef] | None, Membership()] = None
    avatar: str | None = None
    """URL of a picture."""
    timezone: str | None = None
    languages: list[str] | None = None
    bio: str | None = None
    urls: list[Url] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    activated_at: datetime | None = None
    last_login_at: datetime | None = None
    last_active_at: datetime | None = None
    custom_fields: dict[str, Any] | None = None
    """What a mapping adds beyond this schema."""
    remote_data: dict[str, Any] | None = None
    """The vendor's record as it came; only with `include=remote_data`."""
