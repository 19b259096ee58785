"""Connectors are found, laid over each other and compiled, and everything that is wrong is told at once with its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.catalog import Catalog, Loaded, bundled_folder, search_folders
from connector.errors import ConfigurationInvalid, NotFound

CONNECTOR = """\
connector: base
label: Base
settings:
  region: {label: Region, default: us}
unified:
  users: [main.people]
apis:
  main:
    secrets: {token: {label: Token}}
    base_url: "https://{settings.region}.example.com"
    auth: {style: bearer, token: "{secrets.token}"}
    headers: {Accept: application/json}
    check: {get: /check}
    membership: on_user
    resources:
      people:
        key: $.id
        list:
          get: /people
          query: {start: "{page.start}"}
          records: "$.items[*]"
          paging: {style: offset, first: 0, size: 10, ends: empty_page}
        get: {get: "/people/{id}"}
"""
MAPPING = """\
source: main.people
unified: users
fields:
  id: $.id
  name: $.name
"""
C, M = "connector.yaml", "main.people.yaml"
BASE = {f"base/{C}": CONNECTOR, f"base/{M}": MAPPING}
EXTENDING = f"extends: base/main.people\n{MAPPING.partition('fields')[0]}"

Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a connector from folders that hold these files."""
    monkeypatch.chdir(tmp_path)

    def load(name: str, *folders: Mapping[str, str], **more: Any) -> Loaded:
        roots = []
        for number, files in enumerate(folders):
            roots.append(tmp_path / f"f{number}")
            for path, text in files.items():
                place = roots[-1] / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
        return Catalog(roots).load(name, **more)

    return load


def faults(load: Load, name: str, *folders: Mapping[str, str], **more: Any) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as refused:
        load(name, *folders, **more)
    return [str(fault) for fault in refused.value.faults]


def fields(loaded: Loaded, source: str = "main.people") -> list[str]:
    return list(loaded.sources[source].mapping.fields)


def test_a_connector_is_whole(load: Load) -> None:
    loaded = load("base", BASE)
    assert (loaded.name, loaded.definition.label, list(loaded.sources)) == ("base", "Base", ["main.people"])
    assert loaded.files == (f"f0/base/{C}", f"f0/base/{M}")


def test_an_earlier_folder_stands_in_place_of_a_later_one(load: Load) -> None:
    own = MAPPING.replace("name: $.name", "username: $.login")
    loaded = load("base", {f"base/{M}": own}, BASE)
    assert fields(loaded) == ["id", "username"]
    assert loaded.files == (f"f1/base/{C}", f"f0/base/{M}")


def test_what_extends_its_own_name_lies_over_the_next_folder(load: Load) -> None:
    top = {
        f"base/{C}": "connector: base\nextends: base\nlabel: Top\n",
        f"base/{M}": f"{EXTENDING}fields: {{title: $.t}}\n",
    }
    middle = {
        f"base/{C}": "connector: base\nextends: base\nlabel: Middle\nsettings: {region: null, site: {label: S}}\n"
    }
    bottom = {**BASE, f"base/{C}": CONNECTOR.replace("{settings.region}", "www")}
    loaded = load("base", top, middle, bottom)
    assert loaded.definition.label == "Top"
    assert set(loaded.definition.settings) == {"site"}
    assert fields(loaded) == ["id", "name", "title"]


def test_another_connector_is_extended(load: Load) -> None:
    made = {
        f"made/{C}": "connector: made\nextends: base\nlabel: Made\n",
        f"made/{M}": f"{EXTENDING}fields: {{name: null}}\n",
    }
    loaded = load("made", {**BASE, **made})
    assert (loaded.name, loaded.definition.label, fields(loaded)) == ("made", "Made", ["id"])


def test_an_api_of_another_connector_is_extended(load: Load) -> None:
    text = """\
connector: made
label: Made
unified: {users: [own.people]}
apis:
  own: {extends: base.main, base_url: "https://own", headers: {X-Own: "1"}}
"""
    loaded = load("made", {**BASE, f"made/{C}": text, "made/own.people.yaml": MAPPING.replace("main", "own")})
    api = loaded.definition.apis["own"]
    assert (api.base_url, dict(api.headers)) == ("https://own", {"Accept": "application/json", "X-Own": "1"})


