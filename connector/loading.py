"""Puts the layers of one connector together, validates and compiles them, and reports every fault with its place.

A mapping or `connector.yaml` that `extends` its own name lies over the file of that name in a later folder; any
other extends another connector. What loads is whole: a connector with a fault anywhere is not served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from connector import merge as merging
from connector.cursor import digest
from connector.definition import Api, Connector
from connector.errors import ConfigurationInvalid, Fault
from connector.faults import place, validate
from connector.folders import CONNECTOR_FILE, Folders, shown
from connector.mapping.compile import Mapper, compile_mapping
from connector.mapping.linked import compile_linked
from connector.mapping.rules import MappingFile
from connector.merge import merge
from connector.model import UNIFIED
from connector.policy import Proxy, widened
from connector.wiring import (
    complaints,
    source_complaints,
    union_complaints,
    unmapped_sources,
    written_complaints,
)
from connector.yamlfile import Complaint, Mark, YamlList, YamlMap, mark_at, read

__all__ = ["Loaded", "Source", "load", "yaml_of"]


@dataclass(frozen=True)
class Source:
    """One mapped source of a connector, compiled."""

    name: str
    mapping: MappingFile
    mapper: Mapper
    version: str
    """Fingerprint of the mapping with its overrides."""
    linked: Source | None = None
    """What an endpoint per record lists: of groups their members, of users their groups."""


@dataclass(frozen=True)
class Loaded:
    """A connector that is whole and compiled."""

    definition: Connector
    sources: Mapping[str, Source]
    files: tuple[str, ...]
    """The files it was made of, as they are shown; the last word of each name."""
    calling_version: str
    """Fingerprint of the calling half; a cursor is bound to it."""
    warnings: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        return self.definition.connector


def load(folders: Folders, name: str, overrides: Mapping[str, Any]) -> Loaded:
    """The connector, whole; `overrides` maps a source to a mapping fragment that is laid over it.

    Raises NotFound, and ConfigurationInvalid with every fault.
    """
    return _Loading(folders, name).run(overrides)


def yaml_of(value: Any, mark: Mark) -> Any:
    """A plain value as YAML that stands at one place (for overrides that never were a file)."""
    if isinstance(value, YamlMap | YamlList):
        return value  # it was a file, and says better where it stands
    if isinstance(value, Mapping):
        found = YamlMap(mark)
        for key, item in value.items():
            found.put(key, yaml_of(item, mark), mark, mark)
        return found
    if isinstance(value, list | tuple):
        items = YamlList(mark)
        items.extend(yaml_of(item, mark) for item in value)
        items.item_marks.extend(mark for _ in value)
        return items
    return value


class _Loading:
    """One loading of one connector: gathers every fault before it gives up."""

    def __init__(self, folders: Folders, name: str, trail: tuple[str, ...] = ()) -> None:
        self.folders, self.name, self.trail = folders, name, trail
        self.faults: list[Fault] = []
        self.files: list[str] = []
        self.is_sound = False
        """The connector's own file has no fault: what a mapping doesn't find there, is not there."""

    def run(self, overrides: Mapping[str, Any]) -> Loaded:
        self.folders.check_name(self.name)
        self.faults += self.folders.strays(self.name)
        document = self._attempt(self.connector_document)
        rest = self._validated(document) if document is not None else None
        if document is not None:
            self._check_narrower(document)
        self.is_sound = rest is not None and not self.faults
        mapped = [self._mapping(file, rest, overrides) for file in self.folders.mapping_files(self.name)]
        if rest is not None and document is not None:
            known = {source.name for source in mapped if source}
            self.faults += place(document, unmapped_sources(rest, known, bool(self.faults)))
            said = {source.name: source.mapping for source in mapped if source}
            self.faults += place(document, union_complaints(rest, said))
            if loose := sorted(
                set(overrides)
                - {file.removesuffix(".yaml") for file in self.folders.mapping_files(self.name)}
            ):
                self.faults.append(
                    Fault(
                        "override",
                        1,
                        1,
                        f"overrides name sources that this connector has not: {', '.join(loose)}",
                    )
                )
        if self.faults or rest is None:
            count = len(self.faults)
            raise ConfigurationInvalid(
                f"connector {self.name!r} has {count} fault{'s' if count != 1 else ''}",
                faults=list(dict.fromkeys(self.faults)),
            )
        return Loaded(
            definition=rest,
            sources={source.name: source for source in mapped if source},
            files=tuple(dict.fromkeys(self.files)),
            calling_version=digest(_plain(document)),
        )

    def connector_document(self, depth: int = 0) -> YamlMap:
        """`connector.yaml` with everything that it extends merged in."""
        layers = self.folders.layers(self.name, CONNECTOR_FILE)
        document = self._read(layers[depth])
        parent = document.get("extends")
        if isinstance(parent, str):
            if parent == self.name:
                below = self._below(layers, depth, document, parent)
                if below is not None:
                    document = merge(below, document, merging.CONNECTOR)
            else:
                other = self._other(parent, document, "extends")
                if other is not None:
                    document = merge(other.connector_document(), document, merging.CONNECTOR)
        return self._with_parent_apis(document)

    def _below(self, layers: list[Path], depth: int, document: YamlMap, parent: str) -> YamlMap | None:
        if depth + 1 < len(layers):
            return self.connector_document(depth + 1)
        self._complain(
            document, ("extends",), f"{parent!r} extends itself, and no folder further down has it"
        )
        return None

    def _other(self, name: str, document: YamlMap, *loc: str) -> _Loading | None:
        """A loading of another connector, for what this one extends."""
        if name in (*self.trail, self.name):
            self._complain(
                document, loc, f"extends goes in a circle: {' → '.join((*self.trail, self.name, name))}"
            )
        elif name not in self.folders.names():
            self.faults += place(
                document, [Complaint(loc, "no such connector", name, tuple(self.folders.names()))]
            )
        else:
            other = _Loading(self.folders, name, (*self.trail, self.name))
            other.faults, other.files = self.faults, self.files
            if len(self.folders.layers(name, CONNECTOR_FILE)) > 1 and (
                whole := other._attempt(other.connector_document)
            ):
                other._check_narrower(whole)  # what is laid over a parent reaches its children too
            return other
        return None

    def _with_parent_apis(self, document: YamlMap) -> YamlMap:
        """Each api that extends one of another connector, merged with it."""
        apis = document.get("apis")
        if not isinstance(apis, YamlMap):
            return document
        for name, api in list(apis.pairs):
            target = api.get("extends") if isinstance(api, YamlMap) else None
            if not isinstance(target, str):
                continue
            connector, _, api_name = target.partition(".")
            loc = ("apis", name, "extends")
            other = self._other(connector, document, *loc)
            found = (other.connector_document().get("apis") or {}).get(api_name) if other else None
            if isinstance(found, YamlMap):
                merged = merge(found, api, merging.API)
                merged.drop("extends")
                apis.put(name, merged, apis.key_marks[name], apis.value_marks[name])
            elif other:
                self._complain(document, loc, f"{connector!r} has no api {api_name!r}; write connector.api")
        return document

    def _validated(self, document: YamlMap) -> Connector | None:
        _, faults, rest = validate(Connector, document)
        self.faults += faults
        if rest is None:
            return None
        if rest.connector != self.name:
            self._complain(
                document, ("connector",), f"expected {self.name!r}: a connector has the name of its folder"
            )
        # What was taken out with a fault may be missed by the rest: complaints above a fault would mislead.
        broken = [fault.path for fault in faults]
        found = place(document, complaints(rest, UNIFIED))
        self.faults += [
            one
            for one in found
            if not any(path.startswith(one.path) for path in broken)
            and not (broken and one.found in _written_sources(document))
        ]
        return rest

    def _check_narrower(self, document: YamlMap) -> None:
        """Complains of what passes a proxy here and doesn't in a file of this name further down, laid over or not.

        What passes means what it does only together with how it is sent: neither may change.
        """
        apis = document.get("apis")
        for depth in range(1, len(self.folders.layers(self.name, CONNECTOR_FILE))):
            below = _Loading(self.folders, self.name)  # its own faults are not this connector's
            found = below._attempt(lambda depth=depth: below.connector_document(depth))  # noqa: B023
            for name in apis if isinstance(apis, YamlMap) else ():
                policy = _policy_of(document, name)
                wrong = [
                    replace(one, loc=("apis", name, "proxy", *one.loc))
                    for one in widened(policy, _policy_of(found, name))
                ]
                if policy.allow or policy.commands:
                    wrong += _sent_otherwise(document, found, name)
                self.faults += place(document, wrong)

    def mapping_document(self, file: str, depth: int = 0) -> YamlMap:
        """A mapping with everything that it extends merged in."""
        layers = self.folders.layers(self.name, file)
        document = self._read(layers[depth])
        target = document.get("extends")
        if not isinstance(target, str):
            return document
        connector, _, source = target.partition("/")
        below: YamlMap | None = None
        if connector == self.name and f"{source}.yaml" == file:
            if depth + 1 < len(layers):
                below = self.mapping_document(file, depth + 1)
            else:
                self._complain(
                    document, ("extends",), f"{target!r} extends itself, and no folder further down has it"
                )
        else:
            other = self if connector == self.name else self._other(connector, document, "extends")
            if other is not None:
                files = self.folders.mapping_files(connector)
                if target in self.trail:
                    way = " → ".join((*self.trail, target))
                    self._complain(document, ("extends",), f"extends goes in a circle: {way}")
                elif f"{source}.yaml" in files:
                    other.trail = (*other.trail, target)
                    below = other.mapping_document(f"{source}.yaml")
                else:
                    allowed = tuple(f"{connector}/{name.removesuffix('.yaml')}" for name in files)
                    self.faults += place(
                        document, [Complaint(("extends",), "no such mapping", target, allowed)]
                    )
        return document if below is None else merge(below, document, merging.MAPPING)

    def _mapping(self, file: str, connector: Connector | None, overrides: Mapping[str, Any]) -> Source | None:
        name = file.removesuffix(".yaml")
        self.trail = ()
        document = self._attempt(lambda: self.mapping_document(file))
        if document is None:
            return None
        if name in overrides:
            override = yaml_of(overrides[name], Mark(f"override of {name}", 1, 1))
            if not isinstance(override, YamlMap):
                self.faults.append(Fault(f"override of {name}", 1, 1, "expected a mapping (key: value)"))
                return None
            document = merge(document, override, merging.MAPPING)
        _, faults, mapping = validate(MappingFile, document)
        self.faults += faults
        if mapping is None:
            return None
        if mapping.source != name:
            # A mapping that extends another says its own source: blame the file that doesn't.
            mark = mark_at(document, ("source",))
            inherited = "extends" in document and mark is not None and Path(mark.file).name != file
            message = f"expected {name!r}: a mapping's file has the name of its source"
            if inherited:
                message = f"`source` is missing here (inherited: {mapping.source!r}); {message}"
            known = tuple(connector.sources()) if connector else ()
            complaint = Complaint(("extends",) if inherited else ("source",), message, name, known)
            self.faults += place(document, [complaint])
            if name not in known:
                return None
        api = self._api_of(document, mapping, connector)
        mapper, found = compile_mapping(mapping, api.membership if api else _side_of(mapping))
        self.faults += place(document, found)
        if connector is not None and api is not None and mapper is not None:
            self.faults += place(document, source_complaints(connector, mapping, mapper.paths))
            is_changed = name in overrides or len(self.folders.layers(self.name, file)) > 1
            self.faults += place(
                document, written_complaints(connector, mapping, mapper.writable(), is_changed=is_changed)
            )
        if mapper is None:
            return None
        version = digest(_plain(document))
        linked, found = compile_linked(mapping)
        self.faults += place(document, found)
        return Source(
            name, mapping, mapper, version, None if linked is None else Source(name, *linked, version)
        )

    def _api_of(self, document: YamlMap, mapping: MappingFile, connector: Connector | None) -> Api | None:
        if connector is None:
            return None
        if mapping.source not in connector.sources():
            known = tuple(connector.sources())
            if self.is_sound:
                self.faults += place(
                    document, [Complaint(("source",), "no such source (api.resource)", mapping.source, known)]
                )
            return None
        return connector.source(mapping.source)[0]

    def _read(self, path: Path) -> YamlMap:
        self.files.append(shown(path))
        return read(path, shown(path), self.faults)

    def _attempt(self, act: Any) -> YamlMap | None:
        try:
            return act()  # type: ignore[no-any-return]
        except ConfigurationInvalid as error:
            self.faults += error.faults
            return None

    def _complain(self, document: YamlMap, loc: Sequence[str], message: str) -> None:
        self.faults += place(document, [Complaint(tuple(loc), message)])


def _side_of(mapping: MappingFile) -> str:
    """What the mapping would have its api say of membership."""
    if mapping.memberships is not None:
        return "per_user"
    return "per_group" if mapping.members is not None and mapping.members.call is not None else "on_user"


def _policy_of(document: YamlMap | None, api: str) -> Proxy:
    """What passes the proxy of an api in a connector's file; where that can't be read, nothing."""
    try:
        return Proxy.model_validate(document["apis"][api]["proxy"] if document is not None else {})
    except (KeyError, TypeError, ValidationError):
        return Proxy()


def _sent_otherwise(document: YamlMap, below: YamlMap | None, name: str) -> list[Complaint]:
    """The parts of an api that decide what a call is once it is sent, and that are not as they are further down."""
    upper = document["apis"][name]
    apis = below.get("apis") if below is not None else None
    lower = apis.get(name) if isinstance(apis, YamlMap) else None
    if not isinstance(upper, YamlMap) or not isinstance(lower, YamlMap):
        return []
    return [
        Complaint(
            ("apis", name, part),
            f"what passes the proxy of {name} would be sent otherwise: change `{part}` only with `proxy: null`, "
            "or in a connector of another name",
        )
        for part in ("base_url", "auth", "headers", "query", "exchanges")
        if _plain(upper.get(part)) != _plain(lower.get(part))
    ]


def _written_sources(document: YamlMap) -> set[str]:
    """The sources that a connector's file writes down, whether or not they are valid."""
    apis = document.get("apis")
    named = apis.items() if isinstance(apis, YamlMap) else ()
    return {
        f"{name}.{resource}"
        for name, api in named
        if isinstance(api, YamlMap) and isinstance(api.get("resources"), YamlMap)
        for resource in api["resources"]
    }


def _plain(document: Any) -> Any:
    """A document as plain, typed pairs: what its fingerprint is taken of."""
    if isinstance(document, YamlMap):
        return [[type(key).__name__, key, _plain(value)] for key, value in document.pairs]
    if isinstance(document, list):
        return [_plain(item) for item in document]
    return msgspec.to_builtins(document)
