"""What a caller of the proxy may ask for: one table of what goes out as it is written, one of what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import InvalidRequest
from connector.target import MAX_CHARS, read_target

GOOD = [
    ("scim/Users", "/Users", None, ("Users",)),
    ("scim/", "/", None, ("",)),
    ("scim/Users/", "/Users/", None, ("Users", "")),
    ("scim/Users?", "/Users", "", ("Users",)),
    ("scim/Users?b=2&a=1&b=3", "/Users", "b=2&a=1&b=3", ("Users",)),
    ("scim/Users?x=..&y=//a&z=%2e%2e%2f;q", "/Users", "x=..&y=//a&z=%2e%2e%2f;q", ("Users",)),
    ("scim/Users?x=a?b", "/Users", "x=a?b", ("Users",)),
    ("scim/%55sers/a%20b", "/%55sers/a%20b", None, ("Users", "a b")),
    ("scim/Users/%E6%9D%B1%e4%ba%ac", "/Users/%E6%9D%B1%e4%ba%ac", None, ("Users", "東京")),
    ("scim/a.b/..c/d..", "/a.b/..c/d..", None, ("a.b", "..c", "d..")),
    ("scim/a@b.c:d+e=f,g!h$i'j(k)*l~m", "/a@b.c:d+e=f,g!h$i'j(k)*l~m", None, ("a@b.c:d+e=f,g!h$i'j(k)*l~m",)),
    ("scim/100%25", "/100%25", None, ("100%",)),
    ("scim/a%3Fb%23c", "/a%3Fb%23c", None, ("a?b#c",)),
]  # fmt: skip
DOTS = [
    "..",
    ".",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%2e",
    "...",
    "..%20",
    "%20..",
    "%20",
    "%EF%BC%8E%EF%BC%8E",
    "%E2%80%A5",
]
HIDDEN = [
    "%252e%252e", "%25%32%65", "%2525", "a%2fb", "a%2Fb", "a%5cb", "a%5C..%5Cb", "%252f", "%EF%BC%8F", "%EF%BC%BC",
    "..;", "..;x=y", "a;x", ";", "a%3bx", "%3B", "%00", "a%00.json", "%0d%0aX:y", "%0A", "%7f", "%C2%85", "%E2%80%AE",
    "%c0%ae%c0%ae", "%c0%af", "%ff", "%e0%80%ae", "%ED%A0%80", "%u002e", "%", "a%2", "%zz", "%2 e",
]  # fmt: skip
RAW = [
    "a b",
    "\t",
    "\r\nX: y",
    "\0",
    "é",
    "東",
    "\x7f",
    "\\",
    "..\\x",
    "<",
    ">",
    '"',
    "{",
    "}",
    "|",
    "^",
    "`",
    "[",
    "#",
    "\ud800",
]
REFUSED = [
    *(f"scim/{prefix}{text}{suffix}" for text in DOTS for prefix in ("", "Users/") for suffix in ("", "/x")),
    *(f"scim/Users/{text}" for text in (*HIDDEN, *RAW)),
    *(f"scim/Users?x={text}" for text in (*RAW[:17], "#", "%", "%zz", "%2", "a%", "\ud800")),
    "", "/", "//", "///", "?", "#", "scim", "scim?x", "/scim/Users", "//scim/Users", "//host/Users", "///host/Users",
    "https://host/Users", "http://scim/Users", "https:/host", "https:host", "file:///etc/passwd", "javascript:x",
    "scim/https://host/x", "scim//Users", "scim//host/x", "scim/Users//x", "scim/Users//", "scim///", "\\\\host\\x",
    "scim@host/x", "scim:80/x", "scim%2fUsers", "scim/../other/x", "../scim/Users", "./scim/Users", "SCIM/Users",
    "scim.users/x", "scim /Users", " scim/Users", "scim/Users ", "scim/Users\n", "scim/x#y", "scim/x?y#z", "*/Users",
    "scim/" + "a" * MAX_CHARS, "scim/x?" + "a" * MAX_CHARS,
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "query", "segments"), GOOD, ids=[row[0] for row in GOOD])
def test_it_goes_out_as_it_is_written(
    text: str, path: str, query: str | None, segments: tuple[str, ...]
) -> None:
    target = read_target(text)
    assert (target.api, target.path, target.query, target.segments) == ("scim", path, query, segments)
    assert f"{target.api}{target.text}" == text


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_target(text)
    assert len(refused.value.message) < MAX_CHARS
    assert "\n" not in refused.value.message


def test_a_refusal_says_what_to_write() -> None:
    for text, words in (
        ("scim/a b", "' ', which may not stand there; write %20"),
        ("scim/é", "write %C3%A9"),
        ("scim/100%", "one that is meant is %25"),
        ("scim/x#y", "written %23"),
        ("/scim/x", "begins with the api's name"),
        ("scim/a/../b", "'..' of the path is a dot segment"),
        ("scim/%252e", "encoded twice"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            read_target(text)
        assert words in refused.value.message


@pytest.mark.parametrize("value", [None, 7, b"scim/Users", ["scim/Users"]])
def test_it_is_text(value: object) -> None:
    with pytest.raises(InvalidRequest, match="expected text"):
        read_target(value)  # type: ignore[arg-type]


def test_names_in_a_query_are_read_as_a_server_reads_them() -> None:
    assert read_target("scim/x?%6Bey=1&a+b=2;c&=d").parameters == {"key", "a b", "c", ""}


@given(st.text(alphabet="./%25eEfF2cC3bB;\\a?#: \t\0", max_size=14))
def test_what_passes_has_no_segment_that_leads_elsewhere(text: str) -> None:
    try:
        target = read_target(f"scim/{text}")
    except InvalidRequest:
        return
    assert f"scim{target.text}" == f"scim/{text}"
    for segment in target.segments:
        assert not set(segment) & set("/\\;\0")
        assert segment == "" or segment.strip(". ")
    assert "" not in target.segments[:-1]
