"""Paging `none`: the one answer is all there is. If it declares a total, the total must agree."""

from __future__ import annotations

from typing import Any, Literal

from connector.paging.facts import PageFacts, State, Step, Style

__all__ = ["NoPaging"]


class NoPaging(Style):
    """The one answer is all."""

    style: Literal["none"]

    @property
    def most(self) -> int | None:
        return None

    def start(self, size: int) -> State:  # noqa: ARG002 - every style has this face
        return {}

    def variables(self, state: State, size: int) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def check(self, body: Any, state: State, size: int) -> None:
        pass

    def advance(self, state: State, page: PageFacts) -> Step:  # noqa: ARG002
        return Step(None, "one_answer")
