"""What a connector can't say of its writes: told with its place when it is loaded, never when it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.catalog import Catalog
from connector.errors import ConfigurationInvalid
from tests.write.vendor import CONNECTOR, write_connector


def faults(folder: Path, old: str = "", new: str = "", *, file: str = "connector.yaml") -> str:
    """What loading says once this is changed."""
    write_connector(folder)
    path = folder / "made" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        Catalog([folder]).load("made")
    except ConfigurationInvalid as error:
        return str(error)
    return ""


CREATE = "takes: [username, first_name, last_name, title, status, emails]\n          needs: [username]"
CHANGED = 'json: "{changes:dotted}"'
PATCH = 'patch: "/people/{id}"\n          effect: write'
SUSPEND = 'inactive: {post: "/people/{id}/suspend", effect: write, verify: true}'
DELETE = 'delete: "/people/{id}"\n          effect: write'
ADD = 'add: {post: "/teams/{group}/members", effect: write, json: {mail: "{user.username}"}, verify: true}'
WORDS = '{words: ["change {id:shell}", "--first {input.first_name:shell}", "--title {input.title:shell}"]}'

TABLE: list[tuple[str, str, str]] = [
    (PATCH, 'patch: "/people/{id}"\n          effect: read', "what changes something says `effect: write`"),
    (DELETE, 'delete: "/people/{id}"', "`delete` needs `effect: read` or `effect: write`"),
    (CREATE, "takes: [username]\n          needs: [title]", "not among `takes`: title"),
    (CREATE, "takes: [username, note]\n          needs: [username]", "both in `input` and in `takes`: note"),
    (CREATE, "takes: [username, name]", ""),
    (CREATE, "takes: [username, bio]", "`create` takes bio, which has no rule"),
    (CREATE, "takes: [username, id]", ""),
    (CHANGED, 'json: {first: "{input.first_name}"}', "nothing sends {input.last_name}, {record} or {changes}"),
    (CHANGED, 'json: {first: "x {changes:dotted}"}', "`:dotted` stands only in a hole that is the whole value"),
    (CHANGED, 'json: {first: "{changes}", x: "{changs}"}', "nothing fills the hole {changs}"),
    (CHANGED, 'json: {first: "{changes:doted}"}', "unknown quoting 'doted'"),
    (PATCH, "patch: /people\n          effect: write", "update: nothing sends {id}: without it every one would be the same"),
    (PATCH, 'patch: "/people/{secrets.token}/{id}"\n          effect: write', "can't stand where it is shown or logged"),
    (SUSPEND, 'gone: {post: "/people/{id}/suspend", effect: write}', "`transitions.status.gone`: status can't be gone; its values: active"),
    (SUSPEND, "inactive: {post: /suspend, effect: write}", "transitions.status.inactive: nothing sends {id}"),
    ("          status:\n            inactive", "          titel:\n            inactive", "`transitions.titel.inactive` changes titel, which has no rule"),
    ("          status:\n            inactive", "          title:\n            inactive", "title is changed by `update` and by `transitions.title"),
    ("leaves: {status: inactive}", "leaves: {bio: x}", "`delete` leaves bio, which has no rule"),
    ("verify: true\n          leaves: {status: inactive}", "leaves: {status: inactive}", "`leaves` stands beside `verify: true`"),
    (ADD, 'add: {post: "/teams/{group}/members", effect: write}', "members.add: nothing sends {user}"),
    (ADD, 'add: {post: /members, effect: write, json: {id: "{user}"}}', "members.add: nothing sends {group}"),
    (ADD, 'add: {post: "/teams/{group}/members", effect: write, json: {id: "{user.mail}"}}', "nothing fills the hole {user.mail}"),
    (ADD, 'add: {post: "/teams/{group}/members", effect: write, json: {id: "{user}"}, otherwise: queued}', "`otherwise` stands beside `verify: true`"),
    ("membership: on_group", "scope: x", "members.add: this api doesn't say who is in a group"),
    ('get: {get: "/people/{id}"}', "calls: {}", "create.verify: there is no `get` to look with"),
    (WORDS, "{words: []}", "`words` is a list of texts"),
    (WORDS, '{words: "change {id:shell}"}', "`words` is a list of texts"),
    (WORDS, '{words: ["change {id:shell}", "{input.first_name}"]}', "a hole in `words` must name its quoting"),
    (WORDS, '{words: ["change {id:shell}", "--first {input.first_name:shell}"]}', "nothing sends {input.title}"),
    ("found_by: username", "found_by: title", "`create` is found by title, which is no filter"),
    ("found_by: username", "found_by: place", "not among `takes`: place"),
    ("is: unchanged", "is: changed", "done"),
]  # fmt: skip


def test_the_made_up_connector_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path) == ""


@pytest.mark.parametrize(("old", "new", "words"), TABLE, ids=[row[2][:60] or row[1] for row in TABLE])
def test_a_fault_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    found = faults(tmp_path, old, new)
    assert words in found
    assert found or not words
    assert "connector.yaml:" in found or ".people.yaml:" in found or not words


@pytest.mark.parametrize(
    "rule",
    [
        "{path: $.name.first, one_way: true}",
        "{path: $.name.first, case: lower}",
        "{join: [$.a, $.b], with: ' '}",
        "{constant: x}",
        '"{$.a} {$.b}"',
        '{path: "$.names[0]"}',
    ],
)
def test_a_field_whose_rule_can_t_be_turned_round_is_not_taken(tmp_path: Path, rule: str) -> None:
    found = faults(tmp_path, "first_name: $.name.first", f"first_name: {rule}", file="rest.people.yaml")
    for call in ("create", "update"):
        assert f"`{call}` takes first_name, which has a rule that can't be turned round" in found


def test_no_pattern_of_a_proxy_lets_pass_what_writes(tmp_path: Path) -> None:
    for pattern in (
        "POST /people",
        '"PATCH /**"',
        '"DELETE /people/*"',
        '"POST /people/*/suspend"',
        '"PUT /teams/*"',
    ):
        found = faults(
            tmp_path / pattern.replace("/", "_"),
            "    membership: on_group",
            f"    proxy: {{allow: [{pattern}]}}\n    membership: on_group",
        )
        assert "this pattern lets pass" in found, pattern


def test_every_word_is_used_by_the_made_up_connector() -> None:
    words = (
        "takes:",
        "needs:",
        "input:",
        "transitions:",
        "members:",
        "leaves:",
        "says:",
        "warns:",
        "otherwise:",
        "outcomes:",
        "found_by:",
        "words:",
        ":dotted",
        "{changes",
        "{record}",
    )
    assert not [word for word in words if word not in CONNECTOR]
