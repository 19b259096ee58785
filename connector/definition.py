"""A connector's YAML, validated: the models that say how a vendor is called. They are the runtime objects.

Every model is frozen and closed. A word of the format that isn't built yet is refused by name, never
ignored. What no single model can see is in `wiring`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector.auth import Auth
from connector.call import Closed, Name, Pattern, Sent
from connector.duration import Budgeted
from connector.errorrule import ErrorCode, ErrorRule
from connector.exchange import Chosen, Exchange, Request, Single, SubmitAndPoll
from connector.mapping.condition import AnswerCondition
from connector.mapping.words import NotBuilt
from connector.policy import Proxy
from connector.probe import Check, Probe
from connector.resource import Resource
from connector.template import BaseText, HeaderText, ValueText

__all__ = ["Api", "Connector", "RateRule", "Retry", "Secret", "Setting", "Union"]


class Setting(Closed):
    """A value that the one who connects an account gives, and may see again."""

    label: str
    type: Literal["string", "integer", "boolean", "url", "list"] = "string"
    choices: Mapping[str, str] | None = None
    """What may be chosen: the label that a person sees → the value that templates get."""
    default: StrictStr | StrictInt | StrictBool | None = None
    pattern: Pattern | None = None
    """A regular expression that the whole value must match; of a list, each item."""
    required: StrictBool = True
    help: str | None = None

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Setting:
        if self.choices is not None and self.default is not None and self.default not in self.choices:
            raise PydanticCustomError(
                "default", "the default is not one of the choices", {"allowed": tuple(self.choices)}
            )
        return self


class Secret(Closed):
    """A value that is sealed when stored and redacted everywhere."""

    label: str
    type: Literal["text", "pem"] = "text"
    """How it is written: `text` in one line, or `pem`, a key between its BEGIN and END lines (RFC 7468)."""
    help: str | None = None
    required: StrictBool = True


class Retry(Closed):
    """Which failures are tried again, and how often. Writes only if the call is `repeatable`."""

    on: frozenset[ErrorCode] = frozenset({"rate_limited", "vendor_unavailable"})
    times: Annotated[StrictInt, Field(ge=0, le=10)] = 3


class RateRule(Closed):
    """The calls that the vendor allows; each poll of an exchange counts."""

    budget: Budgeted
    concurrent: NotBuilt = None
    remaining: NotBuilt = None
    reset: NotBuilt = None


class Api(Closed):
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
        Annotated[Check, Tag("call")] | Annotated[Literal["none"], Tag("none")],
        Discriminator(lambda value: "none" if isinstance(value, str) else "call"),
    ]
    """A call that proves the credentials and changes nothing; `none` where the vendor has no such call."""
    probes: tuple[Probe, ...] = ()
    """Calls that show one by one which rights the credentials have, for `connector doctor`; without any, `check` is the
    one."""
    tells: tuple[str, ...] = ()
    """What this api can tell, in words for whoever examines an account."""
    cannot: tuple[str, ...] = ()
    """What it can't tell, or can't be asked."""
    retry: Retry = Retry()
    exchanges: Mapping[Name, Exchange] = {}
    resources: Mapping[Name, Resource]
    membership: Literal["on_user", "on_group", "per_user", "per_group"] | None = None
    """Which side is the truth about who is in a group: a record of it, or an endpoint per record."""
    scope: str | None = None
    """What a listing of this api covers, as text with {holes}, shown with every verdict."""
    rate: RateRule | None = None
    """How many calls the vendor allows; what would be too much waits, or is refused unsent."""
    repeated: Name | None = None
    """An account may have this api several times, each with its own settings and secrets: one entry for each value of
    this setting. A listing walks them one after the other."""
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


class Union(Closed):
    """Sources that together are one listing, one after the other: their ids are of one key space."""

    union: Annotated[tuple[str, ...], Field(min_length=2, max_length=10)]


Feed = Annotated[
    Annotated[str, Tag("source")] | Annotated[Union, Tag("union")],
    Discriminator(lambda value: "source" if isinstance(value, str) else "union"),
]


class Connector(Closed):
    """A vendor's definition: `connector.yaml`."""

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    """The connector's name; the folder's name."""
    label: str
    extends: str | None = None
    """Start from this connector."""
    settings: Mapping[Name, Setting] = {}
    secrets: Mapping[Name, Secret] = {}
    unified: Mapping[str, tuple[Feed, ...]]
    """Unified resource → the sources (`api.resource`) that can feed it; the first that an account has wins. Several
    sources that are one listing stand under `union`."""
    errors: tuple[ErrorRule, ...] = ()
    """Tried after the api's own."""
    apis: Mapping[Name, Api]

    def source(self, name: str) -> tuple[Api, Resource]:
        """The api and resource that `api.resource` names."""
        api, _, resource = name.partition(".")
        return self.apis[api], self.apis[api].resources[resource]

    def feeds(self, unified: str) -> list[tuple[str, ...]]:
        """What can feed a unified resource, in the order of preference: one source each, or those of a union."""
        return [(one,) if isinstance(one, str) else one.union for one in self.unified.get(unified, ())]

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
