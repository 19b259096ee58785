"""What passes the proxy: which calls a pattern means, which commands, and that a policy may only be narrowed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from connector.errors import InvalidRequest
from connector.policy import Proxy, widened

MATCHES = [
    ("GET /Users", ["/Users"], ["/", "/users", "/Users/", "/Users/1", "/User", "/Users2", "/x/Users"]),
    (
        "GET /Users/*",
        ["/Users/1", "/Users/*", "/Users/..x"],
        ["/Users", "/Users/", "/Users/1/", "/Users/1/x"],
    ),
    ("GET /Users/**", ["/Users", "/Users/", "/Users/1", "/Users/1/x/"], ["/", "/Users2", "/x/Users/1"]),
    ("GET /**", ["/", "/Users", "/Users/1/x"], []),
    ("GET /", ["/"], ["/x", "/x/"]),
    ("GET /Users/", ["/Users/"], ["/Users", "/Users/1"]),
    ("GET /*/members", ["/1/members"], ["/members", "//members", "/1/2/members", "/1/members/"]),
    ("GET /**/members", ["/members", "/1/members", "/1/2/members"], ["/members/1", "/xmembers"]),
    ("GET /a/**/z", ["/a/z", "/a/b/z", "/a/b/c/z"], ["/a", "/az", "/a/b", "/b/z"]),
    ("GET /Users/a.b", ["/Users/a.b"], ["/Users/aXb"]),
]
NO_PATTERNS = [
    "", "/Users", "GET", "GET ", "GET Users", "get /Users", "ANY /Users", "* /Users", "GET  /Users", "GET /Users ",
    "GET //Users", "GET /Users//x", "GET /a*", "GET /**b", "GET /***", "GET /**/x/**", "GET /../x", "GET /a/./b",
    "GET /a?b=c", "GET /a%2fb", "GET /a;b", "GET /{id}", "GET https://host/x", "GET /a\n", "GET /a b", "TRACE /",
    "CONNECT /",
]  # fmt: skip
OPTIONS = [
    "pattern", "-v", "--verbose", "--node=", "--format=json|csv", "--event-type=", "--nodes"
]  # fmt: skip
POLICY = Proxy(
    exchange="line", commands={"whoami": (), "info": tuple(OPTIONS), "scim list": ("--format=json",)}
)
GOOD = [
    ["whoami"],
    ["info"],
    ["info", "ada"],
    ["info", "-v", "--verbose", "-v"],
    ["info", "--node", "Sales", "ada"],
    ["info", "ada", "--node=Sales"],
    ["info", "--format", "json"],
    ["info", "--format=csv"],
    ["info", "--node", "two words", "it's"],
    ["info", "--node=two words"],
    ["info", "--event-type", "a", "--event-type", "b"],
    ["info", "--node", "a=b", "x=y"],
    ["info", "$(whoami)", "--node", "; whoami"],
    ["scim", "list", "--format", "json"],
    ["scim", "list"],
]
REFUSED: list[tuple[list[str], str]] = [
    ([], "does not pass the proxy; those that do: whoami, info, scim list"),
    ([""], "the command ''"),
    (["lock"], "the command 'lock'"),
    (["Whoami"], "the command 'Whoami'"),
    (["whoami "], "the command"),
    (["whoami;lock"], "the command"),
    (["info ada"], "the command"),
    (["scim"], "the command 'scim'"),
    (["scim", "push"], "the command 'scim'"),
    (["scim", "List"], "the command 'scim'"),
    (["scim list"], "the command 'scim list'"),
    (["scim", "list", "x"], "'x' does not pass the proxy: no argument may be no option"),
    (["whoami", "x"], "no argument"),
    (["whoami", "-v"], "the option '-v' does not pass the proxy; those that do: none"),
    (["info", "a", "b"], "one argument may be no option"),
    (["info", "--verb"], "the option '--verb'"),
    (["info", "--nod", "x"], "the option '--nod'"),
    (["info", "-vv"], "the option '-vv'"),
    (["info", "-v3"], "the option '-v3'"),
    (["info", "--"], "the option '--'"),
    (["info", "-"], "the option '-'"),
    (["info", "--", "--lock"], "the option '--'"),
    (["info", "--output", "x"], "the option '--output'"),
    (["info", "--output=x"], "the option '--output'"),
    (["info", "--VERBOSE"], "the option '--VERBOSE'"),
    (["info", "-5"], "the option '-5'"),
    (["info", "--verbose=1"], "--verbose takes no value"),
    (["info", "--node"], "--node needs a value"),
    (["info", "--node", "-v"], "begins with -"),
    (["info", "--node=-v"], "begins with -"),
    (["info", "--node="], "blank"),
    (["info", "--node", ""], "blank"),
    (["info", ""], "blank"),
    (["info", "--format"], "--format needs a value"),
    (["info", "--format", "pdf"], "--format: 'pdf' does not pass the proxy; allowed: json, csv"),
    (["info", "--format="], "--format: ''"),
    (["info", "--format=json|csv"], "does not pass"),
    (["info", "--format=JSON"], "does not pass"),
    (["info", "${HOME}"], "means something else"),
    (["info", "@all"], "means something else"),
    (["info", "a\\b"], "means something else"),
    (["info", "&quot;"], "means something else"),
    (["info", "a\nb"], "can't be printed"),
    (["info", "a\0"], "can't be printed"),
    (["info", "x" * 4_096], "more than 4,096 characters"),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), MATCHES, ids=[row[0] for row in MATCHES])
def test_a_pattern_means_these_paths(pattern: str, yes: Sequence[str], no: Sequence[str]) -> None:
    policy = Proxy(allow=(pattern,))
    for path, passes in [*((path, True) for path in yes), *((path, False) for path in no)]:
        assert policy.allows("GET", path.split("/")[1:]) is passes, path
        for method in ("HEAD", "POST", "get", "", "GET "):
            assert not policy.allows(method, path.split("/")[1:])


@pytest.mark.parametrize("text", NO_PATTERNS)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Proxy(allow=(text,))


@pytest.mark.parametrize(
    "commands",
    [
        {"": []}, {"Who": []}, {"a  b": []}, {" a": []}, {"a;b": []}, {"a": ["b"]}, {"a": ["--"]}, {"a": ["-"]},
        {"a": ["--b c"]}, {"a": ["--b=c d"]}, {"a": ["--b|c"]}, {"a": ["--b=c|"]}, {"a": ["b="]}, {"a": ["---b"]},
        {"-a": []},
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused(commands: Any) -> None:
    with pytest.raises(ValidationError):
        Proxy.model_validate({"exchange": "line", "commands": commands})


def test_nothing_passes_by_itself() -> None:
    assert not Proxy().allows("GET", [""])
    with pytest.raises(InvalidRequest, match="those that do: none"):
        Proxy().line(["whoami"])


@pytest.mark.parametrize("words", GOOD, ids=" ".join)
def test_a_command_is_the_line_of_its_words(words: list[str]) -> None:
    assert shlex.split(POLICY.line(words)) == words


def test_words_that_need_no_quotes_have_none() -> None:
    words = ["info", "--node", "Sales", "--format", "json", "ada@acme.example"]
    assert POLICY.line(words) == " ".join(words)
    assert POLICY.line(["info", "--node=a b"]) == "info --node='a b'"


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[repr(row[0])[:50] for row in REFUSED])
def test_what_is_not_listed_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        POLICY.line(words)
    assert told in refused.value.message


@pytest.mark.parametrize("words", ["info ada", [b"info"], [7], [None], ["info", 7]])
def test_a_command_is_a_list_of_texts(words: Any) -> None:
    with pytest.raises(InvalidRequest, match="a list of words"):
        POLICY.line(words)


def test_the_longest_name_is_the_command() -> None:
    policy = Proxy(exchange="line", commands={"scim": ("pattern",), "scim list": ("-v",)})
    assert policy.line(["scim", "list", "-v"]) == "scim list -v"
    assert policy.line(["scim", "lists"]) == "scim lists"
    with pytest.raises(InvalidRequest):
        policy.line(["scim", "lists", "-v"])


def wider(upper: dict[str, Any], lower: dict[str, Any]) -> list[tuple[str | int, ...]]:
    return [one.loc for one in widened(Proxy.model_validate(upper), Proxy.model_validate(lower))]


@pytest.mark.parametrize(
    ("upper", "lower", "is_narrower"),
    [
        ("GET /a", "GET /a", True), ("GET /a", "GET /b", False), ("GET /a", "HEAD /a", False),
        ("GET /a", "GET /*", True), ("GET /*", "GET /a", False), ("GET /*", "GET /*", True),
        ("GET /a/*", "GET /a/**", True), ("GET /a", "GET /a/**", True), ("GET /a/", "GET /a/**", True),
        ("GET /a/**", "GET /a/*", False), ("GET /**", "GET /a/**", False), ("GET /a/**", "GET /**", True),
        ("GET /a/**/z", "GET /a/**", True), ("GET /a/**/z", "GET /**/z", True), ("GET /**/z", "GET /a/**/z", False),
        ("GET /a/", "GET /a/*", False), ("GET /a/", "GET /a", False), ("GET /**", "GET /*", False),
        ("GET /**", "GET /**", True), ("GET /", "GET /**", True), ("GET /", "GET /*", False),
    ],
)  # fmt: skip
def test_a_pattern_that_lies_over_another(upper: str, lower: str, *, is_narrower: bool) -> None:
    assert wider({"allow": [upper]}, {"allow": ["GET /other", lower]}) == (
        [] if is_narrower else [("allow", 0)]
    )


@pytest.mark.parametrize(
    ("upper", "lower", "at"),
    [
        ([], ["-v"], None), (["-v"], ["-v", "-x"], None), (["-y"], ["-v"], 0), (["-v", "--output="], ["-v"], 1),
        (["pattern"], ["-v"], 0), (["pattern"], ["pattern"], None), (["--a=x"], ["--a="], None),
        (["--a="], ["--a=x"], 0), (["--a=x"], ["--a=x|y"], None), (["--a=x|z"], ["--a=x|y"], 0), (["--a"], ["--a="], 0),
        (["--a="], ["--a"], 0), (["--a="], ["--a="], None),
    ],
)  # fmt: skip
def test_a_command_that_lies_over_another(upper: list[str], lower: list[str], at: int | None) -> None:
    over = {"exchange": "line", "commands": {"info": upper}}
    under = {"exchange": "line", "commands": {"info": lower, "who": []}}
    assert wider(over, under) == ([] if at is None else [("commands", "info", at)])


def test_commands_and_their_exchange_that_lie_over_others() -> None:
    both = {"exchange": "line", "commands": {"info": [], "who": []}}
    assert wider({"exchange": "line", "commands": {"info": []}}, both) == []
    assert wider({**both, "exchange": "other"}, both) == [("exchange",)]
    assert wider({"exchange": "line", "commands": {"info": [], "lock": []}}, both) == [("commands", "lock")]
    assert wider({}, both) == []
    assert wider(both, {}) == [("commands", "info"), ("commands", "who")]
