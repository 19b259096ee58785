"""Access tokens that were obtained, and whose turn it is to obtain the next one.

Of one account and api one asker obtains at a time (`claim` says who, for as long as a lease), over threads, tasks and
processes; the others wait and use what it brings. What is put is compared and swapped on a version, so that who comes
late never overwrites a newer token. A refresh token that the vendor has put in place of another stands beside it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from connector.errors import NotFound, StoreUnavailable

__all__ = [
    "LEASE",
    "REFUSED_FOR",
    "Granted",
    "Held",
    "Kept",
    "MemoryTokens",
    "Owner",
    "Token",
    "TokenShelf",
    "Tokens",
]

LEASE = timedelta(seconds=40)
"""How long a turn lasts after the last sign of life of who has it: its call (30 s), and storing what it brings (10 s)."""
REFUSED_FOR = timedelta(seconds=60)
"""How long it is believed that the vendor refuses what tokens are asked for with."""
_REMEMBERED = 8


@dataclass(frozen=True)
class Owner:
    """Whose a token is. `origins` is where what brings it and what it opens are sent, `asks` what was asked for."""

    account: str
    connected: int
    """The account's version: what an earlier one obtained is not its own."""
    api: str
    origins: str
    asks: str


@dataclass(frozen=True)
class Token:
    """An access token; without `expires_at` it is used until it is refused."""

    version: int
    access: str = field(repr=False)
    expires_at: datetime | None = None

    def is_good(self, now: datetime, newer_than: int | None) -> bool:
        is_new = newer_than is None or self.version > newer_than
        return is_new and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True)
class Granted:
    """What the vendor gave. Without `access` all that can be used is the refresh token that replaces the last one."""

    access: str | None = field(repr=False)
    expires_at: datetime | None = None
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Held:
    """How things stand for who asks: a token, its turn to obtain one, another's turn, or the vendor's refusal."""

    state: Literal["ready", "ours", "busy", "refused"]
    version: int = 0
    token: Token | None = None
    refresh: str | None = field(default=None, repr=False)
    refusal: str = ""
    until: datetime | None = None
    """When another's turn ends, if it brings nothing."""


@dataclass(frozen=True)
class Kept:
    """What is kept of one owner."""

    version: int = 0
    access: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    refresh: str | None = field(default=None, repr=False)
    holder: str | None = None
    held_until: datetime | None = None
    refusal: str | None = None
    refused_until: datetime | None = None

    def held(self, holder: str, now: datetime, *, newer_than: int | None, heeds: bool) -> Held:
        """How it stands for this holder; `heeds`: a refusal that is remembered is believed."""
        token = None if self.access is None else Token(self.version, self.access, self.expires_at)
        if token is not None and token.is_good(now, newer_than):
            return Held("ready", self.version, token)
        if heeds and self.refusal is not None and _is_ahead(self.refused_until, now, REFUSED_FOR):
            return Held("refused", self.version, refusal=self.refusal)
        if self.holder not in (None, holder) and _is_ahead(self.held_until, now, LEASE):
            return Held("busy", self.version, until=self.held_until)
        return Held("ours", self.version, refresh=self.refresh)

    def after(self, granted: Granted) -> Kept:
        """With what was granted: nobody's turn any more, and no refusal."""
        refresh = granted.refresh if granted.refresh is not None else self.refresh
        return Kept(self.version + 1, granted.access, granted.expires_at, refresh)


def _is_ahead(until: datetime | None, now: datetime, most: timedelta) -> bool:
    """Whether it isn't over. What is far too long was written by a clock that is wrong, and must not bar everyone."""
    return until is not None and now < until <= now + 2 * most


class TokenShelf(Protocol):
    """Where tokens are kept: all that differs between memory and a database. Every method may block; times are aware."""

    def claim(self, owner: Owner, *, now: datetime, holder: str, newer_than: int | None, heeds: bool) -> Held:
        """A good token newer than that version, else whose turn it is: the holder's, from now on, or another's."""

    def put(self, owner: Owner, version: int, granted: Granted) -> bool:
        """Puts it in place of that version; False where there is a newer one, which stays."""

    def refuse(self, owner: Owner, version: int, refusal: str, until: datetime) -> bool:
        """Remembers the vendor's refusal; False where a newer token came meanwhile."""

    def let_go(self, owner: Owner, holder: str) -> None:
        """Ends the holder's turn."""


