"""What each word of a rule does, shown: the reference is printed from these, and the tests run them.

A rule here stands as `custom_fields.x`, where any value may be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True)
class Example:
    """The rule reads the value from the record, and leaves notes of these codes."""

    rule: Any
    record: Any
    value: Any
    notes: tuple[str, ...] = ()


_HOSTS = {"hosts": ["vault.example"], "subdomains": True}

EXAMPLES: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "path": (
            Example("$.name.first", {"name": {"first": "Ada"}}, "Ada"),
            Example("$.name.first", {"name": None}, None),
            Example("$.name.first", {"name": "Ada"}, None, ("wrong_type",)),
            Example("$.mails[*]", {"mails": ["a", "b"]}, None, ("many_values",)),
        ),
        "as": (
            Example({"path": "$.id", "as": "string"}, {"id": 18446744073709551615}, "18446744073709551615"),
            Example({"path": "$.id", "as": "string"}, {"id": "7"}, None, ("wrong_type",)),
            Example({"path": "$.id", "as": "string"}, {"id": True}, None, ("wrong_type",)),
            Example({"path": "$.id", "as": "string"}, {"id": 7.0}, None, ("wrong_type",)),
            Example({"path": "$.id", "as": "string"}, {"id": 10**29 + 7}, str(10**29 + 7)),
            Example({"path": "$.id", "as": "string"}, {"id": 10**100}, None, ("implausible",)),
            Example({"path": "$.n", "as": "integer"}, {"n": "-12"}, -12),
            Example({"path": "$.n", "as": "integer"}, {"n": "012"}, None, ("unparsable",)),
            Example({"path": "$.n", "as": "integer"}, {"n": 12}, None, ("wrong_type",)),
        ),
        "values": (
            Example({"path": "$.s", "values": {"A": "active"}}, {"s": "A"}, "active"),
            Example({"path": "$.s", "values": {"A": "active"}}, {"s": "a"}, None, ("unmapped_value",)),
            Example({"path": "$.s", "values": {"1": "text"}}, {"s": 1}, None, ("unmapped_value",)),
            Example({"path": "$.s", "values": {1: "number"}}, {"s": True}, None, ("unmapped_value",)),
            Example({"path": "$.s", "values": {None: "nothing"}}, {"s": None}, "nothing"),
            Example({"path": "$.s", "values": {"A": "active"}}, {"s": ["A"]}, None, ("wrong_type",)),
        ),
        "date": (
            Example(
                {"path": "$.t", "date": "rfc3339"},
                {"t": "2026-01-31T23:30:00.120-02:00"},
                "2026-02-01T01:30:00.120Z",
            ),
            Example({"path": "$.t", "date": "rfc3339"}, {"t": "2026-01-31T23:30:00"}, None, ("unparsable",)),
            Example({"path": "$.t", "date": "rfc3339"}, {"t": "2026-02-30T00:00:00Z"}, None, ("unparsable",)),
            Example({"path": "$.t", "date": "epoch_s"}, {"t": 1767225600.25}, "2026-01-01T00:00:00.25Z"),
            Example({"path": "$.t", "date": "epoch_s"}, {"t": 1767225600000}, None, ("implausible",)),
            Example({"path": "$.t", "date": "epoch_s"}, {"t": "1767225600"}, None, ("wrong_type",)),
            Example({"path": "$.t", "date": "epoch_ms"}, {"t": 1767225600250}, "2026-01-01T00:00:00.25Z"),
            Example({"path": "$.t", "date": "epoch_ms"}, {"t": 1767225600}, None, ("implausible",)),
            Example(
                {"path": "$.t", "date": "filetime"},
                {"t": "134116992000000001"},
                "2026-01-01T00:00:00.0000001Z",
            ),
            Example({"path": "$.t", "date": "filetime"}, {"t": 9223372036854775807}, None, ("implausible",)),
            Example(
                {"path": "$.t", "date": "ldap"}, {"t": "20260101013000.5+0130"}, "2026-01-01T00:00:00.5Z"
            ),
            Example({"path": "$.t", "date": "ldap"}, {"t": "2026"}, None, ("unparsable",)),
            Example(
                {"path": "$.t", "date": "%d.%m.%Y", "zone": "UTC"},
                {"t": "31.01.2026"},
                "2026-01-31T00:00:00Z",
            ),
            Example(
                {"path": "$.t", "date": "%Y-%m-%d %H:%M %z"},
                {"t": "2026-01-01 01:00 +0100"},
                "2026-01-01T00:00:00Z",
            ),
            Example(
                {"path": "$.t", "date": "%d.%m.%Y", "zone": "UTC"}, {"t": "2026-01-31"}, None, ("unparsable",)
            ),
        ),
        "split": (
            Example({"path": "$.n", "split": " ", "take": "first"}, {"n": "Ada King Lovelace"}, "Ada"),
            Example(
                {"path": "$.n", "split": " ", "take": "rest"}, {"n": "Ada King Lovelace"}, "King Lovelace"
            ),
            Example({"path": "$.n", "split": " ", "take": "last"}, {"n": "Ada King Lovelace"}, "Lovelace"),
            Example(
                {"path": "$.n", "split": " ", "take": "before_last"}, {"n": "Ada King Lovelace"}, "Ada King"
            ),
            Example({"path": "$.n", "split": " ", "take": "rest"}, {"n": "Ada"}, None),
            Example({"path": "$.n", "split": " ", "take": "last"}, {"n": " Ada "}, "Ada"),
            Example({"path": "$.n", "split": " ", "take": "first"}, {"n": 7}, None, ("wrong_type",)),
        ),
        "case": (
            Example({"path": "$.m", "case": "lower"}, {"m": "Ada@Example.ORG"}, "ada@example.org"),
            Example({"path": "$.m", "case": "upper"}, {"m": False}, None, ("wrong_type",)),
        ),
        "null_if": (
            Example({"path": "$.t", "null_if": [""]}, {"t": ""}, None),
            Example({"path": "$.t", "null_if": [0]}, {"t": False}, False),
            Example({"path": "$.t", "null_if": [0], "date": "epoch_s"}, {"t": 0}, None),
        ),
        "if_missing": (
            Example({"path": "$.on", "if_missing": False}, {}, False),
            Example({"path": "$.on", "if_missing": False}, {"on": None}, None),
            Example({"path": "$.on", "if_missing": False}, {"on": True}, True),
        ),
        "link": (
            Example(
                {"path": "$.u", "link": _HOSTS}, {"u": "vault.example/a?b=c"}, "https://vault.example/a?b=c"
            ),
            Example(
                {"path": "$.u", "link": _HOSTS},
                {"u": "https://eu.vault.example/"},
                "https://eu.vault.example/",
            ),
            Example({"path": "$.u", "link": _HOSTS}, {"u": "http://vault.example/"}, None, ("link_refused",)),
            Example({"path": "$.u", "link": _HOSTS}, {"u": "javascript:alert(1)"}, None, ("link_refused",)),
            Example(
                {"path": "$.u", "link": _HOSTS},
                {"u": "https://vault.example@evil.example/"},
                None,
                ("link_refused",),
            ),
            Example(
                {"path": "$.u", "link": _HOSTS}, {"u": "https://notvault.example/"}, None, ("link_refused",)
            ),
            Example(
                {"path": "$.u", "link": _HOSTS},
                {"u": "https://evil.example\\@vault.example/"},
                None,
                ("link_refused",),
            ),
        ),
        "pick": (
            Example({"path": "$.m[*]", "pick": "first"}, {"m": ["a", "b"]}, "a"),
            Example({"path": "$.m[*]", "pick": "last"}, {"m": ["a", "b"]}, "b"),
            Example({"path": "$.m[*]", "pick": "only"}, {"m": ["a", "b"]}, None, ("many_values",)),
            Example({"path": "$.m[*]", "pick": "first"}, {"m": []}, None),
        ),
        "text": (
            Example("https://{$.host}/{$.id}{{}}", {"host": "h", "id": "1"}, "https://h/1{}"),
            Example("https://{$.host}/", {"host": ""}, None),
            Example("https://{$.host}/", {"host": 5}, None, ("wrong_type",)),
        ),
        "first_of": (
            Example({"first_of": ["$.a", "$.b"]}, {"a": "", "b": "x"}, "x"),
            Example({"first_of": ["$.a", "$.b"]}, {"a": False, "b": "x"}, False),
            Example({"first_of": ["$.a", "$.b"]}, {"a": None}, None),
        ),
        "join": (
            Example(
                {"join": ["$.first", "$.last"], "with": " "},
                {"first": "Ada", "last": "Lovelace"},
                "Ada Lovelace",
            ),
            Example({"join": ["$.first", "$.last"], "with": " "}, {"first": "Ada", "last": ""}, "Ada"),
            Example({"join": ["$.first", "$.last"], "with": " "}, {}, None),
            Example(
                {"join": ["$.first", "$.last"], "with": " "},
                {"first": "Ada", "last": 5},
                None,
                ("wrong_type",),
            ),
        ),
        "cases": (
            Example({"cases": [{"when": {"$.gone": True}, "then": 1}], "otherwise": 0}, {"gone": True}, 1),
            Example({"cases": [{"when": {"$.gone": True}, "then": 1}], "otherwise": 0}, {"gone": 1}, 0),
            Example({"cases": [{"when": {"$.gone": True}, "then": 1}]}, {}, None, ("unmapped_value",)),
        ),
        "object": (
            Example({"a": "$.x", "b": {"c": "$.y"}}, {"x": 1}, {"a": 1, "b": {"c": None}}),
            Example({"object": {"text": "$.x"}}, {"x": 1}, {"text": 1}),
        ),
        "each": (
            Example(
                {"each": "$.t[*]", "item": {"id": "$.i"}}, {"t": [{"i": 1}, {"i": 2}]}, [{"id": 1}, {"id": 2}]
            ),
            Example({"each": "$.t[*]", "item": "$"}, {"t": [1, None, 2]}, [1, 2], ("item_left_out",)),
            Example(
                {"each": "$.t[*]", "item": "$.i", "where": {"$.k": "a"}},
                {"t": [{"i": 1, "k": "a"}, {"i": 2}]},
                [1],
            ),
            Example({"each": "$.t[*]", "item": "$"}, {}, None),
            Example({"each": "$.t[*]", "item": "$", "if_missing": "empty"}, {}, []),
            Example({"each": "$.t[*]", "item": "$", "if_missing": "empty"}, {"t": None}, None),
            Example({"each": "$.t[*]", "item": "$", "if_missing": "empty"}, {"t": {}}, None, ("wrong_type",)),
            Example({"each": "$.t[*]", "item": "$"}, {"t": []}, []),
        ),
        "list": (
            Example(
                {"list": ["$.a", {"each": "$.more[*]", "item": "$"}]}, {"a": 1, "more": [2, 3]}, [1, 2, 3]
            ),
            Example({"list": ["$.a", "$.b"]}, {"b": 2}, [2]),
            Example({"list": ["$.a"]}, {"a": None}, []),
            Example({"list": ["$.a"]}, {}, None),
            Example(
                {"list": [{"m": "$.a"}, {"m": "$.b"}, {"m": "$.c"}], "unique": "m"},
                {"a": "x", "b": "x", "c": "y"},
                [{"m": "x"}, {"m": "y"}],
            ),
        ),
        "constant": (
            Example({"constant": "public"}, {}, "public"),
            Example(True, {}, True),
            Example(7, {}, 7),
        ),
    }
)
"""Rule word → what it does."""
