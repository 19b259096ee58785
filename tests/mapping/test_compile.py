"""Compiled mappings: what records become, what is noted, and what files are complained about."""

from __future__ import annotations

from typing import Any

import pytest

from connector.mapping.compile import Mapper
from connector.mapping.lookup import Rows
from connector.mapping.path import Note, Notes
from connector.model import User
from connector.yamlfile import Complaint

ADA = {
    "id": "2819c223",
    "externalId": "701984",
    "userName": "ada@example.org",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Analyst",
    "active": True,
    "emails": [{"value": "ada@example.org", "type": "work", "primary": True}, {"value": "ada@home.example"}],
    "phoneNumbers": [{"value": "+1 555", "type": "work"}],
    "groups": [{"value": "g1", "display": "Engines"}],
    "meta": {"created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-02T01:00:00.5+01:00"},
}


def _read(mapper: Mapper, record: Any, **more: Any) -> tuple[dict[str, Any], list[Note]]:
    notes = Notes()
    return mapper.read(record, notes, **more), notes.found


def _notes(found: list[Note]) -> list[str]:
    return [f"{note.path} {note.code}" for note in found]


def test_a_scim_user(scim_users: Mapper) -> None:
    row, notes = _read(scim_users, ADA)
    assert notes == []
    assert list(row) == [name for name in User.model_fields if name != "remote_data"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": "2819c223",
        "external_id": "701984",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "name": "Ada Lovelace",
        "title": "Analyst",
        "username": "ada@example.org",
        "emails": [
            {"email": "ada@example.org", "type": "work", "is_primary": True},
            {"email": "ada@home.example", "type": None, "is_primary": False},
        ],
        "phones": [{"number": "+1 555", "extension": None, "type": "work"}],
        "status": "active",
        "status_detail": "true",
        "groups": [{"id": "g1", "name": "Engines", "organization": None}],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00.5Z",
    }
    User.model_validate(row)


def test_a_user_of_a_command_line(command_users: Mapper) -> None:
    record = {
        "user_id": 9007199254740993,
        "email": "bo@example.org",
        "status": "Locked by IdP",
        "alias": ["b@example.org", "bo2@example.org"],
        "teams": [],
        "roles": [{"role_id": "1", "role_name": "Admin"}],
        "node": None,
    }
    row, notes = _read(command_users, record)
    assert _notes(notes) == ["$ list_unreadable"], "the node is null: not known, which is not none"
    assert row["id"] == "9007199254740993"
    assert (row["status"], row["status_detail"]) == ("inactive", "Locked by IdP")
    assert [mail["email"] for mail in row["emails"]] == ["bo@example.org", "b@example.org", "bo2@example.org"]
    assert row["is_2fa_enabled"] is False
    assert (row["groups"], row["organizations"], row["licenses"]) == ([], None, None)
    User.model_validate(row)


def test_members_of_a_group(scim_groups: Mapper) -> None:
    def members(record: Any) -> tuple[Any, list[str]]:
        notes = Notes()
        return scim_groups.members(record, notes), _notes(notes.found)

    assert members(
        {"members": [{"value": "u1"}, {"value": "g", "type": "Group"}, {"value": "u2", "type": "User"}]}
    ) == (["u1", "u2"], [])
    assert members({"members": []}) == ([], [])
    assert members({"members": None}) == (None, [])
    assert members({}) == (None, [])
    assert members({"members": [{"value": "u1"}, {"type": "User"}]}) == (
        None,
        ["$.members[1] list_unreadable"],
    )
    assert members({"members": "u1"}) == (None, ["$.members wrong_type", "$.members[*] list_unreadable"])


@pytest.mark.parametrize("junk", [None, 1, "x", [], [1], True, {}])
def test_a_record_that_is_no_record_is_read_without_an_error(
    scim_users: Mapper, command_users: Mapper, junk: Any
) -> None:
    for mapper in (scim_users, command_users):
        row, _ = _read(mapper, junk)
        assert row["status"] == "unknown"
        assert row["id"] is None


