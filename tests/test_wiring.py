"""What is wrong between the parts of a connector, and between a mapping and its resource, is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Catalog
from connector.definition import Connector
from connector.errors import ConfigurationInvalid
from connector.faults import place, validate
from connector.model import UNIFIED
from connector.wiring import complaints
from connector.yamlfile import load

TEXT = """\
connector: made
label: Made
settings:
  mode: {label: Mode, choices: {Queued: v2, Direct: v1}, default: Queued}
  site: {label: Site, default: one}
unified: {users: [main.people]}
apis:
  main:
    secrets: {key: {label: Key}}
    base_url: https://h
    auth: {style: header, header: api-key, value: "{secrets.key}"}
    rate: {budget: 60/min}
    check: {exchange: command, effect: read, give: {line: me}}
    exchanges:
      command: {style: chosen, by: settings.mode, ways: {v2: queued, v1: direct}}
      queued:
        style: submit_and_poll
        takes: [line]
        submit: {post: /submit, effect: read, json: {command: "{line}"}}
        ticket: $.ticket
        poll: {get: "/result/{ticket}", pending: {status: 202}, every: 0.5s, slowing_to: 5s, give_up: 60s}
      direct: {style: single, takes: [line], submit: {post: /run, effect: read, json: {command: "{line}"}}}
    resources:
      people:
        key: $.id
        always: [$.id, $.login]
        columns: {name: $.name, boss: $.boss.id, job_title: "$['job title']"}
        list:
          exchange: command
          effect: read
          before: [{exchange: command, effect: read, give: {line: down}, at_most_every: 60s, if_refused: warn}]
          give: {line: "people {columns:text}"}
          records: "$.items[*]"
          paging: {style: snapshot, keep_for: 15m, share_for: 60s}
        get: {call: find, exactly: key, otherwise: list}
        calls:
          find: {exchange: command, effect: read, give: {line: "find {value:shell}"}, records: "$.items[*]"}
"""
MAPPING = """\
source: main.people
unified: users
fields:
  id: $.id
  username: $.login
  name: $.name
  custom_fields: {boss: $.boss.id}
filters:
  username: {evaluate: vendor_then_here, call: find}
  name: {evaluate: here}
sorts:
  name: {evaluate: here}
