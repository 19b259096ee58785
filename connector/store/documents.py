"""Plain data as JSON text, and back as it was: YAML's typed keys (`true`, `1` and `"1"`) keep their type.

A mapping with a key that isn't text is written `{"$pairs": [[key, value], ...]}`. Numbers that JSON has no
word for, and values that aren't plain data, are refused by their place; their value is not shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from connector.errors import InvalidRequest
from connector.yamlfile import Mark, YamlList, YamlMap

__all__ = ["dump", "load", "load_marked"]

_PAIRS = "$pairs"


def dump(value: Any, place: str = "$") -> str:
    """The text of plain data. Raises InvalidRequest, naming the place of what is not."""
    return json.dumps(_plain(value, place), allow_nan=False, separators=(",", ":"))


def load(text: str) -> Any:
    """What was dumped, in plain dicts and lists (of keys that a dict can't tell apart the last one stays)."""
    return _restored(json.loads(text), None)


def load_marked(text: str, shown_as: str) -> Any:
    """What was dumped, in YamlMaps and YamlLists whose every mark names `shown_as`."""
    return _restored(json.loads(text), Mark(shown_as, 1, 1))


def _plain(value: Any, place: str) -> Any:
    if isinstance(value, Mapping):
        pairs = value.pairs if isinstance(value, YamlMap) else list(value.items())
        if all(isinstance(key, str) for key, _ in pairs) and [key for key, _ in pairs] != [_PAIRS]:
            return {key: _plain(item, f"{place}.{key}") for key, item in pairs}
        return {
            _PAIRS: [
                [_scalar(key, f"a key of {place}"), _plain(item, f"{place}.{key}")] for key, item in pairs
            ]
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    return _scalar(value, place)


def _scalar(value: Any, place: str) -> str | int | float | bool | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{place}: infinities and NaN can't be stored")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise InvalidRequest(
        f"{place}: {type(value).__name__} can't be stored; allowed: text, numbers, booleans, null, lists, mappings"
    )


def _restored(value: Any, mark: Mark | None) -> Any:
    if isinstance(value, list):
        items = [_restored(item, mark) for item in value]
        return items if mark is None else _marked_list(items, mark)
    if not isinstance(value, dict):
        return value
    stored = value[_PAIRS] if list(value) == [_PAIRS] else value.items()
    pairs = [(key, _restored(item, mark)) for key, item in stored]
    return dict(pairs) if mark is None else _marked_map(pairs, mark)


def _marked_list(items: list[Any], mark: Mark) -> YamlList:
    found = YamlList(mark)
    found.extend(items)
    found.item_marks = [mark] * len(items)
    return found


def _marked_map(pairs: list[tuple[Any, Any]], mark: Mark) -> YamlMap:
    found = YamlMap(mark)
    for key, item in pairs:
        found.put(key, item, mark, mark)
    return found
