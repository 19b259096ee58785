"""A connector's YAML, validated: the models that say how a vendor is called. They are the runtime objects.

Every model is frozen and closed. A word of the format that isn't built yet is refused by name, never
ignored. What no single model can see is in `wiring`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

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

from connector import auth
from connector.auth import Auth
from connector.duration import Budgeted, Seconds
from connector.errorrule import ErrorCode, ErrorRule
from connector.exchange import VERBS, Chosen, Exchange, Request, Single, SubmitAndPoll
from connector.inputs import Input
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText, parse_path
from connector.mapping.words import NotBuilt
from connector.paging import Paging
from connector.policy import Proxy
from connector.template import BaseText, HeaderText, ValueText, holes_of

__all__ = [
    "NOT_BUILT",
    "Api",
    "Before",
    "Call",
    "Connector",
    "Create",
    "ErrorCode",
    "ErrorRule",
    "Key",
    "Pass",
    "RateRule",
    "Records",
    "Resource",
    "Retry",
    "Secret",
    "Sent",
    "Setting",
]

NOT_BUILT = auth.NOT_BUILT | {"per_group", "per_user"}
"""Values of the format that are refused by name until they are built."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ColumnWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


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
    """A regular expression that the whole value must match; of a list, each item."""
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


class Retry(_Closed):
    """Which failures are tried again, and how often. Writes only if the call is `repeatable`."""

    on: frozenset[ErrorCode] = frozenset({"rate_limited", "vendor_unavailable"})
    times: Annotated[StrictInt, Field(ge=0, le=10)] = 3


class RateRule(_Closed):
    """The calls that the vendor allows; each poll of an exchange counts."""

    budget: Budgeted
    concurrent: NotBuilt = None
    remaining: NotBuilt = None
    reset: NotBuilt = None


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


class Sent(Request):
    """What is sent for one purpose: a verb, or parameters given to an exchange; and what its answer means."""

    verbs: ClassVar[tuple[str, ...]] = (*VERBS, "exchange")

    exchange: str | None = None
    """Send through the api's exchange of this name instead of a verb."""
    give: Mapping[str, ValueText] = {}
    """Values for the exchange's parameters."""
    expect: AnswerCondition | None = None
    """What a 2xx answer must meet, besides the api's own."""
    errors: tuple[ErrorRule, ...] = ()
    """Tried before the exchange's and the api's."""

    @property
    def holes(self) -> frozenset[str]:
        return super().holes | holes_of(dict(self.give))

    @model_validator(mode="after")
    def _gives_to_an_exchange(self) -> Self:
        if self.give and self.exchange is None:
            raise PydanticCustomError(
                "give", "`give` fills an exchange's parameters; this call names no exchange"
            )
        if self.exchange is not None and self.effect is None:
            raise PydanticCustomError(
                "effect", "`exchange` needs `effect: read` or `effect: write`: what it carries decides"
            )
        return self


class Before(Sent):
    """What is sent before a listing begins, so that the vendor answers with what is true now."""

    at_most_every: Seconds | None = None
    """Not sent again for so long (per account)."""
    if_refused: Literal["fail", "warn"] = "fail"
    """`warn`: where the vendor refuses it (no right to it, above all) the listing goes on, with a warning that it
    may be stale."""


class Pass(_Closed):
    """One variant of a listing's call: what it sends besides, or in place of, what the call says itself."""

    query: Mapping[str, ValueText] = {}
    headers: Mapping[str, HeaderText] = {}
    json_body: Mapping[str, ValueText] = Field({}, alias="json")
    """Keys of the JSON body."""
    give: Mapping[str, ValueText] = {}
    """For a call through an exchange: values for its parameters."""

    @property
    def holes(self) -> frozenset[str]:
        return holes_of([dict(self.query), dict(self.headers), dict(self.json_body), dict(self.give)])


