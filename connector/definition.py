"""A connector's YAML, validated: the models that say how a vendor is called. They are the runtime objects.

Every model is frozen and closed. A word of the format that isn't built yet is refused by name, never
ignored. What no single model can see is in `wiring`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector import auth, exchange, paging
from connector.auth import Auth
from connector.exchange import VERBS, Exchange, Request
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText
from connector.mapping.words import NotBuilt
from connector.paging import Paging
from connector.template import BaseText, HeaderText, ValueText, holes_of

__all__ = [
    "NOT_BUILT",
    "Api",
    "Call",
    "Connector",
    "ErrorCode",
    "ErrorRule",
    "Key",
    "Records",
    "Resource",
    "Retry",
    "Secret",
    "Setting",
]

NOT_BUILT = paging.NOT_BUILT | auth.NOT_BUILT | exchange.NOT_BUILT | {"per_group", "per_user"}
"""Values of the format that are refused by name until they are built."""

ErrorCode = Literal[
    "not_found",
    "needs_reauth",
    "forbidden",
    "rate_limited",
    "conflict",
    "invalid_request",
    "vendor_unavailable",
    "vendor_error",
]


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Setting(_Closed):
    """A value that the one who connects an account gives, and may see again."""

    label: str
    type: Literal["string", "integer", "boolean", "url", "list"] = "string"
    choices: Mapping[str, str] | None = None
    """What may be chosen: the label that a person sees → the value that templates get."""
    default: StrictStr | StrictInt | StrictBool | None = None
    pattern: str | None = None
    """A regular expression that the whole value must match."""
    required: StrictBool = True
    help: str | None = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, text: str | None) -> str | None:
        try:
            re.compile(text or "")
        except re.error as error:
            raise PydanticCustomError(
                "pattern", "not a regular expression: {reason}", {"reason": str(error)}
            ) from None
        return text

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Setting:
        if self.choices is not None and self.default is not None and self.default not in self.choices:
            raise PydanticCustomError(
                "default", "the default is not one of the choices", {"allowed": tuple(self.choices)}
            )
        return self


class Secret(_Closed):
    """A value that is sealed when stored and redacted everywhere."""

    label: str
    help: str | None = None
    required: StrictBool = True


class ErrorRule(_Closed):
    """What an answer means; the first rule that holds wins."""

    when: AnswerCondition
    is_: ErrorCode = Field(alias="is")
    message: PathText | None = None
    """Path of the vendor's own words."""
    hint: str | None = None
    """What the reader can do."""
    retry_after: str | None = None
    """Name of the header that says how long to wait (`Retry-After` by itself)."""


class Retry(_Closed):
    """Which failures are tried again, and how often. Writes only if the call is `repeatable`."""

    on: frozenset[ErrorCode] = frozenset({"rate_limited", "vendor_unavailable"})
    times: Annotated[StrictInt, Field(ge=0, le=10)] = 3


class Key(_Closed):
    """What stands for `{id}`."""

    path: PathText
    as_: Literal["string"] | None = Field(None, alias="as")


class Records(_Closed):
    """Where the records of a page stand."""

    path: PathText
    if_missing: Literal["error", "empty"] = "error"


def _as_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class Call(Request):
    """One call of a resource: what is sent, and how its answer is read."""

    verbs: ClassVar[tuple[str, ...]] = (*VERBS, "exchange")

    exchange: str | None = None
    """Send through the api's exchange of this name instead of a verb."""
    give: Mapping[str, ValueText] = {}
    """Values for the exchange's parameters."""
    records: Annotated[
        Records | None, BeforeValidator(_as_path, json_schema_input_type=PathText | Records)
    ] = None
    """Path of the records on a page (required for a listing)."""
    record: PathText = "$"
    """Path of the one record."""
    paging: Paging | None = None
    """How the listing goes on (required for a listing; one-page lists say `style: none`)."""
    expect: AnswerCondition | None = None
    """What a 2xx answer must meet, besides the api's own."""
    errors: tuple[ErrorRule, ...] = ()
    """Tried before the api's."""
    from_: NotBuilt = Field(None, alias="from")
    call: NotBuilt = None
    exactly: NotBuilt = None
    takes: NotBuilt = None
    columns: NotBuilt = None
    before: NotBuilt = None
    passes: NotBuilt = None
    otherwise: NotBuilt = None
    verify: NotBuilt = None

    @property
    def holes(self) -> frozenset[str]:
        return super().holes | holes_of(dict(self.give))

    @model_validator(mode="after")
    def _gives_to_an_exchange(self) -> Call:
        if self.give and self.exchange is None:
            raise PydanticCustomError(
                "give", "`give` fills an exchange's parameters; this call names no exchange"
            )
        return self


