from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox, access_to
from connector.sandbox.partner import PARTNER_NAME, PARTNER_PATH, PRIMARY_DOMAIN, STUDENT_DOMAIN, Order

PATH = "/create-license"
EMAIL = f"ada+1@{STUDENT_DOMAIN}"
NEEDED = ("transaction_id", "first_name", "email", "hash", "partner_name", "product_type")
REFUSED = {"success": False, "message": "Invalid request - Missing required fields"}
UNPROVEN = {"success": False, "message": "Invalid Hash Value - UnAuthorized"}


@pytest.fixture
def partner(selling: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=selling.partner_url, trust_env=False) as client:
        yield client


def order_of(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    """What a good order sends; None leaves a parameter out."""
    email = changed.get("email", EMAIL)
    sent = {
        "transaction_id": "0001",
        "first_name": "Ada",
        "email": email,
        "hash": hashlib.sha256(f"{email}{sandbox.tenant.partner_secret}".encode()).hexdigest(),
        "partner_name": PARTNER_NAME,
        "product_type": 4,
    }
    return {name: value for name, value in (sent | changed).items() if value is not None}


def said(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    return dict(answer.json())


def test_it_says_where_it_stands_and_how_it_is_reached(selling: Sandbox) -> None:
    assert selling.partner_url == f"http://127.0.0.1:{selling.port}{PARTNER_PATH}"
    access = access_to(selling, ("partner",))
    assert access.settings == {
        "partner.name": PARTNER_NAME,
        "partner.student_domains": STUDENT_DOMAIN,
        "partner.primary_domains": PRIMARY_DOMAIN,
    }
    assert access.base_urls == {"partner": selling.partner_url}
    secret = access.secrets["partner.secret"]
    assert secret == selling.tenant.partner_secret
    assert secret not in {selling.token, selling.api_key, Sandbox(users=1, seed=2).tenant.partner_secret}
    assert secret not in f"{access!r} {selling!r} {selling.tenant!r}"


def test_an_order_is_answered_and_kept(selling: Sandbox, partner: httpx.Client) -> None:
    body = said(partner.get(PATH, params=order_of(selling, last_name="O'Brien")), 200)
    assert list(body) == ["success", "order_number", "vault_url"]
    assert body["success"] is True
    assert re.fullmatch(r"[0-9]{8}-[0-9]{4}", body["order_number"])
    assert re.fullmatch(r"qa\.keepersecurity\.com/vault/#[0-9a-f]{32}", body["vault_url"])
    assert selling.orders == [Order(body["order_number"], "0001", EMAIL, "Ada", "O'Brien")]


def test_a_last_name_may_be_left_out(selling: Sandbox, partner: httpx.Client) -> None:
    said(partner.get(PATH, params=order_of(selling)), 200)
    assert [order.last_name for order in selling.orders] == [None]


@pytest.mark.parametrize(
    "changed",
    [
        {"email": f"jos\u00e9@{STUDENT_DOMAIN}"},
        {"email": "anyone@elsewhere.example"},
        {"email": "not an address"},
        {"transaction_id": "a b/c&d=\u00fc"},
        {"first_name": "x" * 300},
        {"more": "x"},
    ],
)
def test_what_is_not_documented_as_wrong_is_no_refusal(
    selling: Sandbox, partner: httpx.Client, changed: dict[str, str]
) -> None:
    said(partner.get(PATH, params=order_of(selling, **changed)), 200)
    order = selling.orders[0]
    assert {name: getattr(order, name, "x") for name in changed} == changed


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_without_a_needed_field_it_is_400(
    selling: Sandbox, partner: httpx.Client, name: str, value: str | None
) -> None:
    assert said(partner.get(PATH, params=order_of(selling, **{name: value})), 400) == REFUSED
    assert selling.orders == []


@pytest.mark.parametrize("value", ["0", "1", "3", "5", "04", "4.0", " 4", "four", "-4"])
def test_another_product_is_400(selling: Sandbox, partner: httpx.Client, value: str) -> None:
    assert said(partner.get(PATH, params=order_of(selling, product_type=value)), 400) == REFUSED
    assert selling.orders == []


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        EMAIL,
        "{secret}",
        f"{{secret}}{EMAIL}",
        f"{EMAIL} {{secret}}",
        f"{EMAIL}{{secret}}x",
        f"{EMAIL.upper()}{{secret}}",
        f"x{EMAIL}{{secret}}",
    ],
)
def test_a_hash_over_anything_else_is_401(selling: Sandbox, partner: httpx.Client, text: str) -> None:
    proof = hashed(text.format(secret=selling.tenant.partner_secret))
    assert said(partner.get(PATH, params=order_of(selling, hash=proof)), 401) == UNPROVEN
    assert selling.orders == []


