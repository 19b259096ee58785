"""Takes declared secrets out of text, in every encoding that they may have on the way.

Works from the values that a connector declares secret, never from looks. What it can't find it can't hide,
so nothing that holds credentials (headers, queries, bodies of requests) is put into messages to begin with.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

__all__ = ["Redaction"]

_SHOWN = "[redacted]"
_LONG = 8
_HEX = re.compile("[0-9a-f]{32,}")
_URL_SAFE = str.maketrans("+/", "-_")


@dataclass(frozen=True, repr=False)
class Redaction:
    """Hides the given secret values."""

    forms: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Redaction:
        forms = {form for secret in secrets if secret for part in _parts(secret) for form in _forms(part)}
        return cls(tuple(sorted(forms, key=len, reverse=True)))

    def also(self, secrets: Iterable[str]) -> Redaction:
        """Hides these as well."""
        more = Redaction.of(secrets).forms
        return Redaction(tuple(sorted({*self.forms, *more}, key=len, reverse=True))) if more else self

    def text(self, text: str) -> str:
        for form in self.forms:
            text = text.replace(form, _SHOWN)
        return text

    def json(self, value: Any) -> Any:
        """A JSON value with secrets taken out of its texts and keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.text(str(value)) != str(value)
        ):
            return _SHOWN
        return value


def _parts(secret: str) -> Iterator[str]:
    """The secret, and of one in several lines (a key in PEM) each line that holds a part of it."""
    yield secret
    lines = secret.splitlines()
    if len(lines) > 1:
        yield "".join(lines)
        yield from (line for line in lines if len(line) >= _LONG and not line.startswith("-----"))


def _forms(secret: str) -> Iterator[str]:
    yield secret
    if _HEX.fullmatch(secret):  # a digest, which means the same in capitals
        yield secret.upper()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    yield from quoted
    yield from (re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), text) for text in quoted)
    for written in (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    ):
        yield written
        yield written.replace("/", "\\/")
    yield html.escape(secret)
    raw = secret.encode()
    yield raw.hex()
    yield raw.hex().upper()
    yield from _inside_base64(raw)


def _inside_base64(raw: bytes) -> Iterator[str]:
    """How the secret looks in Base64, also inside a longer text (`user:secret`) at each of the three offsets."""
    if len(raw) < _LONG:
        whole = [base64.b64encode(raw).decode().rstrip("=")]  # a part of it would be found in any text
    else:
        whole = [
            base64.b64encode(b"\0" * before + raw).decode()[
                -(-8 * before // 6) : 8 * (before + len(raw)) // 6
            ]
            for before in range(3)
        ]
    for text in whole:
        yield text
        yield text.translate(_URL_SAFE)
