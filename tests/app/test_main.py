from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from app.errors import FilterError, StartupError
from app.main import create_app
from app.recorder import recorder
from app.routes.answers import InferResponse
from app.routes.authentication import PUBLIC_PATHS, unguarded
from app.settings import Settings
from app.store.aliases import AliasStore
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.keys import KeyStore, Scope
from app.telemetry import Metrics
from tests.app.recorder.test_segment import largest_file
from tests.bundles import write_decoder, write_embedder, write_reader
from tests.http import PATIENCE_S

QUESTION, SOURCE = "What do gates hold?", "# Gates\n\nGates hold water.\n"


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    texts = [QUESTION, SOURCE]
    write_embedder(tmp_path / "models", texts=texts)
    write_reader(tmp_path / "models", texts=texts, max_tokens=128)
    (tmp_path / "gates.md").write_text(SOURCE)
    return Settings.model_validate(
        {
            "home": tmp_path / "var",
            "models_dir": tmp_path / "models",
            "database_url": database_url,
            "sources": [tmp_path / "gates.md"],
            "chain": [{"id": "search", "filter": "retrieval", "stage": "input"}],
        }
    )


async def test_everything_is_put_together(settings: Settings, database: Database) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        key = (settings.home / "first-key").read_text().strip()
        transport, headers = httpx.ASGITransport(app), {"x-api-key": key}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=headers
        ) as client:
            answered = await client.post("/infer", json={"prompt": QUESTION})
            ready = await client.get("/readyz")
            metrics = (await client.get("/metrics")).text
            review = await client.get("/review")
        id_ = InferResponse.model_validate_json(answered.content).id
    stored = await ExchangeStore(database).get(id_)

    assert answered.json()["completion"] == "Gates hold water."
    assert answered.json()["citations"][0]["title"] == "Gates"
    assert ready.json()["checks"].keys() == {
        "models",
        "threads",
        "recorder",
        "keys",
        "database",
        "sources",
    }
    assert 'penstock_model_queue_size{bundle="answer@1"} 0.0' in metrics
    assert "\npenstock_event_loop_tasks " in metrics
    assert review.headers["location"].startswith("/review/sign-in")
    assert stored is not None  # closing drained it
    assert not list((settings.home / "segments").glob("*.seg"))


async def test_models_change_under_load_without_a_failed_request(
    settings: Settings, database: Database
) -> None:
    script = [f"{number} ".encode() for number in range(20)]
    for version in ("1", "2"):
        start = f"v{version} ".encode()
        write_decoder(settings.models_dir, [start, *script], name="writer", version=version)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        key = (settings.home / "first-key").read_text().strip()
        transport, headers = httpx.ASGITransport(app), {"x-api-key": key}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=headers
        ) as client:
            loaded = await client.post("/models/writer/load?version=1")
            answers: list[httpx.Response] = []
            seen: set[str] = set()

            async def keep_asking() -> None:
                body = {"prompt": "begin", "model": "writer", "parameters": {"max_tokens": 40}}
                while "2" not in seen:
                    answers.append(await client.post("/infer", json=body))
                    seen.add(answers[-1].json().get("model_version", "failed"))

            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
                for _ in range(3):
                    group.create_task(keep_asking())
                await AliasStore(database).set("production", "writer", "2", "ops")
            metrics = (await client.get("/metrics")).text
            back = await client.post("/models/writer/rollback")

    assert [m["version"] for m in loaded.json()["models"]] == ["1", "1"]
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        told = answer.json()
        assert told["completion"].startswith(f"v{told['model_version']} 0 1 ")
        assert told["completion"].endswith("19 ")
    assert seen == {"1", "2"}
    assert 'penstock_model_info{name="writer",version="2"} 1.0' in metrics
    assert 'penstock_model_info{name="writer",version="1"}' not in metrics
    assert back.json()["models"][1]["version"] == "1"


async def test_it_opens_again_after_it_was_closed(settings: Settings, database: Database) -> None:
    for _ in range(2):
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            assert app.state.service.keys.is_loaded

    assert [key.scopes for key in await KeyStore(database).list()] == [frozenset(Scope)]


async def test_a_server_that_cannot_keep_exchanges_is_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "REFUSE_S", 0.0)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        headers = {"x-api-key": (settings.home / "first-key").read_text().strip()}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
        ) as client:
            with largest_file(100), capture_logs():
                refused = await client.post("/infer", json={"prompt": QUESTION})
                full = await client.get("/readyz")
            ready = await client.get("/readyz")

    assert refused.json()["error"]["code"] == "recorder_full"
    assert (full.status_code, full.json()["checks"]["recorder"]) == (503, "not_ready")
    assert ready.status_code == 200


async def test_a_wrong_chain_stops_the_start_before_anything_is_opened(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "home": tmp_path / "var",
            "models_dir": tmp_path / "none",
            "chain": [{"id": "x", "filter": "made-up", "stage": "input"}],
        }
    )
    app = create_app(settings)

    with pytest.raises(FilterError, match="made-up"):
        async with app.router.lifespan_context(app):
            pass
    assert not (tmp_path / "var" / "postgres").exists()


def test_every_route_of_a_new_application_is_guarded(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path))

    assert set(unguarded(app.routes)) == PUBLIC_PATHS
    assert isinstance(app.state.metrics, Metrics)


def test_a_home_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartupError, match="PENSTOCK_HOME"):
        create_app(Settings(home=tmp_path / "file"))
