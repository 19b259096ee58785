"""An account's connector: an api that the account has several times stands in it once for each entry.

An entry is named by the value that tells it from the others, `scim[345]`, and so are its settings, its secrets
and its base address: `scim[345].token`. Pure; whether the values are good is checked when the account is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from connector.definition import Api, Connector

__all__ = ["api_name", "is_told_apart", "key_of", "with_entries"]

_ENTRY = re.compile(r"([a-z][a-z0-9_]*)\[([A-Za-z0-9._~-]{1,100})\]")


def with_entries(definition: Connector, names: Iterable[str]) -> Connector:
    """The connector with the entries that these names of settings, secrets and base addresses speak of."""
    keys: dict[str, set[str]] = {}
    for name in map(str, names):
        found = _ENTRY.fullmatch(name) or _ENTRY.fullmatch(name.rpartition(".")[0])
        if found and found[1] in definition.apis and definition.apis[found[1]].repeated is not None:
            keys.setdefault(found[1], set()).add(found[2])
    if not keys:
        return definition
    apis: dict[str, Api] = {}
    for name, api in definition.apis.items():
        entries = sorted(keys.get(name, ()), key=lambda key: (len(key), key))  # numbers by their size
        apis |= {f"{name}[{key}]": _entry(api, key) for key in entries} or {name: api}
    return definition.model_copy(update={"apis": apis})


def api_name(entry: str) -> str:
    """The api that an entry is one of; of an api that stands once, its own name."""
    found = _ENTRY.fullmatch(entry)
    return found[1] if found else entry


def key_of(entry: str) -> str | None:
    """What tells an entry from the others of its api; None for an api that stands once."""
    found = _ENTRY.fullmatch(entry)
    return found[2] if found else None


def is_told_apart(full: str, definition: Connector) -> bool:
    """Whether a setting, by its full name, is the one that follows from its entry's name."""
    entry, _, short = full.rpartition(".")
    return key_of(entry) is not None and definition.apis[entry].repeated == short


def _entry(api: Api, key: str) -> Api:
    assert api.repeated is not None
    told_apart = api.settings[api.repeated].model_copy(update={"default": key, "choices": {key: key}})
    return api.model_copy(update={"settings": {**api.settings, api.repeated: told_apart}})
