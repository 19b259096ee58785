"""What a transform raises when a value can't be read or written: caught by the rule that runs it.

The message never holds a value that is declared secret; whoever raises it is told whether it may be shown.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Refused"]


class Refused(ValueError):
    """`code` is a note's code; `instead` is the unified value that stands in."""

    def __init__(self, code: str, message: str, instead: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.instead = instead
