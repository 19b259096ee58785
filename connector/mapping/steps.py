"""The steps of a path: compiled once from jsonpath-ng's own syntax tree, then run over plain JSON values.

Each kind of step is one function that says which keys of a value it takes, with jsonpath-ng's meaning and in
its order; `run` (values, fast) and `walk` (values with their places, slow, to word warnings) both go by it.
Never calls code or regular expressions out of a path, and never takes more than `MAX_MATCHES` values.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from jsonpath_ng import Child, Descendants, Fields, Index, Root, Slice, This
from jsonpath_ng.ext.filter import And, Expression, Filter, Or
from jsonpath_ng.jsonpath import Wildcard

__all__ = [
    "MAX_MATCHES",
    "Misfit",
    "NotCompiled",
    "Place",
    "Step",
    "TooManyMatches",
    "compile_steps",
    "json_equal",
    "json_type",
    "key_text",
    "run",
    "walk",
]

MAX_MATCHES = 1_000_000

Place = tuple[str, Any]
Keys = Callable[[Any, Any, "list[Misfit]"], "Sequence[Any]"]
Test = Callable[[Any, Any, "list[Misfit]"], bool]


class Misfit(NamedTuple):
    """A step met another type than its notation names, at `place` (relative to where the run began)."""

    place: str
    expected: str
    got: str


class NotCompiled(Exception):
    """The path uses something that only jsonpath-ng itself evaluates."""


class TooManyMatches(Exception):
    """The path multiplies its matches beyond `MAX_MATCHES`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `takes` is the container that its notation names, None where any will do.

    `only` is the one key of a plain step (`.x`, `[n]`); `deep` marks the `..` that visits everything
    below, `whole` the `[*]` that takes all of a list.
    """

    keys: Keys
    takes: type[dict[Any, Any] | list[Any]] | None = None
    only: str | int | None = None
    deep: bool = False
    whole: bool = False

    @property
    def many(self) -> bool:
        return self.only is None


_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "list",
    dict: "object",
}


def json_type(value: Any) -> str:
    """The word for a JSON value's type, as warnings use it."""
    found = _TYPES.get(type(value))
    if found is None:
        found = next((word for kind, word in _TYPES.items() if isinstance(value, kind)), type(value).__name__)
    return found


def json_equal(left: Any, right: Any) -> bool:
    """Equal as JSON: true is not 1 at any depth, and 1 is 1.0."""
    if type(left) is type(right) and not isinstance(left, list | dict):
        return bool(left == right)
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if json_type(one) != json_type(other):
            return False
        if isinstance(one, dict):
            if one.keys() != other.keys():
                return False
            pending.extend((one[key], other[key]) for key in one)
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif one != other:
            return False
    return True


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_RESERVED = frozenset({"where", "wherenot"})


def key_text(key: str | int) -> str:
    """The step that takes this key, as text that can be parsed again."""
    if isinstance(key, int):
        return f"[{key}]"
    if _PLAIN.fullmatch(key) and key not in _RESERVED:
        return f".{key}"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def run(
    steps: Sequence[Step], values: list[Any], root: Any, misfits: list[Misfit], *, strict: bool = True
) -> list[Any]:
    """What the steps take from `values`, in order.

    A value that isn't what a step's notation names is entered in `misfits` (places are not kept here: `walk`
    knows them). When `strict` it then gives nothing; otherwise what jsonpath-ng takes from it.
    """
    for step in steps:
        found: list[Any] = []
        name = step.only
        for value in values:
            if step.deep:
                found.extend(node for _, node in _preorder("", value))
            elif isinstance(name, str) and isinstance(value, dict):
                if name in value:
                    found.append(value[name])
            elif step.whole and isinstance(value, list):
                found.extend(value)
            elif step.takes is None or isinstance(value, step.takes):
                found.extend([value[key] for key in step.keys(value, root, misfits)])
            elif value is not None:
                misfits.append(Misfit("", _TYPES[step.takes], json_type(value)))
                if not strict:
                    found.extend([value[key] for key in step.keys(value, root, misfits)])
            if len(found) > MAX_MATCHES:
                raise TooManyMatches
        values = found
    return values


