"""Waiting and giving up: tables, and the laws that hold for every number."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Conflict, Forbidden, RateLimited, VendorError, VendorFailure, VendorUnavailable
from connector.pace import Allowance, Backoff, RetryPolicy, next_delay, parse_retry_after

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tried", "random", "expected"),
    [
        (1, 1.0, 0.5),
        (1, 0.0, 0.25),
        (2, 1.0, 1.0),
        (3, 0.5, 1.5),
        (7, 1.0, 30.0),
        (100_000, 1.0, 30.0),
        (0, 1.0, 0.5),
    ],
)
def test_backoff(tried: int, random: float, expected: float) -> None:
    assert Backoff().delay(tried, random) == pytest.approx(expected)


@given(tried=st.integers(1, 2000), random=st.floats(0, 1))
def test_backoff_stays_within_its_bounds(tried: int, random: float) -> None:
    backoff = Backoff(first=0.2, factor=3, most=7)
    assert 0.1 <= backoff.delay(tried, random) <= 7
    assert backoff.delay(tried, random) <= backoff.delay(tried + 1, random)


UNSENT = VendorUnavailable("refused", sent=False)
LOST = VendorUnavailable("read timeout", sent=True)


@pytest.mark.parametrize(
    ("error", "tried", "repeatable", "left", "expected"),
    [
        pytest.param(LOST, 1, True, 60, 0.5, id="a repeatable call"),
        pytest.param(LOST, 1, False, 60, None, id="a write that may have arrived"),
        pytest.param(UNSENT, 1, False, 60, 0.5, id="a write that never left"),
        pytest.param(UNSENT, 3, False, 60, 2.0, id="the last repetition"),
        pytest.param(UNSENT, 4, True, 60, None, id="enough"),
        pytest.param(LOST, 1, True, 0.5, None, id="the deadline comes first"),
        pytest.param(LOST, 1, True, 0, None, id="the deadline has come"),
        pytest.param(RateLimited("slow down", retry_after=7), 1, True, 60, 7, id="the vendor's word"),
        pytest.param(
            RateLimited("slow down", retry_after=61), 1, True, 60, None, id="longer than what is left"
        ),
        pytest.param(RateLimited("slow down", retry_after=float("inf")), 1, True, 60, None, id="for ever"),
        pytest.param(RateLimited("slow down", retry_after=0), 2, True, 60, 1.0, id="0 is no word"),
        pytest.param(RateLimited("slow down"), 1, True, 60, 0.5, id="no word"),
        pytest.param(RateLimited("slow down", retry_after=7), 1, False, 60, None, id="a write, rate limited"),
        pytest.param(VendorError("not JSON"), 1, True, 60, None, id="not a code of the policy"),
        pytest.param(Conflict("taken"), 1, True, 60, None, id="a clear answer"),
        pytest.param(Forbidden("no", retry_after=1), 1, True, 60, None, id="a clear answer, however dressed"),
    ],
)
def test_next_delay(
    error: VendorFailure, tried: int, repeatable: bool, left: float, expected: float | None
) -> None:
    assert next_delay(RetryPolicy(), error, tried, repeatable=repeatable, left=left, random=1.0) == expected


def test_policy_is_the_connectors() -> None:
    policy = RetryPolicy(on=frozenset({"conflict"}), times=1, backoff=Backoff(first=3))
    assert next_delay(policy, Conflict("locked"), 1, repeatable=True, left=60, random=1.0) == 3
    assert next_delay(policy, Conflict("locked"), 2, repeatable=True, left=60, random=1.0) is None
    assert next_delay(policy, UNSENT, 1, repeatable=True, left=60, random=1.0) is None


@given(
    sent=st.booleans(),
    repeatable=st.booleans(),
    tried=st.integers(1, 9),
    left=st.floats(0, 100),
    random=st.floats(0, 1),
    retry_after=st.none() | st.floats(allow_nan=True),
)
def test_laws_of_repetition(
    sent: bool, repeatable: bool, tried: int, left: float, random: float, retry_after: float | None
) -> None:
    error = VendorUnavailable("x", sent=sent, retry_after=retry_after)
    delay = next_delay(RetryPolicy(), error, tried, repeatable=repeatable, left=left, random=random)
    if delay is not None:
        assert 0 < delay < left
        assert tried <= 3
        assert repeatable or not sent


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("120", 120),
        (" 120\t", 120),
        ("007", 7),
        ("86400", 86_400),
        ("86401", 86_400),
        ("9" * 10_000, 86_400),
        ("Fri, 06 Nov 2026 08:50:37 GMT", 60),
        ("Friday, 06-Nov-26 08:50:37 GMT", 60),
        ("Fri Nov  6 08:50:37 2026", 60),
        ("Fri Nov 06 08:50:37 2026", 60),
        ("Fri, 06 Nov 2026 08:49:60 GMT", 22),
        ("Fri, 06 Nov 2026 09:50:37 +0100", 60),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Wed, 01 Jan 2098 00:00:00 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("5 s", None),
        ("٣", None),
        ("nan", None),
        ("2026-11-06T08:50:37Z", None),
        ("Fri, 31 Feb 2026 08:50:37 GMT", None),
        ("Fri, 06 Nov 2026 24:50:37 GMT", None),
        ("Fri, 06 Nov 2026 08:50:61 GMT", None),
        ("Fri, 06 Foo 2026 08:50:37 GMT", None),
        ("Fri, 06 Nov 2026 08:50:37 CET", None),
        ("Fri, 06 Nov 2026 08:50:37", None),
        ("Fri Nov  6 08:50:37 CET 2026", None),
        ("06 Nov 08:50:37 CET 2026", None),
        ("Fri, 06 Nov +99999999999 08:50:37 GMT", None),
        ("Fri, 06 Nov 2026 08:50:37 GMT" + " " * 100 + "x", None),
        ("Fri, " * 100_000, None),
    ],
)
def test_parse_retry_after(value: str, expected: float | None) -> None:
    assert parse_retry_after(value, NOW) == expected


def test_a_date_is_compared_in_any_time_zone_and_rounded_up() -> None:
    elsewhere = (NOW + timedelta(milliseconds=1)).astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert parse_retry_after("Fri, 06 Nov 2026 08:50:37 GMT", elsewhere) == 60


@given(st.text())
def test_any_header_gives_a_bounded_wait_or_none(value: str) -> None:
    delay = parse_retry_after(value, NOW)
    assert delay is None or 0 <= delay <= 86_400


# What the vendor allows


@pytest.mark.parametrize(
    ("count", "seconds", "asked"),
    [
        pytest.param(1, 10, [(0, 0), (0, 10), (9.5, 0.5), (10, 0), (10, 10), (30, 0)], id="one at a time"),
        pytest.param(
            2, 10, [(0, 0), (4, 0), (5, 5), (10, 0), (11, 3), (14, 0), (14, 6)], id="each ends alone"
        ),
        pytest.param(3, 60, [(5, 0), (5, 0), (5, 0), (5, 60), (64, 1), (65, 0), (65, 0)], id="all at once"),
        pytest.param(2, 1, [(100, 0), (200, 0), (200, 0), (200.5, 0.5)], id="what wasn't used isn't saved"),
    ],
)
def test_an_allowance(count: int, seconds: float, asked: list[tuple[float, float]]) -> None:
    allowance = Allowance(count, seconds)
    assert [(now, allowance.take(now)) for now, _ in asked] == asked


def let_through(allowance: Allowance, moments: Sequence[float]) -> list[float]:
    return [now for now in moments if allowance.take(now) == 0]


moments = st.lists(st.floats(0, 300) | st.integers(0, 300), max_size=60).map(sorted)
windows = st.integers(1, 100) | st.floats(0.01, 100)


@given(count=st.integers(1, 8), seconds=windows, moments=moments)
def test_no_window_has_more_calls_than_are_allowed(count: int, seconds: float, moments: list[float]) -> None:
    sent = let_through(Allowance(count, seconds), moments)
    for first, beyond in zip(sent, sent[count:], strict=False):
        assert first + seconds <= beyond  # the window that begins with `first` is over


@given(count=st.integers(1, 8), seconds=windows, moments=moments)
def test_a_call_waits_only_where_all_are_used(count: int, seconds: float, moments: list[float]) -> None:
    allowance = Allowance(count, seconds)
    sent: list[float] = []
    for now in moments:
        recent = [one for one in sent if one + seconds > now]
        wait = allowance.take(now)
        assert (wait > 0) == (len(recent) == count)
        if wait:
            assert wait == recent[0] + seconds - now
        else:
            sent.append(now)


@given(
    count=st.integers(1, 8), seconds=st.integers(1, 100), starts=st.lists(st.integers(0, 300), max_size=30)
)
def test_whoever_waits_as_told_is_let_through(count: int, seconds: int, starts: list[int]) -> None:
    allowance = Allowance(count, seconds)
    now = 0.0
    for start in sorted(starts):
        now = max(now, start)
        wait = allowance.take(now)
        now += wait
        assert wait == 0 or allowance.take(now) == 0


@pytest.mark.parametrize("count", [1, 7, 100])
def test_threads_share_an_allowance(count: int) -> None:
    start = Barrier(8)

    def ask(allowance: Allowance) -> list[float]:
        start.wait(30)
        return [allowance.take(5) for _ in range(50)]

    for _ in range(20):  # chances for two of them to meet
        allowance = Allowance(count, 60)
        with ThreadPoolExecutor(8) as pool:
            waits = [wait for found in pool.map(ask, [allowance] * 8) for wait in found]
        assert sorted(waits) == [0] * count + [60] * (400 - count)