@pytest.mark.parametrize(
    ("record", "field", "value", "notes"),
    [
        ({"id": 5}, "id", None, ["$.id wrong_type"]),
        ({"title": None}, "title", None, []),
        ({}, "title", None, []),
        ({}, "status", "unknown", ["$.active unmapped_value"]),
        ({"active": None}, "status", "unknown", ["$.active unmapped_value"]),
        ({"active": "true"}, "status", "unknown", ["$.active unmapped_value"]),
        ({"active": 1}, "status", "unknown", ["$.active unmapped_value"]),
        ({"active": 1}, "status_detail", "1", ["$.active unmapped_value"]),
        ({"name": "Ada"}, "first_name", None, ["$.name wrong_type"]),
        ({"emails": {}}, "emails", None, ["$.emails wrong_type"]),
        ({"emails": []}, "emails", [], []),
        (
            {"emails": [{"value": 7, "type": 1}]},
            "emails",
            [],
            ["$.emails[0].value wrong_type", "$.emails[0] item_left_out"],
        ),
        (
            {"emails": [{"value": "a"}, {"value": "b", "type": 1}]},
            "emails",
            [
                {"email": "a", "type": None, "is_primary": False},
                {"email": "b", "type": None, "is_primary": False},
            ],
            ["$.emails[1].type wrong_type"],
        ),
        ({"groups": []}, "groups", [], []),
        ({"groups": None}, "groups", None, ["$.groups[*] list_unreadable"]),
        ({"groups": [{"value": "g"}, {"display": "x"}]}, "groups", None, ["$.groups[1] list_unreadable"]),
        (
            {"groups": [{"value": 1}]},
            "groups",
            None,
            ["$.groups[0].value wrong_type", "$.groups[0] list_unreadable"],
        ),
        ({"groups": "g"}, "groups", None, ["$.groups wrong_type", "$.groups[*] list_unreadable"]),
        ({"meta": {"created": 0}}, "created_at", None, ["$.meta.created wrong_type"]),
        ({"meta": {"created": "today"}}, "created_at", None, ["$.meta.created unparsable"]),
    ],
)
def test_what_is_not_as_expected(
    scim_users: Mapper, record: Any, field: str, value: Any, notes: list[str]
) -> None:
    row, found = _read(scim_users, {"groups": [], **record})
    ours = [text for text in _notes(found) if "active" not in text or field.startswith("status")]
    assert row[field] == value
    assert ours == notes


def test_only_a_list_for_access_breaks_the_page(scim_users: Mapper) -> None:
    _, found = _read(scim_users, {"active": True, "groups": [{}], "emails": [{}]})
    assert [(note.code, note.breaks) for note in found] == [
        ("item_left_out", False),
        ("list_unreadable", True),
    ]


def test_notes_never_hold_a_value_that_is_secret(compiled: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, status: {path: $.s, values: {a: active}, secret: true}, custom_fields: {k: {path: $.k, secret: true}}}"
    )
    row, found = _read(mapper, {"id": "1", "s": "hush-hush", "k": "x"})
    assert row["status"] == "unknown"
    assert "hush" not in str(found)
    assert mapper.secret_fields == {"status", "status_detail", "custom_fields.k"}


def test_a_list_inside_a_list_is_noted_where_it_stands(compiled: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, custom_fields: {a: {each: '$.a[*]', item: {b: {each: '$.b[*]', item: {path: $.c, as: string}}}}}}"
    )
    row, found = _read(mapper, {"id": "1", "a": [{"b": []}, {"b": [{"c": 1}, {"c": "x"}]}]})
    assert row["custom_fields"] == {"a": [{"b": []}, {"b": ["1"]}]}
    assert _notes(found) == ["$.a[1].b[1].c wrong_type", "$.a[1].b[1] item_left_out"]
    assert mapper.paths == {"$.id", "$.a[*]", "$.a[*].b[*]", "$.a[*].b[*].c"}


