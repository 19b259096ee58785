"""Takes declared secrets out of text, in every encoding that they may have on the way.

Works from the values that a connector declares secret, never from looks. What it can't find it can't hide,
so nothing that holds credentials (headers, queries, bodies of requests) is put into messages to begin with.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

__all__ = ["Redaction"]

_SHOWN = "[redacted]"


@dataclass(frozen=True, repr=False)
class Redaction:
    """Hides the given secret values."""

    forms: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Redaction:
        forms: set[str] = set()
        for secret in secrets:
            if secret:
                raw = secret.encode()
                forms |= {
                    secret,
                    quote(secret, safe=""),
                    quote(secret),
                    quote_plus(secret),
                    json.dumps(secret)[1:-1],
                }
                forms |= {
                    base64.b64encode(raw).decode().rstrip("="),
                    base64.urlsafe_b64encode(raw).decode().rstrip("="),
                }
                forms |= {raw.hex(), repr(secret)[1:-1]}
        return cls(tuple(sorted(forms, key=len, reverse=True)))

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
        return value
