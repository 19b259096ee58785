"""What `connect` asks a person for: settings first, each looked at as it is entered, then secrets, unseen.

Asks only for what the account needs: a setting that stands only in an address that is replaced is left
alone. Where nobody can be asked, defaults are used, and said.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from connector.cli.output import harmless, notes
from connector.errors import InvalidRequest

if TYPE_CHECKING:
    from connector.catalog import Loaded
    from connector.definition import Connector, Setting

__all__ = ["ask_missing", "complaint", "defaults_used"]

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def ask_missing(
    loaded: Loaded, settings: dict[str, Any], secrets: dict[str, str], base_urls: Mapping[str, str]
) -> None:
    """Adds what is not given, of the apis that were begun (or of the first). Raises InvalidRequest for a wrong one."""
    from connector.entries import is_told_apart, with_entries

    definition = with_entries(loaded.definition, (*settings, *secrets, *base_urls))
    _check_given(definition, settings)
    begun = _begun(definition, (*settings, *secrets), base_urls)
    wanted = {
        full: secret
        for full, secret in definition.secret_names().items()
        if secret.required
        and not _is_given(full, secrets)
        and ("." not in full or full.rpartition(".")[0] in begun)
    }
    for full, secret in wanted.items():
        if secret.type == "pem":  # said before anything is asked
            raise InvalidRequest(
                f"{secret.label} ({full}) has several lines, which can't be asked for",
                hint=f"give it as --secret {full}=@file:PATH",
            )
    for full, rule in definition.setting_names().items():
        owner = full.rpartition(".")[0]
        if is_told_apart(full, definition) or _is_given(full, settings) or (owner and owner not in begun):
            continue
        is_asked = rule.choices is not None or (rule.required and rule.default is None)
        if is_asked and not _is_moot(full, definition, begun, base_urls):
            _explain(rule.help)
            settings[full] = _ask(full, rule)
    for full, secret in wanted.items():
        _explain(secret.help)
        entered = ""
        while not entered:
            # This one stops the echo before it asks.
            entered = getpass.getpass(f"{secret.label} ({full}): ", stream=sys.stderr)
        secrets[full] = entered


def defaults_used(
    loaded: Loaded, settings: Mapping[str, Any], secrets: Iterable[str], base_urls: Mapping[str, str]
) -> Iterator[str]:
    """`name: value (default)` for each setting that was not given and bears on what is called."""
    from connector.entries import is_told_apart, with_entries

    definition = with_entries(loaded.definition, (*settings, *secrets, *base_urls))
    begun = _begun(definition, (*settings, *secrets), base_urls)
    for full, rule in definition.setting_names().items():
        owner = full.rpartition(".")[0]
        if (
            is_told_apart(full, definition)
            or rule.default is None
            or _is_given(full, settings)
            or (owner and owner not in begun)
        ):
            continue
        if not _is_moot(full, definition, begun, base_urls):
            yield harmless(f"{full}: {rule.default} (default)")


def complaint(rule: Setting, text: str) -> str | None:
    """What is wrong with a setting as it was entered; None: nothing."""
    if rule.choices is not None:
        return None if text in rule.choices else f"{text!r} is not one of {', '.join(rule.choices)}"
    if not text.strip():
        return f"expected {rule.type}, got nothing"
    if rule.pattern is not None and not re.fullmatch(rule.pattern, text, re.ASCII):
        return f"{text!r} does not match {rule.pattern}"
    if rule.type == "integer" and not _INTEGER.fullmatch(text):
        return f"expected a whole number, got {text!r}"
    if rule.type == "boolean" and text not in ("true", "false"):
        return f"expected true or false, got {text!r}"
    if rule.type == "url" and not _is_address(text):
        return f"expected a URL such as https://host/path, got {text!r}"
    return None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _ask(full: str, rule: Setting) -> str:
    choices = f", one of {', '.join(rule.choices)}" if rule.choices is not None else ""
    answer: str = typer.prompt(
        harmless(f"{rule.label} ({full}){choices}"),
        default=rule.default,
        value_proc=_checked(rule),
        err=True,
    )
    return answer


def _checked(rule: Setting) -> Callable[[Any], str]:
    """Takes an answer, or refuses it so that it is asked again; choices in any letter case."""

    def check(answer: Any) -> str:
        text = str(answer).strip()
        same = [choice for choice in rule.choices or () if choice.casefold() == text.casefold()]
        text = same[0] if len(same) == 1 else text
        wrong = complaint(rule, text)
        if wrong is not None:
            raise typer.BadParameter(wrong)
        return text

    return check


def _check_given(definition: Connector, settings: Mapping[str, Any]) -> None:
    """What is wrong already is said before a person is asked for the rest."""
    wrong = [
        f"setting {full}: {found}"
        for full, rule in definition.setting_names().items()
        for name in {full, full.rpartition(".")[2]} & settings.keys()
        if (found := complaint(rule, str(settings[name]))) is not None
    ]
    if wrong:
        raise InvalidRequest(f"the account can't be opened: {'; '.join(wrong)}", details=wrong)


def _begun(definition: Connector, names: Iterable[str], base_urls: Mapping[str, str]) -> set[str]:
    """The apis that something was given for, else the first."""
    begun = {api for api in definition.apis if api in base_urls}
    begun |= {name.rpartition(".")[0] for name in names if "." in name}
    return begun or {next(iter(definition.apis))}


def _is_given(full: str, given: Mapping[str, Any]) -> bool:
    return full in given or full.rpartition(".")[2] in given


def _is_moot(full: str, definition: Connector, begun: set[str], base_urls: Mapping[str, str]) -> bool:
    """It would only be part of an address that another was put in place of."""
    from connector.template import parse_template

    hole = f"settings.{full.rpartition('.')[2]}"
    of_address = {
        name
        for name, api in definition.apis.items()
        if name in begun
        and hole in parse_template(api.base_url).names
        and hole not in api.auth.names
        and not (api.scope and hole in parse_template(api.scope).names)
    }
    return bool(of_address) and of_address <= base_urls.keys()


def _explain(text: str | None) -> None:
    if text:
        notes().print(harmless(text), style="dim")
