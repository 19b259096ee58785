"""What is wrong between the parts of a connector: what no single model of its YAML can see.

A hole that nothing fills, a source without a resource, a paging state that no parameter carries, an id that
can't be got. Pure; reports everything, with locations from the root of the file, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.definition import Api, Call, Connector, Resource
from connector.mapping.rules import MappingFile, PathRule
from connector.template import holes_of, parse_template
from connector.yamlfile import Complaint

__all__ = ["PAGE_HOLES", "complaints", "source_complaints", "unmapped_sources"]

_STATE = {"offset": "page.start", "page": "page.number", "token": "page.token"}
PAGE_HOLES = {
    "none": set(),
    "offset": {"page.start", "page.size"},
    "page": {"page.number", "page.size"},
    "token": {"page.token", "page.size"},
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
    names = {f"settings.{name}" for name in [*connector.settings, *api.settings]}
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
    shown: list[tuple[tuple[str, ...], str | None]] = [(("base_url",), api.base_url), (("scope",), api.scope)]
    shown += [(("check",), api.check.path_text)] if not isinstance(api.check, str) else []
    shown += [(("exchanges", name, "submit"), way.submit.path_text) for name, way in api.exchanges.items()]
    for name, resource in api.resources.items():
        shown += [
            (("resources", name, *_place(resource, which)), call.path_text)
            for which, call in resource.named_calls().items()
        ]
    found += [
        Complaint(
            (*loc, *where), f"{{{name}}} can't stand where it is shown or logged: in a URL's path or a scope"
        )
        for where, text in shown
        for name in sorted(parse_template(text or "").names)
        if name.startswith("secrets.")
    ]
    if not isinstance(api.check, str):
        check(("check",), api.check.holes)
    for name, way in api.exchanges.items():
        check(("exchanges", name, "submit"), way.submit.holes, way.takes)
    for name, resource in api.resources.items():
        for call_name, call in resource.named_calls().items():
            place = (
                "resources",
                name,
                *(("calls", call_name) if call_name in resource.calls else (call_name,)),
            )
            check(place, call.holes, _call_holes(call_name, call))
            found += [Complaint((*loc, *place, *at), text) for at, text in _call_faults(api, call_name, call)]
        if resource.get is not None and resource.key is None:
            found.append(
                Complaint(
                    (*loc, "resources", name), "a resource with `get` needs `key`: what stands for {id}"
                )
            )
    return found


def _place(resource: Resource, call: str) -> tuple[str, ...]:
    return ("calls", call) if call in resource.calls else (call,)


def _call_holes(name: str, call: Call) -> set[str]:
    if name == "list":
        return set(PAGE_HOLES[call.paging.style]) if call.paging else set()
    return {"id"} if name == "get" else {"value", "id", "page.size"}


def _call_faults(api: Api, name: str, call: Call) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    if name == "list":
        if call.records is None:
            found.append(((), "a listing needs `records`: the path of the records on a page"))
        if call.paging is None:
            found.append(
                ((), "a listing needs `paging`; where one answer is all, say `paging: {style: none}`")
            )
        else:
            state = _STATE.get(call.paging.style)
            if state and state not in call.holes:
                found.append(
                    (("paging",), f"nothing sends {{{state}}}: without it every page would be the first")
                )
    elif call.paging is not None:
        found.append((("paging",), "only `list` is paged"))
    if name == "get" and "id" not in call.holes:
        found.append(((), "nothing sends {id}: without it every get would be the same"))
    if call.exchange is not None:
        way = api.exchanges.get(call.exchange)
        if way is None:
            found.append(
                (("exchange",), f"no such exchange; this api has: {', '.join(api.exchanges) or 'none'}")
            )
        elif set(call.give) != set(way.takes):
            found.append(
                (
                    ("give",),
                    f"the exchange takes {', '.join(way.takes)}; given: {', '.join(call.give) or 'nothing'}",
                )
            )
    return found


def source_complaints(connector: Connector, mapping: MappingFile) -> Iterator[Complaint]:
    """What a mapping needs of its resource: the id that stands for `{id}`, and the calls that filters and sorts name."""
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
    named = [("filters", name, one) for name, one in mapping.filters.items()]
    for kind, name, one in [*named, *(("sorts", name, one) for name, one in mapping.sorts.items())]:
        if one is None or one.call is None:
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


def unmapped_sources(connector: Connector, mapped: set[str], other_faults: bool) -> list[Complaint]:
    if other_faults:
        return []
    return [
        Complaint(("unified", name, index), f"no mapping file {source}.yaml for this source")
        for name, sources in connector.unified.items()
        for index, source in enumerate(sources)
        if source not in mapped and source in connector.sources()
    ]