class Resource(_Closed):
    """What the vendor's API has: how it is listed and got."""

    key: Annotated[Key | None, BeforeValidator(_as_path, json_schema_input_type=PathText | Key)] = None
    """What stands for `{id}`; the mapping's `id` must read the same path."""
    list: Call | None = None
    get: Call | None = None
    calls: Mapping[Name, Call] = {}
    """Further named calls (a search)."""
    create: NotBuilt = None
    update: NotBuilt = None
    delete: NotBuilt = None
    details: NotBuilt = None

    def named_calls(self) -> dict[str, Call]:
        named = {"list": self.list, "get": self.get, **self.calls}
        return {name: call for name, call in named.items() if call is not None}


class Api(_Closed):
    """One base URL with its credentials, and the resources below it."""

    label: str | None = None
    extends: str | None = None
    """Start from this api of another connector: `connector.api`."""
    settings: Mapping[Name, Setting] = {}
    secrets: Mapping[Name, Secret] = {}
    base_url: BaseText
    auth: Auth
    headers: Mapping[str, HeaderText] = {}
    """Sent with every call."""
    query: Mapping[str, ValueText] = {}
    """Sent with every call."""
    expect: AnswerCondition | None = None
    """What every 2xx answer must meet."""
    errors: tuple[ErrorRule, ...] = ()
    check: Annotated[
        Annotated[Request, Tag("call")] | Annotated[Literal["none"], Tag("none")],
        Discriminator(lambda value: "none" if isinstance(value, str) else "call"),
    ]
    """A call that proves the credentials and changes nothing; `none` where the vendor has no such call."""
    retry: Retry = Retry()
    exchanges: Mapping[Name, Exchange] = {}
    resources: Mapping[Name, Resource]
    membership: Literal["on_user", "on_group"] | None = None
    """Which side is the truth about who is in a group."""
    scope: str | None = None
    """What a listing of this api covers, as text with {holes}, shown with every verdict."""
    repeated: NotBuilt = None
    proxy: NotBuilt = None
    rate: NotBuilt = None


class Connector(_Closed):
    """A vendor's definition: `connector.yaml`."""

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    """The connector's name; the folder's name."""
    label: str
    extends: str | None = None
    """Start from this connector."""
    settings: Mapping[Name, Setting] = {}
    secrets: Mapping[Name, Secret] = {}
    unified: Mapping[str, tuple[str, ...]]
    """Unified resource → the sources (`api.resource`) that can feed it; the first that an account has wins."""
    errors: tuple[ErrorRule, ...] = ()
    """Tried after the api's own."""
    apis: Mapping[Name, Api]

    def source(self, name: str) -> tuple[Api, Resource]:
        """The api and resource that `api.resource` names."""
        api, _, resource = name.partition(".")
        return self.apis[api], self.apis[api].resources[resource]

    def sources(self) -> list[str]:
        return [f"{api}.{resource}" for api, found in self.apis.items() for resource in found.resources]

    def setting_names(self) -> dict[str, Setting]:
        """Every setting by its full name: `region`, `api.node_id`."""
        return {
            **self.settings,
            **{f"{a}.{n}": s for a, api in self.apis.items() for n, s in api.settings.items()},
        }

    def secret_names(self) -> dict[str, Secret]:
        """Every secret by its full name."""
        return {
            **self.secrets,
            **{f"{a}.{n}": s for a, api in self.apis.items() for n, s in api.secrets.items()},
        }
