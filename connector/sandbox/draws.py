"""Choices that follow from a key alone: no clock, no file, no randomness of the process, whatever Python's version."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

__all__ = ["Draw", "text_of"]

_T = TypeVar("_T")


class Draw:
    """Good for about 240 bits of choices."""

    def __init__(self, *key: object) -> None:
        digest = blake2b("/".join(map(str, key)).encode(), digest_size=32).digest()
        self._left = int.from_bytes(digest, "big")

    def below(self, limit: int) -> int:
        self._left, value = divmod(self._left, limit)
        return value

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))]


def text_of(seed: int, what: str, length: int) -> str:
    """So many bytes in base64url, as the vendor writes tokens and the uids of teams."""
    digest = blake2b(f"{seed}/{what}".encode(), digest_size=length).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
