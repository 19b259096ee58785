"""What is wrong between the parts of a connector: what no single model of its YAML can see.

A hole that nothing fills, a source without a resource, a paging state that no parameter carries, an id that
can't be got. Pure; reports everything, with locations from the root of the file, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.definition import Api, Call, Connector, Resource, Sent
from connector.exchange import VERBS, Chosen, Exchange, Request, SubmitAndPoll
from connector.mapping.path import parse_path, written
from connector.mapping.rules import MappingFile, PathRule
from connector.model import UNIFIED
from connector.model.shape import Items, shape_of
from connector.policy import meets_path
from connector.template import holes_of, parse_template
from connector.yamlfile import Complaint

__all__ = ["PAGE_HOLES", "complaints", "source_complaints", "unmapped_sources"]

_STATE = {"offset": "page.start", "page": "page.number", "token": "page.token"}
PAGE_HOLES: dict[str, set[str]] = {
    "none": set(),
    "snapshot": set(),
    "offset": {"page.start", "page.size"},
    "page": {"page.number", "page.size"},
    "token": {"page.token", "page.size"},
    "next_url": {"page.size"},
    "link_header": {"page.size"},
}


def complaints(connector: Connector, unified: Iterable[str]) -> list[Complaint]:
    """What is wrong between the parts of one connector; locations are from the root of its file."""
    found: list[Complaint] = []
    known = tuple(unified)
    sources = tuple(connector.sources())
    for name, listed in connector.unified.items():
        if name not in known:
            found.append(Complaint(("unified", name), "unknown unified resource", name, known, at_key=True))
        found += [
            Complaint(("unified", name, index), "no such source (api.resource)", source, sources)
            for index, source in enumerate(listed)
            if source not in sources
        ]
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
    check(("headers",), holes_of(dict(api.headers)))
    check(("query",), holes_of(dict(api.query)))
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
        found += [Complaint((*loc, "check", *at), text) for at, text in _exchange_faults(api, api.check)]
    for name, way in api.exchanges.items():
        for part, request, more in _requests(way):
            check(("exchanges", name, part), request.holes, more)
        found += [
            Complaint((*loc, "exchanges", name, *at), text)
            for at, text in _choice_faults(connector, api, way)
        ]
    found += [Complaint((*loc, "proxy", *at), text) for at, text in _proxy_faults(api)]
    for name, resource in api.resources.items():
        columns = {"columns"} if resource.columns else set()
        for call_name, call in resource.named_calls().items():
            place = ("resources", name, *_place(resource, call_name))
            check(place, call.holes, _call_holes(call_name, call) | columns)
            for index, first in enumerate(call.before):
                check((*place, "before", index), first.holes, columns)
            faults = _call_faults(api, resource, call_name, call)
            if call.paging is not None and call.paging.style == "snapshot":
                judging = _judging(connector, api, call)
                found += [
                    Complaint(
                        (*loc, *place),
                        f"{path} is asked of the answer, and the records of a capture are kept unread",
                    )
                    for path in judging
                    if call.records is not None and _is_below(path, call.records.path)
                ]
            found += [Complaint((*loc, *place, *at), text) for at, text in faults]
        if resource.create is not None:
            check(
                ("resources", name, "create"),
                resource.create.holes,
                {f"input.{one}" for one in resource.create.input},
            )
            faults = _exchange_faults(api, resource.create)
            found += [Complaint((*loc, "resources", name, "create", *at), text) for at, text in faults]
            if any(isinstance(way, SubmitAndPoll) for way in _ways(api, resource.create)):
                found.append(
                    Complaint(
                        (*loc, "resources", name, "create", "exchange"),
                        "a write through `submit_and_poll` is not built yet",
                    )
                )
            lists = [f"settings.{one}" for one, rule in settings.items() if rule.type == "list"]
            found += [
                Complaint(
                    (*loc, "resources", name, "create", "input", one, word),
                    "not a setting of `type: list`",
                    setting,
                    tuple(lists),
                )
                for one, rule in resource.create.input.items()
                for word, setting in (("within", rule.within), ("outside", rule.outside))
                if setting is not None and setting not in lists
            ]
        if resource.get is not None and resource.key is None:
            found.append(
                Complaint(
                    (*loc, "resources", name), "a resource with `get` needs `key`: what stands for {id}"
                )
            )
    return found


def _requests(way: Exchange) -> Iterator[tuple[str, Request, set[str]]]:
    """(where it stands, the request, the holes that it may have besides settings and secrets)."""
    if not isinstance(way, Chosen):
        yield "submit", way.submit, set(way.takes)
    if isinstance(way, SubmitAndPoll):
        yield "poll", way.poll, {*way.takes, "ticket"}


def _shown(api: Api) -> Iterator[tuple[tuple[str | int, ...], str | None]]:
    """Every text of an api that is shown or logged."""
    yield ("base_url",), api.base_url
    yield ("scope",), api.scope
    if not isinstance(api.check, str):
        yield ("check",), api.check.path_text
    for name, way in api.exchanges.items():
        for part, request, _ in _requests(way):
            yield ("exchanges", name, part), request.path_text
    for name, resource in api.resources.items():
        for which, call in resource.named_calls().items():
            place = ("resources", name, *_place(resource, which))
            yield place, call.path_text
            for index, first in enumerate(call.before):
                yield (*place, "before", index), first.path_text
        if resource.create is not None:
            yield ("resources", name, "create"), resource.create.path_text


def _place(resource: Resource, call: str) -> tuple[str, ...]:
    return ("calls", call) if call in resource.calls else (call,)


def _call_holes(name: str, call: Call) -> set[str]:
    if name == "list":
        return set(PAGE_HOLES[call.paging.style]) if call.paging else set()
    return {"id"} if name == "get" else {"value", "id", "page.size"}


Faults = Iterator[tuple[tuple[str | int, ...], str]]


def _call_faults(api: Api, resource: Resource, name: str, call: Call) -> Faults:
    if name == "list":
        yield from _listing_faults(api, call)
    else:
        if call.before and call.records is None:
            yield ("before",), "only what is read as a listing (`records`) has `before`"
        for word in ("paging", "passes"):
            if getattr(call, word):
                yield (word,), "only `list` is paged" if word == "paging" else f"only `list` has `{word}`"
    if name == "get":
        yield from _get_faults(resource, call)
    elif call.call is not None or call.from_ is not None:
        yield ("call" if call.call else "from",), "only `get` asks another call"
    for variant in call.variants():
        yield from _exchange_faults(api, variant)
    for index, first in enumerate(call.before):
        yield from ((("before", index, *at), text) for at, text in _exchange_faults(api, first))


def _listing_faults(api: Api, call: Call) -> Faults:
    if call.records is None:
        yield (), "a listing needs `records`: the path of the records on a page"
    if call.paging is None:
        yield (), "a listing needs `paging`; where one answer is all, say `paging: {style: none}`"
        return
    state = _STATE.get(call.paging.style)
    if state and state not in call.holes:
        yield ("paging",), f"nothing sends {{{state}}}: without it every page would be the first"
    if call.paging.when_empty == "check" and isinstance(api.check, str):
        yield ("paging", "when_empty"), "this api has no `check` that an empty page could be confirmed by"
    if call.paging.style in ("next_url", "link_header") and call.exchange is not None:
        yield (
            ("paging",),
            f"`style: {call.paging.style}` asks at the URLs that the vendor names; an exchange asks at its own",
        )
    if call.paging.style == "snapshot" and call.passes:
        yield ("passes",), "a listing that is captured is one answer: it has no passes"
    if call.paging.style == "snapshot" and call.records is not None and not _is_plain_list(call.records.path):
        yield (
            ("records",),
            "records that are captured stand at plain keys and then [*], as in $.data[*]: they are kept unread",
        )


def _ways(api: Api, sent: Sent) -> Iterator[Exchange | None]:
    """The exchanges that may carry a call."""
    way = api.exchanges.get(sent.exchange or "")
    for name in way.ways.values() if isinstance(way, Chosen) else (sent.exchange or "",):
        yield api.exchanges.get(name)


def _judging(connector: Connector, api: Api, call: Call) -> set[str]:
    """The paths that say what an answer to the call means."""
    rules = [*call.errors, *api.errors, *connector.errors]
    rules += [rule for way in _ways(api, call) for rule in getattr(way, "errors", ())]
    expected = [one for one in (call.expect, api.expect) if one is not None]
    return {path for condition in (*(rule.when for rule in rules), *expected) for path in condition.paths}


def _is_below(path: str, records: str) -> bool:
    return parse_path(path).leading[: len(parse_path(records).leading)] == parse_path(records).leading


def _is_plain_list(path: str) -> bool:
    keys = parse_path(path).leading
    return all(isinstance(key, str) for key in keys) and path == written(keys) + "[*]"


def _get_faults(resource: Resource, call: Call) -> Faults:
    if call.call is not None:
        other = resource.calls.get(call.call)
        if other is None:
            yield ("call",), f"no such call of the resource; it has: {', '.join(resource.calls) or 'none'}"
        elif other.records is None:
            yield ("call",), f"the call `{call.call}` needs `records` to be searched"
    if (call.from_ or call.otherwise) and resource.list is None:
        yield (), "there is no `list` to read"
    if call.call is None and call.from_ is None and "id" not in call.holes:
        yield (), "nothing sends {id}: without it every get would be the same"


def _exchange_faults(api: Api, sent: Sent) -> Faults:
    if sent.exchange is None:
        return
    if sent.exchange not in api.exchanges:
        yield ("exchange",), f"no such exchange; this api has: {', '.join(api.exchanges) or 'none'}"
        return
    for way in _ways(api, sent):
        takes = getattr(way, "takes", sent.give)
        if set(sent.give) != set(takes):
            yield (
                ("give",),
                f"the exchange takes {', '.join(takes)}; given: {', '.join(sent.give) or 'nothing'}",
            )
            return


def _proxy_faults(api: Api) -> Faults:
    """Commands pass through an exchange that takes them, and no pattern lets pass what the connector itself writes by."""
    policy = api.proxy
    if policy is None:
        return
    if policy.commands and policy.exchange is None:
        yield ("commands",), "commands need `exchange`: what carries them"
    if policy.exchange is not None:
        carried = Sent(exchange=policy.exchange, effect="read", give={"line": "{line}"})
        for _, text in _exchange_faults(api, carried):
            yield ("exchange",), text
    for index, (method, steps) in enumerate(policy.patterns):
        for what, request in _never_passed(api):
            path = request.path_text.partition("?")[0].split("/")[1:]
            if request.verb.upper() == method and meets_path(steps, path, _may_meet):
                yield ("allow", index), f"this pattern lets pass {what}: {method} {request.path_text}"


def _never_passed(api: Api) -> Iterator[tuple[str, Request]]:
    """(what it is, the request) of all that the proxy must not let pass as a call."""
    for name, way in api.exchanges.items():
        if not isinstance(way, Chosen):
            yield f"what the exchange `{name}` carries, which is judged by its content", way.submit
    for name, resource in api.resources.items():
        made = {} if resource.create is None else {"create": resource.create}
        for which, call in {**resource.named_calls(), **made}.items():
            if call.effect == "write" and call.verb in VERBS:
                yield f"`{which}` of {name}, which writes", call


def _may_meet(step: str, segment: str) -> bool:
    """Whether a pattern's step and a segment of a path's template could be the same."""
    return step in ("*", segment) or "{" in segment


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


def source_complaints(connector: Connector, mapping: MappingFile, read: Iterable[str]) -> Iterator[Complaint]:
    """What a mapping needs of its resource: the id that stands for `{id}`, columns for the paths that it reads, and
    the calls that filters and sorts name."""
    _, resource = connector.source(mapping.source)
    rule = mapping.fields.get("id")
    path = getattr(rule, "path", None)
    if resource.key is not None and rule is not None and path != resource.key.path:
        yield Complaint(
            ("fields", "id"), f"the id must read {resource.key.path}, the key of {mapping.source}"
        )
    elif resource.key is not None and isinstance(rule, PathRule) and rule.as_ != resource.key.as_:
        says = f"`as: {resource.key.as_}`" if resource.key.as_ else "no `as`"
        yield Complaint(
            ("fields", "id"), f"the key of {mapping.source} says {says}, and the id must say the same"
        )
    yield from _column_complaints(resource, mapping, read)
    for name, sort in mapping.sorts.items():
        if sort is not None and sort.evaluate == "here" and not _is_captured(resource):
            yield Complaint(
                ("sorts", name),
                "only a listing that is captured (`paging: {style: snapshot}`) can be sorted here",
            )
        if sort is not None and sort.evaluate == "here" and _is_list(mapping, name):
            yield Complaint(("sorts", name), "a list has no order that rows could be sorted by")
    named = [("filters", name, one) for name, one in mapping.filters.items()]
    for kind, name, one in [*named, *(("sorts", name, one) for name, one in mapping.sorts.items())]:
        if one is None:
            continue
        if one.call is None:
            if _is_captured(resource) and (one.query or one.json_ is not None):
                yield Complaint(
                    (kind, name),
                    "a listing that is captured is asked for whole: say `evaluate: here`, or name another `call`",
                )
            continue
        call = resource.calls.get(one.call)
        if call is None:
            yield Complaint(
                (kind, name, "call"), "no such call of the resource", one.call, tuple(resource.calls)
            )
        elif call.records is None:
            yield Complaint(
                (kind, name, "call"), f"the call `{one.call}` needs `records` to be read as a listing"
            )


def _is_list(mapping: MappingFile, name: str) -> bool:
    return mapping.unified in UNIFIED and isinstance(
        shape_of(UNIFIED[mapping.unified]).fields.get(name), Items
    )


def _is_captured(resource: Resource) -> bool:
    return resource.list is not None and getattr(resource.list.paging, "style", None) == "snapshot"


def _column_complaints(resource: Resource, mapping: MappingFile, read: Iterable[str]) -> Iterator[Complaint]:
    if not resource.columns:
        return
    words, outside = resource.columns_for(read)
    for path in outside:
        yield Complaint(
            ("fields", *_reading(mapping, path)),
            f"{mapping.source} answers nothing at {path}: it is in no column of the connector's list",
            path,
            (*resource.columns.values(), *resource.always),
        )
    if not words:
        yield Complaint(("fields",), "no rule reads a column, and a call asks for {columns}")


def _reading(mapping: MappingFile, path: str) -> tuple[str, ...]:
    """The field whose rule says the path, if one says it just so."""
    for name, rule in mapping.fields.items():
        if getattr(rule, "path", None) == path:
            return (name,)
        inner = getattr(rule, "object", None) or {}
        for part, one in inner.items():
            if getattr(one, "path", None) == path:
                return (name, part)
    return ()


def unmapped_sources(connector: Connector, mapped: set[str], other_faults: bool) -> list[Complaint]:
    if other_faults:
        return []
    return [
        Complaint(("unified", name, index), f"no mapping file {source}.yaml for this source")
        for name, sources in connector.unified.items()
        for index, source in enumerate(sources)
        if source not in mapped and source in connector.sources()
    ]
