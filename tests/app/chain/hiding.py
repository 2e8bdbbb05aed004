"""Filters that hide names, and a model that repeats what it is asked."""

from __future__ import annotations

import asyncio
import re

from app.chain.instance import Instance
from app.engine import Delta, Prompt
from filters import Finding, Item, Placeholders, Range, Stage, Unit
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.pipelines import INPUT
from tests.app.scripted import ScriptedEngine


class Names(Word):
    """Find words that begin with an `N` and a digit."""

    def __init__(self, placeholders: Placeholders) -> None:
        super().__init__(WordOptions(), Unit.sentence())
        self.placeholders = placeholders

    async def check(self, item: Item) -> Finding | None:
        await asyncio.sleep(0)
        found = re.finditer(r"N\d\w*", item.text)
        ranges = tuple(Range(m.start(), m.end(), "name") for m in found)
        return Finding(1.0, "name", ranges) if ranges else None


class Repeating(ScriptedEngine):
    """Writes what it was asked last, in small pieces."""

    async def stream(self, prompt: Prompt):  # type: ignore[no-untyped-def]
        self.prompts.append(prompt)
        text = prompt.messages[-1].content
        for at in range(0, len(text), 3):
            await asyncio.sleep(0)
            yield Delta(text[at : at + 3])
        yield Delta(finish_reason="stop")


def names(*, stage: Stage = INPUT, restore: bool = True, keep: bool = False) -> Instance:
    judge = Names(Placeholders(restore=restore, keep=keep))
    return instance(judge, id=f"names-{stage}", action="rewrite", stage=stage)
