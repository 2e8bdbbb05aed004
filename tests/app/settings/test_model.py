from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.settings import Settings
from app.settings.origin import Origin


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().__setattr__("port", 1)


def test_making_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_PORT", "9999")

    assert Settings().port == 8000


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgres_is_taken(scheme: str) -> None:
    url = SecretStr(f"{scheme}://h/d")

    assert Settings(database_url=url).database_url == url


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")

    assert Settings(home=Path("~/x")).home == Path("/nowhere/x")


def test_settings_know_where_they_were_read() -> None:
    settings = Settings().with_origin(Origin("p.toml", "port = 8000\n"))

    assert settings.locate("port") == "p.toml:1"
    assert Settings().locate("chain", 0) == "defaults"
