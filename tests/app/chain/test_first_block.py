"""Judges run side by side; the first block ends the rest and changes nothing that was let pass."""

from __future__ import annotations

import asyncio

import pytest

from app.exchange import Action
from filters import Finding, Item
from tests.app.chain.sample_filters import Hanging, Word, WordOptions, instance
from tests.app.chain.test_chain import WINDOW, run, word


async def test_the_first_block_cancels_the_rest() -> None:
    hanging = instance(Hanging(WordOptions()), id="slow", deadline_ms=60_000)

    _, stage = await run([instance(word("bad"), id="quick"), hanging], ["bad"])

    assert [v.id for v in stage.verdicts] == ["quick"]


@pytest.mark.parametrize("order", [("slow", "quick"), ("quick", "slow")])
async def test_a_block_cancels_what_can_change_nothing_more_also_before_it(
    order: tuple[str, str],
) -> None:
    placed = {
        "slow": instance(Hanging(WordOptions()), id="slow", deadline_ms=60_000),
        "quick": instance(word("bad"), id="quick"),
    }

    released, stage = await run([placed[name] for name in order], ["Fine. ", "It is bad."])

    assert released == "Fine."
    assert [v.action for v in stage.verdicts if v.id == "quick"] == [Action.BLOCK]
    assert all(v.error is None for v in stage.verdicts)


async def test_a_block_waits_for_a_judge_that_may_still_release_text() -> None:
    """The slow judge is behind; what both let pass is released, however late it says so."""

    class Late(Word):
        async def check(self, item: Item) -> Finding | None:
            for _ in range(50):
                await asyncio.sleep(0)
            return await super().check(item)

    late = instance(Late(WordOptions(word="never"), WINDOW), id="late")
    text = "A harmless sentence of a good length stands here first. Then comes bad. More of it."

    released, _ = await run([late, instance(word("bad"), id="quick")], [text])
    whole, _ = await run(
        [instance(word("never", WINDOW), id="late"), instance(word("bad"), id="quick")], list(text)
    )

    assert released == whole
