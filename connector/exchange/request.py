"""One HTTP request as YAML says it: a verb with a URL template, and what goes into query, headers and body.

`plan` is pure: from the template and the values it makes a complete `Call`, or refuses. Whatever a caller
gives is quoted for its place before the URL exists, so no value can change the path, host or another
parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from connector.errors import InvalidRequest
from connector.template import (
    UNDEFINED,
    HeaderText,
    PathTemplate,
    Values,
    ValueText,
    fill_json,
    holes_of,
    parse_template,
    secret_digests,
)
from connector.wire import Call, Effect

__all__ = ["VERBS", "Request", "write_query"]

VERBS = ("get", "post", "put", "patch", "delete")


class Request(BaseModel):
    """Exactly one verb, and what it sends."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    verbs: ClassVar[tuple[str, ...]] = VERBS

    get: PathTemplate | None = None
    """Path to GET, below the api's base URL; each {hole} is one percent-encoded segment."""
    post: PathTemplate | None = None
    put: PathTemplate | None = None
    patch: PathTemplate | None = None
    delete: PathTemplate | None = None
    effect: Effect | None = None
    """Required for every verb but `get`; a `get` that creates says `write`."""
    repeatable: bool | None = None
    """Whether a lost answer may be asked for again (reads: true, writes: false)."""
    query: Mapping[str, ValueText] = {}
    """Query parameters; an undefined lone hole leaves its parameter out."""
    headers: Mapping[str, HeaderText] = {}
    json_body: ValueText = Field(None, alias="json")
    """JSON body."""
    form: Mapping[str, ValueText] = {}
    """Form body (application/x-www-form-urlencoded)."""

    @model_validator(mode="after")
    def _one_verb(self) -> Request:
        named = self.named_verbs()
        if len(named) != 1:
            found = " and ".join(verb.rstrip("_") for verb in named) or "none"
            raise PydanticCustomError(
                "verb",
                "a call has exactly one verb, found {found}",
                {"found": found, "allowed": [verb.rstrip("_") for verb in self.verbs]},
            )
        if self.effect is None and named[0] in VERBS and named[0] != "get":
            raise PydanticCustomError(
                "effect", "`{verb}` needs `effect: read` or `effect: write`", {"verb": named[0]}
            )
        if self.json_body is not None and self.form:
            raise PydanticCustomError("body", "a call sends `json` or `form`, not both")
        return self

    def named_verbs(self) -> list[str]:
        return [verb for verb in self.verbs if getattr(self, verb) is not None]

    @property
    def verb(self) -> str:
        return self.named_verbs()[0]

    @property
    def path_text(self) -> str:
        """The URL's path as it is written; empty for a call through an exchange."""
        return getattr(self, self.verb) if self.verb in VERBS else ""

    @property
    def is_repeatable(self) -> bool:
        return self.effect != "write" if self.repeatable is None else self.repeatable

    @property
    def holes(self) -> frozenset[str]:
        """Every name that the request's templates use."""
        path = getattr(self, self.verb) if self.verb in VERBS else ""
        return holes_of([path, dict(self.query), dict(self.headers), self.json_body, dict(self.form)])

    def plan(
        self,
        base_url: str,
        values: Values,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        add: Mapping[str, Any] | None = None,
        add_json: Mapping[str, Any] | None = None,
    ) -> Call:
        """The complete call. `query` and `headers` are the api's own, `add` and `add_json` a filter's or sort's."""
        path = parse_template(self.path_text).fill_path(values)
        fields = fill_json({**(query or {}), **self.query}, values)
        for name, value in (add or {}).items():
            if name in fields:
                raise InvalidRequest(f"the query parameter {name!r} is already set by the call itself")
            fields[name] = value
        sent = {
            name: parse_template(text).fill_header(values)
            for name, text in {**(headers or {}), **self.headers}.items()
        }
        body, kind = self._body(values, add_json or {})
        if kind:
            sent = {"Content-Type": kind, **sent}
        mark = "&" if "?" in path else "?"
        text = write_query(fields)
        return Call(
            method=self.verb.upper(),
            url=base_url.rstrip("/") + path + (mark + text if text else ""),
            headers=sent,
            body=body,
            effect=self.effect or "read",
            repeatable=self.is_repeatable,
            secrets=tuple(
                secret_digests([{**(query or {}), **self.query}, self.json_body, self.form], values)
            ),
        )

    def _body(self, values: Values, more: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
        if self.form:
            return write_query(
                fill_json(dict(self.form), values)
            ).encode(), "application/x-www-form-urlencoded"
        if self.json_body is None and not more:
            return None, None
        filled = fill_json(self.json_body, values)
        if more:
            filled = {**(filled or {}), **more}
        return (b"null" if filled is UNDEFINED else msgspec.json.encode(filled)), "application/json"


def write_query(fields: Mapping[str, Any]) -> str:
    """`application/x-www-form-urlencoded` with %20 for spaces; a list repeats its parameter, null is left out."""
    pairs = []
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            if isinstance(item, Mapping | list):
                raise InvalidRequest(f"the query parameter {name!r} can't hold a nested value")
            pairs.append((name, ("true" if item else "false") if isinstance(item, bool) else item))
    return urlencode(pairs, quote_via=quote)
