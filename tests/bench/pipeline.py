"""The hot path against what it stands between: page bytes in, unified bytes out, one process, interleaved.

    python tests/bench/pipeline.py [--rounds 15]

Three ways over the same page: ours; a mapping that asks jsonpath-ng at every record (paths parsed once) and
validates with the pydantic model, which is what one would write by hand first; and the floor, a decode and
encode that maps nothing. Reports medians as ratios; the absolute figures move with the machine.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
from jsonpath_ng.ext.parser import parse

from connector.catalog import Catalog, search_folders
from connector.mapping.path import Notes
from connector.model import User

PAGE = 500


def page() -> bytes:
    """A page of SCIM users (RFC 7643 §4.1), made up."""
    users = [
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": str(658147903537157 + number),
            "externalId": f"00u{number:08}",
            "userName": f"person{number}@acme.example",
            "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
            "displayName": f"Given{number} Family{number}",
            "title": "Engineer",
            "active": number % 9 != 0,
            "emails": [
                {"value": f"person{number}@acme.example", "type": "work", "primary": True},
                {"value": f"p{number}@home.example", "type": "home"},
            ],
            "phoneNumbers": [{"value": "+49 30 1234567", "type": "work"}],
            "meta": {"created": "2026-01-31T09:30:00Z", "lastModified": "2026-11-01T12:00:00.123Z"},
        }
        for number in range(PAGE)
    ]
    return msgspec.json.encode({"totalResults": PAGE, "startIndex": 1, "Resources": users})


def ours() -> Callable[[bytes], bytes]:
    mapper = Catalog(search_folders()).load("scim").sources["main.users"].mapper

    def run(body: bytes) -> bytes:
        records = msgspec.json.decode(body)["Resources"]
        return msgspec.json.encode([mapper.read(record, Notes()) for record in records])

    return run


def by_hand() -> Callable[[bytes], bytes]:
    texts = {
        "id": "$.id",
        "external_id": "$.externalId",
        "username": "$.userName",
        "first_name": "$.name.givenName",
        "last_name": "$.name.familyName",
        "name": "$.displayName",
        "title": "$.title",
        "created_at": "$.meta.created",
        "updated_at": "$.meta.lastModified",
    }
    paths = {field: parse(text) for field, text in texts.items()}
    active, emails, phones = parse("$.active"), parse("$.emails[*]"), parse("$.phoneNumbers[*]")

    def first(path: Any, record: Any) -> Any:
        return next((match.value for match in path.find(record)), None)

    def run(body: bytes) -> bytes:
        rows = []
        for record in msgspec.json.decode(body)["Resources"]:
            row = {field: first(path, record) for field, path in paths.items()}
            row["status"] = "active" if first(active, record) else "inactive"
            row["emails"] = [
                {
                    "email": m.value["value"],
                    "type": m.value.get("type"),
                    "is_primary": m.value.get("primary", False),
                }
                for m in emails.find(record)
            ]
            row["phones"] = [
                {"number": m.value["value"], "type": m.value.get("type")} for m in phones.find(record)
            ]
            rows.append(User.model_validate(row).model_dump(mode="json"))
        return msgspec.json.encode(rows)

    return run


def floor(body: bytes) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(body))


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    ways = {"decode + encode, no mapping": floor, "connector": ours(), "jsonpath-ng + pydantic": by_hand()}
    body = page()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            began = time.process_time()
            way(body)
            taken[name].append(time.process_time() - began)
    medians = {name: statistics.median(found) for name, found in taken.items()}
    print(f"{'':32}{'x floor':>10}{'x connector':>14}{'µs/record':>12}")
    for name, seconds in medians.items():
        micro = seconds / PAGE * 1e6
        print(
            f"{name:32}{seconds / medians['decode + encode, no mapping']:>10.2f}{seconds / medians['connector']:>14.2f}{micro:>12.2f}"
        )


if __name__ == "__main__":
    main()
