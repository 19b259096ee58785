"""Rules turned round: bodies that are written, values that are found, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import InvalidRequest
from connector.mapping.compile import Mapper
from connector.mapping.path import Notes

RULES = """
fields:
  id: {path: $.id, as: string}
  external_id: {path: $.ext, null_if: ["", "-"]}
  first_name: $.name.given
  last_name: {path: $.name.family, one_way: true}
  name: {first_of: [$.display, $.name.given]}
  title: {path: $.full, split: " ", take: first}
  username: "u-{$.login}-x"
  status:
    path: $.state
    values: {A: active, L: inactive, D: inactive, 0: deleted, N: invited, M: invited}
    write: {inactive: L}
  is_2fa_enabled: {path: $.mfa, if_missing: false}
  is_email_verified: {cases: [{when: {$.ok: true, $.why: mail}, then: true}], otherwise: false}
  user_type: staff
  emails: {each: "$.mails[*]", item: {email: $.m, type: work, is_primary: {path: $.p, if_missing: false}}}
  roles: {each: "$.roles[*]", item: {id: $}}
  groups: {each: "$.groups[*]", where: {$.k: g}, item: {id: $.id}}
  languages: $.langs
  urls: {list: [{url: $.home}, {url: $.work}]}
  organizations: {each: "$.orgs[*]", item: {id: {lookup: groups, where: name, is: $, take: id}}}
  avatar: {path: $.pic, link: {hosts: [pics.example]}}
  bio: {path: $.bio, case: lower}
  created_at: {path: $.born, date: epoch_ms}
  custom_fields: {cost: $.cost, n: {path: $.n, as: integer}}
filters:
  title: {evaluate: vendor, query: {q: "{value}"}, values: {Dr: [dr, doc]}}
written: {$.schemas: [s], $.name.kind: person}
"""
GROUPS = {"groups": [{"id": "g1", "name": "One"}, {"id": "g2", "name": "Two"}, {"id": "g3", "name": "Two"}]}
WRITTEN = {"schemas": ["s"], "name": {"kind": "person"}}


@pytest.fixture(scope="module")
def mapper(compiled: Any) -> Any:
    return compiled(RULES)


def test_what_can_be_written(mapper: Mapper) -> None:
    cannot = {name for name, can in mapper.writable().items() if not can}
    assert cannot == {"last_name", "title", "user_type", "groups", "urls", "bio"}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, {}),
        ({"id": "7"}, {"id": 7}),
        ({"external_id": None}, {"ext": ""}),
        ({"external_id": "x"}, {"ext": "x"}),
        ({"first_name": "Ada"}, {"name": {"given": "Ada", "kind": "person"}}),
        ({"first_name": None}, {"name": {"given": None, "kind": "person"}}),
        ({"name": "Ada"}, {"display": "Ada"}),
        ({"username": "u-ada-x"}, {"login": "ada"}),
        ({"username": None}, {"login": None}),
        ({"status": "inactive"}, {"state": "L"}),
        ({"status": "deleted"}, {"state": 0}),
        ({"is_2fa_enabled": None}, {"mfa": None}),
        ({"is_email_verified": True}, {"ok": True, "why": "mail"}),
        ({"user_type": "staff"}, {}),
        ({"emails": [{"email": "a", "type": "work"}]}, {"mails": [{"m": "a"}]}),
        ({"emails": [{"email": "a", "is_primary": True}]}, {"mails": [{"m": "a", "p": True}]}),
        ({"emails": []}, {"mails": []}),
        ({"emails": None}, {"mails": None}),
        ({"roles": [{"id": "r"}]}, {"roles": ["r"]}),
        ({"languages": ["en", "de"]}, {"langs": ["en", "de"]}),
        ({"organizations": [{"id": "g1"}]}, {"orgs": ["One"]}),
        ({"avatar": "https://pics.example/a"}, {"pic": "https://pics.example/a"}),
        ({"created_at": "2026-01-01T01:00:00+01:00"}, {"born": 1767225600000}),
        ({"custom_fields": {"n": 5}}, {"n": "5"}),
        ({"custom_fields": None}, {"cost": None, "n": None}),
        ({"first_name": "A", "id": "1"}, {"name": {"given": "A", "kind": "person"}, "id": 1}),
    ],
)
def test_bodies(mapper: Mapper, fields: Any, body: Any) -> None:
    assert mapper.write(fields, GROUPS) == {**WRITTEN, **body}


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"surname": "x"}, "surname is not a field; fields that can be written: id, "),
        ({"phones": []}, "phones can't be written here"),
        ({"title": "x"}, "title can't be written here"),
        ({"last_name": "x"}, "last_name can't be written here"),
        ({"groups": []}, "groups can't be written here"),
        ({"id": 7}, "id: expected the digits"),
        ({"id": "07"}, "id: expected the digits"),
        ({"external_id": "-"}, "write null"),
        ({"name": ""}, "would read back as another"),
        ({"username": "ada"}, "expected text of the form"),
        ({"status": "invited"}, 'allowed: "active", "inactive", "deleted"'),
        ({"status": "unknown"}, "can't be written"),
        ({"status": None}, "would read back as another"),
        ({"is_2fa_enabled": "yes"}, "would read back as another"),
        ({"is_email_verified": False}, "allowed: true"),
        ({"user_type": "guest"}, "would read back as another"),
        ({"emails": [{"email": "a", "type": "home"}]}, "would read back as another"),
        ({"emails": [{"type": "work"}]}, "would read back as another"),
        ({"emails": "a"}, "expected a list"),
        ({"emails": [{"email": "a", "kind": "x"}]}, "`kind` can't be written"),
        ({"organizations": [{"id": "g2"}]}, "would read back as another"),
        ({"organizations": [{"id": "g9"}]}, "none of the groups"),
        ({"avatar": "http://pics.example/"}, "only https"),
        ({"avatar": "pics.example/"}, "starts with https"),
        ({"created_at": "2026-01-01"}, "created_at: not an RFC 3339"),
        ({"created_at": 5}, "expected date-time"),
        ({"custom_fields": {"x": 1}}, "`x` can't be written; allowed: cost, n"),
    ],
)
def test_what_is_not_written(mapper: Mapper, fields: Any, part: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        mapper.write(fields, GROUPS)
    assert part in caught.value.message
    assert caught.value.details[0]["field"] == next(iter(fields))


def test_two_fields_may_not_write_one_place_differently(compiled: Any) -> None:
    mapper = compiled("fields: {id: $.id, name: $.n, title: $.n, bio: $.n.x}")
    assert mapper.write({"name": "a", "title": "a"}) == {"n": "a"}
    for fields in ({"name": "a", "title": "b"}, {"name": "a", "bio": "b"}, {"bio": "b", "name": "a"}):
        with pytest.raises(InvalidRequest, match="writ"):
            mapper.write(fields)


def test_cases_are_written_by_their_literals(compiled: Any) -> None:
    mapper = compiled("""
