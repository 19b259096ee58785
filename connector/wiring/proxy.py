"""Whether what passes the proxy can pass, and lets nothing pass that the connector itself writes by."""

from __future__ import annotations

from collections.abc import Iterator

from connector.call import Sent
from connector.definition import Api
from connector.exchange import VERBS, Chosen, Request
from connector.policy import meets_path
from connector.wiring.calls import Faults, exchange_faults

__all__ = ["proxy_faults"]


def proxy_faults(api: Api) -> Faults:
    """Commands pass through an exchange that takes them, and no pattern lets pass what the connector itself writes by."""
    policy = api.proxy
    if policy is None:
        return
    if policy.commands and policy.exchange is None:
        yield ("commands",), "commands need `exchange`: what carries them"
    if policy.exchange is not None:
        carried = Sent(exchange=policy.exchange, effect="read", give={"line": "{line}"})
        for _, text in exchange_faults(api, carried):
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
        changes = {".".join(place): change for place, change in resource.changes()}
        for which, call in {**resource.named_calls(), **changes}.items():
            if call.effect == "write" and call.verb in VERBS:
                yield f"`{which}` of {name}, which writes", call


def _may_meet(step: str, segment: str) -> bool:
    """Whether a pattern's step and a segment of a path's template could be the same."""
    return step in ("*", segment) or "{" in segment