def test_rules_that_differ_for_one_call(compiled: Any) -> None:
    mapper = compiled("""
fields: {id: $.id, status: {path: $.s, values: {a: active}}, title: $.t, custom_fields: {x: $.x}}
on:
  get: {status: {path: $.state, values: {b: inactive}}, title: null, custom_fields: {y: $.y}}
""")
    record = {"id": "1", "s": "a", "state": "b", "t": "T", "x": 1, "y": 2}
    listed, _ = _read(mapper, record)
    got, notes = _read(mapper, record, call="get")
    assert notes == []
    assert (listed["status"], listed["status_detail"], listed["title"], listed["custom_fields"]) == (
        "active",
        "a",
        "T",
        {"x": 1},
    )
    assert (got["status"], got["status_detail"], got["title"], got["custom_fields"]) == (
        "inactive",
        "b",
        None,
        {"x": 1, "y": 2},
    )
    assert list(got) == list(listed)


def test_a_rule_for_the_detail_wins(compiled: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, status: {path: $.a, values: {true: active}}, status_detail: {path: $.a, values: {true: active or invited}}}"
    )
    row, _ = _read(mapper, {"id": "1", "a": True})
    assert row["status_detail"] == "active or invited"


def test_what_was_sent(compiled: Any) -> None:
    mapper = compiled("fields: {id: $.id, first_name: input.first_name, last_name: input.last_name}")
    row, notes = _read(
        mapper, {"id": "1", "first_name": "no"}, call="create", sent={"first_name": "Ada", "last_name": 7}
    )
    assert (row["first_name"], row["last_name"]) == ("Ada", None)
    assert _notes(notes) == ["$.last_name wrong_type"]


def test_records_that_are_kept(compiled: Any) -> None:
    mapper = compiled("where: {$.kind: user}\nfields: {id: $.id}")
    assert [mapper.keep({"kind": kind}) for kind in ("user", "bot", None)] == [True, False, False]


def test_lists_of_plain_values(compiled: Any) -> None:
    one = compiled("fields: {id: $.id, languages: $.langs}")
    many = compiled("fields: {id: $.id, languages: '$.langs[*].code'}")
    assert _read(one, {"langs": ["en", "de"]})[0]["languages"] == ["en", "de"]
    assert _read(one, {"langs": []})[0]["languages"] == []
    assert _read(one, {"langs": "en"})[0]["languages"] is None
    row, notes = _read(one, {"langs": ["en", 5]})
    assert (row["languages"], _notes(notes)) == (
        ["en"],
        ["$.langs[1] wrong_type", "$.langs[1] item_left_out"],
    )
    assert _read(many, {"langs": [{"code": "en"}, {}]})[0]["languages"] == ["en"]


def test_a_list_for_access_from_two_sources(compiled: Any) -> None:
    mapper = compiled("""
fields:
  id: $.id
  roles:
    list: [{each: "$.a[*]", item: {id: $}}, {each: "$.b[*]", item: {id: $}}]
    unique: id
""")

    def read(record: Any) -> tuple[Any, list[str]]:
        row, found = _read(mapper, record)
        return row["roles"], _notes(found)

    assert [role["id"] for role in read({"a": ["1", "2"], "b": ["2", "3"]})[0]] == ["1", "2", "3"]
    assert read({"a": [], "b": []}) == ([], [])
    assert read({}) == (None, ["$.a[*] list_unreadable"])
    assert read({"a": ["1"]}) == (None, ["$.b[*] list_unreadable"])
    assert read({"a": ["1"], "b": [2]}) == (None, ["$.b[0] wrong_type", "$.b[0] list_unreadable"])


BELOW = "$.ms[*].groups[*] list_unreadable"


