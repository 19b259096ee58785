"""Paging styles: how a listing goes on from page to page, and what proves that it has ended.

The connector's call places `{page.…}` itself; a style only moves the state and reads the evidence.
Nothing here guesses: a short page never ends a listing, and no style is recognised by its looks.

A listing's verdict, from what ended it and what was noticed on the way (tested row by row):

    style                 ended by              and                                  verdict
    any                   (not ended)                                                in_progress
    none                  one_answer            no total, or total = seen            complete
    offset, page          total                 total = seen                         complete
    offset, page          more, empty_page      no total, or total = seen            complete
    page                  pages                 no total, or total = seen            complete
    token, next_url       no_next               no total, or total = seen            complete
    link_header           no_next               no total, or total = seen            complete
    snapshot              capture               total (else records captured) = seen complete
    any                   any                   seen < total                         partial     fewer_than_declared
    any                   ceiling, any          as many received as can be reached   partial     ceiling_reached
    any                   any                   seen > total, total never moved      error       paging_broken
    any                   any                   total moved                          unproven    total_moved
    page                  pages                 the number of pages moved            unproven    pages_moved
    any                   any                   the group asked for changed          unproven    membership_changed
    any                   any                   an id came twice                     unproven    duplicate_ids
    any                   any                   a page changed between two reads     unproven    page_changed
    any                   any                   a record could not be carried        partial     records_left_out
    any                   any                   a membership list was unreadable     partial     membership_unreadable
    any                   an empty or repeated state, a repeated page                error       paging_broken
    token                 no token while `more` holds, a token while it doesn't      error       paging_broken
    next_url, link_header an address elsewhere, a header that can't be read          error       paging_broken

`seen` counts ids of the vendor's records, before our own filters. A cursor is of constant size: an id that
comes again on a page far from its first is noticed by whole walks (`pages`, `iterate`, `--all`), and page by
page only where a total doesn't add up. Where several rows hold, partial wins over unproven, and all reasons
are listed. A listing in several passes is that many walks: each ends, and is held against its total, by itself;
what was noticed in any of them is noticed of the listing, and totals and `seen` are sums.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.paging.facts import PageFacts, State, Step
from connector.paging.link_header import LinkHeader
from connector.paging.next_url import NextUrl
from connector.paging.none import NoPaging
from connector.paging.offset import Offset
from connector.paging.page import Page
from connector.paging.snapshot import Snapshot
from connector.paging.token import Token

__all__ = ["NoPaging", "Page", "PageFacts", "Paging", "Snapshot", "State", "Step"]

Paging = Annotated[
    NoPaging | Offset | Page | Token | NextUrl | LinkHeader | Snapshot, Field(discriminator="style")
]
