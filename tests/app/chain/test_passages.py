"""The stage `retrieval`: what the model may read of the passages, and where it came from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.placeholders import PlaceholderBook
from app.engine import Delta, Support
from app.errors import FilterFailed
from app.exchange import Action, Mode, Outcome
from filters import Evidence, Finding, Item, Passage, Placeholders, Range, Stage, Unit
from tests.app.chain.sample_filters import Broken, Word, WordOptions, instance
from tests.app.pipelines import INPUT, Setup, word
from tests.app.scripted import ScriptedEngine
from tests.app.test_answer import all_of, sent_along

RETRIEVAL = Stage.RETRIEVAL


def found(*texts: str) -> Word:
    """Return a filter that finds these passages."""

    class Search(Word):
        every_message = False

        async def check(self, item: Item) -> Finding | None:
            passages = (Passage(f"f{n}", text, "docs") for n, text in enumerate(texts))
            return Finding(0.0, "passages", passages=tuple(passages))

    return Search(WordOptions())


async def test_a_blocked_passage_is_left_out_and_the_others_keep_their_order() -> None:
    chain = [
        instance(found("Third evil.", "Fourth."), id="search", stage=INPUT, action="flag"),
        instance(word("evil"), id="passages", stage=RETRIEVAL),
    ]
    support = Support(1, 0, 7, 0, 6)  # in the second passage that the model reads
    deltas = [Delta("Fourth.", supports=[support]), Delta(finish_reason="stop")]
    setup = Setup(engine=ScriptedEngine(deltas, finish_reason=None), chain=chain)
    exchange = sent_along("First evil.", "Second.")

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.COMPLETED
    assert setup.engine.prompts[0].passages == ("Second.", "Fourth.")
    assert [p.text for p in exchange.passages] == [
        "First evil.",
        "Second.",
        "Third evil.",
        "Fourth.",
    ]
    (verdict,) = [v for v in exchange.verdicts if v.id == "passages"]
    assert (verdict.stage, verdict.action) == (RETRIEVAL, Action.BLOCK)
    assert [all_of(exchange)[r.start : r.end] for r in verdict.ranges] == ["evil", "evil"]
    (cited,) = exchange.citations
    assert exchange.passages[cited.passage].text[cited.start : cited.end] == "Fourth."


async def test_what_has_no_ranges_points_at_the_passage_it_is_about() -> None:
    class Doubt(Word):
        async def check(self, item: Item) -> Finding | None:
            (passage,) = item.context.passages
            return Finding(1.0 if passage.id == "p1" else 0.0, "doubtful")

    chain = [instance(Doubt(WordOptions()), stage=RETRIEVAL, action="flag")]
    setup, exchange = Setup("Ok.", chain=chain), sent_along("First.", "Second.", "Third.")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("First.", "Second.", "Third.")
    (marked,) = exchange.verdicts[0].ranges
    assert all_of(exchange)[marked.start : marked.end] == "Second."


async def test_two_stages_rewrite_a_passage_and_positions_stay_those_of_what_was_sent() -> None:
    class Comparing(Word):
        async def check(self, item: Item) -> Finding | None:
            (passage,) = item.context.passages
            start = passage.text.index("It is")
            return Finding(
                0.0, "", evidence=(Evidence(0, start, len(passage.text), "supports", 1.0),)
            )

    chain = [
        instance(word("Annabel", "X"), id="names", stage=INPUT, action="rewrite"),
        instance(word("secret"), id="drop", stage=RETRIEVAL),
        instance(
            word("there", "in the old gatehouse"), id="places", stage=RETRIEVAL, action="rewrite"
        ),
        instance(Comparing(WordOptions()), id="grounding"),
    ]
    setup = Setup("Zoe.", chain=chain)
    exchange = sent_along("A secret.", "Annabel is there. It is Zoe.")

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.REWRITTEN
    assert setup.engine.prompts[0].passages == ("X is in the old gatehouse. It is Zoe.",)
    replaced = [all_of(exchange)[e.start : e.end] for e in exchange.prompt_edits]
    assert replaced == ["Annabel", "there"]
    (evidence,) = next(v for v in exchange.verdicts if v.id == "grounding").evidence
    sent = exchange.passages[evidence.passage].text
    assert sent[evidence.start : evidence.end] == "It is Zoe."


async def test_a_passage_that_cannot_be_judged_reaches_no_model_unless_that_is_open() -> None:
    broken = Broken(WordOptions(word="evil"))
    closed = Setup("Ok.", chain=[instance(broken, stage=RETRIEVAL)])
    opened = Setup("Ok.", chain=[instance(broken, stage=RETRIEVAL, on_failure="open")])
    exchange = sent_along("Fine.", "Some evil.")

    with pytest.raises(FilterFailed):
        await closed.pipeline.run(exchange)
    await opened.pipeline.run(sent_along("Fine.", "Some evil."))

    assert closed.engine.prompts == []
    assert exchange.verdicts[0].action is Action.ERROR
    assert opened.engine.prompts[0].passages == ("Fine.", "Some evil.")


async def test_shadows_measure_passages_after_the_answer() -> None:
    chain = [instance(word("evil"), stage=RETRIEVAL, mode=Mode.SHADOW)]
    setup, exchange = Setup("Ok.", chain=chain), sent_along("Some evil.")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("Some evil.",)
    assert (exchange.outcome, exchange.verdicts[0].action) == (Outcome.COMPLETED, Action.BLOCK)


async def test_passages_are_judged_side_by_side_and_count_in_their_order() -> None:
    meeting = asyncio.Barrier(3)

    class Meeting(Word):
        """Ends only when three are in judgement at once, the last one first."""

        async def check(self, item: Item) -> Finding | None:
            await meeting.wait()
            for _ in range(10 - int(item.text[0])):
                await asyncio.sleep(0)
            return await super().check(item)

    chain = [instance(Meeting(WordOptions(word="evil")), stage=RETRIEVAL, action="flag")]
    setup, exchange = Setup("Ok.", chain=chain), sent_along("1 evil.", "2 evil.", "3 evil.")

    async with asyncio.timeout(20):
        await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("1 evil.", "2 evil.", "3 evil.")
    starts = [found.start for found in exchange.verdicts[0].ranges]
    assert starts == [start + 2 for start in exchange.passage_starts]


class Numbers(Word):
    """Finds words that begin with an `N`, each passage's after a while of its own."""

    def __init__(self, pauses: Sequence[int]) -> None:
        super().__init__(WordOptions(), Unit.sentence())
        self.placeholders = Placeholders(restore=True)
        self._pauses = pauses

    async def check(self, item: Item) -> Finding | None:
        for _ in range(self._pauses[int(item.context.passages[0].id[1:])]):
            await asyncio.sleep(0)
        found = tuple(Range(*one.span(), "name") for one in re.finditer(r"N\w+", item.text))
        return Finding(1.0, "name", found) if found else None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=12, max_size=12))