"""
BEFORE = (
    "before: [{exchange: command, effect: read, give: {line: down}, at_most_every: 60s, if_refused: warn}]"
)
CHECK = "check: {exchange: command, effect: read, give: {line: me}}"
GET = "get: {call: find, exactly: key, otherwise: list}"
POLL = 'get: "/result/{ticket}"'
WAYS = "ways: {v2: queued, v1: direct}"
FIND = 'give: {line: "find {value:shell}"}, records: "$.items[*]"'
LIST = TEXT[TEXT.index("        list:\n") : TEXT.index(f"        {GET}")]
LIST_BY = '        list: {records: "$.items[*]", paging: {style: none}, '
PLAIN = "records that are captured stand at plain keys and then [*]"
LENGTH = "expected a length of time up to 24h, such as 500ms, 0.5s, 15m or 1h; found"
RATE = "expected a number of calls in a time, such as 60/min, 10/s, 600/h or 6000/day; found"
PEOPLE = "apis.main.resources.people"
EXCHANGES = "apis.main.exchanges"


def told(text: str) -> list[str]:
    document = load(text, "c.yaml")
    found, faults, _ = validate(Connector, document)
    if found is not None:
        faults = place(document, complaints(found, UNIFIED))
    return [str(fault) for fault in faults]


def test_the_example_has_no_fault(tmp_path: Path) -> None:
    assert told(TEXT) == []
    assert faults(tmp_path, TEXT, MAPPING) == []


# (what is replaced, by what, what is told)
TABLE: list[tuple[str, str, str]] = [
    # What carries a call
    (CHECK, CHECK.replace("effect: read, ", ""), "c.yaml:13:12: apis.main.check: `exchange` needs `effect: read` or `effect: write`"),
    (CHECK, CHECK.replace("command", "comand"), "apis.main.check.exchange: no such exchange; this api has: command, queued, direct"),
    (CHECK, CHECK.replace("line: me", "lien: me"), "apis.main.check.give: the exchange takes line; given: lien"),
    (CHECK, CHECK.replace("{line: me}", "{}"), "the exchange takes line; given: nothing"),
    (CHECK, CHECK.replace("line: me", "line: me, more: x"), "the exchange takes line; given: line, more"),
    (CHECK, CHECK.replace("exchange: command", "get: /me"), "`give` fills an exchange's parameters; this call names no exchange"),
    (CHECK, CHECK.replace("exchange:", "get: /me, exchange:"), "exactly one verb, found get and exchange"),
    # Submitting and polling
    (POLL, "get: /result", f"c.yaml:17:9: {EXCHANGES}.queued: nothing sends {{ticket}}: without it a poll asks for no result"),
    (POLL, 'get: "/result/{tiket}"', "nothing sends {ticket}"),
    (POLL, 'get: "/result/{ticket}/{id}"', f"{EXCHANGES}.queued.poll: nothing fills the hole {{id}}"),
    (POLL, 'get: "/result/{ticket}/{secrets.key}"', f"{EXCHANGES}.queued.poll: {{secrets.key}} can't stand where it is shown or logged"),
    (POLL, 'post: "/result/{ticket}"', "`post` needs `effect: read` or `effect: write`"),
    ("pending: {status: 202}, ", "", "`pending` is missing"),
    ("pending: {status: 202}", "pending: {statsu: 202}", "statsu"),
    ("pending: {status: 202}", "pending: {status: 202}, again: {status: 502}", "expected a list"),
    ("ticket: $.ticket", "ticket: ticket", "a path starts with $"),
    ("        ticket: $.ticket\n", "", "`ticket` is missing"),
    ("style: submit_and_poll", "style: submit_and_pol", "unknown style 'submit_and_pol'\n    did you mean: submit_and_poll\n    allowed: single, submit_and_poll, chosen"),
    ("post: /submit", 'post: "/submit/{ticket}"', f"{EXCHANGES}.queued.submit: nothing fills the hole {{ticket}}"),
    # Choosing
    (WAYS, "ways: {v2: queued, v1: dirct}", f"c.yaml:15:74: {EXCHANGES}.command.ways.v1: no exchange to choose; this api has: command, queued, direct"),
    (WAYS, "ways: {v2: queued, v1: command}", f"{EXCHANGES}.command.ways.v1: no exchange to choose"),
    (WAYS, "ways: {v2: queued}", f"{EXCHANGES}.command.ways: no way for what the setting may be: v1"),
    (WAYS, "ways: {Queued: queued, Direct: direct}", "no way for what the setting may be: v1, v2"),
    (WAYS, "ways: {}", f"{EXCHANGES}.command.ways"),
    ("by: settings.mode", "by: settings.mod", f"{EXCHANGES}.command.by: no such setting"),
    ("by: settings.mode", "by: mode", "'mode' does not match ^settings"),
    ("by: settings.mode", "by: secrets.key", "'secrets.key' does not match ^settings"),
    ("by: settings.mode", "by: settings.site", f"{EXCHANGES}.command.by: the setting needs `choices` and a `default`, so that there is always a way"),
    (", default: Queued", "", "the setting needs `choices` and a `default`"),
    ("direct: {style: single, takes: [line]", "direct: {style: single, takes: [line, more]", "the exchange takes line, more; given: line"),
    # What stands before a listing
    (BEFORE, BEFORE.replace("exchange: command", "exchange: comand"), f"c.yaml:31:31: {PEOPLE}.list.before.0.exchange: no such exchange"),
    (BEFORE, BEFORE.replace("{line: down}", '{line: "down {id:text}"}'), f"{PEOPLE}.list.before.0: nothing fills the hole {{id}}"),
    (BEFORE, BEFORE.replace("{line: down}", "{}"), f"{PEOPLE}.list.before.0.give: the exchange takes line; given: nothing"),
    (BEFORE, BEFORE.replace("effect: read, ", ""), "`exchange` needs `effect: read`"),
    (BEFORE, 'before: [{get: "/down/{secrets.key}"}]', f"{PEOPLE}.list.before.0: {{secrets.key}} can't stand where it is shown"),
    (BEFORE, BEFORE.replace("warn", "ignore"), "expected one of the words below, got string 'ignore'\n    allowed: fail, warn"),
    (BEFORE, BEFORE.replace("60s", "60"), f"{PEOPLE}.list.before.0.at_most_every: {LENGTH} 60"),
    (BEFORE, BEFORE.replace("if_refused", "if_forbidden"), "unknown key 'if_forbidden'"),
    (GET, f"get: {{call: find, exactly: key, {BEFORE}}}", f"{PEOPLE}.get.before: only what is read as a listing"),
    # How one is got
    (GET, "get: {call: find}", "`call` and `exactly: key` stand together"),
    (GET, 'get: {get: "/people/{id}", exactly: key}', "`call` and `exactly: key` stand together"),
    (GET, "get: {call: find, exactly: id}", "expected one of the words below, got string 'id'\n    allowed: key"),
    (GET, 'get: {get: "/people/{id}", otherwise: list}', "`otherwise` stands beside `call`"),
    (GET, "get: {from: list, otherwise: list}", "`otherwise` stands beside `call`"),
    (GET, "get: {call: find, exactly: key, get: /x}", "exactly one verb, found get and call"),
    (GET, "get: {from: list, get: /x}", "exactly one verb, found get and from\n"),
    (GET, "get: {from: find}", "expected one of the words below, got string 'find'\n    allowed: list"),
    (GET, "get: {call: fnd, exactly: key}", f"c.yaml:35:21: {PEOPLE}.get.call: no such call of the resource; it has: find"),
    (GET, "get: {call: list, exactly: key}", "no such call of the resource; it has: find"),
    (FIND, 'give: {line: "find {value:shell}"}', f"{PEOPLE}.get.call: the call `find` needs `records` to be searched"),
    (LIST, "", f"{PEOPLE}.get: there is no `list` to read"),
    (FIND, f"{FIND}, paging: {{style: none}}", f"{PEOPLE}.get.call: the call `find` is paged; one answer is all that `get` reads of a search"),
    (GET, "get: {exchange: command, effect: read, give: {line: who}}", "nothing sends {id}: without it every get would be the same"),
    (LIST, LIST_BY + "call: find, exactly: key}\n", f"{PEOPLE}.list.call: only `get` asks another call"),
    (LIST, LIST_BY + "from: list}\n", f"{PEOPLE}.list.from: only `get` asks another call"),
    # What is captured
    *(('records: "$.items[*]"\n', f"records: {path!r}\n", f"c.yaml:33:20: {PEOPLE}.list.records: {PLAIN}")
      for path in ("$..items[*]", "$.items[0:9]", "$.items[*].who", "$.a[0].b[*]", "$.items[?(@.a)]", "$.items")),
    ("share_for: 60s", "share_for: 60s, size: 10", "unknown key 'size'"),
    # Columns
    ("columns: {name:", "columns: {'na me':", "'na me' does not match"),
    ("name: $.name,", "name: name,", "a path starts with $"),
    ("always: [$.id, $.login]", "always: $.id", "expected a list"),
    ("        columns: {name: $.name, boss: $.boss.id, job_title: \"$['job title']\"}\n", "", "nothing fills the hole {columns}"),
    (CHECK, CHECK.replace("line: me", 'line: "{columns:text}"'), "apis.main.check: nothing fills the hole {columns}"),
    # Headers
    ("header: api-key", "header: 'api key'", "'api key' does not match"),
    ("header: api-key, ", "", "`header` is missing"),
    ('value: "{secrets.key}"', 'value: "{secrets.kye}"', "apis.main.auth: nothing fills the hole {secrets.kye}\n    did you mean: secrets.key"),
    ('value: "{secrets.key}"', 'value: "{secrets.key:text}"', "a hole needs no quoting here"),
    # Times and rates
    *((f"{word}: {old}", f"{word}: {new}", f"{LENGTH} {shown}")
      for word, old in (("every", "0.5s"), ("slowing_to", "5s"), ("give_up", "60s"), ("keep_for", "15m"), ("share_for", "60s"))
      for new, shown in (("60", "60"), ("0.5", "0.5"), ("'60'", "60"), ("0s", "0s"), ("-1s", "-1s"), ("25h", "25h"), ("1 day", "1 day"), ("[1s]", "['1s']"))),
    *(("budget: 60/min", f"budget: {new}", f"apis.main.rate.budget: {RATE} {shown}")
      for new, shown in (("60", "60"), ("60/m", "60/m"), ("0/min", "0/min"), ("1.5/s", "1.5/s"), ("60/minute", "60/minute"))),
    ("budget: 60/min", "budgt: 60/min", "unknown key 'budgt'\n    did you mean: budget"),
    *(("budget: 60/min", f"budget: 60/min, {word}: 1", f"`{word}` is a word of the format that is not built yet")
      for word in ("concurrent", "remaining", "reset")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected"), TABLE, ids=[f"{n}-{row[2][-50:]}" for n, row in enumerate(TABLE)]
)
def test_told(old: str, new: str, expected: str) -> None:
    assert old in TEXT
    found = told(TEXT.replace(old, new, 1))
    assert any(expected in f"{fault}\n" for fault in found), found
    assert all(fault.startswith("c.yaml:") for fault in found)


def faults(folder: Path, connector: str, mapping: str, **overrides: Any) -> list[str]:
    """What is wrong with a connector of these two files, told from its folder's name on."""
    home = folder / "made"
    home.mkdir()
    (home / "connector.yaml").write_text(connector)
    (home / "main.people.yaml").write_text(mapping)
    given = {"main.people": overrides} if overrides else None
    try:
        Catalog([folder]).load("made", given)
    except ConfigurationInvalid as error:
        return [str(fault).removeprefix(f"{home}/") for fault in error.faults]
    return []


