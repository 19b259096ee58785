"""A connector's YAML, validated: the models that say how a vendor is called. They are the runtime objects.

Every model is frozen and closed. A word of the format that isn't built yet is refused by name, never
ignored. `complaints` finds what no single model can see: holes without a setting, sources without a
resource, a paging state that no parameter carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector import auth, exchange, paging
from connector.auth import Auth
from connector.exchange import VERBS, Exchange, Request
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText
from connector.paging import Paging
from connector.template import BaseText, HeaderText, ValueText, holes_of, parse_template
from connector.yamlfile import Complaint

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
    "complaints",
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


def _refuse(_value: Any) -> Any:
    raise PydanticCustomError("not_built", "this word of the format is not built yet")


NotBuilt = Annotated[
    None, BeforeValidator(_refuse), WithJsonSchema({"not": {}, "description": "Not built yet."})
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
    when_empty: NotBuilt = None


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


_STATE = {"offset": "page.start", "page": "page.number", "token": "page.token"}
_PAGE_HOLES = {
    "none": set(),
    "offset": {"page.start", "page.size"},
    "page": {"page.number", "page.size"},
    "token": {"page.token", "page.size"},
}


def complaints(connector: Connector, unified: Iterable[str]) -> list[Complaint]:
    """What is wrong between the parts of one connector; locations are from the root of its file."""
    found: list[Complaint] = []
    known = tuple(unified)
    sources = tuple(connector.sources())
    for name, listed in connector.unified.items():
        if name not in known:
            found.append(Complaint(("unified", name), "unknown unified resource", name, known, at_key=True))
        found += [
            Complaint(("unified", name, index), "no such source (api.resource)", source, sources)
            for index, source in enumerate(listed)
            if source not in sources
        ]
    for api_name, api in connector.apis.items():
        found += _api_complaints(connector, ("apis", api_name), api)
    return found


def _api_complaints(connector: Connector, loc: tuple[str, ...], api: Api) -> list[Complaint]:
    found: list[Complaint] = []
    names = {f"settings.{name}" for name in [*connector.settings, *api.settings]}
    names |= {f"secrets.{name}" for name in [*connector.secrets, *api.secrets]}

    def check(where: tuple[str | int, ...], used: Iterable[str], more: Iterable[str] = ()) -> None:
        allowed = names | set(more)
        for name in sorted(set(used) - allowed):
            found.append(
                Complaint((*loc, *where), f"nothing fills the hole {{{name}}}", name, tuple(sorted(allowed)))
            )

    check(("base_url",), parse_template(api.base_url).names)
    check(("auth",), api.auth.names)
    check(("headers",), holes_of(dict(api.headers)))
    check(("query",), holes_of(dict(api.query)))
    if api.scope is not None:
        check(("scope",), parse_template(api.scope).names)
    if any(name.startswith("secrets.") for name in parse_template(api.base_url).names):
        found.append(
            Complaint((*loc, "base_url"), "a secret can't stand in a URL's path: it would be logged")
        )
    if not isinstance(api.check, str):
        check(("check",), api.check.holes)
    for name, way in api.exchanges.items():
        check(("exchanges", name, "submit"), way.submit.holes, way.takes)
    for name, resource in api.resources.items():
        for call_name, call in resource.named_calls().items():
            place = (
                "resources",
                name,
                *(("calls", call_name) if call_name in resource.calls else (call_name,)),
            )
            check(place, call.holes, _call_holes(call_name, call))
            found += [Complaint((*loc, *place, *at), text) for at, text in _call_faults(api, call_name, call)]
        if resource.get is not None and resource.key is None:
            found.append(
                Complaint(
                    (*loc, "resources", name), "a resource with `get` needs `key`: what stands for {id}"
                )
            )
    return found


def _call_holes(name: str, call: Call) -> set[str]:
    if name == "list":
        return set(_PAGE_HOLES[call.paging.style]) if call.paging else set()
    return {"id"} if name == "get" else {"value", "id", "page.size"}


def _call_faults(api: Api, name: str, call: Call) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    if name == "list":
        if call.records is None:
            found.append(((), "a listing needs `records`: the path of the records on a page"))
        if call.paging is None:
            found.append(
                ((), "a listing needs `paging`; where one answer is all, say `paging: {style: none}`")
            )
        else:
            state = _STATE.get(call.paging.style)
            if state and state not in call.holes:
                found.append(
                    (("paging",), f"nothing sends {{{state}}}: without it every page would be the first")
                )
    elif call.paging is not None:
        found.append((("paging",), "only `list` is paged"))
    if name == "get" and "id" not in call.holes:
        found.append(((), "nothing sends {id}: without it every get would be the same"))
    if call.exchange is not None:
        way = api.exchanges.get(call.exchange)
        if way is None:
            found.append(
                (("exchange",), f"no such exchange; this api has: {', '.join(api.exchanges) or 'none'}")
            )
        elif set(call.give) != set(way.takes):
            found.append(
                (
                    ("give",),
                    f"the exchange takes {', '.join(way.takes)}; given: {', '.join(call.give) or 'nothing'}",
                )
            )
    return found
