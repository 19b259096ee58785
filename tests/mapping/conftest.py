"""Mappings as people write them: YAML text, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector import yamlfile
from connector.mapping.compile import Mapper, compile_mapping
from connector.mapping.rules import MappingFile
from connector.yamlfile import Complaint

Compiled = Callable[..., Mapper]
Complained = Callable[..., list[Complaint]]


def _compile(text: str, unified: str, membership: str | None) -> tuple[Mapper | None, list[Complaint]]:
    head = "" if "source:" in text else f"source: main.{unified}\nunified: {unified}\n"
    return compile_mapping(MappingFile.model_validate(yamlfile.load(head + text, "test.yaml")), membership)


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    """Gives the mapper of a mapping file's text."""

    def give(text: str, unified: str = "users", membership: str | None = None) -> Mapper:
        mapper, complaints = _compile(text, unified, membership)
        assert complaints == []
        assert mapper is not None
        return mapper

    return give


@pytest.fixture(scope="session")
def complained() -> Complained:
    """Gives the complaints about a mapping file's text."""

    def give(text: str, unified: str = "users", membership: str | None = None) -> list[Complaint]:
        mapper, complaints = _compile(text, unified, membership)
        assert mapper is None
        return complaints

    return give


SCIM_USERS = """
source: main.users
unified: users
fields:
  id: $.id
  external_id: $.externalId
  username: $.userName
  first_name: $.name.givenName
  last_name: $.name.familyName
  name:
    first_of:
      - $.displayName
      - $.name.formatted
      - {join: [$.name.givenName, $.name.familyName], with: " "}
      - $.userName
  title: $.title
  status: {path: $.active, values: {true: active, false: inactive}}
  emails:
    each: $.emails[*]
    item: {email: $.value, type: $.type, is_primary: {path: $.primary, if_missing: false}}
  phones:
    each: $.phoneNumbers[*]
    item: {number: $.value, type: $.type}
  groups:
    each: $.groups[*]
    item: {id: $.value, name: $.display}
  created_at: {path: $.meta.created, date: rfc3339}
  updated_at: {path: $.meta.lastModified, date: rfc3339}
written:
  $.schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"]
combine: {filter: " and "}
filters:
  username: {evaluate: vendor_then_here, query: {filter: "userName eq {value:double}"}}
  status: {evaluate: vendor_then_here, query: {filter: "active eq {value:text}"}}
  updated_at: {evaluate: vendor, operators: [gt, gte], query: {filter: "meta.lastModified {operator:text} {value:double}"}}
  emails.email: {evaluate: here}
sorts:
  username: {query: {sortBy: userName, sortOrder: "{direction}"}}
"""

SCIM_GROUPS = """
source: main.groups
unified: groups
fields:
  id: $.id
  name: $.displayName
  group_type: group
  created_at: {path: $.meta.created, date: rfc3339}
members:
  each: $.members[*]
  where: {$.type: {not: Group}}
  user: $.value
  matches: id
"""

COMMAND_USERS = """
source: command.users
unified: users
fields:
  id: {path: $.user_id, as: string}          # a 64-bit number there
  username: $.email
  name: $.name
  title: $.job_title
  status:
    path: $.status
    values: {Active: active, Invited: invited, Locked: inactive, Locked by IdP: inactive}
    write: {inactive: Locked}
  emails:
    list:
      - {email: $.email, is_primary: true, type: work}
      - each: $.alias[*]
        item: {email: $, is_primary: false, type: alias}
  is_2fa_enabled: {path: "$['2fa_enabled']", if_missing: false}
  groups:
    each: $.teams[*]
    item: {id: $.team_uid, name: $.team_name}
  roles:
    each: $.roles[*]
    item: {id: $.role_id, name: $.role_name}
  organizations:
    list: [{id: $.node.node_id, name: $.node.node_name}]
filters:
  status: {evaluate: here}
  emails.email: {evaluate: vendor_then_here, call: find}
"""


@pytest.fixture(scope="session")
def scim_users(compiled: Compiled) -> Any:
    return compiled(SCIM_USERS)


@pytest.fixture(scope="session")
def scim_groups(compiled: Compiled) -> Any:
    return compiled(SCIM_GROUPS)


@pytest.fixture(scope="session")
def command_users(compiled: Compiled) -> Any:
    return compiled(COMMAND_USERS)


@pytest.fixture(
    params=[SCIM_USERS, SCIM_GROUPS, COMMAND_USERS], ids=["scim_users", "scim_groups", "command_users"]
)
def mapping_text(request: pytest.FixtureRequest) -> str:
    return str(request.param)