ALL_AT_ONCE = TEXT.replace("{style: snapshot, keep_for: 15m, share_for: 60s}", "{style: none}")
IN_NO_COLUMN = "it is in no column of the connector's list"

# (the connector, what is replaced in the mapping, by what, what is told)
MAPPED: list[tuple[str, str, str, str]] = [
    (TEXT, "name: $.name\n", "name: $.nam\n",
        f"main.people.yaml:6:9: fields.name: main.people answers nothing at $.nam: {IN_NO_COLUMN}\n    did you mean: $.name\n    allowed: $.name, $.boss.id, $['job title'], $.id, $.login"),
    (TEXT, "boss: $.boss.id", "boss: $.boss.name", f"main.people.yaml:7:25: fields.custom_fields.boss: main.people answers nothing at $.boss.name: {IN_NO_COLUMN}"),
    (TEXT, "boss: $.boss.id", "boss: $.boss", f"answers nothing at $.boss: {IN_NO_COLUMN}"),
    (TEXT, "name: $.name\n", "name: {first_of: [$.name, $.nick]}\n", f"main.people.yaml:4:3: fields: main.people answers nothing at $.nick: {IN_NO_COLUMN}"),
    (TEXT, "name: $.name\n", 'name: "{$.name} {$.nick}"\n', "answers nothing at $.nick"),
    (TEXT, "fields:\n", "where: {$.nick: a}\nfields:\n", "answers nothing at $.nick"),
    (TEXT, "filters:\n", "on: {get: {title: $.nick}}\nfilters:\n", "answers nothing at $.nick"),
    (TEXT, MAPPING[MAPPING.index("  name: $.name") :], "", "main.people.yaml:4:3: fields: no rule reads a column, and a call asks for {columns}"),
    (ALL_AT_ONCE, "name: {evaluate: here}\n", "name: {evaluate: here}\n",
        "main.people.yaml:12:9: sorts.name: only a listing that is captured (`paging: {style: snapshot}`) can be sorted here"),
    (TEXT, "sorts:\n", "sorts:\n  languages: {evaluate: here}\n", "sorts.languages: a list has no order that rows could be sorted by"),
    (TEXT, "sorts:\n", "sorts:\n  username: {query: {sort: login}}\n", "main.people.yaml:12:13: sorts.username: a listing that is captured is asked for whole"),
    (TEXT, "sorts:\n", "sorts:\n  username: {json: {sort: login}}\n", "sorts.username: a listing that is captured is asked for whole"),
    (TEXT, "name: {evaluate: here}\nsorts", 'name: {evaluate: vendor, query: {name: "{value}"}}\nsorts', "filters.name: a listing that is captured is asked for whole: say `evaluate: here`, or name another `call`"),
    (TEXT, "name: {evaluate: here}\nsorts", 'name: {evaluate: vendor, json: {name: "{value}"}}\nsorts', "filters.name: a listing that is captured is asked for whole"),
    (TEXT, "call: find", "call: fnd", "main.people.yaml:9:48: filters.username.call: no such call of the resource\n    did you mean: find\n    allowed: find"),
    (TEXT, "sorts:\n", "sorts:\n  username: {call: fnd}\n", "sorts.username.call: no such call of the resource\n    did you mean: find"),
    (TEXT.replace(FIND, f'{FIND}}}\n          try: {{exchange: command, effect: read, give: {{line: "try {{value:shell}}"}}'), "call: find", "call: try",
        "filters.username.call: the call `try` needs `records` to be read as a listing"),
    (TEXT, "id: $.id\n", "id: $.login\n", "main.people.yaml:4:7: fields.id: the id must read $.id, the key of main.people"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("connector", "old", "new", "expected"),
    MAPPED,
    ids=[f"{n}-{row[3][-50:]}" for n, row in enumerate(MAPPED)],
)
def test_a_mapping_asks_for_what_its_resource_has(
    tmp_path: Path, connector: str, old: str, new: str, expected: str
) -> None:
    assert old in MAPPING
    found = faults(tmp_path, connector, MAPPING.replace(old, new, 1))
    assert len(found) == 1, found
    assert expected in found[0]


@pytest.mark.parametrize("sends", [{"query": {"sort": "login"}}, {"call": "find"}])
def test_what_another_call_is_asked_with_may_be_sent_over_a_captured_listing(
    tmp_path: Path, sends: dict[str, Any]
) -> None:
    found = faults(tmp_path, TEXT, MAPPING, sorts={"username": {"call": "find", **sends}})
    assert found == []


def test_an_override_reads_what_the_resource_has(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, TEXT, MAPPING, fields={"title": "$.job_title"})
    assert fault.startswith(
        "override of main.people:1:1: fields.title: main.people answers nothing at $.job_title"
    )
    assert "did you mean: $['job title']" in fault


def test_an_override_may_read_another_column(tmp_path: Path) -> None:
    assert faults(tmp_path, TEXT, MAPPING, fields={"title": "$['job title']"}) == []
