"""A validated mapping compiled against the unified model: once, when the catalogue is loaded.

`compile_mapping` reports everything that no single model can see (a field that doesn't exist, a constant
outside the vocabulary …), and gives a `Mapper` only where nothing is wrong. A mapper is immutable, knows no
setting and no secret, and does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from copy import copy, deepcopy
from typing import Any

from pydantic import BaseModel

from connector.errors import InvalidRequest
from connector.mapping import checks
from connector.mapping.finding import finder_of
from connector.mapping.invert import Lookups, Writer, agrees, put, sets_nothing, writer_of
from connector.mapping.leaves import Reader, detail_reader
from connector.mapping.lists import each_reader
from connector.mapping.path import MISSING, Note, Notes, parse_path
from connector.mapping.reading import never_null, reader_of
from connector.mapping.refusal import Refused
from connector.mapping.rules import InputRule, MappingFile, Members, ObjectRule, PathRule, RuleBase
from connector.mapping.survey import Place, Survey
from connector.mapping.words import plain, same
from connector.model import UNIFIED
from connector.model.shape import Enum, Items, Record, Text, shape_of
from connector.yamlfile import Complaint

__all__ = ["Mapper", "compile_mapping"]

_NO_LOOKUPS: Mapping[str, Any] = {}
_OWN = "remote_data"
"""The vendor's record as it came: no rule fills it."""

Readers = dict[str, Reader]


def compile_mapping(
    mapping: MappingFile, membership: str | None, model: type[BaseModel] | None = None
) -> tuple[Mapper | None, list[Complaint]]:
    """The mapper, or what is wrong, each complaint located from the root of the mapping's file.

    `model` is what records become, where that is none of the unified models.
    """
    model = model or UNIFIED.get(mapping.unified)
    if model is None:
        unknown = Complaint(("unified",), "unknown unified resource", mapping.unified, tuple(UNIFIED))
        return None, [unknown]
    shape, survey = shape_of(model), Survey()
    base = {name: rule for name, rule in mapping.fields.items() if rule is not None}
    readers, sent = _readers(base, shape, Place(("fields",), ""), survey)
    calls = {}
    for call, changed in mapping.on.items():
        rules = _laid_over(base, changed)
        own = {name: rules[name] for name in changed if name in rules}
        found, given = _readers(own, shape, Place(("on", call), ""), survey)
        kept = {n: r for n, r in readers.items() if n in rules and n not in own}
        details = _details(rules, shape)
        calls[call] = (
            {**kept, **found, **details},
            {**{n: r for n, r in sent.items() if n in rules}, **given},
        )
    readers |= _details(base, shape)
    if mapping.where is not None:
        survey.read(Place(("where",), "where"), *mapping.where.paths)
    members = None if mapping.members is None else _members(mapping.members, survey)
    checks.check_file(mapping, shape, membership, survey)
    if survey.complaints:
        return None, survey.complaints
    plans = {call: _plan(shape, *found) for call, found in {"": (readers, sent), **calls}.items()}
    return Mapper(mapping, shape, survey, plans, members), []


