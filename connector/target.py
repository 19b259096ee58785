"""What a caller of the proxy asks for, `api/path?query`, checked so that it can be read in one way only. Pure.

The text goes out as it came. What two readers of a path may take for two paths is refused: dot segments in every
encoding, an encoded slash or backslash, double encoding, `;`, empty segments but one at the end, whole URLs,
fragments, characters that must be encoded and aren't, and bytes that are no UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus, unquote_to_bytes

from connector.errors import InvalidRequest

__all__ = ["MAX_CHARS", "Target", "read_target"]

MAX_CHARS: Final = 8_000

_API = re.compile(r"[a-z][a-z0-9_]*(\[[A-Za-z0-9._~-]{1,100}\])?")
_PLAIN: Final = r"A-Za-z0-9._~!$&'()*+,=:@/%\-"
_NOT_IN_PATH = re.compile(rf"[^{_PLAIN};]")
_NOT_IN_QUERY = re.compile(rf"[^{_PLAIN}?\[\];]")
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_FORM: Final = "write api/path?query, as in api/Users?count=10"


@dataclass(frozen=True)
class Target:
    """A path below an api's base address, and its query, as they go out."""

    api: str
    """Its name; of one entry of several, `api[key]`."""
    path: str
    """From its first slash on, unchanged."""
    query: str | None
    """Behind the question mark, unchanged; None: there is no question mark."""
    segments: tuple[str, ...]
    """The path's segments, each decoded once: what a policy is asked about."""

    @property
    def text(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def parameters(self) -> frozenset[str]:
        """The names in the query, decoded."""
        parts = re.split("[&;]", self.query or "")
        return frozenset(unquote_plus(part.partition("=")[0]) for part in parts if part)


def read_target(text: str) -> Target:
    """The target. Raises InvalidRequest with what is wrong with it, and never repeats its query."""
    if not isinstance(text, str):
        raise InvalidRequest(f"the path: expected text, got {type(text).__name__}")
    if len(text) > MAX_CHARS:
        raise InvalidRequest(f"the path and its query are longer than {MAX_CHARS:,} characters")
    if "#" in text:
        raise InvalidRequest("a fragment (#) is never sent; a # that is meant is written %23")
    given, mark, query = text.partition("?")
    if "://" in given or given.startswith("/"):
        raise InvalidRequest("the path begins with the api's name, without scheme, host or slash", hint=_FORM)
    if "\\" in text:
        raise InvalidRequest("a backslash may stand for a slash; one that is meant is written %5C in a query")
    api, slash, rest = given.partition("/")
    _check_characters(rest if _API.fullmatch(api) else given, _NOT_IN_PATH, "path")
    _check_characters(query, _NOT_IN_QUERY, "query")
    if not _API.fullmatch(api) or not slash:
        raise InvalidRequest(
            "the path names an api and, behind a slash, what is below its base address", hint=_FORM
        )
    segments = tuple(_read_segment(segment) for segment in rest.split("/"))
    if "" in segments[:-1]:
        raise InvalidRequest("a path with an empty segment (//) may be read in two ways")
    return Target(api, f"/{rest}", query if mark else None, segments)


def _check_characters(text: str, wrong: re.Pattern[str], place: str) -> None:
    found = wrong.search(text)
    if found is not None:
        code = "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))
        raise InvalidRequest(f"the {place} has {found[0]!a}, which may not stand there; write {code}")
    if _LOOSE_PERCENT.search(text):
        raise InvalidRequest(
            f"a % in the {place} stands before two hexadecimal digits; one that is meant is %25"
        )


def _read_segment(raw: str) -> str:
    """The segment, decoded once. Raises InvalidRequest where another reader could take it for something else."""
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest(f"the segment {raw!r} of the path is not UTF-8 when it is decoded") from None
    if _ENCODED.search(text):
        raise InvalidRequest(f"the segment {raw!r} of the path is encoded twice")
    if ";" in text:
        raise InvalidRequest(
            f"the segment {raw!r} of the path has a `;`, behind which some servers read no further"
        )
    # Some servers take a full-width stop or slash for the plain one.
    seen = text + unicodedata.normalize("NFKC", text)
    if "/" in seen or "\\" in seen:
        raise InvalidRequest(f"the segment {raw!r} of the path holds a slash or a backslash")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text):
        raise InvalidRequest(f"the segment {raw!r} of the path has a character that can't be printed")
    if text and not unicodedata.normalize("NFKC", text).strip(". "):
        raise InvalidRequest(f"the segment {raw!r} of the path is a dot segment, or may be taken for one")
    return text
