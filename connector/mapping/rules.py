"""The rules of a mapping file and the file itself: validated models that are the runtime objects.

A rule has exactly one rule word; which rule a value is follows from the value alone (`forms`). What a rule
does to a record is in `reading`, how it is turned round in `invert`. Models are frozen and closed; nothing
here knows a field of the unified model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from connector.mapping import dates, forms
from connector.mapping.condition import Condition
from connector.mapping.path import PathText
from connector.mapping.text import parse_text
from connector.mapping.words import Closed, Literals, PlainText, Scalar, Table, one_of, scalar_table
from connector.template import ValueText

__all__ = [
    "OPERATORS",
    "Case",
    "CasesRule",
    "ConstantRule",
    "EachRule",
    "Filter",
    "FirstOfRule",
    "InputRule",
    "JoinRule",
    "Link",
    "ListRule",
    "LookupRule",
    "MappingFile",
    "Members",
    "Memberships",
    "ObjectRule",
    "PathRule",
    "Rule",
    "RuleBase",
    "Sort",
    "TextRule",
    "WordRule",
]

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "starts_with")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Dotted = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$", max_length=200)]
Host = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", max_length=253)
]


def _template(text: str) -> str:
    try:
        parse_text(text)
    except ValueError as error:
        raise PydanticCustomError("template", "{reason}", {"reason": str(error), "found": text}) from None
    return text


def _date(text: str) -> str:
    fault = None if text in dates.DATE_WORDS else dates.strptime_fault(text)
    if fault:
        raise PydanticCustomError(
            "date", "{reason}", {"reason": fault, "found": text, "allowed": dates.DATE_WORDS}
        )
    return text


TextTemplate = Annotated[PlainText, AfterValidator(_template)]
DateText = Annotated[PlainText, AfterValidator(_date)]


class RuleBase(Closed):
    """What every rule may say."""

    secret: bool = False
    """The value is redacted outside the result."""
    one_way: bool = False
    """Never written, though an inverse would exist: the vendor ignores it."""


class Link(Closed):
    """Which links are believed: https to these hosts."""

    hosts: Annotated[tuple[Host, ...], Field(min_length=1, max_length=100)]
    subdomains: bool = False
    """Hosts below the listed ones are believed too."""


class PathRule(RuleBase):
    """The value at a path, changed as the other words say."""

    path: PathText
    as_: Annotated[Literal["string", "integer"] | None, one_of("string", "integer")] = Field(None, alias="as")
    """`string`: from an integer, digit by digit; `integer`: from a decimal string."""
    values: Table | None = None
    """The vendor's value → ours. One that isn't listed becomes `unknown` with a warning."""
    write: Table | None = None
    """Our value → the vendor's, where several read as ours."""
    date: DateText | None = None
    """`rfc3339`, `epoch_s`, `epoch_ms`, `filetime`, `ldap`, or a strptime format."""
    zone: Annotated[Literal["UTC"] | None, one_of("UTC")] = None
    """What a strptime format without %z means."""
    split: Annotated[PlainText, Field(min_length=1)] | None = None
    """The text between the parts."""
    take: Annotated[
        Literal["first", "rest", "last", "before_last"] | None, one_of("first", "rest", "last", "before_last")
    ] = None
    """Which of the parts."""
    case: Annotated[Literal["lower", "upper"] | None, one_of("lower", "upper")] = None
    null_if: Literals = ()
    """Vendor values that mean nothing."""
    if_missing: Scalar = None
    """Our value where the key is absent; null stays null."""
    link: Link | None = None
    """Completes a missing scheme with https; refuses any other scheme or host."""
    pick: Annotated[Literal["only", "first", "last"], one_of("only", "first", "last")] = "only"
    """Which of several matches."""

    @model_validator(mode="after")
    def _words_fit(self) -> PathRule:
        apart = [
            w
            for w, v in (
                ("as", self.as_),
                ("values", self.values),
                ("date", self.date),
                ("split", self.split),
            )
            if v is not None
        ]
        if len(apart) > 1:
            raise _misfit(" and ".join(apart), "only one of as, values, date and split stands in a rule")
        if (self.split is None) != (self.take is None):
            raise _misfit("split" if self.take is None else "take", "`split` and `take` stand together")
        if self.write is not None and self.values is None:
            raise _misfit("write", "`write` says which of several `values` is written; there are none")
        if self.zone is not None and (self.date is None or not dates.needs_zone(self.date)):
            raise _misfit("zone", "`zone` is for a strptime format without %z")
        if self.date is not None and self.zone is None and dates.needs_zone(self.date):
            raise _misfit("date", "a format without %z says no offset; add `zone: UTC`, or %z")
        if (self.case or self.link) and (self.values or self.date or self.as_ == "integer"):
            raise _misfit("case" if self.case else "link", "`case` and `link` are for text")
        if self.case and self.link:
            raise _misfit("case", "a link's letter case is kept")
        return self


