"""Answers of the vendor's SCIM api, and the part of a listing that a page shows.

A double of Keeper's cloud: what of it is documented and what is made up stands in `scim` and `shapes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response

from connector.sandbox.scim_bodies import ScimError
from connector.sandbox.shapes import error_record, list_head

__all__ = ["answer", "page", "refusal", "window"]

_DEFAULT_COUNT = 1000
_SCIM = "application/scim+json"
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def answer(status: int, body: bytes) -> Response[bytes]:
    return Response(body, status_code=status, media_type=_SCIM)


def refusal(error: ScimError) -> Response[bytes]:
    record = error_record(error.status, error.detail, error.scim_type)
    return answer(error.status, msgspec.json.encode(record))


def window(total: int, query: Mapping[str, str], page_limit: int) -> range:
    """The places of the records that a page shows, from 0."""
    # Below 1 and below 0 are read as RFC 7644 §3.4.2.4 says; the vendor's own reading is unknown.
    start = max(1, _integer(query, "startIndex", 1)) - 1
    count = min(max(0, _integer(query, "count", _DEFAULT_COUNT)), page_limit)
    return range(start, max(start, min(start + count, total)))


def page(total: int, shown: range, records: Sequence[bytes]) -> Response[bytes]:
    head = list_head(total, shown.start + 1, len(records)).encode()
    return answer(200, b"".join((head, b",".join(records), b"]}")))


def _integer(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not _INTEGER.fullmatch(text):
        raise ScimError(400, f"{name} must be an integer", "invalidValue")
    return int(text)
