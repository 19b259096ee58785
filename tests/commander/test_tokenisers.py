"""Where the two readers of a command line agree on a quoted value, where they differ, and what each refuses."""

from __future__ import annotations

import html
import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commander.tokenisers import checker_sees, executor_sees

# Pieces that mean something to one of the two, beside plain ones.
PIECES = st.sampled_from(
    [*"\\'\"${}&#;-@!= \t/~|`()%xé\u2028\xa0\x1b", "39", "amp", "lt", "apos", "copy", "all"]
)
VALUES = st.one_of(st.lists(PIECES, max_size=9).map("".join), st.text(max_size=20))


def line_of(value: str) -> str:
    return f"enterprise-info {shlex.quote(value)} --users"


def doubled(arguments: list[str]) -> list[str]:
    return [argument.replace("\\", "\\\\") for argument in arguments]


@given(VALUES)
def test_a_quoted_value_is_one_argument_for_both_or_is_refused(value: str) -> None:
    line = line_of(value)
    try:
        executed = executor_sees(line)
    except ValueError as refusal:
        assert set(value) & set("\r\n\0"), refusal  # noqa: PT017 - what is refused is the point
        return
    assert executed == ["enterprise-info", value, "--users"]
    try:
        checked = checker_sees(line)
    except ValueError as refusal:
        assert (  # noqa: PT017
            value == "--" or "${" in value or html.unescape(line) != line
        ), refusal
        return
    assert checked == doubled(executed) or html.unescape(line) != line


@pytest.mark.parametrize("value", ["a\\b", "\\", "x\\'y", '\\"', "\\n"])
def test_the_checker_sees_each_backslash_twice(value: str) -> None:
    assert executor_sees(line_of(value))[1] == value
    assert checker_sees(line_of(value))[1] == value.replace("\\", "\\\\")


@pytest.mark.parametrize(
    ("value", "checked"), [("R&amp;D", "R&D"), ("&lt", "<"), ("R&copy", "R©"), ("&#65", "A"), ("&#x41;", "A")]
)
def test_the_checker_alone_resolves_entities_and_needs_no_semicolon(value: str, checked: str) -> None:
    assert executor_sees(line_of(value))[1] == value
    assert checker_sees(line_of(value))[1] == checked


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("&#39", "Invalid command syntax"),
        ("x&apos;", "Invalid command syntax"),
        ("${HOME}", r"'\$\{VARNAME\}' environment-variable syntax is not permitted"),
        ("--", "'--' argument separator is not permitted"),
        ("Commander Service Mode Config", "configuration records are not accessible"),
        ("x=commander service mode", "configuration records are not accessible"),
        ("x" * 4_096, "Command length exceeded"),
    ],
)
def test_what_the_checker_alone_refuses(value: str, words: str) -> None:
    assert executor_sees(line_of(value))[1] == value
    with pytest.raises(ValueError, match=f"^refused: .*{words}"):
        checker_sees(line_of(value))


@pytest.mark.parametrize("character", ["\n", "\r", "\0"])
def test_what_the_executor_alone_refuses(character: str) -> None:
    line = line_of(f"a{character}b")
    assert checker_sees(line)[1] == f"a{character}b"
    with pytest.raises(ValueError, match="refused"):
        executor_sees(line)


@pytest.mark.parametrize(
    "value",
    ["$HOME", "${}", "${a-b}", "@all", "#x", "!x", "*", "%s", "R&D", "\t", "\x1b", "\u2028", "\u202e", "-q"],
)
def test_what_is_the_same_for_both(value: str) -> None:
    line = line_of(value)
    assert checker_sees(line) == executor_sees(line) == ["enterprise-info", value, "--users"]


def test_with_double_quotes_they_differ() -> None:
    line = 'enterprise-info "x\\" --lock \\"y"'
    assert executor_sees(line) == ["enterprise-info", 'x" --lock "y']
    assert checker_sees(line) == ["enterprise-info", "x\\", "--lock", "\\y"]
    with pytest.raises(ValueError, match="refused: No closing quotation"):
        executor_sees('enterprise-info "a\\"')


@pytest.mark.parametrize("line", ["enterprise-info\tx", "'enterprise-info' x", " enterprise-info x"])
def test_the_executor_takes_a_command_up_to_the_first_blank_only(line: str) -> None:
    assert checker_sees(line) == ["enterprise-info", "x"]
    with pytest.raises(ValueError, match="refused"):
        executor_sees(line)


def test_the_vendor_s_import_leaves_the_streams_alone(capsys: pytest.CaptureFixture[str]) -> None:
    checker_sees(line_of("x"))
    assert type(sys.stdout).__module__ != "colorama.ansitowin32"
    assert capsys.readouterr() == ("", "")
