"""Ids that a walk has had before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.seen import SeenIds


@given(st.lists(st.lists(st.text(max_size=3), max_size=8), max_size=8))
def test_every_id_that_comes_again_is_counted(pages: list[list[str]]) -> None:
    with SeenIds() as seen:
        for page in pages:
            seen.add(page)
        ids = [found for page in pages for found in page]
        assert seen.repeats == len(ids) - len(set(ids))
