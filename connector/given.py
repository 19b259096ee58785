"""What is given for an account, settings and secrets by name, checked one by one. Pure; repairs nothing.

What is wrong is told, not raised, so that all of it can be told at once. A secret's value is in no message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connector.definition import Connector, Setting
from connector.entries import api_name, key_of
from connector.yamlfile import nearest

__all__ = ["api_values", "checked_url", "full_names", "names_hint", "setting_value", "told_apart"]


def full_names(
    given: Mapping[str, Any], known: Mapping[str, Any], noun: str, wrong: list[str]
) -> dict[str, Any]:
    """Values by full name; a short name is taken where it is the only one."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        matches = [name] if name in known else [full for full in known if full.rpartition(".")[2] == name]
        if len(matches) == 1 and matches[0] not in found:
            found[matches[0]] = value
        elif len(matches) == 1:
            wrong.append(f"{noun} {matches[0]} is given twice")
        elif matches:
            wrong.append(f"{noun} {name!r} could be {' or '.join(matches)}: say which")
        else:
            word = nearest(str(name), known)
            guess = f" (did you mean {word}?)" if word else ""
            wrong.append(f"unknown {noun} {name!r}{guess}; there are: {', '.join(known) or 'none'}")
    return found


def told_apart(plain: Connector, definition: Connector, wrong: list[str]) -> dict[str, str]:
    """Of each entry, the setting that tells it from the others: it follows from the entry's name."""
    told = {}
    for name, api in definition.apis.items():
        key = key_of(name)
        if key is None or api.repeated is None:
            continue
        full = f"{name}.{api.repeated}"
        if setting_value(full, plain.apis[api_name(name)].settings[api.repeated], key, wrong) is not None:
            told[full] = key
    return told


def setting_value(name: str, setting: Setting, value: Any, wrong: list[str]) -> Any:
    """What templates get for a setting, or None; what is wrong with it goes to `wrong`."""
    if value is None:
        return None
    if setting.choices is not None:
        if not isinstance(value, str) or value not in setting.choices:
            odd = "" if isinstance(value, str) else ", which are texts"
            wrong.append(f"setting {name}: {value!r} is not one of {', '.join(setting.choices)}{odd}")
            return None
        return setting.choices[value]
    kinds = {"string": str, "url": str, "integer": int, "boolean": bool, "list": list}
    if setting.type == "integer" and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        value = int(value)
    if setting.type == "boolean" and value in ("true", "false"):
        value = value == "true"
    if setting.type == "list" and isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    items = value if isinstance(value, list) else [value]
    are_texts = setting.type != "list" or all(isinstance(item, str) for item in items)
    if type(value) is not kinds[setting.type] or not items or "" in items or not are_texts:
        wrong.append(f"setting {name}: expected {setting.type}, got {value!r}")
        return None
    for item in items:  # a pattern is of each item of a list
        if setting.pattern is not None and not re.fullmatch(setting.pattern, str(item), re.ASCII):
            wrong.append(f"setting {name}: {item!r} does not match {setting.pattern}")
            return None
    if setting.type == "url":
        return checked_url(f"setting {name}", str(value), wrong)
    return value


def checked_url(noun: str, text: Any, wrong: list[str]) -> str | None:
    if not isinstance(text, str):
        wrong.append(f"{noun}: expected text, got {type(text).__name__}")
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        wrong.append(f"{noun}: not a URL: {error}")
        return None
    if parts.username is not None or parts.password is not None:
        wrong.append(f"{noun}: a URL with a user name or password is refused; secrets have their own place")
    elif parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        wrong.append(f"{noun}: expected a URL such as https://host/path, got {text!r}")
    elif parts.query or parts.fragment:
        wrong.append(f"{noun}: a base address has no query (?) and no fragment (#)")
    elif any(segment in (".", "..") for segment in parts.path.split("/")) or re.search(
        r"[\x00-\x20\\]", text
    ):
        wrong.append(f"{noun}: dot segments, backslashes, spaces and control characters are refused")
    else:
        return text
    return None


def api_values(name: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Hole → value: the api's own name hides the connector's."""
    values: dict[str, Any] = {}
    for kind, found in (("settings", settings), ("secrets", secrets)):
        for full, value in found.items():
            owner, _, short = full.rpartition(".")
            if owner == name or (not owner and f"{kind}.{short}" not in values):
                values[f"{kind}.{short}"] = value
    return values


def names_hint(definition: Connector) -> str:
    settings = ", ".join(definition.setting_names()) or "none"
    secrets = ", ".join(definition.secret_names()) or "none"
    several = [
        f"{name}[{api.repeated.upper()}].…"
        for name, api in definition.apis.items()
        if api.repeated is not None and key_of(name) is None
    ]
    more = f"; where there are several: {', '.join(several)}" if several else ""
    return f"settings of {definition.connector}: {settings}; secrets: {secrets}{more}"
