"""Templates: a value can't break out of the place where it stands, and what has no value is not sent."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connector.errors import InvalidRequest
from connector.exchange import Request, write_query
from connector.template import (
    QUOTINGS,
    UNDEFINED,
    HeaderText,
    PathTemplate,
    Unquotable,
    ValueText,
    fill_json,
    holes_of,
    parse_template,
)

texts = st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{}}", "{}"),
        ("a{{b}}c", "a{b}c"),
        ("{value}", "v"),
        ("{value:double}", '"v"'),
        ("x {value:single}", "x 'v'"),
        ("{{{value:text}}}", "{v}"),
        ("{settings.a_1:text}-{id:text}", "one-7"),
    ],
)
def test_a_template_is_filled(text: str, filled: str) -> None:
    known = {"value": "v", "settings.a_1": "one", "id": 7}
    assert parse_template(text).fill_value(known) == filled


@pytest.mark.parametrize("value", [7, 0, True, False, 1.5, None, "", "7", ["a"], {"a": 1}])
def test_a_lone_hole_keeps_its_type(value: Any) -> None:
    found = parse_template("{value}").fill_value({"value": value})
    assert type(found) is type(value)
    assert found == value


def test_what_is_not_given_is_left_out_and_null_stays() -> None:
    shape = {
        "a": "{x}",
        "b": "{y}",
        "c": ["{x}", "{y}", 1],
        "d": {"e": "{x}"},
        "f": "p{x:text}",
        "g": "p{n:text}",
    }
    assert fill_json(shape, {"y": None, "n": None}) == {"b": None, "c": [None, 1], "d": {}}
    assert not UNDEFINED
    assert repr(UNDEFINED) == "UNDEFINED"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "single '{'"),
        ("}", "single '}'"),
        ("a{b", "single '{'"),
        ("a}b", "single '}'"),
        ("{a{b}", "single '{'"),
        ("{}", "is not a hole"),
        ("{ value }", "is not a hole"),
        ("{Value}", "is not a hole"),
        ("{value.}", "is not a hole"),
        ("{value[0]}", "is not a hole"),
        ("{value!r}", "is not a hole"),
        ("{value.__class__}", "is not a hole"),
        ("{0}", "is not a hole"),
        ("{value:>10}", "unknown quoting"),
        ("{value:Double}", "unknown quoting"),
    ],
)
def test_what_is_no_template_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_template(text)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (ValueText, "a{value}", "must name its quoting, as in {value:double}"),
        (ValueText, "{id}{value:double}", "{id:double}"),
        (ValueText, {"a": ["x{value}"]}, "must name its quoting"),
        (PathTemplate, "/a/{id:text}", "needs no quoting"),
        (HeaderText, "Token {secrets.token:double}", "needs no quoting"),
        (PathTemplate, "/a/{id", "single '{'"),
        *(
            (PathTemplate, text, "a path begins with one slash")
            for text in ("", "a", "//h/a", "https://h/a", "{id}/a")
        ),
    ],
)
def test_a_hole_says_how_it_is_quoted_where_the_place_can_not_know(kind: Any, text: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(reason)):
        TypeAdapter(kind).validate_python(text)


@given(texts)
def test_a_segment_stays_one_segment(value: str) -> None:
    if value in ("", ".", ".."):
        with pytest.raises(InvalidRequest, match="stands in a URL's path"):
            parse_template("/Users/{id}/x").fill_path({"id": value})
        return
    path = parse_template("/Users/{id}/x").fill_path({"id": value})
    parts = urlsplit(f"https://h{path}")
    before, segment, after = parts.path[1:].split("/")
    assert (before, unquote(segment), after, parts.query, parts.fragment) == ("Users", value, "x", "", "")


@given(texts)
def test_double_quotes_are_json(value: str) -> None:
    assert json.loads(QUOTINGS["double"](value)) == value


@given(texts)
def test_other_quotes_end_where_they_should_or_are_refused(value: str) -> None:
    for word, inside in (("single", r"'(?:[^'\\]|\\['\\])*'"), ("doubled", r"'(?:[^']|'')*'")):
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            with pytest.raises(Unquotable, match="control characters"):
                QUOTINGS[word](value)
        else:
            written = QUOTINGS[word](value)
            assert re.fullmatch(inside, written, re.DOTALL)
            undone = (
                re.sub(r"\\(.)", r"\1", written[1:-1])
                if word == "single"
                else written[1:-1].replace("''", "'")
            )
            assert undone == value


@pytest.mark.parametrize("word", QUOTINGS)
@pytest.mark.parametrize("value", [None, [], {}, ["a"], b"x"])
def test_only_plain_values_are_written_into_text(word: str, value: Any) -> None:
    with pytest.raises(Unquotable, match="can't be written into text"):
        QUOTINGS[word](value)


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (False, "false"), (7, "7"), ("7", "7")])
def test_truths_and_numbers_are_written_as_json_has_them(value: Any, written: str) -> None:
    assert QUOTINGS["text"](value) == written


@given(texts)
def test_a_header_takes_visible_ascii_or_nothing(value: str) -> None:
    template = parse_template("Token {secrets.token}")
    if re.fullmatch(r"[!-~]([ -~]*[!-~])?", value):
        assert template.fill_header({"secrets.token": value}) == f"Token {value}"
    else:
        with pytest.raises(InvalidRequest) as refused:
            template.fill_header({"secrets.token": value})
        if len(value) > 3:
            assert value not in str(refused.value), "what is refused may be a secret"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "é", " a", "a ", "", "a\x00"])
def test_a_header_can_not_be_split(value: str) -> None:
    with pytest.raises(InvalidRequest, match=r"secrets\.token can't stand in a header"):
        parse_template("{secrets.token}").fill_header({"secrets.token": value})


@pytest.mark.parametrize(
    ("text", "known", "filled"),
    [
        ("{settings.base_url}", {"settings.base_url": "https://h/v2/"}, "https://h/v2"),
        ("https://{settings.host}/v2", {"settings.host": "a.example.com:8443"}, "https://a.example.com:8443/v2"),
        ("https://{settings.tenant}.example.com", {"settings.tenant": "acme"}, "https://acme.example.com"),
        ("https://h/{settings.node}/v2", {"settings.node": "a/b ?#"}, "https://h/a%2Fb%20%3F%23/v2"),
        ("{settings.base_url}/t/{settings.node}", {"settings.base_url": "https://h", "settings.node": 7}, "https://h/t/7"),
    ],
)  # fmt: skip
def test_an_address_is_filled(text: str, known: dict[str, Any], filled: str) -> None:
    assert parse_template(text).fill_base(known) == filled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("https://{settings.x}/v2", value) for value in ("a/b", "a@b", "a?b", "a#b", "", "a b", "-", "h:99999999", "é.com", "a\\b")),
        *(("https://{settings.x}.example.com/v2", value) for value in ("evil.com/", "evil.com#", "u:p@evil.com?")),
        *(("https://h/{settings.x}/v2", value) for value in ("", ".", "..")),
        ("https://{settings.x}", None),
    ],
)  # fmt: skip
def test_an_address_can_not_be_turned_elsewhere(text: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"settings\.x"):
        parse_template(text).fill_base({"settings.x": value})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"a, c is needed for '/\{a\}/\{b\}/\{c\}' and is not set"):
        parse_template("/{a}/{b}/{c}").fill_path({"b": "x"})


def test_holes_of_a_shape() -> None:
    assert holes_of({"a": "{x}", "b": ["{y:double}!", 1, None], "c": {"d": "{{z}}"}}) == {"x", "y"}


def request(**words: Any) -> Request:
    return Request.model_validate(words)


def test_a_request_is_complete() -> None:
    planned = request(
        post="/a/{id}?fixed=1",
        effect="write",
        query={"q": "{value}", "none": "{nothing}", "yes": True, "many": ["a b", 2]},
        headers={"X-One": "{id}"},
        json={"name": "{value}", "gone": "{nothing}", "null": None},
    ).plan("https://h/v2/", {"id": "a/b", "value": "é&="}, query={"all": "1"}, headers={"Accept": "x"})
    assert planned.method == "POST"
    assert planned.url == "https://h/v2/a/a%2Fb?fixed=1&all=1&q=%C3%A9%26%3D&yes=true&many=a%20b&many=2"
    assert planned.headers == {"Content-Type": "application/json", "Accept": "x", "X-One": "a/b"}
    assert json.loads(planned.body or b"") == {"name": "é&=", "null": None}
    assert (planned.effect, planned.repeatable) == ("write", False)
    assert "é" not in repr(planned)
    assert "q=" not in repr(planned)


def test_a_form_is_written_as_browsers_do_but_for_spaces() -> None:
    planned = request(post="/a", effect="read", form={"a": "{value}", "b": "{nothing}"}).plan(
        "https://h", {"value": "x y&z"}
    )
    assert planned.body == b"a=x%20y%26z"
    assert planned.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert planned.repeatable is True


def test_what_a_filter_adds_never_replaces_what_the_call_sends() -> None:
    call = request(get="/a", query={"filter": "x"})
    assert call.plan("https://h", {}, add={"other": "y"}).url == "https://h/a?filter=x&other=y"
    with pytest.raises(InvalidRequest, match="'filter' is already set"):
        call.plan("https://h", {}, add={"filter": "y"})


def test_a_filter_can_add_to_a_body() -> None:
    search = request(post="/a", effect="read", json={"x": 1})
    assert json.loads(search.plan("https://h", {}, add_json={"y": 2}).body or b"") == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({}, "exactly one verb, found none"),
        ({"get": "/a", "post": "/b", "effect": "read"}, "found get and post"),
        ({"post": "/a"}, "needs `effect: read` or `effect: write`"),
        ({"post": "/a", "effect": "delete"}, "effect"),
        ({"post": "/a", "effect": "write", "json": {}, "form": {"a": "b"}}, "`json` or `form`"),
        ({"get": "/a", "body": "x"}, "body"),
    ],
)
def test_a_request_says_one_thing(words: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        request(**words)


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}]])
def test_a_query_holds_nothing_nested(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="'q' can't hold a nested value"):
        write_query({"q": value})


@given(st.dictionaries(texts, texts, max_size=3))
def test_a_query_can_be_read_back(fields: dict[str, str]) -> None:
    from urllib.parse import parse_qsl

    assert dict(parse_qsl(write_query(fields), keep_blank_values=True)) == fields


LINE = {"words": ["change {id:shell} -f", "--name {name:shell}", "--on {on:text} --to {to:shell}", "end"]}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"id": "7"}, "change '7' -f end"),
        ({"id": "7", "name": "a b"}, "change '7' -f --name 'a b' end"),
        ({"id": "7", "on": "x"}, "change '7' -f end"),
        ({"id": "7", "on": "x", "to": "y"}, "change '7' -f --on x --to 'y' end"),
        ({"id": "7", "name": None}, "change '7' -f end"),
        ({"name": "a"}, UNDEFINED),
    ],
)
def test_a_line_has_the_parts_whose_holes_are_filled(values: dict[str, Any], line: Any) -> None:
    assert fill_json(LINE, values) == line
    assert fill_json({"give": LINE}, values) == ({} if line is UNDEFINED else {"give": line})


def test_a_line_of_parts_has_its_longest_too() -> None:
    fits = {"id": "x" * 4_000, "name": "x" * 60}
    assert len(fill_json(LINE, fits)) <= 4_096
    with pytest.raises(Unquotable, match="more than 4,096 characters"):
        fill_json(LINE, {**fits, "to": "y" * 40, "on": "z"})


def test_words_beside_other_keys_are_none() -> None:
    assert fill_json({"words": ["a", "{x}"], "more": 1}, {"x": 2}) == {"words": ["a", 2], "more": 1}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": {"b": {"c": 1}, "d": [1]}, "e": None}, {"a.b.c": 1, "a.d": [1], "e": None}),
        ({"a": {}}, {"a": {}}),
        ({}, {}),
        ([{"a": {"b": 1}}], [{"a": {"b": 1}}]),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_dotted_object_has_its_keys_joined(value: Any, written: Any) -> None:
    assert fill_json({"value": "{record:dotted}"}, {"record": value}) == {"value": written}
    assert fill_json({"value": "{record:dotted}"}, {}) == {}
