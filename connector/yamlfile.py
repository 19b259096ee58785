"""YAML as people mean it, every value with its place in the file.

Only `true` and `false` are booleans, nothing is a date, a duplicate key is refused, and keys keep their
type (`true`, `1` and `"1"` are three keys). What is wrong is reported as `Fault`s, all of them at once,
each with file:line:column. Never runs a tag, follows no alias bomb, and reads at most a megabyte.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from connector.errors import ConfigurationInvalid, Fault

__all__ = ["Complaint", "Mark", "YamlList", "YamlMap", "load", "mark_at", "nearest", "read"]

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 60
MAX_DIGITS = 40


class Mark(NamedTuple):
    """A place in a file; line and column count from 1, as editors show them."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Complaint:
    """What is wrong at `loc` (keys and indexes from the root of a document)."""

    loc: tuple[str | int, ...]
    message: str
    found: str | None = None
    allowed: tuple[str, ...] = ()
    at_key: bool = False
    """The key itself is wrong, not what stands under it."""


class YamlMap(dict[Any, Any]):
    """A mapping that remembers where it, its keys and its values stand.

    `pairs` has every entry with its typed key, also those that a dict can't tell apart (`true` and `1`).
    """

    mark: Mark
    key_marks: dict[Any, Mark]
    value_marks: dict[Any, Mark]
    pairs: list[tuple[Any, Any]]

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark, self.key_marks, self.value_marks, self.pairs = mark, {}, {}, []

    def put(self, key: Any, value: Any, key_mark: Mark, value_mark: Mark) -> None:
        """Set an entry (a key of the same type and value is replaced) with its marks."""
        self.pairs = [pair for pair in self.pairs if _typed(pair[0]) != _typed(key)]
        self.pairs.append((key, value))
        self[key] = value
        self.key_marks[key], self.value_marks[key] = key_mark, value_mark

    def drop(self, key: Any) -> None:
        """Remove an entry, if there is one."""
        if key in self:
            del self[key]
            self.pairs = [pair for pair in self.pairs if _typed(pair[0]) != _typed(key)]
            self.update(pair for pair in self.pairs if pair[0] == key)  # `1`, where `true` was dropped


class YamlList(list[Any]):
    """A list that remembers where it and its items stand."""

    mark: Mark
    item_marks: list[Mark]

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark, self.item_marks = mark, []


def read(path: Path, shown_as: str | None = None, told: list[Fault] | None = None) -> YamlMap:
    """The mapping in the file at `path`; `shown_as` is the name that faults give it, `told` as in `load`."""
    name = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _invalid(Mark(name, 1, 1), f"the file is larger than {MAX_BYTES:,} bytes")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(
            Mark(name, 1, 1), f"not UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
        ) from None
    except OSError as error:
        raise _invalid(Mark(name, 1, 1), f"cannot be read: {error.strerror}") from None
    return load(text, name, told)


def load(text: str, file: str, told: list[Fault] | None = None) -> YamlMap:
    """The mapping that `text` says; `file` is the name that marks carry. Raises ConfigurationInvalid.

    Faults that leave the rest readable (a duplicate key, a tag) go to `told`, where it is given, so that the
    rest can be looked at too.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file, 1, 1)
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise _invalid(mark, f"not YAML: {message}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _invalid(Mark(file, line, 1), f"not YAML: {error.reason}") from None
    except RecursionError:
        raise _invalid(Mark(file, 1, 1), "nested too deeply") from None
    if node is None:
        raise _invalid(Mark(file, 1, 1), "the file is empty")
    faults = [
        Fault(file, line, column, f"tags such as {tag} are not used in these files")
        for line, column, tag in loader.tagged
    ]
    value = _Construction(file, faults).value(node)
    if not faults and not isinstance(value, YamlMap):
        faults.append(Fault(*_mark(file, node), "expected a mapping (key: value) at the top of the file"))
    if faults and (told is None or not isinstance(value, YamlMap)):
        raise ConfigurationInvalid(f"{file} is not valid", faults=faults)
    if told is not None:
        told += faults
    return value  # type: ignore[no-any-return]


def mark_at(root: Any, loc: Sequence[Any], *, at_key: bool = False) -> Mark | None:
    """Where `loc` stands in a document, or the nearest place above it; of its key with `at_key`."""
    mark = getattr(root, "mark", None)
    here = root
    for step in loc:
        if isinstance(here, YamlMap) and step in here:
            mark = here.key_marks[step] if at_key else here.value_marks[step]
            here = here[step]
        elif isinstance(here, YamlList) and isinstance(step, int) and step < len(here):
            mark, here = here.item_marks[step], here[step]
        else:
            break
    return mark


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a typo most likely meant, if one is near enough."""
    found = difflib.get_close_matches(word.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.6)
    return next((name for name in known if name.lower() == found[0]), None) if found else None


