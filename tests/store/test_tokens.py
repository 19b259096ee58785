"""Access tokens where they are kept: whose turn it is, compared and swapped, sealed, and gone with their account."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from connector.errors import NeedsReauth, NotFound
from connector.store import schema
from connector.store.accounts import Accounts
from connector.store.database import Database
from connector.store.keys import Keyring
from connector.store.tokens import StoredTokens
from connector.tokens import LEASE, REFUSED_FOR, Granted, Held, MemoryTokens, Owner, Token, TokenShelf

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
HELD, REFUSED = LEASE.total_seconds(), REFUSED_FOR.total_seconds()
OWNER = Owner("a1", 1, "main", "https://api.h:443 https://login.h:443", "asks")
Together = Callable[[str, list[str]], list[str]]


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def token(number: int, lives: float | None = 100, refresh: str | None = None) -> Granted:
    return Granted(f"access-{number}-5f3a9b", None if lives is None else later(lives), refresh)


@dataclass(frozen=True)
class Asker:
    """One holder at a shelf."""

    shelf: TokenShelf
    owner: Owner
    holder: str = "one"

    def by(self, holder: str) -> Asker:
        return replace(self, holder=holder)

    def of(self, **changed: Any) -> Asker:
        return replace(self, owner=replace(self.owner, **changed))

    def claim(self, at: float = 0, newer_than: int | None = None, *, heeds: bool = True) -> Held:
        return self.shelf.claim(
            self.owner, now=later(at), holder=self.holder, newer_than=newer_than, heeds=heeds
        )

    def put(self, version: int, granted: Granted) -> bool:
        return self.shelf.put(self.owner, version, granted)

    def refuse(self, version: int, until: float = REFUSED) -> bool:
        return self.shelf.refuse(self.owner, version, "no", later(until))

    def let_go(self) -> None:
        self.shelf.let_go(self.owner, self.holder)


def connected(database: Database, keyring: Keyring, name: str) -> Asker:
    bare: dict[str, Any] = {"connector": "c", "settings": {}, "secrets": {}, "origins": {}, "sources": {}}
    account = Accounts(database, keyring).add(name=name, **bare)
    return Asker(StoredTokens(database, keyring), replace(OWNER, account=account.id))


@pytest.fixture
def one(kept_in: Database | None, keyring: Keyring) -> Asker:
    """An asker at each kind of shelf."""
    return Asker(MemoryTokens(), OWNER) if kept_in is None else connected(kept_in, keyring, "mine")


def test_the_first_one_obtains_and_the_others_use_it(one: Asker) -> None:
    two = one.by("two")
    assert one.claim() == Held("ours", 0)
    assert two.claim() == Held("busy", 0, until=later(HELD))
    assert one.put(0, token(1))
    assert one.claim(99) == two.claim(99) == Held("ready", 1, Token(1, token(1).access or "", later(100)))
    assert two.claim(100) == Held("ours", 1)
    assert one.claim(100) == Held("busy", 1, until=later(100 + HELD))


def test_without_an_end_it_is_good_until_it_is_refused(one: Asker) -> None:
    one.claim()
    one.put(0, token(1, lives=None))
    assert one.claim(10**9).state == "ready"
    assert one.claim(10**9, newer_than=0).state == "ready"
    assert one.claim(10**9, newer_than=1) == Held("ours", 1)


@pytest.mark.parametrize(("at", "state"), [(HELD - 0.001, "busy"), (HELD, "ours"), (-HELD - 0.001, "ours")])
def test_a_turn_lasts_for_a_lease_and_not_for_as_long_as_a_wrong_clock_says(
    one: Asker, at: float, state: str
) -> None:
    one.claim()
    assert one.by("two").claim(at).state == state


def test_asking_again_is_a_sign_of_life(one: Asker) -> None:
    one.claim()
    assert one.claim(50).state == "ours"
    assert one.by("two").claim(HELD + 49).state == "busy"


def test_a_turn_that_is_let_go_of_is_anyones(one: Asker) -> None:
    one.claim()
    one.by("two").let_go()
    assert one.by("two").claim().state == "busy", "of its own turn only"
    one.let_go()
    assert one.by("two").claim().state == "ours"


def test_who_is_late_never_overwrites_a_newer_one(one: Asker) -> None:
    two = one.by("two")
    one.claim()
    two.claim(HELD)
    assert two.put(0, token(2))
    assert not one.put(0, token(1))
    assert not one.refuse(0)
    assert one.claim().token == Token(1, token(2).access or "", later(100))


def test_whoever_is_first_wins_though_its_turn_was_over(one: Asker) -> None:
    """What it brings was asked for first: its refresh token may be the only one that is good."""
    two = one.by("two")
    one.claim()
    two.claim(HELD)
    assert one.put(0, token(1, refresh="r1"))
    assert not two.put(0, token(2, refresh="r2"))
    assert two.claim(200).refresh == "r1"


def test_a_refresh_token_stays_until_another_one_replaces_it(one: Asker) -> None:
    for version, refresh in enumerate(["r1", None, "r2"]):
        one.claim(200)
        assert one.put(version, token(version, refresh=refresh))
    assert one.claim(200) == Held("ours", 3, refresh="r2")
    assert one.put(3, Granted(None, None, "r3")), "also without a token that could be used"
    assert one.claim(0) == Held("ours", 4, refresh="r3")


def test_a_refusal_is_remembered_for_a_while_by_those_who_heed_it(one: Asker) -> None:
    two = one.by("two")
    one.claim()
    assert one.refuse(0)
    assert two.claim(REFUSED - 1) == Held("refused", 0, refusal="no")
    assert two.claim(REFUSED - 1, heeds=False).state == "ours"
    assert two.claim(REFUSED).state == "ours"
    assert two.put(0, token(1))
    assert one.claim(1).state == "ready"
    assert one.claim(1, newer_than=1).state == "ours", "what came meanwhile ends it"


def test_a_refusal_that_is_too_long_is_not_believed(one: Asker) -> None:
    one.claim()
    one.refuse(0, until=10**6)
    assert one.claim().state == "ours"


@pytest.mark.parametrize("changed", [{"api": "other"}, {"account": "b"}])
def test_owners_never_meet(changed: dict[str, str]) -> None:
    one = Asker(MemoryTokens(), OWNER)
    one.claim()
    one.put(0, token(1))
    assert one.of(**changed).claim() == Held("ours", 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["claim", "put", "refuse", "let go"]),
            st.sampled_from(["p", "q", "r"]),
            st.floats(0, 100),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_whatever_happens_one_has_the_turn_and_nothing_newer_is_overwritten(
    acts: list[tuple[str, str, float, bool]],
) -> None:
    """Askers come and go, answers come late or never, time passes: the last refresh token is always the last put."""
    shelf = MemoryTokens()
    askers = {name: Asker(shelf, OWNER, name) for name in "pqr"}
    seen: dict[str, int] = {}
    turn: tuple[str, float] | None = None
    version, refresh, time = 0, None, 0.0
    for number, (act, name, passes, is_refused) in enumerate(acts):
        asker, time = askers[name], time + passes
        if act == "claim":
            held = asker.claim(time, newer_than=version if is_refused else None)
            assert held.version == version
            if held.state == "ours":
                assert turn is None or turn[0] == name or turn[1] <= time, "one at a time"
                assert held.refresh == refresh
                turn, seen[name] = (name, time + HELD), version
        elif act == "put" and name in seen:
            of = seen.pop(name)
            granted = Granted(f"a{number}", later(time + 50), f"r{number}" if is_refused else None)
            assert asker.put(of, granted) is (of == version), "compared and swapped"
            if of == version:
                version, turn = version + 1, None
                refresh = granted.refresh or refresh
        elif act == "refuse" and name in seen:
            if asker.refuse(seen[name], time + REFUSED):
                turn = None
        elif act == "let go":
            asker.let_go()
            turn = None if turn is not None and turn[0] == name else turn


# In a database


@pytest.fixture
def mine(database: Database, keyring: Keyring) -> Asker:
    return connected(database, keyring, "mine")


def kept(asker: Asker, refresh: str = "refresh-5f3a9b") -> Asker:
    asker.claim()
    assert asker.put(0, token(1, refresh=refresh))
    return asker


def test_accounts_and_apis_have_tokens_of_their_own(
    mine: Asker, database: Database, keyring: Keyring
) -> None:
    kept(mine)
    theirs = connected(database, keyring, "theirs")
    assert theirs.claim() == mine.of(api="other").claim() == Held("ours", 0)


def test_nothing_stands_in_clear(mine: Asker, database: Database) -> None:
    kept(mine)
    with database.reading() as connection:
        cells = [cell for row in connection.execute(select(schema.tokens)) for cell in row]
    found = b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
    assert mine.owner.account.encode() in found
    assert b"5f3a9b" not in found
    assert "5f3a9b" not in repr((mine.claim(), mine.claim(200), token(1, refresh="refresh-5f3a9b")))


def test_what_was_asked_for_otherwise_is_not_used_and_its_refresh_token_is(mine: Asker) -> None:
    held = kept(mine).of(asks="more").claim()
    assert held == Held("ours", 1, refresh="refresh-5f3a9b")


@pytest.mark.parametrize("changed", [{"origins": "https://evil:443 https://login.h:443"}])
def test_for_another_address_nothing_opens(mine: Asker, changed: dict[str, str]) -> None:
    with pytest.raises(NeedsReauth, match="sealed for another address") as refused:
        kept(mine).of(**changed).claim()
    assert "5f3a9b" not in f"{refused.value} {refused.value.__context__!r}"


def test_what_is_moved_to_another_api_opens_nothing(mine: Asker, database: Database) -> None:
    kept(mine)
    with database.writing() as connection:
        connection.execute(update(schema.tokens).values(api="other", refresh=None))
    assert mine.of(api="other").claim() == Held("ours", 1)


def test_a_key_that_is_gone_loses_a_refresh_token_aloud(mine: Asker, database: Database) -> None:
    other = StoredTokens(database, Keyring.parse("k2:" + "QkJC" * 10 + "QkI="))
    with pytest.raises(NeedsReauth, match="needs the key 'k1'"):
        replace(kept(mine), shelf=other).claim()
    with database.writing() as connection:
        connection.execute(update(schema.tokens).values(refresh=None))
    assert replace(mine, shelf=other).claim() == Held("ours", 1), "an access token is obtained anew"


def test_all_goes_with_the_account(mine: Asker, database: Database, keyring: Keyring) -> None:
    kept(mine)
    Accounts(database, keyring).remove("mine")
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(schema.tokens)).scalar_one() == 0
    for act in (mine.claim, lambda: mine.put(1, token(2)), lambda: mine.refuse(1)):
        with pytest.raises(NotFound, match="removed meanwhile"):
            act()
    mine.let_go()


def test_what_was_obtained_before_it_was_connected_anew_is_gone_and_can_not_come_back(
    mine: Asker, database: Database, keyring: Keyring
) -> None:
    kept(mine)
    bare: dict[str, Any] = {"connector": "c", "settings": {}, "secrets": {}, "origins": {}, "sources": {}}
    Accounts(database, keyring).replace("mine", **bare)
    anew = mine.of(connected=2)
    assert anew.claim() == Held("ours", 0)
    for act in (mine.claim, lambda: mine.put(0, token(7)), lambda: mine.refuse(0)):
        with pytest.raises(NotFound, match="connected anew meanwhile"):
            act()
    assert anew.put(0, token(1))


# Real processes

LATE = """
import json
from datetime import datetime, timedelta
from connector.store.database import Database
from connector.store.keys import Keyring
from connector.store.tokens import StoredTokens
from connector.tokens import Granted, Owner
said = json.loads(sys.argv[1])
owner = Owner(**said['owner'])
now = datetime.fromisoformat(said['now'])
with Database(said['url']) as database:
    shelf = StoredTokens(database, Keyring.parse(said['keys']))
    held = shelf.claim(owner, now=now, holder=said['name'], newer_than=None, heeds=True)
    assert held.state == 'ours', held
    wait()
    is_put = shelf.put(owner, held.version, Granted('access-' + said['name'], None, 'refresh-' + said['name']))
    after = shelf.claim(owner, now=now, holder=said['name'], newer_than=None, heeds=True)
    print(json.dumps([said['name'], is_put, after.token.access, after.version]))
"""


def test_of_two_processes_that_obtained_at_once_the_first_wins_and_both_use_its_token(
    mine: Asker, url: str, together: Together
) -> None:
    """The turn of each is over for the other, whose clock goes otherwise."""
    said = {"url": url, "keys": "k1:" + "QUFB" * 10 + "QUE=", "owner": asdict(mine.owner)}
    arguments = [
        json.dumps({**said, "name": f"p{at}", "now": later(at * (2 * HELD + 1)).isoformat()})
        for at in range(4)
    ]
    outcomes = [json.loads(line) for line in together(LATE, arguments)]
    (winner,) = [name for name, is_put, _, _ in outcomes if is_put]
    assert {(access, version) for _, _, access, version in outcomes} == {(f"access-{winner}", 1)}
    assert mine.claim(10**6, newer_than=1).refresh == f"refresh-{winner}"
