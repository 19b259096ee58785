from __future__ import annotations

import re
from dataclasses import replace

import pytest

from connector.errors import ConfigurationInvalid
from connector.sandbox.names import fold
from connector.sandbox.tenant import DOMAIN, Lock, build_tenant


def test_the_same_users_and_seed_give_the_same_tenant() -> None:
    assert build_tenant(300, 1) == build_tenant(300, 1)


def test_another_seed_gives_another_tenant() -> None:
    one, other = build_tenant(300, 1), build_tenant(300, 2)
    assert one.node_id != other.node_id
    assert one.token != other.token
    assert one.api_key != other.api_key
    assert {person.email for person in one.people} != {person.email for person in other.people}


def test_a_larger_tenant_begins_with_the_people_of_a_smaller() -> None:
    small, large = build_tenant(50, 1), build_tenant(300, 1)
    assert [(person.id, person.email) for person in large.people[:50]] == [
        (person.id, person.email) for person in small.people
    ]


def test_the_facts_of_seed_1_never_change() -> None:
    # Fixtures and examples elsewhere lean on them; a change of the names or of the drawing shows here.
    tenant = build_tenant(2, 1)
    assert tenant.node_id == "658147903537157"
    assert [(person.id, person.email) for person in tenant.people] == [
        ("658147903537386", "ken.yamada@acme.example"),
        ("658147903537393", "laerke.strom@acme.example"),
    ]


@pytest.mark.parametrize("seed", range(1, 21))
def test_ids_have_the_vendors_form_and_are_distinct(seed: int) -> None:
    tenant = build_tenant(300, seed, nodes=5)
    ids = [one.id for kind in (tenant.people, tenant.nodes, tenant.roles) for one in kind]
    assert len(tenant.nodes) == 6
    assert len(set(ids)) == len(ids) == 300 + 6 + len(tenant.roles)
    assert {int(key) >> 32 for key in ids} == {tenant.enterprise_id}
    assert tenant.node_id in ids
    teams = [*tenant.teams, *tenant.queued_teams]
    assert all(re.fullmatch("[A-Za-z0-9_-]{22}", team.uid) for team in teams)
    assert len({team.uid for team in teams}) == len(teams)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", tenant.token)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", tenant.api_key)
    assert tenant.token != tenant.api_key


@pytest.mark.parametrize("seed", range(1, 21))
def test_emails_are_distinct_plain_and_of_one_domain(seed: int) -> None:
    emails = [person.email for person in build_tenant(1000, seed).people]
    assert len({email.casefold() for email in emails}) == 1000
    for email in emails:
        local, _, domain = email.partition("@")
        assert domain == DOMAIN
        assert re.fullmatch(r"[a-z0-9.'-]+", local)


@pytest.mark.parametrize("seed", range(1, 21))
def test_every_quirk_is_there_among_300(seed: int) -> None:
    tenant = build_tenant(300, seed)
    people = tenant.people
    used = {team.uid for person in people for team in person.teams}
    assert 10 <= sum(person.invited for person in people) <= 45
    assert 5 <= sum(person.locked for person in people) <= 40
    assert not any(person.invited and (person.locked or person.teams) for person in people)
    nameless = [person for person in people if person.given is None]
    assert nameless
    assert all(person.display == person.email and person.family is None for person in nameless)
    assert any(person.given and person.family is None for person in people)
    assert any(person.given and person.display == person.email for person in people)
    assert any("'" in person.email for person in people)
    assert any(not person.display.isascii() for person in people)
    assert {True, False} == {person.external_id is None for person in people}
    assert {True, False} == {person.title is None for person in people}
    assert {0, 1, 2} <= {len(person.teams) for person in people if not person.invited}
    assert len(tenant.teams) == 25
    assert {team.uid for team in tenant.teams} - used, "some team is empty"
    assert len({team.name for team in tenant.teams}) < 25, "names of teams may repeat"
    assert {True, False} == {team.external_id is None for team in tenant.teams}


