"""Addresses that a vendor names: resolved against the one that was asked, and followed only on its own origin.

The scheme, host and port of what comes out are always those that were asked; only path and query are the
vendor's. Nothing of an address gets into an error but where it leads to: the rest may hold a credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from connector.egress import same_origin
from connector.errors import PagingBroken

__all__ = ["Link", "follow", "read_links"]

_LONGEST = 8_192


def follow(link: str, asked: str) -> str:
    """The complete URL of `link` as it stands in the answer of `asked` (RFC 3986 §5), its fragment left out.

    Raises PagingBroken for what can be read in several ways, leads to another origin, or is `asked` again.
    """
    if not (link.isascii() and link.isprintable()) or " " in link or "\\" in link:
        raise PagingBroken(
            "the next page's address has a space, a backslash, a control or a non-ASCII character"
        )
    if len(link) > _LONGEST:
        raise PagingBroken(f"the next page's address is longer than {_LONGEST:,} characters")
    try:
        given = urlsplit(link)
        whole = urljoin(asked, link)
        parts = urlsplit(whole)
    except ValueError:
        raise PagingBroken("the next page's address can't be read as a URL") from None
    if given.scheme and not (given.scheme in ("http", "https") and given.netloc):
        raise PagingBroken("the next page's address is no http or https URL")
    if "@" in parts.netloc:
        raise PagingBroken("the next page's address names a user before its host")
    here = urlsplit(asked)
    if not same_origin(whole, asked):  # shown as it is written: a secret in capitals is redacted only as such
        raise PagingBroken(
            f"the next page leads to {parts.scheme}://{parts.netloc}, which is not {here.scheme}://{here.netloc}",
            hint="credentials go to no other address than the account's; is its base address right?",
        )
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        raise PagingBroken("the next page's address has dot segments")
    url = urlunsplit((here.scheme, here.netloc, parts.path or "/", parts.query, ""))
    if url == asked:
        raise PagingBroken(
            "the vendor's paging goes in a circle: the next page is the one that was asked for"
        )
    return url


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a Link header: its target as written, and its parameters by lower-case name."""

    target: str
    parameters: Mapping[str, str]

    @property
    def relations(self) -> frozenset[str]:
        return frozenset(self.parameters["rel"].lower().split())


_BETWEEN = re.compile(r"[ \t,]*")
_TARGET = re.compile(r"<([^<>]*)>[ \t]*")
_PARAMETER = re.compile(
    r""";[ \t]*
    (?: (?P<name>[!\#$%&'*+.^_`|~0-9A-Za-z-]+) [ \t]*
        (?: =[ \t]* (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<plain>[^ \t;,"]+) ) [ \t]* )?
    )?""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


def read_links(text: str) -> Iterator[Link]:
    """The links of a Link header (RFC 8288 §3), several headers folded into one by commas. Raises PagingBroken.

    What can't be read to its end, or has no relation, is an error: half of a header looks like one without a next page.
    """
    at = _after(_BETWEEN, text, 0)
    while at < len(text):
        target = _TARGET.match(text, at)
        if target is None:
            raise _unreadable(at)
        at = target.end()
        parameters: dict[str, str] = {}
        while found := _PARAMETER.match(text, at):
            at = found.end()
            if found["name"] is not None:
                value = found["plain"] or _ESCAPED.sub(r"\1", found["quoted"] or "")
                parameters.setdefault(found["name"].lower(), value)  # of several, the first counts
        if at < len(text) and text[at] != ",":
            raise _unreadable(at)
        if not parameters.get("rel", "").strip():
            raise PagingBroken("the Link header has a link that doesn't say what it is (rel)")
        yield Link(target[1], parameters)
        at = _after(_BETWEEN, text, at)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _unreadable(at: int) -> PagingBroken:
    return PagingBroken(f"the Link header can't be read from character {at + 1} on")
