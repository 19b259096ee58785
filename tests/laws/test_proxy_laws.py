"""Nothing passes the proxy of any connector but what it lists, and nothing that it lists writes.

Of commands, every name and alias of the vendor's own command line (its package from PyPI) is tried with every option
that it has, and what passes is given word by word to both of the vendor's readers.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.definition import Api
from connector.errors import InvalidRequest
from connector.exchange import VERBS, Chosen
from connector.policy import METHODS, Proxy
from connector.target import read_target
from tests.commander.tokenisers import checker_sees, commands, executor_sees
from tests.contract.cases import connectors, loaded

APIS = {
    f"{name}.{api_name}": api
    for name in connectors()
    for api_name, api in loaded(name).definition.apis.items()
}
LINES = "keeper.commander"
READS = {"whoami", "enterprise-down", "enterprise-info", "scim list", "audit-report"}
"""The commands that only read the directory, and only with the options that the connector lists."""
WRITES_A_FILE = {"--output", "--file", "--filename", "--out-dir", "--output-dir", "--from-file"}
REACHES_RECORDS = {"--record-uid", "--shared-folder-uid", "--max-record-details", "--record", "--folder"}


def passes(api: Api, method: str, path: str) -> bool:
    """Whether a call passes, its path read as a caller writes it."""
    try:
        target = read_target(f"any{path}")
    except InvalidRequest:
        return False
    return api.proxy is not None and api.proxy.allows(method, target.segments)


def lists(api: Api, method: str, path: str) -> bool:
    """The same by another way: each pattern as a regular expression over the plain path."""
    for pattern in api.proxy.allow if api.proxy else ():
        listed, _, steps = pattern.partition(" ")
        parts = [
            {"*": "/[^/]+", "**": "(?:/[^/]*)*"}.get(step, "/" + re.escape(step))
            for step in steps.split("/")[1:]
        ]
        if listed == method and re.fullmatch("".join(parts), path):
            return True
    return False


def line(words: list[str]) -> str | None:
    """The command line of these words; None where they don't pass."""
    policy = APIS[LINES].proxy
    assert policy is not None
    try:
        return policy.line(words)
    except InvalidRequest:
        return None


@pytest.mark.parametrize("name", APIS)
@given(
    st.sampled_from(METHODS),
    st.lists(
        st.sampled_from(
            ["Users", "Groups", "1", "health", "api", "v2", "queue", "status", "x", "Schemas", ""]
        ),
        max_size=5,
    ),
)
def test_nothing_passes_that_is_not_listed(name: str, method: str, steps: list[str]) -> None:
    path = "/" + "/".join(steps)
    if "" in steps[:-1]:
        assert not passes(APIS[name], method, path)
    else:
        assert passes(APIS[name], method, path) is lists(APIS[name], method, path)


@pytest.mark.parametrize("name", APIS)
def test_only_reading_methods_are_listed_and_no_call_that_writes(name: str) -> None:
    api = APIS[name]
    assert {pattern.partition(" ")[0] for pattern in (api.proxy.allow if api.proxy else ())} <= {
        "GET",
        "HEAD",
    }
    for resource in api.resources.values():
        for call in (*resource.named_calls().values(), *(change for _, change in resource.changes())):
            if call.effect == "write" and call.verb in VERBS:
                path = re.sub(r"\{[^}]*\}", "x", call.path_text)
                assert not passes(api, call.verb.upper(), path)
    for way in api.exchanges.values():
        if not isinstance(way, Chosen):
            assert not passes(api, way.submit.verb.upper(), way.submit.path_text)


def test_an_api_that_writes_by_get_has_no_proxy() -> None:
    assert APIS["keeper.partner"].proxy is None
    assert [name for name, api in APIS.items() if api.proxy is not None and api.proxy.commands] == [LINES]


HOSTILE = [
    "/../x",
    "/%2e%2e/x",
    "/..;/x",
    "//host/x",
    "/%2f..",
    "/Users/../../x",
    "/Users/%252e%252e",
    "/Users\\..",
    "/Users/;/x",
]


@pytest.mark.parametrize("name", APIS)
def test_no_hostile_path_passes(name: str) -> None:
    for method in METHODS:
        assert [path for path in HOSTILE if passes(APIS[name], method, path)] == []


# -- commands: every one that the vendor's command line has ------------------------------------------------------


@cache
def parser_of(command: Any) -> argparse.ArgumentParser | None:
    found = command.get_parser() if hasattr(command, "get_parser") else None
    return found if isinstance(found, argparse.ArgumentParser) else None


def options_of(command: Any) -> Iterator[tuple[str, bool]]:
    """(each option of a command, whether it takes a value)."""
    parser = parser_of(command)
    for action in parser._actions if parser else ():
        for option in action.option_strings:
            yield option, action.nargs != 0


ALL = commands()


def listed() -> Proxy:
    policy = APIS[LINES].proxy
    assert policy is not None
    return policy


def test_there_are_many_commands() -> None:
    assert len(ALL) > 400
    assert {"enterprise-user", "eu", "ei", "share-record", "rm", "pam action", "scim push"} <= set(ALL)
    assert set(ALL) >= READS