class Mapper:
    """Reads, writes and finds by one mapping.

    `lookups` are the unified resources that it looks into, each with the fields that do. `paths` are all that it reads, from the record's root; `reads` says which of them a field reads, and `members` and
    `where`.
    """

    __slots__ = (
        "_found",
        "_keep",
        "_members",
        "_plans",
        "_readers",
        "_rules",
        "_shape",
        "_writable",
        "_writers",
        "_written",
        "lookups",
        "paths",
        "reads",
        "secret_fields",
        "unified",
    )

    def __init__(
        self,
        mapping: MappingFile,
        shape: Record,
        survey: Survey,
        plans: Mapping[str, _Plan],
        members: Reader | None,
    ) -> None:
        self.unified = mapping.unified
        self.secret_fields = frozenset(survey.secrets) | {
            f"{name}_detail" for name in survey.secrets if f"{name}_detail" in shape.fields
        }
        self.lookups: Mapping[str, frozenset[str]] = {n: frozenset(f) for n, f in survey.lookups.items()}
        self.paths = frozenset(survey.paths)
        self.reads: Mapping[str, frozenset[str]] = {n: frozenset(p) for n, p in survey.reads.items()}
        self._shape, self._plans, self._members = shape, plans, members
        self._rules = {name: rule for name, rule in mapping.fields.items() if rule is not None}
        self._readers = dict(plans[""].readers)
        self._keep = mapping.where.compile() if mapping.where else None
        self._writers: dict[str, Writer] = {}
        for name, rule in self._rules.items():
            writer = writer_of(rule, shape.fields[name])
            if writer is not None:
                self._writers[name] = writer
        self._writable = {n: n in self._writers and not sets_nothing(rule) for n, rule in self._rules.items()}
        self._written = [
            (parse_path(path).steps or (), plain(value)) for path, value in mapping.written.items()
        ]
        self._found = {
            name: one.values for name, one in mapping.filters.items() if one is not None and one.values
        }

    def __repr__(self) -> str:
        return f"Mapper({self.unified}, {len(self._rules)} rules)"

    def read(self, record: Any, notes: Notes, call: str = "list", sent: Any = None) -> dict[str, Any]:
        """The unified row: every field of the model in its order, null where no rule reads anything.

        `sent` is what a create sent, for rules that say `input.x`.
        """
        plan = self._plans.get(call) or self._plans[""]
        row = plan.blank.copy()
        for name, reader in plan.readers:
            value = reader(record, notes)
            if value is not MISSING:
                row[name] = value
        for name, reader in plan.sent:
            value = reader(sent, notes)
            if value is not MISSING:
                row[name] = value
        if len(notes.found) > 1:  # several rules may read one path
            notes.found[:] = dict.fromkeys(notes.found)
        return row

    def without(self, names: Collection[str]) -> Mapper:
        """A mapper that does not read these fields, nor (if `members` is one of them) members: they are not known."""
        other = copy(self)
        plans = {call: plan.without(names, self._shape) for call, plan in self._plans.items()}
        other._plans = plans  # noqa: SLF001 - of the same class
        other._members = None if "members" in names else self._members  # noqa: SLF001
        return other

    def is_membership(self, name: str) -> bool:
        """Whether a field is a list that access decisions rest on, or says who is in a group."""
        field = self._shape.fields.get(name)
        return name == "members" or (isinstance(field, Items) and field.membership)

    def keep(self, record: Any) -> bool:
        """Whether the record meets `where`."""
        return self._keep is None or self._keep(record)

    def find(self, field: str, value: Any, lookups: Notes | Lookups = _NO_LOOKUPS) -> list[Any] | None:
        """All vendor values that read as the value (`[]`: none does); None where the vendor can't be asked."""
        listed = self._found.get(field)
        if listed is not None:
            return next((list(right) for ours, right in listed if same(ours, value)), [])
        name, *inner = field.split(".")
        rule = self._rules.get(name)
        if rule is None:
            return None
        finder = finder_of(rule, self._shape.fields[name], tuple(inner))
        rows = lookups.lookups if isinstance(lookups, Notes) else lookups
        return None if finder is None else finder(value, rows)

    def writable(self) -> Mapping[str, bool]:
        """Each field that has a rule → whether it can be written."""
        return dict(self._writable)

    def write(self, fields: Mapping[str, Any], lookups: Lookups = _NO_LOOKUPS) -> dict[str, Any]:
        """The record that reads back as these fields, with what is `written` on every record."""
        body = self.changes(fields, lookups)
        for steps, constant in self._written:
            try:
                put(body, steps, deepcopy(constant))
            except Refused as refused:
                raise InvalidRequest(
                    f"what is always written is given otherwise: {refused.message}"
                ) from None
        return body

    def changes(self, fields: Mapping[str, Any], lookups: Lookups = _NO_LOOKUPS) -> dict[str, Any]:
        """The body that reads back as these fields. A field that is missing isn't touched; None is written as null."""
        body: dict[str, Any] = {}
        for name, value in fields.items():
            writer = self._writer(name)
            part: dict[str, Any] = {}
            try:
                writer(value, part, lookups)
                self._read_back(name, value, part, lookups)
                _lay(body, part)
            except Refused as refused:
                raise InvalidRequest(
                    f"{name}: {refused.message}", details=[{"field": name, "code": refused.code}]
                ) from None
        return body

    def members(self, record: Any, notes: Notes) -> list[Any] | None:
        """References of the group's members: `[]` there are none, None they could not be known."""
        found = MISSING if self._members is None else self._members(record, notes)
        return None if found is MISSING else found

    def _writer(self, name: str) -> Writer:
        writer = self._writers.get(name)
        if writer is None:
            allowed = ", ".join(name for name, can in self._writable.items() if can) or "none"
            why = "can't be written here" if name in self._shape.fields else "is not a field"
            raise InvalidRequest(
                f"{name} {why}; fields that can be written: {allowed}",
                details=[{"field": name, "code": "one_way"}],
            )
        return writer

    def _read_back(self, name: str, value: Any, body: dict[str, Any], lookups: Lookups) -> None:
        notes = Notes(lookups=lookups)
        read = self._readers[name](body, notes)
        if not agrees(value, read, self._shape.fields[name]):
            raise Refused("not_read_back", _reason(notes.found))