@pytest.mark.parametrize("seed", range(1, 21))
def test_what_commander_alone_tells_is_there_among_300(seed: int) -> None:
    tenant = build_tenant(300, seed)
    people = tenant.people
    assert {person.lock for person in people} == set(Lock)
    assert {True, False} == {bool(person.aliases) for person in people}
    assert all(alias != person.email for person in people for alias in person.aliases)
    assert {True, False} == {person.has_2fa for person in people}
    assert {person.transfer for person in people} == {0, 1, 2, 3, 4}
    assert {0, 1, 2} <= {len(person.roles) for person in people}
    assert all(person.invited for person in people if person.queued_for)
    waited_for = {team for person in people for team in person.queued_for}
    assert waited_for
    assert waited_for <= {*tenant.teams, *tenant.queued_teams}
    assert tenant.queued_teams
    assert all(team.queued for team in tenant.queued_teams)
    assert not any(team.queued for team in tenant.teams)
    assert {True, False} == {is_hidden for team in tenant.teams for is_hidden in team.hides}
    through_teams = {team for role in tenant.roles for team in role.teams}
    assert through_teams
    assert through_teams <= set(tenant.teams)
    assert [role.name for role in tenant.roles if role.is_default] == ["Everyone"]
    for person in people:
        if person.invited:
            assert (person.has_2fa, person.aliases, person.roles, person.transfer) == (False, (), (), 0)


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_first_of_the_people_administers_the_tenant(seed: int) -> None:
    tenant = build_tenant(1, seed)
    administrator = tenant.people[0]
    root = tenant.nodes[0]
    assert [role.manages for role in administrator.roles if role.manages] == [(root,)]
    assert (administrator.invited, administrator.lock, administrator.queued_for) == (False, Lock.NONE, ())


@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_people_are_spread_over_the_nodes_below_the_root(nodes: int) -> None:
    tenant = build_tenant(300, 1, nodes)
    root, *below = tenant.nodes
    assert root.parent is None
    assert {node.parent for node in below} == {root}
    assert len({node.name for node in tenant.nodes}) == nodes + 1
    assert {person.node for person in tenant.people} == set(below)
    assert tenant.scim_node == below[0]
    assert below[0].path == f"Acme Corp\\{below[0].name}"


def test_teams_are_spread_over_the_nodes_too() -> None:
    tenant = build_tenant(300, 1, nodes=3)
    assert {team.node for team in tenant.teams} == set(tenant.nodes[1:])
    assert tenant.teams[0].node == tenant.scim_node


def test_more_nodes_change_nothing_else() -> None:
    one, three = build_tenant(300, 1), build_tenant(300, 1, nodes=3)
    assert three.nodes[:2] == one.nodes
    assert (three.tokens[0], len(set(three.tokens)), len(three.tokens)) == (one.token, 3, 3)
    assert [replace(team, node=one.scim_node) for team in three.teams] == [*one.teams]
    assert three.queued_teams == one.queued_teams
    for person, other in zip(three.people, one.people, strict=True):
        assert (person.id, person.email, person.lock) == (other.id, other.email, other.lock)
        assert [team.uid for team in person.teams] == [team.uid for team in other.teams]


@pytest.mark.parametrize("nodes", [-1, 0, 6])
def test_so_many_nodes_are_refused(nodes: int) -> None:
    with pytest.raises(ConfigurationInvalid, match="allowed are 1 to 5"):
        build_tenant(1, 1, nodes)


@pytest.mark.parametrize(("users", "teams"), [(0, 6), (1, 6), (72, 6), (73, 6), (120, 10), (1200, 100)])
def test_there_is_a_team_for_twelve_users_and_at_least_six(users: int, teams: int) -> None:
    tenant = build_tenant(users, 1)
    assert (len(tenant.people), len(tenant.teams)) == (users, teams)


def test_fewer_than_no_users_are_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="allowed are 0 and more"):
        build_tenant(-1, 1)


def test_a_repr_shows_no_secret() -> None:
    tenant = build_tenant(1, 1)
    assert not any(token in repr(tenant) for token in tenant.tokens)
    assert not any(secret in repr(tenant) for secret in (tenant.api_key, tenant.admin_token))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Łukasz", "lukasz"),
        ("Þórunn", "thorunn"),
        ("İlker", "ilker"),
        ("Groß", "gross"),
        ("L\N{RIGHT SINGLE QUOTATION MARK}Hôte", "l'hote"),
        ("Đặng", "dang"),
        ("García Márquez", "garciamarquez"),
        ("Adébáyọ̀", "adebayo"),
    ],
)
def test_names_fold_to_plain_letters(written: str, plain: str) -> None:
    assert fold(written) == plain
