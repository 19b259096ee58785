"""Cursors: the place in a listing, sealed, so that only the account and the listing it came from can go on.

A cursor is opaque text (AES-256-GCM; it may hold e-mail addresses and a vendor's tokens), versioned, and
carries a digest of each thing that it is bound to. Opening one under another binding is refused by name;
an edited one cannot be opened at all. Nothing here knows what a place looks like inside.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.errors import CursorInvalid, VendorError

__all__ = ["Seal", "digest"]

_VERSION = "c1"
_NONCE_BYTES = 12
_MAX_CHARS = 16_384
_MAX_BYTES = 65_536


def digest(*parts: Any) -> str:
    """A short, stable fingerprint (64 bits) of plain values."""
    text = msgspec.json.encode(parts, order="deterministic")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


@dataclass(frozen=True)
class Seal:
    """Seals and opens cursors with keys of 32 bytes: the first seals, all open."""

    keys: Sequence[bytes] = field(repr=False)

    @classmethod
    def from_material(cls, material: bytes) -> Seal:
        """A seal whose key is derived (HKDF-SHA256, RFC 5869) from secret material of any length."""
        return cls([HKDF(SHA256(), 32, salt=None, info=b"directory-connector cursor").derive(material)])

    def seal(self, place: Mapping[str, Any], binding: Mapping[str, str]) -> str:
        """The cursor for `place`, bound to every entry of `binding` (name -> digest).

        Raises VendorError for a place that `unseal` would refuse: a vendor's token may be of any length.
        """
        text = msgspec.json.encode({"place": place, "binding": binding})
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.keys[0]).encrypt(nonce, zlib.compress(text), _VERSION.encode())
        cursor = f"{_VERSION}.{base64.urlsafe_b64encode(nonce + sealed).rstrip(b'=').decode()}"
        if len(text) > _MAX_BYTES or len(cursor) > _MAX_CHARS:
            raise VendorError(
                f"the vendor's token for the next page is too long for a cursor ({len(text):,} bytes)"
            )
        return cursor

    def unseal(self, cursor: str, binding: Mapping[str, str]) -> tuple[dict[str, Any], frozenset[str]]:
        """(place, names of bindings that differ). Raises CursorInvalid when it can't be opened at all."""
        content = self._open(cursor)
        bound = content["binding"]
        differing = frozenset(
            name for name in binding.keys() | bound.keys() if binding.get(name) != bound.get(name)
        )
        return content["place"], differing

    def _open(self, cursor: str) -> Any:
        version, _, text = cursor.partition(".")
        if version != _VERSION or len(cursor) > _MAX_CHARS:
            raise CursorInvalid(
                "next_cursor is not a cursor of this version; begin the listing again without it"
            )
        try:
            blob = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise CursorInvalid(
                "next_cursor was cut or edited; send it back exactly as it was given"
            ) from None
        for key in self.keys:
            try:
                packed = AESGCM(key).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _VERSION.encode())
            except (InvalidTag, ValueError):
                continue
            return msgspec.json.decode(zlib.decompressobj().decompress(packed, _MAX_BYTES))
        raise CursorInvalid(
            "next_cursor can't be opened: it was edited, or belongs to another account or another key",
            hint="send it back exactly as it was given, to the account that it came from",
        )
