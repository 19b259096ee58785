"""Several askers of one captured listing, each gone on with a step at a time: one takes it, the others wait for it.

Whoever takes it may fail, die or run out of time; what the vendor was asked for is gone on with, and is never asked for
twice while somebody could still have it.
"""

from __future__ import annotations

import pytest

from connector.captures import LEASE
from connector.catalog import Loaded
from connector.errors import CursorExpired, Forbidden, VendorUnavailable
from tests.calling.queued import Asker, Queue, Reply, World, codes, ids, load, people, said, ticket, written

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  give: {line: people}
  records: $.items[*]
  paging: {style: snapshot, share_for: 60s}
"""
USERS = """\
source: main.people
unified: users
fields: {id: $.id, name: $.name}
sorts: {name: {evaluate: here}}
"""
THREE = people("b", "a", "c")
ASKED: tuple[dict[str, str], ...] = ({}, {"sort_by": "name"})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("mappings"), written(people=PEOPLE), people=USERS)


def asks(world: World, **asked: object) -> Asker:
    """Somebody in a process of their own, who waits longer than a lease where it must be (`patient`)."""
    return Asker(world, world.questions().list("users", **asked))


def alternating(*askers: Asker) -> None:
    """Each goes on in its turn, as processes do, until all have their answer."""
    while not all(asker.is_done for asker in askers):
        for asker in askers:
            if not asker.is_done:
                asker.go()


def queue(world: World, works: int = 0) -> Queue:
    vendor = Queue(lambda _: THREE, works)
    world.vendor = vendor
    return vendor


@pytest.mark.parametrize("count", [2, 5])
def test_one_takes_it_and_the_others_get_the_same(loaded: Loaded, count: int) -> None:
    world = World(loaded)
    vendor = queue(world, works=3)
    askers = [asks(world) for _ in range(count)]
    alternating(*askers)
    assert [ids([asker.outcome]) for asker in askers] == [["b", "a", "c"]] * count
    assert vendor.submitted == ["people"]
    assert vendor.polls == ["t1"] * 4, "only one of them asks for the result"


def test_one_who_sorts_and_one_who_does_not_are_served_by_one_listing(loaded: Loaded) -> None:
    world = World(loaded)
    vendor = queue(world, works=3)
    askers = [asks(world, sort_by="name"), asks(world), asks(world, sort_by="-name")]
    alternating(*askers)
    assert all(sorted(ids([asker.outcome])) == ["a", "b", "c"] for asker in askers)
    assert vendor.submitted == ["people"]


@pytest.mark.parametrize("asked", ASKED)
def test_who_waits_takes_it_when_the_other_one_fails(loaded: Loaded, asked: dict[str, str]) -> None:
    world = World(loaded, ticket("t0"), said({"error": "boom"}, 500))
    one, other = asks(world, **asked), asks(world, **asked)
    one.until("people")
    while not other.wakes:
        other.go()
    assert isinstance(one.finish(), VendorUnavailable)
    vendor = queue(world)
    assert sorted(ids([other.finish()])) == ["a", "b", "c"]
    assert (vendor.submitted, world.asked.count("people")) == (["people"], 2)


@pytest.mark.parametrize("asked", ASKED)
def test_who_waits_goes_on_with_the_ticket_of_one_who_died(loaded: Loaded, asked: dict[str, str]) -> None:
    world = World(loaded)
    vendor = queue(world, works=1)
    one = asks(world, **asked)
    one.until("/result/t1")
    died = world.time  # killed: it never goes on, and lets go of nothing
    other = asks(world, patient=True, **asked)
    assert sorted(ids([other.finish()])) == ["a", "b", "c"]
    assert vendor.submitted == ["people"]
    assert vendor.polls == ["t1", "t1"]
    assert world.time >= died + LEASE.total_seconds() - 1


@pytest.mark.parametrize("asked", ASKED)
def test_who_is_interrupted_lets_go_at_once(loaded: Loaded, asked: dict[str, str]) -> None:
    """As a cancelled task or Ctrl-C does: the next one goes on with the ticket, without waiting for the lease."""
    world = World(loaded)
    vendor = queue(world, works=1)
    one = asks(world, **asked)
    one.until("/result/t1")
    one.flow.close()
    left = world.time
    assert sorted(ids([asks(world, **asked).finish()])) == ["a", "b", "c"]
    assert (vendor.submitted, vendor.polls) == (["people"], ["t1", "t1"])
    assert world.time < left + LEASE.total_seconds() / 2


def test_one_who_died_before_the_vendor_was_asked_is_followed_by_one_who_asks(loaded: Loaded) -> None:
    world = World(loaded)
    vendor = queue(world)
    one = asks(world)
    one.go()  # it has the claim, and nothing was sent
    one.flow.close()
    assert sorted(ids([asks(world, patient=True).finish()])) == ["a", "b", "c"]
    assert vendor.submitted == ["people"]


@pytest.mark.parametrize("asked", ASKED)
def test_who_waits_longer_than_its_time_gets_the_same_later(loaded: Loaded, asked: dict[str, str]) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    one, other = asks(world, patient=True, **asked), asks(world, **asked)
    one.until("/result/t1")
    waiting = other.finish()
    assert (waiting.rows, codes(waiting)) == ([], ["vendor_still_working"])
    assert waiting.next_cursor
    taken = one.finish()
    later = world.page("users", cursor=waiting.next_cursor, **asked)
    assert ids([later]) == ids([taken])
    assert vendor.submitted == ["people"]


@pytest.mark.parametrize("asked", ASKED)
def test_a_new_listing_goes_on_with_what_one_whose_time_ended_has_begun(
    loaded: Loaded, asked: dict[str, str]
) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    first = world.page("users", **asked)
    assert codes(first) == ["vendor_still_working"]
    second = world.page("users", **asked)
    assert sorted(ids([second])) == ["a", "b", "c"]
    assert vendor.submitted == ["people"]
    assert ids([world.page("users", cursor=first.next_cursor, **asked)]) == ids([second])
    assert vendor.submitted == ["people"]


@pytest.mark.parametrize("asked", ASKED)
def test_a_new_listing_is_not_answered_with_what_somebody_left_long_ago(
    loaded: Loaded, asked: dict[str, str]
) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    first = world.page("users", **asked)
    vendor.works = 0
    vendor.answer = lambda _: people("new")
    world.time += 600
    assert ids([world.page("users", **asked)]) == ["new"]
    assert vendor.submitted == ["people", "people"]
    assert vendor.polls.count("t1") == 4
    assert ids([world.page("users", cursor=first.next_cursor, **asked)]) == ["new"]
    assert vendor.submitted == ["people", "people"]


def test_a_sorted_listing_that_begins_anew_is_not_made_of_an_old_capture(loaded: Loaded) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    left = world.page("users", sort_by="name")
    assert left.next_cursor
    plain = world.page("users")
    assert ids([plain]) == ["b", "a", "c"]
    world.time += 120  # older than what may be shared, and still kept
    vendor.works = 0
    vendor.answer = lambda _: people("new")
    assert ids([world.page("users", sort_by="name")]) == ["new"]


def test_who_goes_on_with_a_sorted_listing_gets_what_it_was_begun_over(loaded: Loaded) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    left = world.page("users", sort_by="name")
    world.page("users")
    world.time += 120
    vendor.answer = lambda _: people("new")
    assert sorted(ids([world.page("users", sort_by="name", cursor=left.next_cursor)])) == ["a", "b", "c"]
    assert vendor.submitted == ["people"]


def test_who_is_interrupted_while_going_on_with_a_sorted_listing_changes_nothing_about_it(
    loaded: Loaded,
) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=5)
    left = world.page("users", sort_by="name")
    world.page("users")
    interrupted = asks(world, sort_by="name", cursor=left.next_cursor)
    interrupted.go()  # it has the claim, and not yet what the listing is made of
    interrupted.flow.close()
    world.time += 120
    vendor.answer = lambda _: people("new")
    assert sorted(ids([world.page("users", sort_by="name", cursor=left.next_cursor)])) == ["a", "b", "c"]
    assert vendor.submitted == ["people"]


def test_who_goes_on_after_a_failure_that_may_pass_asks_again(loaded: Loaded) -> None:
    world = World(loaded, max_seconds=10)
    vendor = queue(world, works=9)
    first = world.page("users")
    world.replies.append(said({"error": "boom"}, 500))
    with pytest.raises(VendorUnavailable):
        world.page("users", cursor=first.next_cursor)
    vendor.works = 0
    assert ids([world.page("users", cursor=first.next_cursor)]) == ["b", "a", "c"]
    assert vendor.submitted == ["people", "people"]


def test_who_goes_on_after_a_failure_that_stays_is_told_to_begin_anew(loaded: Loaded) -> None:
    world = World(loaded, max_seconds=10)
    queue(world, works=9)
    first = world.page("users")
    world.replies.append(said({"error": "boom"}, 403))
    with pytest.raises(Forbidden):
        world.page("users")
    with pytest.raises(CursorExpired, match="no longer kept"):
        world.page("users", cursor=first.next_cursor)


def test_one_who_was_thought_dead_takes_what_the_other_has(loaded: Loaded) -> None:
    world = World(loaded)
    vendor = queue(world)
    answers: list[Reply] = [people("of the other"), people("its own")]
    vendor.answer = lambda _: answers.pop()
    slow = asks(world, patient=True)
    slow.until("/result/t1")
    world.time += LEASE.total_seconds() + 1
    other = asks(world, patient=True)
    assert ids([other.finish()]) == ["of the other"]
    assert ids([slow.finish()]) == ["of the other"], "everybody has the same"
    assert vendor.submitted == ["people"]