@pytest.mark.parametrize(
    "changed",
    [
        {"hash": "0" * 64},
        {"hash": "x"},
        {"hash": "\u00fc"},
        {"partner_name": "Another University"},
        {"partner_name": PARTNER_NAME.lower()},
    ],
)
def test_what_is_not_proven_is_401(selling: Sandbox, partner: httpx.Client, changed: dict[str, str]) -> None:
    assert said(partner.get(PATH, params=order_of(selling, **changed)), 401) == UNPROVEN
    assert selling.orders == []


def test_a_hash_in_capitals_is_401(selling: Sandbox, partner: httpx.Client) -> None:
    sent = order_of(selling)
    assert said(partner.get(PATH, params={**sent, "hash": sent["hash"].upper()}), 401) == UNPROVEN


def test_an_address_whose_plus_is_not_encoded_is_another_one(selling: Sandbox, partner: httpx.Client) -> None:
    sent = order_of(selling)
    query = "&".join(f"{name}={value}" for name, value in sent.items()).replace(" ", "%20")
    assert "+" in query
    said(httpx.get(f"{selling.partner_url}{PATH}?{query}", trust_env=False), 401)
    said(partner.get(f"{PATH}?{query.replace('+', '%2B')}"), 200)
    assert [order.email for order in selling.orders] == [EMAIL]


def test_a_repeated_order_is_another_one(selling: Sandbox, partner: httpx.Client) -> None:
    bodies = [said(partner.get(PATH, params=order_of(selling)), 200) for _ in range(3)]
    assert [order.number for order in selling.orders] == [body["order_number"] for body in bodies]
    for name in ("order_number", "vault_url"):
        assert len({body[name] for body in bodies}) == 3


def test_students_are_no_users_of_the_tenant(selling: Sandbox, partner: httpx.Client) -> None:
    said(partner.get(PATH, params=order_of(selling)), 200)
    headers = {"Authorization": f"Bearer {selling.token}"}
    users = httpx.get(f"{selling.base_url}/Users", headers=headers, trust_env=False).json()
    assert users["totalResults"] == 1
    assert EMAIL not in str(users)


def test_orders_stay_when_it_comes_back() -> None:
    sandbox = Sandbox(users=1)
    for _ in range(2):
        with sandbox:
            url = f"{sandbox.partner_url}{PATH}"
            said(httpx.get(url, params=order_of(sandbox), trust_env=False), 200)
    assert len({order.number for order in sandbox.orders}) == len(sandbox.orders) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_a_get_creates(selling: Sandbox, partner: httpx.Client, method: str) -> None:
    assert partner.request(method, PATH, params=order_of(selling)).status_code == 405
    assert selling.orders == []


@pytest.mark.parametrize(
    "path",
    [
        f"{PARTNER_PATH}",
        f"{PARTNER_PATH}/",
        f"{PARTNER_PATH}/list-license",
        f"{PARTNER_PATH}{PATH}/x",
        f"{PARTNER_PATH}ship{PATH}",
        f"/x{PARTNER_PATH}{PATH}",
        PATH,
        f"/bi_api/v2/services/partner{PATH}",
    ],
)
def test_it_is_on_its_own_path_only(selling: Sandbox, partner: httpx.Client, path: str) -> None:
    url = f"http://127.0.0.1:{selling.port}{path}"
    assert partner.get(url, params=order_of(selling)).status_code in (401, 404)
    assert selling.orders == []
