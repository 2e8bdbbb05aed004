"""The chain changes as a whole while it is used, or not at all, and says why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.chain.chain import Chain
from app.engine.served import ServedEngines
from app.errors import ChainNotLoaded
from app.exchange import Exchange, Outcome
from app.pipeline import Pipeline
from app.settings import Settings, load_settings
from app.startup.chain import ChainLoader, open_chain
from app.startup.memory import settle
from app.startup.models import FilterResources, open_models
from filters import Filter, Resources
from tests.app.pipelines import asked
from tests.app.scripted import KeptRecords, ScriptedEngine
from tests.bundles import write_classifier, write_embedder

WORDS = """
[[chain]]
id = "words"
filter = "keyword"
stage = "{stage}"
action = "block"
options = {{ words = ["{word}"] }}
"""

JUDGED = """
[[chain]]
id = "judged"
filter = "classifier"
stage = "input"
action = "block"
options = { model = "toxicity", activation = "softmax", labels = { toxic = "toxic" } }
"""

SEARCH = """
[[chain]]
id = "search"
filter = "retrieval"
stage = "retrieval"
"""


class House:
    """A server's chain, with its settings file and a pipeline around it."""

    def __init__(self, file: Path, chain: Chain, loader: ChainLoader) -> None:
        self.file = file
        self.chain = chain
        self.loader = loader
        self.engine = ScriptedEngine(["One bomb. " + "Water flows. " * 500, "Two guns."])
        engines = ServedEngines.of({"scripted": self.engine})
        self.pipeline = Pipeline(chain, engines, KeptRecords(), 20.0)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    async def ask(self, text: str) -> Exchange:
        exchange = asked(text)
        await self.pipeline.run(exchange)
        return exchange


def words(word: str, stage: str = "input") -> str:
    return WORDS.format(word=word, stage=stage)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    file = tmp_path / "penstock.toml"
    file.write_text(words("bomb"), encoding="utf-8")
    async with opened(file) as one:
        yield one


@asynccontextmanager
async def opened(file: Path, resources: Resources | None = None) -> AsyncGenerator[House]:
    settings = load_settings(file)
    chain = Chain.build(settings.chain)
    async with open_chain(settings, chain, resources, settle) as loader:  # type: ignore[arg-type]
        yield House(file, chain, loader)


async def test_the_chain_of_the_file_comes_into_force(house: House) -> None:
    before = await house.ask("A bomb and a gun")
    house.write(words("gun") + words("extra").replace('"words"', '"more"'))

    assert await house.loader.reload("Ana") == []
    after = [await house.ask("A bomb"), await house.ask("A gun")]

    assert [i.id for i in house.loader.instances] == ["words", "more"]
    assert before.outcome is Outcome.BLOCKED
    assert [one.outcome for one in after] == [Outcome.COMPLETED, Outcome.BLOCKED]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (words("gun") + "\n[limits]\nrequest_s = 'soon'\n", "penstock.toml:10: limits.request_s"),
        (
            words("gun").replace("keyword", "keywrod"),
            "penstock.toml:2: filter 'words': There is no",
        ),
        (
            words("gun").replace("words =", "wrods ="),
            "penstock.toml:2: filter 'words': unknown opt",
        ),
        (words("gun").replace("keyword", "toxicity"), "penstock.toml:2: filter 'words': "),
        (words("gun") + words("gun"), "penstock.toml:10: chain[1].id"),
        ("[[chain]\n", "penstock.toml:1: not valid TOML"),
        (SEARCH, "penstock.toml:2: filter 'search': Filter 'retrieval' cannot stand at stage"),
    ],
)
async def test_whatever_is_wrong_keeps_the_old_chain_and_is_told_with_its_line(
    house: House, text: str, why: str
) -> None:
    instances = house.loader.instances
    house.write(text)

    with capture_logs() as logs, pytest.raises(ChainNotLoaded) as refused:
        await house.loader.reload("Ana")

    assert why in refused.value.message
    assert house.loader.instances == instances
    assert (await house.ask("A bomb")).outcome is Outcome.BLOCKED
    assert logs[0]["event"] == "chain_not_loaded"


