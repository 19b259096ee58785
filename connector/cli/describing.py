"""What a connector is and needs, in words: its settings and secrets with labels, choices and help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.catalog import Loaded
    from connector.definition import Secret, Setting

__all__ = ["describe", "needs"]


def describe(loaded: Loaded) -> dict[str, Any]:
    """A connector as plain data, for programs."""
    definition = loaded.definition
    return {
        "connector": loaded.name,
        "label": definition.label,
        "unified": {name: [list(feed) for feed in definition.feeds(name)] for name in definition.unified},
        "repeated": {name: api.repeated for name, api in definition.apis.items() if api.repeated is not None},
        "settings": {
            name: {
                "label": rule.label,
                "type": rule.type,
                "choices": list(rule.choices) if rule.choices is not None else None,
                "default": rule.default,
                "required": rule.required and rule.default is None,
                "help": rule.help,
            }
            for name, rule in definition.setting_names().items()
        },
        "secrets": {
            name: {"label": rule.label, "type": rule.type, "required": rule.required, "help": rule.help}
            for name, rule in definition.secret_names().items()
        },
        "files": list(loaded.files),
    }


def needs(loaded: Loaded) -> list[tuple[str, str]]:
    """Name → what to give for it, for people."""
    definition = loaded.definition
    several = {
        f"{name}.{api.repeated}": f"of several, the name of each: {name}[{api.repeated.upper()}].…"
        for name, api in definition.apis.items()
        if api.repeated is not None
    }
    return [
        *(
            (f"--set {name}=", _setting_words(rule, several.get(name)))
            for name, rule in _sorted(definition.setting_names())
        ),
        *((f"--secret {name}=", _secret_words(rule)) for name, rule in _sorted(definition.secret_names())),
    ]


def _sorted(rules: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What must be given first."""
    yield from sorted(rules.items(), key=lambda item: not _is_needed(item[1]))


def _is_needed(rule: Setting | Secret) -> bool:
    return rule.required and getattr(rule, "default", None) is None


def _setting_words(rule: Setting, several: str | None) -> str:
    words = [rule.label, *([several] if several else [])]
    if rule.choices is not None:
        words.append(f"one of {', '.join(rule.choices)}")
    elif rule.type != "string":
        words.append(rule.type)
    if rule.default is not None:
        words.append(f"{rule.default} if not given")
    elif not rule.required:
        words.append("may be left out")
    return "; ".join(words) + (f"\n{rule.help}" if rule.help else "")


def _secret_words(rule: Secret) -> str:
    words = rule.label + ("; PEM, from a file" if rule.type == "pem" else "")
    words += "" if rule.required else "; may be left out"
    return words + (f"\n{rule.help}" if rule.help else "")