NEEDS = "`id` needs a rule"
WRONG: list[tuple[str, dict[str, str], list[str]]] = [
    ("a circle of connectors", {f"base/{C}": "connector: base\nextends: b\n", f"b/{C}": "connector: b\nextends: base\n"},
        [f"f0/b/{C}:2:10: extends: extends goes in a circle: base → b → base"]),
    ("a circle of apis", {
        f"base/{C}": "connector: base\nlabel: A\nunified: {}\napis: {x: {extends: b.x}}\n",
        f"b/{C}": "connector: b\nlabel: B\nunified: {}\napis: {x: {extends: base.x}}\n"},
        [f"f0/b/{C}:4:21: apis.x.extends: extends goes in a circle: base → b → base"]),
    ("a circle of mappings", {**BASE, f"base/{M}": EXTENDING.replace("main.people", "main.b", 1), "base/main.b.yaml":
        EXTENDING}, ["extends goes in a circle: base/main.people → base/main.b → base/main.people"]),
    ("a circle over two connectors", {**BASE, f"base/{M}": EXTENDING.replace("base/", "b/"), f"b/{C}":
        CONNECTOR.replace("base", "b"), f"b/{M}": EXTENDING}, ["goes in a circle: base → b/main.people → b → base"]),
    ("itself, and nothing is below", {**BASE, f"base/{C}": "connector: base\nextends: base\n"},
        [f"f0/base/{C}:2:10: extends: 'base' extends itself, and no folder further down has it"]),
    ("a mapping that is itself", {**BASE, f"base/{M}": EXTENDING},
        [f"f0/base/{M}:1:10: extends: 'base/main.people' extends itself, and no folder further down has it"]),
    ("an unknown connector", {**BASE, f"base/{C}": "connector: base\nextends: bass\n"},
        [f"f0/base/{C}:2:10: extends: no such connector\n    did you mean: base\n    allowed: base"]),
    ("a folder outside", {**BASE, f"base/{C}": "connector: base\nextends: ../base\n"},
        [f"f0/base/{C}:2:10: extends: no such connector"]),
    ("an unknown mapping", {**BASE, f"base/{M}": EXTENDING.replace("people", "peopel", 1)},
        [f"f0/base/{M}:1:10: extends: no such mapping\n    did you mean: base/main.people"]),
    ("a mapping of an unknown connector", {**BASE, f"base/{M}": EXTENDING.replace("base/", "other/", 1)},
        [f"f0/base/{M}:1:10: extends: no such connector"]),
    ("an unknown api", {**BASE, f"base/{C}": CONNECTOR.replace("  main:\n", "  main:\n    extends: b.none\n"), f"b/{C}":
        CONNECTOR.replace("base", "b")}, ["apis.main.extends: 'b' has no api 'none'; write connector.api"]),
    ("a broken connector below", {f"base/{C}": "connector: base\nextends: b\n", f"b/{C}": "a: ["},
        [f"f0/b/{C}:1:5: not YAML"]),
    ("no mapping for a source", {f"base/{C}": CONNECTOR},
        [f"f0/base/{C}:6:11: unified.users.0: no mapping file main.people.yaml for this source"]),
    ("a name that is not the folder's", {**BASE, f"base/{C}": CONNECTOR.replace("connector: base", "connector: other")},
        [f"f0/base/{C}:1:12: connector: expected 'base': a connector has the name of its folder"]),
    ("a source that is not the file's", {**BASE, "base/main.other.yaml": MAPPING},
        ["f0/base/main.other.yaml:1:9: source: expected 'main.other'"]),
    ("a source that no api has", {**BASE, "base/main.other.yaml": MAPPING.replace("people", "other")},
        ["f0/base/main.other.yaml:1:9: source: no such source (api.resource)\n    allowed: main.people"]),
    ("an id that is not the key", {**BASE, f"base/{M}": MAPPING.replace("$.id", "$.uid")},
        [f"f0/base/{M}:4:7: fields.id: the id must read $.id, the key of main.people"]),
    ("hostile YAML", {**BASE, f"base/{M}": "a: &x [*x]\nb: !!python/name:os.system x\n"},
        [f"f0/base/{M}:1:4: an alias (*) stands in itself"]),
    ("an empty file", {**BASE, f"base/{M}": ""}, [f"f0/base/{M}:1:1: the file is empty"]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_wrong(load: Load, files: dict[str, str], expected: list[str]) -> None:
    found = faults(load, "base", files)
    for words in expected:
        assert any(words in fault for fault in found), found


def test_all_faults_of_all_files_are_told_at_once(load: Load) -> None:
    files = {
        f"base/{C}": CONNECTOR.replace("label: Base", "lable: Base").replace("check:", "chekc:"),
        f"base/{M}": MAPPING.replace("name:", "nmae:") + "  phones: 7\n",
        "base/main.b.yaml": "a: !x\n",
    }
    found = faults(load, "base", files)
    assert [fault.partition(" ")[0] for fault in found] == [
        f"f0/base/{C}:1:1:",
        f"f0/base/{C}:2:1:",
        f"f0/base/{C}:9:5:",
        f"f0/base/{C}:13:5:",
        "f0/base/main.b.yaml:1:4:",
        *["f0/base/main.b.yaml:1:1:"] * 3,  # a tag leaves the rest readable, and it is looked at too
        f"f0/base/{M}:5:3:",
        f"f0/base/{M}:6:11:",
    ]
    assert "did you mean: label" in found[1]
    assert "did you mean: check" in found[3]
    assert "did you mean: name" in found[8]


def test_a_fault_of_the_connector_is_not_told_again_of_its_mappings(load: Load) -> None:
    found = faults(load, "base", {**BASE, f"base/{C}": CONNECTOR.replace("style: offset", "style: ofset")})
    assert len(found) == 1
    assert "unknown style 'ofset'\n    did you mean: offset" in found[0]


def test_overrides_are_laid_over_a_mapping(load: Load) -> None:
    override = {"main.people": {"fields": {"name": None, "title": "$.t", "custom_fields": {"cc": "$.cc"}}}}
    loaded, plain = load("base", BASE, overrides=override), load("base", BASE)
    assert fields(loaded) == ["id", "title", "custom_fields"]
    assert loaded.sources["main.people"].version != plain.sources["main.people"].version
    assert loaded.calling_version == plain.calling_version, "a walk goes on when a field's rule is changed"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            {"main.people": {"fields": {"titel": "$.t"}}},
            "override of main.people:1:1: fields.titel: unknown unified field",
        ),
        ({"main.people": {"fields": {"title": "{secrets.token}"}}}, "{secrets.token} is not a path"),
        ({"main.people": {"fields": {"id": None}}}, "`id` needs a rule"),
        ({"main.people": {"source": "main.x"}}, "expected 'main.people'"),
        ({"main.people": {"base_url": "https://evil"}}, "unknown key 'base_url'"),
        ({"main.people": 7}, "expected a mapping"),
        ({"main.people": None}, "expected a mapping"),
        ({"main.poeple": {}}, "overrides name sources that this connector has not: main.poeple"),
    ],
)
def test_a_wrong_override(load: Load, override: dict[str, Any], expected: str) -> None:
    found = faults(load, "base", BASE, overrides=override)
    assert any(expected in fault for fault in found), found


