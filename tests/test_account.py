"""An account is opened with all that is wrong told at once, by names that there are, and nothing secret shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.account import Opened, name_secrets, open_account, secret_origins
from connector.catalog import Catalog, Loaded
from connector.errors import InvalidRequest
from tests.calling.keys import ec_key, rsa_key

CONNECTOR = """\
connector: made
label: Made
settings:
  region: {label: Region, choices: {US: us.example.com, EU: eu.example.com}, default: US}
unified:
  users: [one.people, two.people]
apis:
  one:
    label: The first
    settings:
      node: {label: Node, pattern: "[0-9]{1,20}"}
      size: {label: Size, type: integer, required: false}
      deep: {label: Deep, type: boolean, default: false}
      tags: {label: Tags, type: list, required: false}
      codes: {label: Codes, type: list, required: false, pattern: "[a-z]+"}
    secrets: {token: {label: Token}}
    base_url: "https://{settings.region}/scim/{settings.node}"
    scope: "node {settings.node:text}"
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    resources: {people: {list: {get: /p, records: "$[*]", paging: {style: none}}}}
  two:
    settings:
      base_url: {label: Address, type: url}
      node: {label: Node, required: false}
    secrets: {token: {label: Token}, other: {label: Other, required: false}}
    base_url: "{settings.base_url}"
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    resources: {people: {list: {get: /p, records: "$[*]", paging: {style: none}}}}
"""
MAPPING = "source: {api}.people\nunified: users\nfields: {{id: $.id}}\n"
SECRET = "s3cret-value"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("mappings")
    home: Path = folder / "made"
    home.mkdir()
    (home / "connector.yaml").write_text(CONNECTOR)
    for api in ("one", "two"):
        (home / f"{api}.people.yaml").write_text(MAPPING.format(api=api))
    return Catalog([folder]).load("made")


def opened(
    loaded: Loaded, settings: dict[str, Any], secrets: dict[str, Any] | None = None, **more: Any
) -> Opened:
    return open_account(loaded, settings=settings, secrets=secrets or {"one.token": SECRET}, **more)


def told(loaded: Loaded, settings: dict[str, Any], secrets: dict[str, Any] | None = None, **more: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        opened(loaded, settings, secrets, **more)
    assert SECRET not in str(refused.value)
    return refused.value.message


def test_an_api_is_there_when_all_that_it_needs_is_there(loaded: Loaded) -> None:
    account = opened(loaded, {"one.node": "345"})
    assert list(account.apis) == ["one"]
    assert account.sources == {"users": ("one.people",)}
    api = account.apis["one"]
    assert api.base_url == "https://us.example.com/scim/345"
    assert (api.origin, api.scope) == ("https://us.example.com:443", "node 345")
    assert SECRET not in repr(account)


def test_the_first_source_whose_api_is_there_feeds_a_resource(loaded: Loaded) -> None:
    url = {"base_url": "https://h/v2/"}
    assert opened(loaded, url, {"two.token": SECRET}).sources == {"users": ("two.people",)}
    both = opened(loaded, {**url, "one.node": "1"}, {"one.token": SECRET, "two.token": SECRET})
    assert (list(both.apis), both.sources) == (["one", "two"], {"users": ("one.people",)})
    kept = opened(
        loaded,
        {**url, "one.node": "1"},
        {"one.token": SECRET, "two.token": SECRET},
        sources={"users": ("two.people",)},
    )
    assert kept.sources == {"users": ("two.people",)}, "fixed when the account was connected"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"region": "EU"}, "https://eu.example.com/scim/7"),
        ({}, "https://us.example.com/scim/7"),
        ({"deep": "true"}, "https://us.example.com/scim/7"),
    ],
)
def test_settings_by_label_and_short_name(loaded: Loaded, given: dict[str, Any], value: str) -> None:
    assert opened(loaded, {"one.node": "7", **given}).apis["one"].base_url == value


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("one.size", "7", 7),
        ("one.size", "-7", -7),
        ("one.size", 7, 7),
        ("one.deep", "true", True),
        ("one.deep", "false", False),
        ("one.deep", True, True),
        ("one.tags", "a, b,,c", ["a", "b", "c"]),
        ("one.tags", ["a", "b"], ["a", "b"]),
        ("one.codes", "a, bc", ["a", "bc"]),
        ("one.node", "00345", "00345"),
    ],
)
def test_values_are_read_exactly(loaded: Loaded, name: str, given: Any, value: Any) -> None:
    account = opened(loaded, {"one.node": "7", name: given})
    found = account.apis["one"].values[f"settings.{name.partition('.')[2]}"]
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"one.node": "abc"}, "setting one.node: 'abc' does not match"),
        ({"one.node": "345x"}, "does not match"),
        ({"one.node": "٣٤٥"}, "does not match"),
        ({"one.node": "3\n"}, "does not match"),
        ({"one.node": 345}, "setting one.node: expected string, got 345"),
        ({"one.node": ""}, "setting one.node: expected string, got ''"),
        ({"node": "7"}, "setting 'node' could be one.node or two.node: say which"),
        (
            {"one.noed": "7"},
            "unknown setting 'one.noed' (did you mean one.node?); there are: region, one.node",
        ),
        ({"one.node": "7", "xyzzy": 1}, "unknown setting 'xyzzy'; there are"),
        ({"one.node": "7", "deep": True, "one.deep": False}, "setting one.deep is given twice"),
        ({"one.node": "7", "region": "FR"}, "setting region: 'FR' is not one of US, EU"),
        ({"one.node": "7", "region": "us.example.com"}, "is not one of US, EU"),
        ({"one.node": "7", "region": ["US"]}, "is not one of US, EU"),
        ({"one.node": "7", "region": 1}, "is not one of US, EU, which are texts"),
        ({"one.node": "7", 1: "x"}, "unknown setting 1"),
        ({"one.node": "7", "size": "7.0"}, "setting one.size: expected integer"),
        ({"one.node": "7", "size": True}, "setting one.size: expected integer"),
        ({"one.node": "7", "size": "9" * 30}, "setting one.size: expected integer"),
        ({"one.node": "7", "deep": "yes"}, "setting one.deep: expected boolean"),
        ({"one.node": "7", "deep": 1}, "setting one.deep: expected boolean"),
        ({"one.node": "7", "tags": 7}, "setting one.tags: expected list"),
        ({"one.node": "7", "tags": []}, "setting one.tags: expected list, got []"),
        ({"one.node": "7", "tags": ""}, "setting one.tags: expected list, got []"),
        ({"one.node": "7", "tags": " , "}, "setting one.tags: expected list, got []"),
        ({"one.node": "7", "tags": ["a", ""]}, "setting one.tags: expected list"),
        ({"one.node": "7", "tags": ["a", 7]}, "setting one.tags: expected list"),
        ({"one.node": "7", "tags": {"a": "b"}}, "setting one.tags: expected list"),
        ({"one.node": "7", "codes": "a,B"}, "setting one.codes: 'B' does not match [a-z]+"),
        ({"one.node": "7", "codes": ["a", " b"]}, "setting one.codes: ' b' does not match [a-z]+"),
        ({}, "The first: needs one.node"),
    ],
)
def test_a_wrong_setting(loaded: Loaded, settings: dict[str, Any], words: str) -> None:
    assert words in told(loaded, settings)


@pytest.mark.parametrize("secret", ["abc\udcff-long-enough", "a\ud800", "\udcff"])
def test_bytes_that_are_not_utf_8_are_no_secret(loaded: Loaded, secret: str) -> None:
    said = told(loaded, {}, {"two.token": secret})
    assert "secret two.token: it is not text in UTF-8" in said
    assert secret not in said


URLS = [
    ("ftp://h/v2", "expected a URL such as https://host/path"),
    ("h.example.com", "expected a URL"),
    ("https://", "expected a URL"),
    ("//h", "expected a URL"),
    ("https://h:0", "expected a URL"),
    ("https://h:99999", "not a URL"),
    ("https://[::1", "not a URL"),
    ("https://u:p@h/", "user name or password is refused"),
    ("https://u@h/", "user name or password is refused"),
    ("https://h/?a=1", "no query"),
    ("https://h/#a", "no fragment"),
    ("https://h/a/../b", "dot segments"),
    ("https://h/./b", "dot segments"),
    ("https://h/a b", "spaces"),
    ("https://h/a\\b", "backslashes"),
    ("https://h/a\nb", "control characters"),
]


@pytest.mark.parametrize(("url", "words"), URLS)
def test_an_address_is_checked_wherever_it_comes_from(loaded: Loaded, url: str, words: str) -> None:
    assert words in told(loaded, {"base_url": url}, {"two.token": SECRET})
    assert words in told(loaded, {}, {"two.token": SECRET}, base_urls={"two": url})


def test_another_address_can_stand_in_place_of_an_apis_own(loaded: Loaded) -> None:
    account = opened(loaded, {}, base_urls={"one": "http://127.0.0.1:8900/x/"})
    assert account.apis["one"].base_url == "http://127.0.0.1:8900/x"
    assert "no such api; there are: one, two" in told(
        loaded, {"one.node": "1"}, base_urls={"three": "https://h"}
    )


def test_all_that_is_wrong_is_told_at_once(loaded: Loaded) -> None:
    with pytest.raises(InvalidRequest) as refused:
        opened(loaded, {"region": "FR", "one.node": "x", "nope": 1}, {"one.token": "", "tokne": SECRET})
    assert len(refused.value.details) >= 5
    assert "settings of made: region, one.node" in str(refused.value.hint)
    assert "secrets: one.token, two.token, two.other" in str(refused.value.hint)
    assert SECRET not in str(refused.value.to_dict())


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({"token": SECRET}, "secret 'token' could be one.token or two.token: say which"),
        ({"one.tokn": SECRET}, "unknown secret 'one.tokn' (did you mean one.token?)"),
        ({"one.token": ""}, "secret one.token: expected text"),
        ({"one.token": 7}, "secret one.token: expected text"),
        ({"one.token": None}, "secret one.token: expected text"),
        ({"one.token": [SECRET]}, "secret one.token: expected text"),
    ],
)
def test_a_wrong_secret(loaded: Loaded, secrets: dict[str, Any], words: str) -> None:
    assert words in told(loaded, {"one.node": "7"}, secrets)


def test_an_api_that_is_begun_is_not_left_out_in_silence(loaded: Loaded) -> None:
    words = told(loaded, {"one.node": "1", "two.node": "2"}, {"one.token": SECRET, "two.token": SECRET})
    assert words.endswith("two: needs two.base_url")


def test_secrets_by_full_name(loaded: Loaded) -> None:
    assert name_secrets(loaded, {"other": "o", "one.token": "t"}) == {"two.other": "o", "one.token": "t"}
    with pytest.raises(InvalidRequest, match="say which") as refused:
        name_secrets(loaded, {"token": SECRET})
    assert SECRET not in str(refused.value)


def test_a_secret_belongs_to_the_origin_of_its_api(loaded: Loaded) -> None:
    given = {"one.node": "1", "region": "EU", "base_url": "https://H.example.com/v2"}
    assert secret_origins(loaded, given, {}) == {
        "one.token": "https://eu.example.com:443",
        "two.token": "https://h.example.com:443",
        "two.other": "https://h.example.com:443",
    }
    moved = secret_origins(loaded, given, {"one": "http://127.0.0.1:8900"})
    assert moved["one.token"] == "http://127.0.0.1:8900"
    assert secret_origins(loaded, {}, {})["two.token"] == "", "no address, no origin"


def test_accounts_differ_by_what_they_were_opened_with(loaded: Loaded) -> None:
    first, same, other = (opened(loaded, {"one.node": node}) for node in ("1", "1", "2"))
    assert first.account == same.account != other.account
    assert opened(loaded, {"one.node": "1"}, account="a7").account == "a7"


OAUTH = """\
connector: made
label: Made
secrets: {shared: {label: Shared, required: false}}
unified: {users: [one.people]}
apis:
  one:
    settings: {url: {label: Address, type: url}, login: {label: Login, type: url}}
    secrets: {key: {label: Key, type: pem}}
    base_url: "{settings.url}"
    auth: {style: oauth2_jwt, token_url: TOKEN_URL, issuer: i, subject: s, key: "{secrets.key}"}
    check: none
    resources: {people: {list: {get: /p, records: "$[*]", paging: {style: none}}}}