def _misfit(found: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("rule_words", "{reason}", {"reason": message, "found": found})


class ConstantRule(RuleBase):
    """Always this value."""

    constant: Any


class WordRule(RuleBase):
    """Bare text: a constant where the vocabulary is closed or the text is a label; refused elsewhere."""

    word: PlainText


class InputRule(RuleBase):
    """What was sent with a create: `input.email`."""

    input: str


class TextRule(RuleBase):
    """Text around values: every `{$.path}` must hold a text, else the whole is null."""

    text: TextTemplate


class FirstOfRule(RuleBase):
    """The first that is not missing, null or empty."""

    first_of: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]


class JoinRule(RuleBase):
    """The texts that are there, joined; null if nothing is left."""

    join: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]
    with_: PlainText = Field(alias="with")
    """What stands between two of them."""


class Case(Closed):
    """A value, and when it holds."""

    when: Condition
    then: Rule


class CasesRule(RuleBase):
    """The value of the first case whose condition holds."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=100)]
    otherwise: Rule | None = None
    """When no case holds; without it `unknown` (or null) and a warning."""
    write: Mapping[str | bool | int, Mapping[PathText, Scalar]] | None = None
    """Our value → what is written for it: path → value."""


class ObjectRule(RuleBase):
    """A nested object: a rule a field."""

    object: Annotated[Mapping[str, Rule], Field(max_length=200)]


class EachRule(RuleBase):
    """A list with one item a match; inside `item`, `$` is the match."""

    each: PathText
    item: Rule
    where: Condition | None = None
    """Which matches are taken."""
    if_missing: Annotated[Literal["empty"] | None, one_of("empty")] = None
    """`empty`: an absent list means that there are none."""


class ListRule(RuleBase):
    """The items of several sources, in order."""

    list: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]
    unique: Name | None = None
    """Of items that are equal in this field, only the first stays."""


class LookupRule(RuleBase):
    """A field of the one row of another unified resource that has this value."""

    lookup: Name
    """The unified resource, of the same account."""
    where: Name
    """Its field that must be equal."""
    is_: Rule = Field(alias="is")
    """To what."""
    take: Name
    """Its field that is the value."""


Rule = TypeAliasType(
    "Rule",
    Annotated[
        Annotated[PathRule, Tag("rule:path")]
        | Annotated[ConstantRule, Tag("rule:constant")]
        | Annotated[WordRule, Tag("rule:word")]
        | Annotated[InputRule, Tag("rule:input")]
        | Annotated[TextRule, Tag("rule:text")]
        | Annotated[FirstOfRule, Tag("rule:firstof")]
        | Annotated[JoinRule, Tag("rule:join")]
        | Annotated[CasesRule, Tag("rule:cases")]
        | Annotated[ObjectRule, Tag("rule:object")]
        | Annotated[EachRule, Tag("rule:each")]
        | Annotated[ListRule, Tag("rule:list")]
        | Annotated[LookupRule, Tag("rule:lookup")],
        Discriminator(
            forms.tag_of,
            custom_error_type="rule",
            custom_error_message="not a rule",
            custom_error_context={"allowed": forms.RULE_WORDS},
        ),
        BeforeValidator(forms.expand),
        forms.ShortForms(),
    ],
)
"""How a value comes from a record; short forms are expanded."""


class Members(Closed):
    """Who is in a group, where the group or an endpoint of it says so."""

    each: PathText | None = None
    """The members in the group's record."""
    call: Name | None = None
    """The resource's call that lists a group's members, read to its end."""
    user: Rule
    """The reference to the user; `$` is the member."""
    matches: Annotated[
        Literal["id", "username", "emails.email"], one_of("id", "username", "emails.email")
    ] = "id"
    """Which field of a user the reference is equal to."""
    where: Condition | None = None
    """Which members are users."""
    transitive: bool = False
    """Members of nested groups are included."""
    if_missing: Annotated[Literal["empty", "empty_if_seen"] | None, one_of("empty", "empty_if_seen")] = None
    """`empty`: a record without the list has no members. `empty_if_seen`: so it is once another record of the
    same listing has a list; a server that never sends one is not believed to have only empty groups."""

    @model_validator(mode="after")
    def _one_source(self) -> Members:
        if (self.each is None) == (self.call is None):
            raise _misfit(
                "members", "say where members stand: either `each` (in the group's record) or `call`"
            )
        if self.call is not None and self.if_missing is not None:
            raise _misfit(
                "if_missing", "of a `call` its `records` say what an absent list means: `if_missing: empty`"
            )
        return self


