"""Conditions: a mapping from paths to tests, all of which must hold.

Tests are typed (`true`, `1` and `"1"` are three things) and total: whatever a record holds, a test answers yes or
no. There are no regular expressions. Where a path may find several values, a test holds when it holds for one of
them, `empty` when it holds for all, and `not` turns the answer round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal, Protocol, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector.mapping.path import MISSING, Notes, PathText, json_equal, parse_path

__all__ = [
    "BODY_KINDS",
    "AnswerCondition",
    "AnswerFacts",
    "AnyOf",
    "BodyKind",
    "Condition",
    "Contains",
    "Empty",
    "Equals",
    "Holds",
    "Judge",
    "Listed",
    "Not",
    "Present",
    "StartsWith",
    "Test",
]

BodyKind = Literal["json", "text", "binary", "empty"]
BODY_KINDS: tuple[str, ...] = get_args(BodyKind)

Judge = Callable[[Any], bool]
"""Judges what a path found: its value or MISSING; for a path that may find several, the list of them."""

_ABOUT_THE_ANSWER = {"status": "status", "text": "text", "body": "body_kind"}


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What a condition may ask of an answer; `json` is MISSING unless the body is JSON. Its repr shows no body."""

    status: int
    raw: bytes = field(repr=False)
    body_kind: str
    json: Any = field(default=MISSING, repr=False)

    @property
    def text(self) -> str:
        """The body as text, made when it is asked for: a large answer is not held twice."""
        return self.raw.decode("utf-8", "replace")


class Holds(Protocol):
    """A compiled condition. Notes are of wrong types that the record's paths met."""

    def __call__(self, record: Any, notes: Notes | None = None, /) -> bool: ...


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Equals(RootModel[StrictBool | StrictInt | StrictFloat | StrictStr | None]):
    """A literal: the same JSON type, and equal."""

    model_config = ConfigDict(frozen=True)

    def judge(self, *, many: bool) -> Judge:
        wanted = self.root
        if isinstance(wanted, str):  # by far the most frequent, and nothing but a string equals one
            return _one_of(lambda value: value == wanted, many=many)
        return _one_of(lambda value: value is not MISSING and json_equal(value, wanted), many=many)


class Present(_Words):
    """The key is there (null counts as there), or with `false` it isn't."""

    present: StrictBool

    def judge(self, *, many: bool) -> Judge:
        wanted = self.present
        if many:
            return lambda found: bool(found) is wanted
        return lambda value: (value is not MISSING) is wanted


class Empty(_Words):
    """Missing, null, an empty string or an empty list; or with `false` none of these."""

    empty: StrictBool

    def judge(self, *, many: bool) -> Judge:
        wanted = self.empty
        if many:
            return lambda found: all(map(_is_empty, found)) is wanted
        return lambda value: _is_empty(value) is wanted


class Contains(_Words):
    """A string that contains this one, letter case folded."""

    contains: Annotated[StrictStr, Field(min_length=1)]

    def judge(self, *, many: bool) -> Judge:
        wanted = self.contains.casefold()
        return _one_of(lambda value: isinstance(value, str) and wanted in value.casefold(), many=many)


class StartsWith(_Words):
    """A string that starts with this one, letter case as written."""

    starts_with: Annotated[StrictStr, Field(min_length=1)]

    def judge(self, *, many: bool) -> Judge:
        wanted = self.starts_with
        return _one_of(lambda value: isinstance(value, str) and value.startswith(wanted), many=many)


class Not(_Words):
    """Holds when the test under it doesn't."""

    test: Test = Field(alias="not")

    def judge(self, *, many: bool) -> Judge:
        inner = self.test.judge(many=many)
        return lambda found: not inner(found)


class AnyOf(_Words):
    """Holds when any of its tests does."""

    any_of: Annotated[tuple[Test, ...], Field(min_length=1)]

    def judge(self, *, many: bool) -> Judge:
        return _any_judge(self.any_of, many=many)


class Listed(RootModel[Annotated["tuple[Test, ...]", Field(min_length=1)]]):
    """A list of tests: the short form of `any_of`."""

    model_config = ConfigDict(frozen=True)

    def judge(self, *, many: bool) -> Judge:
        return _any_judge(self.root, many=many)


def _one_of(judge: Judge, *, many: bool) -> Judge:
    return (lambda found: any(map(judge, found))) if many else judge


def _is_empty(value: Any) -> bool:
    return value is MISSING or value is None or value in ("", [])


def _any_judge(tests: tuple[Test, ...], *, many: bool) -> Judge:
    judges = [test.judge(many=many) for test in tests]
    return lambda found: any(judge(found) for judge in judges)


_TEST_WORDS = ("present", "empty", "contains", "starts_with", "not", "any_of")


def _test_word(given: Any) -> str:
    """Which test is meant, by the form of what is written."""
    if isinstance(given, dict):
        return str(next(iter(given)))
    if isinstance(given, BaseModel):
        return next((word for word, kind in _KINDS.items() if isinstance(given, kind)), "literal")
    return "list" if isinstance(given, list | tuple) else "literal"


