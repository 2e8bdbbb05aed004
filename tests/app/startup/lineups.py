"""Servers whose models change, as far as the models go."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.chain.chain import Chain
from app.exchange import Exchange, Message
from app.pipeline import Pipeline
from app.settings import Settings
from app.startup.database import DatabaseLink, open_database
from app.startup.lineup import ModelLineup
from app.startup.memory import settle
from app.startup.models import LoadedModels, open_models
from app.store.aliases import AliasStore
from tests.app.scripted import KeptRecords
from tests.bundles import reseal, write_decoder, write_embedder, write_reader

LONG = [f"{number} ".encode() for number in range(30)]
TEXTS = ["What do gates hold?", "Gates hold water."]


def write_models(folder: Path) -> Path:
    """Write three versions of a writer, of which the last fails its canary, and what a server needs."""
    write_embedder(folder, texts=TEXTS)
    write_reader(folder, texts=TEXTS, max_tokens=128)
    for version in ("1", "2", "3"):
        script = [f"v{version}: ".encode(), *LONG]
        write_decoder(folder, script, name="writer", version=version)
    reseal(folder / "writer" / "3", canaries=[{"text": "begin", "expected_text": "else"}])
    return folder


class Server:
    """The part of a server that has to do with models."""

    def __init__(self, lineup: ModelLineup, models: LoadedModels, link: DatabaseLink) -> None:
        self.lineup = lineup
        self.models = models
        self.link = link
        self.aliases = AliasStore(link.database)
        self.pipeline = Pipeline(Chain(()), models.engines, KeptRecords(), 30.0)

    async def ask(self, model: str) -> str:
        exchange = Exchange((Message("user", "begin"),), model, {"max_tokens": 40})
        await self.pipeline.run(exchange)
        return f"{exchange.model_version}: {exchange.completion}"

    def served(self) -> dict[str, str]:
        return {state.name: state.version for state in self.lineup.states()}

    def problem(self, name: str) -> str:
        return next(state.problem for state in self.lineup.states() if state.name == name)


@asynccontextmanager
async def serving(models_dir: Path, url: str, *references: str) -> AsyncGenerator[Server]:
    settings = Settings.model_validate(
        {
            "home": models_dir.parent / "var",
            "models_dir": models_dir,
            "database_url": url,
            "model": references[0],
            "models": references[1:],
        }
    )
    async with (
        open_database(settings) as link,
        open_models(settings, link.resolve) as models,
    ):
        lineup = ModelLineup(settings, models, link.database, on_closed=settle)
        await lineup.open()
        yield Server(lineup, models, link)


def whole(version: str) -> str:
    return f"{version}: v{version}: " + b"".join(LONG).decode()