def walk(
    steps: Sequence[Step], places: list[Place], root: Any, misfits: list[Misfit], *, strict: bool = True
) -> list[Place]:
    """As `run`, with the place of each value, and of each misfit."""
    for step in steps:
        found: list[Place] = []
        for place, value in places:
            if step.deep:
                found.extend(_preorder(place, value))
                continue
            if step.takes is not None and not isinstance(value, step.takes) and value is not None:
                misfits.append(Misfit(place, _TYPES[step.takes], json_type(value)))
                if strict:
                    continue
            inside: list[Misfit] = []
            found.extend((place + key_text(key), value[key]) for key in step.keys(value, root, inside))
            misfits.extend(_placed(inside, place))
        places = found
    return places


def _placed(misfits: list[Misfit], place: str) -> Iterator[Misfit]:
    """Misfits that were found from `place` on; those of a `$` in a filter have their whole place already."""
    for misfit in misfits:
        yield misfit if misfit.place.startswith("$") else misfit._replace(place=place + misfit.place)


def _preorder(place: str, value: Any) -> Iterator[Place]:
    stack = [(place, value)]
    while stack:
        place, value = stack.pop()
        yield place, value
        if isinstance(value, list):
            stack.extend((f"{place}[{at}]", value[at]) for at in range(len(value) - 1, -1, -1))
        elif isinstance(value, dict):
            stack.extend((place + key_text(key), value[key]) for key in reversed(value))


def compile_steps(tree: Any, bracketed: Iterator[bool]) -> tuple[Step, ...]:
    """The steps of a syntax tree. `bracketed` says of each `*`, in the order of the text, whether it is `[*]`.

    The tree alone can't: `.*` and `[*]` are one node in it. Raises NotCompiled.
    """
    if isinstance(tree, Root):
        return ()
    if isinstance(tree, Child) and not isinstance(tree.right, Root):
        return compile_steps(tree.left, bracketed) + _relative(tree.right, bracketed)
    if isinstance(tree, Descendants):
        before = compile_steps(tree.left, bracketed)
        return before + _below(tree.right, bracketed)
    raise NotCompiled


def _relative(tree: Any, bracketed: Iterator[bool]) -> tuple[Step, ...]:
    if type(tree) is This:
        return ()
    if type(tree) is Child:
        return _relative(tree.left, bracketed) + _relative(tree.right, bracketed)
    if type(tree) is Descendants:
        return _relative(tree.left, bracketed) + _below(tree.right, bracketed)
    if type(tree) is Fields:
        return (_fields(tuple(tree.fields)),)
    if type(tree) is Index:
        return (_indexes(tuple(tree.indices)),)
    if type(tree) is Slice:
        return (_slice(slice(tree.start, tree.end, tree.step)),)
    if type(tree) is Wildcard:
        is_list = next(bracketed)
        return (Step(_every_key, takes=list if is_list else dict, whole=is_list),)
    if type(tree) is Filter:
        return (_filter([_expression(each, bracketed) for each in tree.expressions]),)
    raise NotCompiled


def _below(tree: Any, bracketed: Iterator[bool]) -> tuple[Step, ...]:
    """`..` and what follows: its first step is a search, so whatever it meets is no surprise."""
    after = _relative(tree, bracketed)
    deep = Step(_every_key, deep=True)
    return (deep, replace(after[0], takes=None), *after[1:]) if after else (deep,)


def _every_key(value: Any, _root: Any, _misfits: list[Misfit]) -> Sequence[Any]:
    if isinstance(value, list):
        return range(len(value))
    return tuple(value) if isinstance(value, dict) else ()


def _fields(names: tuple[str, ...]) -> Step:
    def keys(value: Any, _root: Any, _misfits: list[Misfit]) -> Sequence[Any]:
        return [name for name in names if name in value] if isinstance(value, dict) else ()

    return Step(keys, takes=dict, only=names[0] if len(names) == 1 else None)


def _indexes(indexes: tuple[int, ...]) -> Step:
    def keys(value: Any, _root: Any, _misfits: list[Misfit]) -> Sequence[Any]:
        if not isinstance(value, list):
            return ()
        size = len(value)
        return [at % size for at in indexes if -size <= at < size]

    return Step(keys, takes=list, only=indexes[0] if len(indexes) == 1 else None)


