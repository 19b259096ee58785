"""From a path's text to jsonpath-ng's syntax tree, refused where a mapping may not go.

What is refused: regular expressions (one can run for ever), what jsonpath-ng itself deprecates, and forms whose
work grows out of proportion to the record. The text never becomes code.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.arithmetic import Operation
from jsonpath_ng.ext.filter import Filter
from jsonpath_ng.ext.parser import ExtendedJsonPathLexer, parse
from jsonpath_ng.ext.string import DefintionInvalid
from jsonpath_ng.jsonpath import Child, Descendants, Fields, Index, JSONPath, Root, This

from connector.mapping.steps import json_type

__all__ = ["MAX_LENGTH", "PathInvalid", "parse_tree"]

MAX_LENGTH = 500


class PathInvalid(ValueError):
    """The text is no path, or uses what paths here don't have; the message says which."""


def parse_tree(text: str) -> tuple[JSONPath, list[bool]]:
    """The syntax tree, and of each `*` in the text whether it is written `[*]`. Raises PathInvalid."""
    stars = _checked_tokens(text)
    tree = _tree(text)
    _check(tree)
    return tree, stars


# warnings.catch_warnings changes the filters of the whole process: two threads in it at once could leave
# warnings as errors behind.
_one_at_a_time = threading.Lock()

_NO_REGEX = "regular expressions are not used in paths; compare with == or use a condition's `contains`"


def _checked_tokens(text: str) -> list[bool]:
    """Refuses what no tree should be built of; for each `*` says whether it is written `[*]`."""
    if not text.startswith("$"):
        raise PathInvalid(
            f"a path starts with $ (write $.{text})" if _WORD.fullmatch(text) else "a path starts with $"
        )
    if len(text) > MAX_LENGTH:
        raise PathInvalid(f"a path has at most {MAX_LENGTH} characters, this one has {len(text)}")
    try:
        tokens = [(token.type, token.value) for token in ExtendedJsonPathLexer().tokenize(text)]
    except JSONPathError as error:
        raise PathInvalid(f"not a path: {_one_line(error)}") from None
    kinds = ["", *(kind for kind, _ in tokens), ""]
    if any(kind == "FILTER_OP" and value == "=~" for kind, value in tokens):
        raise PathInvalid(f"`=~`: {_NO_REGEX}")
    # Before the parser sees it, because it would compile the pattern.
    if any(kind == "NAMED_OPERATOR" and str(value).startswith("sub(") for kind, value in tokens):
        raise PathInvalid(f"`sub(...)`: {_NO_REGEX}")
    if kinds.count("DOUBLEDOT") > _MOST_DESCENTS:
        raise PathInvalid(f"a path has at most {_MOST_DESCENTS} `..`, each searches all that is below")
    return [kinds[at - 1] == "[" and kinds[at + 1] == "]" for at, kind in enumerate(kinds) if kind == "*"]


_WORD = re.compile(r"[\w.\[\]*-]+")
_MOST_DESCENTS = 2
_MOST_FILTERS = 2


def _tree(text: str) -> JSONPath:
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = parse(text)
    except DeprecationWarning as error:
        raise PathInvalid(f"not used in paths: {_one_line(error)}") from None
    except (
        JSONPathError,
        DefintionInvalid,
        ArithmeticError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise PathInvalid(f"not a path: {_one_line(error)}") from None
    if not isinstance(tree, JSONPath):
        raise PathInvalid("not a path")
    return tree


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _parts(tree: JSONPath) -> Iterator[JSONPath]:
    """The nodes right below one, whatever its class calls them."""
    for value in vars(tree).values():
        for each in value if isinstance(value, list | tuple) else (value,):
            part = each[0] if isinstance(each, tuple) else each  # a sort's (path, descending)
            if isinstance(part, JSONPath):
                yield part


def _check(tree: JSONPath, filters: int = 0) -> None:
    """Refuses what would take time out of proportion to the record."""
    if isinstance(tree, Filter):
        filters += 1
        if filters > _MOST_FILTERS:
            raise PathInvalid("a filter inside a filter inside a filter is not used in paths")
    if filters and isinstance(tree, Child | Descendants) and _rooted(tree) and not _is_plain(tree):
        raise PathInvalid("inside a filter, $ is followed by plain steps only ($.a.b, $.a[0])")
    if isinstance(tree, Operation) and tree.op_symbol == "*":
        tree.op = _product
    for part in _parts(tree):
        _check(part, filters)


def _product(left: Any, right: Any) -> Any:
    # Python would also repeat a text or list as often as a number says.
    if json_type(left) == json_type(right) == "number":
        return left * right
    raise TypeError


def _rooted(tree: JSONPath) -> bool:
    while isinstance(tree, Child | Descendants):
        tree = tree.left
    return isinstance(tree, Root)


def _is_plain(tree: JSONPath) -> bool:
    if isinstance(tree, Child):
        return _is_plain(tree.left) and _is_plain(tree.right)
    if isinstance(tree, Fields | Index):
        return len(tree.fields if isinstance(tree, Fields) else tree.indices) == 1
    return isinstance(tree, Root) or type(tree) is This
