"""Examines an account: each of its apis is asked, once for each right that the connector names, and every failure is a
finding.

Nothing is written at the vendor and nothing is tried twice. What the vendor says is told in its own words, secrets
taken out; what can't be told from an answer is said to be so. One api that fails keeps no other from being asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import msgspec

from connector.account import Opened, OpenedApi
from connector.definition import Retry
from connector.entries import api_name
from connector.errors import (
    ConnectorError,
    EgressRefused,
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    RateLimited,
    VendorFailure,
    VendorUnavailable,
)
from connector.flow import Budget, Clock, Flow
from connector.mapping.path import MISSING, Notes, parse_path
from connector.model import UNIFIED
from connector.native import native_source
from connector.obtain import have_token
from connector.probe import Check, Probe
from connector.prove import Proven, prove

__all__ = ["Examination", "Examined", "Tried", "Unseen", "Verdict", "examine"]

Verdict = Literal["healthy", "lacking", "unavailable", "needs_reauth", "not_checked"]
_LATER = frozenset({"rate_limited", "vendor_unavailable"})
_FINDINGS = (VendorFailure, EgressRefused, InvalidRequest)
"""What is none of these is a failure of ours."""
_MOST_SHOWN = 50
_SHOWN_CHARS = 200
_CHECK = "connection check"
_TOKEN = "access token"  # noqa: S105 - what is tried


@dataclass(frozen=True)
class Unseen:
    """A column that was asked for and came back on no record."""

    column: str
    fields: tuple[str, ...]
    """The unified fields that rest on it."""


@dataclass(frozen=True)
class Tried:
    """One call, and what became of it."""

    name: str
    state: Literal["ok", "lacking", "failed", "not_tried"]
    """`lacking`: the vendor says that the credentials may not; `failed`: for any other reason."""
    code: str | None = None
    message: str | None = None
    """In the vendor's own words, where it said any."""
    hint: str | None = None
    needs: str | None = None
    without: str | None = None
    optional: bool = False
    count: int | None = None
    """How many records there are by the vendor's word, or came, where the connector says where they stand."""
    shows: tuple[str, ...] = ()
    """What the credentials reach."""
    unseen: tuple[Unseen, ...] = ()


@dataclass(frozen=True)
class Examined:
    """One api of the account, or one entry of an api that it has several times."""

    api: str
    label: str
    address: str
    scope: str | None
    tried: tuple[Tried, ...]
    tells: tuple[str, ...]
    cannot: tuple[str, ...]
    unfilled: Mapping[str, tuple[str, ...]]
    """Unified resource → its fields that this api never fills here."""

    @property
    def faults(self) -> frozenset[str]:
        """The codes of what the account is not well without, or of what kept that from being tried."""
        failed = [one for one in self.tried if one.state in ("lacking", "failed")]
        cut_short = any(one.state == "not_tried" and not one.optional for one in self.tried)
        return frozenset(str(one.code) for one in failed if cut_short or not one.optional)

    @property
    def verdict(self) -> Verdict:
        return _verdict(self.faults) if self.tried else "not_checked"


@dataclass(frozen=True)
class Examination:
    """What examining an account found."""

    connector: str
    apis: tuple[Examined, ...]

    @property
    def verdict(self) -> Verdict:
        """Of all apis together; one that can't be checked takes nothing from the others."""
        if not any(api.tried for api in self.apis):
            return "not_checked"
        return _verdict(frozenset[str]().union(*(api.faults for api in self.apis)))

    def to_dict(self) -> dict[str, Any]:
        return {
            "connector": self.connector,
            "verdict": self.verdict,
            "apis": [{**asdict(one), "verdict": one.verdict} for one in self.apis],
        }

    def to_json(self) -> bytes:
        return msgspec.json.encode(self.to_dict())


def examine(opened: Opened, clock: Clock, calls: int, seconds: float) -> Flow[Examination]:
    """Asks each api of the account; each call may take so many calls and seconds. Raises nothing of the vendor's."""
    found = []
    for api in opened.apis.values():
        tried = yield from _try_all(opened, api, clock, calls, seconds)
        found.append(
            Examined(
                api.name,
                api.label,
                api.origin,
                api.scope,
                tuple(tried),
                api.definition.tells,
                api.definition.cannot,
                dict(_unfilled(opened, api)),
            )
        )
    return Examination(opened.loaded.name, tuple(found))


