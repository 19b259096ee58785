"""Auth `sigv4`, held against botocore's own signer, and its answers to what AWS documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest import mock
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from connector.auth.sigv4 import SigV4
from connector.errors import InvalidRequest
from connector.exchange import write_query
from connector.flow import Moment
from connector.wire import Call

MOMENT = Moment(datetime(2015, 8, 30, 12, 36, tzinfo=UTC), "nonce")
VALUES = {
    "secrets.id": "AKIDEXAMPLE",
    "secrets.key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "secrets.session": "AQoDYXdzEPT//////////wEXAMPLE=",
    "settings.region": "us-east-1",
}
SAYS = {
    "style": "sigv4",
    "service": "iam",
    "region": "{settings.region}",
    "access_key": "{secrets.id}",
    "secret_key": "{secrets.key}",
}


def sign(call: Call, values: dict[str, str] = VALUES, moment: Moment = MOMENT, **says: Any) -> Call:
    return SigV4.model_validate({**SAYS, **says}).sign(call, values, moment)


def oracle(call: Call, *, service: str = "iam", session: str | None = None, **request: Any) -> dict[str, str]:
    """The headers of the call as botocore signs it at that moment."""
    made = AWSRequest(
        call.method, request.pop("url", call.url), headers=dict(call.headers), data=call.body, **request
    )
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    credentials = Credentials(VALUES["secrets.id"], VALUES["secrets.key"], session)
    # botocore reads the clock itself, without a zone; its own tests put this function in place too.
    with mock.patch("botocore.auth.get_current_datetime", return_value=MOMENT.now.replace(tzinfo=None)):
        signer(credentials, service, VALUES["settings.region"]).add_auth(made)
    return dict(made.headers.items())


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    ["", " ", "+", "%", "%20", "%2B", "a b", "a+b", "ä", "東京", "~", "-_.~", "=&;", "/", "A", "a"]
)
PATHS = st.lists(
    TEXT.map(lambda text: quote(text, safe="")) | st.sampled_from(["", ".", "..", "a:b", "a@b", "a,b", "~x"])
).map(lambda segments: "/" + "/".join(segments))
QUERIES = st.lists(st.tuples(TEXT, TEXT), max_size=5)
BLANKS = st.text(" \t", max_size=3)
FIELD = st.text("abcXYZ019-_,;=/\"'", min_size=1, max_size=6)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "accept",
            "X-Amz-Target",
            "x-amz-meta-B",
            "X-Other",
            "User-Agent",
            "Expect",
            "If-Match",
        ]
    ),
    st.lists(FIELD | BLANKS.filter(bool), min_size=1, max_size=4).map("".join).map(str.strip).filter(bool),
)
CALLS = st.builds(
    Call,
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    st.builds(
        lambda origin, path, query: origin + path + ("?" + write_query_pairs(query) if query else ""),
        st.sampled_from(
            [
                "https://iam.amazonaws.com",
                "http://127.0.0.1:8080",
                "https://H.example:443",
                "http://h.example:80",
            ]
        ),
        st.just("") | PATHS,
        QUERIES,
    ),
    HEADERS,
    st.none() | st.binary(max_size=40),
)


def write_query_pairs(pairs: list[tuple[str, str]]) -> str:
    return "&".join(write_query({name: value}) for name, value in pairs)


@given(CALLS, st.booleans())
def test_the_signature_is_botocores(call: Call, is_temporary: bool) -> None:
    says: dict[str, Any] = {}
    session = None
    if is_temporary:
        says, session = {"session_token": "{secrets.session}"}, VALUES["secrets.session"]
    assert dict(sign(call, **says).headers) == oracle(call, session=session)


@given(CALLS.filter(lambda call: call.url.count("/") > 2))
def test_the_signature_is_botocores_where_the_path_is_signed_as_it_is(call: Call) -> None:
    """Without a path botocore signs an empty one, which S3 answers with its refusal: `/` is what is sent."""
    assert dict(sign(call, service="s3").headers) == oracle(call, service="s3")


@given(st.dictionaries(TEXT.filter(bool), TEXT, min_size=1))
def test_a_plus_that_is_sent_is_signed_as_a_space(query: dict[str, str]) -> None:
    """botocore sends `urlencode(params)`, which has `+` for spaces, and signs %20."""
    url = "https://iam.amazonaws.com/"
    call = Call("GET", f"{url}?{urlencode(query)}")
    assert dict(sign(call).headers) == oracle(call, url=url, params=query)


def test_the_documented_example() -> None:
    """`get-vanilla-query-order-key-case` of the AWS Signature Version 4 test suite."""
    call = Call("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1")
    assert sign(call, service="service").headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://h/?a=%7E&b=%2a", "https://h/?b=*&a=~"),
        ("https://h/?a=%2fb", "https://h/?a=/b"),
        ("https://h/?a", "https://h/?a="),
        ("https://h/a?x=1#part", "https://h/a?x=1"),
        ("https://h", "https://h/"),
        ("https://h?x=1", "https://h/?x=1"),
        ("https://h/a/./b/../c//d", "https://h/a/c/d"),
    ],
)
def test_one_signature_for_what_means_the_same(one: str, other: str) -> None:
    assert sign(Call("GET", one)).headers == sign(Call("GET", other)).headers


def test_what_was_signed_before_is_signed_anew() -> None:
    call = Call("GET", "https://h/", {"authorization": "old", "x-amz-date": "old"})
    later = Moment(MOMENT.now + timedelta(minutes=1), "other")
    once = sign(call, session_token="{secrets.session}")
    assert sorted(once.headers) == ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"]
    assert sign(once, moment=later) == sign(
        Call("GET", "https://h/", {"X-Amz-Security-Token": VALUES["secrets.session"]}, secrets=once.secrets),
        moment=later,
    )


def test_the_time_is_told_in_utc() -> None:
    there = Moment(MOMENT.now.astimezone(timezone(timedelta(hours=5))), "nonce")
    assert sign(Call("GET", "https://h/"), moment=there) == sign(Call("GET", "https://h/"))


def test_the_signature_is_hidden_like_a_secret() -> None:
    signed = sign(Call("GET", "https://h/"))
    assert signed.headers["Authorization"].endswith(f"Signature={signed.secrets[-1]}")


@pytest.mark.parametrize("name", VALUES)
def test_what_is_missing_is_refused(name: str) -> None:
    rest = {known: value for known, value in VALUES.items() if known != name}
    with pytest.raises(InvalidRequest, match=f"{name} is needed"):
        sign(Call("GET", "https://h/"), rest, session_token="{secrets.session}")
