"""Each OAuth style over real sockets: the api behind one, what gives tokens behind another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.directory import AsyncDirectory, Directory
from connector.egress import Egress
from connector.errors import EgressRefused, NeedsReauth
from connector.redaction import Redaction
from connector.tokens import Held, MemoryTokens
from connector.transport import AsyncTransport, Transport
from tests.calling.issuing import AUTHS, REFRESH, Issuer, issuing, secrets_of, settings_of, write_made

each = pytest.mark.parametrize("style", AUTHS)
PEOPLE = ["ann", "bea", "cem"]
ASKERS = 8


@dataclass
class Place:
    """The vendor, and how it is reached."""

    issuer: Issuer
    api: str
    login: str
    folder: Path

    def reach(self, style: str, **more: Any) -> dict[str, Any]:
        write_made(self.folder, style)
        return {
            "connector": "made",
            "settings": settings_of(self.api, self.login),
            "secrets": secrets_of(style),
            "mappings": [self.folder],
            "allow_networks": ["127.0.0.1"],
            **more,
        }


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    issuer = Issuer(rotates=True)
    with issuing(issuer) as (api, login):
        yield Place(issuer, api, login, tmp_path)


@each
def test_a_listing_and_its_check(style: str, place: Place) -> None:
    with Directory.connect(**place.reach(style)) as directory:
        assert directory.check() == {"main": "ok"}
        assert [user.id for user in directory.iterate("users")] == PEOPLE
        place.issuer.revoke()
        assert directory.get("users", "ann").result.id == "ann"
    assert len(place.issuer.asked) == 2


@each
def test_it_is_the_same_awaited(style: str, place: Place) -> None:
    async def ask() -> list[str]:
        async with AsyncDirectory.connect(**place.reach(style)) as directory:
            assert await directory.check() == {"main": "ok"}
            place.issuer.revoke()
            return [user.id async for user in directory.iterate("users")]

    assert asyncio.run(ask()) == PEOPLE
    assert len(place.issuer.asked) == 2


@each
def test_no_credential_goes_to_the_api_and_no_token_to_where_they_are_given(style: str, place: Place) -> None:
    with Directory.connect(**place.reach(style)) as directory:
        list(directory.iterate("users"))
        place.issuer.revoke()
        list(directory.iterate("users"))
    credentials = Redaction.of([*secrets_of(style).values(), place.issuer.refresh]).forms
    tokens = Redaction.of(f"a{n}-access-0123456789" for n in (1, 2)).forms
    came: dict[str, list[str]] = {}
    for text in place.issuer.seen:
        came.setdefault(text.partition(" ")[0], []).append(text)
    at_api, at_login = came[urlsplit(place.api).netloc], came[urlsplit(place.login).netloc]
    assert not [form for form in credentials for text in at_api if form in text]
    assert not [form for form in tokens for text in at_login if form in text]
    assert len(at_login) == 2
    assert not [text for text in place.issuer.seen if "-----BEGIN" in text]


def test_where_tokens_are_given_must_be_allowed_too(place: Place) -> None:
    reach = place.reach("oauth2_jwt")
    reach["settings"]["login"] = "http://127.0.0.2:1"
    with Directory.connect(**reach) as directory, pytest.raises(EgressRefused, match=r"127\.0\.0\.2"):
        directory.list("users")
    assert place.issuer.seen == []


def test_the_vendor_refuses_a_wrong_secret(place: Place) -> None:
    reach = place.reach("oauth2_client_credentials", secrets={"secret": "wrong-0123456789"})
    with Directory.connect(**reach) as directory, pytest.raises(NeedsReauth, match="invalid_client"):
        directory.list("users")
    assert place.issuer.came == []


@each
def test_of_many_threads_one_obtains_it(style: str, place: Place) -> None:
    together = threading.Barrier(ASKERS)
    waited = threading.Event()
    place.issuer.before = lambda: waited.wait(10)  # it answers once another one has looked, and waits

    with Directory.connect(**place.reach(style)) as plain, Transport(Egress(["127.0.0.1"])) as transport:
        directory = Directory(plain.questions, transport.send, lambda _: waited.set())

        def ask() -> list[str]:
            together.wait(10)
            return [user.id for user in directory.iterate("users")]

        with ThreadPoolExecutor(ASKERS) as pool:
            found = [future.result() for future in [pool.submit(ask) for _ in range(ASKERS)]]
    assert found == [PEOPLE] * ASKERS
    assert waited.is_set()
    assert len(place.issuer.asked) == 1


@each
def test_of_many_tasks_one_obtains_it(style: str, place: Place) -> None:
    waited = threading.Event()
    place.issuer.before = lambda: waited.wait(10)

    async def look(_: float) -> None:
        waited.set()
        await asyncio.sleep(0)

    async def ask(directory: AsyncDirectory) -> list[str]:
        return [user.id async for user in directory.iterate("users")]

    async def ask_all() -> list[list[str]]:
        async with (
            AsyncDirectory.connect(**place.reach(style)) as plain,
            AsyncTransport(Egress(["127.0.0.1"])) as transport,
        ):
            directory = AsyncDirectory(plain.questions, transport.send, look)
            return await asyncio.gather(*(ask(directory) for _ in range(ASKERS)))

    assert asyncio.run(ask_all()) == [PEOPLE] * ASKERS
    assert waited.is_set()
    assert len(place.issuer.asked) == 1


def test_a_task_that_is_cancelled_while_it_obtains_one_holds_nobody_up(place: Place) -> None:
    came = threading.Event()
    go_on = threading.Event()

    def before() -> None:
        came.set()
        go_on.wait(10)

    place.issuer.before = before

    async def ask() -> list[str]:
        async with AsyncDirectory.connect(**place.reach("oauth2_client_credentials")) as directory:
            task = asyncio.create_task(directory.get("users", "ann"))
            await asyncio.to_thread(came.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            return [user.id async for user in directory.iterate("users")]

    assert asyncio.run(ask()) == PEOPLE
    assert len(place.issuer.asked) == 2


@pytest.mark.parametrize("cancels", [1, 3])
def test_a_task_that_is_cancelled_while_a_refresh_token_is_replaced_stores_the_new_one(
    cancels: int, place: Place
) -> None:
    came = threading.Event()
    go_on = threading.Event()

    def before() -> None:
        came.set()
        go_on.wait(10)

    place.issuer.before = before

    async def ask() -> list[str]:
        async with AsyncDirectory.connect(**place.reach("oauth2_refresh")) as directory:
            task = asyncio.create_task(directory.get("users", "ann"))
            await asyncio.to_thread(came.wait, 10)
            for _ in range(cancels):
                task.cancel()
                await asyncio.sleep(0)
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert place.issuer.came == []
            found = [user.id async for user in directory.iterate("users")]
            place.issuer.revoke()
            await directory.get("users", "ann")
            return found

    assert asyncio.run(ask()) == PEOPLE
    assert [form["refresh_token"] for form in place.issuer.asked] == [REFRESH, "r1-rotated-0123456789"]


def test_a_task_that_is_cancelled_while_it_takes_its_turn_gives_it_back(place: Place) -> None:
    came = threading.Event()
    go_on = threading.Event()

    class Slow(MemoryTokens):
        def claim(self, *args: Any, **named: Any) -> Held:
            came.set()
            go_on.wait(10)
            return super().claim(*args, **named)

    async def ask() -> str:
        async with AsyncDirectory.connect(**place.reach("oauth2_client_credentials")) as directory:
            tokens = directory.questions.opened.apis["main"].tokens
            assert tokens is not None
            tokens.shelf = Slow()
            task = asyncio.create_task(directory.get("users", "ann"))
            await asyncio.to_thread(came.wait, 10)
            task.cancel()
            for _ in range(9):
                await asyncio.sleep(0)
            assert not task.done(), "it waits for the thread that takes the turn"
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            held = tokens.shelf.claim(
                tokens.owner, now=datetime.now(UTC), holder="other", newer_than=None, heeds=True
            )
            return held.state

    assert asyncio.run(ask()) == "ours"


def test_what_is_let_go_of_by_a_cancelled_task_does_not_block_the_others(place: Place) -> None:
    asked, lets_go = threading.Event(), threading.Event()
    go_on = threading.Event()
    freed: list[bool] = []

    def before() -> None:
        asked.set()
        go_on.wait(10)

    place.issuer.before = before

    class Locked(MemoryTokens):
        def let_go(self, *args: Any) -> None:
            lets_go.set()
            freed.append(go_on.wait(10))
            super().let_go(*args)

    async def ask() -> None:
        async with AsyncDirectory.connect(**place.reach("oauth2_client_credentials")) as directory:
            tokens = directory.questions.opened.apis["main"].tokens
            assert tokens is not None
            tokens.shelf = Locked()
            task = asyncio.create_task(directory.get("users", "ann"))
            await asyncio.to_thread(asked.wait, 10)
            task.cancel()
            await asyncio.to_thread(lets_go.wait, 10)
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(ask())
    assert freed == [True], "by the event loop"
