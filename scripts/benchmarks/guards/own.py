"""Our chain in a process of its own; a child like those of the peers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

from app.bundles import load_bundle
from app.chain.chain import Chain
from app.chain.instance import Instance
from app.encoder import TextClassifier, open_classifier
from app.settings import ChainEntry
from app.settings.model import RuntimeSettings
from filters import (
    Context,
    Embedder,
    Filter,
    Generator,
    Item,
    Retriever,
    Stage,
    TokenClassifier,
)
from scripts.benchmarks.peers.guard_child import in_pieces, serve


class _Models:
    """The one classifier, for filters."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir

    async def classifier(
        self, bundle: str, activation: Literal["sigmoid", "softmax"] | None = None
    ) -> TextClassifier:
        opened = open_classifier(load_bundle(self._models_dir, f"{bundle}@1"), RuntimeSettings())
        return opened.with_activation(activation)

    async def token_classifier(self, bundle: str) -> TokenClassifier:
        raise NotImplementedError

    async def embedder(self) -> Embedder:
        raise NotImplementedError

    async def retriever(self) -> Retriever:
        raise NotImplementedError

    async def generator(self, model: str = "") -> Generator:
        raise NotImplementedError


class OwnChain:
    """A chain for each case: words and patterns, six filters by rule, or the classifier."""

    cases = ("rules", "six", "stream", "classifier")

    def __init__(self, rules: dict[str, Any]) -> None:
        words = {"words": rules["words"], "patterns": rules["patterns"]}
        self._models = _Models(Path(rules["models_dir"]))
        self._chains = {
            "rules": _chain(Stage.INPUT, keyword=words),
            "six": _chain(
                Stage.INPUT,
                keyword={"words": rules["words"]},
                regex={"patterns": {f"pattern {n}": p for n, p in enumerate(rules["patterns"])}},
                length={"max_characters": 10 * len(rules["texts"]["six"][0])},
                invisible={},
                url={},
                repetition={},
            ),
            "stream": _chain(Stage.OUTPUT, keyword=words),
            "classifier": _chain(Stage.INPUT, toxicity={}),
        }
        asyncio.run(self._open())

    async def judge(self, case: str, text: str) -> bool:
        """See Guard."""
        return await self._judge(self._chains[case], case, text)

    async def scanned(self, case: str, text: str) -> int:
        """See Guard."""
        counted = {one: _Counted(one.filter) for one in self._chains[case].instances}
        chain = Chain([Instance(one.entry, counting) for one, counting in counted.items()])
        await self._judge(chain, case, text)
        return sum(counting.characters for counting in counted.values()) // len(counted)

    async def _judge(self, chain: Chain, case: str, text: str) -> bool:
        (stage,) = {instance.stage for instance in chain.instances}
        run = chain.stage(stage).text(Context(stage, question=text))
        if case == "stream":
            async for piece in in_pieces(text, 4):
                await run.feed(piece)
                if run.stopped:
                    return False
            await run.feed("", last=True)
        else:
            await run.feed(text, last=True)
        return not run.stopped

    async def _open(self) -> None:
        for chain in self._chains.values():
            await chain.open(self._models)


class _Counted(Filter):
    """A filter that counts what it is given."""

    def __init__(self, judge: Filter) -> None:
        super().__init__(judge.options)
        self.unit = judge.unit
        self._judge = judge
        self.characters = 0

    async def check(self, item: Item) -> Any:
        self.characters += len(item.text)
        return await self._judge.check(item)


def _chain(stage: Stage, **options: dict[str, Any]) -> Chain:
    """Return a chain of filters that block, given as their options by their names."""
    return Chain.build(
        ChainEntry(id=name, filter=name, stage=stage, action="block", options=some)
        for name, some in options.items()
    )


if __name__ == "__main__":
    serve(OwnChain)
