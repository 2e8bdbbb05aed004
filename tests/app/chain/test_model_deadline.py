"""A filter's deadline stops the model that it waits for, not only the waiting."""

from __future__ import annotations

import asyncio

import numpy as np
import onnx
from numpy.typing import NDArray

from app.chain.chain import StageRun
from app.encoder.encoder import Encoder
from filters import Filter, Finding, Item, Options, Unit
from tests.app.chain.sample_filters import CONTEXT, instance
from tests.app.encoder.conftest import make, workers
from tests.encoders import Make
from tests.graphs import endless

__all__ = ["make", "workers"]


def endless_with_zzz(rows: NDArray[np.float32]) -> onnx.ModelProto:
    """A graph that never ends with texts that hold `zzz`."""
    return endless(rows, len(rows) - 1)


class Reading(Filter):
    """Lets a model read each sentence."""

    unit = Unit.sentence()

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(Options())
        self._encoder = encoder

    async def check(self, item: Item) -> Finding | None:
        rows = await self._encoder.read([item.text])
        return Finding(0.0, f"{len(rows)} texts")


async def test_the_only_model_thread_is_free_after_the_deadline(make: Make) -> None:
    encoder, _ = make(endless_with_zzz)
    first = StageRun([instance(Reading(encoder), deadline_ms=100.0)])
    second = StageRun([instance(Reading(encoder), deadline_ms=30_000.0)])

    assert await first.text(CONTEXT).feed("zzz", last=True) == ""
    async with asyncio.timeout(30):
        assert await second.text(CONTEXT).feed("gates", last=True) == "gates"
    assert [run.verdicts[0].error for run in (first, second)] == ["timeout", None]
