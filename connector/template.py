"""Templates of connectors: text with `{holes}`, each value quoted for the place where it stands.

A hole is a name (`settings.x`, `secrets.x`, `id`, `value`, `page.start` …), never an expression. A value
can't break out of its place: URL segments, hosts and headers quote or refuse by themselves; a hole inside
other text of a value must name its quoting, or the template is refused when it is read. `{{` is a brace.

A value may also be `{words: [...]}`, a line whose parts are joined by blanks: a part with a hole that is
undefined is left out, the first never is.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final
from urllib.parse import quote

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from connector.errors import InvalidRequest

__all__ = [
    "DIGESTS",
    "DOTTED",
    "LONGEST_LINE",
    "QUOTINGS",
    "UNDEFINED",
    "BaseText",
    "HeaderText",
    "PathTemplate",
    "Template",
    "Unquotable",
    "ValueText",
    "Values",
    "cleared_nowhere",
    "fill_json",
    "holes_of",
    "parse_template",
    "secret_digests",
]


class _Undefined:
    """No value: the key that would have held it is left out."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = _Undefined()
Values = Mapping[str, Any]
"""Hole name → value. A name that is missing is undefined; None is JSON's null."""


class Unquotable(InvalidRequest):
    """A value can't be written safely where it would have to stand; nothing was sent."""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Unquotable(f"a {type(value).__name__} can't be written into text")


def _refuse_control(text: str) -> str:
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):  # noqa: PLR2004 - C0 and DEL
        raise Unquotable("a value with control characters can't be quoted here")
    return text


