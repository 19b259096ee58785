"""The keys that secrets are sealed with, and where they come from.

What is sealed is bound to associated data and can be opened nowhere else. Every key has an id, so keys can
be changed: the first seals, all of them open. A key never appears in a repr, a message or an exception.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import shlex
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.errors import ConfigurationInvalid, ConnectorError

__all__ = ["Keyring", "SealBroken"]

_VERSION = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")  # shorter than a key in base64, so that a key can't pass for an id
_MAX_FILE_BYTES = 65_536
_FORM = "id:base64-of-32-bytes, several with commas, the current one first"
_MAKE = "a new key: echo k1:$(openssl rand -base64 32)"
_OTHERS = 0o077
_DERIVED = b"directory-connector derived: "
_SEALING = b"directory-connector sealing"  # no prefix of the above: no purpose yields the key that seals


class SealBroken(ConnectorError):
    """Sealed bytes can't be opened: other keys, another place, or they were changed.

    `missing_key` is the id of the key that they name, when the keyring has no such key.
    """

    def __init__(self, message: str, *, missing_key: str | None = None) -> None:
        super().__init__(message)
        self.missing_key = missing_key


@dataclass(frozen=True)
class _Key:
    id: str
    material: bytes = field(repr=False)

    def expand(self, info: bytes) -> bytes:
        """32 bytes that say nothing about the key or about those of another `info` (RFC 5869)."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(self.material)

    def cipher(self) -> AESGCM:
        return AESGCM(self.expand(_SEALING))


class Keyring:
    """Keys with ids; the first is the current one."""

    def __init__(self, keys: tuple[_Key, ...]) -> None:
        self._keys = keys
        self._ciphers = {key.id: key.cipher() for key in keys}

    @classmethod
    def parse(cls, text: str, shown_as: str = "CONNECTOR_KEYS") -> Keyring:
        """Keys as `id:base64-of-32-bytes`, between commas or line ends; a line that begins with # is a comment.

        `shown_as` is the name that faults give the text. Raises ConfigurationInvalid.
        """
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        entries = [entry.strip() for line in lines for entry in line.split(",") if entry.strip()]
        if not entries:
            raise ConfigurationInvalid(f"{shown_as} has no key; expected {_FORM}", hint=_MAKE)
        keys: dict[str, _Key] = {}
        for number, entry in enumerate(entries, 1):
            key = _parse_entry(entry, f"{shown_as}, entry {number}")
            if key.id in keys:
                raise ConfigurationInvalid(f"{shown_as}, entry {number}: the id {key.id!r} is used twice")
            keys[key.id] = key
        return cls(tuple(keys.values()))

    @classmethod
    def from_file(cls, path: Path) -> Keyring:
        """The keys in a file that only its owner may read; the file is made, with one new key, on first use."""
        path = Path(path)
        try:
            if not path.exists():
                _create(path)
            return cls.parse(_read_private(path), str(path))
        except OSError as error:
            raise ConfigurationInvalid(
                f"the key file {path} can't be used: {error.strerror}",
                hint="name another place for it, or give the keys in CONNECTOR_KEYS",
            ) from None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key.id for key in self._keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.ids)})"

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Version, key id, nonce and ciphertext in one; only `unseal` with the same `aad` opens it."""
        current = self._keys[0].id.encode()
        header = bytes([_VERSION, len(current)]) + current
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + self._ciphers[current.decode()].encrypt(nonce, plaintext, header + aad)

    def unseal(self, blob: bytes, aad: bytes) -> bytes:
        """What was sealed. Raises SealBroken."""
        start = 2 + (blob[1] if len(blob) > 1 else 0)
        header, nonce, sealed = blob[:start], blob[start : start + _NONCE_BYTES], blob[start + _NONCE_BYTES :]
        key_id = header[2:].decode("ascii", "replace")
        if len(sealed) < _TAG_BYTES or header[0] != _VERSION or not _ID.fullmatch(key_id):
            raise SealBroken("these bytes were not sealed by this version of the keyring")
        if key_id not in self._ciphers:
            raise SealBroken(
                f"sealed with the key {key_id!r}; the keyring has {', '.join(self.ids)}", missing_key=key_id
            )
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed, header + aad)
        except InvalidTag:
            message = f"sealed for another place, changed since, or by another key of the id {key_id!r}"
            raise SealBroken(message) from None

    def derive(self, purpose: str) -> list[bytes]:
        """32 bytes of each key for one purpose, the current key's first."""
        return [key.expand(_DERIVED + purpose.encode()) for key in self._keys]


def _parse_entry(entry: str, place: str) -> _Key:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _ID.fullmatch(key_id.strip()):
        # What stands there may be a key: it is not shown.
        raise ConfigurationInvalid(
            f"{place}: no key id before the colon (1 to 32 letters, digits, - or _); expected {_FORM}",
            hint=_MAKE,
        )
    try:
        material = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        material = None
    if material is None or len(material) != _KEY_BYTES:
        found = "no standard base64 (A-Z a-z 0-9 + / =)" if material is None else f"{len(material)} bytes"
        raise ConfigurationInvalid(
            f"{place}: the key {key_id.strip()!r} is {found}; expected the base64 of {_KEY_BYTES} bytes",
            hint=_MAKE,
        )
    return _Key(key_id.strip(), material)


def _create(path: Path) -> None:
    """Make the file, complete from the first moment that it can be seen; another process may be first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    text = (
        "# Keys of directory-connector, the current one first. Whoever has this file and the database\n"
        "# can read every stored secret; without this file nobody can. Keep a copy apart from the database.\n"
        f"k{secrets.token_hex(4)}:{key}\n"
    )
    try:
        with os.fdopen(
            os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # the other one's key counts
    finally:
        draft.unlink(missing_ok=True)


def _read_private(path: Path) -> str:
    with path.open("rb") as file:
        # Asked of the open file, so that it is the one that is read.
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if os.name == "posix" and mode & _OTHERS:
            raise ConfigurationInvalid(
                f"the key file {path} may be used by others than its owner (mode {mode:04o})",
                hint=f"chmod 600 {shlex.quote(str(path))}",
            )
        content = file.read(_MAX_FILE_BYTES)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        pass  # the error holds the whole content: it must not become a cause
    raise ConfigurationInvalid(f"the key file {path} is not text; expected {_FORM}")
