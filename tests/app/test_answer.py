"""What the model is asked, and what of its answer is known, judged and cited."""

from __future__ import annotations

import pytest

from app.engine import Delta, Support
from app.exchange import SEPARATOR, Exchange, FinishReason, Message, Mode, Outcome
from filters import Evidence, Finding, Item, Passage, Role, Stage
from tests.app.chain.sample_filters import Word, WordOptions, instance
from tests.app.pipelines import INPUT, Setup, asked, word
from tests.app.scripted import ScriptedEngine


async def test_every_message_is_judged_and_ranges_count_in_the_whole_prompt() -> None:
    chain = [instance(word("bomb", "***"), stage=INPUT, action="rewrite")]
    setup, exchange = Setup("Ok.", chain=chain), asked("A bomb.", "No.", "A bomb, please.")

    await setup.pipeline.run(exchange)

    sent = [message.content for message in setup.engine.prompts[0].messages]
    assert sent == ["A ***.", "No.", "A ***, please."]
    ranges = exchange.verdicts[0].ranges
    assert [exchange.prompt[r.start : r.end] for r in ranges] == ["bomb", "bomb"]
    assert [exchange.prompt[e.start : e.end] for e in exchange.prompt_edits] == ["bomb", "bomb"]


async def test_retrieved_passages_reach_the_model_and_are_cited() -> None:
    class Search(Word):
        every_message = False

        async def check(self, item: Item) -> Finding | None:
            found = Passage("p1", f"About {item.text}", "docs/a.md", "A")
            return Finding(0.0, "passages", passages=(found,))

    deltas = [Delta("About it.", supports=[Support(0, 0, 9, 6, 8)]), Delta(finish_reason="stop")]
    engine = ScriptedEngine(deltas, finish_reason=None)
    setup = Setup(engine=engine, chain=[instance(Search(WordOptions()), stage=INPUT)])
    exchange = asked("old", "answer", "new")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].passages == ("About new",)
    assert [(c.source, c.title, c.answer_start) for c in exchange.citations] == [
        ("docs/a.md", "A", 6)
    ]


async def test_filters_know_the_question_among_all_messages() -> None:
    seen: list[tuple[str, str]] = []

    class Reader(Word):
        async def check(self, item: Item) -> Finding | None:
            seen.append((item.text, item.context.question))
            return None

    chain = [instance(Reader(WordOptions()), stage=INPUT)]
    await Setup("Ok.", chain=chain).pipeline.run(asked("old", "answer", "new"))

    assert seen == [("old", "new"), ("answer", "new"), ("new", "new")]


async def test_filters_know_who_speaks() -> None:
    seen: list[tuple[str, Role]] = []

    class Hears(Word):
        async def check(self, item: Item) -> Finding | None:
            seen.append((item.text, item.context.role))
            return None

    roles = ("system", "developer", "user", "assistant", "tool", "function", "oracle")
    messages = tuple(Message(role, role) for role in roles)
    exchange = Exchange(messages, model="scripted", passages=(Passage("p", "page", "a"),))
    chain = [instance(Hears(WordOptions()), id=stage, stage=stage) for stage in Stage]
    await Setup("Ok.", chain=chain).pipeline.run(exchange)

    assert seen == [
        ("system", Role.SYSTEM),
        ("developer", Role.DEVELOPER),
        ("user", Role.USER),
        ("assistant", Role.ASSISTANT),
        ("tool", Role.TOOL),
        ("function", Role.TOOL),
        ("oracle", Role.USER),
        ("page", Role.PASSAGE),
        ("page", Role.PASSAGE),
        ("Ok.", Role.ASSISTANT),
    ]


def sent_along(*texts: str) -> Exchange:
    exchange = asked("Who is it?")
    exchange.passages = tuple(Passage(f"p{n}", text, "mail") for n, text in enumerate(texts))
    return exchange


