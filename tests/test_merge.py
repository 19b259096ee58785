"""The one merge of `extends`, overlays and overrides: by name where names are, whole everywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from connector.merge import CONNECTOR, MAPPING, Kind, merge
from connector.yamlfile import YamlMap, load, mark_at

PARENT = """\
label: Parent
settings:
  region: {label: Region, default: US}
  host: {label: Host}
errors:
  - {when: {status: 418}, is: conflict}
apis:
  main:
    base_url: https://parent
    headers: {Accept: a, X-One: "1"}
    query: {v: "1"}
    auth: {style: bearer, token: "{secrets.token}"}
    errors:
      - {when: {status: 400}, is: not_found}
    resources:
      users:
        key: $.id
        list:
          get: /users
          query: {a: "1", b: "2"}
          headers: {H: "1"}
          paging: {style: offset, first: 1, size: 5, ends: empty_page}
          errors:
            - {when: {status: 404}, is: not_found}
        calls:
          search: {get: /search, query: {q: "{value}"}}
      groups:
        list: {get: /groups}
"""


def merged(child: str, parent: str = PARENT, kind: Kind = CONNECTOR) -> YamlMap:
    return merge(load(parent, "parent.yaml"), load(child, "child.yaml"), kind)


def at(document: Any, *loc: Any) -> Any:
    for step in loc:
        document = document[step]
    return document


MAIN = ("apis", "main")
LIST = (*MAIN, "resources", "users", "list")

TABLE: list[tuple[str, tuple[Any, ...], Any]] = [
    # what the child says of itself
    ("label: Child", ("label",), "Child"),
    ("x: 1", ("label",), "Parent"),
    # named maps merge by name, their entries are replaced whole
    ("settings: {host: {label: Other}}", ("settings", "region"), {"label": "Region", "default": "US"}),
    ("settings: {region: {label: Other}}", ("settings", "region"), {"label": "Other"}),
    ("settings: {region: null}", ("settings",), {"host": {"label": "Host"}}),
    ("settings: {new: {label: New}}", ("settings", "new"), {"label": "New"}),
    ("apis: {main: {headers: {X-One: null, X-Two: '2'}}}", (*MAIN, "headers"), {"Accept": "a", "X-Two": "2"}),
    ("apis: {main: {query: {w: '2'}}}", (*MAIN, "query"), {"v": "1", "w": "2"}),
    ("apis: {main: {resources: {groups: null}}}", (*MAIN, "resources", "groups"), None),
    ("apis: {other: {base_url: https://other}}", ("apis", "main", "base_url"), "https://parent"),
    # members of a call are replaced one by one, and each is whole
    ("apis: {main: {resources: {users: {list: {get: /people}}}}}", (*LIST, "query"), {"a": "1", "b": "2"}),
    ("apis: {main: {resources: {users: {list: {query: {b: '3'}}}}}}", (*LIST, "query"), {"a": "1", "b": "3"}),
    ("apis: {main: {resources: {users: {list: {query: null}}}}}", (*LIST, "query"), None),
    (
        "apis: {main: {resources: {users: {list: {paging: {style: none}}}}}}",
        (*LIST, "paging"),
        {"style": "none"},
    ),
    (
        "apis: {main: {resources: {users: {list: {headers: {I: '2'}}}}}}",
        (*LIST, "headers"),
        {"H": "1", "I": "2"},
    ),
    (
        "apis: {main: {resources: {users: {calls: {search: {query: {r: '1'}}}}}}}",
        (*MAIN, "resources", "users", "calls", "search"),
        {"get": "/search", "query": {"q": "{value}", "r": "1"}},
    ),
    ("apis: {main: {resources: {users: {key: $.uid}}}}", (*MAIN, "resources", "users", "key"), "$.uid"),
    # half of an auth would be worse than repetition
    ("apis: {main: {auth: {style: none}}}", (*MAIN, "auth"), {"style": "none"}),
    # errors: the child's come first
    (
        "errors: [{when: {status: 1}, is: forbidden}]",
        ("errors",),
        [{"when": {"status": 1}, "is": "forbidden"}, {"when": {"status": 418}, "is": "conflict"}],
    ),
    (
        "apis: {main: {errors: [{when: {status: 1}, is: forbidden}]}}",
        (*MAIN, "errors"),
        [{"when": {"status": 1}, "is": "forbidden"}, {"when": {"status": 400}, "is": "not_found"}],
    ),
    (
        "apis: {main: {resources: {users: {list: {errors: [{when: {status: 1}, is: forbidden}]}}}}}",
        (*LIST, "errors"),
        [{"when": {"status": 1}, "is": "forbidden"}, {"when": {"status": 404}, "is": "not_found"}],
    ),
    ("errors: null", ("errors",), None),
    ("errors: []", ("errors",), [{"when": {"status": 418}, "is": "conflict"}]),
    # another type replaces
    ("settings: 7", ("settings",), 7),
    ("errors: {a: 1}", ("errors",), {"a": 1}),
]


@pytest.mark.parametrize(("child", "loc", "expected"), TABLE)
def test_connector(child: str, loc: tuple[Any, ...], expected: Any) -> None:
    document = merged(child)
    if expected is None:
        assert loc[-1] not in at(document, *loc[:-1])
    else:
        assert at(document, *loc) == expected


RULES = """\
source: main.users
fields:
  id: $.id
  status: {path: $.active, values: {true: active, false: inactive}}
  custom_fields: {a: $.a, b: $.b}
