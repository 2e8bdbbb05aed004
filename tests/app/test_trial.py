"""A trial tells what each filter finds alone, and what the chain makes of all of it."""

from __future__ import annotations

import pytest

from app.chain.chain import Chain
from app.errors import DeadlineExceeded
from app.exchange import Action, Mode
from app.trial import Measured, Tried, measure, try_chain
from filters import Filter, Finding, Item, Passage, Range, Role, Stage, Unit
from tests.app.trials import Broken, Endless, instance


class Marks(Filter):
    """Finds `!` with 0.9 and `?` with 0.2."""

    unit = Unit.sentence()

    async def check(self, item: Item) -> Finding | None:
        scores = {"!": 0.9, "?": 0.2}
        found = tuple(
            Range(at, at + 1, "mark", scores[char], replacement=".")
            for at, char in enumerate(item.text)
            if char in scores
        )
        return Finding(max(one.score for one in found), "mark", found) if found else None


def by_id(measured: tuple[Measured, ...]) -> dict[str, Measured]:
    return {one.instance.id: one for one in measured}


async def test_all_ranges_are_told_also_those_below_the_threshold() -> None:
    verdict = await measure(instance(Marks, "a"), Tried(Stage.INPUT, "Really? Yes!"))

    assert verdict is not None
    assert [(one.start, one.score) for one in verdict.ranges] == [(6, 0.2), (11, 0.9)]
    assert verdict.score == 0.9


async def test_after_a_block_the_others_are_asked_alone() -> None:
    chain = Chain([instance(Marks, "first", action="block"), instance(Marks, "second")])
    trial = await try_chain(chain, Tried(Stage.INPUT, "No! No!"), 5.0)
    first, second = trial.measured

    assert (trial.outcome, trial.blocked_by) == ("blocked", "first")
    assert (first.action, second.action) == (Action.BLOCK, None)
    assert first.alone is not None
    assert second.alone is not None
    assert len(first.alone.ranges) == len(second.alone.ranges) == 2


async def test_a_rewritten_text_goes_on_changed() -> None:
    chain = Chain([instance(Marks, "rewriter", action="rewrite"), instance(Marks, "judge")])
    trial = await try_chain(chain, Tried(Stage.INPUT, "Yes! Why?"), 5.0)
    judge = by_id(trial.measured)["judge"]

    assert (trial.outcome, trial.released) == ("rewritten", "Yes. Why?")
    assert judge.action is Action.ALLOW
    assert judge.alone is not None
    assert judge.alone.score == 0.9


async def test_ranges_in_passages_count_on_behind_the_text() -> None:
    passages = (Passage("1", "Calm.", "a"), Passage("2", "Loud!", "b"))
    tried = Tried(Stage.INPUT, "Who?", passages=passages)
    verdict = await measure(instance(Marks, "a", threshold=0.9), tried)

    assert verdict is not None
    assert [one.start for one in verdict.ranges] == [3, tried.passage_starts[1] + 4]


async def test_a_broken_filter_fails_the_trial_and_the_others_are_asked() -> None:
    chain = Chain([instance(Broken, "broken"), instance(Marks, "marks")])
    trial = await try_chain(chain, Tried(Stage.INPUT, "No!"), 5.0)
    measured = by_id(trial.measured)

    assert trial.outcome == "failed"
    assert measured["broken"].alone is not None
    assert measured["broken"].alone.error == "raised"
    assert measured["marks"].alone is not None
    assert measured["marks"].alone.score == 0.9


async def test_shadows_are_asked_too() -> None:
    chain = Chain([instance(Marks, "shadow", mode=Mode.SHADOW, action="block")])
    trial = await try_chain(chain, Tried(Stage.INPUT, "No!"), 5.0)

    assert trial.outcome == "completed"
    assert trial.measured[0].action is Action.BLOCK


async def test_a_trial_has_an_end() -> None:
    chain = Chain([instance(Endless, "endless", deadline_ms=60_000)])

    with pytest.raises(DeadlineExceeded):
        await try_chain(chain, Tried(Stage.INPUT, "No!"), 0.05)


async def test_at_the_output_filters_know_the_question() -> None:
    tried = Tried(Stage.OUTPUT, "Yes.", "Is it \ud800so?", (Passage("1", "It is.", "a"),))

    assert tried.context.question == "Is it \N{REPLACEMENT CHARACTER}so?"
    assert [one.text for one in tried.context.passages] == ["It is."]


async def test_a_tried_passage_is_the_one_that_its_filters_see() -> None:
    chain = Chain([instance(Marks, "a", stage=Stage.RETRIEVAL, action="block")])
    tried = Tried(Stage.RETRIEVAL, "Loud!", "Is it?", (Passage("1", "Calm.", "a"),), ("Be calm.",))
    trial = await try_chain(chain, tried, 5.0)

    assert (trial.outcome, trial.blocked_by) == ("blocked", "a")
    assert tried.context.question == "Is it?"
    assert [one.text for one in tried.context.passages] == ["Loud!"]
    assert tried.context.instructions == ("Be calm.",)


async def test_filters_know_who_speaks_in_what_is_tried() -> None:
    seen: list[tuple[str, Role]] = []

    class Hears(Marks):
        async def check(self, item: Item) -> Finding | None:
            seen.append((item.text, item.context.role))
            return None

    passages = (Passage("1", "Page.", "a"),)
    for stage in Stage:
        tried = Tried(stage, stage.value, passages=passages)
        await measure(instance(Hears, "a", stage=stage), tried)

    assert seen == [
        ("input", Role.USER),
        ("Page.", Role.PASSAGE),
        ("retrieval", Role.PASSAGE),
        ("output", Role.ASSISTANT),
    ]


async def test_a_chain_stays_open_while_it_is_tried() -> None:
    class Replacing(Marks):
        async def check(self, item: Item) -> Finding | None:
            chain.replace(Chain([]))
            swept.append(await chain.sweep())
            return await super().check(item)

    swept: list[int] = []
    chain = Chain([instance(Replacing, "a")])
    await try_chain(chain, Tried(Stage.INPUT, "No!"), 5.0)

    assert swept[0] == 0
    assert await chain.sweep() == 1
