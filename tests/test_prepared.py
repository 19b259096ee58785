"""What stands before a listing: sent once and first, not oftener than said, and never the reason for a silent old answer."""

from __future__ import annotations

import pytest

from connector.catalog import Loaded
from connector.directory import Directory
from connector.errors import (
    ConnectorError,
    Forbidden,
    NeedsReauth,
    RateLimited,
    VendorError,
    VendorNotFound,
    VendorRefused,
    VendorUnavailable,
)
from connector.wire import Answer, Call
from tests.calling.queued import (
    WORKING,
    Queue,
    Reply,
    World,
    codes,
    ids,
    line_of,
    load,
    people,
    said,
    written,
)

PEOPLE = """\
key: $.id
list:
  exchange: line
  effect: read
  before: [{exchange: line, effect: read, give: {line: down}, at_most_every: 60s, if_refused: %s}]
  give: {line: "list {page.start:text}"}
  records: $.items[*]
  paging: {style: offset, first: 0, size: 2, ends: empty_page}
"""
TEAMS = """\
key: $.id
list:
  exchange: line
  effect: read
  before: [{exchange: line, effect: read, give: {line: down}, at_most_every: 60s, if_refused: %s}]
  give: {line: teams}
  records: $.items[*]
  paging: {style: snapshot}
"""
SEVERAL = """\
  before:
    - {exchange: line, effect: read, give: {line: down}}
    - {exchange: line, effect: read, give: {line: tidy}}
    - {exchange: line, effect: read, give: {line: sort}, at_most_every: 1h}
"""
USERS = "source: main.people\nunified: users\nfields: {id: $.id}\n"
GROUPS = "source: main.teams\nunified: groups\nfields: {id: $.id, name: $.name}\n"
LISTINGS = ("users", "groups")
DIRECT = {"version": "direct"}
DONE = said({})
NO_RIGHT = said({"error": "not on the list of commands"}, 403)


def several(text: str) -> str:
    before = next(line for line in text.splitlines(keepends=True) if "before:" in line)
    return text.replace(before, SEVERAL)


