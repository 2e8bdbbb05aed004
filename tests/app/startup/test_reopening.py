"""Language models whose threads die come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.generation.generator import Generator
from app.errors import ModelFailed, Unavailable
from app.store.aliases import AliasStore
from tests.app.startup.lineups import Server, serving, whole, write_models


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return write_models(tmp_path / "models")


async def let_die(server: Server, name: str) -> None:
    """Break an engine's thread in the middle of a request."""
    engine = server.models.engines.get(name)
    assert isinstance(engine, Generator)

    def broken() -> bool:
        raise RuntimeError

    engine._scheduler.step = broken  # type: ignore[method-assign]
    with pytest.raises(ModelFailed):
        await server.ask(name)
    assert not engine.is_alive
    assert not server.models.is_alive


async def test_a_dead_engine_is_opened_anew_under_all_its_names(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer", "writer@1", "writer@2") as server:
        await let_die(server, "writer")
        await server.lineup.follow()

        assert server.models.is_alive
        assert await server.ask("writer") == await server.ask("writer@1") == whole("1")
        assert await server.ask("writer@2") == whole("2")
        await server.lineup.follow()
        assert server.models.engines.num_retired == 0


async def test_a_dead_engine_comes_back_while_the_database_is_away(
    models_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(models_dir, database_url, "writer@1") as server:

        async def gone(*_: object) -> None:
            raise Unavailable

        monkeypatch.setattr(AliasStore, "current", gone)
        await let_die(server, "writer")
        with pytest.raises(Unavailable):
            await server.lineup.follow()
        assert await server.ask("writer") == whole("1")


async def test_what_dies_again_at_once_is_left_alone_until_an_operator_loads_it(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        await let_die(server, "writer")
        await server.lineup.follow()
        await let_die(server, "writer")
        await server.lineup.follow()
        assert not server.models.is_alive

        await server.lineup.load("writer", "1", "ann")
        assert server.models.is_alive
        assert await server.ask("writer@1") == whole("1")


async def test_what_cannot_be_opened_anew_is_told(models_dir: Path, database_url: str) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        (models_dir / "writer" / "1" / "tokenizer.json").write_text("{}", encoding="utf-8")
        await let_die(server, "writer")
        for _ in range(2):
            await server.lineup.follow()

        assert not server.models.is_alive
        assert server.problem("writer")
        assert server.lineup.failures == {"writer": 1.0}
        await server.lineup.unload("writer", "ann")
        assert server.models.is_alive
