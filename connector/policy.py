"""What may pass the proxy of an api: closed lists in its connector, of what only reads. Nothing passes by itself.

A call is judged by its method and its path's decoded segments; a command after it was taken apart, word by word,
never by its beginning. A policy that is laid over another one may only be narrower. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from connector.errors import InvalidRequest
from connector.template import LONGEST_LINE, QUOTINGS, Unquotable
from connector.yamlfile import Complaint, nearest

__all__ = ["METHODS", "Proxy", "meets_path", "widened"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
POSITIONAL = "pattern"
"""The word of a policy that stands for one argument which is no option."""

_SEGMENT = r"[A-Za-z0-9._~!$&'()+,=:@-]+"
_PATTERN = re.compile(rf"(?:{'|'.join(METHODS)}) /(?:(?:\*|\*\*|{_SEGMENT})(?:/(?:\*|\*\*|{_SEGMENT}))*)?/?")
_WORD = r"[a-z][a-z0-9-]*"
_OPTION = r"--?[A-Za-z0-9][A-Za-z0-9-]*(?:=(?:[A-Za-z0-9_.-]+(?:\|[A-Za-z0-9_.-]+)*)?)?"
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_.,:@/+-]+")


def _check_pattern(text: str) -> str:
    steps = text.partition(" ")[2].split("/")
    if not _PATTERN.fullmatch(text) or {".", ".."} & set(steps):
        raise PydanticCustomError(
            "allow",
            "expected a method and a path below the api's base address, as in GET /Users/*; a segment is `*`, `**` or text",
            {"allowed": METHODS},
        )
    if steps.count("**") > 1:
        raise PydanticCustomError("allow", "`**` (any number of segments) may stand once")
    return text


def _check_option(text: str) -> str:
    if text != POSITIONAL and not re.fullmatch(_OPTION, text):
        raise PydanticCustomError(
            "option",
            "expected `--flag`, `--name=` (any value), `--name=a|b` (one of these) or `pattern`, got {text}",
            {"text": repr(text)},
        )
    return text


PatternText = Annotated[str, AfterValidator(_check_pattern)]
CommandText = Annotated[str, Field(pattern=rf"^{_WORD}( {_WORD})*$")]
OptionText = Annotated[str, AfterValidator(_check_option)]


class Proxy(BaseModel):
    """What passes of the vendor's own API, untouched. Each entry only reads: the HTTP method says nothing about that."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    allow: tuple[PatternText, ...] = ()
    """Calls, as `GET /Users/*`: `*` is one segment, `**` any number of them, none included."""
    exchange: str | None = None
    """The api's exchange that carries commands; it takes a `line`."""
    commands: Mapping[CommandText, tuple[OptionText, ...]] = {}
    """Command → the options with which it only reads: `--flag`, `--name=` with any value, `--name=a|b` with one of
    these, and `pattern` for one argument that is no option."""

    def allows(self, method: str, segments: Sequence[str]) -> bool:
        """Whether a call passes; the segments of its path are decoded."""
        return any(
            allowed == method and meets_path(steps, segments, _is_met) for allowed, steps in self.patterns
        )

    @cached_property
    def patterns(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(method, steps of the path) of each allowed call."""
        return tuple(_steps(text) for text in self.allow)

    def line(self, words: Sequence[str]) -> str:
        """The command line of these words. Raises InvalidRequest for one that isn't listed."""
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise InvalidRequest("a command is a list of words, each a text: never one line")
        name = self._command(words)
        count = name.count(" ") + 1
        line = " ".join([*words[:count], *_arguments(name, self.commands[name], list(words[count:]))])
        if len(line) > LONGEST_LINE:
            raise Unquotable(f"a command line of more than {LONGEST_LINE:,} characters can't be sent")
        return line

    def _command(self, words: Sequence[str]) -> str:
        named = [name for name in self.commands if name.split() == list(words[: name.count(" ") + 1])]
        if named:
            return max(named, key=len)
        word = nearest(words[0], [name.partition(" ")[0] for name in self.commands]) if words else None
        raise InvalidRequest(
            f"the command {' '.join(words[:1])!r} does not pass the proxy; those that do: "
            f"{', '.join(self.commands) or 'none'}",
            hint=f"did you mean {word}?" if word else None,
        )


def _steps(text: str) -> tuple[str, tuple[str, ...]]:
    method, _, path = text.partition(" ")
    return method, tuple(path.split("/")[1:])


def meets_path(steps: Sequence[str], path: Sequence[str], is_met: Callable[[str, str], bool]) -> bool:
    """Whether a path goes along a pattern's steps; `is_met` compares one step with one segment."""
    if not steps:
        return not path
    first, *rest = steps
    if first == "**":
        return any(meets_path(rest, path[begin:], is_met) for begin in range(len(path) + 1))
    return bool(path) and is_met(first, path[0]) and meets_path(rest, path[1:], is_met)


def _is_met(step: str, segment: str) -> bool:
    return step == segment or (step == "*" and segment != "")


def _is_covered(step: str, other: str) -> bool:
    """Whether a step allows all that another pattern's step allows."""
    return other != "**" and _is_met(step, other)


def _arguments(name: str, listed: Sequence[str], words: list[str]) -> Iterator[str]:
    """The words behind a command, as they are written. Raises InvalidRequest for one that isn't listed."""
    options = dict(_option(text) for text in listed if text != POSITIONAL)
    free = int(POSITIONAL in listed)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            if not free:
                most = "one argument" if POSITIONAL in listed else "no argument"
                raise InvalidRequest(f"{name}: {word!r} does not pass the proxy: {most} may be no option")
            free = 0
            yield _quoted(word)
            continue
        option, equals, value = word.partition("=")
        if option not in options:
            near = nearest(option, list(options))
            raise InvalidRequest(
                f"{name}: the option {option!r} does not pass the proxy; those that do: "
                f"{', '.join(listed) or 'none'}",
                hint=f"did you mean {near}? options are written in full" if near else None,
            )
        allowed = options[option]
        if allowed is None:
            if equals:
                raise InvalidRequest(f"{name}: {option} takes no value")
            yield option
            continue
        if not equals and not words:
            raise InvalidRequest(f"{name}: {option} needs a value")
        value = value if equals else words.pop(0)
        if allowed and value not in allowed:
            raise InvalidRequest(
                f"{name}: {option}: {value!r} does not pass the proxy; allowed: {', '.join(allowed)}"
            )
        yield from (f"{option}={_quoted(value)}",) if equals else (option, _quoted(value))


def _option(text: str) -> tuple[str, tuple[str, ...] | None]:
    """(its name, the values it may have: None it takes none, `()` any)."""
    name, equals, values = text.partition("=")
    return name, None if not equals else tuple(values.split("|")) if values else ()


def _quoted(value: str) -> str:
    """As one word of the line; what needs no quotes has none, since some vendors read their own line as text."""
    written = QUOTINGS["shell"](value)
    return value if _NEEDS_NO_QUOTES.fullmatch(value) else written


def widened(upper: Proxy, lower: Proxy) -> Iterator[Complaint]:
    """What a policy lets pass that the one below it doesn't, located from the policy's root."""
    for index, (method, steps) in enumerate(upper.patterns):
        if not any(
            allowed == method and meets_path(below, steps, _is_covered) for allowed, below in lower.patterns
        ):
            yield _wider(("allow", index), lower.allow)
    if upper.commands and lower.commands and upper.exchange != lower.exchange:
        yield _wider(("exchange",), (str(lower.exchange),))
    for name, options in upper.commands.items():
        if name not in lower.commands:
            yield _wider(("commands", name), tuple(lower.commands))
            continue
        known = dict(_option(text) for text in lower.commands[name])
        for index, text in enumerate(options):
            option, values = _option(text)
            if option not in known or not _is_within(values, known[option]):
                yield _wider(("commands", name, index), lower.commands[name])


def _is_within(values: tuple[str, ...] | None, others: tuple[str, ...] | None) -> bool:
    if values is None or others is None:
        return values is others
    return others == () or (values != () and set(values) <= set(others))


def _wider(loc: tuple[str | int, ...], allowed: tuple[str, ...]) -> Complaint:
    return Complaint(
        loc, "what lies over a connector of the same name may only narrow its `proxy`", allowed=allowed
    )
