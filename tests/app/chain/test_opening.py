"""Filters are set up before anything is judged, and closed whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from app.chain.chain import Chain
from app.errors import FilterError
from filters import Resources
from tests.app.chain.sample_filters import Word, WordOptions, instance


async def test_a_set_up_and_a_close_that_hang_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.chain.instance.SETUP_S", 0.01)
    monkeypatch.setattr("app.chain.instance.CLOSE_S", 0.01)
    forever, closing = asyncio.Event(), list[str]()

    class Stuck(Word):
        async def setup(self, resources: Resources) -> None:
            if self.word == "stuck":
                await forever.wait()

        async def close(self) -> None:
            closing.append(self.word)
            await forever.wait()

    words = ["ready", "stuck"]
    chain = Chain([instance(Stuck(WordOptions(word=w)), id=f"f{n}") for n, w in enumerate(words)])

    with pytest.raises(FilterError, match="cannot be set up: not done within"):
        await chain.open(None)  # type: ignore[arg-type]
    await chain.close()

    assert closing == ["ready"]


async def test_only_what_was_set_up_is_closed_whatever_the_others_do() -> None:
    closed: list[str] = []

    class Opening(Word):
        async def setup(self, resources: Resources) -> None:
            if self.word == "refuses":
                raise ValueError("no")

        async def close(self) -> None:
            closed.append(self.word)
            raise RuntimeError("closing fails too")

    words = ["one", "two", "refuses", "never reached"]
    chain = Chain([instance(Opening(WordOptions(word=w)), id=f"f{n}") for n, w in enumerate(words)])

    with pytest.raises(FilterError, match="cannot be set up"):
        await chain.open(None)  # type: ignore[arg-type]
    await chain.close()

    assert closed == ["two", "one"]
