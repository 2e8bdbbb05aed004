"""Filters for trials, and their places in a chain."""

from __future__ import annotations

import asyncio

from app.chain.instance import Instance
from app.settings import ChainEntry
from filters import Filter, Finding, Item, Options, Stage


class Broken(Filter):
    """Raises."""

    async def check(self, item: Item) -> Finding | None:
        raise RuntimeError


class Endless(Filter):
    """Never comes back."""

    async def check(self, item: Item) -> Finding | None:
        await asyncio.Event().wait()
        return None


def instance(judge: type[Filter], id: str, **keys: object) -> Instance:
    """Place a filter at the input, unless told otherwise."""
    entry = ChainEntry.model_validate(
        {"id": id, "filter": "sample", "stage": Stage.INPUT, "threshold": 0.5, **keys}
    )
    return Instance(entry, judge(Options()))
