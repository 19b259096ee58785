"""What the READMEs say is there: commands and their options, and every word of the YAML formats."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from connector import cli, template
from connector.call import Call
from connector.catalog import Catalog
from connector.change import Create
from connector.definition import Api, RateRule
from connector.mapping import dates
from connector.mapping.forms import RULE_WORDS
from connector.mapping.path import Notes
from connector.merge import CONNECTOR, MAPPING
from connector.model.shape import Enum, shape_of
from connector.model.user import User
from connector.paging.facts import Style
from connector.resource import Resource
from connector.schemas import build_schemas
from tests.house.files import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMAT = (ROOT / "mappings" / "README.md").read_text(encoding="utf-8")
NOT_YET = FORMAT.partition("## Not built yet")[2]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def commands() -> list[str]:
    """Every line of README.md that starts the command, in blocks and in running text."""
    lines = [line for kind, text in BLOCK.findall(README) if kind == "console" for line in text.splitlines()]
    lines += CODE.findall(BLOCK.sub("", README))
    parts = (part.partition(" #")[0].strip() for line in lines for part in re.split(r"&&|[|>]", line))
    return sorted({part for part in parts if part.startswith("connector ")})


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_is_one(line: str) -> None:
    here: Any = typer.main.get_command(cli.app)
    allowed = {"-h", "--help"}
    words = shlex.split(line)
    for word in words[1 : words.index("--") if "--" in words else None]:
        allowed |= {name for param in here.params for name in (*param.opts, *param.secondary_opts)}
        if word.startswith("-"):
            assert word.partition("=")[0] in allowed, f"{here.name} has no option {word}"
        elif (below := getattr(here, "commands", None)) is not None:
            assert word in below, f"{here.name} has no command {word}"
            here = below[word]


def test_commands_are_found_in_the_readme() -> None:
    assert len(commands()) > 10
    assert any("--all" in line for line in commands())


def words_in(text: str) -> set[str]:
    """The words in code, also those inside an example."""
    found = " ".join([*CODE.findall(BLOCK.sub("", text)), *(block for _, block in BLOCK.findall(text))])
    return set(re.findall(r"[A-Za-z0-9_.]+", found))


def offered(schema: Any) -> Iterator[str]:
    """Each key and each closed word that a schema allows."""
    if isinstance(schema, list):
        for item in schema:
            yield from offered(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            elif key == "enum":
                yield from (word for word in value if isinstance(word, str))
            elif key == "const":
                yield str(value)
            yield from offered(value)


@pytest.mark.parametrize("kind", ["connector", "mapping"])
def test_every_word_of_the_format_is_in_its_reference(kind: str) -> None:
    schema = build_schemas()[f"{kind}.schema.json"]
    wanted = {*offered(schema["$defs"]), *schema["properties"]}
    wanted -= {name for name in wanted if name in User.model_fields and name not in schema["properties"]}
    assert sorted(wanted - words_in(FORMAT)) == []


def test_words_that_no_schema_lists_are_in_the_reference() -> None:
    statuses = shape_of(User).fields["status"]
    assert isinstance(statuses, Enum)
    wanted = {*template.QUOTINGS, *dates.DATE_WORDS, *RULE_WORDS, *statuses.values} - {"deleted"}
    wanted |= {word for words in template.DIGESTS.values() for word in words}
    wanted |= {word for merged in (CONNECTOR, MAPPING) for word in merged if word != "*"}
    assert sorted(wanted - words_in(FORMAT)) == []


def test_words_that_are_not_built_are_listed_as_such_and_no_others() -> None:
    refused: set[str] = set()
    for model in (Call, Create, Api, RateRule, Resource, Style):
        described = model.model_json_schema(by_alias=True)["properties"]
        refused |= {name for name, part in described.items() if part.get("not") == {}}
    listed = {word for found in CODE.findall(NOT_YET) for word in re.findall(r"[a-z0-9_]+", found)}
    elsewhere = {"call", "members", "rate"}
    assert listed - elsewhere == refused


def test_the_whole_connector_of_the_reference_loads(tmp_path: Path) -> None:
    named = re.compile(r"# mappings/(\S+)\n")
    for kind, text in BLOCK.findall(FORMAT):
        path = named.search(text)
        if kind == "yaml" and path:
            target = tmp_path / path[1]
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
    mapper = Catalog([tmp_path]).load("acme").sources["main.people"].mapper
    notes = Notes()
    record = {
        "uid": 7,
        "login": "ada",
        "first": "Ada",
        "last": "King",
        "state": "on",
        "mails": [{"address": "ada@acme.example", "kind": "work"}],
        "teams": [{"id": 3, "title": "Platform"}],
        "seen": 1767225600,
        "cc": "4130",
    }
    row = mapper.read(record, notes)
    assert notes.found == []
    assert (row["id"], row["name"], row["status"], row["last_login_at"]) == (
        "7",
        "Ada King",
        "active",
        "2026-01-01T00:00:00Z",
    )
    assert row["emails"] == [{"email": "ada@acme.example", "type": "work", "is_primary": False}]
    assert json.dumps(row["groups"]) == '[{"id": "3", "name": "Platform", "organization": null}]'


def test_links_lead_somewhere() -> None:
    for path in (ROOT / "README.md", ROOT / "mappings" / "README.md", ROOT / "fixtures" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"
