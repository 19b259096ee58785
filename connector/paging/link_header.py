"""Paging `link_header`: the answer's header names the next page, `Link: <…>; rel="next"` (RFC 8288)."""

from __future__ import annotations

from typing import Literal

from connector.errors import PagingBroken
from connector.paging.facts import PageFacts, State, Step
from connector.paging.links import read_links
from connector.paging.named import NamedByUrl

__all__ = ["LinkHeader"]


class LinkHeader(NamedByUrl):
    """The next page's URL stands in the Link header; an answer without such a link is the last."""

    style: Literal["link_header"]

    def advance(self, state: State, page: PageFacts) -> Step:
        links = [link for link in read_links(page.headers.get("link", "")) if "next" in link.relations]
        if any("anchor" in link.parameters for link in links):
            raise PagingBroken("the Link header names the next page of something else (anchor)")
        targets = {link.target for link in links}
        if len(targets) > 1:
            raise PagingBroken(f"the Link header names {len(targets)} next pages")
        return self.step(state, page, targets.pop() if targets else None)