class Memberships(Closed):
    """Which groups a user is in, where an endpoint of the user says so."""

    call: Name
    """The resource's call that lists a user's groups, read to its end."""
    group: Annotated[Mapping[Name, Rule], Field(min_length=1)]
    """The group: `id`, `name`, `organization`; `$` is the record of the listing."""
    where: Condition | None = None
    """Which records are groups."""
    transitive: bool = False
    """Groups that hold a group of the user's are included."""


class Filter(Closed):
    """How a filter of ours is evaluated, and what is sent for it."""

    evaluate: Annotated[
        Literal["here", "vendor", "vendor_then_here"], one_of("here", "vendor", "vendor_then_here")
    ]
    """By us over unified records, by the vendor as exact, or narrowed by the vendor and checked by us."""
    operators: Annotated[tuple[Annotated[str, one_of(*OPERATORS)], ...], Field(min_length=1)] = ("eq",)
    query: Mapping[str, ValueText] = {}
    """Sent with the list call."""
    json_: ValueText = Field(None, alias="json")
    """Merged into the list call's body."""
    call: Name | None = None
    """Another call of the resource, sent instead of the list call."""
    any: PlainText | None = None
    """What joins the repeated text when several vendor values read as the wanted one."""
    values: Annotated[
        tuple[tuple[Scalar, tuple[Scalar, ...]], ...] | None,
        BeforeValidator(scalar_table, json_schema_input_type=Mapping[str, Scalar | tuple[Scalar, ...]]),
    ] = None
    """Our value → the vendor's value, or the list of them; instead of turning the field's rule round."""
    otherwise: Annotated[Literal["here", "refuse"], one_of("here", "refuse")] = "here"
    """What is done with a value that can't be quoted."""

    @model_validator(mode="after")
    def _sends(self) -> Filter:
        sends = bool(self.query) or self.json_ is not None or self.call is not None
        if self.evaluate == "here" and sends:
            raise _misfit(
                "evaluate",
                "evaluated here, nothing is sent; remove query, json and call, or say vendor_then_here",
            )
        if self.evaluate != "here" and not sends:
            raise _misfit("evaluate", "what is sent to the vendor? one of query, json and call is needed")
        return self


class Sort(Closed):
    """How rows are sorted by a field."""

    evaluate: Annotated[Literal["here", "vendor"], one_of("here", "vendor")] = "vendor"
    """By the vendor, or by us over a capture (`paging: {style: snapshot}`)."""
    query: Mapping[str, ValueText] = {}
    """Sent with the list call so that the vendor sorts."""
    json_: ValueText = Field(None, alias="json")
    call: Name | None = None

    @model_validator(mode="after")
    def _sends(self) -> Sort:
        sends = bool(self.query) or self.json_ is not None or self.call is not None
        if sends == (self.evaluate == "here"):
            raise _misfit(
                "sort",
                "what is sent to the vendor? one of query, json and call is needed"
                if self.evaluate == "vendor"
                else "evaluated here, nothing is sent; remove query, json and call",
            )
        return self


class MappingFile(Closed):
    """How the records of one source become rows of one unified resource."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
    """Where records come from: `api.resource`."""
    unified: Name
    """What they become."""
    extends: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*/[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")] | None = (
        None
    )
    """Start from that mapping: `connector/api.resource`."""
    where: Condition | None = None
    """Which records are kept; the others are counted and reported as left out."""
    fields: Mapping[str, Rule | None] = {}
    """Unified field → rule; fields that aren't listed are null."""
    on: Mapping[Name, Mapping[str, Rule | None]] = {}
    """Rules that differ for the records of one call: call → field → rule."""
    members: Members | None = None
    """Who is in a group (groups only)."""
    memberships: Memberships | None = None
    """Which groups a user is in, with `membership: per_user` (users only)."""
    filters: Mapping[Dotted, Filter | None] = {}
    combine: Mapping[str, PlainText] = {}
    """Parameter → the text that joins two filters on it."""
    sorts: Mapping[Name, Sort | None] = {}
    written: Mapping[PathText, Any] = {}
    """Path → constant, set on every record that is written."""


for _model in (
    FirstOfRule,
    JoinRule,
    Case,
    CasesRule,
    ObjectRule,
    EachRule,
    ListRule,
    LookupRule,
    Members,
    Memberships,
    MappingFile,
):
    _model.model_rebuild()
