"""An access token: when it is asked for and when not, what a hostile answer does, and what a refusal means."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.account import open_account
from connector.auth import OAuth2
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import (
    ConnectorError,
    Forbidden,
    InvalidRequest,
    NeedsReauth,
    RateLimited,
    StoreUnavailable,
    VendorError,
    VendorNotFound,
    VendorRefused,
    VendorUnavailable,
)
from connector.flow import Budget, Clock, Flow, Pause, Unbroken, Work
from connector.grant import read_grant
from connector.obtain import have_token
from connector.questions import Questions
from connector.redaction import Redaction
from connector.settings import Settings
from connector.tokens import LEASE, REFUSED_FOR, Granted, MemoryTokens, Owner
from connector.wire import Answer, Call
from tests.calling.issuing import AUTHS, REFRESH, Issuer, load_made, secrets_of, settings_of, told
from tests.calling.vendor import Reply

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BASIC, ROTATING = "oauth2_client_credentials", "oauth2_refresh"
each = pytest.mark.parametrize("style", AUTHS)


class Shelf(MemoryTokens):
    """What is kept; it fails to put as often as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.failing = 0

    def put(self, owner: Owner, version: int, granted: Granted) -> bool:
        if self.failing:
            self.failing -= 1
            raise StoreUnavailable("the disk is full")
        return super().put(owner, version, granted)


class World:
    """An account of the vendor; its clock moves when somebody waits, and by hand."""

    def __init__(
        self, folder: Path, style: str = BASIC, *, check: str = "{get: /check}", **issuer: Any
    ) -> None:
        self.loaded, self.style = load_made(folder, style, check), style
        self.issuer, self.shelf = Issuer(**issuer), Shelf()
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.time = 0.0
        self.clock = Clock(
            seconds=lambda: self.time, now=lambda: NOW + timedelta(seconds=self.time), random=lambda: 1.0
        )
        self.questions = self.asker()
        self.directory = Directory(self.questions, self.send, self.sleep)

    def asker(self) -> Questions:
        """What knows nothing but the shelf: another process."""
        opened = open_account(
            self.loaded,
            settings=settings_of(),
            secrets=secrets_of(self.style),
            account="acme",
            version=1,
            shelf=self.shelf,
        )
        return Questions(opened, Seal([b"k" * 32]), Settings(), self.clock)

    def token_flow(self, seconds: float = 20) -> Flow[Any]:
        """Another process has a token, within a question of so many seconds."""
        opened = self.asker().opened
        return flat(have_token(opened, opened.apis["main"], Budget(self.clock, seconds=seconds)))

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.issuer.send(call)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def ids(self, **asked: Any) -> list[str]:
        return [row.id for row in self.directory.list("users", **asked).result]

    @property
    def paths(self) -> list[str]:
        return [call.url.partition(".h")[2].partition("?")[0] for call in self.calls]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# When one is asked for


@each
def test_one_token_serves_many_calls_until_shortly_before_its_end(style: str, tmp_path: Path) -> None:
    world = World(tmp_path, style)
    world.ids()
    world.time = 3539.9
    world.directory.get("users", "ann")
    assert world.paths == ["/token", "/people", "/people", "/people", "/people/ann"]
    world.time = 3540
    world.directory.get("users", "ann")
    assert world.paths[5:] == ["/token", "/people/ann"]


@pytest.mark.parametrize(
    ("lives", "good", "over"), [(100, 89.9, 90), (10, 8.9, 9), (3600.0, 3539, 3540), (0, None, 0)]
)
def test_what_lives_shortly_is_used_for_nine_tenths(
    world: World, lives: float, good: float | None, over: float
) -> None:
    world.issuer.expires_in = lives
    world.directory.get("users", "ann")
    if good is not None:
        world.time = good
        world.directory.get("users", "ann")
    assert len(world.issuer.asked) == 1
    world.time = over
    world.directory.get("users", "ann")
    assert len(world.issuer.asked) == 2


@each
def test_without_an_end_it_is_used_until_it_is_refused(style: str, tmp_path: Path) -> None:
    world = World(tmp_path, style, expires_in=None)
    world.ids()
    world.time = 10**7
    world.ids()
    assert len(world.issuer.asked) == 1
    world.issuer.revoke()
    assert world.ids() == ["ann", "bea", "cem"]
    assert len(world.issuer.asked) == 2


