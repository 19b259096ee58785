"""Lengths of time and rates as YAML writes them: `0.5s`, `15m`, `60/min`. Pure; nothing is guessed from a bare number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetPydanticSchema, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

__all__ = ["Budgeted", "Rate", "Seconds"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_WINDOWS = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86_400.0}
_RATE = re.compile(r"([1-9][0-9]{0,6})/(s|min|h|day)")
_LONGEST = 86_400.0


def _read_length(value: Any) -> Any:
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 < seconds <= _LONGEST:
        raise PydanticCustomError(
            "duration",
            "expected a length of time up to 24h, such as {examples}; found {found}",
            {"examples": "500ms, 0.5s, 15m or 1h", "found": str(value)},
        )
    return seconds


Seconds = Annotated[
    float,
    BeforeValidator(_read_length),
    WithJsonSchema({"type": "string", "pattern": f"^{_LENGTH.pattern}$"}),
]
"""A length of time; seconds once it is read."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in each window of so many seconds."""

    count: int
    seconds: float
    text: str


def _read_rate(value: Any) -> Any:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "rate",
            "expected a number of calls in a time, such as {examples}; found {found}",
            {"examples": "60/min, 10/s, 600/h or 6000/day", "found": str(value)},
        )
    return Rate(int(found[1]), _WINDOWS[found[2]], value)


Budgeted = Annotated[
    Rate,
    GetPydanticSchema(lambda _kind, _handler: core_schema.is_instance_schema(Rate)),
    BeforeValidator(_read_rate),
    WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$"}),
]
"""A rate of calls."""
