"""The transforms of one path rule, in the order in which they read.

Reading, writing and finding all run over this one chain: forwards, or backwards through the inverses.
"""

from __future__ import annotations

from connector.mapping import transforms
from connector.mapping.fit import AnyShape
from connector.mapping.rules import PathRule
from connector.mapping.transforms import Transform, ValuesTable
from connector.model.shape import Enum

__all__ = ["chain_of", "table_of"]


def chain_of(rule: PathRule, shape: AnyShape) -> tuple[Transform, ...]:
    """`null_if`, then what makes the value another, then what only trims it."""
    found: list[Transform] = []
    if rule.null_if:
        found.append(transforms.null_if(rule.null_if))
    if rule.as_ is not None:
        found.append(transforms.as_string() if rule.as_ == "string" else transforms.as_integer())
    if rule.values is not None:
        instead = shape.open_to if isinstance(shape, Enum) else None
        found.append(
            transforms.values(rule.values, preferred=rule.write or (), instead=instead, hidden=rule.secret)
        )
    if rule.date is not None:
        found.append(transforms.date(rule.date))
    if rule.split is not None and rule.take is not None:
        found.append(transforms.split(rule.split, rule.take))
    if rule.case is not None:
        found.append(transforms.case(rule.case))
    if rule.link is not None:
        found.append(transforms.link(rule.link.hosts, subdomains=rule.link.subdomains))
    return tuple(found)


def table_of(chain: tuple[Transform, ...]) -> ValuesTable | None:
    """The chain's `values`, if it has any."""
    return next((piece for piece in chain if isinstance(piece, ValuesTable)), None)