def test_a_token_that_ends_in_the_middle_of_a_walk_is_replaced_and_the_walk_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    walk = world.directory.iterate("users", limit=1)
    found = [next(walk).id]
    world.time = 3600
    found.append(next(walk).id)
    world.issuer.revoke()
    found += [row.id for row in walk]
    assert found == ["ann", "bea", "cem"]
    assert [form["refresh_token"] for form in world.issuer.asked] == [
        REFRESH,
        "r1-rotated-0123456789",
        "r2-rotated-0123456789",
    ]


def test_another_process_uses_what_this_one_obtained(world: World) -> None:
    world.ids()
    assert Directory(world.asker(), world.send, world.sleep).get("users", "ann").row["id"] == "ann"
    assert len(world.issuer.asked) == 1


def test_what_another_account_obtained_is_not_used(world: World) -> None:
    world.ids()
    other = open_account(
        world.loaded, settings=settings_of(), secrets=secrets_of(BASIC), account="other", shelf=world.shelf
    )
    Directory(Questions(other, Seal([b"k" * 32]), Settings(), world.clock), world.send, world.sleep).get(
        "users", "ann"
    )
    assert len(world.issuer.asked) == 2


def test_two_store_less_accounts_share_nothing(world: World) -> None:
    for _ in range(2):
        opened = open_account(world.loaded, settings=settings_of(), secrets=secrets_of(BASIC))
        questions = Questions(opened, Seal([b"k" * 32]), Settings(), world.clock)
        Directory(questions, world.send, world.sleep).get("users", "ann")
    assert len(world.issuer.asked) == 2


# Where it is sent


@each
def test_credentials_go_to_the_tokens_address_alone_and_the_token_to_the_api_alone(
    style: str, tmp_path: Path
) -> None:
    world = World(tmp_path, style, rotates=True)
    world.ids()
    world.issuer.revoke()
    world.ids()
    secrets = [*secrets_of(style).values(), world.issuer.refresh]
    tokens = [f"a{n}-access-0123456789" for n in (1, 2)]
    for text in world.issuer.seen:
        shows = {
            form
            for form in Redaction.of(secrets if text.startswith("api.h") else tokens).forms
            if form in text
        }
        assert shows == set()
    assert {call.url.rpartition("/")[0] for call in world.calls if "token" in call.url} == {"https://login.h"}


# A refusal by the api


@each
def test_what_the_api_refuses_is_obtained_anew_and_sent_again_once(style: str, tmp_path: Path) -> None:
    world = World(tmp_path, style)
    world.ids()
    world.issuer.revoke()
    world.calls.clear()
    page = world.directory.list("users", limit=1, explain=True)
    assert world.paths == ["/people", "/token", "/people"]
    assert page.explain is not None
    assert [call.get("error") for call in page.explain["calls"]] == ["needs_reauth", None, None]


def test_what_the_api_refuses_again_needs_new_credentials(world: World) -> None:
    world.issuer.api_script = [Reply.json({"error": "no"}, 401)] * 9
    with pytest.raises(NeedsReauth):
        world.ids()
    assert world.paths == ["/token", "/people", "/token", "/people"]


def test_a_rule_of_the_connector_may_say_that_a_token_is_refused(world: World) -> None:
    world.issuer.api_script = [Reply.json({"error": "no token"}, 200)]
    assert world.ids() == ["ann", "bea", "cem"]
    assert world.paths[:4] == ["/token", "/people", "/token", "/people"]


def test_a_write_that_was_refused_with_401_is_sent_again(world: World) -> None:
    world.issuer.api_script = [Reply.json({}, 401)]
    assert world.directory.create("student_licenses", {"email": "a@h"}).row["transaction_id"] == "o1"
    assert [path for path, _ in world.issuer.came] == ["POST /orders"] * 2


def test_a_write_that_is_done_by_the_vendor_s_own_words_is_not_sent_again(world: World) -> None:
    world.issuer.api_script = [Reply.json({"id": "o1", "said": "done, but you may not see the rest"}, 401)]
    assert world.directory.create("student_licenses", {"email": "a@h"}).row["transaction_id"] == "o1"
    assert [path for path, _ in world.issuer.came] == ["POST /orders"]


