"""The vendor's partner API for student plans, as a Litestar application: a double of Keeper's cloud.

Documented, and so copied: the path, that a GET creates, the parameters and which of them are needed, the hash
(lower-case hex SHA-256 of e-mail and secret, nothing between), `product_type` 4, the three answers with their
keys, statuses and messages, and a `vault_url` without its scheme.

Made up, because nothing is known: that an unknown partner name is answered like a wrong hash and another product
type like a missing field, the numbers of orders and what follows `#` in a link, and that a repeated transaction
id or address makes another order. No students become users of the tenant: they own their accounts.

It keeps its orders in memory and never reaches outside this process.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get

from connector.sandbox.tenant import Tenant

__all__ = ["PARTNER_NAME", "PARTNER_PATH", "PRIMARY_DOMAIN", "STUDENT_DOMAIN", "Order", "partner_app"]

PARTNER_PATH = "/bi_api/v1/services/partner"
PARTNER_NAME = "Acme University"
PRIMARY_DOMAIN = "acme.example"
STUDENT_DOMAIN = "students.acme.example"

_NEEDED = ("transaction_id", "first_name", "email", "hash", "partner_name", "product_type")
_STUDENT_PLAN = "4"


@dataclass(frozen=True, slots=True)
class Order:
    """One licence that was ordered."""

    number: str
    transaction_id: str
    email: str
    first_name: str
    last_name: str | None


def partner_app(tenant: Tenant, orders: list[Order]) -> Litestar:
    """Orders are added to `orders`."""

    @get("/create-license")
    async def create_license(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = request.query_params
        if any(not given.get(name) for name in _NEEDED) or given["product_type"] != _STUDENT_PLAN:
            return _said(400, success=False, message="Invalid request - Missing required fields")
        if given["partner_name"] != PARTNER_NAME or not _is_proven(given, tenant.partner_secret):
            return _said(401, success=False, message="Invalid Hash Value - UnAuthorized")
        number = f"{10_000_000 + len(orders)}-{len(orders) + 1:04}"
        orders.append(
            Order(
                number, given["transaction_id"], given["email"], given["first_name"], given.get("last_name")
            )
        )
        link = hashlib.blake2b(f"{tenant.partner_secret}/{number}".encode(), digest_size=16).hexdigest()
        return _said(200, success=True, order_number=number, vault_url=f"qa.keepersecurity.com/vault/#{link}")

    return Litestar([create_license], path=PARTNER_PATH, openapi_config=None, logging_config=None)


def _is_proven(given: Mapping[str, str], secret: str) -> bool:
    wanted = hashlib.sha256(f"{given['email']}{secret}".encode()).hexdigest()
    return hmac.compare_digest(given["hash"].encode(), wanted.encode())


def _said(status: int, **body: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
