from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox

Connect = Callable[[Sandbox], httpx.Client]

NEW = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "Zed@acme.example",
    "externalId": "1029",
    "displayName": "Žed L",
    "name": {"givenName": "Žed", "familyName": "L"},
    "active": True,
}


@pytest.fixture
def fresh(connect: Connect) -> Iterator[httpx.Client]:
    with Sandbox(users=20, seed=3, seats=21) as running:
        yield connect(running)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer é"],
)
@pytest.mark.parametrize("node", ["", "1"])
def test_without_the_token_the_answer_is_an_empty_401(
    sandbox: Sandbox, authorization: str | None, node: str
) -> None:
    given = (
        [] if authorization is None else [(b"authorization", authorization.format(sandbox.token).encode())]
    )
    url = sandbox.base_url.replace(sandbox.node_id, node or sandbox.node_id)
    with httpx.Client(trust_env=False) as stranger:
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/Users/1"):
            answer = stranger.get(url + path, headers=given)
            assert (answer.status_code, answer.content) == (401, b"")
        assert stranger.post(url + "/Users", headers=given, json=NEW).status_code == 401


def test_the_schemes_name_may_be_written_anyhow(sandbox: Sandbox) -> None:
    with httpx.Client(trust_env=False) as plain:
        answer = plain.get(f"{sandbox.base_url}/Users", headers={"Authorization": f"bearer {sandbox.token}"})
    assert answer.status_code == 200


def test_an_invited_user_is_there_at_once_and_active(fresh: httpx.Client) -> None:
    answer = fresh.post("/Users", json=NEW)
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        **NEW,
        "id": made["id"],
        "emails": [{"primary": True, "value": "Zed@acme.example", "type": "work"}],
        "groups": [],
    }
    assert fresh.get(f"/Users/{made['id']}").json() == made
    page = fresh.get("/Users", params={"filter": 'userName eq "zed@ACME.example"'}).json()
    assert page["Resources"] == [made]
    everyone = fresh.get("/Users").json()
    assert everyone["totalResults"] == 21
    assert len({record["id"] for record in everyone["Resources"]}) == 21
    assert everyone["Resources"][-1] == made


@pytest.mark.parametrize("content_type", ["application/scim+json", "application/json", None])
def test_a_user_of_the_email_alone_is_shown_by_it(fresh: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = fresh.post("/Users", content=b'{"userName": "kim@acme.example"}', headers=headers)
    assert answer.status_code == 201
    assert answer.json()["displayName"] == "kim@acme.example"
    assert answer.json().keys().isdisjoint({"name", "title", "externalId"})


def test_a_taken_email_is_409_in_any_spelling(fresh: httpx.Client) -> None:
    email = fresh.get("/Users").json()["Resources"][0]["userName"]
    for spelling in (email, email.upper()):
        answer = fresh.post("/Users", json={"userName": spelling})
        assert answer.status_code == 409
        assert (answer.json()["status"], answer.json()["scimType"]) == ("409", "uniqueness")
    assert fresh.get("/Users").json()["totalResults"] == 20


def test_past_the_last_seat_it_is_428(fresh: httpx.Client) -> None:
    assert fresh.post("/Users", json=NEW).status_code == 201
    answer = fresh.post("/Users", json={"userName": "late@acme.example"})
    assert answer.status_code == 428
    assert answer.json()["status"] == "428"
    assert fresh.post("/Users", json=NEW).status_code == 409, "a taken e-mail is told first"
    assert fresh.get("/Users").json()["totalResults"] == 21


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        (b"", "invalidSyntax"),
        (b"{", "invalidSyntax"),
        (b"[]", "invalidValue"),
        (b"{}", "invalidValue"),
        (b'{"userName": 7}', "invalidValue"),
        (b'{"userName": ""}', "invalidValue"),
        (b'{"userName": "nobody"}', "invalidValue"),
        (b'{"userName": "a@acme.example", "name": "A"}', "invalidValue"),
        (b'{"userName": "\xff@acme.example"}', "invalidSyntax"),
        (b'{"userName": "\\ud800@acme.example"}', "invalidSyntax"),
    ],
)
def test_a_wrong_body_is_400(client: httpx.Client, body: bytes, scim_type: str) -> None:
    answer = client.post("/Users", content=body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert client.get("/Users").json()["totalResults"] == 300


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_past_the_budget_it_is_429_in_html_until_the_minute_is_over(connect: Connect) -> None:
    clock = Clock()
    with Sandbox(users=5, rate=2, clock=clock) as running:
        client = connect(running)

        def call() -> tuple[int, Any]:
            answer = client.get("/Users")
            return answer.status_code, answer.headers.get("retry-after")

        assert [call(), call(), call()] == [(200, None), (200, None), (429, "60")]
        clock.now += 30.5
        assert call() == (429, "30")
        refused = client.post("/Users", json=NEW)
        assert refused.status_code == 429
        assert refused.headers["content-type"].startswith("text/html")
        assert refused.text.startswith("<html>")
        clock.now += 29.5
        assert [call(), call(), call()] == [(200, None), (200, None), (429, "60")]


def test_a_stranger_spends_nothing_of_the_budget(connect: Connect) -> None:
    with Sandbox(users=5, rate=1, clock=Clock()) as running:
        client = connect(running)
        assert client.get("/Users", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/Users").status_code == 200
        assert client.get("/Users").status_code == 429