def _double(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _single(value: Any) -> str:
    text = _refuse_control(_plain(value)).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _doubled(value: Any) -> str:
    text = _refuse_control(_plain(value)).replace("'", "''")
    return f"'{text}'"


def _shell(value: Any) -> str:
    """One word of a command line. What no quoting makes safe is refused.

    Quotes are POSIX's, within which two tokenisers that read the same line agree. They don't agree about
    backslashes and entities, and no quotes keep a leading dash from being read as an option.
    """
    text = _plain(value)
    if not text.isprintable():
        raise Unquotable("a value with characters that can't be printed can't stand in a command line")
    if text.strip() == "" or text.startswith("-"):
        raise Unquotable("a value that is blank, or begins with -, means something else to a command")
    if "\\" in text or "${" in text or "@all" in text.casefold() or html.unescape(text) != text:
        raise Unquotable(
            "a value with a backslash, ${, @all or an HTML entity (&…) means something else to a command line"
        )
    return "'" + text.replace("'", "'\"'\"'") + "'"


QUOTINGS: Final[Mapping[str, Callable[[Any], str]]] = {
    "double": _double,
    "single": _single,
    "doubled": _doubled,
    "shell": _shell,
    "text": lambda value: _refuse_control(_plain(value)),
}
"""Quoting word → what writes a value that way (see mappings/README.md)."""

DIGESTS: Final[Mapping[str, tuple[str, ...]]] = {"sha256": ("sha256",), "hmac_sha256": ("hmac_sha256", "key")}
"""Words of a value that is a digest → the texts that it is made of."""
DOTTED: Final = "dotted"
"""The quoting word of a lone hole whose object is written flat: its nested keys joined by dots."""
_SHOWN = 40
LONGEST_LINE: Final = 4_096
"""The most characters of a command line."""
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Hole:
    name: str
    quoting: str | None = None


@dataclass(frozen=True)
class Template:
    """A parsed template; `fill_*` write it for one kind of place."""

    text: str
    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(hole.name for hole in self.holes)

    @property
    def quotings(self) -> frozenset[str | None]:
        return frozenset(hole.quoting for hole in self.holes)

    @property
    def is_one_hole(self) -> bool:
        return len(self.parts) == 1 and isinstance(self.parts[0], Hole)

    def fill_value(self, values: Values) -> Any:
        """For a query, JSON or form value: a lone hole keeps its type; any undefined hole gives UNDEFINED."""
        if self.is_one_hole and self.holes[0].quoting in (None, DOTTED):
            value = values.get(self.holes[0].name, UNDEFINED)
            return _dotted(value) if self.holes[0].quoting == DOTTED else value
        text = self._join(values, lambda hole, value: QUOTINGS[hole.quoting or "text"](value))
        return _within_line(text) if "shell" in self.quotings else text

    def fill_path(self, values: Values) -> str:
        """For a URL's path: each hole is one segment, percent-encoded; it can't be empty or a dot segment."""

        def segment(hole: Hole, value: Any) -> str:
            text = _plain(value)
            if text in ("", ".", ".."):
                raise InvalidRequest(f"{hole.name} can't be {text!r}: it stands in a URL's path")
            return quote(text, safe="")

        return self._required(values, segment)

    def fill_raw(self, values: Values) -> str:
        """For what is encoded or hashed as a whole, so that no value can break out: values as they are."""
        return self._required(values, lambda _, value: _plain(value))

    def fill_header(self, values: Values) -> str:
        """For a header's value: visible ASCII and spaces only (RFC 9110 §5.5), anything else is refused."""

        def field_value(hole: Hole, value: Any) -> str:
            text = _plain(value)
            if not re.fullmatch(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", text):
                raise InvalidRequest(
                    f"{hole.name} can't stand in a header: it is empty or has other than ASCII characters"
                )
            return text

        return self._required(values, field_value)

    def fill_base(self, values: Values) -> str:
        """For an api's base URL: a hole at the start is a whole URL, in the host a host, later a segment."""
        out = ""
        for part in self.parts:
            if isinstance(part, str):
                out += part
                continue
            value = values.get(part.name, UNDEFINED)
            if value is UNDEFINED or value is None:
                raise InvalidRequest(f"{part.name} is not set")
            text = _plain(value)
            if out == "":
                out = text.rstrip("/")
            elif "/" not in out.partition("://")[2]:
                if not _HOST.fullmatch(text):
                    raise InvalidRequest(f"{part.name} is not a host name: {text!r}")
                out += text
            elif text in ("", ".", ".."):
                raise InvalidRequest(f"{part.name} can't be {text!r}: it stands in a URL's path")
            else:
                out += quote(text, safe="")
        return out

    def _join(self, values: Values, write: Callable[[Hole, Any], str]) -> Any:
        out = []
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
                continue
            value = values.get(part.name, UNDEFINED)
            if value is UNDEFINED or value is None:
                return UNDEFINED
            try:
                out.append(write(part, value))
            except Unquotable as error:
                shown = "" if part.name.startswith("secrets.") else f" {str(value)[:_SHOWN]!r}"
                raise Unquotable(f"{part.name}{shown}: {error.message}") from None
        return "".join(out)

    def _required(self, values: Values, write: Callable[[Hole, Any], str]) -> str:
        text = self._join(values, write)
        if text is UNDEFINED:
            missing = sorted(name for name in self.names if values.get(name) is None)
            raise InvalidRequest(f"{', '.join(missing)} is needed for {self.text!r} and is not set")
        return str(text)


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """The template that `text` is. Raises ValueError with a sentence for whoever wrote it."""
    parts: list[str | Hole] = []
    literal, end = "", 0
    for match in _TOKEN.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        token = match.group()
        if token in ("{{", "}}"):
            literal += token[0]
        elif match.group(1) is None:
            raise ValueError(f"a single {token!r}; a brace that is meant as text is written twice")
        else:
            if literal:
                parts.append(literal)
                literal = ""
            parts.append(_hole(match.group(1)))
    literal += text[end:]
    if literal or not parts:
        parts.append(literal)
    return Template(text, tuple(parts))


def _hole(text: str) -> Hole:
    name, colon, quoting = text.partition(":")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{{{text}}} is not a hole: a hole is a name such as {{settings.x}}, {{id}} or {{page.start}}"
        )
    if colon and quoting not in (*QUOTINGS, DOTTED):
        raise ValueError(f"unknown quoting {quoting!r}; allowed: {', '.join((*QUOTINGS, DOTTED))}")
    return Hole(name, quoting or None)


def _within_line(line: Any) -> Any:
    if line is not UNDEFINED and len(line) > LONGEST_LINE:
        raise Unquotable(f"a command line of more than {LONGEST_LINE:,} characters can't be sent")
    return line


def _dotted(value: Any) -> Any:
    """An object with its nested objects written flat; what is none stays as it is."""
    if not isinstance(value, Mapping):
        return value
    flat: dict[str, Any] = {}
    for key, one in value.items():
        inner = _dotted(one)
        if isinstance(inner, Mapping) and inner:
            flat |= {f"{key}.{below}": found for below, found in inner.items()}
        else:
            flat[key] = inner
    return flat


def fill_json(shape: Any, values: Values) -> Any:
    """A JSON value with its templates filled; an undefined lone hole removes its key (or item)."""
    if isinstance(shape, str):
        return parse_template(shape).fill_value(values)
    if isinstance(shape, Mapping) and (word := _digest_word(shape)):
        return _digest(word, shape, values)
    if _is_words(shape):
        return _words(shape["words"], values)
    if isinstance(shape, Mapping):
        filled = ((key, fill_json(value, values)) for key, value in shape.items())
        return {key: value for key, value in filled if value is not UNDEFINED}
    if isinstance(shape, list | tuple):
        return [value for value in (fill_json(item, values) for item in shape) if value is not UNDEFINED]
    return shape


def _is_words(shape: Any) -> bool:
    return isinstance(shape, Mapping) and set(shape) == {"words"}


def _words(parts: list[str] | tuple[str, ...], values: Values) -> Any:
    """A line of the parts that have all their holes; undefined where the first has not."""
    filled = [parse_template(part).fill_value(values) for part in parts]
    if filled[0] is UNDEFINED:
        return UNDEFINED
    return _within_line(" ".join(part for part in filled if part is not UNDEFINED))


def _digest_word(shape: Mapping[str, Any]) -> str | None:
    return next((word for word in DIGESTS if word in shape), None)


def _digest(word: str, shape: Mapping[str, Any], values: Values) -> Any:
    """Lower-case hex over the text's UTF-8, holes raw; undefined where a hole is."""
    text = _raw(shape[word], values)
    key = _raw(shape["key"], values) if word == "hmac_sha256" else b""
    if text is UNDEFINED or key is UNDEFINED:
        return UNDEFINED
    if word == "hmac_sha256":
        return hmac.new(key, text, "sha256").hexdigest()
    return hashlib.sha256(text).hexdigest()


def _raw(text: str, values: Values) -> Any:
    filled = parse_template(text)._join(values, lambda _, value: _plain(value))  # noqa: SLF001 - one module
    return UNDEFINED if filled is UNDEFINED else filled.encode()


def secret_digests(shape: Any, values: Values) -> Iterator[str]:
    """The digests in a JSON value that a secret goes into: whoever has one can use it as the secret (law 6)."""
    if isinstance(shape, Mapping):
        if _digest_word(shape):
            if any(name.startswith("secrets.") for name in holes_of(shape)):
                found = fill_json(shape, values)
                yield from () if found is UNDEFINED else (found,)
        else:
            for value in shape.values():
                yield from secret_digests(value, values)
    elif isinstance(shape, list | tuple):
        for item in shape:
            yield from secret_digests(item, values)


def holes_of(shape: Any) -> frozenset[str]:
    """The names of all holes in a JSON value."""
    if isinstance(shape, str):
        return parse_template(shape).names
    if isinstance(shape, Mapping):
        return frozenset().union(*(holes_of(value) for value in shape.values()))
    if isinstance(shape, list | tuple):
        return frozenset().union(*(holes_of(item) for item in shape))
    return frozenset()


def cleared_nowhere(shape: Any) -> frozenset[str]:
    """The names of holes that stand in a text: null can't be written there."""
    if isinstance(shape, str):
        template = parse_template(shape)
        return frozenset() if template.is_one_hole and template.quotings <= {None, DOTTED} else template.names
    if isinstance(shape, Mapping):
        return frozenset().union(*(cleared_nowhere(value) for value in shape.values()))
    if isinstance(shape, list | tuple):
        return frozenset().union(*(cleared_nowhere(item) for item in shape))
    return frozenset()


def _checked(text: str) -> Template:
    try:
        return parse_template(text)
    except ValueError as error:
        raise PydanticCustomError("template", "{reason}", {"reason": str(error)}) from None


def _check_place(text: str) -> str:
    if any(hole.quoting for hole in _checked(text).holes):
        raise PydanticCustomError("template", "a hole needs no quoting here: this place quotes by itself")
    return text


def _check_value(shape: Any) -> Any:
    if isinstance(shape, str):
        template = _checked(shape)
        if not template.is_one_hole and DOTTED in template.quotings:
            raise PydanticCustomError("template", "`:dotted` stands only in a hole that is the whole value")
        if not template.is_one_hole and any(hole.quoting is None for hole in template.holes):
            raise PydanticCustomError(
                "template",
                "a hole inside other text must name its quoting, as in {{name}:double}",
                {
                    "name": next(hole.name for hole in template.holes if hole.quoting is None),
                    "allowed": tuple(QUOTINGS),
                },
            )
    elif isinstance(shape, Mapping):
        word = _digest_word(shape)
        if word is not None:
            _check_digest(word, shape)
        elif _is_words(shape):
            _check_words(shape["words"])
        else:
            for value in shape.values():
                _check_value(value)
    elif isinstance(shape, list | tuple):
        for item in shape:
            _check_value(item)
    return shape


def _check_words(parts: Any) -> None:
    if not isinstance(parts, list | tuple) or not parts or not all(isinstance(part, str) for part in parts):
        raise PydanticCustomError("words", "`words` is a list of texts, of which the first is always sent")
    for part in parts:
        if any(hole.quoting in (None, DOTTED) for hole in _checked(part).holes):
            raise PydanticCustomError(
                "words", "a hole in `words` must name its quoting, as in {example}", {"example": "{id:shell}"}
            )


def _check_digest(word: str, shape: Mapping[str, Any]) -> None:
    needed = DIGESTS[word]
    if set(shape) != set(needed) or not all(isinstance(text, str) for text in shape.values()):
        raise PydanticCustomError(
            "digest",
            "a digest has {needed}, each a text",
            {"needed": " and ".join(f"`{one}`" for one in needed)},
        )
    for text in shape.values():
        if any(hole.quoting for hole in _checked(text).holes):
            raise PydanticCustomError("digest", "a hole needs no quoting here: a digest is over the raw text")


def _check_path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//"):
        raise PydanticCustomError(
            "template", "a path begins with one slash: it stands below the api's base URL"
        )
    return _check_place(text)


_TEXT = WithJsonSchema({"type": "string", "description": "Text with {holes}."})
PathTemplate = Annotated[str, AfterValidator(_check_path), _TEXT]
BaseText = Annotated[str, AfterValidator(_check_place), _TEXT]
HeaderText = Annotated[str, AfterValidator(_check_place), _TEXT]
ValueText = Annotated[
    Any, AfterValidator(_check_value), WithJsonSchema({"description": "A JSON value; text may have {holes}."})
]