def _try_all(opened: Opened, api: OpenedApi, clock: Clock, calls: int, seconds: float) -> Flow[list[Tried]]:
    """Each probe, or the api's one check. Where nothing answers, or no credential is good, the rest is not tried."""
    once = replace(api, definition=api.definition.model_copy(update={"retry": Retry(times=0)}))
    check = api.definition.check
    wanted: Sequence[Check] = api.definition.probes or (() if isinstance(check, str) else (check,))
    tried: list[Tried] = []
    stops = False
    if api.tokens is not None:  # what is kept isn't believed
        token: dict[str, Any] = {"name": _TOKEN}
        try:
            yield from have_token(opened, once, Budget(clock, calls, seconds), anew=True)
        except _FINDINGS as error:
            tried.append(_failed(opened, error, token))
            stops = True
        else:
            tried.append(Tried(state="ok", **token))
    for one in wanted:
        words = _words(one)
        if stops:
            tried.append(Tried(state="not_tried", **words))
            continue
        values = {} if not isinstance(one, Probe) else _columns(opened, api, one)
        try:
            proven = yield from prove(opened, once, one, values, Budget(clock, calls, seconds))
        except _FINDINGS as error:
            tried.append(_failed(opened, error, words))
            stops = _concerns_all(error)
        else:
            tried.append(Tried(state="ok", **words, **_said(opened, api, one, proven)))
    return tried


def _words(request: Check) -> dict[str, Any]:
    if not isinstance(request, Probe):
        return {"name": _CHECK}
    return {
        "name": request.name,
        "needs": request.needs,
        "without": request.without,
        "optional": request.optional,
    }


def _failed(opened: Opened, error: ConnectorError, words: Mapping[str, Any]) -> Tried:
    hide = opened.hide()
    return Tried(
        state="lacking" if isinstance(error, Forbidden) else "failed",
        code=error.code,
        message=hide.text(error.message),
        hint=hide.text(error.hint) if error.hint else None,
        **words,
    )


def _concerns_all(error: ConnectorError) -> bool:
    """Whether no other call to this api would fare better now."""
    no_answer = isinstance(error, VendorUnavailable) and error.status is None
    return no_answer or isinstance(error, EgressRefused | NeedsReauth | RateLimited)


def _columns(opened: Opened, api: OpenedApi, probe: Probe) -> dict[str, Any]:
    return {"columns": ",".join(_asked_columns(opened, api, probe))} if probe.columns_of else {}


def _asked_columns(opened: Opened, api: OpenedApi, probe: Probe) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Column → (its path, the unified fields that rest on it), of those that a listing asks for."""
    name = f"{api_name(api.name)}.{probe.columns_of}"
    source = opened.loaded.sources.get(name) or native_source(opened.loaded, name)
    resource = opened.loaded.definition.source(name)[1]
    words = resource.columns_for(source.mapper.paths)[0]
    resting = {
        field: resource.columns_for(paths)[0]
        for field, paths in source.mapper.reads.items()
        if source.mapping.unified in UNIFIED and field in {*source.mapping.fields, "members"}
    }
    return {
        word: (resource.columns[word], tuple(field for field, its in resting.items() if word in its))
        for word in words
    }


def _said(opened: Opened, api: OpenedApi, check: Check, proven: Proven) -> dict[str, Any]:
    """What an answer says besides that there is one."""
    hide, records = opened.hide(), proven.records
    said: dict[str, Any] = {
        "shows": tuple(hide.text(one)[:_SHOWN_CHARS] for one in proven.shows[:_MOST_SHOWN])
    }
    if records is not None:
        said["count"] = len(records) if proven.total is None else proven.total
    if records and isinstance(check, Probe) and check.columns_of is not None:
        said["unseen"] = tuple(
            Unseen(word, fields)
            for word, (path, fields) in _asked_columns(opened, api, check).items()
            if not any(parse_path(path).one(record, Notes()) is not MISSING for record in records)
        )
    return said


def _unfilled(opened: Opened, api: OpenedApi) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What no mapping has a rule for can't be known of anyone, whatever the vendor answers."""
    for unified, names in opened.sources.items():
        feeding = [name for name in names if name.partition(".")[0] == api_name(api.name)]
        known = {"custom_fields", "remote_data"}
        for mapping in (opened.loaded.sources[name].mapping for name in feeding):
            layers = (mapping.fields, *mapping.on.values())
            known |= {field for layer in layers for field, rule in layer.items() if rule is not None}
        known |= {f"{field}_detail" for field in known}
        if api.definition.membership not in (None, "on_user"):  # read elsewhere
            known.add("groups")
        if feeding:
            yield unified, tuple(field for field in UNIFIED[unified].model_fields if field not in known)


def _verdict(faults: frozenset[str]) -> Verdict:
    if not faults:
        return "healthy"
    if faults <= _LATER:
        return "unavailable"
    return "needs_reauth" if faults == {"needs_reauth"} else "lacking"