async def test_a_filter_that_cannot_be_set_up_undoes_the_ones_before_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def close(self: Filter) -> None:
        closed.append(type(self).__name__)

    monkeypatch.setattr(Filter, "close", close)
    broken = words("x").replace("keyword", "toxicity").replace('words = ["x"]', "")
    house.write(words("gun") + broken.replace('"words"', '"broken"'))

    with pytest.raises(ChainNotLoaded, match=r"toml:9: filter 'broken': it cannot be set up"):
        await house.loader.reload("Ana")
    assert closed == ["Keyword"]


async def test_a_missing_file_keeps_the_old_chain(house: House) -> None:
    house.file.unlink()

    with pytest.raises(ChainNotLoaded, match="cannot read the settings file"):
        await house.loader.reload("Ana")


async def test_a_request_ends_on_the_chain_it_began_with(house: House) -> None:
    """It is judged by the old one to its last sentence, and only then the old one is closed."""
    house.write(words("guns", "output"))
    await house.loader.reload("Ana")
    old = house.loader.instances
    exchange = asked("Go.")
    stream = house.pipeline.stream(exchange)
    released = [await anext(stream)]

    house.write(words("bomb", "output"))
    await house.loader.reload("Ana")
    await house.loader.follow()
    assert old[0]._is_set_up
    released += [text async for text in stream]
    later = await house.ask("Go.")
    await house.loader.follow()

    assert "".join(released) == exchange.completion
    assert exchange.completion.startswith("One bomb.")
    assert "guns" not in exchange.completion
    assert exchange.outcome is Outcome.BLOCKED
    assert later.completion == ""
    assert not old[0]._is_set_up
    assert house.loader.instances[0]._is_set_up


async def test_models_leave_with_the_last_chain_that_used_them(tmp_path: Path) -> None:
    write_embedder(tmp_path, texts=["gates"])
    write_classifier(tmp_path, {"toxic": ["evil"], "fine": []})
    file = tmp_path / "penstock.toml"
    file.write_text(JUDGED + JUDGED.replace("judged", "again"), encoding="utf-8")

    async def first(reference: str) -> str:
        return reference if "@" in reference else f"{reference}@1"

    async with AsyncExitStack() as stack:
        own = Settings(models_dir=tmp_path)
        models = await stack.enter_async_context(open_models(own, first))
        resources = FilterResources(models, None)  # type: ignore[arg-type]  # nobody searches
        house = await stack.enter_async_context(opened(file, resources))
        for text, left in [(JUDGED, ["toxicity@1"]), (words("bomb"), []), (JUDGED, ["toxicity@1"])]:
            house.write(text)
            await house.loader.reload("Ana")
            await house.loader.follow()
            assert models.references == ["encoder@1", *left]
        assert (await house.ask("An evil word")).outcome is Outcome.BLOCKED


async def test_requests_go_on_while_the_chain_changes_again_and_again(house: House) -> None:
    outcomes = []

    async def ask() -> None:
        for _ in range(30):
            outcomes.append((await house.ask("A bomb")).outcome)

    async def change() -> None:
        for number in range(10):
            house.write(words("bomb") if number % 2 else "[[chain]]\n")
            with suppress(ChainNotLoaded):
                await house.loader.reload("Ana")
            await house.loader.follow()

    async with asyncio.TaskGroup() as group:
        for work in (ask, ask, ask, change):
            group.create_task(work())

    assert outcomes == [Outcome.BLOCKED] * 90


async def test_a_hangup_reloads_and_a_bad_chain_is_logged_only(house: House) -> None:
    await house.loader.follow()
    house.write(words("gun"))
    house.loader.want_reload()
    await house.loader.follow()
    assert (await house.ask("A gun")).outcome is Outcome.BLOCKED

    house.write("chain = 3")
    house.loader.want_reload()
    with capture_logs() as logs:
        await house.loader.follow()
    assert [(one["event"], one["by"]) for one in logs] == [("chain_not_loaded", "SIGHUP")]
    assert (await house.ask("A gun")).outcome is Outcome.BLOCKED


async def test_what_else_has_changed_is_named(house: House) -> None:
    house.write("log_level = 'debug'\nport = 1\n[limits]\nrequest_s = 5\n" + words("gun"))

    assert await house.loader.reload("Ana") == ["limits", "log_level"]
