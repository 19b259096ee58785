"""Private keys of tests, made anew in each run, as the PEM text that an account is given."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["ec_key", "public_half", "rsa_key", "written"]


def written(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat = PrivateFormat.PKCS8
) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> str:  # noqa: ARG001 - each number has a key of its own
    return written(rsa.generate_private_key(65537, bits))


@cache
def ec_key(number: int = 0, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> str:  # noqa: ARG001
    return written(ec.generate_private_key(curve()))


def public_half(pem: str) -> str:
    """What verifies what that key signs."""
    key = load_pem_private_key(pem.encode(), None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
