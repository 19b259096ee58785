"""The environment, read in one place: what can't be used is refused by the variable's name, and keys never show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector.errors import ConfigurationInvalid
from connector.settings import Settings


def test_without_anything_set() -> None:
    settings = Settings.read()
    assert (settings.mappings, settings.allow_networks) == ((), ())
    assert (settings.max_calls, settings.max_seconds) == (10, 20.0)
    assert (settings.database_url, settings.keys) == (None, None)


def test_everything_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("CONNECTOR_MAPPINGS", f"{tmp_path}{os.pathsep}{tmp_path / 'a'}{os.pathsep}")
    monkeypatch.setenv("CONNECTOR_ALLOW_NETWORKS", "10.1.0.0/16, commander.internal,,127.0.0.1:8900")
    monkeypatch.setenv("CONNECTOR_MAX_CALLS", "7")
    monkeypatch.setenv("CONNECTOR_MAX_SECONDS", "1.5")
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", "postgresql://u:dbpass@h/d")
    monkeypatch.setenv("CONNECTOR_KEYS", "k1:s3cret")
    monkeypatch.setenv("CONNECTOR_UNKNOWN", "x")
    settings = Settings.read()
    assert settings.mappings == (tmp_path, tmp_path / "a")
    assert settings.allow_networks == ("10.1.0.0/16", "commander.internal", "127.0.0.1:8900")
    assert (settings.max_calls, settings.max_seconds) == (7, 1.5)
    assert settings.keys is not None
    assert settings.keys.get_secret_value() == "k1:s3cret"
    for secret in ("s3cret", "dbpass"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MAPPINGS", "/no/such/folder", "CONNECTOR_MAPPINGS: /no/such/folder is not a folder"),
        ("MAX_CALLS", "0", "CONNECTOR_MAX_CALLS: Input should be greater than or equal to 1"),
        ("MAX_CALLS", "many", "CONNECTOR_MAX_CALLS: "),
        ("MAX_CALLS", "1001", "CONNECTOR_MAX_CALLS: "),
        ("MAX_SECONDS", "0", "CONNECTOR_MAX_SECONDS: "),
        ("MAX_SECONDS", "nan", "CONNECTOR_MAX_SECONDS: "),
        ("MAX_SECONDS", "inf", "CONNECTOR_MAX_SECONDS: "),
    ],
)
def test_a_value_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"CONNECTOR_{name}", value)
    with pytest.raises(ConfigurationInvalid) as refused:
        Settings.read()
    assert words in str(refused.value)


def test_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_MAX_CALLS", "x")
    monkeypatch.setenv("CONNECTOR_MAX_SECONDS", "y")
    with pytest.raises(ConfigurationInvalid) as refused:
        Settings.read()
    assert "CONNECTOR_MAX_CALLS" in str(refused.value)
    assert "CONNECTOR_MAX_SECONDS" in str(refused.value)


def test_an_error_about_one_value_shows_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_KEYS", "k1:s3cret")
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", "postgresql://u:dbpass@h/d")
    monkeypatch.setenv("CONNECTOR_MAX_CALLS", "x")
    with pytest.raises(ConfigurationInvalid) as refused:
        Settings.read()
    assert "s3cret" not in str(refused.value)
    assert "dbpass" not in str(refused.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings.read().max_calls = 3  # type: ignore[misc]
