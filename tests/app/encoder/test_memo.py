"""Within one request nothing is read twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import numpy as np
import pytest

from app.encoder import begin_memo
from app.encoder.memo import MOST_WINDOWS, current_memo
from app.errors import ModelFailed
from tests.encoders import Make


async def in_request(work: Awaitable[object]) -> None:
    """Run in a task of its own, as a request is."""

    async def begun() -> None:
        begin_memo()
        await work

    async with asyncio.TaskGroup() as group:
        group.create_task(begun())


async def test_the_same_text_runs_once_in_a_request(make: Make) -> None:
    encoder, graph = make()

    async def several() -> None:
        first = await encoder.read(["gates", "hold the water"])
        again = await encoder.read(["hold the water", "x y z", "gates"])
        np.testing.assert_array_equal(first[0][0]["embedding"], again[2][0]["embedding"])

    await in_request(several())

    assert sum(map(len, graph.runs)) == 3


async def test_callers_at_the_same_moment_share_one_run(make: Make) -> None:
    encoder, graph = make()

    async def several() -> None:
        await asyncio.gather(*(encoder.read(["gates", "x y z"]) for _ in range(5)))

    await in_request(several())

    assert sum(map(len, graph.runs)) == 2


async def test_requests_share_nothing(make: Make) -> None:
    encoder, graph = make()

    await in_request(encoder.read(["gates"]))
    await in_request(encoder.read(["gates"]))
    await encoder.read(["gates"])
    await encoder.read(["gates"])

    assert sum(map(len, graph.runs)) == 4
    assert current_memo() is None


async def test_a_text_is_tokenised_once_in_a_request(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, _ = make()
    tokenised: list[list[str]] = []
    real = encoder.tokens.tokenizer

    class Noted:
        def encode_batch_fast(self, texts: list[str], **options: bool) -> object:
            tokenised.append(texts)
            return real.encode_batch_fast(texts, **options)

    monkeypatch.setattr(encoder.tokens, "tokenizer", Noted())

    async def several() -> None:
        await encoder.read(["gates"])
        await encoder.read(["gates", "x y z"])

    await in_request(several())

    assert tokenised == [["gates"], ["x y z"]]


async def test_who_waits_reads_itself_when_the_first_is_cancelled(make: Make) -> None:
    encoder, _ = make()
    begun = asyncio.Event()

    async def never(windows: object) -> list[dict[str, object]]:
        begun.set()
        await asyncio.Event().wait()
        return []

    async def several() -> None:
        memo = current_memo()
        assert memo is not None
        windows = encoder.tokens.windows("gates")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(memo.rows(encoder.runner, windows, never))  # type: ignore[arg-type]
            await begun.wait()
            second = group.create_task(encoder.read(["gates"]))
            await asyncio.sleep(0)
            first.cancel()
        [[row]] = second.result()
        assert row["embedding"].shape == (64,)
        assert first.cancelled()

    await in_request(several())


async def test_a_failure_is_not_remembered(make: Make) -> None:
    encoder, _ = make()

    async def fails(windows: object) -> list[dict[str, object]]:
        raise ModelFailed

    async def several() -> None:
        memo = current_memo()
        assert memo is not None
        with pytest.raises(ModelFailed):
            await memo.rows(encoder.runner, encoder.tokens.windows("gates"), fails)  # type: ignore[arg-type]
        assert len(await encoder.read(["gates"])) == 1

    await in_request(several())


async def test_it_forgets_what_was_read_long_ago(make: Make) -> None:
    encoder, graph = make()
    texts = [f"x {number}" for number in range(MOST_WINDOWS)]

    async def several() -> None:
        await encoder.read(["gates"])
        for text in texts:
            await encoder.read([text])
        await encoder.read([texts[-1]])
        await encoder.read(["gates"])

    await in_request(several())

    assert sum(map(len, graph.runs)) == MOST_WINDOWS + 2
