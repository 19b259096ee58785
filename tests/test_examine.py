"""Examining an account: every way to fail is a finding in the vendor's words, and no call is made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import AsyncDirectory, Directory
from connector.errors import (
    ConfigurationInvalid,
    ConnectorError,
    EgressRefused,
    StoreUnavailable,
    VendorError,
    VendorUnavailable,
)
from connector.examine import Examination, Tried, Unseen
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call
from tests.calling.queued import said

KEY = "key-0123456789"
CONNECTOR = """\
connector: made
label: Made
unified: {users: [one.people]}
apis:
  one:
    label: The first
    scope: "site {settings.site:text}"
    settings: {site: {label: Site, default: north}}
    secrets: {key: {label: Key}}
    base_url: https://one.example
    auth: {style: header, header: api-key, value: "{secrets.key}"}
    check: {get: /check}
    membership: on_user
    rate: {budget: 1/s}
    errors:
      - {when: {status: 403}, is: forbidden, message: $.error, hint: ask for it}
      - {when: {status: 200, body: binary}, is: vendor_error, hint: turn encryption off}
    probes:
      - {name: sites, get: /sites, records: "$.rows[*]", shows: "$.rows[*].name", needs: the right to sites, without: nothing}
      - {name: people, get: /people, query: {fields: "{columns}"}, records: "$.rows[*]", columns_of: people, needs: the right to people, without: no users}
      - {name: log, get: /log, optional: true, needs: the right to the log, without: no log}
    tells: [who is there]
    cannot: [who was there]
    resources:
      people:
        key: $.id
        always: [$.id]
        columns: {login: $.login, boss: $.boss.id, job: "$['job title']", sites: $.sites, unread: $.unread}
        list: {get: /people, query: {fields: "{columns}"}, records: "$.rows[*]", paging: {style: none}}
  two:
    secrets: {other: {label: Key}}
    base_url: https://two.example
    auth: {style: bearer, token: "{secrets.other}"}
    check: {get: /check}
    resources: {}
  three:
    secrets: {third: {label: Key}}
    base_url: https://three.example
    auth: {style: bearer, token: "{secrets.third}"}
    check: none
    cannot: [whether the key is right]
    resources: {}
"""
PEOPLE = """\
source: one.people
unified: users
fields:
  id: $.id
  username: $.login
  title: "$['job title']"
  name: {first_of: [$.login, "$['job title']"]}
  status: {path: $.boss.id, values: {b: active}}
  groups: {each: "$.sites[*]", item: {id: $.id, name: $.login}}
  phones: null
