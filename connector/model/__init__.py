"""The unified models: what every connector's records become. `UNIFIED` names them for mappings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from connector.model.group import Group
from connector.model.license import StudentLicense
from connector.model.user import User

__all__ = ["UNIFIED", "Group", "StudentLicense", "User"]

UNIFIED: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"users": User, "groups": Group, "student_licenses": StudentLicense}
)
