"""The laws of rules, over values that nobody thought of: read(write(x)) = x, and what is found reads as x.

Rules are drawn from a table that has every rule with an inverse, so a new one is added in one line.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import InvalidRequest
from connector.mapping.compile import Mapper, compile_mapping
from connector.mapping.invert import agrees
from connector.mapping.path import Notes
from connector.mapping.rules import MappingFile
from connector.model import User
from connector.model.shape import shape_of

TEXT = st.text(max_size=12)
WORDS = st.sampled_from(["", "a", "b", "work", "A", " "])
FLAG = st.booleans()
NUMBER = st.integers(-(10**40), 10**40)
MOMENT = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
JSON = st.recursive(
    st.none() | FLAG | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
STATUS = st.sampled_from(["active", "inactive", "invited", "deleted", "unknown"])
GROUPS = [
    {"id": "1", "name": "a"},
    {"id": "2", "name": "b"},
    {"id": "3", "name": "b"},
    {"id": "a", "name": ""},
]
EMAILS = st.lists(
    st.fixed_dictionaries(
        {"email": TEXT}, optional={"type": st.none() | WORDS, "is_primary": st.none() | FLAG}
    ),
    max_size=3,
)
VALUES = {"values": {"A": "active", "L": "inactive", "D": "inactive"}}

INVERTIBLE: list[tuple[str, Any, Any]] = [
    ("title", "$.x", TEXT),
    ("title", "$.x.y.z", TEXT),
    ("title", {"path": "$['odd key'].x", "null_if": ["", "-"]}, TEXT),
    ("title", {"path": "$.x", "if_missing": "a"}, WORDS),
    ("title", {"path": "$.x", "values": {"1": "a", "2": "b"}}, WORDS),
    ("title", {"first_of": ["$.x", "$.y"]}, TEXT),
    ("title", "b{$.x}a", TEXT.map(lambda text: f"b{text}a")),
    (
        "title",
        {"lookup": "groups", "where": "name", "is": "$.x", "take": "id"},
        st.sampled_from(["1", "2", "3", "a", "z"]),
    ),
    (
        "title",
        {"path": "$.x", "link": {"hosts": ["a.example"]}},
        TEXT.map(lambda text: f"https://a.example/{text}"),
    ),
    ("id", {"path": "$.x", "as": "string"}, NUMBER.map(str) | TEXT),
    ("is_2fa_enabled", {"path": "$.x", "values": {"Y": True, "N": False}}, FLAG),
    ("is_2fa_enabled", {"path": "$.x", "if_missing": False}, FLAG),
    ("status", {"path": "$.x", **VALUES, "write": {"inactive": "L"}}, STATUS),
    ("status", {"path": "$.x", **VALUES}, STATUS),
    ("status", {"path": "$.x", "null_if": ["D"], **VALUES}, STATUS),
    ("status", {"path": "$.x", "values": {None: "invited", True: "active", 0: "inactive"}}, STATUS),
    (
        "status",
        {
            "cases": [
                {"when": {"$.x": True}, "then": "active"},
                {"when": {"$.x": True, "$.y": 1}, "then": "inactive"},
            ]
        },
        STATUS,
    ),
    ("created_at", "$.x", MOMENT),
    *(
        ("created_at", {"path": "$.x", "date": word}, MOMENT)
        for word in ("rfc3339", "epoch_s", "epoch_ms", "filetime", "ldap")
    ),
    (
        "created_at",
        {"path": "$.x", "date": "%Y-%m-%d", "zone": "UTC"},
        MOMENT | st.dates().map(lambda day: f"{day}T00:00:00Z"),
    ),
    (
        "emails",
        {
            "each": "$.x[*]",
            "item": {"email": "$.e", "type": "$.t", "is_primary": {"path": "$.p", "if_missing": False}},
        },
        EMAILS,
    ),
    ("emails", {"each": "$.x.y[*]", "item": {"email": "$.e", "type": "work"}}, EMAILS),
    ("emails", {"each": "$.x[*]", "item": {"email": "$"}}, EMAILS),
    (
        "roles",
        {"each": "$.x[*]", "item": {"id": {"path": "$.id", "as": "string"}}},
        st.lists(st.fixed_dictionaries({"id": NUMBER.map(str)})),
    ),
    ("languages", "$.x", st.lists(TEXT, max_size=3)),
    ("languages", "$.x[*]", st.lists(TEXT, max_size=3)),
    (
        "languages",
        {"path": "$.x[*]", "values": {1: "en", 2: "de"}},
        st.lists(st.sampled_from(["en", "de", "fr"]), max_size=3),
    ),
    (
        "custom_fields",
        {"a": "$.x", "b": {"c": {"path": "$.y", "as": "integer"}}},
        st.fixed_dictionaries({}, optional={"a": JSON, "b": st.fixed_dictionaries({"c": NUMBER})}),
    ),
]
RULES = [pytest.param(*entry, id=f"{entry[0]}-{i}") for i, entry in enumerate(INVERTIBLE)]
SHAPES = shape_of(User).fields


def _mapper(field: str, rule: Any) -> Mapper:
    fields = {"id": {"constant": "1"}, field: rule}
    mapper, complaints = compile_mapping(
        MappingFile.model_validate({"source": "a.b", "unified": "users", "fields": fields}), None
    )
    assert complaints == []
    assert mapper is not None
    return mapper


@pytest.mark.parametrize(("field", "rule", "values"), RULES)
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_written_reads_back(field: str, rule: Any, values: Any, data: st.DataObject) -> None:
    mapper = _mapper(field, rule)
    assert mapper.writable()[field]
    value = data.draw(st.none() | values)
    lookups = {"groups": GROUPS}
    try:
        body = mapper.write({field: value}, lookups)
    except InvalidRequest:
        return
    assert agrees(value, mapper.read(body, Notes(lookups=lookups))[field], SHAPES[field])


@pytest.mark.parametrize(("field", "rule", "values"), RULES)
def test_something_can_be_written(field: str, rule: Any, values: Any) -> None:
    mapper = _mapper(field, rule)

    @settings(max_examples=10)
    @given(value=values)
    def try_one(value: Any) -> None:
        try:
            mapper.write({field: value}, {"groups": GROUPS})
        except InvalidRequest:
            return
        written.append(value)

    written: list[Any] = []
    try_one()
    assert written


@pytest.mark.parametrize(("field", "rule", "values"), RULES)
@settings(max_examples=25)
@given(data=st.data())
def test_any_value_is_written_or_refused(field: str, rule: Any, values: Any, data: st.DataObject) -> None:
    del values
    mapper = _mapper(field, rule)
    value = data.draw(JSON)
    try:
        body = mapper.write({field: value}, {"groups": GROUPS})
    except InvalidRequest:
        return
    assert agrees(value, mapper.read(body, Notes(lookups={"groups": GROUPS}))[field], SHAPES[field])


FINDABLE = [
    pytest.param(field, rule, values, id=f"{field}-{i}")
    for i, (field, rule, values) in enumerate(INVERTIBLE)
    if field not in ("emails", "roles", "languages", "custom_fields")
    and not (isinstance(rule, dict) and "cases" in rule)
]


@pytest.mark.parametrize(("field", "rule", "values"), FINDABLE)
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_found_reads_as_the_value(field: str, rule: Any, values: Any, data: st.DataObject) -> None:
    mapper = _mapper(field, rule)
    value = data.draw(values)
    lookups = {"groups": GROUPS}
    for vendor in mapper.find(field, value, lookups) or []:
        record = {"x": vendor, "odd key": {"x": vendor}}
        if rule == "$.x.y.z":
            record = {"x": {"y": {"z": vendor}}}
        assert agrees(value, mapper.read(record, Notes(lookups=lookups))[field], SHAPES[field])


@pytest.mark.parametrize(("field", "rule", "values"), FINDABLE)
@settings(max_examples=25)
@given(vendor=JSON | WORDS | st.sampled_from(["A", "L", "D", "1", "2", "Y", "N"]))
def test_all_that_read_as_a_value_are_found(field: str, rule: Any, values: Any, vendor: Any) -> None:
    """The other half: a vendor value that reads as x is among what is found for x."""
    del values
    if rule == "$.x.y.z" or (
        isinstance(rule, dict) and ("first_of" in rule or rule.get("date") or "odd key" in str(rule))
    ):
        return  # dates are found by equality of their text only
    mapper = _mapper(field, rule)
    notes = Notes(lookups={"groups": GROUPS})
    read = mapper.read({"x": vendor}, notes)[field]
    if read is None:
        return
    found = mapper.find(field, read, notes)
    assert found is None or any(type(one) is type(vendor) and one == vendor for one in found)


@given(
    record=st.dictionaries(
        st.sampled_from(["id", "active", "name", "emails", "groups", "meta", "userName"]), JSON
    )
)
def test_any_record_gives_a_row_of_the_model(record: Any, scim_users: Mapper) -> None:
    notes = Notes()
    row = scim_users.read(record, notes)
    User.model_validate({**row, "id": row["id"] or "none"}, strict=False)
    assert row["status"] in ("active", "inactive", "unknown")
    if row["groups"] is None and isinstance(record.get("groups"), list):
        assert any(note.breaks for note in notes.found)


@given(record=JSON)
def test_reading_changes_nothing(record: Any, command_users: Mapper) -> None:
    before = repr(record)
    first = command_users.read(record, Notes())
    assert command_users.read(record, Notes()) == first
    assert repr(record) == before
