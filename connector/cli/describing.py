"""What a connector is, needs and may be asked, in words: its settings, secrets and queries with labels, choices and help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.catalog import Loaded
    from connector.definition import Api, Secret, Setting
    from connector.inputs import Input

__all__ = ["describe", "needs", "queries"]


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
        "queries": {
            source: {
                name: {
                    "label": rule.label,
                    "type": rule.type,
                    "default": rule.default,
                    "required": rule.is_needed,
                    "help": rule.help,
                }
                for name, rule in accepted.items()
            }
            for source, accepted in _accepted(loaded)
        },
        "files": list(loaded.files),
    }


def needs(loaded: Loaded) -> list[tuple[str, str]]:
    """Name → what to give for it, for people."""
    definition = loaded.definition
    several = {
        f"{name}.{api.repeated}": _several_words(name, api)
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


def queries(loaded: Loaded) -> list[tuple[str, str]]:
    """(a listing and what may be asked of it besides, in words), for people."""
    return [
        (f"list {source} --query {name}=", _query_words(rule))
        for source, accepted in _accepted(loaded)
        for name, rule in accepted.items()
    ]


def _accepted(loaded: Loaded) -> Iterator[tuple[str, Mapping[str, Input]]]:
    for source in loaded.definition.sources():
        listing = loaded.definition.source(source)[1].list
        if listing is not None and listing.accepts:
            yield source, listing.accepts


def _query_words(rule: Input) -> str:
    words = [rule.label, *([rule.type] if rule.type != "text" else [])]
    words.append(
        f"{rule.default} if not given"
        if rule.default is not None
        else "needed"
        if rule.is_needed
        else "may be left out"
    )
    return "; ".join(words) + (f"\n{rule.help}" if rule.help else "")


def _several_words(name: str, api: Api) -> str:
    """How an account has this api several times."""
    key = f"{name}[{str(api.repeated).upper()}]"
    own = [*(f"--secret '{key}.{one}=…'" for one in api.secrets)]
    own += [
        f"--set '{key}.{one}=…'"
        for one, rule in api.settings.items()
        if one != api.repeated and _is_needed(rule)
    ]
    return f"to have several in one account, leave it out and give each its own: {' '.join(own)}"


def _sorted(rules: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What must be given first."""
    yield from sorted(rules.items(), key=lambda item: not _is_needed(item[1]))


def _is_needed(rule: Setting | Secret) -> bool:
    return rule.required and getattr(rule, "default", None) is None


def _setting_words(rule: Setting, several: str | None) -> str:
    words = [rule.label]
    if rule.choices is not None:
        words.append(f"one of {', '.join(rule.choices)}")
    elif rule.type != "string":
        words.append(rule.type)
    if rule.default is not None:
        words.append(f"{rule.default} if not given")
    elif not rule.required:
        words.append("may be left out")
    return "\n".join(["; ".join(words), *(text for text in (rule.help, several) if text)])


def _secret_words(rule: Secret) -> str:
    words = rule.label + ("; PEM, from a file" if rule.type == "pem" else "")
    words += "" if rule.required else "; may be left out"
    return words + (f"\n{rule.help}" if rule.help else "")