def _well_formed(given: Any) -> Any:
    if isinstance(given, dict):
        unknown = [word for word in given if word not in _TEST_WORDS]
        if unknown:
            raise PydanticCustomError(
                "unknown_test",
                "unknown test {found}; write a literal, a list, or one of: {words}",
                {"found": str(unknown[0]), "allowed": _TEST_WORDS, "words": ", ".join(_TEST_WORDS)},
            )
        if len(given) != 1:
            raise PydanticCustomError(
                "one_test",
                "a test is one word, found {count}; put several under `any_of`, or under several paths",
                {"count": len(given), "found": ", ".join(map(str, given)), "allowed": _TEST_WORDS},
            )
    return given


Test = Annotated[
    Annotated[Equals, Tag("literal")]
    | Annotated[Listed, Tag("list")]
    | Annotated[Present, Tag("present")]
    | Annotated[Empty, Tag("empty")]
    | Annotated[Contains, Tag("contains")]
    | Annotated[StartsWith, Tag("starts_with")]
    | Annotated[Not, Tag("not")]
    | Annotated[AnyOf, Tag("any_of")],
    Discriminator(_test_word),
    BeforeValidator(_well_formed),
]
_KINDS: dict[str, type[BaseModel]] = {
    "list": Listed,
    "present": Present,
    "empty": Empty,
    "contains": Contains,
    "starts_with": StartsWith,
    "not": Not,
    "any_of": AnyOf,
}

Not.model_rebuild()
AnyOf.model_rebuild()
Listed.model_rebuild()


def _answer_key(text: Any) -> Any:
    if not isinstance(text, str) or text in _ABOUT_THE_ANSWER or text.startswith("$"):
        return text
    raise PydanticCustomError(
        "unknown_key",
        "a condition on an answer asks about a path ($.x) or one of: {words}; found {found}",
        {"found": text, "allowed": (*_ABOUT_THE_ANSWER, "$.x"), "words": ", ".join(_ABOUT_THE_ANSWER)},
    )


def _path_or_word(text: str, check: ValidatorFunctionWrapHandler) -> str:
    return text if text in _ABOUT_THE_ANSWER else str(check(text))


_AnswerKey = Annotated[
    PathText,
    WrapValidator(_path_or_word),
    BeforeValidator(_answer_key),
    WithJsonSchema({"type": "string", "pattern": r"^\$|^status$|^text$|^body$"}),
]


class Condition(RootModel[Annotated[dict[PathText, Test], Field(min_length=1)]]):
    """Tests by path, all of which must hold; kept in the order in which they are written."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it reads."""
        return tuple(self.root)

    def literals(self) -> Mapping[str, Any] | None:
        """What to write at each path so that the condition holds; None unless all tests are literals."""
        found = {path: test.root for path, test in self.root.items() if isinstance(test, Equals)}
        return found if len(found) == len(self.root) else None

    def compile(self) -> Holds:
        """What says whether a record meets the condition."""
        return _compiled(self.root)


class AnswerCondition(RootModel[Annotated[dict[_AnswerKey, Test], Field(min_length=1)]]):
    """As `Condition`, over an answer: also its HTTP `status`, its raw `text`, and what kind of `body` it has.

    Where the body isn't JSON, every path is missing.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})

    @model_validator(mode="after")
    def _body_is_a_kind(self) -> AnswerCondition:
        test = self.root.get("body")
        if test is not None and not (isinstance(test, Equals) and test.root in BODY_KINDS):
            raise PydanticCustomError(
                "unknown_body",
                "`body` is one of: {words}",
                {"allowed": BODY_KINDS, "words": ", ".join(BODY_KINDS)},
            )
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths into the body that it reads."""
        return tuple(key for key in self.root if key not in _ABOUT_THE_ANSWER)

    @property
    def asks_what_it_says(self) -> bool:
        """Whether it looks at what stands in the body, not only at what kind of body it is."""
        return bool(self.paths) or "text" in self.root

    @property
    def wants_no_body(self) -> bool:
        """Whether only an answer without a body meets it."""
        return self.root.get("body") == Equals("empty")

    def may_hold(self, status: int) -> bool:
        """Whether an answer of this status could meet the condition, whatever its body is."""
        test = self.root.get("status")
        return test is None or test.judge(many=False)(status)

    def compile(self) -> Callable[[AnswerFacts], bool]:
        """What says whether an answer meets the condition."""
        about = [
            (attrgetter(fact), self.root[key].judge(many=False))
            for key, fact in _ABOUT_THE_ANSWER.items()
            if key in self.root
        ]
        in_body = _compiled({path: self.root[path] for path in self.paths})

        def holds(facts: AnswerFacts) -> bool:
            return all(judge(fact_of(facts)) for fact_of, judge in about) and in_body(facts.json)

        return holds


def _compiled(tests: Mapping[str, Any]) -> Holds:
    """Judges run in the order written, and stop at the first that doesn't hold."""
    parts = []
    for text, test in tests.items():
        path = parse_path(text)
        parts.append((path.all if path.many else path.one, test.judge(many=path.many), path.many))

    def holds(record: Any, notes: Notes | None = None, /) -> bool:
        noted = Notes() if notes is None else notes
        for find, judge, many in parts:
            found = MISSING if record is MISSING else find(record, noted)
            if not judge((found or ()) if many else found):
                return False
        return True

    return holds