fields:
  id: $.id
  status:
    cases:
      - {when: {$.archived: true}, then: deleted}
      - {when: {$.archived: false, $.suspended: true}, then: inactive}
      - {when: {$.locked: true}, then: inactive}
      - {when: {$.seen: {present: true}}, then: active}
      - {when: {$.archived: true}, then: invited}
    write: {inactive: {$.suspended: true, $.archived: false}}
""")
    assert mapper.write({"status": "deleted"}) == {"archived": True}
    assert mapper.write({"status": "inactive"}) == {"suspended": True, "archived": False}
    for status in ("active", "unknown", "invited"):  # the last would be read as deleted
        with pytest.raises(InvalidRequest):
            mapper.write({"status": status})
    assert mapper.find("status", "inactive") is None


def test_an_error_never_holds_a_secret(compiled: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, title: {path: $.t, values: {a: b}, secret: true}, created_at: {path: $.c, date: '%Y', zone: UTC, secret: true}}"
    )
    for fields in ({"title": "hush"}, {"created_at": "2026-01-02T03:04:05Z"}):
        with pytest.raises(InvalidRequest) as caught:
            mapper.write(fields)
        assert not any(word in str(caught.value.to_dict()) for word in ("hush", "03:04"))


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("id", "7", [7]),
        ("id", "seven", []),
        ("external_id", "x", ["x"]),
        ("external_id", "-", []),
        ("first_name", "Ada", ["Ada"]),
        ("first_name", None, None),
        ("name", "Ada", None),
        ("title", "Dr", ["dr", "doc"]),
        ("title", "Mr", []),
        ("username", "u-ada-x", ["ada"]),
        ("username", "ada", []),
        ("status", "inactive", ["L", "D"]),
        ("status", "deleted", [0]),
        ("status", "unknown", None),
        ("is_2fa_enabled", True, [True]),
        ("is_2fa_enabled", False, None),
        ("is_email_verified", True, None),
        ("user_type", "staff", None),
        ("emails.email", "a@b", ["a@b"]),
        ("emails.type", "work", None),
        ("groups.id", "g", ["g"]),
        ("roles.id", "r", ["r"]),
        ("languages", "en", ["en"]),
        ("urls.url", "https://x", ["https://x"]),
        ("organizations.id", "g1", ["One"]),
        ("organizations.id", "g2", []),
        ("avatar", "https://pics.example/a", ["https://pics.example/a", "pics.example/a"]),
        ("bio", "x", None),
        ("created_at", "2026-01-01T00:00:00Z", [1767225600000]),
        ("custom_fields.n", 5, ["5"]),
        ("custom_fields.m", 5, None),
        ("phones.number", "1", None),
    ],
)
def test_values_that_are_found(mapper: Mapper, field: str, value: Any, found: Any) -> None:
    assert mapper.find(field, value, GROUPS) == found
    assert mapper.find(field, value, Notes(lookups=GROUPS)) == found


def test_without_rows_nothing_is_looked_up(mapper: Mapper) -> None:
    assert mapper.find("organizations.id", "g1") is None
    with pytest.raises(InvalidRequest, match="were not read"):
        mapper.write({"organizations": [{"id": "g1"}]})


def test_values_from_a_list_of_sources(command_users: Mapper) -> None:
    assert command_users.find("emails.email", "a@b") == ["a@b"]
    assert command_users.find("status", "inactive") == ["Locked", "Locked by IdP"]