class Call(Sent):
    """One call of a resource: what is sent, and how its answer is read."""

    verbs: ClassVar[tuple[str, ...]] = (*Sent.verbs, "call", "from_")

    call: Name | None = None
    """For `get`: ask another call of the resource (a search), and take the one record whose key is equal."""
    exactly: Literal["key"] | None = None
    """With `call`: which of its records is the one."""
    from_: Literal["list"] | None = Field(None, alias="from")
    """For `get`: read the listing until the record is found."""
    otherwise: Literal["list"] | None = None
    """With `call`: read the listing where the id can't be quoted."""
    records: Annotated[
        Records | None, BeforeValidator(_as_path, json_schema_input_type=PathText | Records)
    ] = None
    """Path of the records on a page (required for a listing)."""
    record: PathText = "$"
    """Path of the one record."""
    paging: Paging | None = None
    """How the listing goes on (required for a listing; one-page lists say `style: none`)."""
    before: tuple[Before, ...] = ()
    """For `list`: what is sent first, in this order."""
    passes: Annotated[tuple[Pass, ...], Field(max_length=10)] = ()
    """For `list`: it is these variants of the call, one listing after the other. Not used where a filter or sort is
    sent to the vendor."""
    takes: NotBuilt = None
    verify: NotBuilt = None

    @property
    def holes(self) -> frozenset[str]:
        return super().holes.union(*(one.holes for one in self.passes))

    def variants(self) -> tuple[Call, ...]:
        """One call for each of its passes; itself where it has none."""
        return tuple(self._in_pass(one) for one in self.passes) or (self,)

    def _in_pass(self, one: Pass) -> Call:
        body = self.json_body
        if one.json_body:
            body = {**(body or {}), **one.json_body}
        changed = {
            "query": {**self.query, **one.query},
            "headers": {**self.headers, **one.headers},
            "json_body": body,
            "give": {**self.give, **one.give},
            "passes": (),
        }
        return self.model_copy(update=changed)

    @model_validator(mode="after")
    def _differs_in_passes(self) -> Self:
        if len(self.passes) == 1:
            raise PydanticCustomError("passes", "one pass is the call itself: `passes` has two or more")
        if any(one in self.passes[:at] for at, one in enumerate(self.passes)):
            raise PydanticCustomError("passes", "two passes are the same: everyone would come twice")
        for one in self.passes:
            if one.give if self.exchange is None else one.query or one.headers or one.json_body:
                raise PydanticCustomError(
                    "passes", "a pass adds to `give` where the call names an exchange, and only there"
                )
        has_object = self.json_body is None or isinstance(self.json_body, Mapping)
        if any(one.json_body for one in self.passes) and (self.form or not has_object):
            raise PydanticCustomError("passes", "a pass adds to `json` only where the call sends an object")
        return self

    @model_validator(mode="after")
    def _takes_one_of_several(self) -> Self:
        if (self.call is None) != (self.exactly is None):
            raise PydanticCustomError("call", "`call` and `exactly: key` stand together")
        if self.otherwise is not None and self.call is None:
            raise PydanticCustomError("otherwise", "`otherwise` stands beside `call`")
        return self


class Create(Sent):
    """The call that makes one, from what the caller gives."""

    input: Annotated[Mapping[Name, Input], Field(min_length=1)]
    """What is given: name → what it must be; `{input.name}` in the call."""
    record: PathText = "$"
    """Path of what was made, in the answer."""
    takes: NotBuilt = None
    verify: NotBuilt = None

    @model_validator(mode="after")
    def _writes(self) -> Self:
        if self.effect != "write":
            raise PydanticCustomError("effect", "`create` says `effect: write`, whatever its verb")
        for name, rule in self.input.items():
            if rule.made_from is None:
                continue
            other = self.input.get(rule.made_from)
            if other is None or not other.required or other.made_from is not None:
                raise PydanticCustomError(
                    "input",
                    "`{name}` is made from `{other}`, which {fault}",
                    {
                        "name": name,
                        "other": rule.made_from,
                        "fault": "is no input" if other is None else "may be left out",
                    },
                )
        return self


class Resource(_Closed):
    """What the vendor's API has: how it is listed and got, and what makes one."""

    key: Annotated[Key | None, BeforeValidator(_as_path, json_schema_input_type=PathText | Key)] = None
    """What stands for `{id}`; the mapping's `id` must read the same path."""
    list: Call | None = None
    get: Call | None = None
    calls: Mapping[Name, Call] = {}
    """Further named calls (a search)."""
    columns: Mapping[ColumnWord, PathText] = {}
    """The vendor's word for what it answers at a path only when asked: `{columns:text}` in a call is the words
    (between commas, in this order) of what the mapping reads."""
    always: tuple[PathText, ...] = ()
    """With `columns`: what it answers unasked. A rule that reads anything else is refused."""
    create: Create | None = None
    update: NotBuilt = None
    delete: NotBuilt = None
    details: NotBuilt = None

    def columns_for(self, paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(the words of the columns that are read at these paths, in their order; the paths that no column has)."""
        where = {word: parse_path(path).leading for word, path in self.columns.items()}
        known = [*where.values(), *(parse_path(path).leading for path in self.always)]
        read = {path: parse_path(path).leading for path in sorted(paths)}
        words = tuple(
            word
            for word, at in where.items()
            if any(steps[: len(at)] == at or at[: len(steps)] == steps for steps in read.values())
        )
        outside = tuple(
            path for path, steps in read.items() if not any(steps[: len(one)] == one for one in known)
        )
        return words, outside

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
        Annotated[Sent, Tag("call")] | Annotated[Literal["none"], Tag("none")],
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
    rate: RateRule | None = None
    """How many calls the vendor allows; what would be too much waits, or is refused unsent."""
    repeated: NotBuilt = None
    proxy: Proxy | None = None
    """What passes of the vendor's own API, untouched: closed lists of what only reads. Without it nothing does."""

    def exchange_of(self, sent: Request, values: Mapping[str, Any]) -> Single | SubmitAndPoll | None:
        """What carries a call, a choice by setting made; None for a call that is its own request."""
        name = sent.exchange if isinstance(sent, Sent) else None
        if name is None:
            return None
        way = self.exchanges[name]
        chosen = self.exchanges[way.ways[values[way.by]]] if isinstance(way, Chosen) else way
        assert not isinstance(chosen, Chosen)  # refused when the connector is loaded
        return chosen


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