def tries(name: str) -> Iterator[tuple[str | None, list[str]]]:
    """(the option, the words) of all that is tried with a command: each option that it has, and some that write."""
    words = name.split(" ")
    yield None, words
    values = dict(text.partition("=")[::2] for text in listed().commands.get(name, ()))
    for option, _ in [*options_of(ALL[name]), ("--lock", False), ("-f", False), ("--delete", False)]:
        value = values.get(option, "").partition("|")[0] or "x"
        yield option, [*words, option]
        yield option, [*words, option, value]
        yield option, [*words, f"{option}={value}"]
        yield option, [*words, "x", option]


def test_only_commands_that_read_pass_and_none_by_another_name() -> None:
    """Over every name and alias, with every option, reading and writing."""
    passed: dict[str, set[str | None]] = {}
    for name in ALL:
        for option, words in tries(name):
            if line(words) is not None:
                passed.setdefault(name, set()).add(option)
        if name not in READS:
            assert line([*name.split(" "), "x"]) is None
    wanted = {
        name: {None, *(text.partition("=")[0] for text in options if text != "pattern")}
        for name, options in listed().commands.items()
    }
    assert passed == wanted
    assert set(passed) == READS


@pytest.mark.parametrize("name", sorted(READS))
def test_an_option_takes_a_value_where_the_vendor_s_does(name: str) -> None:
    known = dict(options_of(ALL[name]))
    for text in listed().commands[name]:
        option, takes_value, _ = text.partition("=")
        if option != "pattern":
            assert known[option] is bool(takes_value), option


@pytest.mark.parametrize("name", sorted(READS))
def test_what_a_command_lists_is_there_and_only_reads(name: str) -> None:
    known = dict(options_of(ALL[name]))
    parser = parser_of(ALL[name])
    assert parser is not None
    options = [text.partition("=")[0] for text in listed().commands[name] if text != "pattern"]
    assert set(options) <= set(known)
    assert not set(options) & (WRITES_A_FILE | REACHES_RECORDS)
    for text in listed().commands[name]:
        option, _, values = text.partition("=")
        action = parser._option_string_actions.get(option)
        if values and action is not None:
            assert set(values.split("|")) <= set(action.choices or ())


def test_the_policy_lists_these_and_no_others() -> None:
    assert set(listed().commands) == READS


@pytest.mark.parametrize("name", sorted(READS))
def test_no_option_passes_shortened_or_joined(name: str) -> None:
    words = name.split(" ")
    for option, _ in options_of(ALL[name]):
        cut = [option[:end] for end in range(2, len(option))]
        own = {text.partition("=")[0] for text in listed().commands[name]}
        for short in set(cut) - own:
            assert line([*words, short]) is None
            assert line([*words, short, "json"]) is None
            assert line([*words, f"{short}=json"]) is None
    for joined in ("-nu", "-uv", "-vq", "-u=1", "-v3f", "--", "-"):
        assert line([*words, joined]) is None


@pytest.mark.parametrize(
    "first", ["enterprise-user", "eu", "Enterprise-User", "enterprise-user ", " enterprise-user"]
)
@pytest.mark.parametrize(
    "rest", [["x", "--lock"], ["x"], [], ["x", "--delete", "-f"], ["--lock", "x"], ["@all", "--unlock"]]
)
def test_users_are_never_locked_through_the_proxy(first: str, rest: list[str]) -> None:
    assert line([first, *rest]) is None
    assert line([" ".join([first, *rest])]) is None
    for read in READS:
        assert line([*read.split(" "), ";", first, *rest]) is None
        assert line([*read.split(" "), "\n", first, *rest]) is None


VALUES = [
    "Sales",
    "two words",
    "it's",
    'a"b',
    "$(whoami)",
    "`x`",
    "; rm x",
    "a|b",
    "$HOME",
    "東京",
    "x=--lock",
    "a,b,c",
    ">=1",
    "#",
]


def allowed_words(name: str) -> Iterator[list[str]]:
    """Words that pass, with each option and each kind of value."""
    words = name.split(" ")
    yield words
    for text in listed().commands[name]:
        option, takes_value, values = text.partition("=")
        if option == "pattern":
            yield from ([*words, value] for value in VALUES)
        elif not takes_value:
            yield [*words, option]
        else:
            for value in values.split("|") if values else VALUES:
                yield [*words, option, value]
                yield [*words, f"{option}={value}"]


@pytest.mark.parametrize("name", sorted(READS))
def test_the_far_end_sees_exactly_the_words_that_were_given(name: str) -> None:
    for words in allowed_words(name):
        written = line(words)
        assert written is not None, words
        assert checker_sees(written) == words
        # A group of commands takes its own word off before the words of the one below are split.
        assert executor_sees(written) == [words[0], *words[name.count(" ") + 1 :]]


@given(
    st.lists(
        st.text(max_size=12)
        | st.sampled_from(["-u", "--users", "--node", "--format", "json", "--output", "@all", "x"]),
        max_size=5,
    )
)
def test_any_words_are_seen_as_they_are_or_do_not_pass(rest: list[str]) -> None:
    words = ["enterprise-info", *rest]
    written = line(words)
    if written is not None:
        try:
            seen = checker_sees(written)
        except ValueError:
            return  # the vendor refuses more than we do
        assert seen == words
        assert executor_sees(written) == words


def test_json_is_asked_for_in_the_words_that_the_vendor_looks_for() -> None:
    """It reads its own line as text: `--format 'json'` would be another thing."""
    assert line(["enterprise-info", "--nodes", "--format", "json"]) == "enterprise-info --nodes --format json"
    assert line(["enterprise-info", "--format=json"]) == "enterprise-info --format=json"
