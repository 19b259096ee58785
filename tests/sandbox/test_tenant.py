from __future__ import annotations

import re

import pytest

from connector.errors import ConfigurationInvalid
from connector.sandbox.names import fold
from connector.sandbox.tenant import DOMAIN, build_tenant


def test_the_same_users_and_seed_give_the_same_tenant() -> None:
    assert build_tenant(300, 1) == build_tenant(300, 1)


def test_another_seed_gives_another_tenant() -> None:
    one, other = build_tenant(300, 1), build_tenant(300, 2)
    assert one.node_id != other.node_id
    assert one.token != other.token
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
    tenant = build_tenant(300, seed)
    ids = [person.id for person in tenant.people]
    assert len({*ids, tenant.node_id}) == 301
    assert {int(key) >> 32 for key in (*ids, tenant.node_id)} == {tenant.enterprise_id}
    assert all(re.fullmatch("[A-Za-z0-9_-]{22}", team.uid) for team in tenant.teams)
    assert len({team.uid for team in tenant.teams}) == len(tenant.teams)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", tenant.token)


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


@pytest.mark.parametrize(("users", "teams"), [(0, 6), (1, 6), (72, 6), (73, 6), (120, 10), (1200, 100)])
def test_there_is_a_team_for_twelve_users_and_at_least_six(users: int, teams: int) -> None:
    tenant = build_tenant(users, 1)
    assert (len(tenant.people), len(tenant.teams)) == (users, teams)


def test_fewer_than_no_users_are_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="allowed are 0 and more"):
        build_tenant(-1, 1)


def test_a_repr_shows_no_token() -> None:
    tenant = build_tenant(1, 1)
    assert tenant.token not in repr(tenant)


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
