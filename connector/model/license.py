"""A licence that a vendor gave a student: what an action made, never a row of `users`.

Students own these accounts themselves. `vault_url` is a link that opens an account: whoever shows or stores it
treats it as a secret.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LicenseStatus", "StudentLicense"]

LicenseStatus = Literal["invited", "active", "expired", "unknown"]


class StudentLicense(BaseModel):
    """One row of `student_licenses`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    transaction_id: str
    """The caller's own reference of the order; the same for the same student."""
    email: str
    """The address as it was sent."""
    first_name: str | None = None
    last_name: str | None = None
    order_number: str | None = None
    """The vendor's number of the order."""
    vault_url: str | None = Field(None, repr=False)
    """The link with which the student activates the account: https, on one of the vendor's hosts."""
    status: LicenseStatus | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
