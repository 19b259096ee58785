"""Whether each call fits the resource and the api that it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from connector.call import Call, Records, Sent
from connector.definition import Api, Connector
from connector.exchange import Chosen, Exchange
from connector.mapping.path import parse_path, written
from connector.paging import Paging
from connector.resource import Resource

__all__ = [
    "PAGE_HOLES",
    "Faults",
    "call_faults",
    "call_holes",
    "exchange_faults",
    "is_below",
    "judging",
    "ways",
]

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
Faults = Iterator[tuple[tuple[str | int, ...], str]]


def call_holes(name: str, call: Call) -> set[str]:
    paged = set(PAGE_HOLES[call.paging.style]) if call.paging else set()
    if name == "list":
        reach = {"page.ceiling"} if call.paging and call.paging.ceiling is not None else set()
        return paged | reach | {f"query.{one}" for one in call.accepts}
    return {"id"} if name == "get" else {"value", "id", "page.size"} | paged


def call_faults(api: Api, resource: Resource, name: str, call: Call) -> Faults:
    if name == "list":
        yield from _listing_faults(api, call)
        yield from _accepting_faults(resource, call)
    else:
        for word in ("before", "paging"):
            if getattr(call, word) and (call.records is None or name == "get"):
                yield (word,), f"only what is read as a listing (`records`) has `{word}`"
        for word in ("passes", "accepts"):
            if getattr(call, word):
                yield (word,), f"only `list` has `{word}`"
        if call.paging is not None and call.records is not None and name != "get":
            yield from _paging_faults(api, call, call.paging)
            if call.paging.style == "snapshot":
                yield ("paging",), "only `list` is captured"
    if name == "get":
        yield from _get_faults(resource, call)
    elif call.call is not None or call.from_ is not None:
        yield ("call" if call.call else "from",), "only `get` asks another call"
    for variant in call.variants():
        yield from exchange_faults(api, variant)
    for index, first in enumerate(call.before):
        yield from ((("before", index, *at), text) for at, text in exchange_faults(api, first))


def _listing_faults(api: Api, call: Call) -> Faults:
    if call.records is None:
        yield (), "a listing needs `records`: the path of the records on a page"
    if call.paging is None:
        yield (), "a listing needs `paging`; where one answer is all, say `paging: {style: none}`"
        return
    yield from _paging_faults(api, call, call.paging)
    if call.paging.style == "snapshot" and call.passes:
        yield ("passes",), "a listing that is captured is one answer: it has no passes"
    if call.paging.style == "snapshot" and call.records is not None and not _is_plain_list(call.records):
        yield (
            ("records",),
            "records that are captured stand at plain keys and then [*], as in $.data[*]: they are kept unread",
        )


def _accepting_faults(resource: Resource, call: Call) -> Faults:
    """What a caller may ask besides reaches the vendor, and the listing can be read without a caller where it must."""
    for name, rule in call.accepts.items():
        if f"query.{name}" not in call.holes:
            yield ("accepts", name), f"nothing sends {{query.{name}}}: what is asked would be dropped"
        if rule.made_from or rule.within or rule.outside:
            yield ("accepts", name), "`made_from`, `within` and `outside` are for what a write is given"
        reads_list = resource.get is not None and (resource.get.from_ or resource.get.otherwise)
        if reads_list and rule.is_needed:
            yield (
                ("accepts", name),
                "`get` reads this listing by itself: what it needs has a `default`",
            )


def _paging_faults(api: Api, call: Call, paging: Paging) -> Faults:
    state = _STATE.get(paging.style)
    if state and state not in call.holes:
        yield ("paging",), f"nothing sends {{{state}}}: without it every page would be the first"
    if paging.when_empty == "check" and isinstance(api.check, str):
        yield ("paging", "when_empty"), "this api has no `check` that an empty page could be confirmed by"
    if paging.style in ("next_url", "link_header") and call.exchange is not None:
        yield (
            ("paging",),
            f"`style: {paging.style}` asks at the URLs that the vendor names; an exchange asks at its own",
        )


def _get_faults(resource: Resource, call: Call) -> Faults:
    if call.call is not None:
        other = resource.calls.get(call.call)
        if other is None:
            yield ("call",), f"no such call of the resource; it has: {', '.join(resource.calls) or 'none'}"
        elif other.records is None:
            yield ("call",), f"the call `{call.call}` needs `records` to be searched"
        elif other.paging is not None:
            yield (
                ("call",),
                f"the call `{call.call}` is paged; one answer is all that `get` reads of a search",
            )
    if (call.from_ or call.otherwise) and resource.list is None:
        yield (), "there is no `list` to read"
    if call.call is None and call.from_ is None and "id" not in call.holes:
        yield (), "nothing sends {id}: without it every get would be the same"


def exchange_faults(api: Api, sent: Sent) -> Faults:
    if sent.exchange is None:
        return
    if sent.exchange not in api.exchanges:
        yield ("exchange",), f"no such exchange; this api has: {', '.join(api.exchanges) or 'none'}"
        return
    for way in ways(api, sent):
        takes = getattr(way, "takes", sent.give)
        if set(sent.give) != set(takes):
            yield (
                ("give",),
                f"the exchange takes {', '.join(takes)}; given: {', '.join(sent.give) or 'nothing'}",
            )
            return


def ways(api: Api, sent: Sent) -> Iterator[Exchange | None]:
    """The exchanges that may carry a call."""
    way = api.exchanges.get(sent.exchange or "")
    for name in way.ways.values() if isinstance(way, Chosen) else (sent.exchange or "",):
        yield api.exchanges.get(name)


def judging(connector: Connector, api: Api, call: Call) -> set[str]:
    """The paths that say what an answer to the call means."""
    rules = [*call.errors, *api.errors, *connector.errors]
    rules += [rule for way in ways(api, call) for rule in getattr(way, "errors", ())]
    expected = [one for one in (call.expect, api.expect) if one is not None]
    return {path for condition in (*(rule.when for rule in rules), *expected) for path in condition.paths}


def is_below(path: str, records: Records) -> bool:
    above = parse_path(records.path or "$").leading
    return parse_path(path).leading[: len(above)] == above


def _is_plain_list(records: Records) -> bool:
    if records.path is None:
        return False
    path, keys = records.path, parse_path(records.path).leading
    return all(isinstance(key, str) for key in keys) and path == written(keys) + "[*]"