async def test_placeholders_are_numbered_in_the_order_of_the_passages(pauses: list[int]) -> None:
    texts = [f"Nina met N{number}. And N{number % 5} too." for number in range(12)]
    chain = [
        instance(Numbers(pauses), stage=RETRIEVAL, action="rewrite"),
        instance(word("evil"), id="judge", stage=RETRIEVAL),
    ]
    setup, book = Setup("Ok.", chain=chain), PlaceholderBook()

    await setup.pipeline.run(sent_along(*texts))

    def numbered(name: re.Match[str]) -> str:
        return book.placeholder("name", name[0], restore=False)

    expected = tuple(re.sub(r"N\w+", numbered, text) for text in texts)
    assert setup.engine.prompts[0].passages == expected


@pytest.mark.parametrize("rewrites", [True, False])
async def test_what_numbers_nothing_sees_passages_side_by_side(rewrites: bool) -> None:
    meeting = asyncio.Barrier(3)

    class Meeting(Word):
        async def check(self, item: Item) -> Finding | None:
            await meeting.wait()
            return await super().check(item)

    placed = [instance(Meeting(WordOptions(word="evil")), stage=RETRIEVAL, action="flag")]
    if rewrites:
        judge = Meeting(WordOptions(word="evil", replacement="good"))
        placed = [instance(judge, stage=RETRIEVAL, action="rewrite")]
    else:
        placed.append(instance(Numbers([0] * 3), id="names", stage=RETRIEVAL, action="rewrite"))
    setup = Setup("Ok.", chain=placed)

    async with asyncio.timeout(20):
        await setup.pipeline.run(sent_along("1 evil.", "2 evil.", "3 evil."))

    expected = "good" if rewrites else "evil"
    assert setup.engine.prompts[0].passages == tuple(f"{n} {expected}." for n in (1, 2, 3))
