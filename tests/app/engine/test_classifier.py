"""Labels as completions."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.engine import ChatMessage, Prompt, Task
from app.errors import BundleError
from tests.bundles import write_classifier, write_pair_classifier
from tests.engines import Open, ask, collect

WORDS = {"insult": ["idiot"], "threat": ["kill"]}


@pytest.mark.parametrize(
    ("text", "label"),
    [("you idiot", "insult"), ("I kill you", "threat"), ("good morning", "none"), ("", "none")],
)
async def test_the_likeliest_label_is_the_completion(
    tmp_path: Path, open_it: Open, text: str, label: str
) -> None:
    write_classifier(tmp_path, WORDS)
    engine = await open_it("toxicity")

    [piece] = await collect(engine, ask(text))

    assert piece.text == label
    assert piece.finish_reason == "stop"
    assert piece.completion_tokens == 1
    assert piece.prompt_tokens >= 2
    assert engine.task is Task.TEXT_CLASSIFICATION
    assert engine.is_alive


async def test_a_text_of_any_length_passes_the_check(tmp_path: Path, open_it: Open) -> None:
    write_classifier(tmp_path, WORDS)

    await (await open_it("toxicity")).check(ask("you idiot " * 1_000))


async def test_a_softmax_always_decides(tmp_path: Path, open_it: Open) -> None:
    write_classifier(tmp_path, {"spam": ["buy"], "ham": []}, activation="softmax")

    [piece] = await collect(await open_it("toxicity"), ask("a letter"))

    assert piece.text == "ham"


async def test_the_last_user_message_is_judged(tmp_path: Path, open_it: Open) -> None:
    write_classifier(tmp_path, WORDS)
    messages = (
        ChatMessage("user", "idiot"),
        ChatMessage("user", "kill"),
        ChatMessage("x", "idiot"),
    )

    [piece] = await collect(await open_it("toxicity"), Prompt(messages))

    assert piece.text == "threat"


async def test_a_judge_of_pairs_is_no_engine_and_leaves_no_thread(
    tmp_path: Path, open_it: Open
) -> None:
    write_pair_classifier(tmp_path)
    before = set(threading.enumerate())

    with pytest.raises(BundleError, match="judges pairs of texts"):
        await open_it("grounding")

    new = set(threading.enumerate()) - before
    assert not [thread for thread in new if thread.name.startswith("model-")]
