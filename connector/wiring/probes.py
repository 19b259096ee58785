"""Whether the probes of an api only read, and can be sent."""

from __future__ import annotations

from connector.definition import Api
from connector.wiring.calls import Faults, exchange_faults

__all__ = ["probe_faults"]


def probe_faults(api: Api) -> Faults:
    """Each probe reads, is told from the others by its name, and has what its words need."""
    names = [probe.name for probe in api.probes]
    for index, probe in enumerate(api.probes):
        if probe.effect == "write":
            yield ("probes", index, "effect"), "a probe only reads"
        if probe.name in names[:index]:
            yield ("probes", index, "name"), f"two probes are named {probe.name!r}"
        if probe.columns_of is not None:
            resource = api.resources.get(probe.columns_of)
            if resource is None or not resource.columns:
                known = [name for name, one in api.resources.items() if one.columns]
                yield (
                    ("probes", index, "columns_of"),
                    f"no resource of this api with `columns`; there are: {', '.join(known) or 'none'}",
                )
            if probe.records is None:
                yield ("probes", index), "`columns_of` needs `records`: where the columns come back"
            if "columns" not in probe.holes:
                yield ("probes", index), "nothing sends {columns}: none of them would be asked for"
        yield from ((("probes", index, *at), text) for at, text in exchange_faults(api, probe))
