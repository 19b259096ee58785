"""Opens an account: settings and secrets are checked and put in their places in the connector. Pure.

Every wrong or missing value is reported at once, with the names that there are. An api is there only when
all that it needs is there; nothing of a secret shows in a repr, an error or a hint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.auth import OAuth2
from connector.catalog import Loaded, Source
from connector.cursor import digest
from connector.definition import Api, Setting
from connector.entries import api_name, with_entries
from connector.errors import InvalidRequest, NotFound, StoreUnavailable
from connector.given import api_values, checked_url, full_names, names_hint, setting_value, told_apart
from connector.pace import Allowance
from connector.redaction import Redaction
from connector.template import parse_template
from connector.tokens import MemoryTokens, Owner, Tokens, TokenShelf
from connector.wire import origin_of
from connector.yamlfile import nearest

__all__ = ["Opened", "OpenedApi", "name_secrets", "open_account", "secret_origins"]

_PEM = re.compile(r"(-----BEGIN [A-Z ]+-----)\r?\n([!-~ ]*\r?\n)+-----END [A-Z ]+-----\s*")


@dataclass(frozen=True)
class OpenedApi:
    """An api with its values filled in; they never show in a repr."""

    name: str
    """The api's name, or of one that the account has several times, the entry's: `api[key]`."""
    definition: Api
    base_url: str
    scope: str | None
    values: Mapping[str, Any] = field(repr=False)
    allowance: Allowance | None = field(default=None, repr=False, compare=False)
    """How many calls the vendor allows this account."""
    token_url: str | None = None
    """Where its access tokens are asked for, where it takes such."""
    tokens: Tokens | None = field(default=None, repr=False, compare=False)

    @property
    def label(self) -> str:
        return self.definition.label or self.name

    @property
    def origin(self) -> str:
        return _origin(self.base_url)


@dataclass(frozen=True)
class Opened:
    """An account, opened: its connector with settings and secrets in their places."""

    account: str
    loaded: Loaded
    apis: Mapping[str, OpenedApi]
    """By name; each entry of an api that the account has several times."""
    sources: Mapping[str, tuple[str, ...]]
    """Unified resource → what feeds it, one source or a union of them; fixed when the account was connected."""
    settings: Mapping[str, Any]
    """By full name, as given."""
    version: int = 0
    """How often a kept account was connected, 0 for one that isn't kept; what belongs to an earlier one is not its own."""
    redaction: Redaction = field(repr=False, default_factory=Redaction)
    """Hides what was entered."""

    def hide(self) -> Redaction:
        """Hides also what was obtained with it."""
        return self.redaction.also(
            text for api in self.apis.values() if api.tokens is not None for text in api.tokens.obtained
        )

    def save_tokens(self) -> None:
        """A last try, before the process ends, to store what could not be stored. Raises StoreUnavailable."""
        failed: StoreUnavailable | None = None
        for api in self.apis.values():
            try:
                if api.tokens is not None:
                    api.tokens.save()
            except NotFound:  # the account is gone, or was connected anew
                continue
            except StoreUnavailable as error:
                failed = error
        if failed is not None:
            failed.hint = "nothing has the new one any more: enter the account's credentials again"
            raise failed

    @property
    def first_tokens(self) -> Mapping[Owner, tuple[str, ...]]:
        """Whose refresh tokens the vendor may have replaced → the secrets (full names) that the first one is of."""
        firsts: dict[Owner, tuple[str, ...]] = {}
        for api in self.apis.values():
            auth = api.definition.auth
            if api.tokens is not None and isinstance(auth, OAuth2):
                own = api.definition.secrets
                shorts = [hole.removeprefix("secrets.") for hole in sorted(auth.replaced)]
                firsts[api.tokens.owner] = tuple(f"{api.name}.{it}" if it in own else it for it in shorts)
        return {owner: names for owner, names in firsts.items() if names}

    def feed(self, unified: str) -> tuple[Source, ...]:
        """What feeds a unified resource of this account: one source, or those of a union. Raises NotFound."""
        names = self.sources.get(unified)
        if names is None:
            known = ", ".join(self.sources) or "nothing"
            word = nearest(unified, self.sources)
            raise NotFound(
                f"this account has no {unified!r}; it has: {known}",
                hint=f"did you mean {word}?" if word else None,
            )
        return tuple(self.loaded.sources[name] for name in names)

    def entries(self, api: str) -> tuple[OpenedApi, ...]:
        """The api of that name, or each of its entries, in the order in which listings go through them."""
        return tuple(found for name, found in self.apis.items() if api_name(name) == api)