def test_a_version_changes_with_what_is_called_and_not_with_comments(load: Load) -> None:
    plain = load("base", BASE)
    comments = load("base", {**BASE, f"base/{C}": f"# hello\n{CONNECTOR}"})
    changed = load("base", {**BASE, f"base/{C}": CONNECTOR.replace("size: 10", "size: 11")})
    assert plain.calling_version == comments.calling_version != changed.calling_version


@pytest.mark.parametrize("name", ["bsae", "", "../base", "base/../base", "/etc", "."])
def test_an_unknown_name(load: Load, name: str) -> None:
    with pytest.raises(NotFound, match="there are: base") as refused:
        load(name, BASE)
    if name == "bsae":
        assert refused.value.hint == "did you mean base?"


def test_names_are_of_all_folders(tmp_path: Path) -> None:
    for place in ("one/b", "two/a", "two/b", "two/c"):
        (tmp_path / place).mkdir(parents=True)
        if not place.endswith("c"):
            (tmp_path / place / C).write_text("")
    assert Catalog([tmp_path / "two", tmp_path / "one", tmp_path / "none"]).names() == ["a", "b"]


def test_folders_are_looked_through_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "more").mkdir()
    more = tmp_path / "more"
    found = search_folders([more, tmp_path / "none", more])
    assert found == [Path("mappings"), more, bundled_folder("mappings")]


def test_the_bundled_connectors_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    catalog = Catalog([bundled_folder("mappings")])
    assert catalog.names()
    for name in catalog.names():
        loaded = catalog.load(name)
        assert loaded.sources
        assert not any(file.startswith(os.pardir) for file in loaded.files)


def test_what_is_not_read_is_told(load: Load, tmp_path: Path) -> None:
    found = faults(load, "base", {**BASE, "base/main.more.yml": "source: main.more\n"})
    assert any(
        "main.more.yml:1:1: this file is not read: its name must end in .yaml" in fault for fault in found
    )
    folder = tmp_path / "other"
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "conector.yaml").write_text("connector: acme\n")
    with pytest.raises(
        ConfigurationInvalid, match=r"acme:1:1: this folder has no connector.yaml.*conector\.yaml"
    ):
        Catalog([folder]).load("acme")


def test_a_source_that_is_inherited_is_blamed_on_the_file_that_lacks_it(load: Load) -> None:
    child = "extends: base/main.people\nunified: users\n"
    found = faults(load, "base", {**BASE, "base/main.peple.yaml": child})
    assert any("main.peple.yaml:1:10: extends: `source` is missing here" in fault for fault in found), found


def test_a_key_that_stands_twice_hides_nothing_else(load: Load) -> None:
    text = MAPPING.replace("name:", "nmae:") + "unified: groups\n"
    found = faults(load, "base", {**BASE, f"base/{M}": text})
    assert any("duplicate key 'unified'" in fault for fault in found)
    assert any("did you mean: name" in fault for fault in found)
