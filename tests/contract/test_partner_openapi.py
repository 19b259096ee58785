"""The partner API as an OpenAPI document: it is one, what the connector sends fits it, and so does what its double answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from connector.account import Opened, open_account
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import InvalidRequest
from connector.flow import Clock
from connector.questions import Questions
from connector.sandbox import Sandbox
from connector.sandbox.partner import PARTNER_NAME
from connector.settings import Settings
from connector.wire import Answer, Call
from tests.contract.cases import FIXTURES, loaded

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (FIXTURES / "keeper" / "partner.openapi.yaml").read_text(encoding="utf-8")
)
(PATH,) = DOCUMENT["paths"]
((METHOD, OPERATION),) = DOCUMENT["paths"][PATH].items()
PARAMETERS: dict[str, dict[str, Any]] = {one["name"]: one for one in OPERATION["parameters"]}
NEEDED = [name for name, one in PARAMETERS.items() if one["required"]]
SECRET = "s3cr3t-salt"
EMAIL = "student1@univ.example"


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


@cache
def account(region: str) -> Opened:
    settings = {
        "region": region,
        "partner.name": PARTNER_NAME,
        "partner.student_domains": ["*.example"],
        "partner.primary_domains": ["staff.example"],
    }
    return open_account(loaded("keeper"), settings=settings, secrets={"partner.secret": SECRET})


def sent(region: str = "US", **fields: str) -> Call:
    """What the connector sends to order a licence with these fields."""
    calls: list[Call] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        return Answer(200, {}, b'{"success": true}')

    questions = Questions(account(region), Seal([b"k" * 32]), Settings(), Clock())
    Directory(questions, send).create("student_licenses", {"email": EMAIL, "first_name": "Ada"} | fields)
    (call,) = calls
    return call


def parameters(call: Call) -> dict[str, Any]:
    """What stands in the call's query, each once, a number where the document says that it is one."""
    pairs = parse_qsl(urlsplit(call.url).query, keep_blank_values=True, strict_parsing=True)
    found = dict(pairs)
    assert len(found) == len(pairs)
    return {
        name: int(value) if PARAMETERS[name]["schema"]["type"] == "integer" else value
        for name, value in found.items()
    }


def assert_fits(call: Call) -> dict[str, Any]:
    given = parameters(call)
    assert call.method.lower() == METHOD
    assert (call.headers, call.body) == ({}, None)
    assert set(NEEDED) <= set(given) <= set(PARAMETERS)
    assert [faults(PARAMETERS[name]["schema"], value) for name, value in given.items()] == [[]] * len(given)
    return given


def test_it_is_an_openapi_document() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_says_what_is_documented_and_no_more() -> None:
    assert list(PARAMETERS) == [
        "transaction_id",
        "first_name",
        "last_name",
        "email",
        "hash",
        "partner_name",
        "product_type",
    ]
    assert set(PARAMETERS) - set(NEEDED) == {"last_name"}
    assert {one["in"] for one in PARAMETERS.values()} == {"query"}
    assert list(OPERATION["responses"]) == ["200", "400", "401"]
    assert DOCUMENT["security"] == []
    assert (len(DOCUMENT["paths"]), len(DOCUMENT["paths"][PATH])) == (1, 1)


def test_its_examples_fit_its_own_schemas() -> None:
    checked = [(one["schema"], one["examples"]) for one in PARAMETERS.values()]
    for answer in OPERATION["responses"].values():
        checked += [(content["schema"], content["examples"]) for content in answer["content"].values()]
    assert len(checked) == 7 + 3
    for schema, examples in checked:
        assert examples
        assert [faults(schema, example["value"]) for example in examples.values()] == [[]] * len(examples)


def test_its_schemas_tell_answers_apart() -> None:
    schemas = {
        status: answer["content"]["application/json"]["schema"]
        for status, answer in OPERATION["responses"].items()
    }
    for status, schema in schemas.items():
        wrong: list[Any] = [{}, [], None, {"success": status != "200"}, {"success": "true"}]
        assert all(faults(schema, one) for one in wrong), status


FIELDS: list[dict[str, str]] = [
    {},
    {"last_name": "Lovelace"},
    {"first_name": "A&d=a?#%+", "last_name": "O'Brien/\u00dc"},
    {"transaction_id": "0001"},
    {"transaction_id": "a b&hash=x"},
    {"email": "a+b%2B@students.univ.example"},
    {"email": "jos\u00e9@univ.example"},
]


@pytest.mark.parametrize("fields", FIELDS)
def test_what_the_connector_sends_fits(fields: dict[str, str]) -> None:
    found = assert_fits(sent(**fields))
    email = fields.get("email", EMAIL)
    wanted = {"first_name": "Ada", **fields, "email": email, "partner_name": PARTNER_NAME, "product_type": 4}
    wanted |= {"hash": hashlib.sha256(f"{email}{SECRET}".encode()).hexdigest()}
    assert found == {"transaction_id": found["transaction_id"], **wanted}


@given(
    st.fixed_dictionaries(
        {"first_name": st.text(max_size=40)},
        optional={"last_name": st.text(max_size=40), "transaction_id": st.text(max_size=40)},
    )
)
def test_whatever_is_given_what_is_sent_fits(fields: dict[str, str]) -> None:
    try:
        call = sent(**fields)
    except InvalidRequest:
        return
    assert fields.items() <= assert_fits(call).items()


def test_the_example_of_the_hash_is_what_the_connector_sends() -> None:
    example = PARAMETERS["hash"]["examples"]["made_up"]["value"]
    assert PARAMETERS["email"]["examples"]["made_up"]["value"] == EMAIL
    assert parameters(sent())["hash"] == example


def test_every_region_is_a_server_of_the_document() -> None:
    documented, inferred = DOCUMENT["servers"]
    hosts = inferred["variables"]["host"]["enum"]
    urls = [documented["url"], *(inferred["url"].replace("{host}", host) for host in hosts)]
    regions = loaded("keeper").definition.settings["region"].choices or {}
    asked = [sent(region).url.partition("?")[0] for region in regions]
    assert asked == [url + PATH for url in urls]
    assert "Inferred" in inferred["description"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=1) as running:
        yield running


def answered(sandbox: Sandbox, **changed: Any) -> int:
    """The status of the double's answer to an order, which fits what the document says of that status."""
    proof = hashlib.sha256(f"{EMAIL}{sandbox.tenant.partner_secret}".encode()).hexdigest()
    order = parameters(sent()) | {"hash": proof} | changed
    query = {name: value for name, value in order.items() if value is not None}
    answer = httpx.get(f"{sandbox.partner_url}{PATH}", params=query, trust_env=False)
    content = OPERATION["responses"][str(answer.status_code)]["content"]
    assert faults(content[answer.headers["content-type"]]["schema"], answer.json()) == []
    examples = [one["value"] for one in content[answer.headers["content-type"]]["examples"].values()]
    assert [list(one) for one in examples] == [list(answer.json())]
    if answer.status_code != 200:
        assert [answer.json()] == examples
    return answer.status_code


def test_what_the_double_answers_fits(sandbox: Sandbox) -> None:
    assert [answered(sandbox), answered(sandbox, last_name="x")] == [200, 200]
    assert {answered(sandbox, **{name: value}) for name in NEEDED for value in (None, "")} == {400}
    assert answered(sandbox, product_type=3) == 400
    assert {answered(sandbox, hash="x"), answered(sandbox, partner_name="x")} == {401}