def open_account(
    loaded: Loaded,
    *,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    base_urls: Mapping[str, str] | None = None,
    sources: Mapping[str, tuple[str, ...]] | None = None,
    account: str | None = None,
    version: int = 0,
    shelf: TokenShelf | None = None,
) -> Opened:
    """Checks every value and fills the apis that are complete. Raises InvalidRequest with all that is wrong.

    `shelf` is where access tokens are kept: in this process's memory, unless it says otherwise.
    """
    urls = dict(base_urls or {})
    definition = with_entries(loaded.definition, (*settings, *secrets, *urls))
    wrong: list[str] = []
    given = full_names(settings, definition.setting_names(), "setting", wrong)
    given = {**told_apart(loaded.definition, definition, wrong), **given}
    hidden = full_names(secrets, definition.secret_names(), "secret", wrong)
    filled = {
        name: value
        for name, setting in definition.setting_names().items()
        if (value := setting_value(name, setting, given.get(name, setting.default), wrong)) is not None
    }
    wrong += [
        f"secret {name}: it has a line break or another control character; was more pasted than the secret?"
        for name, value in hidden.items()
        if isinstance(value, str)
        and any(char < " " or char == "\x7f" for char in value)
        and not (definition.secret_names()[name].type == "pem" and _PEM.fullmatch(value))
    ]
    wrong += [  # how Python reads bytes of an environment variable that are not UTF-8
        f"secret {name}: it is not text in UTF-8; is it what was meant?"
        for name, value in hidden.items()
        if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value)
    ]
    wrong += [
        f"secret {name}: expected text"
        for name, value in hidden.items()
        if not isinstance(value, str) or not value
    ]
    wrong += [
        f"base_url of {name!r}: no such api; there are: {', '.join(definition.apis)}"
        for name in urls
        if name not in definition.apis
    ]
    apis: dict[str, OpenedApi] = {}
    lacking: dict[str, list[str]] = {}
    for name, api in definition.apis.items():
        values = api_values(name, filled, hidden)
        needed = _needed(name, api, definition.settings, definition.secrets, overridden=name in urls)
        missing = [full for full, hole in needed.items() if values.get(hole) is None]
        if missing:
            lacking[name] = missing
            continue
        opened = _open_api(name, api, values, urls.get(name), wrong)
        if opened:
            apis[name] = opened
    for name, missing in lacking.items():
        api = definition.apis[name]
        touched = any(full.startswith(f"{name}.") for full in (*given, *hidden)) or name in urls
        if touched or len(definition.apis) == 1 or (not apis and not wrong):
            wrong.append(f"{api.label or name}: needs {', '.join(missing)}")
    if wrong:
        raise InvalidRequest(
            f"the account can't be opened: {'; '.join(wrong)}", details=wrong, hint=names_hint(definition)
        )
    chosen = sources if sources is not None else _choose_sources(loaded, apis)
    owner = account or digest(definition.connector, given, dict(urls), sorted(hidden))
    kept_in = shelf or MemoryTokens()
    return Opened(
        account=owner,
        loaded=loaded,
        apis={name: _with_tokens(api, owner, version, kept_in) for name, api in apis.items()},
        sources=chosen,
        settings=given,
        version=version,
        redaction=Redaction.of(hidden.values()),
    )


def name_secrets(loaded: Loaded, secrets: Mapping[str, str]) -> dict[str, str]:
    """Secrets by their full names. Raises InvalidRequest for one that the connector hasn't."""
    wrong: list[str] = []
    definition = with_entries(loaded.definition, secrets)
    named = full_names(secrets, definition.secret_names(), "secret", wrong)
    if wrong:
        raise InvalidRequest("; ".join(wrong), hint=names_hint(definition))
    return named


