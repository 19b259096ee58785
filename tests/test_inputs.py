"""What a write is given: every rule, what is refused and in which words, and that nothing is sent other than given."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.errors import InvalidRequest
from connector.inputs import Input, read_inputs

INPUTS = {
    "email": Input(label="Address", type="email", most=254, within="settings.ours", outside="settings.staff"),
    "first_name": Input(label="First name"),
    "last_name": Input(label="Last name", required=False),
    "transaction_id": Input(label="Reference", made_from="email"),
}
SETTINGS: dict[str, list[str]] = {
    "settings.ours": ["students.univ.example", "*.alumni.example", "München.example", "xn--kln-sna.example"],
    "settings.staff": ["univ.example", "staff.alumni.example", "*.labs.alumni.example"],
}
ADA = "ada@students.univ.example"
OUTSIDE = "is none of ours"
STAFF = "is one of staff"


def read(account: str = "a", settings: dict[str, list[str]] | None = None, **fields: Any) -> dict[str, str]:
    return read_inputs(INPUTS, {"email": ADA, "first_name": "Ada"} | fields, settings or SETTINGS, account)


def faults(settings: dict[str, list[str]] | None = None, **fields: Any) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        read(settings=settings, **fields)
    assert refused.value.message == f"nothing was sent: {'; '.join(refused.value.details)}"
    return refused.value.details


@pytest.mark.parametrize(
    "email",
    [
        ADA,
        "Ada.LOVELACE@Students.Univ.Example",
        "ada+exam+2@students.univ.example",
        "o'brien@students.univ.example",
        "a%b/c=d!e#f$g&h*i-j_k{l}m|n~o^p?q`r@students.univ.example",
        "jos\u00e9@students.univ.example",
        "jose\u0301@students.univ.example",
        "ada@xn--mnchen-3ya.example",
        "ada@m\u00fcnchen.example",
        "ada@M\u00dcNCHEN.EXAMPLE",
        "ada@mu\u0308nchen.example",
        "ada@k\u00f6ln.example",
        "ada@\uff53tudents.univ.example",
        "ada@students\u3002univ.example",
        "ada@a.alumni.example",
        "ada@a.b.ALUMNI.example",
        "ada@labs.alumni.example",
        "ada@below.staff.alumni.example",
    ],
)
def test_an_address_is_sent_as_it_was_given(email: str) -> None:
    assert read(email=email)["email"] == email


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("ada", "must have an @-sign"),
        ("@students.univ.example", "something before the @-sign"),
        ("ada@", "something after the @-sign"),
        ("ada@@students.univ.example", "invalid characters"),
        ("ada@x@students.univ.example", "invalid characters"),
        (f"{ADA},bob@students.univ.example", "invalid characters"),
        (f"Ada <{ADA}>", "display name"),
        ('"ada lovelace"@students.univ.example', "Quoting"),
        ("ada lovelace@students.univ.example", "SPACE"),
        ("ada@students univ.example", "invalid characters"),
        (".ada@students.univ.example", "start with a period"),
        ("ada.@students.univ.example", "period immediately before the @-sign"),
        ("a..da@students.univ.example", "two periods in a row"),
        ("ada@students..univ.example", "two periods in a row"),
        (f"{ADA}.", "end with a period"),
        ("ada@students_univ.example", "invalid characters"),
        ("ada@-students.univ.example", "hyphen"),
        ("ada@[127.0.0.1]", "bracketed"),
        ("ada@localhost", "special-use"),
        ("ada@\u2603.example", "U+2603"),
        (f"ada@{'s' * 64}.example", "1 character too many"),
        (f"{'a' * 300}{ADA[3:]}", "322 characters; 254 are allowed"),
        ("\u00e9" * 130 + ADA[3:], "too long"),
        ("", "it is empty, or begins or ends with a blank"),
        (" ", "it is empty"),
        (f" {ADA}", "begins or ends with a blank"),
        (f"{ADA} ", "begins or ends with a blank"),
        (f"{ADA}\n", "begins or ends with a blank"),
        (f"{ADA}\u00a0", "begins or ends with a blank"),
        (f"ada\n{ADA}", "a line break or another character that can't be printed"),
        (f"{ADA}\nBcc: x@y.example", "a line break"),
        (f"ada\x00{ADA}", "can't be printed"),
        (f"ada\u202e{ADA}", "can't be printed"),
        (f"ada\u200b{ADA}", "can't be printed"),
        (f"ada\u200d{ADA}", "ZERO WIDTH JOINER"),
        (f"ada\ud800{ADA}", "can't be printed"),
        (7, "expected text, got int"),
        (True, "expected text, got bool"),
        (7.5, "expected text, got float"),
        ([ADA], "expected text, got list"),
        ({"value": ADA}, "expected text, got dict"),
        (ADA.encode(), "expected text, got bytes"),
        (None, "Address is needed"),
    ],
)  # fmt: skip
def test_what_is_no_address(email: Any, words: str) -> None:
    (fault,) = faults(email=email)
    assert fault.startswith("email: ")
    assert words in fault


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("univ.example", OUTSIDE),
        ("below.students.univ.example", OUTSIDE),
        ("notstudents.univ.example", OUTSIDE),
        ("students.univ.example.evil.example", OUTSIDE),
        ("evil.example", OUTSIDE),
        ("alumni.example", OUTSIDE),
        ("notalumni.example", OUTSIDE),
        ("munchen.example", OUTSIDE),
        ("below.m\u00fcnchen.example", OUTSIDE),
        ("STAFF.alumni.example", STAFF),
        ("staff.ALUMNI.example", STAFF),
        ("x.labs.alumni.example", STAFF),
        ("x.y.Labs.alumni.example", STAFF),
    ],
)
def test_a_domain_is_within_and_outside_of_what_the_settings_list(domain: str, words: str) -> None:
    (fault,) = faults(email=f"ada@{domain}")
    assert fault.startswith(f"email: {domain.lower() if domain.isascii() else ''}")
    assert words in fault
    listed = SETTINGS["settings.ours" if words == OUTSIDE else "settings.staff"]
    assert f"({', '.join(listed)})" in fault


@pytest.mark.parametrize(
    ("entry", "domain", "is_covered"),
    [
        ("univ.example", "univ.example", True),
        ("UNIV.example", "univ.example", True),
        ("univ.example.", "univ.example", True),
        (" univ.example ", "univ.example", True),
        ("univ.example", "x.univ.example", False),
        ("*.univ.example", "x.univ.example", True),
        ("*.UNIV.example.", "x.y.univ.example", True),
        ("*.univ.example", "univ.example", False),
        ("*.univ.example", "xuniv.example", False),
        ("m\u00fcnchen.example", "xn--mnchen-3ya.example", True),
        ("xn--mnchen-3ya.example", "m\u00fcnchen.example", True),
        ("XN--MNCHEN-3YA.example", "M\u00dcNCHEN.example", True),
        ("*.m\u00fcnchen.example", "x.xn--mnchen-3ya.example", True),
        ("*.xn--mnchen-3ya.example", "x.mu\u0308nchen.example", True),
        ("stra\u00dfe.example", "strasse.example", False),
        ("*", "univ.example", False),
        ("*.", "univ.example", False),
        ("", "univ.example", False),
        ("*example", "univ.example", False),
        ("univ.*", "univ.example", False),
        ("x.*.example", "x.univ.example", False),
        ("@univ.example", "univ.example", False),
        (".univ.example", "x.univ.example", False),
    ],
)
def test_what_an_entry_covers(entry: str, domain: str, is_covered: bool) -> None:
    email = f"ada@{domain}"
    within = {"settings.ours": [entry], "settings.staff": []}
    outside = {"settings.ours": [domain], "settings.staff": [entry]}
    assert read(settings=within if is_covered else outside, email=email)["email"] == email
    assert (STAFF if is_covered else OUTSIDE) in faults(outside if is_covered else within, email=email)[0]


def test_where_nothing_is_listed_everything_is_outside_and_nothing_within() -> None:
    nothing: list[dict[str, list[str]]] = [{}, {"settings.ours": [], "settings.staff": []}]
    for settings in nothing:
        with pytest.raises(InvalidRequest, match=OUTSIDE):
            read_inputs(INPUTS, {"email": ADA, "first_name": "Ada"}, settings, "a")
    assert read(settings={"settings.ours": ["students.univ.example"]})["email"] == ADA


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "O'Brien-Smith",
        'Anna "Annie"',
        "M\u00fcller",
        "Mu\u0308ller",
        "\u674e\u660e",
        "\U0001f469\u200d\U0001f393",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "x" * 300,
        "x" * 500,
        "Robert'); DROP TABLE students;--",
        "{input.email}",
        "{{secrets.secret}}",
        "a&b=c#d?e/f\\g%20+",
        "<b>Ada</b>",
        "-rf",
        "None",
        "0",
    ],
)
def test_a_name_is_sent_as_it_was_given(name: str) -> None:
    values = read(first_name=name, last_name=name)
    assert values["first_name"] == values["last_name"] == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "First name is needed"),
        ("", "it is empty"),
        ("   ", "it is empty"),
        (" Ada", "begins or ends with a blank"),
        ("Ada\t", "begins or ends with a blank"),
        ("Ada\nLovelace", "a line break"),
        ("Ada\u2028Lovelace", "a line break"),
        ("Ada\x1b[31m", "can't be printed"),
        ("Ada\u202ecalevol", "can't be printed"),
        ("x" * 501, "501 characters; 500 are allowed"),
        (7, "expected text, got int"),
        (False, "expected text, got bool"),
    ],
)
def test_what_is_no_name(name: Any, words: str) -> None:
    (fault,) = faults(first_name=name)
    assert fault.startswith("first_name: ")
    assert words in fault


def test_what_may_be_left_out_is_left_out() -> None:
    assert list(read()) == list(read(last_name=None)) == ["email", "first_name", "transaction_id"]
    assert faults(last_name="") == ["last_name: it is empty, or begins or ends with a blank"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("emial", "unknown field 'emial' (did you mean email?)"),
        ("firstName", "unknown field 'firstName' (did you mean first_name?)"),
        ("Email", "unknown field 'Email' (did you mean email?)"),
        ("input.email", "unknown field 'input.email'"),
        ("hash", "unknown field 'hash'; there are"),
        ("product_type", "unknown field 'product_type'"),
        ("", "unknown field ''; there are"),
        (7, "unknown field 7; there are"),
        (None, "unknown field None; there are"),
    ],
)
def test_a_field_that_is_not_there_is_told_with_the_nearest(name: Any, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_inputs(INPUTS, {"email": ADA, "first_name": "Ada", name: "x"}, SETTINGS, "a")
    (fault,) = refused.value.details
    assert fault.startswith(words)
    assert fault.endswith("there are: email, first_name, last_name, transaction_id")


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = faults(
        email="ada@univ.example", first_name="", last_name=7, transaction_id="a\nb", emial="x", y=None
    )
    assert [fault.partition(": ")[0] for fault in found[2:]] == [
        "email",
        "first_name",
        "last_name",
        "transaction_id",
    ]
    assert [fault.partition(";")[0] for fault in found[:2]] == [
        "unknown field 'emial' (did you mean email?)",
        "unknown field 'y'",
    ]


@pytest.mark.parametrize("reference", ["0001", "user1", "ORDER 7/\u00fc", "x" * 500])
def test_a_reference_of_the_callers_own_is_sent(reference: str) -> None:
    assert read(transaction_id=reference)["transaction_id"] == reference


@pytest.mark.parametrize("reference", ["", " 1", "a\nb", "x" * 501, 7])
def test_a_reference_that_can_not_be_sent_is_refused_and_none_made_in_its_place(reference: Any) -> None:
    (fault,) = faults(transaction_id=reference)
    assert fault.startswith("transaction_id: ")


def test_a_reference_is_the_same_for_the_same_address_and_differs_between_accounts() -> None:
    one = read()["transaction_id"]
    assert read(first_name="Other", last_name="Name", transaction_id=None)["transaction_id"] == one
    assert read(account="b")["transaction_id"] != one
    assert read(email="ada+1@students.univ.example")["transaction_id"] != one
    assert read(email="adaa@students.univ.example")["transaction_id"] != one
    assert re.fullmatch("[0-9a-f]{32}", one)


ONE_PERSON = [
    "jos\u00e9@m\u00fcnchen.example",
    "jose\u0301@mu\u0308nchen.example",
    "JOS\u00c9@M\u00dcNCHEN.EXAMPLE",
    "Jos\u00e9@xn--mnchen-3ya.example",
    "jos\u00e9@XN--MNCHEN-3YA.example",
]


def test_a_reference_is_the_same_in_whatever_form_the_address_comes() -> None:
    assert len({read(email=email)["transaction_id"] for email in ONE_PERSON}) == 1
    assert [read(email=email)["email"] for email in ONE_PERSON] == ONE_PERSON


locals_ = st.from_regex(r"[A-Za-z0-9+'_-]{1,30}", fullmatch=True)
words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)


@given(locals_, words, words)
def test_made_references_are_stable_printable_and_short(local: str, name: str, account: str) -> None:
    email = f"{local}@students.univ.example"
    made = read(account, email=email, first_name=name)["transaction_id"]
    assert made == read(account, email=email.upper())["transaction_id"]
    assert made.isascii()
    assert made.isprintable()
    assert 0 < len(made) <= 64
    assert made != read(f"{account}'", email=email)["transaction_id"]


@given(locals_, words, st.one_of(st.none(), words))
def test_nothing_is_repaired_in_what_is_sent(local: str, first: str, last: str | None) -> None:
    fields = {
        "email": f"{local}@A.Alumni.EXAMPLE",
        "first_name": first,
        "last_name": last,
        "transaction_id": "7",
    }
    for form in ("NFC", "NFD"):
        given = {
            name: unicodedata.normalize(form, value) for name, value in fields.items() if value is not None
        }
        assert read_inputs(INPUTS, given, SETTINGS, "a") == given


@given(st.text(max_size=40))
def test_whatever_comes_is_sent_as_it_is_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert read(first_name=text)["first_name"] == text
    with suppress(InvalidRequest):
        assert read(email=f"{text}@students.univ.example")["email"] == f"{text}@students.univ.example"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"within": "settings.x"}, "`within` and `outside` are for `type: email`"),
        ({"outside": "settings.x"}, "are for `type: email`"),
        ({"type": "email", "within": "secrets.x"}, "string_pattern_mismatch"),
        ({"type": "email", "within": "x"}, "string_pattern_mismatch"),
        ({"type": "number"}, "literal_error"),
        ({"most": 0}, "greater_than_equal"),
        ({"most": 10_001}, "less_than_equal"),
        ({"least": 1}, "extra_forbidden"),
    ],
)
def test_words_that_do_not_fit(words: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Input.model_validate({"label": "x", **words})


MOMENTS = {
    "since": Input(label="Since", type="time"),
    "order": Input(label="Order", default="asc"),
    "kind": Input(label="Kind", required=False),
}


def test_a_default_stands_where_nothing_is_given() -> None:
    since = {"since": "2026-01-31T00:00:00Z"}
    assert read_inputs(MOMENTS, since, {}, "a") == {**since, "order": "asc"}
    assert read_inputs(MOMENTS, {**since, "order": None, "kind": None}, {}, "a") == {**since, "order": "asc"}
    assert read_inputs(MOMENTS, {**since, "order": "desc"}, {}, "a") == {**since, "order": "desc"}
    with pytest.raises(InvalidRequest, match="order: it is empty"):
        read_inputs(MOMENTS, {**since, "order": ""}, {}, "a")


@pytest.mark.parametrize(
    "text", ["2026-01-31T00:00:00Z", "2026-01-31T00:00:00.123456789Z", "1999-12-31T23:59:59Z"]
)
def test_a_time_is_sent_as_it_was_given(text: str) -> None:
    assert read_inputs(MOMENTS, {"since": text}, {}, "a")["since"] == text


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31T00:00:00+01:00", "2026-02-30T00:00:00Z", "1767225600", "now"]
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_inputs(MOMENTS, {"since": text}, {}, "a")
    assert refused.value.details == [f"since: expected a time such as 2026-01-31T00:00:00Z, got {text!r}"]