on:
  get: {title: $.title}
filters:
  status: {evaluate: vendor_then_here, query: {filter: "x {value:text}"}}
  username: {evaluate: here}
sorts: {username: {query: {sortBy: userName}}}
combine: {filter: " and "}
written: {$.schemas: [a]}
"""

MAPPINGS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("fields: {title: $.t}", ("fields", "id"), "$.id"),
    ("fields: {status: $.state}", ("fields", "status"), "$.state"),
    ("fields: {status: {path: $.state}}", ("fields", "status"), {"path": "$.state"}),
    ("fields: {status: null}", ("fields", "status"), None),
    ("fields: {custom_fields: {c: $.c}}", ("fields", "custom_fields"), {"a": "$.a", "b": "$.b", "c": "$.c"}),
    ("fields: {custom_fields: {a: null}}", ("fields", "custom_fields"), {"b": "$.b"}),
    ("on: {get: {name: $.n}}", ("on", "get"), {"title": "$.title", "name": "$.n"}),
    ("on: {get: null}", ("on",), {}),
    ("filters: {status: {evaluate: here}}", ("filters", "status"), {"evaluate": "here"}),
    ("filters: {username: null}", ("filters", "username"), None),
    ("sorts: {name: {query: {s: n}}}", ("sorts", "username"), {"query": {"sortBy": "userName"}}),
    ("combine: {q: ' '}", ("combine",), {"q": " "}),
    ("written: {$.other: 1}", ("written",), {"$.other": 1}),
]


@pytest.mark.parametrize(("child", "loc", "expected"), MAPPINGS)
def test_mapping(child: str, loc: tuple[Any, ...], expected: Any) -> None:
    document = merged(child, RULES, MAPPING)
    if expected is None:
        assert loc[-1] not in at(document, *loc[:-1])
    else:
        assert at(document, *loc) == expected


def test_each_value_remembers_its_file_and_line() -> None:
    document = merged("apis:\n  main:\n    headers:\n      X-Two: '2'\nerrors:\n  - {is: forbidden}\n")
    places = {
        ("label",): "parent.yaml:1:8",
        ("apis", "main", "headers", "X-Two"): "child.yaml:4:14",
        ("apis", "main", "headers", "Accept"): "parent.yaml:10:23",
        ("errors", 0): "child.yaml:6:5",
        ("errors", 1): "parent.yaml:6:5",
    }
    assert {loc: str(mark_at(document, loc)) for loc in places} == places


def test_neither_document_is_changed() -> None:
    parent, child = load(PARENT, "p"), load("settings: {region: null}\nlabel: Child\n", "c")
    before = (repr(parent), repr(parent.pairs), repr(child))
    merge(parent, child, CONNECTOR)
    assert (repr(parent), repr(parent.pairs), repr(child)) == before


def test_nothing_over_something_is_the_same() -> None:
    assert merged("{}") == load(PARENT, "p")


def test_keys_that_a_dict_cannot_tell_apart_are_kept_apart() -> None:
    document = merged("fields: {status: {path: $.a, values: {true: active, 1: inactive}}}", RULES, MAPPING)
    assert at(document, "fields", "status", "values").pairs == [(True, "active"), (1, "inactive")]
