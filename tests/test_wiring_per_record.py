"""What a record is asked for besides, and calls that are paged: every misuse is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.catalog import Catalog
from connector.errors import ConfigurationInvalid

CONNECTOR = """\
connector: made
label: Made
unified: {users: [main.people], groups: [main.teams]}
apis:
  main:
    base_url: https://h
    auth: {style: none}
    check: none
    membership: SIDE
    exchanges:
      line: {style: single, takes: [line], submit: {post: /run, effect: read, json: {line: "{line}"}}}
    resources:
      people:
        key: $.id
        list: {get: /people, records: "$.items[*]", paging: {style: none}}
        get: {get: "/people/{id}"}
        calls:
          more: {get: "/people/{id}/more"}
          groups: {get: "/people/{id}/groups", records: "$.items[*]", paging: {style: none}}
        details: {call: more, into: more}
      teams:
        key: $.id
        list: {get: /teams, records: "$.items[*]", paging: {style: none}}
        calls:
          users: {get: "/teams/{id}/users", query: {at: "{page.start}"}, records: "$.items[*]", paging: {style: offset, first: 0, size: 9, ends: empty_page}}
"""
PEOPLE = """\
source: main.people
unified: users
fields: {id: $.id, title: $.more.title}
"""
TEAMS = """\
source: main.teams
unified: groups
fields: {id: $.id}
"""
SIDES = {
    "per_group": (PEOPLE, TEAMS + "members: {call: users, user: $.uid}\n"),
    "per_user": (PEOPLE + "memberships: {call: groups, group: {id: $.gid, name: $.title}}\n", TEAMS),
}


def faults(folder: Path, side: str, *changes: tuple[str, str]) -> list[str]:
    """What is wrong once these texts are replaced, wherever they stand."""
    people, teams = SIDES[side]
    files = {"connector": CONNECTOR.replace("SIDE", side), "main.people": people, "main.teams": teams}
    home = folder / "made"
    home.mkdir()
    for old, new in changes:
        assert any(old in text for text in files.values()), old
        files = {name: text.replace(old, new) for name, text in files.items()}
    for name, text in files.items():
        (home / f"{name}.yaml").write_text(text)
    try:
        Catalog([folder]).load("made")
    except ConfigurationInvalid as error:
        return [str(fault).removeprefix(f"{home}/") for fault in error.faults]
    return []


@pytest.mark.parametrize("side", list(SIDES))
def test_the_examples_have_no_fault(tmp_path: Path, side: str) -> None:
    assert faults(tmp_path, side) == []


def test_what_stands_under_a_detail_is_in_no_column(tmp_path: Path) -> None:
    columns = f"columns: {{name: $.name}}\n        always: [$.id]\n        {DETAILS}"
    named = ("fields: {id: $.id, title", "fields: {id: $.id, name: $.name, title")
    assert faults(tmp_path, "per_user", (DETAILS, columns), named) == []


MORE = 'more: {get: "/people/{id}/more"}'
DETAILS = "details: {call: more, into: more}"
GET = 'get: {get: "/people/{id}"}'
GROUPS = 'groups: {get: "/people/{id}/groups", records: "$.items[*]", paging: {style: none}}'
USERS = CONNECTOR[CONNECTOR.index("users: {get:") :].rstrip()
OFFSET = "paging: {style: offset, first: 0, size: 9, ends: empty_page}"
PEOPLE_AT = "apis.main.resources.people"
AS_GET = (DETAILS, "details: {call: get}")
OF_GROUP = "group: {id: $.gid, name: $.title}"

TABLE: list[tuple[str, list[tuple[str, str]], str]] = [
    # Details
    ("per_user", [(DETAILS, "details: {call: mroe, into: more}")], f"connector.yaml:20:25: {PEOPLE_AT}.details.call: no such call of the resource; it has: more, get"),
    ("per_user", [(DETAILS, "details: {call: list}")], "details.call: no such call of the resource; it has: more, get"),
    ("per_user", [(DETAILS, "details: {call: groups, into: more}")], f"{PEOPLE_AT}.details.call: the call `groups` answers a listing (`records`), and a detail is one record"),
    ("per_user", [(DETAILS, "details: {into: more}")], "details: `call` is missing"),
    ("per_user", [(DETAILS, "details: {call: more, into: more, if_missing: keep}")], "unknown key 'if_missing'"),
    ("per_user", [(DETAILS, "details: {call: more, into: more, if_not_found: skip}")], "got string 'skip'\n    allowed: fail, keep"),
    ("per_user", [(DETAILS, "details: {call: more, into: $.more}")], "'$.more' does not match"),
    ("per_user", [(DETAILS, "details: {call: more, if_not_found: keep}")], "`if_not_found: keep` needs `into`: what would be missing is not known otherwise"),
    ("per_user", [(DETAILS, "details: {call: get, into: more}")], "what `get` answers is the record itself: `call: get` has no `into`"),
    ("per_user", [AS_GET, (f"        {GET}\n", "")], "details.call: no such call of the resource; it has: more"),
    ("per_user", [AS_GET, (GET, "get: {from: list}")], f"connector.yaml:20:25: {PEOPLE_AT}.details.call: this `get` reads a listing, whose records would need their details: it would go in a circle"),
    ("per_user", [AS_GET, (GET, "get: {call: find, exactly: key}"), (MORE, 'find: {get: /find, query: {q: "{value}"}, records: "$.items[*]"}')], "it would go in a circle"),
    ("per_user", [(MORE, "more: {get: /more}")], f"{PEOPLE_AT}.details.call: the call `more` sends no {{id}}: every record would have the same answer"),
    ("per_user", [(MORE, 'more: {get: "/people/{id}/more", effect: write}')], "details.call: the call `more` writes, and what every record is asked for only reads"),
    ("per_user", [(DETAILS, "details: {call: more, id: $.more.id, into: more}")], f"connector.yaml:20:35: {PEOPLE_AT}.details.id: $.more.id is what the record has before its detail is there"),
    ("per_user", [(DETAILS, "details: {call: more, id: id, into: more}")], "a path starts with $"),
    ("per_user", [("key: $.id\n        list: {get: /people", "key: $.more.id\n        list: {get: /people"), ("{id: $.id, title", "{id: $.more.id, title")], f"{PEOPLE_AT}.details.into: $.more.id is what the record has before"),
    ("per_group", [("key: $.id\n        list: {get: /people", "list: {get: /people"), (f"        {GET}\n", "")], f"{PEOPLE_AT}.details: nothing stands for {{id}}: say `id`, or give the resource a `key`"),
    ("per_user", [(DETAILS, "details: {call: more, into: more, if_not_found: keep}"), ("fields: {id: $.id, title", "where: {$.more.kind: person}\nfields: {id: $.id, title")], "main.people.yaml:3:8: where: it reads the detail of a record, which may be kept without one"),
    ("per_user", [('list: {get: /people, records: "$.items[*]", paging: {style: none}}', 'list: {get: /people, records: "$.items[*]", paging: {style: snapshot}}'), (OF_GROUP, OF_GROUP + "}\nsorts: {title: {evaluate: here}")], "main.people.yaml:5:16: sorts.title: records that need their `details` can't be sorted here"),
    # An endpoint per group
    ("per_group", [("{call: users,", "{call: usres,")], "main.teams.yaml:4:17: members.call: no such call of the resource\n    did you mean: users\n    allowed: users"),
    ("per_group", [("members: {call: users, user: $.uid}\n", "")], "main.teams.yaml:1:1: the api says `membership: per_group`: `members` needs the `call`"),
    ("per_group", [("call: users,", "each: '$.m[*]',")], "main.teams.yaml:4:10: members: the api says `membership: per_group`: `members` needs the `call`"),
    ("per_group", [("call: users,", "each: '$.m[*]', call: users,")], "say where members stand: either `each` (in the group's record) or `call`"),
    ("per_group", [("membership: per_group", "membership: on_group")], "main.teams.yaml:4:17: members.call: the api says `membership: on_group`, and an endpoint per group is `membership: per_group`"),
    ("per_group", [("user: $.uid", "user: $.uid, if_missing: empty")], "of a `call` its `records` say what an absent list means"),
    ("per_group", [(', records: "$.items[*]", ' + OFFSET, "")], "members.call: the call `users` needs `records` to be read as a listing"),
    ("per_group", [(", " + OFFSET, "")], "members.call: the call `users` needs `paging` to be read to its end; where one answer is all, say `paging: {style: none}`"),
    ("per_group", [("/teams/{id}/users", "/users")], "members.call: the call `users` sends no {id}"),
    ("per_group", [('get: "/teams/{id}/users"', 'post: "/teams/{id}/users", effect: write')], "members.call: the call `users` writes"),
    ("per_group", [("key: $.id\n        list: {get: /teams", "list: {get: /teams")], "members.call: main.teams needs a `key`: what stands for {id} in the call `users`"),
    ("per_group", [("user: $.uid", "user: uid")], "main.teams.yaml:4:30: members.user"),
    ("per_group", [("user: $.uid", "user: {each: '$.a[*]', item: $}")], "main.teams.yaml:4:30: members.user"),
    ("per_group", [("user: $.uid", "user: input.uid")], "main.teams.yaml:4:30: members.user: nothing was sent that `input` could be read of"),
    ("per_group", [("user: $.uid", "user: {lookup: users, where: username, is: $.name, take: id}")], "members.user: what an endpoint per record lists can't be looked up elsewhere"),
    ("per_group", [("title: $.more.title", "title: $.more.title, groups: {each: '$.g[*]', item: {id: $}}")], "main.people.yaml:3:41: fields.groups: the api says `membership: per_group`, so users[].groups comes from there"),
    # An endpoint per user
    ("per_user", [("memberships: {call: groups,", "memberships: {call: group,")], "main.people.yaml:4:21: memberships.call: no such call of the resource\n    did you mean: groups"),
    ("per_user", [("memberships: {call: groups, " + OF_GROUP + "}\n", "")], "main.people.yaml:1:1: the api says `membership: per_user`: `memberships` is needed"),
    ("per_user", [("membership: per_user", "membership: on_user")], "main.people.yaml:4:1: memberships: the api says `membership: on_user`, and an endpoint per user is"),
    ("per_user", [(OF_GROUP, "group: {name: $.title}")], "main.people.yaml:4:36: memberships.group: `id` needs a rule"),
    ("per_user", [(OF_GROUP, "group: {id: $.gid, title: $.title}")], "main.people.yaml:4:48: memberships.group.title: unknown unified field\n    allowed: id, name, organization"),
    ("per_user", [(OF_GROUP, "group: {id: gid}")], "main.people.yaml:4:41: memberships.group.id"),
    ("per_user", [(OF_GROUP, "group: $.gid")], "main.people.yaml:4:36: memberships.group"),
    ("per_user", [(OF_GROUP, OF_GROUP + ", where: {gid: x}")], "memberships.where"),
    ("per_user", [('records: "$.items[*]", paging: {style: none}}\n        details', "paging: {style: none}}\n        details")], "memberships.call: the call `groups` needs `records`"),
    ("per_user", [("/people/{id}/groups", "/groups/{columns}"), (DETAILS, "columns: {name: $.name}\n        always: [$.id]\n        " + DETAILS)], "memberships.call: {columns} are of the records of main.people, not of what `groups` lists"),
    # Calls that are paged
    ("per_group", [("{page.start}", "{page.number}")], "apis.main.resources.teams.calls.users: nothing fills the hole {page.number}"),
    ("per_group", [(', query: {at: "{page.start}"}', "")], "connector.yaml:25:76: apis.main.resources.teams.calls.users.paging: nothing sends {page.start}: without it every page would be the first"),
    ("per_group", [("ends: empty_page", "ends: empty_page, when_empty: check")], "calls.users.paging.when_empty: this api has no `check`"),
    ("per_group", [(f'query: {{at: "{{page.start}}"}}, records: "$.items[*]", {OFFSET}', 'records: "$.items[*]", paging: {style: snapshot}')], "calls.users.paging: only `list` is captured"),
    ("per_group", [(OFFSET, OFFSET + ", passes: [{}, {query: {a: b}}]")], "calls.users.passes: only `list` has `passes`"),
    ("per_user", [(MORE, 'more: {get: "/people/{id}/more", paging: {style: none}}')], "calls.more.paging: only what is read as a listing (`records`) has `paging`"),
    ("per_user", [(GROUPS, 'groups: {exchange: line, effect: read, give: {line: "{id:double}"}, records: "$.items[*]", paging: {style: next_url, next: $.next}}')], "calls.groups.paging: `style: next_url` asks at the URLs that the vendor names; an exchange asks at its own"),
    ("per_user", [(GET, "get: {call: groups, exactly: key}")], f"{PEOPLE_AT}.get.call: the call `groups` is paged; one answer is all that `get` reads of a search"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("side", "changes", "expected"), TABLE, ids=[f"{n}-{row[2][-50:]}" for n, row in enumerate(TABLE)]
)
def test_told(tmp_path: Path, side: str, changes: list[tuple[str, str]], expected: str) -> None:
    found = faults(tmp_path, side, *changes)
    assert any(expected in fault for fault in found), found
    assert len(found) <= 3, found
