"""What asks for a token, byte for byte: RFC 6749 §2.3.1, §4.4, §6 and RFC 7523 §2.1; assertions verified by PyJWT."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector.auth import Auth, OAuth2
from connector.errors import ConfigurationInvalid, InvalidRequest
from connector.flow import Moment
from connector.wire import Call
from tests.calling.issuing import AUTHS, load_made
from tests.calling.keys import ec_key, public_half, rsa_key, written

MOMENT = Moment(datetime(2026, 1, 31, 12, 0, 0, 999_999, tzinfo=UTC), "0123456789abcdef")
URL = "https://login.h/token"


def oauth(says: dict[str, Any]) -> OAuth2:
    found = TypeAdapter(Auth).validate_python(says)
    assert isinstance(found, OAuth2)
    return found


def asked(style: str, values: dict[str, Any], rotated: str | None = None, **says: Any) -> Call:
    call = oauth({"style": style, "token_url": URL, **says}).request(URL, values, MOMENT, rotated)
    assert (call.method, call.url, call.effect, call.repeatable) == ("POST", URL, "read", True)
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return call


def form(call: Call) -> dict[str, str]:
    pairs = parse_qsl((call.body or b"").decode("ascii"), strict_parsing=True, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "no parameter more than once (RFC 6749 §3.2)"
    return dict(pairs)


CLIENT = {"client_id": "s6BhdRkqt3", "client_secret": "{secrets.key}"}
KEY = {"secrets.key": "gX1fBat3bV"}


def test_the_example_of_rfc_6749_for_client_credentials() -> None:
    call = asked("oauth2_client_credentials", {"secrets.key": "7Fjfp0ZBr1KtDRbnfVdmIw"}, **CLIENT)
    assert call.body == b"grant_type=client_credentials"
    assert call.headers["Authorization"] == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"


def test_the_example_of_rfc_6749_for_a_refresh_token() -> None:
    call = asked(
        "oauth2_refresh",
        {**KEY, "secrets.r": "tGzv3JOkF0XG5Qx2TlKWIA"},
        refresh_token="{secrets.r}",
        **CLIENT,
    )
    assert call.body == b"grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA"
    assert call.headers["Authorization"] == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"


@given(st.text(min_size=1).filter(str.isprintable), st.text(min_size=1).filter(str.isprintable))
def test_whatever_the_client_and_its_secret_are_they_come_back_from_basic(client: str, secret: str) -> None:
    from urllib.parse import unquote_plus

    values = {"settings.id": client, "secrets.key": secret}
    says = {"client_id": "{settings.id}", "client_secret": "{secrets.key}"}
    pair = asked("oauth2_client_credentials", values, **says).headers["Authorization"].removeprefix("Basic ")
    first, colon, rest = base64.b64decode(pair, validate=True).decode("ascii").partition(":")
    assert (unquote_plus(first), colon, unquote_plus(rest)) == (client, ":", secret)
    body = asked("oauth2_client_credentials", values, **says, send_in="body")
    assert form(body) == {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    assert "Authorization" not in body.headers


def test_scope_and_audience_are_sent_where_they_are_said() -> None:
    call = asked(
        "oauth2_client_credentials", KEY, **CLIENT, scope="users.read groups", audience="https://api.h/"
    )
    assert form(call) == {
        "grant_type": "client_credentials",
        "scope": "users.read groups",
        "audience": "https://api.h/",
    }


def test_a_public_client_names_itself_in_the_form() -> None:
    """RFC 6749 §3.2.1."""
    call = asked(
        "oauth2_refresh", {"secrets.r": "r1"}, client_id="app", refresh_token="{secrets.r}", scope="a"
    )
    assert "Authorization" not in call.headers
    assert form(call) == {
        "grant_type": "refresh_token",
        "refresh_token": "r1",
        "client_id": "app",
        "scope": "a",
    }


def test_a_refresh_token_that_was_replaced_is_not_sent_again() -> None:
    call = asked("oauth2_refresh", {"secrets.r": "r1"}, "r2/+", client_id="app", refresh_token="{secrets.r}")
    assert form(call)["refresh_token"] == "r2/+"
    assert "r2/+" in call.secrets


JWT: dict[str, Any] = {"issuer": "app@h", "subject": "{settings.admin}", "key": "{secrets.pem}"}


@pytest.mark.parametrize(
    ("pem", "algorithm"),
    [
        (rsa_key(), "RS256"),
        (ec_key(), "ES256"),
        (written(rsa.generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL), "RS256"),
        (written(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.TraditionalOpenSSL), "ES256"),
        (rsa_key().replace("\n", "\r\n"), "RS256"),
    ],
    ids=["RSA", "EC", "PKCS#1", "SEC 1", "CRLF"],
)
def test_an_assertion_is_verified_with_the_public_half(pem: str, algorithm: str) -> None:
    call = asked(
        "oauth2_jwt", {"secrets.pem": pem, "settings.admin": "admin@h"}, **JWT, key_id="k7", scope="a b"
    )
    sent = form(call)
    assertion = sent.pop("assertion")
    assert sent == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "scope": "a b"}
    assert jwt.get_unverified_header(assertion) == {"typ": "JWT", "alg": algorithm, "kid": "k7"}
    ignoring: Any = {"verify_exp": False, "verify_iat": False}  # they are of the test's own clock
    claims = jwt.decode(assertion, public_half(pem), algorithms=[algorithm], audience=URL, options=ignoring)
    issued = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())
    assert claims == {
        "iss": "app@h",
        "sub": "admin@h",
        "aud": URL,
        "iat": issued,
        "exp": issued + 60,
        "jti": "0123456789abcdef",
    }
    assert assertion in call.secrets
    other = public_half(rsa_key(1) if algorithm == "RS256" else ec_key(1))
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(assertion, other, algorithms=[algorithm], audience=URL, options=ignoring)


def test_what_an_assertion_is_for_and_how_long_can_be_said() -> None:
    values = {"secrets.pem": ec_key(), "settings.admin": "a"}
    call = asked("oauth2_jwt", values, **JWT, audience="https://aud.h", valid_for="10m")
    claims = jwt.decode(form(call)["assertion"], options={"verify_signature": False})
    assert (claims["aud"], claims["exp"] - claims["iat"]) == ("https://aud.h", 600)


def test_a_client_may_stand_beside_an_assertion() -> None:
    """RFC 7523 §2.1: where the vendor wants to know it."""
    values = {"secrets.pem": ec_key(), "settings.admin": "a", **KEY}
    call = asked("oauth2_jwt", values, **JWT, **CLIENT, send_in="body")
    assert {"client_id": "s6BhdRkqt3", "client_secret": "gX1fBat3bV"}.items() <= form(call).items()


def locked(pem: str) -> str:
    key = load_pem_private_key(pem.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()


ED25519 = ed25519.Ed25519PrivateKey.generate()
UNFIT = {
    "text": "s3cr3t",
    "public": public_half(rsa_key()),
    "short": rsa_key(0, 1024),
    "curve": ec_key(0, ec.SECP384R1),
    "Ed25519": ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "passphrase": locked(ec_key()),
    "cut": rsa_key()[:800],
    "turned": rsa_key().replace("A", "B", 1),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_may_not_sign_is_refused_and_not_shown(kind: str) -> None:
    with pytest.raises(InvalidRequest, match=r"secrets\.pem can't stand in a signature") as refused:
        asked("oauth2_jwt", {"secrets.pem": UNFIT[kind], "settings.admin": "a"}, **JWT)
    chain = f"{refused.value!r} {refused.value.__context__!r} {refused.value.__cause__!r}"
    assert UNFIT[kind] not in chain
    assert all(line not in chain for line in UNFIT[kind].splitlines()[1:-1])


SAYS: dict[str, Any] = {
    "style": "oauth2_client_credentials",
    "token_url": URL,
    "client_id": "a",
    "client_secret": "{secrets.key}",
}
SAYS_JWT: dict[str, Any] = {"style": "oauth2_jwt", "token_url": URL, **JWT}


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({**SAYS, "token_url": "login.h/token"}, "expected https://"),
        ({**SAYS, "token_url": "//login.h/token"}, "expected https://"),
        ({**SAYS, "token_url": "ftp://login.h"}, "expected https://"),
        ({**SAYS, "token_url": URL + "?a=b"}, "no query"),
        ({**SAYS, "token_url": URL + "#a"}, "no fragment"),
        ({**SAYS, "send_in": "query"}, "'basic' or 'body'"),
        ({**SAYS, "client_id": None}, "valid string"),
        ({key: value for key, value in SAYS.items() if key != "client_secret"}, "Field required"),
        ({**SAYS_JWT, "client_secret": "{secrets.key}"}, "stands beside `client_id`"),
        ({**SAYS_JWT, "key": "x{secrets.pem}"}, "the key is one secret"),
        ({**SAYS_JWT, "key": "{settings.pem}"}, "the key is one secret"),
        ({**SAYS_JWT, "valid_for": "500ms"}, "1s to 1h"),
        ({**SAYS_JWT, "valid_for": "61m"}, "1s to 1h"),
    ],
)
def test_what_can_not_be_meant_is_refused_when_it_is_read(says: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(Auth).validate_python(says)


@pytest.mark.parametrize(
    ("token_url", "address"),
    [
        (URL, URL),
        ("/oauth/token", "https://api.h/v1/oauth/token"),
        ("https://{settings.host}/token", "https://login.h/token"),
        ("{settings.url}/t", "https://login.h/x/t"),
        ("https://login.h/{settings.tenant}/t", "https://login.h/a%2Fb/t"),
    ],
)
def test_where_tokens_are_asked_for(token_url: str, address: str) -> None:
    auth = oauth({**SAYS, "token_url": token_url})
    values = {"settings.host": "login.h", "settings.url": "https://login.h/x/", "settings.tenant": "a/b"}
    assert auth.address("https://api.h/v1/", values) == address


@pytest.mark.parametrize("host", ["login.h/x", "login.h@evil", "", "a b", "h#", "h?x", "h\\"])
def test_no_setting_makes_another_address_of_it(host: str) -> None:
    auth = oauth({**SAYS, "token_url": "https://{settings.host}/token"})
    with pytest.raises(InvalidRequest, match=r"settings\.host"):
        auth.address("https://api.h", {"settings.host": host})


def test_an_assertion_is_of_the_moment_that_it_is_signed_in() -> None:
    auth = oauth(SAYS_JWT)
    values = {"secrets.pem": ec_key(), "settings.admin": "a"}
    later = Moment(MOMENT.now + timedelta(hours=1), "other")
    one, other = (
        jwt.decode(form(auth.request(URL, values, at))["assertion"], options={"verify_signature": False})
        for at in (MOMENT, later)
    )
    assert (other["iat"] - one["iat"], one["jti"], other["jti"]) == (3600, MOMENT.nonce, "other")


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (AUTHS["oauth2_jwt"].replace("secrets.pem", "secrets.secret"), "{secrets.secret} says `type: pem`"),
        (AUTHS["oauth2_refresh"].replace("secrets.refresh", "secrets.pem"), "{secrets.pem} is in one line"),
        (AUTHS["oauth2_refresh"].replace("login}", "logn}"), "nothing fills the hole {settings.logn}"),
        (
            AUTHS["oauth2_refresh"].replace("settings.login}", "secrets.secret}"),
            "can't stand where it is shown",
        ),
        (AUTHS["oauth2_refresh"].replace("refresh_token", "refesh_token"), "did you mean: refresh_token"),
    ],
)
def test_what_is_wrong_between_a_style_and_its_connector_is_told(
    tmp_path: Path, auth: str, words: str
) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load_made(tmp_path, auth)
    assert words in str(refused.value)
    assert "connector.yaml:15:" in str(refused.value)
