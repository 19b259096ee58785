"""`{value:shell}`: a value is one word of a command line, unchanged, or is not sent."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.template import QUOTINGS, UNDEFINED, Unquotable, parse_template


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ann", "'ann'"),
        ("a b", "'a b'"),
        (" a ", "' a '"),
        ("it's", "'it'\"'\"'s'"),
        ("'", "''\"'\"''"),
        ('"', "'\"'"),
        ("a-b --c", "'a-b --c'"),
        ("$HOME $(x) `x`", "'$HOME $(x) `x`'"),
        ("a;b|c>d*?[e]{f}~#!", "'a;b|c>d*?[e]{f}~#!'"),
        ("R&D a&b AT&T", "'R&D a&b AT&T'"),
        ("ann@example.org", "'ann@example.org'"),
        ("Zoë 東京", "'Zoë 東京'"),
        (7, "'7'"),
        (1.5, "'1.5'"),
        (True, "'true'"),
    ],
)
def test_a_word_of_a_command_line(value: Any, written: str) -> None:
    assert QUOTINGS["shell"](value) == written


UNSAFE: list[tuple[Any, str]] = [
    *((value, "is blank, or begins with -") for value in ("", " ", "   ", "-", "-x", "--all", -5, -0.5)),
    *((value, "backslash, ${, @all or an HTML entity")
      for value in ("\\", "a\\", "\\'", "${", "${HOME}", "a${b", "@all", "x@ALL.y", "@aLl", "&lt", "&lt;", "&quot;", "&#39;", "&#x27;", "a&amp;b", "x&notify")),
    *((value, "can't be printed")
      for value in ("a\nb", "\n", "\r", "\t", "\0", "\x1b[0m", "\x7f", "\x85", "\u2028", "\u202e", "\u200b", "\u00a0", "\ufeff", "\ud800", "a\udfffb")),
]  # fmt: skip


@pytest.mark.parametrize(("value", "reason"), UNSAFE, ids=[ascii(value) for value, _ in UNSAFE])
def test_what_no_quotes_make_safe_is_not_sent(value: Any, reason: str) -> None:
    with pytest.raises(Unquotable, match=re.escape(reason)) as refused:
        QUOTINGS["shell"](value)
    assert refused.value.http_status == 400


@pytest.mark.parametrize(("more", "is_sent"), [(0, True), (1, False)])
def test_a_command_line_has_its_longest(more: int, is_sent: bool) -> None:
    template = parse_template("find {value:shell} {columns:text}")
    longest = 4_096 - len("find '' id")
    values = {"value": "x" * (longest + more), "columns": "id"}
    if is_sent:
        assert len(template.fill_value(values)) == 4_096
    else:
        with pytest.raises(Unquotable, match="more than 4,096 characters"):
            template.fill_value(values)


def test_only_command_lines_have_a_longest() -> None:
    assert len(parse_template("find {value:double}").fill_value({"value": "x" * 5_000})) == 5_007


def test_a_command_line_without_its_value_is_none() -> None:
    assert parse_template("find {value:shell}").fill_value({}) is UNDEFINED
    assert parse_template("{value:shell}").fill_value({"value": None}) is UNDEFINED


@given(st.text(max_size=30) | st.text(alphabet="'\"\\$&;#-{}@ \tal\n", max_size=12))
def test_a_text_is_one_word_of_a_command_line_or_is_refused(value: str) -> None:
    try:
        quoted = QUOTINGS["shell"](value)
    except Unquotable:
        return
    assert shlex.split(f"cmd {quoted} end") == ["cmd", value, "end"]
    assert shlex.split(f"cmd --name={quoted}") == ["cmd", f"--name={value}"]
    assert quoted.isprintable()


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_letters_and_digits_can_always_stand_in_a_command_line(value: str) -> None:
    assert QUOTINGS["shell"](value) == f"'{value}'"
