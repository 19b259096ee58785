"""Where captures are kept: one contract over memory, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from threading import Barrier
from typing import Literal

import msgspec
import pytest

from connector.captures import CHUNK, LEASE, UNTAKEN_FOR, Capture, Captures, Taken, chunks_of
from connector.errors import CaptureTooLarge
from connector.store.database import Database
from connector.store.keys import Keyring
from tests.store.capturing import BUDGET, Asker, chunk_of, later

HELD = LEASE.total_seconds()
TICKET = {"ticket": "é\x00-7", "since": 1_772_600_767.25, "of": None}
SMALL = chunk_of(10)

Again = Callable[[Asker, Capture, float], Capture | None]
Act = Callable[[Asker, Capture], object]
Ours = Literal["taking", "busy"]


def by_key(asker: Asker, found: Capture, at: float) -> Capture | None:
    return asker.claim(found.key, at=at)


def by_id(asker: Asker, found: Capture, at: float) -> Capture | None:
    return asker.reclaim(found, at)


def in_state(state: str, asker: Asker) -> Capture:
    """A capture that is `ready`, or `taking` by the asker with a ticket noted."""
    if state == "ready":
        return asker.take(SMALL)
    found = asker.claim()
    asker.renew(found, HELD, TICKET)
    return replace(found, progress=TICKET)


# Who takes it


def test_one_takes_it_and_the_others_are_busy(mine: Asker) -> None:
    found = mine.claim()
    assert (found.key, found.state, found.progress, found.count) == ("users", "taking", None, 0)
    busy = replace(found, state="busy")
    assert mine.claim(at=1) == mine.reclaim(found, at=2) == found
    assert mine.by("two").claim(at=3) == mine.by("two").reclaim(found, at=3) == busy
    assert mine.by("two").claim("groups").state == "taking"


@pytest.mark.parametrize("again", [by_key, by_id])
@pytest.mark.parametrize(("at", "state"), [(0, "busy"), (HELD - 0.001, "busy"), (HELD, "taking")])
def test_a_claim_holds_for_a_while(mine: Asker, again: Again, at: float, state: Ours) -> None:
    found = mine.claim()
    assert again(mine.by("two"), found, at) == replace(found, state=state)


@pytest.mark.parametrize("again", [by_key, by_id])
def test_whoever_takes_it_over_goes_on_with_what_was_noted(mine: Asker, again: Again) -> None:
    found = in_state("taking", mine)
    assert again(mine.by("two"), found, HELD) == found
    assert again(mine, found, HELD) == replace(found, state="busy")
    assert again(mine, found, 2 * HELD) == found


@pytest.mark.parametrize("again", [by_key, by_id])
def test_asking_again_is_a_sign_of_life(mine: Asker, again: Again) -> None:
    found = mine.claim()
    again(mine, found, 50)
    assert again(mine.by("two"), found, HELD + 49) == replace(found, state="busy")
    assert again(mine.by("two"), found, HELD + 50) == found


@pytest.mark.parametrize(
    ("until", "at", "state"),
    [
        pytest.param(500, 499, "busy", id="prolonged"),
        pytest.param(500, 500, "taking", id="over"),
        pytest.param(0, 0, "taking", id="let go"),
        pytest.param(-1, 0, "taking", id="let go in the past"),
    ],
)
def test_renewing_moves_the_end_and_notes_progress(mine: Asker, until: float, at: float, state: Ours) -> None:
    found = mine.claim()
    mine.renew(found, until, TICKET)
    assert mine.by("two").reclaim(found, at) == replace(found, state=state, progress=TICKET)


def test_progress_is_what_was_noted_last(mine: Asker) -> None:
    found = in_state("taking", mine)
    mine.renew(found, HELD, {"ticket": "8"})
    assert mine.claim() == replace(found, progress={"ticket": "8"})
    mine.renew(found, HELD, None)
    assert mine.claim() == replace(found, progress=None)


ACTS: dict[str, Act] = {
    "renew": lambda asker, found: asker.renew(found, 999, {"ticket": "wrong"}),
    "put": lambda asker, found: asker.put(found, chunk_of(20), chunk_of(20)),
    "drop": lambda asker, found: asker.drop(found),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("holder", ["one", "a stranger"])
def test_whoever_does_not_hold_it_changes_nothing(mine: Asker, holder: str, act: Act) -> None:
    found = in_state("taking", mine)
    assert mine.by("two").claim(at=HELD) == found
    assert act(mine.by(holder), found) is None
    assert mine.by("two").claim(at=HELD) == found
    assert mine.by("three").claim(at=HELD) == replace(found, state="busy")
    assert mine.chunk(found) is None


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_capture_that_is_ready_is_changed_by_nobody(mine: Asker, act: Act) -> None:
    found = mine.take(SMALL)
    assert act(mine, found) is None
    assert mine.reclaim(found) == found
    assert (mine.chunk(found), mine.chunk(found, 1)) == (SMALL, None)


def test_threads_at_once(mine: Asker) -> None:
    start = Barrier(6)

    def ask(number: int) -> Capture:
        start.wait(30)
        return mine.by(f"asker {number}").claim()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(6)))
    assert sorted(one.state for one in found) == ["busy"] * 5 + ["taking"]
    assert len({one.id for one in found}) == 1


# What is kept


def test_what_is_put_comes_back(mine: Asker) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    taken = Taken(
        taken_at=later(-3).astimezone(zone),
        expires_at=later(900).astimezone(zone),
        count=700,
        declared=701,
        warnings=(("may_be_stale", "ünsure \x00"), ("other", "")),
    )
    claim = in_state("taking", mine)  # its progress goes
    chunks = [chunk_of(10), chunk_of(20)]
    ready = mine.shelf.put(mine.account, claim.id, mine.holder, chunks, taken)
    expected = Capture(
        id=claim.id,
        key="users",
        state="ready",
        count=700,
        declared=701,
        taken_at=later(-3),
        expires_at=later(900),
        warnings=taken.warnings,
    )
    assert ready == mine.reclaim(claim) == mine.by("two").reclaim(claim) == expected
    assert mine.by("two").claim(young=-4) == expected
    assert [mine.chunk(claim, place) for place in (0, 1, 2, 10**6)] == [*chunks, None, None]


def test_an_empty_listing_is_a_capture_too(mine: Asker) -> None:
    found = mine.take()
    assert (found.state, found.count) == ("ready", 0)
    assert mine.reclaim(found) == found
    assert Captures(mine.shelf, mine.account).records(found, 0, 100) == []


def test_records_are_read_over_the_chunks(mine: Asker) -> None:
    records = [{"id": number, "name": f"Zoë {number}"} for number in range(2 * CHUNK + 3)]
    found = mine.take(*chunks_of(msgspec.json.encode(one) for one in records))
    found = replace(found, count=len(records))
    captures = Captures(mine.shelf, mine.account)
    assert captures.records(found, CHUNK - 1, CHUNK + 2) == records[CHUNK - 1 : 2 * CHUNK + 1]
    assert [one for text in captures.texts(found) for one in msgspec.json.decode(text)] == records


@pytest.mark.parametrize(
    ("young", "is_shared"),
    [(99, True), (99.999, True), (100, False), (101, False), (None, False)],
)
def test_a_capture_is_shared_while_it_is_young(mine: Asker, young: float | None, is_shared: bool) -> None:
    found = mine.take(SMALL, at=100)
    again = mine.by("two").claim(at=150, young=young)
    if is_shared:
        assert again == found
    else:
        assert (again.state, again.id == found.id) == ("taking", False)
        assert mine.reclaim(found, at=150) == found


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_latest_is_shared(mine: Asker, order: tuple[float, float]) -> None:
    found = {at: mine.take(SMALL, at=at) for at in order}
    assert mine.claim(at=30, young=0) == found[20]


def test_a_young_capture_is_given_even_while_another_is_taken(mine: Asker) -> None:
    found = mine.take(SMALL, at=100)
    newer = mine.claim(at=101)
    assert mine.by("two").claim(at=102, young=99) == found
    assert mine.by("two").claim(at=102, young=100) == replace(newer, state="busy")


def test_a_claim_that_was_given_up_is_gone(mine: Asker) -> None:
    found = in_state("taking", mine)
    mine.drop(found)
    assert mine.reclaim(found) is None
    fresh = mine.by("two").claim()
    assert (fresh.state, fresh.progress, fresh.id == found.id) == ("taking", None, False)


@pytest.mark.parametrize("asker", ["one", "two"])
@pytest.mark.parametrize(
    ("state", "end"), [("ready", 900.0), ("taking", UNTAKEN_FOR.total_seconds())], ids=["ready", "taking"]
)
def test_what_has_expired_is_gone(mine: Asker, state: str, end: float, asker: str) -> None:
    found, asking = in_state(state, mine), mine.by(asker)
    assert asking.reclaim(found, at=end - 0.001) == found
    assert asking.reclaim(found, at=end) is None
    fresh = asking.claim(at=end, young=-1)
    assert (fresh.state, fresh.progress, fresh.id == found.id) == ("taking", None, False)
    assert mine.chunk(found) is None


def test_any_claim_sweeps_what_has_expired(mine: Asker, theirs: Asker) -> None:
    found, stays = mine.take(SMALL, expires=900), mine.take(SMALL, expires=901)
    theirs.claim(at=900)
    assert (mine.chunk(found), mine.chunk(stays)) == (None, SMALL)


# How much is kept


def test_a_capture_over_the_budget_is_refused_and_changes_nothing(mine: Asker) -> None:
    stays, claim = mine.take(chunk_of(9_000)), mine.claim("groups")
    said = r"takes 10,\d{3} bytes .* may take 10,000\n  hint: CONNECTOR_CAPTURE_BYTES raises"
    with pytest.raises(CaptureTooLarge, match=said):
        mine.put(claim, chunk_of(5_000), chunk_of(5_001))
    assert mine.chunk(stays) is not None
    assert mine.claim("groups") == claim
    mine.drop(claim)
    assert mine.reclaim(claim) is None


@pytest.mark.parametrize(
    ("size", "stay"),
    [(1_000, {10, 20, 30}), (1_500, {20, 30}), (4_000, {20, 30}), (4_500, {30}), (9_900, set())],
)
def test_the_oldest_of_the_account_make_room(mine: Asker, theirs: Asker, size: int, stay: set[int]) -> None:
    others = theirs.take(chunk_of(9_900))
    claims = {at: mine.claim(f"{at}") for at in (20, 30, 10)}  # not in the order in which they are taken
    for at, claim in claims.items():
        assert mine.put(claim, chunk_of(2_900), at=at) is not None
    waiting = mine.by("two").claim("waiting")
    newest = mine.take(chunk_of(size), at=40)
    assert {at for at, claim in claims.items() if mine.reclaim(claim)} == stay
    assert {at for at, claim in claims.items() if mine.chunk(claim)} == stay
    assert mine.chunk(newest) is not None
    assert mine.by("two").reclaim(waiting) == waiting
    assert theirs.chunk(others) is not None


def test_the_budget_may_be_used_up(mine: Asker, kept_in: Database | None, keyring: Keyring) -> None:
    seal = 0 if kept_in is None else len(keyring.seal(b"", b""))
    whole, half = chunk_of(BUDGET - seal), chunk_of(BUDGET // 2 - seal)
    assert mine.chunk(mine.take(whole)) == whole
    found = [mine.take(half, at=at) for at in (1, 2)]
    assert [mine.chunk(one) for one in found] == [half, half]
    found.append(mine.take(half, at=3))
    assert [mine.chunk(one) for one in found] == [None, half, half]


# Whose it is


@pytest.mark.parametrize("state", ["taking", "ready"])
@pytest.mark.parametrize("act", [*ACTS, "chunk", "reclaim"])
def test_accounts_never_meet(mine: Asker, theirs: Asker, state: str, act: str) -> None:
    found = in_state(state, mine)
    acts: dict[str, Act] = {**ACTS, "chunk": Asker.chunk, "reclaim": Asker.reclaim}
    assert mine.holder == theirs.holder
    assert acts[act](theirs, found) is None
    assert acts[act](theirs.by("two"), found) is None
    assert mine.reclaim(found) == found
    assert mine.chunk(found) == (SMALL if state == "ready" else None)


@pytest.mark.parametrize("state", ["taking", "ready"])
def test_the_same_key_of_two_accounts_is_two_captures(mine: Asker, theirs: Asker, state: str) -> None:
    found = in_state(state, mine)
    other = theirs.claim(young=-1)
    assert (other.state, other.progress, other.id == found.id) == ("taking", None, False)
    assert mine.reclaim(found) == found


# What is due


def test_what_was_done_is_due_again_after_a_while(mine: Asker) -> None:
    assert mine.due("refresh", at=0)
    mine.done("refresh", at=0)
    asked = [(0, False), (59.999, False), (60, True), (500, True)]
    assert [(at, mine.due("refresh", at=at)) for at, _ in asked] == asked
    mine.done("refresh", at=60)
    assert [mine.due("refresh", at=at) for at in (61, 119.999, 120)] == [False, False, True]


def test_what_was_only_begun_is_due(mine: Asker) -> None:
    assert [mine.due("refresh", at=0), mine.due("refresh", at=0)] == [True, True]


def test_names_and_accounts_are_due_each_for_itself(mine: Asker, theirs: Asker) -> None:
    mine.done("a", at=0)
    assert [mine.due("a", at=1), mine.due("b", at=1), theirs.due("a", at=1)] == [False, True, True]


def test_how_often_is_the_askers(mine: Asker) -> None:
    mine.done("refresh", at=0)
    assert not mine.due("refresh", at=100, every=3600)
    assert mine.due("refresh", at=100, every=100)
