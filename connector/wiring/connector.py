"""Whether the parts of a connector fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.auth import OAuth2, OAuth2Jwt
from connector.definition import Api, Connector, Union
from connector.exchange import Chosen, Exchange, Request, SubmitAndPoll
from connector.resource import Key, Resource
from connector.template import holes_of, parse_template
from connector.wiring.calls import Faults, call_faults, call_holes, exchange_faults, is_below, judging
from connector.wiring.changes import change_faults, change_holes, input_complaints
from connector.wiring.perrecord import details_faults
from connector.wiring.probes import probe_faults
from connector.wiring.proxy import proxy_faults
from connector.yamlfile import Complaint

__all__ = ["complaints"]


def complaints(connector: Connector, unified: Iterable[str]) -> list[Complaint]:
    """What is wrong between the parts of one connector; locations are from the root of its file."""
    found: list[Complaint] = []
    known = tuple(unified)
    sources = tuple(connector.sources())
    for name, listed in connector.unified.items():
        if name not in known:
            found.append(Complaint(("unified", name), "unknown unified resource", name, known, at_key=True))
        for index, feed in enumerate(listed):
            found += _feed_complaints(("unified", name, index), feed, sources)
    for api_name, api in connector.apis.items():
        found += _api_complaints(connector, ("apis", api_name), api)
    return found


def _api_complaints(connector: Connector, loc: tuple[str, ...], api: Api) -> list[Complaint]:
    found: list[Complaint] = []
    settings = {**connector.settings, **api.settings}
    names = {f"settings.{name}" for name in settings}
    names |= {f"secrets.{name}" for name in [*connector.secrets, *api.secrets]}

    def check(where: tuple[str | int, ...], used: Iterable[str], more: Iterable[str] = ()) -> None:
        allowed = names | set(more)
        for name in sorted(set(used) - allowed):
            found.append(
                Complaint((*loc, *where), f"nothing fills the hole {{{name}}}", name, tuple(sorted(allowed)))
            )

    check(("base_url",), parse_template(api.base_url).names)
    check(("auth",), api.auth.names)
    found += [Complaint((*loc, "auth", *at), text) for at, text in _auth_faults(connector, api)]
    check(("headers",), holes_of(dict(api.headers)))
    check(("query",), holes_of(dict(api.query)))
    found += [Complaint((*loc, "repeated"), text) for text in _repeated_faults(api)]
    if api.scope is not None:
        check(("scope",), parse_template(api.scope).names)
    found += [
        Complaint(
            (*loc, *where), f"{{{name}}} can't stand where it is shown or logged: in a URL's path or a scope"
        )
        for where, text in _shown(api)
        for name in sorted(parse_template(text or "").names)
        if name.startswith("secrets.")
    ]
    if not isinstance(api.check, str):
        check(("check",), api.check.holes)
        found += [Complaint((*loc, "check", *at), text) for at, text in exchange_faults(api, api.check)]
    for name, way in api.exchanges.items():
        for part, request, more in _requests(way):
            check(("exchanges", name, part), request.holes, more)
        found += [
            Complaint((*loc, "exchanges", name, *at), text)
            for at, text in _choice_faults(connector, api, way)
        ]
    found += [Complaint((*loc, "proxy", *at), text) for at, text in proxy_faults(api)]
    for index, probe in enumerate(api.probes):
        check(("probes", index), probe.holes, {"columns"} if probe.columns_of else ())
    found += [Complaint((*loc, *at), text) for at, text in probe_faults(api)]
    for name, resource in api.resources.items():
        columns = {"columns"} if resource.columns else set()
        for call_name, call in resource.named_calls().items():
            place = ("resources", name, *_place(resource, call_name))
            check(place, call.holes, call_holes(call_name, call) | columns)
            for index, first in enumerate(call.before):
                check((*place, "before", index), first.holes, columns)
            faults = call_faults(api, resource, call_name, call)
            if call.paging is not None and call.paging.style == "snapshot":
                asked = judging(connector, api, call)
                found += [
                    Complaint(
                        (*loc, *place),
                        f"{path} is asked of the answer, and the records of a capture are kept unread",
                    )
                    for path in asked
                    if call.records is not None and is_below(path, call.records)
                ]
            found += [Complaint((*loc, *place, *at), text) for at, text in faults]
        found += [
            Complaint((*loc, "resources", name, "details", *at), text)
            for at, text in details_faults(resource)
        ]
        for at, change in resource.changes():
            place = ("resources", name, *at)
            check(place, change.holes, change_holes(at, change))
            faults = change_faults(api, resource, at, change)
            found += [Complaint((*loc, *place, *inside), text) for inside, text in faults]
            found += [
                replace(one, loc=(*loc, *place, *one.loc)) for one in input_complaints(settings, change)
            ]
        if resource.get is not None and not isinstance(resource.key, Key):
            found.append(
                Complaint(
                    (*loc, "resources", name), "a resource with `get` needs `key`: what stands for {id}"
                )
            )
    return found


def _feed_complaints(
    loc: tuple[str | int, ...], feed: str | Union, sources: tuple[str, ...]
) -> Iterator[Complaint]:
    if isinstance(feed, str):
        if feed not in sources:
            yield Complaint(loc, "no such source (api.resource)", feed, sources)
        return
    for index, source in enumerate(feed.union):
        if source not in sources:
            yield Complaint((*loc, "union", index), "no such source (api.resource)", source, sources)
        elif source in feed.union[:index]:
            yield Complaint(
                (*loc, "union", index), "this source stands there already: everyone would come twice"
            )
    if len({source.partition(".")[0] for source in feed.union}) > 1:
        yield Complaint(
            (*loc, "union"), "the sources of a union are of one api: their ids are of one key space"
        )


def _repeated_faults(api: Api) -> Iterator[str]:
    if api.repeated is None:
        return
    setting = api.settings.get(api.repeated)
    if setting is None:
        yield f"not a setting of this api; it has: {', '.join(api.settings) or 'none'}"
    elif setting.type != "string" or setting.choices is not None or setting.default is not None:
        yield "the setting that tells entries apart is a plain text, without `choices` and `default`"
    elif f"settings.{api.repeated}" not in {
        *parse_template(api.base_url).names,
        *api.auth.names,
        *holes_of([dict(api.headers), dict(api.query)]),
    }:
        yield f"nothing sends {{settings.{api.repeated}}}: all entries would be the same"


def _auth_faults(connector: Connector, api: Api) -> Faults:
    """A key that signs assertions is written in PEM, and no other credential is."""
    kinds = {f"secrets.{name}": rule.type for name, rule in {**connector.secrets, **api.secrets}.items()}
    keys = parse_template(api.auth.key).names if isinstance(api.auth, OAuth2Jwt) else frozenset()
    for name in sorted(api.auth.names & kinds.keys()):
        if (kinds[name] == "pem") != (name in keys):
            wanted = "says `type: pem`: it is the key" if name in keys else "is in one line, not `type: pem`"
            yield (), f"{{{name}}} {wanted}"


def _requests(way: Exchange) -> Iterator[tuple[str, Request, set[str]]]:
    """(where it stands, the request, the holes that it may have besides settings and secrets)."""
    if not isinstance(way, Chosen):
        yield "submit", way.submit, set(way.takes)
    if isinstance(way, SubmitAndPoll):
        yield "poll", way.poll, {*way.takes, "ticket"}


def _shown(api: Api) -> Iterator[tuple[tuple[str | int, ...], str | None]]:
    """Every text of an api that is shown or logged."""
    yield ("base_url",), api.base_url
    if isinstance(api.auth, OAuth2):
        yield ("auth", "token_url"), api.auth.token_url
    yield ("scope",), api.scope
    if not isinstance(api.check, str):
        yield ("check",), api.check.path_text
    for index, probe in enumerate(api.probes):
        yield ("probes", index), probe.path_text
    for name, way in api.exchanges.items():
        for part, request, _ in _requests(way):
            yield ("exchanges", name, part), request.path_text
    for name, resource in api.resources.items():
        for which, call in resource.named_calls().items():
            place = ("resources", name, *_place(resource, which))
            yield place, call.path_text
            for index, first in enumerate(call.before):
                yield (*place, "before", index), first.path_text
        for at, change in resource.changes():
            yield ("resources", name, *at), change.path_text


def _place(resource: Resource, call: str) -> tuple[str, ...]:
    return ("calls", call) if call in resource.calls else (call,)


def _choice_faults(connector: Connector, api: Api, way: Exchange) -> Faults:
    """A choice names exchanges that there are, for each value that its setting may have."""
    if not isinstance(way, Chosen):
        return
    for value, name in way.ways.items():
        if isinstance(api.exchanges.get(name), Chosen | None):
            yield ("ways", value), f"no exchange to choose; this api has: {', '.join(api.exchanges)}"
    setting = {**connector.settings, **api.settings}.get(way.by.partition(".")[2])
    if setting is None:
        yield ("by",), "no such setting"
    elif setting.choices is None or setting.default is None:
        yield ("by",), "the setting needs `choices` and a `default`, so that there is always a way"
    elif lacking := sorted(set(setting.choices.values()) - set(way.ways)):
        yield ("ways",), f"no way for what the setting may be: {', '.join(lacking)}"