def test_a_write_is_not_sent_again_for_what_a_rule_reads_into_another_status(world: World) -> None:
    world.issuer.api_script = [Reply.json({"error": "no token"}, 500)]
    with pytest.raises(NeedsReauth):
        world.directory.create("student_licenses", {"email": "a@h"})
    assert [path for path, _ in world.issuer.came] == ["POST /orders"]


def test_the_proxy_obtains_a_new_one_too_and_hides_the_token(world: World) -> None:
    world.directory.proxy("GET", "main/raw")
    world.issuer.revoke()
    answer = world.directory.proxy("GET", "main/raw")
    assert answer.status == 200
    world.issuer.api_script = [Reply(200, b"", {"X-Echo": f"{world.issuer.came[-1][1]}"})]
    assert world.directory.proxy("GET", "main/raw").headers["x-echo"] == "Bearer [redacted]"
    world.issuer.api_script = [Reply.json({}, 401)] * 2
    assert world.directory.proxy("GET", "main/raw").status == 401
    with pytest.raises(InvalidRequest, match="is not passed on"):
        world.directory.proxy("GET", "main/raw", headers={"Authorization": "Bearer x"})


def test_a_poll_whose_token_ended_goes_on_with_the_same_ticket(world: World) -> None:
    world.issuer.api_script = [
        Reply.json({"ticket": "t1"}),
        Reply.json({}, 202),
        Reply.json({"error": "over"}, 401),
    ]
    page = world.directory.list("main.slow")
    assert [row["id"] for row in page.rows] == ["dee"]
    assert world.paths == ["/token", "/submit", "/result/t1", "/result/t1", "/token", "/result/t1"]


# A refusal where tokens are given


def refusal(word: str, status: int = 400, **more: Any) -> Reply:
    return Reply.json({"error": word, **more}, status)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (
            refusal("invalid_grant", error_description="used up"),
            NeedsReauth,
            r"400: invalid_grant \(used up\)",
        ),
        (refusal("invalid_client", 401), NeedsReauth, "401: invalid_client"),
        (refusal("unauthorized_client"), NeedsReauth, "unauthorized_client"),
        (Reply(401, b"who?"), NeedsReauth, "401"),
        (refusal("invalid_grant", 200), NeedsReauth, "200: invalid_grant"),
        (refusal("access_denied", 403), Forbidden, "access_denied"),
        (Reply(403, b"<html>"), Forbidden, "403"),
        (refusal("invalid_scope"), VendorRefused, "invalid_scope"),
        (refusal("unheard_of"), VendorRefused, "unheard_of"),
        (Reply(404, b"{}"), VendorError, "404"),
        (Reply(302, b"", {"Location": "https://evil"}), VendorError, "302"),
        (Reply(200, b"<html>log in</html>"), VendorError, "HTML or XML"),
        (Reply(200, b"access_token=a-secret-token&token_type=bearer"), VendorError, "not JSON"),
        (Reply(200, b""), VendorError, "it is empty"),
        (Reply(200, b"[]"), VendorError, "expected an object, got list"),
        (Reply(200, b"[" * 100_000), VendorError, "not JSON"),
        (Reply(200, b"{}"), VendorError, "has no access_token"),
    ],
)
def test_why_there_is_no_token_is_told_apart(
    world: World, said: Reply, kind: type[ConnectorError], words: str
) -> None:
    world.issuer.script = [said]
    with pytest.raises(kind, match=words) as refused:
        world.ids()
    assert type(refused.value) is kind
    assert world.paths == ["/token"], "the api is left alone"
    assert "a-secret-token" not in told(refused.value)
    assert world.ids() if kind is not NeedsReauth else True, "another time it may be given"