class MemoryTokens:
    """Tokens in the memory of this process: for a library without a store. Threads may share it.

    What a vendor has put in place of a refresh token is lost with the process.
    """

    def __init__(self) -> None:
        self._kept: dict[
            Owner, Kept
        ] = {}  # as many as the account has apis: a refresh token can't be given up
        self._lock = threading.Lock()

    def claim(self, owner: Owner, *, now: datetime, holder: str, newer_than: int | None, heeds: bool) -> Held:
        with self._lock:
            kept = self._kept.get(owner, Kept())
            held = kept.held(holder, now, newer_than=newer_than, heeds=heeds)
            if held.state == "ours":
                self._kept[owner] = replace(kept, holder=holder, held_until=now + LEASE)
            return held

    def put(self, owner: Owner, version: int, granted: Granted) -> bool:
        with self._lock:
            kept = self._kept.get(owner, Kept())
            if kept.version == version:
                self._kept[owner] = kept.after(granted)
            return kept.version == version

    def refuse(self, owner: Owner, version: int, refusal: str, until: datetime) -> bool:
        with self._lock:
            kept = self._kept.get(owner, Kept())
            if kept.version == version:
                self._kept[owner] = replace(
                    kept, holder=None, held_until=None, refusal=refusal, refused_until=until
                )
            return kept.version == version

    def let_go(self, owner: Owner, holder: str) -> None:
        with self._lock:
            kept = self._kept.get(owner, Kept())
            if kept.holder == holder:
                self._kept[owner] = replace(kept, holder=None, held_until=None)


class Tokens:
    """The tokens of one account's api, the last one kept in front of the shelf. Threads may share it."""

    def __init__(self, shelf: TokenShelf, owner: Owner) -> None:
        self.shelf, self.owner = shelf, owner
        self._front: Token | None = None
        self._unsaved: tuple[int, Granted] | None = None
        self._obtained: deque[str] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    def at_hand(self, now: datetime, newer_than: int | None) -> Token | None:
        """The last one, where it is good."""
        front = self._front
        return front if front is not None and front.is_good(now, newer_than) else None

    def claim(self, now: datetime, holder: str, *, newer_than: int | None, heeds: bool) -> Held:
        """As of the shelf; what could not be put there is put first."""
        self.save()
        held = self.shelf.claim(self.owner, now=now, holder=holder, newer_than=newer_than, heeds=heeds)
        if held.token is not None:
            self._take(held.token)
        return held

    def save(self) -> None:
        """Puts what could not be put. Raises StoreUnavailable where it still can't be, NotFound where it is nobody's."""
        unsaved = self._unsaved
        if unsaved is not None:
            self.put(*unsaved)

    def put(self, version: int, granted: Granted) -> Token | None:
        """The token, once it is put; None where a newer one is there.

        Raises StoreUnavailable: then it isn't used, and `claim` puts it first.
        """
        self._unsaved = (version, granted)
        try:
            is_put = self.shelf.put(self.owner, version, granted)
        except StoreUnavailable as error:
            if granted.refresh is None:
                raise
            raise StoreUnavailable(
                f"the vendor has replaced the refresh token of {self.owner.api!r}, and the new one could not be stored: "
                f"{error.message}",
                hint="this process still has it, and stores it with its next call; if the process ends before, "
                "credentials must be entered again",
            ) from None
        except NotFound:  # the account is gone, or another one now
            self._unsaved = None
            raise
        self._unsaved = None
        if not is_put or granted.access is None:
            return None
        token = Token(version + 1, granted.access, granted.expires_at)
        self._take(token)
        return token

    def note(self, granted: Granted) -> None:
        """From now on it is known as a secret."""
        with self._lock:
            self._obtained += [text for text in (granted.access, granted.refresh) if text is not None]

    @property
    def obtained(self) -> tuple[str, ...]:
        """What was obtained last: as secret as what it was obtained with."""
        with self._lock:
            return tuple(self._obtained)

    def _take(self, token: Token) -> None:
        with self._lock:
            if token.access not in self._obtained:
                self._obtained.append(token.access)
            if self._front is None or token.version >= self._front.version:
                self._front = token

    def __repr__(self) -> str:
        return f"Tokens({self.owner.api})"
