"""Pages that the vendor names by URL: asked as they stand, with the call's headers and credentials, and kept secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Loaded
from connector.errors import ConnectorError, EgressRefused, VendorError, VendorUnavailable
from connector.plan import plan_call
from connector.wire import Answer, Call
from tests.calling.plain import connect, listing_vendor
from tests.calling.queued import KEY, World, ids, said

LISTING = """\
{get: /v1/people, query: {size: "{page.size}", sort: id}, headers: {X-Kind: staff}, records: "$.items[*]",
 paging: {style: STYLE}}
"""
STYLES = {"next_url": "next_url, next: $.next", "link_header": "link_header"}
FILTERS = 'filters: {name: {evaluate: vendor, query: {named: "{value}"}}}\n'


@pytest.fixture(scope="module", params=STYLES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    text = LISTING.replace("STYLE", STYLES[request.param])
    return connect(tmp_path_factory.mktemp("mappings"), text, FILTERS)


def page(*names: str, link: str | None = None) -> Answer:
    """A page that names the next one in both ways."""
    headers = {} if link is None else {"link": f'<{link}>; rel="next"'}
    body: dict[str, Any] = {"items": [{"id": name} for name in names]}
    return said(body if link is None else {**body, "next": link}, 200, **headers)


def test_a_url_is_asked_as_it_stands(loaded: Loaded) -> None:
    made = World(loaded, page("a", link="?after=a%2Fb&x"), page("b", link="https://h/v2/more#top"), page("c"))
    assert ids([made.page("users", limit=7)]) == ["a", "b", "c"]
    assert made.asked == ["/v1/people?size=7&sort=id", "/v1/people?after=a%2Fb&x", "/v2/more"]
    assert [(call.method, call.headers["X-Kind"], call.headers["api-key"]) for call in made.calls] == [
        ("GET", "staff", KEY)
    ] * 3


def test_a_relative_url_is_resolved_against_the_one_before(loaded: Loaded) -> None:
    made = World(loaded, page("a", link="/v2/a/b"), page("b", link="c"), page("c", link="?d"), page("d"))
    assert ids(made.walk("users", [1] * 5)) == ["a", "b", "c", "d"]
    assert made.asked[1:] == ["/v2/a/b", "/v2/a/c", "/v2/a/c?d"]


def test_a_filter_is_sent_with_the_first_page(loaded: Loaded) -> None:
    """The vendor's URLs say it of the others."""
    made = World(loaded, page("a", link="?at=1"), page("b"))
    assert ids(made.walk("users", [1] * 3, filters={"name": "Ann"})) == ["a", "b"]
    assert made.asked == ["/v1/people?size=1&sort=id&named=Ann", "/v1/people?at=1"]


def test_a_credential_in_a_url_shows_nowhere(loaded: Loaded) -> None:
    made = World(loaded, page("a", link=f"/{KEY}?key={KEY}"), said({}, 500), said({}, 500))
    first = made.page("users", limit=1)
    assert first.next_cursor
    assert KEY not in first.next_cursor
    with pytest.raises(VendorUnavailable) as failed:
        made.page("users", cursor=first.next_cursor)
    assert made.asked[1] == f"/{KEY}?key={KEY}"
    assert "GET https://h/[redacted]" in failed.value.message
    assert KEY not in f"{failed.value!r} {failed.value.to_dict()} {made.calls[0]!r}"
    made = World(loaded, page("a", link=f"/{KEY}?key={KEY}"), page("b"))
    assert KEY not in str(made.page("users", explain=True).explain)


@pytest.mark.parametrize(
    "link",
    [
        f"https://{KEY}.evil.example/{KEY}",
        f"https://evil.example:{KEY}/",
        f"https://{KEY}@h/",
        f"/{KEY} {KEY}",
        f"javascript:{KEY}",
    ],
)
def test_a_credential_in_a_refused_url_shows_nowhere(loaded: Loaded, link: str) -> None:
    made = World(loaded, page("a", link=link))
    with pytest.raises(VendorError) as refused:
        made.page("users", limit=1)
    assert len(made.calls) == 1
    assert KEY not in f"{refused.value!r} {refused.value} {refused.value.to_dict()}"


@pytest.mark.parametrize("limit", [1, 100])
def test_a_url_that_leads_elsewhere_is_never_asked(loaded: Loaded, limit: int) -> None:
    made = World(loaded, page("a", link="https://evil.example/"))
    with pytest.raises(ConnectorError, match=r"leads to https://evil\.example, which is not https://h"):
        made.walk("users", [limit] * 3)
    assert len(made.calls) == 1


def test_whatever_a_style_lets_through_is_not_sent_elsewhere(loaded: Loaded) -> None:
    reading = World(loaded).questions()
    api = reading.opened.apis["main"]
    call = loaded.definition.apis["main"].resources["people"].list
    assert call is not None
    values: Mapping[str, Any] = {"page.size": 1}
    assert plan_call(api, call, values, url="https://h:443/x").url == "https://h:443/x"
    with pytest.raises(EgressRefused, match=r"leads to https://evil\.example:443"):
        plan_call(api, call, values, url="https://evil.example/")


def test_a_secret_in_the_query_is_added_to_each_url_once(tmp_path: Path) -> None:
    loaded = connect(
        tmp_path,
        LISTING.replace("STYLE", STYLES["next_url"]),
        auth='{style: query, parameter: key, value: "{secrets.key}"}',
    )

    def reply(_: Call, query: Mapping[str, str]) -> dict[str, Any]:
        """It repeats the credential in the URLs that it names, as some do."""
        at = int(query.get("at", "0"))
        more = {"next": f"?key={KEY}&at={at + 1}"} if at < 2 else {}
        return {"items": [{"id": f"u{at}"}], **more}

    made = World(loaded, vendor=listing_vendor(reply))
    assert ids(made.walk("users", [1] * 4)) == ["u0", "u1", "u2"]
    assert made.asked[1:] == [f"/v1/people?at=1&key={KEY}", f"/v1/people?at=2&key={KEY}"]