GOOD: dict[str, Any] = {"access_token": "a-secret-token", "token_type": "Bearer", "expires_in": 60}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"access_token": None}, "access_token: expected"),
        ({"access_token": ""}, "access_token: expected"),
        ({"access_token": 7}, "access_token: expected"),
        ({"access_token": "a\r\nX-Other: b"}, "access_token: expected"),
        ({"access_token": "ä-secret-token"}, "access_token: expected"),
        ({"access_token": "a" * 16_385}, "access_token: expected"),
        ({"token_type": None}, "token_type: expected Bearer, got nothing"),
        ({"token_type": 1}, "token_type: expected Bearer, got number"),
        ({"token_type": "mac"}, "another one: mac"),
        ({"token_type": "a-secret-token"}, "another one$"),
        ({"expires_in": "3600"}, "expires_in: expected a number of seconds, got string"),
        ({"expires_in": True}, "expires_in: expected a number of seconds, got boolean"),
        ({"expires_in": -1}, "expires_in: it is negative"),
        ({"expires_in": 10**30}, "expires_in: it is negative, or longer"),
        ({"expires_in": 1e300}, "expires_in: it is negative, or longer"),
        ({"expires_in": 10**400}, "expires_in: it is negative, or longer"),
        ({"expires_in": []}, "expires_in: expected a number"),
    ],
)
def test_an_answer_that_is_not_what_it_should_be_gives_nothing(
    world: World, more: dict[str, Any], words: str
) -> None:
    world.issuer.script = [Reply.json({**GOOD, **more})]
    with pytest.raises(VendorError, match=words) as refused:
        world.ids()
    assert world.paths == ["/token"]
    assert "secret-token" not in told(refused.value).replace("\\u00e4", "")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(300, 4000).map(lambda digits: 10**digits)
    | st.floats()
    | st.text(max_size=8)
    | st.just("a-b"),
    lambda inner: st.lists(inner, max_size=3),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "access_token": st.just("tok-1") | JSON,
            "token_type": st.just("bearer") | JSON,
            "expires_in": st.integers(0, 9999) | JSON,
            "refresh_token": st.just("ref-1") | JSON,
            "error": st.just("invalid_grant") | JSON,
        },
    ),
    st.sampled_from([200, 201, 204, 302, 400, 401, 404, 429, 500]),
)
def test_whatever_is_answered_a_token_can_stand_in_a_header_or_an_error_of_ours_is_raised(
    rotating: World, body: dict[str, Any], status: int
) -> None:
    opened = rotating.questions.opened
    api = opened.apis["main"]
    auth = api.definition.auth
    assert isinstance(auth, OAuth2)
    assert api.token_url is not None
    sent = auth.request(api.token_url, api.values, rotating.clock.moment())
    answer = Answer(status, {}, json.dumps(body).encode())
    try:
        granted, failure = read_grant(opened, api, answer, sent, NOW)
    except VendorNotFound:
        pytest.fail("that would be read of what was asked for")
    except ConnectorError:
        return
    assert (granted.access is None) == (failure is not None)
    if granted.access is None:
        assert granted.refresh is not None
    else:
        assert status < 300
        assert granted.access.isascii()
        assert granted.access.isprintable()
        assert body["token_type"].lower() == "bearer"
    assert granted.expires_at is None or granted.expires_at >= NOW


@pytest.fixture(scope="module")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("mappings"), ROTATING)


def test_a_busy_vendor_is_asked_again_as_usual(world: World) -> None:
    world.issuer.script = [
        Reply(503, b""),
        Reply.json({"error": "slow_down"}, 429, **{"Retry-After": "7"}),
    ]
    assert world.ids() == ["ann", "bea", "cem"]
    assert world.waits == [0.5, 7.0]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Reply(503, b""), VendorUnavailable),
        (Reply(429, b""), RateLimited),
        (VendorUnavailable("cut off"), VendorUnavailable),
    ],
)
def test_a_vendor_that_stays_busy_is_told_as_such_and_not_remembered(
    world: World, said: Reply | Exception, kind: type[ConnectorError]
) -> None:
    world.issuer.script = [said] * 3
    with pytest.raises(kind):
        world.directory.create("student_licenses", {"email": "a@h"})
    assert world.paths == ["/token"] * 3, "and a write is known not to have been sent"
    assert world.ids() == ["ann", "bea", "cem"]


@pytest.mark.parametrize("said", [Reply(200, b"{}"), Reply(404, b"{}"), Reply(500, b"")])
def test_a_write_without_a_token_is_known_not_to_have_been_sent(world: World, said: Reply) -> None:
    world.issuer.script = [said] * 3
    with pytest.raises((VendorError, VendorUnavailable)) as failed:
        world.directory.create("student_licenses", {"email": "a@h"})
    assert failed.value.code != "write_outcome_unknown"
    assert world.issuer.came == []