@pytest.mark.parametrize("more", ["", ", if_missing: empty"])
@pytest.mark.parametrize(
    ("record", "ids", "said"),
    [
        ({"ms": [{"groups": ["a"]}, {"groups": ["b"]}]}, ["a", "b"], []),
        ({"ms": [{"groups": ["a"]}, {"groups": []}]}, ["a"], []),
        ({"ms": [{"groups": []}]}, [], []),
        ({"ms": []}, [], []),
        ({"ms": [{"groups": ["a"]}, {}]}, None, [BELOW]),
        ({"ms": [{}, {"groups": ["a"]}]}, None, [BELOW]),
        ({"ms": [{"groups": ["a"]}, {"groups": None}]}, None, [BELOW]),
        ({"ms": [{"groups": []}, {}]}, None, [BELOW]),
        ({"ms": [{"groups": []}, {"groups": None}]}, None, [BELOW]),
        ({"ms": [{"groups": None}]}, None, [BELOW]),
    ],
)
def test_a_list_below_a_list_is_read_to_its_end_or_not_known(
    compiled: Any, more: str, record: Any, ids: Any, said: list[str]
) -> None:
    mapper = compiled(f"fields: {{id: $.id, groups: {{each: '$.ms[*].groups[*]', item: {{id: $}}{more}}}}}")
    row, found = _read(mapper, record)
    assert (row["groups"] and [group["id"] for group in row["groups"]]) == ids
    assert _notes(found) == said
    assert all(note.breaks for note in found)


@pytest.mark.parametrize(
    ("record", "members", "said"),
    [
        ({}, None, []),
        ({"m": None}, None, ["$.m[*] list_unreadable"]),
        ({"m": []}, [], []),
        ({"m": ["a"]}, ["a"], []),
        ({"m": "a"}, None, ["$.m wrong_type", "$.m[*] list_unreadable"]),
    ],
)
def test_only_an_absent_member_list_may_turn_out_to_mean_none(
    compiled: Any, record: Any, members: Any, said: list[str]
) -> None:
    text = "fields: {id: $.id}\nmembers: {each: '$.m[*]', user: $, matches: id, if_missing: empty_if_seen}"
    notes = Notes()
    assert compiled(text, unified="groups").members(record, notes) == members
    assert _notes(notes.found) == said


def test_casefolded_duplicates(compiled: Any) -> None:
    mapper = compiled("fields: {id: $.id, emails: {list: [{email: $.a}, {email: $.b}], unique: email}}")
    row, _ = _read(mapper, {"a": "Ada@Example.org", "b": "ada@example.ORG"})
    assert [mail["email"] for mail in row["emails"]] == ["Ada@Example.org"]


GROUPS = [{"id": "g1", "name": "Engines"}, {"id": "g2", "name": "Twins"}, {"id": "g3", "name": "Twins"}]


@pytest.mark.parametrize("rows", [GROUPS, Rows(GROUPS)])
def test_lookup(compiled: Any, rows: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, groups: {each: '$.teams[*]', item: {id: {lookup: groups, where: name, is: $, take: id}, name: $}}}"
    )
    assert set(mapper.lookups) == {"groups"}

    def read(teams: list[str], lookups: Any) -> tuple[Any, list[str]]:
        notes = Notes(lookups=lookups)
        return mapper.read({"teams": teams}, notes)["groups"], _notes(notes.found)

    assert read(["Engines"], {"groups": rows}) == (
        [{"id": "g1", "name": "Engines", "organization": None}],
        [],
    )
    assert read(["Twins"], {"groups": rows}) == (
        None,
        ["$.teams[0] lookup_failed", "$.teams[0] list_unreadable"],
    )
    assert read(["Nobody"], {"groups": rows})[0] is None
    assert read(["Engines"], {})[0] is None
    assert read([], {}) == ([], [])


def test_cases(compiled: Any) -> None:
    mapper = compiled("""
fields:
  id: $.id
  status:
    cases:
      - {when: {$.deleted: true}, then: deleted}
      - {when: {$.active: true, $.pending: {not: true}}, then: active}
""")
    for record, status in [
        ({"deleted": True, "active": True}, "deleted"),
        ({"active": True}, "active"),
        ({"active": 1}, "unknown"),
    ]:
        assert _read(mapper, record)[0]["status"] == status
    assert _notes(_read(mapper, {})[1]) == ["$.deleted unmapped_value"]


