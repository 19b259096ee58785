"""Captures in a database: sealed where they stand, gone with their account, and taken once over all processes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import func, select, update

from connector.captures import CHUNK, LEASE, Capture, Captures, Chunk, chunks_of
from connector.errors import NotFound
from connector.store import schema
from connector.store.accounts import Accounts
from connector.store.captures import StoredShelf
from connector.store.database import Database
from connector.store.keys import Keyring
from tests.store.capturing import BUDGET, NOW, Asker, chunk_of

HELD = LEASE.total_seconds()
EMAIL = "ada.lovelace@clear-7f3a9b.example"
RECORDS = [{"id": number, "email": EMAIL, "name": f"Zoë {number}"} for number in range(CHUNK + 3)]
TABLES = (schema.captures, schema.capture_chunks, schema.refreshes)

Together = Callable[[str, list[str]], list[str]]


@pytest.fixture
def kept_in(database: Database) -> Database:
    """A database: memory has nothing to seal."""
    return database


def chunks_of_records() -> list[Chunk]:
    return list(chunks_of(msgspec.json.encode(record) for record in RECORDS))


def rows_in(database: Database) -> list[int]:
    """How many captures, chunks and refreshes there are."""
    with database.reading() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES]


# Sealed


def test_no_record_stands_in_clear(mine: Asker, database: Database, tmp_path: Path) -> None:
    chunks = chunks_of_records()
    found = mine.take(*chunks)
    with database.reading() as connection:
        cells = [cell for table in TABLES for row in connection.execute(select(table)) for cell in row]
    kept = b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
    if database.engine.name == "sqlite":
        kept += b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert found.id.encode() in kept  # so the search does see rows
    assert len(kept) > sum(len(chunk.packed) for chunk in chunks)
    compressed = [
        chunk.packed[start : start + 16] for chunk in chunks for start in range(0, len(chunk.packed) - 16, 16)
    ]
    for piece in (EMAIL.encode(), b"lovelace", "Zoë".encode(), b'"email"', *compressed):
        assert piece not in kept


def test_no_repr_shows_a_record(mine: Asker) -> None:
    assert repr(mine.chunk(mine.take(*chunks_of_records()))) == "Chunk()"


@pytest.mark.parametrize("to", ["its own place", "another place", "another capture", "another account"])
def test_a_chunk_opens_in_its_own_place_only(mine: Asker, theirs: Asker, database: Database, to: str) -> None:
    chunk, table = chunk_of(10), schema.capture_chunks
    found = mine.take(chunk, chunk_of(10))
    asker, capture, place = {
        "its own place": (mine, found, 0),
        "another place": (mine, found, 1),
        "another capture": (mine, mine.take(chunk_of(10)), 0),
        "another account": (theirs, theirs.take(chunk_of(10)), 0),
    }[to]
    assert asker.chunk(capture, place) is not None
    source = (table.c.capture_id == found.id, table.c.place == 0)
    target = (table.c.capture_id == capture.id, table.c.place == place)
    with database.writing() as connection:
        sealed = connection.execute(select(table.c.sealed).where(*source)).scalar_one()
        connection.execute(update(table).where(*target).values(sealed=sealed))
    assert asker.chunk(capture, place) == (chunk if to == "its own place" else None)
    assert mine.chunk(found) == chunk


def test_a_capture_that_is_given_to_another_account_opens_nothing(
    mine: Asker, theirs: Asker, database: Database
) -> None:
    found, table = mine.take(chunk_of(10)), schema.captures
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.id == found.id).values(account_id=theirs.account))
    assert theirs.reclaim(found) == found
    assert Captures(theirs.shelf, theirs.account).records(found, 0, 1) is None


@pytest.mark.parametrize("place", [0, 1, 5, 20, -1])
def test_a_chunk_that_was_changed_does_not_open(mine: Asker, database: Database, place: int) -> None:
    found, table = mine.take(chunk_of(10)), schema.capture_chunks
    with database.writing() as connection:
        sealed = bytearray(connection.execute(select(table.c.sealed)).scalar_one())
        sealed[place] ^= 1
        connection.execute(update(table).values(sealed=bytes(sealed)))
    assert mine.chunk(found) is None


OLD, NEW = "k1:" + "QUFB" * 10 + "QUE=", "k2:" + "QkJC" * 10 + "QkI="
IMPOSTOR = "k1:" + "QkJC" * 10 + "QkI="


@pytest.mark.parametrize(("keys", "opens"), [(f"{NEW},{OLD}", True), (NEW, False), (IMPOSTOR, False)])
def test_keys_change_with_the_old_one_kept_behind(
    mine: Asker, database: Database, keys: str, opens: bool
) -> None:
    chunk = chunk_of(10)
    found = mine.take(chunk)
    after = replace(mine, shelf=StoredShelf(database, Keyring.parse(keys), BUDGET))
    assert after.chunk(found) == (chunk if opens else None)
    assert after.take(chunk).id != found.id


def test_times_come_back_in_utc(mine: Asker) -> None:
    found = mine.reclaim(mine.take())
    assert found is not None
    assert (found.taken_at, found.expires_at) == (NOW, NOW.replace(minute=NOW.minute + 15))
    assert {moment.tzinfo for moment in (found.taken_at, found.expires_at) if moment} == {UTC}


def test_the_budget_counts_what_is_stored(mine: Asker, database: Database) -> None:
    mine.take(*chunks_of_records())
    with database.reading() as connection:
        stored = connection.execute(
            select(func.sum(func.length(schema.capture_chunks.c.sealed)))
        ).scalar_one()
        assert connection.execute(select(schema.captures.c.size)).scalar_one() == stored


# Gone with the account


def replaced(accounts: Accounts) -> None:
    accounts.replace("mine", connector="c", settings={}, secrets={}, origins={}, sources={})


@pytest.mark.parametrize(
    "end", [replaced, lambda accounts: accounts.remove("mine")], ids=["replaced", "removed"]
)
def test_captures_end_with_their_account(
    mine: Asker, theirs: Asker, database: Database, accounts: Accounts, end: Callable[[Accounts], None]
) -> None:
    for asker in (mine, theirs):
        found = asker.take(chunk_of(10), chunk_of(10))
        asker.claim("groups")
        asker.done("refresh", at=0)
    assert rows_in(database) == [4, 4, 2]
    end(accounts)
    assert rows_in(database) == [2, 2, 1]
    assert theirs.chunk(found) is not None


GONE: dict[str, Callable[[Asker, Capture], object]] = {
    "reclaim": Asker.reclaim,
    "renew": lambda asker, found: asker.renew(found, 999),
    "drop": Asker.drop,
    "chunk": Asker.chunk,
}
REFUSED: dict[str, Callable[[Asker, Capture], object]] = {
    "claim": lambda asker, _: asker.claim(),
    "put": lambda asker, found: asker.put(found, chunk_of(10)),
    "done": lambda asker, _: asker.done("refresh", at=0),
}


@pytest.mark.parametrize("act", [*GONE, *REFUSED])
def test_an_account_that_was_removed_meanwhile(
    mine: Asker, accounts: Accounts, database: Database, act: str
) -> None:
    found = mine.claim()
    accounts.remove("mine")
    if act in GONE:
        assert GONE[act](mine, found) is None
    else:
        with pytest.raises(NotFound, match="this account was removed meanwhile"):
            REFUSED[act](mine, found)
    assert rows_in(database) == [0, 0, 0]


# Several processes


OPENED = """
import json, os
from connector.captures import Capture, Captures
from connector.store.captures import StoredShelf
from connector.store.database import Database
from connector.store.keys import Keyring
from tests.store.capturing import BUDGET, Asker, chunk_of
url, account, holder, known = json.loads(sys.argv[1])
keyring = Keyring.parse("k1:" + "QUFB" * 10 + "QUE=")
known = Capture(known, "users", "taking")
with Database(url) as database:
    asker = Asker(StoredShelf(database, keyring, BUDGET), account, holder)
    wait()
    print(json.dumps({}, default=str))
