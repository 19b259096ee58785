"""Paths into a vendor's record: JSONPath as jsonpath-ng defines it, with one correction.

Where every step meets the container that its notation names (`.x` and `.*` an object; `[*]`, `[n]`, slices and
filters a list), a path gives exactly jsonpath-ng's values, in its order. A step that meets anything else gives
nothing and leaves a note; one that meets null, or a key that isn't there, gives nothing silently: a null in the
middle of a path means that there is no value. Never coerces, never raises on a record, never runs a regex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple

from jsonpath_ng.ext.arithmetic import Operation
from jsonpath_ng.ext.iterable import Keys, Len, SortedThis
from jsonpath_ng.ext.iterable import Path as OwnPath
from jsonpath_ng.ext.string import Split, Str
from jsonpath_ng.jsonpath import Child, Fields, Index, JSONPath, Parent, Root, This, Where
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from connector.mapping.steps import (
    MAX_MATCHES,
    Misfit,
    NotCompiled,
    Step,
    TooManyMatches,
    compile_steps,
    json_equal,
    json_type,
    key_text,
    run,
    walk,
)
from connector.mapping.syntax import MAX_LENGTH, PathInvalid, parse_tree

__all__ = [
    "MAX_LENGTH",
    "MISSING",
    "Missing",
    "Note",
    "Notes",
    "Path",
    "PathInvalid",
    "PathText",
    "json_equal",
    "json_type",
    "parse_path",
    "written",
]


class Missing(Enum):
    """The type of `MISSING`: no value is there, which is not the same as null."""

    MISSING = "missing"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "MISSING"

    __str__ = __repr__


MISSING: Final = Missing.MISSING


class Note(NamedTuple):
    """One thing that reading a record noticed; never holds the value.

    `code` is one of wrong_type, many_values, unmapped_value, implausible, unparsable, link_refused,
    list_unreadable, item_left_out, lookup_failed; and, of what stands elsewhere, detail_missing,
    membership_unreadable. `breaks` says that a list which access decisions rest on
    couldn't be read to its end, so that the page is partial.
    """

    code: str
    path: str
    message: str
    breaks: bool = False


@dataclass(slots=True)
class Notes:
    """What reading one record noticed, and the rows that its lookup rules may look into."""

    lookups: Mapping[str, Any] = field(default_factory=dict)
    found: list[Note] = field(default_factory=list)
    gaps: int = 0
    """How many lists below other lists were absent or null: what they would have held isn't there."""

    def add(self, code: str, path: str, message: str, *, breaks: bool = False) -> None:
        """Enter one note."""
        self.found.append(Note(code, path, message, breaks))


One = Callable[[Any, Notes], Any]
All = Callable[[Any, Notes], "list[Any] | Missing | None"]


@dataclass(frozen=True)
class Path:
    """A compiled path; made by `parse_path`, equal and pickled by its text.

    `many` is decided by the path's form, never by how many matches came. `steps` are the keys of a path that has
    only `.x` and `[n]` steps, otherwise None.

    `leading` are the keys before the first step that may take several.

    `one(record, notes)` is for scalar positions: the value (None is a value) or MISSING; several matches are a
    note and MISSING. `all(record, notes)` is for list positions: every match, or MISSING or None where what
    stands before the last `[*]` (slice, filter, `..`) is missing or null. `[]` only when a list is there.
    """

    text: str
    many: bool = field(compare=False, repr=False)
    steps: tuple[str | int, ...] | None = field(compare=False, repr=False)
    leading: tuple[str | int, ...] = field(compare=False, repr=False)
    one: One = field(compare=False, repr=False)
    all: All = field(compare=False, repr=False)
    located: Callable[[Any], list[tuple[str, Any]]] = field(compare=False, repr=False)
    """Every match with its concrete JSON path; slow, to word warnings."""

    def concrete(self, record: Any) -> str:
        """Where the value stands (`$.emails[3].value`), or would stand; the path's own text if that's open."""
        found = self.located(record)
        if len(found) == 1:
            return found[0][0]
        return self.text if self.steps is None else written(self.steps)

    def __reduce__(self) -> tuple[Callable[[str], Path], tuple[str]]:
        return parse_path, (self.text,)


def written(keys: Sequence[str | int]) -> str:
    """Plain steps as a path's text: `$.a['b c'][0]`."""
    return "$" + "".join(map(key_text, keys))


@lru_cache(maxsize=10_000)
def parse_path(text: str) -> Path:
    """The path that `text` says. Raises PathInvalid."""
    tree, stars = parse_tree(text)
    try:
        steps = compile_steps(tree, iter(stars))
    except NotCompiled:
        return _left_to_library(text, tree)
    plain = tuple(step.only for step in steps if step.only is not None and not step.deep)
    many = len(plain) < len(steps)
    every = _all(text, steps)
    return Path(
        text=text,
        many=many,
        steps=None if many else plain,
        leading=_leading(steps),
        one=_only_match(text, every) if many else _one(steps, plain),
        all=every,
        located=lambda record: walk(steps, [("$", record)], record, []),
    )


def _leading(steps: Sequence[Step]) -> tuple[str | int, ...]:
    found = []
    for step in steps:
        if step.only is None or step.deep:
            break
        found.append(step.only)
    return tuple(found)


def _path_text(text: str) -> str:
    try:
        parse_path(text)
    except PathInvalid as error:
        raise PydanticCustomError("path_invalid", "{reason}", {"reason": str(error), "found": text}) from None
    return text


PathText = Annotated[
    str,
    AfterValidator(_path_text),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\$",
            "maxLength": MAX_LENGTH,
            "description": "A JSONPath into the record, such as $.name.givenName or $.emails[*].value.",
        }
    ),
]
"""Text that `parse_path` accepts; a field of it holds the text, and `parse_path` is cached."""