@pytest.fixture(scope="module", params=["warn", "fail"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A connector that says `if_refused: warn`, and one that says `fail`."""
    folder = tmp_path_factory.mktemp("mappings")
    text = written(people=PEOPLE % request.param, teams=TEAMS % request.param)
    return load(folder, text, people=USERS, teams=GROUPS)


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("mappings")
    text = written(people=PEOPLE % "warn", teams=TEAMS % "warn")
    return load(folder, text, people=USERS, teams=GROUPS)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("mappings")
    text = written(people=PEOPLE % "fail", teams=TEAMS % "fail")
    return load(folder, text, people=USERS, teams=GROUPS)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("mappings")
    text = written(people=several(PEOPLE), teams=several(TEAMS))
    return load(folder, text, people=USERS, teams=GROUPS)


def answer(line: str) -> Reply:
    """What the vendor has for a command: two on the first page, and nothing to say of what comes before."""
    if line in ("list 0", "teams"):
        return people("a", "b")
    return people() if line.startswith("list") else DONE


def at_once(call: Call) -> Reply:
    return answer(line_of(call))


def before(world: World) -> int:
    """How often the first step was sent."""
    return world.asked.count("down")


@pytest.mark.parametrize("listing", LISTINGS)
def test_it_is_sent_first_and_once_a_listing(either: Loaded, listing: str) -> None:
    world = World(either, vendor=at_once, account=DIRECT)
    pages = world.walk(listing, [1] * 9)
    assert ids(pages) == ["a", "b"]
    assert world.asked[0] == "down"
    assert before(world) == 1
    assert [codes(page) for page in pages] == [[]] * len(pages)


@pytest.mark.parametrize("listing", LISTINGS)
def test_it_is_not_sent_again_for_so_long_by_any_process(either: Loaded, listing: str) -> None:
    world = World(either, vendor=at_once, account=DIRECT)
    one = world.directory()
    for moment, sent in ((0.0, 1), (1.0, 1), (59.0, 1), (60.0, 2), (119.0, 2), (120.0, 3)):
        world.time = moment
        one.list(listing)
        world.page(listing)
        assert before(world) == sent, moment


def test_listings_that_are_made_current_by_the_same_share_it(either: Loaded) -> None:
    world = World(either, vendor=at_once, account=DIRECT)
    world.page("users")
    world.page("groups")
    assert world.asked[:2] == ["down", "list 0"]
    assert before(world) == 1


def test_accounts_do_not_share_it(either: Loaded) -> None:
    world = World(either, vendor=at_once, account=DIRECT)
    for name, sent in (("one", 1), ("two", 2), ("one", 2), ("two", 2)):
        Directory(world.questions(name=name), world.send, world.sleep).list("groups")
        assert before(world) == sent


@pytest.mark.parametrize("status", [403, 400])
@pytest.mark.parametrize("listing", LISTINGS)
def test_what_is_refused_is_told_and_tried_again(warning: Loaded, listing: str, status: int) -> None:
    refusal = said({"error": "no such command"}, status)
    world = World(warning, refusal, vendor=at_once, account=DIRECT)
    page = world.page(listing)
    assert ids([page]) == ["a", "b"]
    assert codes(page) == ["may_be_stale"]
    assert page.warnings[0].message.startswith("what the vendor lists may be stale: made: POST https://h/run")
    assert codes(world.page(listing)) == []
    assert before(world) == 2, "it was not done the first time"


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (400, VendorRefused)])
@pytest.mark.parametrize("listing", LISTINGS)
def test_what_is_refused_is_an_error_where_the_connector_says_so(
    failing: Loaded, listing: str, status: int, error: type[ConnectorError]
) -> None:
    refusal = said({}, status)
    world = World(failing, refusal, refusal, vendor=at_once, account=DIRECT)
    for _ in range(2):
        with pytest.raises(error):
            world.page(listing)
    assert world.asked == ["down", "down"], "the listing is not asked for, and it was not done"
    assert ids([world.page(listing)]) == ["a", "b"]


FAILURES: list[tuple[Reply, type[ConnectorError]]] = [
    (said({"error": "boom"}, 500), VendorUnavailable),
    (said({"error": "not found"}, 500), VendorNotFound),
    (said({"code": "throttled"}, 429), RateLimited),
    (said({}, 401), NeedsReauth),
    (Answer(200, {}, b"<html>"), VendorError),
    (VendorUnavailable("cut off"), VendorUnavailable),
]


@pytest.mark.parametrize(("failure", "error"), FAILURES)
@pytest.mark.parametrize("listing", LISTINGS)
def test_what_fails_otherwise_is_an_error_and_not_done(
    either: Loaded, listing: str, failure: Reply, error: type[ConnectorError]
) -> None:
    world = World(either, failure, failure, failure, vendor=at_once, account=DIRECT)
    with pytest.raises(error):
        world.page(listing)
    assert set(world.asked) == {"down"}
    world.replies.clear()
    tried = before(world)
    page = world.page(listing)
    assert (ids([page]), codes(page)) == (["a", "b"], [])
    assert before(world) == tried + 1


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_the_vendor_still_works_on_is_gone_on_with_and_then_the_listing(
    either: Loaded, listing: str
) -> None:
    vendor = Queue(answer, works=5)
    world = World(either, vendor=vendor, max_seconds=10)
    first = world.page(listing)
    assert (first.rows, codes(first), vendor.submitted) == ([], ["vendor_still_working"], ["down"])
    vendor.works = 0
    second = world.page(listing, cursor=first.next_cursor)
    assert ids([second]) == ["a", "b"]
    assert vendor.polls[:6] == ["t1"] * 5 + ["t2"]
    assert vendor.submitted[:2] == ["down", "list 0" if listing == "users" else "teams"]
    assert before(world) == 1


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_comes_before_is_not_sent_again_while_the_listing_itself_is_worked_on(
    either: Loaded, listing: str
) -> None:
    vendor = Queue(lambda line: WORKING if line in ("list 0", "teams") else answer(line))
    world = World(either, vendor=vendor, max_seconds=10)
    first = world.page(listing)
    assert codes(first) == ["vendor_still_working"]
    world.time += 100
    vendor.answer = answer
    assert ids([world.page(listing, cursor=first.next_cursor)]) == ["a", "b"]
    assert before(world) == 1, "though it may be sent again by now"


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_the_vendor_refuses_later_is_told_by_the_page_that_hears_of_it(
    warning: Loaded, listing: str
) -> None:
    vendor = Queue(answer, works=5)
    world = World(warning, vendor=vendor, max_seconds=10)
    first = world.page(listing)
    vendor.works = 0
    world.replies.append(NO_RIGHT)
    second = world.page(listing, cursor=first.next_cursor)
    assert (ids([second]), codes(second)[0]) == (["a", "b"], "may_be_stale")
    world.page(listing)
    assert before(world) == 2


@pytest.mark.parametrize("listing", LISTINGS)
def test_what_is_lost_was_not_done(either: Loaded, listing: str) -> None:
    vendor = Queue(answer, works=5)
    world = World(either, vendor=vendor, max_seconds=10)
    first = world.page(listing)
    vendor.works = 0
    world.replies.append(said({}, 404))
    with pytest.raises(VendorUnavailable, match="doesn't know its ticket"):
        world.page(listing, cursor=first.next_cursor)
    assert ids([world.page(listing)]) == ["a", "b"]
    assert before(world) == 2


@pytest.mark.parametrize("listing", LISTINGS)
def test_several_are_sent_in_their_order(in_order: Loaded, listing: str) -> None:
    world = World(in_order, vendor=at_once, account=DIRECT)
    world.page(listing)
    assert world.asked[:4] == ["down", "tidy", "sort", "list 0" if listing == "users" else "teams"]
    world.calls.clear()
    world.page(listing)
    assert world.asked[:2] == ["down", "tidy"], "what has no bound comes before every listing"
    assert "sort" not in world.asked


@pytest.mark.parametrize("slow", ["down", "tidy", "sort"])
@pytest.mark.parametrize("listing", LISTINGS)
def test_whichever_is_worked_on_when_the_time_ends_none_is_sent_twice(
    in_order: Loaded, listing: str, slow: str
) -> None:
    vendor = Queue(lambda line: WORKING if line == slow else answer(line))
    world = World(in_order, vendor=vendor, max_seconds=10)
    first = world.page(listing)
    assert (first.rows, codes(first), vendor.submitted[-1]) == ([], ["vendor_still_working"], slow)
    second = world.page(listing, cursor=first.next_cursor)
    assert second.rows == []
    vendor.answer = answer
    third = world.page(listing, cursor=second.next_cursor)
    assert ids([third]) == ["a", "b"]
    itself = "list 0" if listing == "users" else "teams"
    assert vendor.submitted[:4] == ["down", "tidy", "sort", itself]


@pytest.mark.parametrize("listing", LISTINGS)
def test_each_step_is_one_call(in_order: Loaded, listing: str) -> None:
    world = World(in_order, vendor=at_once, account=DIRECT, max_calls=1)
    page = world.page(listing)
    assert ids([page]) == ["a", "b"], "one page at least, or a walk would never go on"
    assert len(world.calls) == 4
    assert (page.next_cursor is None) == (listing == "groups")
