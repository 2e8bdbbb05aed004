"""Models change while the server serves; nothing that was asked is lost."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from app.errors import BundleError, ModelInUse, ModelNotFound, ModelNotLoaded, NotFound, Unavailable
from app.startup.memory import settle
from app.store.aliases import AliasStore
from app.store.loaded import LoadedModelStore
from tests.app.startup.lineups import serving, whole, write_models


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return write_models(tmp_path / "models")


async def test_engines_are_found_by_name_and_by_version(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer", "writer@1", "writer@2") as server:
        assert set(server.models.engines.names) == {
            *("answer", "answer@1", "writer", "writer@1", "writer@2")
        }
        assert await server.ask("writer") == whole("1")  # the one named first
        assert await server.ask("writer@2") == whole("2")
        with pytest.raises(ModelInUse, match="pin"):
            await server.lineup.load("writer", "1", "ann")
        with pytest.raises(NotFound, match="pin"):
            await server.lineup.roll_back("writer", "ann")


@pytest.mark.parametrize("references", [("missing",), ("encoder",), ("answer", "writer@9")])
async def test_a_bundle_of_the_settings_that_does_not_fit_stops_the_start(
    models_dir: Path, database_url: str, references: tuple[str, ...]
) -> None:
    with pytest.raises(BundleError):
        async with serving(models_dir, database_url, *references):
            pass


async def test_an_alias_is_followed_and_requests_in_work_end_where_they_began(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        old = server.models.engines.get("writer")
        assert old
        before = [asyncio.ensure_future(server.ask("writer")) for _ in range(3)]
        await asyncio.sleep(0)
        await server.aliases.set("production", "writer", "2", "ann")
        await server.lineup.follow()
        after = [asyncio.ensure_future(server.ask("writer")) for _ in range(3)]
        await asyncio.sleep(0)
        num_retired = server.models.engines.num_retired

        assert await asyncio.gather(*before) == [whole("1")] * 3
        assert await asyncio.gather(*after) == [whole("2")] * 3
        assert num_retired == 1
        assert "writer@1" not in server.models.engines.names
        await server.lineup.follow()
        assert (server.models.engines.num_retired, old.is_alive) == (0, False)


async def test_a_closed_engine_is_freed(models_dir: Path, database_url: str) -> None:
    settle()
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        old = weakref.ref(server.models.engines.get("writer") or server)
        gc.freeze()  # as a server that has started does
        await server.lineup.load("writer", "2", "ann")
        await server.lineup.follow()
        assert old() is None
    gc.unfreeze()


async def test_no_request_fails_while_versions_change_under_load(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        answers: list[str] = []
        is_over = asyncio.Event()

        async def keep_asking() -> None:
            while not is_over.is_set():
                answers.append(await server.ask("writer"))

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(keep_asking())
            for version in ("2", "1", "2"):
                await server.aliases.set("production", "writer", version, "ann")
                await server.lineup.follow()
            await server.lineup.roll_back("writer", "ann")
            is_over.set()

        assert set(answers) <= {whole("1"), whole("2")}
        assert server.served() == {"answer": "1", "writer": "1"}
        await server.lineup.follow()
        assert server.models.engines.num_retired == 0


async def test_what_is_unloaded_ends_what_it_began(models_dir: Path, database_url: str) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        asked = [asyncio.ensure_future(server.ask("writer")) for _ in range(3)]
        await asyncio.sleep(0)
        await server.lineup.unload("writer", "ann")
        await server.lineup.follow()

        assert server.models.engines.names == ["answer", "answer@1"]
        assert await asyncio.gather(*asked) == [whole("1")] * 3
        await server.lineup.follow()
        assert server.models.engines.num_retired == 0


async def test_a_version_that_cannot_be_loaded_leaves_the_old_one_serving(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "2", "ann")
        with pytest.raises(ModelNotLoaded, match="golden check"):
            await server.lineup.load("writer", "3", "ann")
        assert await server.aliases.get("writer", "production") == "2"

        await server.aliases.set("production", "writer", "3", "ann")
        for _ in range(2):
            await server.lineup.follow()
        assert await server.ask("writer") == whole("2")
        assert "golden check" in server.problem("writer")
        assert server.lineup.failures == {"writer": 1.0}

        assert await server.aliases.roll_back("writer", "ann") == "2"
        await server.lineup.follow()
        assert server.problem("writer") == ""
        assert server.lineup.failures == {}


async def test_what_is_loaded_stays_so_in_other_servers_until_it_is_unloaded(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        async with serving(models_dir, database_url, "answer") as other:
            assert other.served() == {"answer": "1", "writer": "1"}
            await other.lineup.unload("writer", "bob")
            with pytest.raises(ModelNotFound):
                await other.ask("writer")
            with pytest.raises(NotFound):
                await other.lineup.unload("writer", "bob")
        await server.lineup.follow()
        assert server.served() == {"answer": "1"}
        assert server.models.engines.names == ["answer", "answer@1"]
        with pytest.raises(ModelInUse):
            await server.lineup.unload("answer", "ann")


async def test_without_a_version_the_one_in_production_is_loaded_or_the_newest(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        with pytest.raises(ModelNotLoaded):  # the newest is the broken one
            await server.lineup.load("writer", None, "ann")
        assert server.served() == {"answer": "1"}
        await server.aliases.set("production", "writer", "1", "ann")
        await server.lineup.load("writer", None, "ann")
        assert server.served()["writer"] == "1"
        for name, version in (("missing", None), ("writer", "9")):
            with pytest.raises(NotFound):
                await server.lineup.load(name, version, "ann")


async def test_a_loaded_model_that_broke_meanwhile_does_not_stop_the_start(
    models_dir: Path, database_url: str
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await LoadedModelStore(server.link.database).add("writer", "ann")
        await server.aliases.set("production", "writer", "3", "ann")
    async with serving(models_dir, database_url, "answer") as server:
        assert server.served() == {"answer": "1", "writer": ""}
        assert "golden check" in server.problem("writer")
        assert await server.aliases.roll_back("writer", "ann") is None


async def test_the_way_back(models_dir: Path, database_url: str) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")
        with pytest.raises(NotFound, match="before"):
            await server.lineup.roll_back("writer", "ann")
        await server.lineup.load("writer", "2", "ann")
        await server.lineup.roll_back("writer", "ann")
        assert server.served()["writer"] == "1"
        with pytest.raises(NotFound):
            await server.lineup.roll_back("absent", "ann")


async def test_while_the_database_is_away_everything_stays(
    models_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(models_dir, database_url, "answer") as server:
        await server.lineup.load("writer", "1", "ann")

        async def gone(*_: object) -> None:
            raise Unavailable

        monkeypatch.setattr(AliasStore, "set", gone)
        monkeypatch.setattr(AliasStore, "current", gone)
        with pytest.raises(Unavailable):
            await server.lineup.load("writer", "2", "ann")
        with pytest.raises(Unavailable):
            await server.lineup.follow()
        assert await server.ask("writer") == whole("1")
        assert server.served() == {"answer": "1", "writer": "1"}