# -- reading -------------------------------------------------------------------------------------------------


def _report(steps: Sequence[Step], record: Any, notes: Notes) -> Missing:
    misfits: list[Misfit] = []
    walk(steps, [("$", record)], record, misfits)
    for place, expected, got in dict.fromkeys(misfits):
        notes.add("wrong_type", place, f"expected {expected}, got {got}")
    return MISSING


def _one(steps: tuple[Step, ...], keys: tuple[str | int, ...]) -> One:
    """A reader for plain steps. The commonest forms are a dictionary look-up or two: all mapping goes here."""
    match keys:
        case ():
            return lambda record, _notes: record
        case (str() as name,):

            def one_name(record: Any, notes: Notes) -> Any:
                return (
                    record.get(name, MISSING) if isinstance(record, dict) else _report(steps, record, notes)
                )

            return one_name
        case (str() as outer, str() as inner):

            def two_names(record: Any, notes: Notes) -> Any:
                if isinstance(record, dict):
                    between = record.get(outer)
                    if isinstance(between, dict):
                        return between.get(inner, MISSING)
                    if between is None:
                        return MISSING
                return _report(steps, record, notes)

            return two_names

    def several(record: Any, notes: Notes) -> Any:
        value = record
        for key in keys:
            if isinstance(value, dict) and isinstance(key, str):
                value = value.get(key, MISSING)
            elif isinstance(value, list) and isinstance(key, int):
                value = value[key] if -len(value) <= key < len(value) else MISSING
            elif value is None or value is MISSING:
                return MISSING
            else:
                return _report(steps, record, notes)
        return value

    return several


def _all(text: str, steps: tuple[Step, ...]) -> All:
    stages, rest = _stages(steps)
    if not stages:
        one = _one(steps, tuple(step.only for step in steps if step.only is not None))

        def single(record: Any, notes: Notes) -> list[Any] | Missing | None:
            value = one(record, notes)
            return MISSING if value is MISSING else [value]

        return single

    def every(record: Any, notes: Notes) -> list[Any] | Missing | None:
        misfits: list[Misfit] = []
        try:
            found = _gather(stages, rest, record, misfits, notes)
        except TooManyMatches:
            notes.add("list_unreadable", text, f"more than {MAX_MATCHES:,} matches", breaks=True)
            return MISSING
        if misfits:
            _report(steps, record, notes)
        return found

    match steps:
        case (Step(only=str() as name), Step(whole=True)):

            def items(record: Any, notes: Notes) -> list[Any] | Missing | None:
                value = record.get(name, MISSING) if isinstance(record, dict) else MISSING
                if isinstance(value, list):
                    return value.copy()
                return every(record, notes)

            return items
    return every


def _stages(steps: tuple[Step, ...]) -> tuple[list[tuple[tuple[Step, ...], Step]], tuple[Step, ...]]:
    """The steps cut after each that may take several: (plain steps, that step), and the plain steps at the end."""
    stages: list[tuple[tuple[Step, ...], Step]] = []
    start = 0
    for at, step in enumerate(steps):
        if step.many:
            stages.append((steps[start:at], step))
            start = at + 1
    return stages, steps[start:]


def _gather(
    stages: list[tuple[tuple[Step, ...], Step]],
    rest: tuple[Step, ...],
    record: Any,
    misfits: list[Misfit],
    notes: Notes,
) -> list[Any] | Missing | None:
    values = [record]
    for before, step in stages:
        lists = run(before, values, record, misfits)
        notes.gaps += len(values) - sum(value is not None for value in lists)
        if values and not lists:
            return MISSING
        known = [value for value in lists if value is not None]
        if lists and not known:
            return None
        readable = (
            known if step.takes is None else [value for value in known if isinstance(value, step.takes)]
        )
        values = run((step,), known, record, misfits)
        if known and not readable:
            return MISSING
    return run(rest, values, record, misfits)


def _only_match(text: str, every: All) -> One:
    def one(record: Any, notes: Notes) -> Any:
        found = every(record, notes)
        if not found:
            return MISSING
        if len(found) > 1:
            notes.add("many_values", text, f"expected one value, found {len(found)}")
            return MISSING
        return found[0]

    return one


# -- what jsonpath-ng evaluates itself -----------------------------------------------------------------------

_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def _left_to_library(text: str, tree: JSONPath) -> Path:
    """A path whose values are jsonpath-ng's own; where it finds nothing that is MISSING, for it can't say why."""

    def every(record: Any, notes: Notes) -> list[Any] | Missing:
        try:
            found = [match.value for match in tree.find(record)]
        except _UNREADABLE as error:
            notes.add("wrong_type", text, f"cannot be evaluated on this record ({type(error).__name__})")
            return MISSING
        return found or MISSING

    def located(record: Any) -> list[tuple[str, Any]]:
        found = every(record, Notes())
        return [(text, value) for value in found or ()]

    many = _may_be_many(tree)
    only = _only_match(text, every)
    return Path(text=text, many=many, steps=None, leading=(), one=only, all=every, located=located)


def _may_be_many(tree: Any) -> bool:
    match tree:
        case Child() | Operation():
            return _may_be_many(tree.left) or _may_be_many(tree.right)
        case Where():
            return _may_be_many(tree.left)
        case Fields():
            return len(tree.fields) > 1
        case Index():
            return len(tree.indices) > 1
        case Root() | Parent() | Len() | OwnPath() | SortedThis() | Split() | Str() | This():
            return False
        case Keys():
            return True
    return isinstance(tree, JSONPath)