def test_a_constant_list_is_never_shared(compiled: Any) -> None:
    mapper = compiled("fields: {id: $.id, languages: {constant: [en]}}")
    first, _ = _read(mapper, {})
    first["languages"].append("de")
    assert _read(mapper, {})[0]["languages"] == ["en"]


@pytest.mark.parametrize(
    ("text", "loc", "part", "allowed"),
    [
        ("fields: {id: $.id, nam: $.x}", ("fields", "nam"), "unknown unified field", "name"),
        ("fields: {id: $.id, remote_data: $}", ("fields", "remote_data"), "unknown unified field", None),
        ("fields: {name: $.x}", ("fields",), "`id` needs a rule", None),
        (
            "fields: {id: $.id, name: displayName}",
            ("fields", "name"),
            "write `$.displayName` or `{constant: displayName}`",
            None,
        ),
        (
            "fields: {id: $.id, status: enabled}",
            ("fields", "status"),
            "not in the field's vocabulary",
            "active",
        ),
        (
            "fields: {id: $.id, status: {constant: 7}}",
            ("fields", "status"),
            "not in the field's vocabulary",
            "active",
        ),
        ("fields: {id: $.id, is_2fa_enabled: 'yes'}", ("fields", "is_2fa_enabled"), "bare text", None),
        ("fields: {id: $.id, title: 7}", ("fields", "title"), "expected a string, got number", None),
        (
            "fields: {id: $.id, created_at: {constant: today}}",
            ("fields", "created_at"),
            "expected a date-time",
            None,
        ),
        (
            "fields: {id: $.id, status: {path: $.s, values: {A: enabled}}}",
            ("fields", "status", "values", "A"),
            "not in the field's vocabulary",
            "active",
        ),
        (
            "fields: {id: $.id, status: {path: $.s, values: {A: active}, write: {active: B}}}",
            ("fields", "status", "write", "active"),
            "names a row of `values`",
            None,
        ),
        (
            "fields: {id: $.id, status: {path: $.s, if_missing: on}}",
            ("fields", "status", "if_missing"),
            "vocabulary",
            "active",
        ),
        (
            "fields: {id: $.id, title: {path: $.s, date: epoch_s}}",
            ("fields", "title", "date"),
            "gives a date-time",
            None,
        ),
        (
            "fields: {id: $.id, created_at: {path: $.s, as: string}}",
            ("fields", "created_at", "as"),
            "gives a string",
            None,
        ),
        (
            "fields: {id: $.id, title: {each: '$.t[*]', item: $}}",
            ("fields", "title"),
            "`each` gives a list",
            None,
        ),
        ("fields: {id: $.id, title: {list: [$.t]}}", ("fields", "title"), "`list` gives a list", None),
        ("fields: {id: $.id, title: {a: $.t}}", ("fields", "title"), "an object stands here", None),
        ("fields: {id: $.id, emails: '$.mails[*]'}", ("fields", "emails"), "use `each` or `list`", None),
        (
            "fields: {id: $.id, emails: {each: $.m, item: {email: $, mail: $}}}",
            ("fields", "emails", "item", "mail"),
            "unknown field",
            "email",
        ),
        (
            "fields: {id: $.id, emails: {each: $.m, item: {type: work}}}",
            ("fields", "emails", "item"),
            "`email` is required",
            None,
        ),
        (
            "fields: {id: $.id, emails: {list: [{email: a}]}}",
            ("fields", "emails", "list", 0, "email"),
            "bare text",
            None,
        ),
        (
            "fields: {id: $.id, emails: {list: [{email: $.a}], unique: mail}}",
            ("fields", "emails", "unique"),
            "unknown field",
            "email",
        ),
        (
            "fields: {id: $.id, name: {join: [$.a, b], with: ' '}}",
            ("fields", "name", "join", 1),
            "bare text",
            None,
        ),
        (
            "fields: {id: $.id, name: {first_of: [$.a, input.b]}}",
            ("fields", "name", "first_of", 1),
            "only as the whole rule",
            None,
        ),
        (
            "fields: {id: $.id, name: {lookup: teams, where: id, is: $.x, take: name}}",
            ("fields", "name", "lookup"),
            "unknown unified",
            "groups",
        ),
        (
            "fields: {id: $.id, name: {lookup: groups, where: ids, is: $.x, take: name}}",
            ("fields", "name", "where"),
            "no plain field",
            "id",
        ),
        (
            "fields: {id: $.id, name: {lookup: groups, where: id, is: $.x, take: member_count}}",
            ("fields", "name", "take"),
            "is a integer",
            None,
        ),
        ("fields: {id: $.id}\non: {get: {nam: $.x}}", ("on", "get", "nam"), "unknown unified field", "name"),
        (
            "fields: {id: $.id}\nmembers: {each: '$.m[*]', user: $}",
            ("members",),
            "only a mapping to groups",
            None,
        ),
        (
            "fields: {id: $.id}\nfilters: {nam: {evaluate: here}}",
            ("filters", "nam"),
            "no field that can be filtered by",
            "name",
        ),
        (
            "fields: {id: $.id}\nfilters: {emails: {evaluate: here}}",
            ("filters", "emails"),
            "no field that can be filtered by",
            "emails.email",
        ),
        ("fields: {id: $.id}\nfilters: {name: {evaluate: here}}", ("filters", "name"), "has no rule", None),
        (
            "fields: {id: $.id, status: {path: $.s, values: {A: active}}}\nfilters: {status: {evaluate: here, operators: [gt]}}",
            ("filters", "status", "operators", 0),
            "says nothing of",
            None,
        ),
        (
            "fields: {id: $.id, status: {path: $.s, values: {A: active}}}\nfilters: {status: {evaluate: here, values: {A: active}}}",
            ("filters", "status", "values", "A"),
            "not a value of the field",
            "active",
        ),
        (
            "fields: {id: $.id, name: $.n}\nfilters: {name: {evaluate: vendor, query: {q: '{vale:double}'}}}",
            ("filters", "name", "query"),
            "nothing fills the hole {vale}",
            "value",
        ),
        (
            "fields: {id: $.id, name: $.n}\nfilters: {name: {evaluate: vendor, query: {q: 'n eq {value:text}'}}}",
            ("filters", "name", "query"),
            "a value could break out",
            "double",
        ),
        (
            "fields: {id: $.id, name: $.n}\nsorts: {name: {query: {by: '{value}'}}}",
            ("sorts", "name", "query"),
            "nothing fills the hole {value}",
            "direction",
        ),
        (
            "fields: {id: $.id, name: {first_of: [$.a, $.b]}}\nfilters: {name: {evaluate: vendor, query: {q: '{value}'}}}",
            ("filters", "name", "evaluate"),
            "can't be turned round",
            None,
        ),
        (
            "fields: {id: $.id}\nsorts: {emails: {query: {s: a}}}",
            ("sorts", "emails"),
            "no field that can be sorted by",
            "name",
        ),
        ("fields: {id: $.id}\nwritten: {'$.a[0]': 1}", ("written", "$.a[0]"), "only plain steps", None),
    ],
)
def test_complaints(complained: Any, text: str, loc: tuple[Any, ...], part: str, allowed: str | None) -> None:
    (complaint,) = complained(text)
    assert isinstance(complaint, Complaint)
    assert complaint.loc == loc
    assert part in complaint.message
    assert allowed is None or allowed in complaint.allowed


