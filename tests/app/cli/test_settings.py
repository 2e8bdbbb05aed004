import json
import tomllib
from pathlib import Path

import pytest

from app.settings import Settings
from app.settings.render import to_values
from tests.commands import succeed


def test_the_settings_are_shown_as_toml() -> None:
    Path("penstock.toml").write_text("port = 9000\n")

    shown = tomllib.loads(succeed("settings"))

    assert shown["port"] == 9000
    assert shown["limits"]["messages"] == Settings().limits.messages


def test_the_settings_are_shown_as_json() -> None:
    assert json.loads(succeed("settings", "--json")) == to_values(Settings())


def test_the_settings_are_explained() -> None:
    assert "# Largest request body.\n" in succeed("settings", "--explain")


def test_another_file_is_named_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.toml").write_text("port = 1\n")
    Path("b.toml").write_text("port = 2\n")
    monkeypatch.setenv("PENSTOCK_CONFIG", "a.toml")

    assert tomllib.loads(succeed("settings"))["port"] == 1
    assert tomllib.loads(succeed("--config", "b.toml", "settings"))["port"] == 2


def test_no_password_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", "postgresql://me:hush@db/x")

    shown = [succeed("settings", *option) for option in ([], ["--explain"], ["--json"])]

    assert not any("hush" in text for text in shown)
