"""What the OAuth 2.0 styles share: a call carries an access token, and a token is asked for at `token_url` (RFC 6749).

A style says what it asks with; it sends nothing and keeps nothing. What it asks with goes to the token's address
alone, and the access token to the api alone (RFC 6750 §2.1).
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import quote_plus, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from connector.auth.placing import add_headers, fill_plain
from connector.flow import Moment
from connector.template import BaseText, HeaderText, Values, holes_of, parse_template
from connector.wire import Call

__all__ = ["TOKEN", "OAuth2"]

TOKEN: Final = "access_token"  # noqa: S105 - the hole's name
"""The hole that the access token fills when a call is signed."""
_LONGEST_ANSWER: Final = 256 * 1024


def _check_token_url(text: str) -> str:
    """A whole URL, or a path below the api's base URL."""
    is_path = text.startswith("/") and not text.startswith("//")
    if not (is_path or text.startswith(("https://", "http://", "{"))):
        raise PydanticCustomError("token_url", "expected https://…, or /… below the api's base_url")
    if "?" in text or "#" in text:
        raise PydanticCustomError("token_url", "a token's address has no query (?) and no fragment (#)")
    return text


class OAuth2(BaseModel):
    """`Authorization: Bearer <access token>`, which is obtained first."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    grant: ClassVar[str]
    rotates: ClassVar[bool] = False
    """Whether an answer may bring what the next token is asked for with."""

    token_url: Annotated[BaseText, AfterValidator(_check_token_url), WithJsonSchema({"type": "string"})]
    """Where tokens are asked for: a URL, or a path below `base_url`."""
    client_id: HeaderText | None = None
    client_secret: HeaderText | None = None
    send_in: Literal["basic", "body"] = "basic"
    """Where `client_id` and `client_secret` are sent: as `basic` credentials, or in the form."""
    scope: HeaderText | None = None
    """What is asked for, with spaces between."""

    @model_validator(mode="after")
    def _client_is_whole(self) -> OAuth2:
        if self.client_secret is not None and self.client_id is None:
            raise PydanticCustomError("client", "`client_secret` stands beside `client_id`")
        return self

    @property
    def names(self) -> frozenset[str]:
        return holes_of(self.model_dump())

    @property
    def replaced(self) -> frozenset[str]:
        """The settings and secrets that an answer may replace."""
        return frozenset()

    def address(self, base_url: str, values: Values) -> str:
        """The token's address, filled. Raises InvalidRequest."""
        template = parse_template(self.token_url)
        for name in sorted(template.names):
            fill_plain(f"{{{name}}}", values)  # says what is missing or can't stand in any URL
        if self.token_url.startswith("/"):
            return base_url.rstrip("/") + template.fill_path(values)
        return template.fill_base(values)

    def sign(self, call: Call, values: Values, moment: Moment) -> Call:  # noqa: ARG002 - every style has this face
        token = parse_template(f"{{{TOKEN}}}").fill_header(values)
        return add_headers(call, {"Authorization": f"Bearer {token}"}, token)

    def request(self, url: str, values: Values, moment: Moment, rotated: str | None = None) -> Call:
        """What asks for a token at that moment; `rotated` stands in place of a refresh token that was used up.

        Raises InvalidRequest where a credential is missing or can't be sent.
        """
        form, secrets = self._asking(url, values, moment, rotated)
        if self.scope is not None:
            form["scope"] = fill_plain(self.scope, values)
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        call = Call("POST", url, headers, repeatable=True, max_bytes=_LONGEST_ANSWER, secrets=secrets)
        call = self._with_client(call, form, values)
        return replace(call, body=urlencode({"grant_type": self.grant, **form}).encode())

    def _asking(
        self, url: str, values: Values, moment: Moment, rotated: str | None
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """(what the form says besides grant, scope and client; what of it is as good as a secret)."""
        raise NotImplementedError

    def _with_client(self, call: Call, form: dict[str, str], values: Values) -> Call:
        """RFC 6749 §2.3.1: both are form-encoded before they become Basic credentials."""
        if self.client_id is None:
            return call
        client_id = fill_plain(self.client_id, values)
        if self.client_secret is None:  # a public client (RFC 6749 §3.2.1)
            form["client_id"] = client_id
            return call
        secret = fill_plain(self.client_secret, values)
        if self.send_in == "body":
            form |= {"client_id": client_id, "client_secret": secret}
            return add_headers(call, {}, secret, quote_plus(secret))
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        token = base64.b64encode(pair.encode()).decode()
        return add_headers(call, {"Authorization": f"Basic {token}"}, secret, quote_plus(secret), token)