"""


@dataclass(frozen=True)
class Processes:
    """Several processes at one database, each a holder of its own, let go at once."""

    run: Together
    url: str
    account: str

    def answers(self, expression: str, *, known: str = "", count: int = 5) -> list[Any]:
        """What the expression is in each of them; it may say `asker`, `known`, `holder`."""
        arguments = [json.dumps([self.url, self.account, f"p{number}", known]) for number in range(count)]
        return [json.loads(line) for line in self.run(OPENED.format(expression), arguments)]


@pytest.fixture
def processes(together: Together, url: str, mine: Asker) -> Processes:
    return Processes(together, url, mine.account)


TICKET = {"ticket": "7", "since": 1.5}


@pytest.mark.parametrize(
    ("expression", "progress"),
    [
        pytest.param("asker.claim()", None, id="new"),
        pytest.param("asker.claim('groups', at=60)", TICKET, id="left"),
        pytest.param("asker.reclaim(known, 60)", TICKET, id="left, by id"),
    ],
)
def test_of_processes_at_once_one_takes_it(
    mine: Asker, processes: Processes, expression: str, progress: Any
) -> None:
    left = mine.claim("groups")
    mine.renew(left, HELD, TICKET)
    found = processes.answers(f"vars({expression})", known=left.id)
    assert sorted(one["state"] for one in found) == ["busy"] * 4 + ["taking"]
    assert len({one["id"] for one in found}) == 1
    assert [one["progress"] for one in found] == [progress] * 5


def test_what_is_done_by_processes_at_once_is_done(mine: Asker, processes: Processes) -> None:
    assert processes.answers("asker.done('refresh', at=0)") == [None] * 5
    assert not mine.due("refresh", at=1)


def test_what_one_process_took_another_reads(mine: Asker, processes: Processes) -> None:
    made = replace(mine.take(*chunks_of_records()), count=len(RECORDS))
    captures = Captures(mine.shelf, mine.account)
    assert captures.records(made, 0, CHUNK) == RECORDS[:CHUNK]
    reading = f"Captures(asker.shelf, asker.account).records(asker.reclaim(known), {CHUNK - 1}, 3)"
    assert processes.answers(reading, known=made.id, count=2) == [RECORDS[CHUNK - 1 : CHUNK + 2]] * 2


def test_what_a_process_that_died_was_at_is_gone_on_with(mine: Asker, processes: Processes) -> None:
    dying = f"(asker.renew(asker.claim(), {HELD}, {TICKET}), print(1, flush=True), os._exit(0))"
    assert processes.answers(dying, count=1) == [1]
    assert mine.claim(at=HELD - 1).state == "busy"
    found = mine.claim(at=HELD)
    assert (found.state, found.progress) == ("taking", TICKET)


def test_processes_together_stay_within_the_budget(processes: Processes, database: Database) -> None:
    # Five captures, and two of them fit.
    processes.answers("asker.take(chunk_of(4_000), key=holder).id")
    table = schema.captures
    with database.reading() as connection:
        assert connection.execute(select(func.sum(table.c.size))).scalar_one() <= BUDGET
    assert rows_in(database) == [2, 2, 0]


on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
"""SQLite has one writer at a time: there is nothing to wait for."""


@on_postgresql
def test_a_claim_waits_for_no_other_account(url: str, mine: Asker, theirs: Asker, database: Database) -> None:
    expired = theirs.take(chunk_of(10), expires=1)
    with database.writing() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'")  # of the one connection in the pool
    with psycopg.connect(url) as other:
        other.execute("SELECT FROM connector_captures WHERE id = %s FOR UPDATE", [expired.id])
        assert mine.claim(at=1).state == "taking"
    assert rows_in(database)[0] == 2
    mine.claim(at=1)
    assert rows_in(database)[0] == 1


@on_postgresql
def test_a_sign_of_life_at_the_last_moment_counts(url: str, mine: Asker) -> None:
    """Whoever takes over waits for a renewal that is being written, and sees it."""
    left = mine.claim()
    found: list[Capture | None] = []
    thread = threading.Thread(target=lambda: found.append(mine.by("two").reclaim(left, HELD)))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'connector_captures'"
    with psycopg.connect(url, autocommit=True) as watcher:
        with psycopg.connect(url) as renewal:
            renewal.execute(
                "UPDATE connector_captures SET held_until = held_until + interval '1 hour', progress = '{}'"
            )
            thread.start()
            deadline = time.monotonic() + 20
            while watcher.execute(waiting).fetchone() != (1,):
                assert time.monotonic() < deadline, "it did not wait"
        thread.join(30)
    assert found == [replace(left, state="busy", progress={})]
