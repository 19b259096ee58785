"""The facade: a customer's directory, opened. `Directory` waits, `AsyncDirectory` awaits; all else is shared.

Each question is one flow of `questions`; these two classes only send, sleep and hand over typed rows. A
directory belongs to one account: its pools, caches and cursors meet no other account's. No globals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, overload

import msgspec

from connector.account import Opened, name_secrets, open_account
from connector.captures import MemoryShelf
from connector.catalog import Catalog, search_folders
from connector.cursor import Seal
from connector.egress import Egress
from connector.errors import ListingIncomplete
from connector.examine import Examination
from connector.flow import Clock, Flow, drive, drive_async
from connector.model import Group, StudentLicense, User
from connector.pages import Asked, AskedOne, Item, Page, Written
from connector.query import MAX_LIMIT
from connector.questions import Questions
from connector.seen import SeenIds
from connector.settings import Settings
from connector.transport import AsyncTransport, Transport
from connector.wire import Answer, AsyncSend, Send
from connector.write import Plan

__all__ = ["AsyncDirectory", "Directory"]

T = TypeVar("T")
Users = Literal["users"]
Groups = Literal["groups"]
Licenses = Literal["student_licenses"]


def _questions(
    connector: str,
    settings: Mapping[str, Any] | None,
    secrets: Mapping[str, str] | None,
    base_urls: Mapping[str, str] | None,
    overrides: Mapping[str, Any] | None,
    mappings: Sequence[Path],
    clock: Clock,
) -> tuple[Questions, Settings]:
    process = Settings.read()
    loaded = Catalog(search_folders((*mappings, *process.mappings))).load(connector, overrides)
    opened = open_account(loaded, settings=settings or {}, secrets=secrets or {}, base_urls=base_urls)
    seal = Seal.from_material(_material(opened, secrets or {}))
    return Questions(opened, seal, process, clock, MemoryShelf(process.capture_bytes)), process


def _stored(account: str | None, clock: Clock) -> tuple[Questions, tuple[str, ...], Callable[[], None]]:
    """(a kept account's questions, the networks it may call, what closes its store)."""
    from connector.stored import StoredAccounts  # the store's libraries are needed only here

    stored = StoredAccounts()
    try:
        kept, questions = stored.open(account, clock)
    except BaseException:
        stored.close()
        raise

    def close() -> None:
        try:
            questions.opened.save_tokens()
        finally:
            stored.close()

    return questions, (*stored.settings.allow_networks, *kept.allow_networks), close


def _material(opened: Opened, secrets: Mapping[str, str]) -> bytes:
    """What a cursor's key is derived from where there is no store: the account's secrets.

    An account without secrets has a key that can be guessed; all that its cursors could tell is a place in a
    listing that anyone may read.
    """
    named = sorted(name_secrets(opened.loaded, secrets).items())
    return msgspec.json.encode([opened.account, named])


class Directory:
    """A directory, read by waiting for it. Close it, or use it in a `with`."""

    def __init__(
        self,
        questions: Questions,
        send: Send,
        sleep: Callable[[float], None] = time.sleep,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.questions, self._send, self._sleep, self._close = questions, send, sleep, close

    @classmethod
    def connect(
        cls,
        connector: str,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        base_urls: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
        allow_networks: Sequence[str] = (),
        mappings: Sequence[Path] = (),
        clock: Clock | None = None,
    ) -> Self:
        """Opens a directory; nothing is sent yet.

        `settings` and `secrets` are named as the connector declares them (`api.name`, or `name` where it is
        the only one). `base_urls` puts another address in place of an api's; `overrides` lays mapping
        fragments over sources; `allow_networks` names private hosts that may be called, besides
        CONNECTOR_ALLOW_NETWORKS. Raises InvalidRequest, NotFound, ConfigurationInvalid.
        """
        questions, process = _questions(
            connector, settings, secrets, base_urls, overrides, mappings, clock or Clock()
        )
        transport = Transport(Egress((*process.allow_networks, *allow_networks)))
        return cls(questions, transport.send, close=transport.close)

    @classmethod
    def open(cls, account: str | None = None, *, clock: Clock | None = None) -> Self:
        """Opens a kept account by name or id (without one: the only account there is). Raises NotFound, NeedsReauth."""
        questions, allow, close_store = _stored(account, clock or Clock())
        transport = Transport(Egress(allow))

        def close() -> None:
            transport.close()
            close_store()

        return cls(questions, transport.send, close=close)

    @overload
    def list(self, resource: Users, **asked: Unpack[Asked]) -> Page[User]: ...
    @overload
    def list(self, resource: Groups, **asked: Unpack[Asked]) -> Page[Group]: ...
    @overload
    def list(self, resource: str, **asked: Unpack[Asked]) -> Page[Any]: ...
    def list(self, resource: str, **asked: Unpack[Asked]) -> Page[Any]:
        """One page of `users`, `groups`, `groups/{id}/users`, or of the vendor's own records, as `api.resource`.

        Takes limit (1-1000), cursor, filters, group_id, remote_query, sort_by, include, exclude_fields, strict, explain.
        A page may be short, even empty: only `next_cursor is None` ends. The vendor's own records come as they are,
        and are neither filtered nor sorted; `remote_query` asks the vendor what the connector lists for such a listing.
        """
        return self._run(self.questions.list(resource, **asked))

    @overload
    def get(self, resource: Users, key: str, **asked: Unpack[AskedOne]) -> Item[User]: ...
    @overload
    def get(self, resource: Groups, key: str, **asked: Unpack[AskedOne]) -> Item[Group]: ...
    @overload
    def get(self, resource: str, key: str, **asked: Unpack[AskedOne]) -> Item[Any]: ...
    def get(self, resource: str, key: str, **asked: Unpack[AskedOne]) -> Item[Any]:
        """The one row with this id. Takes include, exclude_fields, strict. Raises VendorNotFound."""
        return self._run(self.questions.get(resource, key, **asked))

    def pages(
        self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> Iterator[Page[Any]]:
        """All pages, one after the other, as large as they may be unless `limit` says otherwise.

        Raises ListingIncomplete at the end if it is not proven that all was seen.
        """
        asked.setdefault("limit", MAX_LIMIT)
        with SeenIds() as seen:
            while True:
                page = _judged(self._run(self.questions.list(resource, patient=True, **asked)), seen)
                yield page
                if page.next_cursor is None:
                    break
                asked["cursor"] = page.next_cursor
        _check_complete(page, allow_partial)

    @overload
    def iterate(
        self, resource: Users, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> Iterator[User]: ...
    @overload
    def iterate(
        self, resource: Groups, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> Iterator[Group]: ...
    @overload
    def iterate(
        self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> Iterator[Any]: ...
    def iterate(self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]) -> Iterator[Any]:
        """Every row. Takes what `list` takes; raises ListingIncomplete at the end unless `allow_partial=True`."""
        for page in self.pages(resource, allow_partial=allow_partial, **asked):
            yield from page.result

    @overload
    def create(
        self, resource: Licenses, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[StudentLicense]: ...
    @overload
    def create(
        self, resource: Users, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[User | None]: ...
    @overload
    def create(
        self, resource: Groups, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Group | None]: ...
    @overload
    def create(
        self, resource: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]: ...
    def create(self, resource: str, fields: Mapping[str, Any], *, entry: str | None = None) -> Written[Any]:
        """Makes one of a resource, of the unified fields that the connector takes; an unknown one lists them.

        `create("groups/{id}/users", {"id": user})` puts a user into a group. Every write is sent at most once. Raises
        InvalidRequest before anything is sent, WriteOutcomeUnknown where it was sent and no clear answer came, and
        WriteNotEffective where the vendor calls done what isn't. What it came to is said by `outcome`. Where the
        account has an api several times, `entry` says to which; what is changed is looked for without it, and refused
        where it stands in two. A KeyboardInterrupt while a write is out has WriteOutcomeUnknown as its cause.
        """
        return self._run(self.questions.write("create", resource, fields, entry=entry))

    @overload
    def update(
        self, resource: Users, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[User | None]: ...
    @overload
    def update(
        self, resource: Groups, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Group | None]: ...
    @overload
    def update(
        self, resource: str, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]: ...
    def update(
        self, resource: str, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]:
        """Changes fields of the one with this id; null clears a field. Raises as `create`, and VendorNotFound."""
        return self._run(self.questions.write("update", resource, key, fields, entry=entry))

    @overload
    def delete(self, resource: Users, key: str, *, entry: str | None = None) -> Written[User | None]: ...
    @overload
    def delete(self, resource: Groups, key: str, *, entry: str | None = None) -> Written[Group | None]: ...
    @overload
    def delete(self, resource: str, key: str, *, entry: str | None = None) -> Written[Any]: ...
    def delete(self, resource: str, key: str, *, entry: str | None = None) -> Written[Any]:
        """Removes the one with this id; of `groups/{id}/users`, takes that user out of the group.

        A vendor may keep it all the same: then `outcome.is_` is `kept`. Raises as `create`, and VendorNotFound.
        """
        return self._run(self.questions.write("delete", resource, key, entry=entry))

    @overload
    def plan(
        self,
        verb: Literal["create"],
        resource: str,
        fields: Mapping[str, Any],
        /,
        *,
        entry: str | None = None,
    ) -> Plan: ...
    @overload
    def plan(
        self,
        verb: Literal["update"],
        resource: str,
        key: str,
        fields: Mapping[str, Any],
        /,
        *,
        entry: str | None = None,
    ) -> Plan: ...
    @overload
    def plan(
        self, verb: Literal["delete"], resource: str, key: str, /, *, entry: str | None = None
    ) -> Plan: ...
    def plan(self, verb: str, resource: str, /, *given: Any, entry: str | None = None) -> Plan:
        """The exact request of `create`, `update` or `delete`, given what it is given, secrets masked. Sends nothing."""
        return self.questions.plan(verb, resource, *given, entry=entry)

    def proxy(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One call of the vendor's own API, byte for byte: `proxy("GET", "scim/Users?count=1")`.

        `target` is the api's name and what is below its base address. Only what the connector lists under `proxy`
        passes. Any status is an answer, redirects too; its body is in the encoding that it came in. Which headers
        are never passed on, either way, stands in `connector.proxy`. Raises InvalidRequest, NotFound, and
        VendorUnavailable or VendorError where there is no answer, or one that is too large.
        """
        return self._run(self.questions.proxy(method, target, headers, body))

    def command(self, api: str, words: Sequence[str]) -> Any:
        """The answer, as JSON, to one command of an api that takes commands: its words, never one line.

        Only commands pass that the connector lists under `proxy`, with the options that it lists. Raises
        InvalidRequest before anything is sent, and what the vendor's answer means, as everywhere.
        """
        return self._run(self.questions.command(api, words))

    def check(self) -> dict[str, str]:
        """Calls each api's connection check: api → `ok`, or `no check` where the vendor has none. Raises its failure."""
        return self._run(self.questions.check())

    def examine(self) -> Examination:
        """What the credentials have and lack, and what each api can and can't tell. Nothing changes at the vendor.

        Every failure is a finding, in the vendor's own words; `verdict` says what they come to.
        """
        return self._run(self.questions.examine())

    def close(self) -> None:
        """Closes the connections. Raises StoreUnavailable where a refresh token that was replaced is lost with it."""
        if self._close is not None:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Directory({self.questions.opened.loaded.name}, account {self.questions.opened.account})"

    def _run(self, flow: Flow[T]) -> T:
        return drive(flow, self._send, self._sleep)


class AsyncDirectory:
    """A directory, read by awaiting it. Close it, or use it in an `async with`."""

    def __init__(
        self,
        questions: Questions,
        send: AsyncSend,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.questions, self._send, self._sleep, self._close = questions, send, sleep, close

    @classmethod
    def connect(
        cls,
        connector: str,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        base_urls: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
        allow_networks: Sequence[str] = (),
        mappings: Sequence[Path] = (),
        clock: Clock | None = None,
    ) -> Self:
        """As `Directory.connect`."""
        questions, process = _questions(
            connector, settings, secrets, base_urls, overrides, mappings, clock or Clock()
        )
        transport = AsyncTransport(Egress((*process.allow_networks, *allow_networks)))
        return cls(questions, transport.send, close=transport.close)

    @classmethod
    def open(cls, account: str | None = None, *, clock: Clock | None = None) -> Self:
        """As `Directory.open`; reads the database before it returns."""
        questions, allow, close_store = _stored(account, clock or Clock())
        transport = AsyncTransport(Egress(allow))

        async def close() -> None:
            await transport.close()
            await asyncio.to_thread(close_store)

        return cls(questions, transport.send, close=close)

    @overload
    async def list(self, resource: Users, **asked: Unpack[Asked]) -> Page[User]: ...
    @overload
    async def list(self, resource: Groups, **asked: Unpack[Asked]) -> Page[Group]: ...
    @overload
    async def list(self, resource: str, **asked: Unpack[Asked]) -> Page[Any]: ...
    async def list(self, resource: str, **asked: Unpack[Asked]) -> Page[Any]:
        """As `Directory.list`."""
        return await self._run(self.questions.list(resource, **asked))

    @overload
    async def get(self, resource: Users, key: str, **asked: Unpack[AskedOne]) -> Item[User]: ...
    @overload
    async def get(self, resource: Groups, key: str, **asked: Unpack[AskedOne]) -> Item[Group]: ...
    @overload
    async def get(self, resource: str, key: str, **asked: Unpack[AskedOne]) -> Item[Any]: ...
    async def get(self, resource: str, key: str, **asked: Unpack[AskedOne]) -> Item[Any]:
        """As `Directory.get`."""
        return await self._run(self.questions.get(resource, key, **asked))

    async def pages(
        self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> AsyncIterator[Page[Any]]:
        """As `Directory.pages`."""
        asked.setdefault("limit", MAX_LIMIT)
        with SeenIds() as seen:
            while True:
                page = _judged(await self._run(self.questions.list(resource, patient=True, **asked)), seen)
                yield page
                if page.next_cursor is None:
                    break
                asked["cursor"] = page.next_cursor
        _check_complete(page, allow_partial)

    @overload
    def iterate(
        self, resource: Users, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> AsyncIterator[User]: ...
    @overload
    def iterate(
        self, resource: Groups, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> AsyncIterator[Group]: ...
    @overload
    def iterate(
        self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> AsyncIterator[Any]: ...
    async def iterate(
        self, resource: str, *, allow_partial: bool = False, **asked: Unpack[Asked]
    ) -> AsyncIterator[Any]:
        """As `Directory.iterate`."""
        async for page in self.pages(resource, allow_partial=allow_partial, **asked):
            for row in page.result:
                yield row

    @overload
    async def create(
        self, resource: Licenses, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[StudentLicense]: ...
    @overload
    async def create(
        self, resource: Users, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[User | None]: ...
    @overload
    async def create(
        self, resource: Groups, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Group | None]: ...
    @overload
    async def create(
        self, resource: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]: ...
    async def create(
        self, resource: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]:
        """As `Directory.create`."""
        return await self._run(self.questions.write("create", resource, fields, entry=entry))

    @overload
    async def update(
        self, resource: Users, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[User | None]: ...
    @overload
    async def update(
        self, resource: Groups, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Group | None]: ...
    @overload
    async def update(
        self, resource: str, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]: ...
    async def update(
        self, resource: str, key: str, fields: Mapping[str, Any], *, entry: str | None = None
    ) -> Written[Any]:
        """As `Directory.update`."""
        return await self._run(self.questions.write("update", resource, key, fields, entry=entry))

    @overload
    async def delete(
        self, resource: Users, key: str, *, entry: str | None = None
    ) -> Written[User | None]: ...
    @overload
    async def delete(
        self, resource: Groups, key: str, *, entry: str | None = None
    ) -> Written[Group | None]: ...
    @overload
    async def delete(self, resource: str, key: str, *, entry: str | None = None) -> Written[Any]: ...
    async def delete(self, resource: str, key: str, *, entry: str | None = None) -> Written[Any]:
        """As `Directory.delete`."""
        return await self._run(self.questions.write("delete", resource, key, entry=entry))

    @overload
    def plan(
        self,
        verb: Literal["create"],
        resource: str,
        fields: Mapping[str, Any],
        /,
        *,
        entry: str | None = None,
    ) -> Plan: ...
    @overload
    def plan(
        self,
        verb: Literal["update"],
        resource: str,
        key: str,
        fields: Mapping[str, Any],
        /,
        *,
        entry: str | None = None,
    ) -> Plan: ...
    @overload
    def plan(
        self, verb: Literal["delete"], resource: str, key: str, /, *, entry: str | None = None
    ) -> Plan: ...
    def plan(self, verb: str, resource: str, /, *given: Any, entry: str | None = None) -> Plan:
        """As `Directory.plan`."""
        return self.questions.plan(verb, resource, *given, entry=entry)

    async def proxy(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """As `Directory.proxy`."""
        return await self._run(self.questions.proxy(method, target, headers, body))

    async def command(self, api: str, words: Sequence[str]) -> Any:
        """As `Directory.command`."""
        return await self._run(self.questions.command(api, words))

    async def check(self) -> dict[str, str]:
        """As `Directory.check`."""
        return await self._run(self.questions.check())

    async def examine(self) -> Examination:
        """As `Directory.examine`."""
        return await self._run(self.questions.examine())

    async def close(self) -> None:
        """As `Directory.close`."""
        if self._close is not None:
            await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncDirectory({self.questions.opened.loaded.name}, account {self.questions.opened.account})"

    async def _run(self, flow: Flow[T]) -> T:
        return await drive_async(flow, self._send, self._sleep)


def _judged(page: Page[Any], seen: SeenIds) -> Page[Any]:
    """The page, its verdict changed where an id came again anywhere in the walk.

    Of several listings (entries of an api, sources of a union) a record that two of them have is one: it comes once.
    """
    met = set(seen.add(page.ids, page.units))
    if met:
        page = page.without(met)
    known = page.completeness
    if not seen.repeats or "duplicate_ids" in known.reasons:
        return page
    verdict = "unproven" if known.verdict == "complete" else known.verdict
    changed = known.model_copy(update={"verdict": verdict, "reasons": [*known.reasons, "duplicate_ids"]})
    return replace(page, completeness=changed)


def _check_complete(page: Page[Any], allow_partial: bool) -> None:
    known = page.completeness
    if known.verdict != "complete" and not allow_partial:
        declared = f" of {known.declared}" if known.declared is not None else ""
        raise ListingIncomplete(
            f"the listing ended and is {known.verdict}: {known.seen}{declared} seen ({', '.join(known.reasons)})",
            completeness=known,
            hint="allow_partial=True (--allow-partial) takes what there is; don't read it as everyone else being gone",
        )
