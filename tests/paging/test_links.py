"""Addresses of next pages: followed on the origin that was asked, refused everywhere else; and the Link header."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.egress import same_origin
from connector.errors import PagingBroken
from connector.paging.links import Link, follow, read_links

ASKED = "https://h.example:8443/v1/people?size=3"
HERE = "https://h.example:8443"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (f"{HERE}/v1/people?token=t", "/v1/people?token=t"),
        ("HTTPS://H.Example:8443/x", "/x"),
        ("//h.example:8443/x", "/x"),
        ("/x?a=%2F&b=;,$(){}'", "/x?a=%2F&b=;,$(){}'"),
        ("?token=t", "/v1/people?token=t"),
        ("more", "/v1/more"),
        ("./more", "/v1/more"),
        ("../more?x", "/more?x"),
        ("../../../../more", "/more"),
        ("/x#fragment", "/x"),
        (HERE, "/"),
        (f"{HERE}?a=1", "/?a=1"),
        (f"{HERE}/x?next=https://evil.example/", "/x?next=https://evil.example/"),
        ("/x?who=a@b.example", "/x?who=a@b.example"),
        ("/a:b", "/a:b"),
    ],
)
def test_a_link_is_resolved_against_what_was_asked(link: str, url: str) -> None:
    assert follow(link, ASKED) == HERE + url


@pytest.mark.parametrize(
    ("link", "asked", "url"),
    [
        ("https://h:443/x", "https://h/", "https://h/x"),
        ("https://h/x", "https://h:443/", "https://h:443/x"),
        ("http://h/x", "http://h:80/", "http://h:80/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/", "http://[::1]:8080/x"),
    ],
)
def test_the_host_is_written_as_it_was_asked(link: str, asked: str, url: str) -> None:
    assert follow(link, asked) == url


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("https://evil.example:8443/x", "leads to https://evil.example:8443, which is not https://h.example:8443"),
        ("//evil.example/x", "leads to https://evil.example"),
        ("///evil.example/x", None),
        ("http://h.example:8443/x", "leads to http://h.example:8443"),
        ("https://h.example/x", "leads to https://h.example, which is not"),
        ("https://h.example:8444/x", "leads to https://h.example:8444"),
        ("https://h.example.:8443/x", "which is not"),
        ("https://h.example.evil:8443/x", "which is not"),
        ("https://h.example:8443@evil.example/x", "names a user"),
        ("https://evil.example@h.example:8443/x", "names a user"),
        ("https://@h.example:8443/x", "names a user"),
        ("//user:word@h.example:8443/x", "names a user"),
        ("https://h.example:8443\\@evil.example/x", "a backslash"),
        ("/\\evil.example", "a backslash"),
        ("\\\\evil.example/x", "a backslash"),
        ("https://h.example:8443/a b", "a space"),
        (" /x", "a space"),
        ("/x\n", "a control"),
        ("/x\tevil", "a control"),
        ("ht\ttps://evil.example/", "a control"),
        ("/x\x00", "a control"),
        ("/caf\u00e9", "non-ASCII"),
        ("https://h.ex\u00e4mple:8443/x", "non-ASCII"),
        ("https://\uff48.example:8443/x", "non-ASCII"),
        ("javascript:alert(1)", "no http or https URL"),
        ("file:///etc/passwd", "no http or https URL"),
        ("ftp://h.example:8443/x", "no http or https URL"),
        ("https:/x", "no http or https URL"),
        ("https:x", "no http or https URL"),
        ("people:list", "no http or https URL"),
        ("https://[h.example:8443/x", "can't be read as a URL"),
        ("https://h.example:port/x", "which is not"),
        ("https://h.example:99999/x", "which is not"),
        (ASKED, "goes in a circle"),
        ("", "goes in a circle"),
        ("#more", "goes in a circle"),
        ("?size=3", "goes in a circle"),
        ("/" + "x" * 9_000, "longer than 8,192"),
    ],
)  # fmt: skip
def test_a_link_that_leads_elsewhere_is_refused(link: str, message: str | None) -> None:
    if message is None:
        assert follow(link, ASKED).startswith(HERE)
        return
    with pytest.raises(PagingBroken) as refused:
        follow(link, ASKED)
    assert message in str(refused.value)


def test_an_error_shows_nothing_of_a_link_but_where_it_leads() -> None:
    for link in (
        "https://evil.example/path-secret?key=secret#secret",
        "https://secret:secret@h.example:8443/",
    ):
        with pytest.raises(PagingBroken) as refused:
            follow(link, ASKED)
        assert "secret" not in f"{refused.value!r} {refused.value.to_dict()}"


@given(st.text(max_size=30) | st.from_regex(r"(https?:)?[/\\]{0,3}[a-z@:.#?\[\]]{0,20}", fullmatch=True))
def test_whatever_a_link_is_it_leads_to_the_origin_that_was_asked(link: str) -> None:
    try:
        url = follow(link, ASKED)
    except PagingBroken:
        return
    assert url.startswith(f"{HERE}/")
    assert same_origin(urljoin(ASKED, link), ASKED)
    assert urlsplit(url).fragment == ""


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        (" , ,\t", []),
        ('<a>; rel="next"', [("a", {"rel": "next"})]),
        ("<a>;rel=next", [("a", {"rel": "next"})]),
        ("<a> ; REL = NEXT ", [("a", {"rel": "NEXT"})]),
        ('<a>; title="x"; rel="next"', [("a", {"title": "x", "rel": "next"})]),
        ('<a>; rel="prev next"', [("a", {"rel": "prev next"})]),
        ('<a>; rel="next"; rel="last"', [("a", {"rel": "next"})]),
        ("<a>; rel=next; title*=UTF-8'de'x;", [("a", {"rel": "next", "title*": "UTF-8'de'x"})]),
        ("<a>; crossorigin; rel=next", [("a", {"crossorigin": "", "rel": "next"})]),
        ("<a>;; ;rel=next", [("a", {"rel": "next"})]),
        ("<a?b=1,2;3>; rel=next", [("a?b=1,2;3", {"rel": "next"})]),
        ('<a>; title="x, <b>; rel=\\"next\\""; rel=last', [("a", {"title": 'x, <b>; rel="next"', "rel": "last"})]),
        ("<a>; rel=prev, <b>; rel=next", [("a", {"rel": "prev"}), ("b", {"rel": "next"})]),
        ("<a>; rel=prev,,\t<b>; rel=next,", [("a", {"rel": "prev"}), ("b", {"rel": "next"})]),
        ("<>; rel=next", [("", {"rel": "next"})]),
        ("<a>; rel=https://x/y", [("a", {"rel": "https://x/y"})]),
    ],
)  # fmt: skip
def test_a_link_header_is_read(text: str, links: list[tuple[str, dict[str, str]]]) -> None:
    assert [(link.target, link.parameters) for link in read_links(text)] == links


@pytest.mark.parametrize(
    "text",
    [
        "a; rel=next",
        "<a; rel=next",
        "<a>",
        "<a> rel=next",
        "<a>; title=x",
        "<a>; rel",
        '<a>; rel=""',
        '<a>; rel=" "; rel=next',
        '<a>; rel="next',
        '<a>; rel="next\\"',
        "<a>; rel=",
        "<a>; rel=next <b>; rel=last",
        "<a>; rel=next; =x",
        '<a>; rel=next"',
        "<a>; rel=next, b",
        "null",
        "<a<b>>; rel=next",
    ],
)
def test_a_link_header_that_can_not_be_read_is_an_error(text: str) -> None:
    with pytest.raises(PagingBroken, match="Link header"):
        list(read_links(text))


@given(st.text(alphabet='<>;,= "\\abrelnxt', max_size=60))
def test_whatever_a_link_header_is_it_is_read_or_an_error(text: str) -> None:
    try:
        links = list(read_links(text))
    except PagingBroken:
        return
    assert all(link.relations for link in links)


def test_relations_are_words_without_letter_case() -> None:
    assert Link("a", {"rel": "Prev  NEXT"}).relations == {"prev", "next"}


def test_a_long_header_is_read_in_one_go() -> None:
    text = ", ".join(f'<https://h/{n}>; rel="x"; title="{"a" * 100}"' for n in range(2_000))
    assert len(list(read_links(text))) == 2_000
    with pytest.raises(PagingBroken):
        list(read_links("<a>" + "; " * 50_000 + "!"))
    with pytest.raises(PagingBroken):
        list(read_links('<a>; rel="' + "\\" * 50_001))
