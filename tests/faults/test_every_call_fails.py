"""F22: the n-th call of any dependency fails, for every n.

Nothing is released that was not judged, every answer is recorded, and errors are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.chain.chain import Chain
from app.engine import Delta, Prompt
from app.engine.served import ServedEngines
from app.errors import ModelFailed, PenstockError, RecorderFull
from app.exchange import Exchange, Outcome
from app.pipeline import Pipeline
from filters import Finding, Item, Passage, Stage
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.pipelines import asked
from tests.app.scripted import KeptRecords, ScriptedEngine

pytestmark = pytest.mark.fault

WHOLE = "It is fine. A name: Nobody."
PIECES = ("It is fine. A na", "me: Zoe. Th", "is is evil. No", "body reads this.")


class Fate:
    """Lets the n-th of all calls fail."""

    def __init__(self, fails_at: int, error: type[BaseException]) -> None:
        self.fails_at = fails_at
        self.error = error
        self.calls = 0

    def meet(self, error: Exception | None = None) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            raise error or self.error()


class World:
    """A pipeline all of whose dependencies share one fate."""

    def __init__(self, fate: Fate) -> None:
        self.judged: dict[str, list[str]] = {}
        self.records = Records(fate)

        def judge(name: str, **options: str) -> Judge:
            return Judge(fate, self.judged.setdefault(name, []), **options)

        chain = [
            instance(judge("rude", word="rude"), id="rude", stage=Stage.INPUT),
            instance(Search(fate), id="search", stage=Stage.INPUT, action="flag"),
            instance(judge("poison", word="poison"), id="poison", stage=Stage.RETRIEVAL),
            instance(
                judge("names", word="Zoe", replacement="Nobody"), id="names", action="rewrite"
            ),
            instance(judge("evil", word="evil"), id="evil"),
            instance(judge("mild", word="mild"), id="mild", action="flag"),
        ]
        self.engine = Engine(fate)
        engines = ServedEngines.of({"scripted": self.engine})
        self.pipeline = Pipeline(Chain(chain), engines, self.records, 20.0)


class Judge(Word):
    """Finds a word, and notes what it has judged."""

    def __init__(self, fate: Fate, judged: list[str], **options: Any) -> None:
        super().__init__(WordOptions(**options))
        self.fate = fate
        self.judged = judged

    async def check(self, item: Item) -> Finding | None:
        self.fate.meet()
        finding = await super().check(item)
        self.judged.append(item.text)
        return finding


class Search(Word):
    """Finds passages."""

    every_message = False

    def __init__(self, fate: Fate) -> None:
        super().__init__(WordOptions())
        self.fate = fate

    async def check(self, item: Item) -> Finding | None:
        self.fate.meet()
        found = (Passage("a", "Water.", "docs"), Passage("b", "A poison.", "docs"))
        return Finding(0.0, "passages", passages=found)


class Engine(ScriptedEngine):
    """Writes, one piece a call."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(PIECES)
        self.fate = fate

    async def check(self, prompt: Prompt) -> None:
        self.fate.meet(ModelFailed())

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        async for delta in super().stream(prompt):
            self.fate.meet()
            yield delta


class Records(KeptRecords):
    """Keeps exchanges."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self.fate = fate

    def check_room(self) -> None:
        self.fate.meet(RecorderFull())

    async def record(self, exchange: Exchange) -> None:
        self.fate.meet(RecorderFull())
        await super().record(exchange)


async def run(fate: Fate) -> tuple[World, Exchange, str, BaseException | None]:
    """Lead one exchange; return what a client was sent, and the error that ended it."""
    world, exchange, released = World(fate), asked("What is water?"), ""
    try:
        with capture_logs():
            async for text in world.pipeline.stream(exchange):
                released += text
    except (PenstockError, asyncio.CancelledError) as error:
        return world, exchange, released, error
    return world, exchange, released, None


async def test_nothing_fails_where_nothing_is_made_to() -> None:
    world, exchange, released, error = await run(Fate(0, RuntimeError))

    assert error is None
    assert exchange.outcome is Outcome.BLOCKED
    assert released == exchange.completion == WHOLE
    assert world.engine.prompts[0].passages == ("Water.",)


@pytest.mark.parametrize("error", [RuntimeError, TimeoutError, MemoryError, asyncio.CancelledError])
async def test_f22_whichever_call_fails_the_promises_hold(error: type[BaseException]) -> None:
    unharmed = Fate(0, error)
    await run(unharmed)

    for n in range(1, unharmed.calls + 1):
        world, exchange, released, failed = await run(Fate(n, error))

        if failed is None:  # the text was blocked already, so the call did not matter
            assert (exchange.outcome, released) == (Outcome.BLOCKED, WHOLE), f"call {n}"
        assert WHOLE.startswith(released)
        for sentence in filter(None, released.replace(".", ".\n").split("\n")):
            for judge in ("evil", "mild"):
                assert sentence.strip() in world.judged[judge], f"call {n}: {sentence}"
        assert all("poison" not in p for asked_ in world.engine.prompts for p in asked_.passages)
        if world.engine.prompts:
            assert world.judged["rude"] == ["What is water?"]
            assert world.judged["poison"] == ["Water.", "A poison."]
        assert exchange.outcome in (Outcome.FAILED, Outcome.CANCELLED, Outcome.BLOCKED)
        assert len(world.records.exchanges) <= 1
        if not isinstance(failed, RecorderFull):
            assert world.records.exchanges == [exchange]