"""
SECRETS = {"one.key": KEY, "two.other": f"{KEY}-other", "three.third": f"{KEY}-third"}
PERSON = {"id": "1", "login": "ada", "boss": {"id": "b"}, "job title": "Head", "sites": []}
FINE: dict[str, Any] = {
    "https://one.example/sites": said({"rows": [{"name": "North"}, {"name": 7}, {"name": KEY}]}),
    "https://one.example/people": said({"rows": [PERSON]}),
    "https://one.example/log": said({}),
    "https://one.example/check": said({}),
    "https://two.example/check": said({}),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return write(tmp_path_factory.mktemp("mappings"))


def write(folder: Path, text: str = CONNECTOR, people: str = PEOPLE) -> Loaded:
    home = folder / "made"
    home.mkdir()
    (home / "one.people.yaml").write_text(people)
    (home / "connector.yaml").write_text(text)
    return Catalog([folder]).load("made")


class World:
    """One account of the vendor, which answers each address with this, and otherwise as if all were well."""

    def __init__(self, loaded: Loaded, answers: Mapping[str, Any] | None = None) -> None:
        self.answers = {**FINE, **(answers or {})}
        self.sent: list[Call] = []
        self.time = 0.0
        clock = replace(Clock(), seconds=lambda: self.time)
        opened = open_account(loaded, settings={}, secrets=SECRETS, account="one")
        self.questions = Questions(opened, Seal([b"k" * 32]), Settings(), clock)

    def examine(self) -> Examination:
        return Directory(self.questions, self.send, self.sleep).examine()

    def check(self) -> dict[str, str]:
        return Directory(self.questions, self.send, self.sleep).check()

    def send(self, call: Call) -> Answer:
        self.sent.append(call)
        found = self.answers[call.url.partition("?")[0]]
        if isinstance(found, ConnectorError):
            raise found
        assert isinstance(found, Answer)
        return found

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    @property
    def asked(self) -> list[str]:
        return [call.url.partition("?")[0].removeprefix("https://") for call in self.sent]


def states(found: Examination) -> dict[str, dict[str, str]]:
    return {api.api: {one.name: one.state for one in api.tried} for api in found.apis}


def tried(found: Examination, name: str) -> Tried:
    return next(one for api in found.apis for one in api.tried if one.name == name)


def test_an_account_that_is_well(loaded: Loaded) -> None:
    world = World(loaded)
    found = world.examine()
    assert found.verdict == "healthy"
    assert [api.verdict for api in found.apis] == ["healthy", "healthy", "not_checked"]
    assert states(found) == {
        "one": {"sites": "ok", "people": "ok", "log": "ok"},
        "two": {"connection check": "ok"},
        "three": {},
    }
    first = found.apis[0]
    assert (first.label, first.address, first.scope) == ("The first", "https://one.example:443", "site north")
    assert (first.tells, first.cannot) == (("who is there",), ("who was there",))
    assert tried(found, "sites").shows == ("North", "[redacted]")
    assert tried(found, "sites").count == 3
    assert len(world.sent) == 4, "each call once"


def test_what_a_mapping_never_fills_is_told(loaded: Loaded) -> None:
    unfilled = World(loaded).examine().apis[0].unfilled
    assert set(unfilled) == {"users"}
    assert {"phones", "emails", "roles", "created_at"} <= set(unfilled["users"])
    assert not {"id", "title", "groups", "status", "status_detail", "custom_fields"} & set(unfilled["users"])


@pytest.mark.parametrize(("side", "is_known"), [("on_user", False), ("on_group", True), (None, False)])
def test_groups_that_stand_elsewhere_are_filled(tmp_path: Path, side: str | None, is_known: bool) -> None:
    text = CONNECTOR.replace("membership: on_user", f"membership: {side}" if side else "headers: {}")
    loaded = write(tmp_path, text, PEOPLE.partition("  groups:")[0])
    unfilled = World(loaded).examine().apis[0].unfilled["users"]
    assert ("groups" not in unfilled) == is_known


def test_a_column_that_came_on_no_record_is_told_with_what_rests_on_it(loaded: Loaded) -> None:
    world = World(
        loaded, {"https://one.example/people": said({"rows": [{"id": "1", "login": "x", "boss": None}, {"id": "2", "sites": None}]})}
    )  # fmt: skip
    found = world.examine()
    assert tried(found, "people").unseen == (Unseen("boss", ("status",)), Unseen("job", ("title", "name")))
    assert found.verdict == "healthy"
    assert "fields=login%2Cboss%2Cjob%2Csites" in world.sent[1].url, (
        "what the mapping does not read is not asked for"
    )


def test_of_nobody_no_column_can_be_told(loaded: Loaded) -> None:
    nobody = said({"rows": []})
    found = World(
        loaded, {"https://one.example/people": nobody, "https://one.example/sites": nobody}
    ).examine()
    assert (found.verdict, tried(found, "people").state, tried(found, "people").count) == ("healthy", "ok", 0)
    assert (tried(found, "sites").shows, tried(found, "people").unseen) == ((), ())


EMPTY = Answer(204, {}, b"")
NOTHING: tuple[Any, ...] = ({}, {"rows": None}, [], 7, None, "", {"rows": {"a": 1}}, {"rows": [7, None]})


@pytest.mark.parametrize("answer", [*map(said, NOTHING), EMPTY, Answer(200, {}, b" \n")])
def test_an_answer_without_the_records_that_it_should_have_proves_nothing(
    loaded: Loaded, answer: Answer
) -> None:
    found = World(loaded, {"https://one.example/people": answer}).examine()
    assert found.verdict == "lacking"
    one = tried(found, "people")
    assert (one.state, one.code, one.count) == ("failed", "vendor_error", None)
    assert str(one.message).startswith("made: GET https://one.example/people, call 1: the ")


@pytest.mark.parametrize("body", [{}, {"rows": None}, [], 7, None])
def test_what_should_show_what_the_credentials_reach_and_shows_no_list_fails(
    tmp_path: Path, body: Any
) -> None:
    loaded = write(
        tmp_path, CONNECTOR.replace('get: /sites, records: "$.rows[*]", shows', "get: /sites, shows")
    )
    one = tried(World(loaded, {"https://one.example/sites": said(body)}).examine(), "sites")
    assert (one.state, one.code) == ("failed", "vendor_error")
    assert "the answer has no list at $.rows[*].name" in str(one.message)


def test_an_empty_answer_proves_something_only_where_the_connector_says_so(tmp_path: Path) -> None:
    answers = {"https://one.example/log": EMPTY, "https://two.example/check": EMPTY}
    mute = World(write(tmp_path), answers)
    found = mute.examine()
    assert [tried(found, name).code for name in ("log", "connection check")] == ["vendor_error"] * 2
    assert "the answer is empty" in str(tried(found, "log").message)
    assert found.verdict == "lacking"
    with pytest.raises(VendorError, match="the answer is empty"):
        mute.check()
    text = CONNECTOR.replace("get: /log,", "get: /log, expect: {body: empty},").replace(
        "check: {get: /check}", "check: {get: /check, expect: {status: 204, body: empty}}"
    )
    (tmp_path / "quiet").mkdir()
    quiet = write(tmp_path / "quiet", text)
    answers["https://one.example/check"] = EMPTY
    assert World(quiet, answers).examine().verdict == "healthy"
    assert World(quiet, answers).check()["two"] == "ok"
    talks = World(quiet, {"https://two.example/check": said({})}).examine()
    assert tried(talks, "connection check").state == "failed"


@pytest.mark.parametrize(
    ("body", "state", "count"),
    [
        ({"all": 130, "rows": [PERSON]}, "ok", 130),
        ({"all": 0}, "ok", 0),
        ({"all": 5}, "failed", None),
        ({"all": 0, "rows": None}, "failed", None),
        ({"all": "5", "rows": [PERSON]}, "failed", None),
        ({"rows": [PERSON]}, "failed", None),
        ({}, "failed", None),
    ],
)
def test_records_may_be_missing_only_where_their_total_is_none(
    tmp_path: Path, body: Any, state: str, count: int | None
) -> None:
    text = CONNECTOR.replace("columns_of: people, needs", "total: $.all, columns_of: people, needs")
    one = tried(World(write(tmp_path, text), {"https://one.example/people": said(body)}).examine(), "people")
    assert (one.state, one.count) == (state, count)


@pytest.mark.parametrize("body", [{}, None, [], {"rows": None}])
def test_a_check_with_records_is_believed_only_with_them(tmp_path: Path, body: Any) -> None:
    text = CONNECTOR.replace("check: {get: /check}", 'check: {get: /check, records: "$.rows[*]"}')
    loaded = write(tmp_path, text)
    answers = {f"https://{api}.example/check": said({"rows": []}) for api in ("one", "two")}
    assert World(loaded, answers).check()["two"] == "ok"
    with pytest.raises(VendorError, match="records at"):
        World(loaded, {**answers, "https://two.example/check": said(body)}).check()


REFUSED = said({"error": f"no right to this for {KEY}"}, 403)


def test_what_the_credentials_lack_is_told_in_the_vendor_s_words(loaded: Loaded) -> None:
    world = World(loaded, {"https://one.example/people": REFUSED})
    found = world.examine()
    assert found.verdict == "lacking"
    assert [api.verdict for api in found.apis] == ["lacking", "healthy", "not_checked"]
    one = tried(found, "people")
    assert (one.state, one.code, one.needs, one.without) == (
        "lacking",
        "forbidden",
        "the right to people",
        "no users",
    )
    assert (
        one.message
        == "made: GET https://one.example/people answered 403 Forbidden: no right to this for [redacted]"
    )
    assert one.hint == "ask for it"
    assert world.asked.count("one.example/people") == 1
    assert tried(found, "log").state == "ok", "one right that lacks says nothing of the next"
    assert KEY not in found.to_json().decode()


def test_an_account_is_well_without_what_is_optional(loaded: Loaded) -> None:
    found = World(loaded, {"https://one.example/log": REFUSED}).examine()
    assert tried(found, "log").state == "lacking"
    assert found.verdict == "healthy"


CUT = VendorUnavailable("made: nobody answers", sent=False)


@pytest.mark.parametrize(
    ("answer", "state", "code", "verdict", "goes_on"),
    [
        (REFUSED, "lacking", "forbidden", "lacking", True),
        (said({"error": "who are you"}, 401), "failed", "needs_reauth", "needs_reauth", False),
        (said({}, 404), "failed", "not_found", "lacking", True),
        (said({}, 400), "failed", "invalid_request", "lacking", True),
        (said({}, 429), "failed", "rate_limited", "unavailable", False),
        (said({}, 503), "failed", "vendor_unavailable", "unavailable", True),
        (CUT, "failed", "vendor_unavailable", "unavailable", False),
        (VendorUnavailable("made: TLS failed: certificate has expired"), "failed", "vendor_unavailable", "unavailable", False),
        (EgressRefused("made: 10.0.0.1 may not be called", hint="CONNECTOR_ALLOW_NETWORKS=10.0.0.1"), "failed", "egress_refused", "lacking", False),
        (Answer(200, {"content-type": "text/html"}, b"<html>log in</html>"), "failed", "vendor_error", "lacking", True),
        (Answer(200, {}, b"\xff\xfe\x00encrypted"), "failed", "vendor_error", "lacking", True),
        (Answer(302, {"location": "https://evil.example"}), "failed", "vendor_error", "lacking", True),
    ],
)  # fmt: skip
def test_every_failure_is_a_finding_and_every_api_is_examined(
    loaded: Loaded, answer: Any, state: str, code: str, verdict: str, goes_on: bool
) -> None:
    world = World(loaded, {"https://one.example/sites": answer})
    found = world.examine()
    one = tried(found, "sites")
    assert (one.state, one.code, found.verdict) == (state, code, verdict)
    assert one.message
    rest = "ok" if goes_on else "not_tried"
    assert (tried(found, "people").state, tried(found, "log").state) == (rest, rest)
    assert tried(found, "connection check").state == "ok"
    assert len(world.asked) == len(set(world.asked)), "each call once"


def test_what_only_an_optional_call_met_counts_where_it_kept_the_rest_from_being_tried(
    tmp_path: Path,
) -> None:
    text = CONNECTOR.replace("{name: sites, get: /sites,", "{name: sites, optional: true, get: /sites,")
    world = World(write(tmp_path, text), {"https://one.example/sites": said({}, 401)})
    assert world.examine().verdict == "needs_reauth"


@pytest.mark.parametrize(
    ("one", "two", "verdict"),
    [(401, 503, "lacking"), (401, 401, "needs_reauth"), (503, 429, "unavailable"), (503, 403, "lacking"), (200, 401, "needs_reauth")],
)  # fmt: skip
def test_two_kinds_of_failure_are_something_that_lacks(
    loaded: Loaded, one: int, two: int, verdict: str
) -> None:
    answers = {
        "https://one.example/sites": said({"rows": []}, one),
        "https://two.example/check": said({}, two),
    }
    assert World(loaded, answers).examine().verdict == verdict


def test_what_fails_of_ours_is_no_finding(loaded: Loaded) -> None:
    with pytest.raises(StoreUnavailable):
        World(loaded, {"https://one.example/sites": StoreUnavailable("the database is locked")}).examine()


def test_a_token_that_was_obtained_is_hidden_too(tmp_path: Path) -> None:
    auth = '{style: bearer, token: "{secrets.other}"}'
    oauth = '{style: oauth2_client_credentials, token_url: https://two.example/token, client_id: us, client_secret: "{secrets.other}"}'
    token = "obtained-token-0123456789"
    answers = {
        "https://two.example/token": said({"access_token": token, "token_type": "Bearer", "expires_in": 600}),
        "https://two.example/check": said({"error": f"{token} may not"}, 403),
        "https://one.example/sites": said({"rows": [{"name": token}]}),
    }
    text = CONNECTOR.replace(auth, oauth).replace(
        "resources: {}",
        "errors: [{when: {status: 403}, is: forbidden, message: $.error}]\n    resources: {}",
        1,
    )
    found = World(write(tmp_path, text), answers).examine()
    assert "[redacted] may not" in str(tried(found, "connection check").message)
    assert token not in str(tried(found, "connection check"))


def test_calls_are_paced_as_the_vendor_allows(loaded: Loaded) -> None:
    world = World(loaded)
    world.examine()
    assert world.time > 0


def test_a_hostile_vendor_fills_no_screen(loaded: Loaded) -> None:
    many = said({"rows": [{"name": "x" * 10_000} for _ in range(1_000)]})
    shown = tried(World(loaded, {"https://one.example/sites": many}).examine(), "sites").shows
    assert len(shown) <= 50
    assert max(map(len, shown)) <= 200


def test_awaited(loaded: Loaded) -> None:
    world = World(loaded)

    async def send(call: Call) -> Answer:
        return world.send(call)

    async def sleep(seconds: float) -> None:
        world.sleep(seconds)

    async def run() -> Examination:
        return await AsyncDirectory(world.questions, send, sleep).examine()

    assert asyncio.run(run()) == World(loaded).examine()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("get: /log, optional: true", "post: /log, effect: write, optional: true", "a probe only reads"),
        ("get: /log, optional: true", "get: /log, effect: write", "a probe only reads"),
        ("name: log,", "name: people,", "two probes are named 'people'"),
        ("columns_of: people,", "columns_of: peple,", "no resource of this api with `columns`; there are: people"),
        ('records: "$.rows[*]", columns_of', "columns_of", "`columns_of` needs `records`"),
        ("columns_of: people, ", "", "nothing fills the hole {columns}"),
        ('query: {fields: "{columns}"}, records: "$.rows[*]", columns_of', 'records: "$.rows[*]", columns_of', "nothing sends {columns}"),
        ("get: /log,", "get: /log, total: $.all,", "`total` is of `records`"),
        ("get: /log,", "get: '/log/{secrets.key}',", "can't stand where it is shown or logged"),
        ("get: /log,", "get: '/log/{id}',", "nothing fills the hole {id}"),
        ("get: /log,", "exchange: command, effect: read,", "no such exchange"),
        ("without: no log}", "without: no log, give: {x: y}}", "this call names no exchange"),
        (", without: no log}", "}", "without"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_loaded(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in CONNECTOR
    with pytest.raises(ConfigurationInvalid) as refused:
        write(tmp_path, CONNECTOR.replace(old, new, 1))
    assert told in str(refused.value)