def test_a_refusal_is_believed_for_a_minute_by_everyone(world: World) -> None:
    world.issuer.script = [refusal("invalid_client", 401)]
    with pytest.raises(NeedsReauth):
        world.ids()
    other = Directory(world.asker(), world.send, world.sleep)
    world.time = REFUSED_FOR.total_seconds() - 1
    for directory in (world.directory, other):
        with pytest.raises(NeedsReauth, match="invalid_client"):
            directory.get("users", "ann")
    assert len(world.issuer.asked) == 1
    world.time += 1
    other.get("users", "ann")
    assert len(world.issuer.asked) == 2


def test_a_check_obtains_a_token_whatever_is_kept(world: World) -> None:
    world.issuer.script = [refusal("invalid_client", 401)]
    with pytest.raises(NeedsReauth):
        world.ids()
    assert world.directory.check() == {"main": "ok"}
    world.calls.clear()
    assert world.directory.check() == {"main": "ok"}
    assert world.paths == ["/token", "/check"]


def test_a_check_without_a_call_says_that_a_token_was_obtained(tmp_path: Path) -> None:
    world = World(tmp_path, BASIC, check="none")
    assert world.directory.check() == {"main": "no check, but an access token was obtained"}
    assert world.paths == ["/token"]


def test_an_examination_obtains_a_token_first_and_shows_none(world: World) -> None:
    world.issuer.script = [refusal("invalid_client", 401)] * 2
    for _ in range(2):  # a refusal that is remembered isn't believed
        (found,) = world.directory.examine().apis
        assert [(one.name, one.state) for one in found.tried] == [
            ("access token", "failed"),
            ("connection check", "not_tried"),
        ]
        assert found.verdict == "needs_reauth"
    world.issuer.api_script = [Reply.json({"error": "a3-access-0123456789"}, 400)]
    (found,) = world.directory.examine().apis
    assert [one.state for one in found.tried] == ["ok", "failed"]
    assert "access-0123" not in json.dumps(world.directory.examine().to_dict())
    assert len(world.issuer.asked) == 4


# Refresh tokens that are replaced


def test_a_refresh_token_that_came_with_an_unusable_answer_is_not_lost(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True, says={"token_type": "mac"})
    with pytest.raises(VendorError, match="token_type"):
        world.ids()
    world.issuer.says = {}
    assert world.ids() == ["ann", "bea", "cem"]


def test_a_refresh_token_that_came_with_an_endless_life_is_not_lost(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True, expires_in=10**400)
    with pytest.raises(VendorError, match="expires_in"):
        world.ids()
    world.issuer.expires_in = 60
    assert world.ids() == ["ann", "bea", "cem"]
    assert [form["refresh_token"] for form in world.issuer.asked] == [REFRESH, "r1-rotated-0123456789"]


def test_what_fails_otherwise_than_it_should_bars_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("connector.obtain.read_grant", fail)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            world.ids()
    assert Directory(world.asker(), world.send, world.sleep).get("users", "ann").row["id"] == "ann"
    assert world.waits == []


@pytest.mark.parametrize("wrong", ["", 7, [], "a b"])
def test_a_refresh_token_that_can_not_be_one_is_an_error_that_says_what_may_follow(
    tmp_path: Path, wrong: Any
) -> None:
    world = World(tmp_path, ROTATING)
    world.issuer.script = [Reply.json({**GOOD, "refresh_token": wrong})]
    with pytest.raises(VendorError, match="refresh_token: expected"):
        world.ids()
    assert world.issuer.came == []


def test_a_refresh_token_is_ignored_where_none_was_sent(world: World) -> None:
    world.issuer.says = {"refresh_token": 7}
    assert world.ids() == ["ann", "bea", "cem"]