def _slice(part: slice) -> Step:
    def keys(value: Any, _root: Any, _misfits: list[Misfit]) -> Sequence[Any]:
        return range(len(value))[part] if isinstance(value, list) and part.step != 0 else ()

    return Step(keys, takes=list)


def _filter(tests: list[Test]) -> Step:
    def keys(value: Any, root: Any, misfits: list[Misfit]) -> Sequence[Any]:
        kept = []
        inside: list[Misfit] = []
        for key in _every_key(value, root, misfits):
            for test in tests:
                if not test(value[key], root, inside):
                    break
            else:
                kept.append(key)
            if inside:
                misfits.extend(_placed(inside, key_text(key)))
                inside.clear()
        return kept

    return Step(keys, takes=list)


def _expression(tree: Any, bracketed: Iterator[bool]) -> Test:
    """What decides whether a filter keeps a candidate.

    Here jsonpath-ng's truth holds whatever a step meets (were a misfit nothing, `!=` would keep more than
    jsonpath-ng does); a misfit is noted all the same.
    """
    if isinstance(tree, And | Or):
        tests = [_expression(each, bracketed) for each in tree.operands]
        whole = all if isinstance(tree, And) else any
        return lambda value, root, misfits: whole(test(value, root, misfits) for test in tests)
    if not isinstance(tree, Expression):
        raise NotCompiled
    target = _operand(tree.target, bracketed)
    if tree.op is None:
        return lambda value, root, misfits: bool(target(value, root, misfits))
    if tree.op == "!":
        return lambda value, root, misfits: not target(value, root, misfits)
    compare = _comparison(tree.op)
    if isinstance(tree.value, Root | This | Child):
        other = _operand(tree.value, bracketed)

        def against_path(value: Any, root: Any, misfits: list[Misfit]) -> bool:
            left, right = target(value, root, misfits), other(value, root, misfits)
            if not left or not right:  # nothing equals nothing, and nothing else
                return _EQUALITY[tree.op](not left and not right)
            return any(compare(one, another) for one in left for another in right)

        return against_path
    literal, if_nothing = tree.value, tree.op == "!="
    if tree.op in ("=", "==") and isinstance(literal, str):  # the commonest, and only text equals text
        return lambda value, root, misfits: literal in target(value, root, misfits)

    def against_literal(value: Any, root: Any, misfits: list[Misfit]) -> bool:
        found = target(value, root, misfits)
        return any(compare(each, literal) for each in found) if found else if_nothing

    return against_literal


def _operand(tree: Any, bracketed: Iterator[bool]) -> Callable[[Any, Any, list[Misfit]], list[Any]]:
    first = tree
    while isinstance(first, Child | Descendants):
        first = first.left
    rooted = isinstance(first, Root)
    steps = compile_steps(tree, bracketed) if rooted else _relative(tree, bracketed)

    name = steps[0].only if len(steps) == 1 and not rooted else None

    def values(value: Any, root: Any, misfits: list[Misfit]) -> list[Any]:
        if isinstance(name, str) and isinstance(value, dict):
            return [value[name]] if name in value else []
        start, place = (root, "$") if rooted else (value, "")
        surprises: list[Misfit] = []
        found = run(steps, [start], root, surprises, strict=False)
        if surprises:
            walk(steps, [(place, start)], root, misfits, strict=False)
        return found

    return values


_EQUALITY: dict[str, Callable[[bool], bool]] = {
    "=": bool,
    "==": bool,
    "<=": bool,
    ">=": bool,
    "!=": operator.not_,
    "<": lambda _: False,
    ">": lambda _: False,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(sign: str) -> Callable[[Any, Any], bool]:
    """Two numbers or two strings are ordered; of everything else only equality is asked."""
    by_equality, by_order = _EQUALITY[sign], _ORDER.get(sign)

    def compare(left: Any, right: Any) -> bool:
        if by_order and json_type(left) == json_type(right) and json_type(left) in ("number", "string"):
            return by_order(left, right)
        return by_equality(json_equal(left, right))

    return compare
