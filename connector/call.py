"""The calls of a connector's resources, as its YAML says them: what is sent, and how the answer is read. Those that
change something are in `change`.

Every model is frozen and closed. Where a call fits the resource and the api that it stands in is checked by `wiring`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from connector.duration import Seconds
from connector.errorrule import ErrorRule
from connector.exchange import VERBS, Request
from connector.inputs import Input
from connector.mapping.condition import AnswerCondition
from connector.mapping.path import PathText
from connector.paging import Paging
from connector.template import HeaderText, ValueText, holes_of

__all__ = ["Before", "Call", "Closed", "Name", "Pass", "Pattern", "Records", "Sent", "as_path"]


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise PydanticCustomError(
            "pattern", "not a regular expression: {reason}", {"reason": str(error)}
        ) from None
    return text


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression that a whole text is matched with."""


class Closed(BaseModel):
    """Frozen; an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Records(Closed):
    """Where the records of a page stand."""

    path: PathText | None = None
    only_list_of: PathText | None = None
    """Instead of `path`: an object of which exactly one key holds a list. For a vendor that documents what stands beside
    the records, and not the name of their key; no such key, or several, are an error."""
    if_missing: Literal["error", "empty"] = "error"

    @model_validator(mode="after")
    def _stand_somewhere(self) -> Self:
        if (self.path is None) == (self.only_list_of is None):
            raise PydanticCustomError("records", "records have a `path`, or `only_list_of`")
        if self.only_list_of is not None and self.if_missing != "error":
            raise PydanticCustomError("records", "`if_missing` stands beside `path`")
        return self

    def __str__(self) -> str:
        return self.path or f"the only list of {self.only_list_of}"


def as_path(value: Any) -> Any:
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


class Pass(Closed):
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
        Records | None, BeforeValidator(as_path, json_schema_input_type=PathText | Records)
    ] = None
    """Path of the records on a page (required for a listing)."""
    record: PathText = "$"
    """Path of the one record."""
    paging: Paging | None = None
    """How the listing goes on (required for a listing; one-page lists say `style: none`)."""
    before: tuple[Before, ...] = ()
    """For `list`: what is sent first, in this order."""
    accepts: Mapping[Name, Input] = {}
    """For `list`: what a caller may ask of the vendor besides, `{query.name}` in the call."""
    passes: Annotated[tuple[Pass, ...], Field(max_length=10)] = ()
    """For `list`: it is these variants of the call, one listing after the other. Not used where a filter or sort is
    sent to the vendor."""

    @property
    def holes(self) -> frozenset[str]:
        return super().holes.union(*(one.holes for one in self.passes))

    @property
    def defaults(self) -> dict[str, str]:
        """What is sent of what it accepts where nobody asks for anything else."""
        return {name: rule.default for name, rule in self.accepts.items() if rule.default is not None}

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