def all_of(exchange: Exchange) -> str:
    """Return what ranges of the input count in."""
    return SEPARATOR.join([exchange.prompt, *(passage.text for passage in exchange.passages)])


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.SHADOW])
async def test_passages_of_the_request_are_judged_like_the_prompt(mode: Mode) -> None:
    setup = Setup("Ok.", chain=[instance(word("evil"), stage=INPUT, mode=mode)])
    exchange = sent_along("All is well.", "This is evil.")

    await setup.pipeline.run(exchange)

    blocked = mode is Mode.ENFORCE
    assert exchange.outcome is (Outcome.BLOCKED if blocked else Outcome.COMPLETED)
    assert len(setup.engine.prompts) == (not blocked)
    (found,) = exchange.verdicts[0].ranges
    assert all_of(exchange)[found.start : found.end] == "evil"
    assert found.start == exchange.passage_starts[1] + len("This is ")


async def test_the_model_reads_rewritten_passages_and_is_cited_in_those_that_were_sent() -> None:
    class Comparing(Word):
        async def check(self, item: Item) -> Finding | None:
            text = item.context.passages[1].text
            assert text == "X is there. It is Zoe."
            return Finding(0.0, "", evidence=(Evidence(1, 12, len(text), "supports", 1.0),))

    deltas = [Delta("Zoe.", supports=[Support(1, 12, 22, 18, 21)]), Delta(finish_reason="stop")]
    chain = [
        instance(word("Annabel", "X"), id="names", stage=INPUT, action="rewrite"),
        instance(Comparing(WordOptions()), id="grounding"),
    ]
    setup = Setup(engine=ScriptedEngine(deltas, finish_reason=None), chain=chain)
    exchange = sent_along("Hello.", "Annabel is there. It is Zoe.")

    await setup.pipeline.run(exchange)

    assert exchange.outcome is Outcome.REWRITTEN
    assert setup.engine.prompts[0].passages == ("Hello.", "X is there. It is Zoe.")
    sent = exchange.passages[1].text
    assert sent == "Annabel is there. It is Zoe."
    (cited,), (edit,) = exchange.citations, exchange.prompt_edits
    assert sent[cited.start : cited.end] == "It is Zoe."
    assert sent[cited.answer_start : cited.answer_end] == "Zoe"
    assert all_of(exchange)[edit.start : edit.end] == "Annabel"
    (evidence,) = exchange.verdicts[1].evidence
    assert sent[evidence.start : evidence.end] == "It is Zoe."


async def test_what_looks_at_the_question_only_reads_no_passages() -> None:
    class Question(Word):
        every_message = False

        async def check(self, item: Item) -> Finding | None:
            assert item.text == "Who is it?"
            return None

    setup = Setup("Ok.", chain=[instance(Question(WordOptions()), stage=INPUT)])
    exchange = sent_along("Hello.")

    await setup.pipeline.run(exchange)

    assert exchange.verdicts[0].error is None


async def test_filters_and_the_model_read_the_same_text_without_lone_surrogates() -> None:
    reader = word("\ufffd")
    setup = Setup("Ok.", chain=[instance(reader, stage=INPUT, action="flag")])
    exchange = asked("odd \ud800 text")

    await setup.pipeline.run(exchange)

    assert setup.engine.prompts[0].messages[0].content == "odd \ufffd text"
    assert exchange.verdicts[0].ranges[0].start == 4
    assert exchange.messages[0].content == "odd \ud800 text"


async def test_the_first_piece_knows_whether_the_model_abstained() -> None:
    seen: list[bool] = []

    class Reader(Word):
        async def check(self, item: Item) -> Finding | None:
            seen.append(item.context.abstained)
            return None

    deltas = [Delta("I do not know.", abstained=True, finish_reason="no_answer")]
    engine = ScriptedEngine(deltas, finish_reason=None)
    setup = Setup(engine=engine, chain=[instance(Reader(WordOptions()))])
    exchange = asked("Hello?")

    await setup.pipeline.run(exchange)

    assert seen == [True]
    assert exchange.finish_reason is FinishReason.NO_ANSWER
