"""A value in a command line is one argument, unchanged, for all who read the line, or nothing is sent.

Read by three: the vendor's own checker and executor (its package from PyPI, in this process), and POSIX's rules.
Every call of every connector that quotes for a shell is tried.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.template import Hole, Unquotable, fill_json, parse_template
from tests.commander.tokenisers import checker_sees, executor_sees
from tests.contract.cases import connectors, loaded

HOSTILE = [
    "it's", '"', "'", "''", "'\"'", "a'b\"c", "\\", "\\'", 'x" --lock "y', "x' --lock 'y", "--lock", "-f", "-",
    "; whoami", "a;b", "a|b", "a&b", "a && b", "$(whoami)", "`whoami`", "${HOME}", "$HOME", "$", "${", "%HOME%",
    "@all", "@ALL", "@", "a@all.example", "&quot;", "&quot", "&#39;", "&#x27;", "&lt", "&amp;", "&", "R&D", "a&b;c",
    "\n", "a\nb", "\r", "\t", "a\tb", "\0", "\x1b[31m", "\x7f", "\u0085", "\u2028", "\u202e", "\u00a0", "",
    " ", "  a", "a  ", "#", "a # b", "!", "!!", "*", "?", "[a-z]", "{a,b}", "~", "~root", "~/x", "<", ">", "> /tmp/x",
    "--format json", "a --format json", "FILEDATA", "{{", "}}", "{id}", "\ud800", "x" * 5_000, "'" * 900,
    "Zoë", "東京", "Adéṣínà", "e\u0301", "👩‍🚀", "İstanbul", "a=b", "x=--lock", "commander service mode", "\\n", "a\\",
    "grace@acme.example", "o'brien@acme.example", "23158463660234", "-5", "RqX_L5yE1XjWeHvNyMcbiw", "-qX_L5yE1XjWeHvNyMcbi",
]  # fmt: skip


def lines() -> Iterator[tuple[str, Any]]:
    """(connector and call, what fills a command line) of each that quotes for a shell, reading or writing."""
    for name in connectors():
        for api_name, api in loaded(name).definition.apis.items():
            for resource_name, resource in api.resources.items():
                changes = {" ".join(where): change for where, change in resource.changes()}
                for call_name, call in {**resource.named_calls(), **changes}.items():
                    for value in call.give.values():
                        if any(hole.quoting == "shell" for hole in holes(value)):
                            yield f"{name} {api_name}.{resource_name} {call_name}", value


def holes(line: Any) -> list[Hole]:
    """The holes of a line that is one text, or words."""
    texts = line["words"] if isinstance(line, Mapping) else [line]
    return [hole for text in texts for hole in parse_template(text).holes]


LINES = list(lines())
_OF_USERS = {"--invite", "--name", "--job-title", "--node", "--lock", "--unlock", "--delete", "-f"}
_OF_TEAMS = {"--add", "--name", "--node", "--delete", "--add-user", "--remove-user", "-f"}
COMMANDS = {"enterprise-user": _OF_USERS, "enterprise-team": _OF_TEAMS}
"""What is written by: commands of the directory, with the options that change it. None of them reaches a vault."""


def arguments(sees: Any, line: str) -> list[str] | None:
    """What one reader makes of a line; None where it refuses it."""
    try:
        found: list[str] = sees(line)
    except ValueError:
        return None
    return found


def filled(template: Any, value: str) -> Any:
    """The line with the value in each place that quotes it."""
    return fill_json(
        template, {hole.name: value if hole.quoting == "shell" else "name,status" for hole in holes(template)}
    )


def hold_the_law(template: Any, value: str) -> bool:
    """Whether the value can be sent; if so, it is one argument for everybody, and the others are as they were."""
    try:
        line = filled(template, value)
    except Unquotable:
        return False
    plain = filled(template, "MARK")
    wanted = [value if word == "MARK" else word for word in shlex.split(plain)]
    assert shlex.split(line) == wanted
    seen = {arguments(checker_sees, line) is None, arguments(executor_sees, line) is None}
    if seen == {False}:
        assert checker_sees(line) == wanted
        assert executor_sees(line) == wanted
    return True


def test_there_are_command_lines() -> None:
    assert LINES


def test_what_writes_by_a_command_is_a_command_of_the_directory_with_known_options() -> None:
    found = 0
    for name in connectors():
        for api in loaded(name).definition.apis.values():
            for place, change in (one for resource in api.resources.values() for one in resource.changes()):
                for value in change.give.values():
                    texts = value["words"] if isinstance(value, Mapping) else [value]
                    command, *words = " ".join(texts).split(" ")
                    assert {word for word in words if not word.startswith("{")} <= COMMANDS[command], place
                    found += 1
    assert found >= 10


@pytest.mark.parametrize(("call", "template"), LINES, ids=[call for call, _ in LINES])
def test_a_hostile_value_is_one_argument_or_is_not_sent(call: str, template: Any) -> None:
    sent = [value for value in HOSTILE if hold_the_law(template, value)]
    assert {"it's", "R&D", "$HOME", "$(whoami)", "o'brien@acme.example", "東京"} <= set(sent), call
    refused = {"--lock", "-", "${HOME}", "@all", "&quot;", "&lt", "\\", "a\nb", "", "x" * 5_000, "\ud800"}
    assert not refused & set(sent), call


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join)
    | st.text(alphabet="'\"\\$&;#-{}@ \tal", max_size=12)
)
def test_any_value_is_one_argument_or_is_not_sent(value: str) -> None:
    for _, template in LINES:
        hold_the_law(template, value)


@pytest.mark.parametrize("value", ["commander service mode", "x=Commander Service Mode Config"])
def test_what_the_vendor_refuses_by_itself_is_not_quoted_wrongly(value: str) -> None:
    """Its own protected titles: the line is well formed, and the vendor answers 403."""
    for _, template in LINES:
        line = filled(template, value)
        assert value in shlex.split(line)
        assert arguments(checker_sees, line) is None
