"""A connector's YAML is a closed form: what it can't say is refused with its place and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from connector.definition import Connector
from connector.faults import place, validate
from connector.model import UNIFIED
from connector.wiring import complaints
from connector.yamlfile import load

TEXT = """\
connector: made
label: Made
settings:
  region: {label: Region, choices: {US: us.example.com, EU: eu.example.com}, default: US}
unified:
  users: [main.people]
errors:
  - {when: {status: 418}, is: conflict}
apis:
  main:
    settings:
      node: {label: Node}
      domains: {label: Domains, type: list, required: false}
    secrets:
      token: {label: Token}
    base_url: "https://{settings.region}/{settings.node}"
    auth: {style: bearer, token: "{secrets.token}"}
    check: {get: /check}
    membership: on_user
    exchanges:
      line: {style: single, takes: [line], submit: {post: /run, effect: read, json: {line: "{line}"}}}
    resources:
      people:
        key: $.id
        list:
          get: /people
          query: {start: "{page.start}"}
          records: "$.items[*]"
          paging: {style: offset, first: 0, size: 10, ends: empty_page}
        get: {get: "/people/{id}"}
        calls:
          search: {get: /search, query: {q: "{value}"}}
        create:
          post: /people
          effect: write
          input:
            mail: {label: Address, type: email, within: settings.domains}
            note: {label: Note, required: false}
            ref: {label: Reference, made_from: mail}
          json: {to: "{input.mail}", ref: "{input.ref}", proof: {sha256: "{input.mail}{secrets.token}"}}