def test_where_it_can_not_be_stored_that_is_told_and_done_with_the_next_call(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    world.shelf.failing = 4
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="replaced the refresh token") as failed:
            world.ids()
        assert "credentials must be entered again" in str(failed.value)
        assert "rotated" not in told(failed.value).replace("r1-rotated", "rotated!")
    assert world.issuer.came == [], "the token isn't used before what was replaced is stored"
    assert world.ids() == ["ann", "bea", "cem"]
    assert len(world.issuer.asked) == 1
    world.time = 3600
    assert world.ids() == ["ann", "bea", "cem"], "the one that was stored late is good"


@pytest.mark.parametrize(("failing", "waits"), [(1, [0.5]), (2, [0.5, 2.0])])
def test_where_it_can_be_stored_a_little_later_nobody_is_bothered(
    failing: int, waits: list[float], tmp_path: Path
) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    world.shelf.failing = failing
    assert world.ids() == ["ann", "bea", "cem"]
    assert world.waits == waits
    assert len(world.issuer.asked) == 1


def test_it_is_not_tried_again_beyond_the_turn(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)

    def pass_by() -> None:
        world.time += LEASE.total_seconds() - 0.5

    world.issuer.before = pass_by
    world.shelf.failing = 1
    with pytest.raises(StoreUnavailable):
        world.ids()
    assert world.waits == []


def test_an_access_token_alone_is_obtained_again_instead(world: World) -> None:
    world.shelf.failing = 1
    with pytest.raises(StoreUnavailable, match="disk is full"):
        world.ids()
    assert world.waits == []


