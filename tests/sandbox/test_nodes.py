"""Several SCIM endpoints of one tenant: each its own node, its own token, its own users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox, access_to

Json = dict[str, Any]


@pytest.fixture
def double() -> Iterator[Sandbox]:
    with Sandbox(users=60, seed=3, nodes=3) as running:
        yield running


@pytest.fixture
def clients(double: Sandbox) -> Iterator[dict[str, httpx.Client]]:
    """By the id of the node."""
    with ExitStack() as opened:
        yield {
            node_id: opened.enter_context(
                httpx.Client(
                    base_url=double.scim_url(node_id),
                    headers={"Authorization": f"Bearer {endpoint.token}"},
                    trust_env=False,
                )
            )
            for node_id, endpoint in double.enterprise.endpoints.items()
        }


def ids(client: httpx.Client, resource: str = "/Users") -> list[str]:
    page = client.get(resource).raise_for_status().json()
    assert page["totalResults"] == page["itemsPerPage"]
    return [record["id"] for record in page["Resources"]]


def test_together_they_show_everyone_once(double: Sandbox, clients: dict[str, httpx.Client]) -> None:
    shown = {node_id: ids(client) for node_id, client in clients.items()}
    assert sorted(key for part in shown.values() for key in part) == [one.id for one in double.tenant.people]
    for person in double.tenant.people:
        assert person.id in shown[person.node.id]
    teams = {node_id: ids(client, "/Groups") for node_id, client in clients.items()}
    assert all(teams.values())
    everything = [*double.tenant.teams, *double.tenant.queued_teams]
    assert sorted(key for part in teams.values() for key in part) == sorted(team.uid for team in everything)


def test_what_is_new_belongs_to_the_node_whose_endpoint_made_it(
    double: Sandbox, clients: dict[str, httpx.Client]
) -> None:
    for place, (node_id, client) in enumerate(clients.items()):
        made = client.post("/Users", json={"userName": f"new{place}@acme.example"}).json()
        team = client.post("/Groups", json={"displayName": "Same name"}).json()
        assert made["id"] in ids(client)
        assert team["id"] in ids(client, "/Groups")
        person, kept = double.enterprise.person(made["id"]), double.enterprise.team(team["id"])
        assert person is not None
        assert kept is not None
        assert (person.node.id, kept.node.id) == (node_id, node_id)


def test_a_token_opens_its_own_node_and_no_other(double: Sandbox, clients: dict[str, httpx.Client]) -> None:
    first, second, third = clients
    for node_id, status in ((first, 200), (second, 401), (third, 401), ("1", 404)):
        assert clients[first].get(f"{double.scim_url(node_id)}/Users").status_code == status
    assert len({endpoint.token for endpoint in double.enterprise.endpoints.values()}) == 3


def test_a_token_expires_between_two_calls_and_is_renewed(
    double: Sandbox, clients: dict[str, httpx.Client]
) -> None:
    first, second, _ = clients
    double.enterprise.expire_token(second, after=2)
    statuses = [clients[second].get("/Users").status_code for _ in range(4)]
    assert statuses == [200, 200, 401, 401]
    assert clients[first].get("/Users").status_code == 200
    token = double.enterprise.renew_token(second)
    assert clients[second].get("/Users").status_code == 401, "the old one"
    answer = clients[second].get("/Users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert access_to(double, ("scim",)).secrets[f"scim[{second}].token"] == token


def test_strangers_use_up_nothing_of_a_token(double: Sandbox, clients: dict[str, httpx.Client]) -> None:
    first, second, _ = clients
    double.enterprise.expire_token(second, after=1)
    assert clients[first].get(f"{double.scim_url(second)}/Users").status_code == 401
    assert clients[second].get("/Users").status_code == 200


def test_two_nodes_may_show_one_user(double: Sandbox, clients: dict[str, httpx.Client]) -> None:
    first, second, _ = clients
    person = next(one for one in double.tenant.people if one.node.id == first)
    assert person.id not in ids(clients[second])
    double.enterprise.show_in(second, person.id)
    for node_id in (first, second):
        assert ids(clients[node_id]).count(person.id) == 1
    body = {"Operations": [{"op": "replace", "value": {"active": False}}]}
    clients[second].patch(f"/Users/{person.id}", json=body).raise_for_status()
    assert clients[first].get(f"/Users/{person.id}").json()["active"] is False


def test_access_names_an_entry_by_its_node(double: Sandbox) -> None:
    access = access_to(double, ("scim",))
    assert access.settings == {}
    assert access.base_urls == {
        f"scim[{node.id}]": double.scim_url(node.id) for node in double.tenant.nodes[1:]
    }
    assert access.secrets == {
        f"scim[{node.id}].token": token
        for node, token in zip(double.tenant.nodes[1:], double.tenant.tokens, strict=True)
    }
    assert not any(
        token in repr((access, double, double.enterprise.endpoints)) for token in double.tenant.tokens
    )


def test_all_nodes_share_the_seats() -> None:
    with Sandbox(users=4, seed=3, nodes=2, seats=5) as running:
        statuses = []
        for place, (node_id, endpoint) in enumerate(running.enterprise.endpoints.items()):
            answer = httpx.post(
                f"{running.scim_url(node_id)}/Users",
                json={"userName": f"new{place}@acme.example"},
                headers={"Authorization": f"Bearer {endpoint.token}"},
                trust_env=False,
            )
            statuses.append(answer.status_code)
    assert statuses == [201, 428]
