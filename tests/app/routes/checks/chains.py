"""What tests of checks have in common."""

from __future__ import annotations

from typing import Any

from app.chain.instance import Instance
from app.store.keys import Scope
from filters import Filter, Finding, Item, Options, Stage
from tests.app.chain.sample_filters import Broken, WordOptions, instance
from tests.app.pipelines import word
from tests.app.routes.serving import Desk


class Tone(Filter):
    """Scores as a model of toxicity does."""

    async def check(self, item: Item) -> Finding | None:
        if "fool" not in item.text:
            return Finding(0.1, "insult", scores={"insult": 0.1, "threat": 0.01})
        return Finding(0.9, "insult", scores={"insult": 0.9, "threat": 0.2})


def rules() -> list[Instance]:
    """A chain that blocks, rewrites and flags, on both sides."""
    return [
        instance(word("Ana", "[name]"), id="names", stage=Stage.INPUT, action="rewrite"),
        instance(word("bomb"), id="blocklist", stage=Stage.INPUT),
        instance(Tone(Options()), id="tone", stage=Stage.INPUT, action="flag"),
        instance(word("Eve", "[name]"), id="masks", action="rewrite"),
        instance(word("evil"), id="manners"),
        instance(word("meh"), id="style", action="flag"),
    ]


def frail() -> list[Instance]:
    """A chain whose filters break on the word `bad`."""
    broken = (Broken(WordOptions()) for _ in Stage)
    return [
        instance(one, id="frail", stage=stage) for one, stage in zip(broken, Stage, strict=True)
    ]


async def post(desk: Desk, path: str, body: Any, **headers: str) -> Any:
    """Ask with a key that may, and return the response."""
    async with desk.client() as client:
        return await client.post(path, json=body, headers=headers)


async def status_for(desk: Desk, scope: Scope | None, path: str) -> int:
    """Return what somebody with this scope is told."""
    async with desk.client(scope) as client:
        return (await client.post(path, json={})).status_code