def test_complaints_of_the_whole_file_come_together(complained: Any) -> None:
    text = "fields: {id: ident, nam: $.x, status: on}\nsorts: {x: {query: {s: a}}}"
    assert [complaint.loc for complaint in complained(text)] == [
        ("fields", "id"),
        ("fields", "nam"),
        ("fields", "status"),
        ("sorts", "x"),
    ]


def test_membership_has_one_source(compiled: Any, complained: Any) -> None:
    text = "fields: {id: $.id, groups: {each: '$.g[*]', item: {id: $}}}"
    compiled(text, membership="on_user")
    compiled(text)
    (complaint,) = complained(text, membership="on_group")
    assert complaint.loc == ("fields", "groups")


MEMBERS = "members: {call: users, user: $.id}"
MEMBERSHIPS = "memberships: {call: groups, group: {id: $.id}}"


@pytest.mark.parametrize(
    ("unified", "text", "membership", "loc", "part"),
    [
        ("groups", MEMBERS, None, ("members", "call"), "an endpoint per group is `membership: per_group`"),
        ("groups", MEMBERS, "on_group", ("members", "call"), "says `membership: on_group`, and an endpoint"),
        ("groups", "", "per_group", ("members",), "`members` needs the `call` that lists who is in a group"),
        ("groups", "members: {each: '$.m[*]', user: $}", "per_group", ("members",), "`members` needs the `call`"),
        ("users", MEMBERSHIPS, None, ("memberships",), "an endpoint per user is `membership: per_user`"),
        ("users", MEMBERSHIPS, "per_group", ("memberships",), "says `membership: per_group`, and an endpoint"),
        ("users", "", "per_user", ("memberships",), "`memberships` is needed, with the `call`"),
        ("groups", MEMBERSHIPS, "per_user", ("memberships",), "only a mapping to users has memberships"),
        ("users", MEMBERS, "on_user", ("members",), "only a mapping to groups has members"),
    ],
)  # fmt: skip
def test_an_endpoint_per_record_is_what_the_api_says(
    complained: Any, unified: str, text: str, membership: str | None, loc: tuple[str, ...], part: str
) -> None:
    (complaint,) = complained(f"fields: {{id: $.id}}\n{text}", unified=unified, membership=membership)
    assert complaint.loc == loc
    assert part in complaint.message


