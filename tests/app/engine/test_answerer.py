"""Answers from passages, or an honest abstention."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.bundles.manifest import Canary
from app.encoder import TextEmbedder
from app.engine import ChatMessage, Prompt, Task
from app.errors import BundleError, EngineBusy, PromptTooLong
from app.settings.model import RuntimeSettings
from tests.bundles import reseal, write_reader
from tests.engines import Open, ask, collect

QUESTION = "Where do filters live?"
WEATHER = "The weather is fine. It may rain."
FILTERS = "# Filters\n\nFilters live in the\nfolder beside the door. They measure."
TEXTS = (QUESTION, WEATHER, FILTERS)


async def test_the_supporting_sentence_is_the_answer(tmp_path: Path, open_it: Open) -> None:
    write_reader(tmp_path, texts=TEXTS)
    engine = await open_it("answer")

    [answer] = await collect(engine, ask(QUESTION, WEATHER, FILTERS))

    assert answer.text == "Filters live in the folder beside the door."
    assert answer.finish_reason == "stop"
    assert answer.abstained is False
    [support] = answer.supports
    assert support.passage == 1
    assert FILTERS[support.start : support.end] == "Filters live in the\nfolder beside the door."
    assert FILTERS[support.answer_start : support.answer_end] == "folder"
    assert answer.prompt_tokens > 20
    assert answer.completion_tokens == 9
    assert (engine.name, engine.version, engine.task) == ("answer", "1", Task.QUESTION_ANSWERING)
    assert engine.is_alive


async def test_the_question_is_the_last_user_message(tmp_path: Path, open_it: Open) -> None:
    write_reader(tmp_path, texts=TEXTS)
    messages = (
        ChatMessage("user", "What is the weather?"),
        ChatMessage("assistant", "Fine."),
        ChatMessage("user", QUESTION),
    )

    [answer] = await collect(await open_it("answer"), Prompt(messages, (WEATHER, FILTERS)))

    assert "folder" in answer.text


@pytest.mark.parametrize(
    ("question", "passages"),
    [
        (QUESTION, ()),
        (QUESTION, (WEATHER,)),
        (QUESTION, ("", " \n", "```")),
        ("", (FILTERS,)),
        ("  ", (FILTERS,)),
    ],
)
async def test_without_an_answer_it_says_so(
    tmp_path: Path, open_it: Open, question: str, passages: tuple[str, ...]
) -> None:
    write_reader(tmp_path, texts=TEXTS, abstention="I do not know.")

    [answer] = await collect(await open_it("answer"), ask(question, *passages))

    assert answer.text == "I do not know."
    assert answer.abstained is True
    assert answer.finish_reason == "no_answer"
    assert answer.supports == ()


@pytest.mark.parametrize(("min_score", "abstained"), [(-20.0, False), (20.0, True)])
async def test_the_manifest_says_how_sure_is_sure_enough(
    tmp_path: Path, open_it: Open, min_score: float, abstained: bool
) -> None:
    write_reader(tmp_path, texts=TEXTS, min_score=min_score)

    [answer] = await collect(await open_it("answer"), ask(QUESTION, WEATHER, FILTERS))

    assert answer.abstained is abstained


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"reader": 0, "overlap": 1}, "Filters, filters live, live."),
        ({"reader": 0, "cosine": 1}, "Where the filters live."),
        ({"reader": 0, "rank": 1}, "The first passage."),
        ({"reader": 1}, "Filters live in a tidy folder."),
    ],
)
async def test_the_manifest_weighs_the_measurements(
    tmp_path: Path,
    open_it: Open,
    embedder: TextEmbedder,
    weights: dict[str, float],
    sentence: str,
) -> None:
    passages = (
        "The first passage.",
        "Filters, filters live, live.",
        "Where the filters live.",
        "Filters live in a tidy folder.",
    )
    write_reader(tmp_path, texts=(QUESTION, *passages), min_score=-99, weights=weights)

    [answer] = await collect(await open_it("answer", embedder), ask(QUESTION, *passages))

    assert answer.text == sentence


async def test_only_the_most_promising_sentences_are_embedded(
    tmp_path: Path, open_it: Open, embedder: TextEmbedder
) -> None:
    weights = {"reader": 1.0, "cosine": 100.0}
    write_reader(tmp_path, texts=(QUESTION, FILTERS), weights=weights, candidates=1, min_score=-99)

    [answer] = await collect(
        await open_it("answer", embedder), ask(QUESTION, FILTERS, "Where do filters live?")
    )

    assert "folder" in answer.text  # the question's own echo lost before it was embedded


async def test_calls_at_once_get_what_they_get_alone(
    tmp_path: Path, open_it: Open, embedder: TextEmbedder
) -> None:
    write_reader(tmp_path, texts=TEXTS, weights={"cosine": 2.0})
    engine = await open_it("answer", embedder)
    prompts = [ask(QUESTION, WEATHER, FILTERS), ask(QUESTION, WEATHER), ask(QUESTION, FILTERS)] * 5
    alone = [(await collect(engine, prompt))[0] for prompt in prompts]

    together = await asyncio.gather(*(collect(engine, prompt) for prompt in prompts))

    assert [pieces[0] for pieces in together] == alone


async def test_a_question_longer_than_the_model_reads_is_refused(
    tmp_path: Path, open_it: Open
) -> None:
    write_reader(tmp_path, texts=TEXTS)
    engine, prompt = await open_it("answer"), ask("why " * 100, FILTERS)

    with pytest.raises(PromptTooLong):
        await collect(engine, prompt)
    with pytest.raises(PromptTooLong):
        await engine.check(prompt)
    await engine.check(ask(QUESTION))


async def test_a_full_queue_is_refused(tmp_path: Path, open_it: Open) -> None:
    write_reader(tmp_path, texts=TEXTS)
    settings = RuntimeSettings(provider="cpu", threads=1, queue_size=1)
    engine = await open_it("answer", settings=settings)
    prompt = ask(QUESTION, *[FILTERS] * 40)

    outcomes = await asyncio.gather(
        *(collect(engine, prompt) for _ in range(20)), return_exceptions=True
    )

    assert any(isinstance(outcome, list) for outcome in outcomes)
    assert any(isinstance(outcome, EngineBusy) for outcome in outcomes)


async def test_weights_for_embeddings_need_an_encoder(tmp_path: Path, open_it: Open) -> None:
    write_reader(tmp_path, texts=TEXTS, weights={"cosine": 1.0})

    with pytest.raises(BundleError, match="weighs embeddings, but there is no encoder"):
        await open_it("answer")


@pytest.mark.parametrize(
    ("canary", "message"),
    [
        (Canary(text="gates hold what", pair="gates hold water", expected_text="gates"), "answer"),
        (Canary(text="gates hold what", pair="gates hold water", expected=(99.0,)), "score"),
    ],
)
async def test_a_reader_that_answers_otherwise_than_its_canary_is_refused(
    tmp_path: Path, open_it: Open, canary: Canary, message: str
) -> None:
    folder = write_reader(tmp_path, texts=TEXTS)
    reseal(folder, canaries=(canary,))

    with pytest.raises(BundleError, match=f"golden check failed: canary 0: another {message}"):
        await open_it("answer")
