"""Find the passages of the indexed sources that a question may be answered from."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from filters import Filter, Finding, Item, Options, Resources, Retriever, Stage, Unit


class RetrievalOptions(Options):
    """How much is retrieved."""

    limit: int = Field(4, ge=1, le=32)
    """Most passages added to an exchange."""
    min_score: float = Field(0.0, ge=0.0, le=1.0)
    """Passages scored lower are left out. 1 is first both by meaning and by words, about 0.5
    first by one of them only."""


class Retrieval(Filter):
    """Add passages to a question that came without any; it finds no fault with the text."""

    options_model: ClassVar[type[Options]] = RetrievalOptions
    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.INPUT})
    unit = Unit.document()
    every_message: ClassVar[bool] = False

    options: RetrievalOptions
    _retriever: Retriever

    async def setup(self, resources: Resources) -> None:
        self._retriever = await resources.retriever()

    async def check(self, item: Item) -> Finding | None:
        if item.context.passages or not item.text.strip():
            return None
        found = await self._retriever.search(item.text, self.options.limit)
        passages = tuple(p for p in found if p.score >= self.options.min_score)
        return Finding(score=0.0, label="passages", passages=passages) if passages else None