"""


def told(text: str) -> list[str]:
    document = load(text, "c.yaml")
    found, faults, _ = validate(Connector, document)
    if found is not None:
        faults = place(document, complaints(found, UNIFIED))
    return [str(fault) for fault in faults]


def test_the_example_has_no_fault() -> None:
    assert told(TEXT) == []


LIST = '          get: /people\n          query: {start: "{page.start}"}'
GET = '        get: {get: "/people/{id}"}'
LIST_BY = '          exchange: line\n          effect: read\n          give: {line: "people"}'
PASSES = f"{LIST}\n          passes: "
PAGING = "paging: {style: offset, first: 0, size: 10, ends: empty_page}"
CREATE = "apis.main.resources.people.create"
SHOWN = "{secrets.token} can't stand where it is shown or logged"

# (what is replaced, by what, what is told)
TABLE: list[tuple[str, str, str]] = [
    ("label: Made", "lable: Made", "c.yaml:2:1: lable: unknown key 'lable'\n    did you mean: label"),
    ("label: Made", "label: 7", "c.yaml:2:8: label: expected text, got integer 7"),
    ("connector: made", "connector: Made!", "'Made!' does not match"),
    ("users: [main", "usres: [main", "unknown unified resource\n    did you mean: users"),
    ("[main.people]", "[main.poeple]", "no such source (api.resource)\n    did you mean: main.people"),
    ("[main.people]", "main.people", "expected a list"),
    ("{label: Node}", "{label: Node, type: nummer}", "expected one of the words below, got string 'nummer'"),
    ("{label: Node}", "{label: Node, pattern: '('}", "not a regular expression"),
    ("{label: Node}", "{label: Node, required: yes}", "expected true or false, got string 'yes'"),
    ("{label: Node}", "{}", "`label` is missing"),
    ("node: {label", "Node: {label", "'Node' does not match"),
    ("default: US", "default: FR", "the default is not one of the choices\n    allowed: US, EU"),
    ("style: bearer", "style: beare", "unknown style 'beare'\n    did you mean: bearer"),
    ("{style: bearer, ", "{", "`style` is missing"),
    ("style: bearer, token", "style: basic, user: '{settings.node}', pasword", "did you mean: password\n    allowed: style, user, password"),
    ("style: bearer, token", "style: hmac, digest: sha256, encoding: hex, headers: {X: '{signature}'}, over: ['{methd}'], key",
        "nothing fills the hole {methd} in over\n    allowed: method, host, path, query, target, body"),
    ('token: "{secrets.token}"', 'token: "{secrets.tokn}"', "nothing fills the hole {secrets.tokn}\n    did you mean: secrets.token"),
    ("{settings.node}", "{settings.nod}", "c.yaml:16:15: apis.main.base_url: nothing fills the hole {settings.nod}"),
    ("{settings.node}", "{secrets.token}",
        "c.yaml:16:15: apis.main.base_url: {secrets.token} can't stand where it is shown or logged: in a URL's path or a scope"),
    ("membership: on_user", 'membership: on_user\n    scope: "node {secrets.token:text}"', f"apis.main.scope: {SHOWN}"),
    ("check: {get: /check}", 'check: {get: "/check/{secrets.token}"}', f"apis.main.check: {SHOWN}"),
    ("post: /run", 'post: "/run/{secrets.token}"', f"apis.main.exchanges.line.submit: {SHOWN}"),
    ("get: /people\n", 'get: "/people/{secrets.token}"\n', f"apis.main.resources.people.list: {SHOWN}"),
    ('get: "/people/{id}"', 'get: "/people/{id}/{secrets.token}"', f"apis.main.resources.people.get: {SHOWN}"),
    ("get: /search", 'get: "/search?k={secrets.token}"', f"apis.main.resources.people.calls.search: {SHOWN}"),
    ("get: /people\n", "get: people\n", "a path begins with one slash: it stands below the api's base URL"),
    ("get: /people\n", "get: //evil.example.com/people\n", "a path begins with one slash"),
    ("get: /people\n", "get: https://evil.example.com/people\n", "a path begins with one slash"),
    ("check: {get: /check}", "check: {get: '@evil.example.com'}", "a path begins with one slash"),
    ("post: /run", "post: run", "a path begins with one slash"),
    ("{settings.node}", "{settings.node:text}", "a hole needs no quoting here"),
    ("{settings.node}", "{settings.node", "a single '{'"),
    ("check: {get: /check}", 'check: {get: "/check/{id}"}', "apis.main.check: nothing fills the hole {id}"),
    ("check: {get: /check}", "check: {}", "exactly one verb, found none"),
    ("check: {get: /check}", "check: nothing", "expected one of the words below, got string 'nothing'"),
    ("check: {get: /check}", "check: {get: /c, paging: {style: none}}", "unknown key 'paging'"),
    ("    check: {get: /check}\n", "", "`check` is missing"),
    ("membership: on_user", "membership: on_usr", "got string 'on_usr'\n    did you mean: on_user"),
    ("status: 418", "statsu: 418", "statsu"),
    ("is: conflict", "is: confict", "got string 'confict'\n    did you mean: conflict"),
    ("is: conflict", "is: conflict, then: 7", "unknown key 'then'"),
    ("key: $.id", "kye: $.id", "unknown key 'kye'\n    did you mean: key"),
    ("        key: $.id\n", "", "a resource with `get` needs `key`"),
    ("key: $.id", "key: id", "a path starts with $"),
    (LIST, "          get: /people", "nothing sends {page.start}: without it every page would be the first"),
    ('{start: "{page.start}"}', '{start: "{page.number}"}', "nothing fills the hole {page.number}"),
    ('{start: "{page.start}"}', '{start: "x{page.start}"}', "must name its quoting, as in {page.start:double}"),
    ('          records: "$.items[*]"\n', "", "a listing needs `records`"),
    (f"          {PAGING}\n", "", "a listing needs `paging`; where one answer is all, say `paging: {style: none}`"),
    ("style: offset", "style: ofset", "unknown style 'ofset'\n    did you mean: offset\n    allowed: none, offset, page, token, next_url, link_header, snapshot"),
    ("ends: empty_page", "ends: short_page", "got string 'short_page'"),
    ("ends: empty_page", "ends: total", "`ends: total` needs `total`"),
    (", ends: empty_page", "", "`ends` is missing"),
    ("first: 0, ", "first: '0', ", "expected a whole number, got string '0'"),
    ("ends: empty_page}", "ends: empty_page, ceiling: 0}", "greater than or equal to 1"),
    ("ends: empty_page}", "ends: empty_page, when_empty: ask}", "got string 'ask'\n    allowed: check"),
    (PAGING, "paging: {style: next_url}", "`next` is missing"),
    (PAGING, "paging: {style: next_url, next: $.next}", "nothing fills the hole {page.start}"),
    (PAGING, "paging: {style: link_header, next: $.next}", "unknown key 'next'"),
    (LIST, f"{PASSES}[{{}}]", "one pass is the call itself: `passes` has two or more"),
    (LIST, f"{PASSES}[{{}}, {{}}]", "two passes are the same: everyone would come twice"),
    (LIST, f"{PASSES}[{{}}, {{path: /old}}]", "unknown key 'path'"),
    (LIST, f"{PASSES}[{{}}, {{query: {{old: '{{page.number}}'}}}}]", "nothing fills the hole {page.number}"),
    (LIST, f"{PASSES}[{{}}, {{json: [1]}}]", "passes.1.json: expected a mapping"),
    (LIST, f"{PASSES}[{{}}, {{give: {{line: x}}}}]", "a pass adds to `give` where the call names an exchange, and only there"),
    (GET, '        get: {get: "/people/{id}", passes: [{}, {query: {old: "1"}}]}', "only `list` has `passes`"),
    (GET, "        get: {get: /people/me}", "nothing sends {id}: without it every get would be the same"),
    (GET, f'        get: {{get: "/people/{{id}}", {PAGING}}}', "only what is read as a listing (`records`) has `paging`"),
    (GET, '        get: {post: "/people/{id}"}', "`post` needs `effect: read` or `effect: write`"),
    (GET, '        get: {get: "/people/{id}", post: /x, effect: read}', "exactly one verb, found get and post"),
    (GET, '        get: {exchange: lin, effect: read, give: {line: "{id}"}}', "no such exchange; this api has: line"),
    (GET, "        get: {exchange: line, effect: read}", "the exchange takes line; given: nothing"),
    (GET, '        get: {get: "/people/{id}", give: {line: x}}', "this call names no exchange"),
    ('"{line}"', '"{lien}"', "nothing fills the hole {lien}\n    did you mean: line"),
    ("search: {get: /search", "Search: {get: /search", "'Search' does not match"),
    ("post: /people\n          effect: write", "get: /people", f"{CREATE}: what changes something says `effect: write`, whatever its verb"),
    ("post: /people\n          effect: write", "get: /people\n          effect: read", "what changes something says `effect: write`"),
    ("post: /people\n          effect: write", "post: /people", "`post` needs `effect: read` or `effect: write`"),
    ("post: /people\n", "exchange: lin\n", f"{CREATE}.exchange: no such exchange; this api has: line"),
    ("post: /people\n", "exchange: line\n", f"{CREATE}: the exchange takes line; given: nothing"),
    ("post: /people\n", 'post: "/people/{secrets.token}"\n', f"{CREATE}: {SHOWN}"),
    ("post: /people\n", f"post: /people\n          {PAGING}\n", "unknown key 'paging'"),
    ("post: /people\n", "post: /people\n          record: id\n", "a path starts with $"),
    ("made_from: mail", "made_from: mial", "`ref` is made from `mial`, which is no input"),
    ("made_from: mail", "made_from: note", "`ref` is made from `note`, which may be left out"),
    ("made_from: mail", "made_from: ref", "`ref` is made from `ref`, which may be left out"),
    ("type: email, ", "", "`within` and `outside` are for `type: email`"),
    ("type: email, ", "type: mail, ", "got string 'mail'\n    did you mean: email"),
    ("within: settings.domains", "within: settings.domain",
        f"{CREATE}.input.mail.within: not a setting of `type: list`\n    did you mean: settings.domains\n    allowed: settings.domains"),
    ("within: settings.domains", "outside: settings.node", f"{CREATE}.input.mail.outside: not a setting of `type: list`"),
    ("within: settings.domains", "within: secrets.token", "'secrets.token' does not match"),
    ("within: settings.domains", "most: 0", "most"),
    ("mail: {label: Address, ", "mail: {", "`label` is missing"),
    ("mail: {label: Address, ", "Mail: {label: Address, ", "'Mail' does not match"),
    ('to: "{input.mail}"', 'to: "{input.mial}"', f"{CREATE}: nothing fills the hole {{input.mial}}\n    did you mean: input.mail"),
    ('to: "{input.mail}"', 'to: "{id}"', f"{CREATE}: nothing fills the hole {{id}}"),
    ('{start: "{page.start}"}', '{start: "{page.start}", to: "{input.mail}"}', "people.list: nothing fills the hole {input.mail}"),
    ('to: "{input.mail}"', 'to: "x {input.mail}"', "must name its quoting, as in {input.mail:double}"),
    ('{sha256: "{input.mail}{secrets.token}"}', '{sha256: "{input.mail:text}"}', "a digest is over the raw text"),
    ('{sha256: "{input.mail}{secrets.token}"}', "{sha256: 7}", "a digest has `sha256`, each a text"),
    ('{sha256: "{input.mail}{secrets.token}"}', "{hmac_sha256: a}", "a digest has `hmac_sha256` and `key`, each a text"),
    ('{sha256: "{input.mail}{secrets.token}"}', '{sha256: "{secrets.tokn}"}', f"{CREATE}: nothing fills the hole {{secrets.tokn}}"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), TABLE, ids=[row[2][:50] for row in TABLE])
def test_told(old: str, new: str, expected: str) -> None:
    assert old in TEXT
    found = told(TEXT.replace(old, new, 1))
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("c.yaml:") for fault in found)


NOT_YET: list[tuple[str, str, str]] = [
    ("membership: on_user", f"membership: on_user\n    rate: {{budget: 9/s, {word}: 2}}", f"`{word}`")
    for word in ("concurrent", "remaining", "reset")
]


SEVERAL: list[tuple[list[tuple[str, str]], str]] = [
    (
        [("check: {get: /check}", "check: none"), ("ends: empty_page}", "ends: empty_page, when_empty: check}")],
        "paging.when_empty: this api has no `check` that an empty page could be confirmed by",
    ),
    (
        [(LIST, LIST_BY), (PAGING, "paging: {style: link_header}")],
        "`style: link_header` asks at the URLs that the vendor names; an exchange asks at its own",
    ),
    (
        [(LIST, f"{LIST_BY}\n          passes: [{{}}, {{give: {{lien: x}}}}]"), (PAGING, "paging: {style: none}")],
        "the exchange takes line; given: line, lien",
    ),
    (
        [(LIST, f"{LIST_BY}\n          passes: [{{}}, {{query: {{old: '1'}}}}]"), (PAGING, "paging: {style: none}")],
        "a pass adds to `give` where the call names an exchange, and only there",
    ),
    (
        [(LIST, '          get: /people\n          passes: [{}, {query: {old: "1"}}]'), (PAGING, "paging: {style: snapshot}")],
        "passes: a listing that is captured is one answer: it has no passes",
    ),
    (
        [
            (LIST, "          post: /people\n          effect: read\n          json: []\n          passes: [{}, {json: {old: 1}}]"),
            (PAGING, "paging: {style: none}"),
        ],
        "a pass adds to `json` only where the call sends an object",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), SEVERAL, ids=[row[1][:40] for row in SEVERAL])
def test_told_of_parts_that_do_not_fit(changes: list[tuple[str, str]], expected: str) -> None:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    found = told(text)
    assert any(expected in fault for fault in found), found


@pytest.mark.parametrize(("old", "new", "word"), NOT_YET, ids=[row[2] for row in NOT_YET])
def test_a_word_that_is_not_built_yet_is_refused_by_name(old: str, new: str, word: str) -> None:
    found = told(TEXT.replace(old, new, 1))
    assert any(
        word in fault and "is a word of the format that is not built yet" in fault for fault in found
    ), found


def test_what_a_connector_can_be_asked() -> None:
    found, _, _ = validate(Connector, load(TEXT, "c.yaml"))
    assert found is not None
    assert list(found.setting_names()) == ["region", "main.node", "main.domains"]
    assert list(found.secret_names()) == ["main.token"]
    assert found.sources() == ["main.people"]
    api, resource = found.source("main.people")
    assert list(resource.named_calls()) == ["list", "get", "search"]
    assert api.retry.times == 3
    with pytest.raises(Exception, match="frozen"):
        found.label = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "words", [{"times": 11}, {"times": -1}, {"times": "3"}, {"on": ["conflic"]}, {"after": 1}]
)
def test_retries_are_bounded(words: dict[str, Any]) -> None:
    from pydantic import ValidationError

    from connector.definition import Retry

    with pytest.raises(ValidationError):
        Retry.model_validate(words)