class _Plan:
    """What one call's records are read by."""

    __slots__ = ("blank", "readers", "sent")

    def __init__(self, blank: dict[str, Any], readers: Readers, sent: Readers) -> None:
        self.blank = blank
        self.readers = tuple(readers.items())
        self.sent = tuple(sent.items())

    def without(self, names: Collection[str], shape: Record) -> _Plan:
        unknown = {n: one.open_to for n, one in shape.fields.items() if n in names and isinstance(one, Enum)}
        kept = {name: reader for name, reader in self.readers if name not in names}
        return _Plan({**self.blank, **unknown}, kept, dict(self.sent))


def _plan(shape: Record, readers: Readers, sent: Readers) -> _Plan:
    return _Plan({name: None for name in shape.fields if name != _OWN}, readers, sent)


def _readers(
    rules: Mapping[str, RuleBase], shape: Record, at: Place, survey: Survey
) -> tuple[Readers, Readers]:
    """Readers of the record, and readers of what was sent."""
    readers: Readers = {}
    sent: Readers = {}
    for name, rule in rules.items():
        place = Place((*at.loc, name), name)
        field = shape.fields.get(name)
        if field is None or name == _OWN:
            known = [one for one in shape.fields if one != _OWN]
            survey.complain(place, "unknown unified field", name, known, at_key=True)
        elif isinstance(rule, InputRule):
            own = PathRule(path=f"$.{rule.input}", secret=rule.secret)
            sent[name] = reader_of(own, field, Place(place.loc, name, "input"), survey)
        else:
            reader = reader_of(rule, field, place, survey)
            if (
                isinstance(rule, PathRule)
                and f"{name}_detail" in shape.fields
                and f"{name}_detail" not in rules
            ):
                survey.read(Place(place.loc, f"{name}_detail"), rule.path)
            if isinstance(field, Enum) and field.open_to is not None:
                reader = never_null(reader, field, rule.path if isinstance(rule, PathRule) else "$")
            readers[name] = reader
    return readers, sent


def _details(rules: Mapping[str, RuleBase], shape: Record) -> Readers:
    """The vendor's own word beside each enum that has a field for it, unless a rule fills that."""
    return {
        f"{name}_detail": detail_reader(rule)
        for name, rule in rules.items()
        if isinstance(rule, PathRule)
        and isinstance(shape.fields.get(name), Enum)
        and isinstance(shape.fields.get(f"{name}_detail"), Text)
        and f"{name}_detail" not in rules
    }


def _laid_over(base: Mapping[str, RuleBase], changed: Mapping[str, RuleBase | None]) -> dict[str, RuleBase]:
    rules = dict(base)
    for name, rule in changed.items():
        below = rules.get(name)
        if rule is None:
            rules.pop(name, None)
        elif name == "custom_fields" and isinstance(rule, ObjectRule) and isinstance(below, ObjectRule):
            rules[name] = ObjectRule(object={**below.object, **rule.object})
        else:
            rules[name] = rule
    return rules


def _members(members: Members, survey: Survey) -> Reader | None:
    place = Place(("members",), "members")
    if members.each is None:
        return None  # what its `call` lists is read by a mapping of its own
    survey.read(place, members.each)
    inside = place.inside(members.each)
    if members.where is not None:
        survey.read(inside, *members.where.paths)
    item = reader_of(members.user, Text(), inside.at("user"), survey)
    where: Callable[..., bool] | None = members.where.compile() if members.where else None
    path = parse_path(members.each)
    read = each_reader(path, item, membership=True, where=where, empty=members.if_missing == "empty")
    if members.if_missing != "empty_if_seen":
        return read

    def read_or_tell(record: Any, notes: Notes) -> Any:
        before = len(notes.found)
        found = read(record, notes)
        if found is None and len(notes.found) == before:  # only absent may turn out to mean empty, never null
            notes.add("list_unreadable", path.text, "the list could not be read to its end", breaks=True)
        return found

    return read_or_tell


def _lay(body: dict[str, Any], part: Mapping[str, Any], above: tuple[str, ...] = ()) -> None:
    for key, value in part.items():
        steps = (*above, key)
        if isinstance(value, dict) and value:
            _lay(body, value, steps)
        else:
            put(body, steps, value)


def _reason(found: list[Note]) -> str:
    why = f" ({found[0].message})" if found else ""
    return f"this value can't be written: it would read back as another{why}"