def test_before_all_is_closed_it_is_tried_once_more(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    world.shelf.failing = 4
    with pytest.raises(StoreUnavailable):
        world.ids()
    opened = world.questions.opened
    with pytest.raises(StoreUnavailable, match="replaced the refresh token") as failed:
        opened.save_tokens()
    assert failed.value.hint == "nothing has the new one any more: enter the account's credentials again"
    opened.save_tokens()
    opened.save_tokens()
    assert Directory(world.asker(), world.send, world.sleep).get("users", "ann").row["id"] == "ann"
    assert len(world.issuer.asked) == 1


def test_one_who_goes_away_has_stored_what_was_replaced(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    flow = flat(world.questions.list("users"))
    step: Any = next(flow)
    while not (isinstance(step, Call)):
        step = flow.send(step.run() if isinstance(step, Work) else None)
    step = flow.send(world.send(step))
    assert isinstance(step, Work)
    flow.close()
    assert world.ids() == ["ann", "bea", "cem"]
    assert len(world.issuer.asked) == 1


@pytest.mark.parametrize(("left", "deadline"), [(0.2, 30), (20, 30)])
def test_what_replaces_a_refresh_token_is_waited_for_whatever_time_the_question_has(
    tmp_path: Path, left: float, deadline: float
) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    call = steps(world.token_flow(left), world, is_call)
    assert (call.timeout, call.deadline) == (10, deadline)
    assert call.deadline < LEASE.total_seconds(), "the turn is its own as long"


def test_what_replaces_nothing_has_the_time_of_the_question(world: World) -> None:
    call = steps(world.token_flow(0.2), world, is_call)
    assert (call.timeout, call.deadline) == (0.2, 0.2)


def test_without_any_time_none_is_asked_for_and_the_refresh_token_stays_good(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)
    world.ids()
    world.issuer.revoke()
    send = world.send

    def slow(call: Call) -> Answer:
        world.time += 20
        return send(call)

    with pytest.raises(VendorUnavailable, match="no time is left to obtain") as failed:
        Directory(world.questions, slow, world.sleep).get("users", "ann")
    assert not failed.value.sent
    assert len(world.issuer.asked) == 1
    assert world.ids() == ["ann", "bea", "cem"]


def test_a_write_is_not_sent_where_its_token_took_all_the_time(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING, rotates=True)

    def pass_by() -> None:
        world.time += 25

    world.issuer.before = pass_by
    with pytest.raises(VendorUnavailable, match="no time is left for the call") as failed:
        world.directory.create("student_licenses", {"email": "a@h"})
    assert not failed.value.sent
    assert world.issuer.came == []
    assert world.directory.create("student_licenses", {"email": "a@h"}).row["transaction_id"] == "o1"
    assert len(world.issuer.asked) == 1


# One asker at a time


def flat(flow: Flow[Any]) -> Flow[Any]:
    """A flow, with the steps of what is unbroken in it as its own: what interrupts them is our own end."""
    reply: Any = None
    failed: ConnectorError | None = None
    with closing(flow):
        while True:
            try:
                step = flow.throw(failed) if failed else flow.send(reply)
            except StopIteration as done:
                return done.value
            reply = failed = None
            try:
                reply = (yield from flat(step.flow)) if isinstance(step, Unbroken) else (yield step)
            except ConnectorError as error:
                failed = error


def steps(flow: Any, world: World, until: Callable[[Any], bool]) -> Any:
    """Goes on with a flow until a step that is looked for, which is not done yet."""
    step = next(flow)
    while not until(step):
        step = flow.send(step.run() if isinstance(step, Work) else world.send(step))
    return step


def call_after(flow: Any, reply: Any) -> Call:
    """The next call that a flow makes when it is told this."""
    step = flow.send(reply)
    while not isinstance(step, Call):
        step = flow.send(step.run() if isinstance(step, Work) else None)
    return step


def outcome(flow: Any, reply: Any) -> Any:
    """What a flow comes to that is told this and makes no other call."""
    while True:
        try:
            step = flow.send(reply)
        except StopIteration as done:
            return done.value
        assert not isinstance(step, Call)
        reply = step.run() if isinstance(step, Work) else None


def is_call(step: Any) -> bool:
    return isinstance(step, Call)


def test_while_one_obtains_it_the_others_wait_and_use_it(world: World) -> None:
    first, second = world.asker(), world.asker()
    one, other = first.get("users", "ann"), second.get("users", "ann")
    asking = steps(one, world, is_call)
    assert isinstance(steps(other, world, lambda step: isinstance(step, Pause)), Pause)
    call_after(one, world.send(asking))
    step = call_after(other, None)
    assert step.headers["Authorization"] == "Bearer a1-access-0123456789"
    assert len(world.issuer.asked) == 1


def test_who_waits_too_long_is_told_that_nothing_was_sent(world: World) -> None:
    holding = world.asker().get("users", "ann")
    steps(holding, world, is_call)
    with pytest.raises(VendorUnavailable, match="another one is obtaining") as failed:
        world.directory.create("student_licenses", {"email": "a@h"})
    assert not failed.value.sent
    assert world.issuer.came == []
    holding.close()
    assert world.ids() == ["ann", "bea", "cem"], "whose asker went away is another's turn at once"


@pytest.mark.parametrize(
    ("began", "waits", "retry_after"),
    [(1, 9.5, 29.5), (9, 1.5, 29.5), (10, 0.5, 29.5), (15, 0.0, 25.0)],
)
def test_who_is_likely_dead_is_not_waited_for_where_its_turn_outlasts_the_question(
    began: float, waits: float, retry_after: float, world: World
) -> None:
    holding = world.asker().get("users", "ann")
    steps(holding, world, is_call)
    world.time = began
    with pytest.raises(VendorUnavailable, match="for longer than this question has time") as failed:
        world.ids()
    assert (sum(world.waits), failed.value.retry_after) == (waits, retry_after)
    world.time += retry_after
    assert world.ids() == ["ann", "bea", "cem"]


@pytest.mark.parametrize("began", [21, 30, 39.9])
def test_who_is_likely_dead_is_waited_for_where_its_turn_ends_in_time(began: float, world: World) -> None:
    holding = world.asker().get("users", "ann")
    steps(holding, world, is_call)
    world.time = began
    assert world.ids() == ["ann", "bea", "cem"]
    assert world.time - LEASE.total_seconds() <= 0.5


def test_who_died_is_waited_for_no_longer_than_a_lease(world: World) -> None:
    holding = world.asker().get("users", "ann")
    steps(holding, world, is_call)
    world.time = LEASE.total_seconds()
    assert world.ids() == ["ann", "bea", "cem"]


def test_who_is_late_does_not_overwrite_and_uses_the_newer_one(tmp_path: Path) -> None:
    world = World(tmp_path, ROTATING)
    late = world.token_flow()
    asking = steps(late, world, is_call)
    answer = world.send(asking)
    world.time = LEASE.total_seconds()
    world.ids()
    assert outcome(late, answer).access == "a2-access-0123456789"


def test_a_refusal_does_not_overwrite_what_another_one_obtained_meanwhile(tmp_path: Path) -> None:
    """Whose turn was over asked first: the vendor has thrown the refresh token away that the next one sends."""
    world = World(tmp_path, ROTATING, rotates=True)
    first = world.token_flow()
    answer = world.send(steps(first, world, is_call))
    world.time = LEASE.total_seconds()
    second = world.token_flow()
    refused = world.send(steps(second, world, is_call))
    assert refused.status == 400
    outcome(first, answer)
    assert outcome(second, refused).access == "a1-access-0123456789"


def test_a_clock_that_is_ahead_costs_a_call_and_bars_nobody(world: World) -> None:
    """Its token is used until it is refused, and its turn is not believed."""
    world.time = 86_400
    ahead = world.asker()
    Directory(ahead, world.send, world.sleep).get("users", "ann")
    world.time = 0
    world.issuer.revoke()
    assert world.ids() == ["ann", "bea", "cem"]
    world.time = 86_400
    world.issuer.revoke()
    dying = ahead.get("users", "ann")
    steps(dying, world, lambda step: isinstance(step, Call) and "token" in step.url)
    world.time = 0
    world.issuer.revoke()
    assert world.ids() == ["ann", "bea", "cem"]


# Nothing shows


@each
def test_no_token_shows_in_what_is_told(style: str, tmp_path: Path) -> None:
    world = World(tmp_path, style, rotates=True)
    page = world.directory.list("users", limit=1, explain=True)
    own = [part for text in secrets_of(style).values() for part in text.splitlines() if "-----" not in part]
    hidden = ["a1-access-0123456789", *own, *([world.issuer.refresh] if style == ROTATING else [])]
    world.issuer.api_script = [
        Reply.json({"error": "bad", "echo": world.issuer.came[-1][1], "all": world.issuer.seen}, 400)
    ]
    with pytest.raises(VendorRefused) as refused:
        world.directory.get("users", "ann")
    world.time = 3600
    world.issuer.script = [
        refusal(
            "invalid_grant",
            error_description=" ".join(hidden),
        )
    ]
    with pytest.raises(NeedsReauth) as needed:
        world.directory.get("users", "ann")
    shown = [
        json.dumps(page.to_dict()),
        told(refused.value),
        told(needed.value),
        f"{world.questions!r} {world.questions.opened!r} {world.questions.opened.apis['main'].tokens!r}",
        repr(world.calls),
        repr([kept.refusal for kept in world.shelf._kept.values()]),
    ]
    assert "invalid_grant" in shown[-1]
    forms = Redaction.of(hidden).forms
    assert [text for text in shown if any(form in text for form in forms)] == []


@pytest.mark.parametrize("at", range(20))
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(("before", "cut"), [("", 60), ('{"all": "', 2000)], ids=["not JSON", "JSON"])
def test_no_half_of_a_token_shows_where_an_answer_is_cut(
    at: int, status: int, before: str, cut: int, tmp_path: Path
) -> None:
    """Nor of one that the call was not sent with."""
    world = World(tmp_path, ROTATING, rotates=True)
    world.ids()
    text = before + "x" * (cut - len(before) - at) + world.issuer.refresh + "y" * 2000
    world.issuer.api_script = [Reply(status, (text + '"}' if before else text).encode())]
    with pytest.raises(ConnectorError) as failed:
        world.directory.get("users", "ann")
    assert "r1-" not in told(failed.value)


def test_a_dry_run_shows_a_mask_and_has_no_way_to_the_network(world: World) -> None:
    plan = world.directory.plan("create", "student_licenses", {"email": "a@h"})
    assert plan.headers["Authorization"] == "Bearer ***"
    assert (
        plan.to_dict()["first"]
        == "unless one is at hand, an access token would be obtained at https://login.h/token"
    )
    assert world.calls == []


def test_an_api_without_tokens_needs_none(tmp_path: Path) -> None:
    world = World(tmp_path, '{style: bearer, token: "{secrets.secret}"}')
    opened = world.questions.opened
    api = opened.apis["main"]
    flow = have_token(opened, api, Budget(world.clock))
    with pytest.raises(StopIteration) as done:
        next(flow)
    assert done.value.value is None
    assert api.token_url is None