"""


def oauth(folder: Path, token_url: str) -> Loaded:
    home = folder / "made"
    home.mkdir()
    (home / "connector.yaml").write_text(OAUTH.replace("TOKEN_URL", token_url))
    (home / "one.people.yaml").write_text(MAPPING.format(api="one"))
    return Catalog([folder]).load("made")


GIVEN = {"url": "https://api.h/v1", "login": "https://login.h"}


@pytest.mark.parametrize(
    ("token_url", "origins", "address"),
    [
        ('"{settings.login}/token"', "https://api.h:443 https://login.h:443", "https://login.h/token"),
        ("https://fixed.h:8443/t", "https://api.h:443 https://fixed.h:8443", "https://fixed.h:8443/t"),
        ("/token", "https://api.h:443", "https://api.h/v1/token"),
    ],
)
def test_a_secret_belongs_to_where_tokens_are_given_too(
    tmp_path: Path, token_url: str, origins: str, address: str
) -> None:
    loaded = oauth(tmp_path, token_url)
    assert secret_origins(loaded, GIVEN, {}) == {"shared": origins, "one.key": origins}
    account = opened(loaded, GIVEN, {"key": rsa_key()})
    assert account.apis["one"].token_url == address
    moved = secret_origins(loaded, GIVEN, {"one": "http://127.0.0.1:1"})
    assert moved["one.key"] == origins.replace("https://api.h:443", "http://127.0.0.1:1")


def test_where_tokens_are_given_is_an_address_like_any_other(tmp_path: Path) -> None:
    loaded = oauth(tmp_path, '"{settings.login}/{settings.url}/t"')
    assert (
        opened(loaded, GIVEN, {"key": ec_key()}).apis["one"].token_url
        == "https://login.h/https%3A%2F%2Fapi.h%2Fv1/t"
    )
    words = told(loaded, {"url": GIVEN["url"], "login": "https://u:p@h"}, {"key": ec_key()})
    assert "a URL with a user name or password is refused" in words


@pytest.mark.parametrize("text", [rsa_key(), ec_key(), ec_key().strip(), rsa_key().replace("\n", "\r\n")])
def test_a_key_in_pem_has_several_lines_and_no_other_secret_has(tmp_path: Path, text: str) -> None:
    loaded = oauth(tmp_path, "/token")
    account = opened(loaded, GIVEN, {"key": text})
    for line in text.splitlines()[1:-1]:
        assert account.redaction.text(f"<{line}>") == "<[redacted]>"
    assert account.redaction.text(f"<{text}>") == "<[redacted]>"
    assert "secret shared: it has a line break" in told(loaded, GIVEN, {"key": text, "shared": text})


@pytest.mark.parametrize(
    "text", ["a\nb", ec_key() + "x\n", "x\n" + ec_key(), ec_key() + "\0", ec_key().replace("\n", "\t")]
)
def test_what_is_more_than_a_key_in_pem_is_refused(tmp_path: Path, text: str) -> None:
    assert "secret one.key: it has a line break" in told(oauth(tmp_path, "/token"), GIVEN, {"key": text})


def test_entries_of_a_repeated_api_have_tokens_of_their_own(tmp_path: Path) -> None:
    oauth(tmp_path, "/token")
    text = (tmp_path / "made" / "connector.yaml").read_text()
    repeated = text.replace(
        "    settings: {", "    repeated: tenant\n    settings: {tenant: {label: Tenant}, "
    ).replace("issuer: i", 'issuer: "{settings.tenant}"')
    (tmp_path / "made" / "connector.yaml").write_text(repeated)
    loaded = Catalog([tmp_path]).load("made")
    account = opened(
        loaded,
        {f"one[{entry}].{name}": value for entry in "ab" for name, value in GIVEN.items()},
        {f"one[{entry}].key": ec_key() for entry in "ab"},
    )
    owners = [api.tokens.owner for api in account.apis.values() if api.tokens is not None]
    assert [owner.api for owner in owners] == ["one[a]", "one[b]"]
    assert owners[0].asks != owners[1].asks