@pytest.mark.parametrize(("unified", "text"), [("groups", MEMBERS), ("users", MEMBERSHIPS)])
def test_an_endpoint_per_record_is_no_part_of_the_record(compiled: Any, unified: str, text: str) -> None:
    side = "per_group" if unified == "groups" else "per_user"
    mapper = compiled(f"fields: {{id: $.id}}\n{text}", unified=unified, membership=side)
    assert mapper.paths == {"$.id"}


def test_a_mapper_without_some_fields_does_not_know_them(compiled: Any) -> None:
    mapper = compiled(
        "fields: {id: $.id, status: {path: $.more.s, values: {a: active}}, title: {path: $.more.t, if_missing: x}, "
        "roles: {each: '$.more.r[*]', item: {id: $}, if_missing: empty}}\nwhere: {$.kind: person}"
    )
    assert mapper.reads["status"] == mapper.reads["status_detail"] == {"$.more.s"}
    assert (mapper.reads["where"], mapper.reads["roles"]) == ({"$.kind"}, {"$.more.r[*]"})
    row, notes = _read(
        mapper.without({"status", "status_detail", "title", "roles"}), {"id": "1", "more": {"s": "a"}}
    )
    assert notes == []
    assert (row["status"], row["status_detail"], row["title"], row["roles"]) == ("unknown", None, None, None)
    row, _ = _read(mapper, {"id": "1"})
    assert (row["title"], row["roles"]) == ("x", []), "itself it is as it was"


def test_an_unknown_unified_resource(complained: Any) -> None:
    (complaint,) = complained("source: a.b\nunified: user\nfields: {}")
    assert (complaint.loc, complaint.found) == (("unified",), "user")
    assert "users" in complaint.allowed


def test_labels_take_bare_words(compiled: Any) -> None:
    mapper = compiled("fields: {id: $.id, user_type: service, emails: {list: [{email: $.m, type: work}]}}")
    row, _ = _read(mapper, {"m": "a@b"})
    assert (row["user_type"], row["emails"][0]["type"]) == ("service", "work")


def test_too_many_rules(complained: Any) -> None:
    rules = ", ".join(f"f{i}: $.f{i}" for i in range(190))
    parts = ", ".join(f"p{i}: {{{rules}}}" for i in range(6))
    assert any(
        "at most 1,000 rules" in one.message
        for one in complained(f"fields: {{id: $.id, custom_fields: {{{parts}}}}}")
    )