def _invalid(mark: Mark, message: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(f"{mark.file} is not valid", faults=[Fault(*mark, message)])


def _mark(file: str, node: yaml.Node) -> Mark:
    return Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _typed(key: Any) -> tuple[type, Any]:
    return type(key), key


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Loader(yaml.SafeLoader):
    """Composes nodes; notes every tag that the text itself says, since a node doesn't tell it from an implied one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tagged: list[tuple[int, int, str]] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        peek: Callable[[], yaml.Event] = self.peek_event
        event = peek()
        tag, start = getattr(event, "tag", None), event.start_mark
        if tag is not None and start is not None:
            self.tagged.append((start.line + 1, start.column + 1, tag))
        return super().compose_node(parent, index)


class _Construction:
    """Turns composed nodes into values (YAML 1.2's core schema, less octal, hex, infinities)."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file, self.faults, self.count = file, faults, 0
        self.open: set[int] = set()
        """Nodes that are being turned into values: a list or mapping can't stand in itself."""

    def value(self, node: yaml.Node) -> Any:
        self.count += 1
        if self.count > MAX_NODES:
            raise _invalid(_mark(self.file, node), f"more than {MAX_NODES:,} values (aliases counted)")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self.open:
            raise _invalid(_mark(self.file, node), "an alias (*) stands in itself")
        if len(self.open) == MAX_DEPTH:
            raise _invalid(_mark(self.file, node), "nested too deeply")
        self.open.add(id(node))
        value = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._sequence(node)
        self.open.remove(id(node))
        return value

    def _sequence(self, node: yaml.Node) -> YamlList:
        items = YamlList(_mark(self.file, node))
        for child in node.value:
            items.append(self.value(child))
            items.item_marks.append(_mark(self.file, child))
        return items

    def _mapping(self, node: yaml.MappingNode) -> YamlMap:
        found = YamlMap(_mark(self.file, node))
        seen: dict[tuple[type, Any], Mark] = {}
        for key_node, value_node in node.value:
            place = _mark(self.file, key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(*place, "a key must be plain text, a number, true, false or null"))
                continue
            key = self._scalar(key_node)
            if key == "<<" and key_node.style is None:
                self.faults.append(
                    Fault(*place, "merge keys (<<) are not used in these files; write `extends`")
                )
                continue
            if _typed(key) in seen:
                self.faults.append(
                    Fault(*place, f"duplicate key {key!r}; it stands first in line {seen[_typed(key)].line}")
                )
                continue
            seen[_typed(key)] = place
            found.put(key, self.value(value_node), place, _mark(self.file, value_node))
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        text = str(node.value)
        if getattr(node, "style", None) is not None:
            return text
        if text.lower() in _WORDS and text in (text.lower(), text.capitalize(), text.upper()):
            return _WORDS[text.lower()]
        if len(text) <= MAX_DIGITS and _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            number = float(text)
            if len(text) <= MAX_DIGITS and math.isfinite(number):
                return number
            self.faults.append(
                Fault(
                    *_mark(self.file, node),
                    f"a number that can't be kept exactly: {text[:20]}…; write it in quotes",
                )
            )
        return text
