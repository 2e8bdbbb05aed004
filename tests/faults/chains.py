"""Chains whose filters break, and what came of a text in them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.exchange import Verdict
from app.settings import ChainEntry
from filters import Context, Filter, Stage

CONTEXT = Context(Stage.OUTPUT, "What?")


class Came(NamedTuple):
    """What came of a text."""

    released: str
    failure: str | None
    """The code of the error that the client gets."""
    verdict: Verdict


def placed(cls: type[Filter], **settings: Any) -> Instance:
    """Place a filter in a chain as the settings would."""
    given = {"id": "faulty", "filter": "faulty", "stage": "output", "action": "block"} | settings
    entry = ChainEntry.model_validate(given)
    return Instance(entry, cls(cls.options_model.model_validate(entry.options)))


@asynccontextmanager
async def opened(*instances: Instance) -> AsyncGenerator[Chain]:
    """Open a chain until the end of the block."""
    chain = Chain(instances)
    try:
        await chain.open(None)  # type: ignore[arg-type]
        yield chain
    finally:
        await chain.close()


async def lead(chain: Chain, text: str) -> Came:
    """Lead a text through the output stage."""
    stage = chain.stage(Stage.OUTPUT)
    run = stage.text(CONTEXT)
    released = await run.feed(text, last=True)
    return Came(released, run.failure.code if run.failure else None, stage.verdicts[0])
