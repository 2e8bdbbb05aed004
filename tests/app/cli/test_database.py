from pathlib import Path

import pytest
from pydantic import SecretStr

from app.cli.database import address
from app.settings import Settings
from tests.commands import succeed
from tests.postgres import throwaway_home


def test_the_database_of_the_settings_is_used() -> None:
    url = "postgresql://h/d"

    with address(Settings(database_url=SecretStr(url))) as used:
        assert used == url


def test_without_one_the_embedded_postgres_runs_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    with throwaway_home() as home:
        monkeypatch.setenv("PENSTOCK_HOME", str(home))

        succeed("migrate")

        assert succeed("exchanges", "list") == "There are no such exchanges.\n"
        assert not list(Path(home).rglob("postmaster.pid"))
