"""Content encodings of an answer, undone with a cap.

Promises: never holds more than the allowed bytes and one, however small the packed body is; a body that is
cut off is told from one that is wrong. Knows nothing of calls; an error shows the encodings' names, never
the body.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["decode", "encodings_of"]

MAX_ENCODINGS: Final = 3
MAX_NAMES_SHOWN: Final = 80

_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def encodings_of(headers: Mapping[str, str]) -> list[str]:
    """The encodings that a body has, first applied first; header names are lower case."""
    names = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    return [name for name in names if name not in ("", "identity")]


def decode(body: bytes, encodings: Sequence[str], most: int) -> bytes:
    """The body without its encodings.

    Raises ValueError for what can't be read, EOFError for a body that is cut off (both say so in words), and
    OverflowError for one over `most` bytes.
    """
    shown = ", ".join(encodings)[:MAX_NAMES_SHOWN]
    if len(encodings) > MAX_ENCODINGS or not set(encodings) <= _WINDOW_BITS.keys():
        raise ValueError(f"the answer's content-encoding is {shown!a}; gzip and deflate can be read")
    try:
        for name in reversed(encodings):
            body = _inflate(body, name, most)
    except zlib.error:
        raise ValueError(f"the answer is not {shown}") from None
    except EOFError:
        raise EOFError(f"the {shown} answer ends too early") from None
    return body


def _inflate(body: bytes, encoding: str, most: int) -> bytes:
    """Raises zlib.error, EOFError for a body that is cut off, OverflowError for one over `most` bytes."""
    bits = _WINDOW_BITS[encoding]
    if encoding == "deflate" and not (body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0):  # noqa: PLR2004 - RFC 1950 §2.2
        bits = -15  # many servers leave the zlib wrapping out
    parts, size = [], 0
    while body:  # a gzip body may have several members
        stream = zlib.decompressobj(bits)
        part = stream.decompress(body, most - size + 1)
        size += len(part)
        if size > most:
            raise OverflowError
        if not stream.eof:
            raise EOFError
        parts.append(part)
        body = stream.unused_data
    return b"".join(parts)
