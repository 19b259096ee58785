"""The one merge of `extends`, overlays and overrides, over YAML that keeps its places.

Named maps merge by name, `null` removes, `errors` of the child come before the parent's, and everything
else (a rule, a member of a call, a list, a scalar) is replaced whole: a half-merged rule would be worse
than repetition. The result remembers of each value which file it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.yamlfile import YamlList, YamlMap

__all__ = ["API", "CONNECTOR", "MAPPING", "Kind", "merge"]

Kind = Mapping[str, Any]
"""Which keys of a map are merged deeper: key → Kind, `_EACH` for the entries of a named map."""

_EACH = "*"
_PREPEND = "prepend"
_NAMED: Kind = {}
_CALL: Kind = {"query": _NAMED, "headers": _NAMED, "accepts": _NAMED, "errors": _PREPEND}
_CALLS: Kind = {_EACH: _CALL}
_CREATE: Kind = {**_CALL, "input": _NAMED}
_RESOURCE: Kind = {
    **dict.fromkeys(("list", "get", "update", "delete"), _CALL),
    "create": _CREATE,
    "transitions": {_EACH: _CALLS},
    "members": _CALLS,
    "calls": _CALLS,
    "columns": _NAMED,
}
API: Kind = {
    "settings": _NAMED,
    "secrets": _NAMED,
    "headers": _NAMED,
    "query": _NAMED,
    "exchanges": _NAMED,
    "resources": {_EACH: _RESOURCE},
    "errors": _PREPEND,
}
CONNECTOR: Kind = {"settings": _NAMED, "secrets": _NAMED, "apis": {_EACH: API}, "errors": _PREPEND}
_FIELDS: Kind = {"custom_fields": _NAMED}
MAPPING: Kind = {"fields": _FIELDS, "on": {_EACH: _FIELDS}, "filters": _NAMED, "sorts": _NAMED}


def merge(parent: YamlMap, child: YamlMap, kind: Kind) -> YamlMap:
    """`child` laid over `parent`; neither is changed."""
    merged = YamlMap(child.mark)
    for key, value in parent.pairs:
        merged.put(key, value, parent.key_marks[key], parent.value_marks[key])
    for key, value in child.pairs:
        deeper = kind.get(key, kind.get(_EACH))
        below = merged.get(key)
        if value is None:
            merged.drop(key)
            continue
        if deeper == _PREPEND and isinstance(value, YamlList) and isinstance(below, YamlList):
            value = _prepend(value, below)  # noqa: PLW2901 - the merged value takes the child's place
        elif isinstance(deeper, Mapping) and isinstance(value, YamlMap) and isinstance(below, YamlMap):
            value = merge(below, value, deeper)  # noqa: PLW2901
        merged.put(key, value, child.key_marks[key], child.value_marks[key])
    return merged


def _prepend(first: YamlList, then: YamlList) -> YamlList:
    joined = YamlList(first.mark)
    joined.extend([*first, *then])
    joined.item_marks.extend([*first.item_marks, *then.item_marks])
    return joined
