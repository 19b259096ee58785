"""Auth `oauth2_jwt`: a token for an assertion that is signed here (RFC 7523 §2.1; JWS by PyJWT, RS256 and ES256)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from connector.auth.oauth2 import OAuth2
from connector.auth.placing import fill_plain
from connector.duration import Seconds
from connector.errors import InvalidRequest
from connector.flow import Moment
from connector.template import HeaderText, Values, parse_template

__all__ = ["OAuth2Jwt"]

_LEAST_RSA_BITS: Final = 2048  # RFC 7518 §3.3
_LONGEST: Final = 3600.0


def _check_key(text: str) -> str:
    template = parse_template(text)
    if not template.is_one_hole or not next(iter(template.names)).startswith("secrets."):
        raise PydanticCustomError(
            "key", "the key is one secret of `type: pem`, as in {example}", {"example": "{secrets.key}"}
        )
    return text


def _check_length(seconds: float) -> float:
    if not 1 <= seconds <= _LONGEST:
        raise PydanticCustomError("valid_for", "an assertion is valid for 1s to 1h")
    return seconds


class OAuth2Jwt(OAuth2):
    """A token for a claim of `issuer`, signed with `key`."""

    grant: ClassVar[str] = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    style: Literal["oauth2_jwt"]
    issuer: HeaderText
    subject: HeaderText
    key: Annotated[HeaderText, AfterValidator(_check_key)]
    """The private key, a secret of `type: pem`: RSA signs RS256, EC P-256 signs ES256."""
    key_id: HeaderText | None = None
    """`kid` of the assertion's header."""
    audience: HeaderText | None = None
    """`aud` of the assertion; the token's address, if not said."""
    valid_for: Annotated[Seconds, AfterValidator(_check_length)] = 60.0
    """How long an assertion is valid."""

    def _asking(
        self,
        url: str,
        values: Values,
        moment: Moment,
        rotated: str | None,  # noqa: ARG002 - every grant has this face
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        issued = int(moment.now.timestamp())
        claims = {
            "iss": fill_plain(self.issuer, values),
            "sub": fill_plain(self.subject, values),
            "aud": url if self.audience is None else fill_plain(self.audience, values),
            "iat": issued,
            "exp": issued + int(self.valid_for),
            "jti": moment.nonce,
        }
        header = {} if self.key_id is None else {"kid": fill_plain(self.key_id, values)}
        assertion = self._signed(claims, header, values)
        return {"assertion": assertion}, (assertion,)

    def _signed(self, claims: dict[str, Any], header: dict[str, str], values: Values) -> str:
        import jwt  # with the key's own classes: only who signs needs them

        text = parse_template(self.key).fill_raw(values)
        key, algorithm = _read_key(text)
        if key is None:
            (name,) = parse_template(self.key).names
            raise InvalidRequest(
                f"{name} can't stand in a signature: expected a private key in PEM without a passphrase, "
                f"RSA of {_LEAST_RSA_BITS:,} bits or more, or EC P-256"
            )
        return jwt.encode(claims, key, algorithm, header)


def _read_key(text: str) -> tuple[Any, str]:
    """(the key, how it signs); (None, "") for what is no key that may sign: what is wrong with it could quote it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a passphrase
        return None, ""
    if isinstance(key, RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS:
        return key, "RS256"
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key, "ES256"
    return None, ""