def secret_origins(
    loaded: Loaded, settings: Mapping[str, Any], base_urls: Mapping[str, str]
) -> dict[str, str]:
    """Secret (full name) → the origins that it is sent to: what it is sealed with (law 6).

    Works from settings alone, since no secret may stand in an address. A secret of the connector itself
    belongs to the origins of all its apis.
    """
    definition = with_entries(loaded.definition, (*settings, *base_urls))
    wrong: list[str] = []
    given = full_names(settings, definition.setting_names(), "setting", wrong)
    filled = {
        name: setting_value(name, rule, given.get(name, rule.default), wrong)
        for name, rule in definition.setting_names().items()
    }
    origins: dict[str, set[str]] = {}
    for name, api in definition.apis.items():
        values = api_values(name, filled, {})
        try:
            url = base_urls.get(name) or parse_template(api.base_url).fill_base(values)
            origins[name] = _origins(api, url, values)
        except InvalidRequest:
            continue
    owners = {secret: secret.rpartition(".")[0] for secret in definition.secret_names()}
    everywhere: set[str] = set().union(*origins.values())
    return {
        secret: " ".join(sorted(origins.get(owner, set()) if owner else everywhere))
        for secret, owner in owners.items()
    }


def _origin(url: str) -> str:
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host}:{port}"


def _origins(api: Api, base_url: str, values: Mapping[str, Any]) -> set[str]:
    """Where an api's secrets are sent, and what is obtained with them: to itself, and where it gets its tokens.

    A secret that only asks for tokens never goes to the api, but the token does: so it belongs to both origins.
    """
    addresses = [base_url]
    if isinstance(api.auth, OAuth2):
        addresses.append(api.auth.address(base_url, values))
    return {_origin(address) for address in addresses}


def _with_tokens(api: OpenedApi, account: str, version: int, shelf: TokenShelf) -> OpenedApi:
    auth = api.definition.auth
    if not isinstance(auth, OAuth2) or api.token_url is None:
        return api
    settings = {name: api.values.get(name) for name in sorted(auth.names) if name.startswith("settings.")}
    owner = Owner(
        account=account,
        connected=version,
        api=api.name,
        origins=" ".join(sorted(_origins(api.definition, api.base_url, api.values))),
        asks=digest(auth.model_dump(), api.token_url, settings),
    )
    return replace(api, tokens=Tokens(shelf, owner))


def _needed(
    name: str, api: Api, settings: Mapping[str, Setting], secrets: Mapping[str, Any], *, overridden: bool
) -> dict[str, str]:
    """Full name → hole of everything that the api can't do without."""
    used = set(api.auth.names)
    if not overridden:
        used |= parse_template(api.base_url).names
    needed: dict[str, str] = {}
    for kind, own, shared in (("settings", api.settings, settings), ("secrets", api.secrets, secrets)):
        for short, declared in {**shared, **own}.items():
            hole = f"{kind}.{short}"
            in_base_only = hole in parse_template(api.base_url).names and hole not in api.auth.names
            if overridden and in_base_only:
                continue
            if hole in used or (short in own and declared.required):
                needed[f"{name}.{short}" if short in own else short] = hole
    return needed


def _open_api(
    name: str, api: Api, values: Mapping[str, Any], base_url: str | None, wrong: list[str]
) -> OpenedApi | None:
    try:
        url = base_url or parse_template(api.base_url).fill_base(values)
    except InvalidRequest as error:
        wrong.append(f"{api.label or name}: {error.message}")
        return None
    if checked_url(f"base_url of {name}", url, wrong) is None:
        return None
    token_url = None
    if isinstance(api.auth, OAuth2):
        try:
            token_url = api.auth.address(url, values)
        except InvalidRequest as error:
            wrong.append(f"{api.label or name}: {error.message}")
            return None
        if checked_url(f"token_url of {name}", token_url, wrong) is None:
            return None
    scope = parse_template(api.scope).fill_value(values) if api.scope else None
    allowance = Allowance(api.rate.budget.count, api.rate.budget.seconds) if api.rate else None
    return OpenedApi(
        name,
        api,
        url.rstrip("/"),
        scope if isinstance(scope, str) else None,
        values,
        allowance,
        token_url,
    )


def _choose_sources(loaded: Loaded, apis: Mapping[str, OpenedApi]) -> dict[str, tuple[str, ...]]:
    chosen = {}
    there = {api_name(name) for name in apis}
    for resource in loaded.definition.unified:
        feeds = loaded.definition.feeds(resource)
        usable = [feed for feed in feeds if all(source.partition(".")[0] in there for source in feed)]
        if usable:
            chosen[resource] = usable[0]
    return chosen
