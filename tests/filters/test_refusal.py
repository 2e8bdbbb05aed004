"""Refusals are known by how models word them, in several languages."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.testing.conformance import check_filter
from filters import Context, Item, Stage
from filters.refusal import SOFT_SCORE, Refusal, RefusalOptions
from tests.filters.items import item


def refusal(**options: Any) -> Refusal:
    return Refusal(RefusalOptions.model_validate(options))


async def score_of(text: str, judge: Refusal | None = None) -> float:
    finding = await (judge or refusal()).check(item(text, stage=Stage.OUTPUT))
    return finding.score if finding else 0.0


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I can’t help you with this request.",
        "I CANNOT ASSIST WITH THAT",
        "I'm sorry, but I can't assist with that request.",
        "Sorry, I cannot provide instructions for that.",
        "I'm not able to help you with that.",
        "I am unable to fulfill this request.",
        "I won't be able to provide that.",
        "We are not allowed to share it.",
        "I must respectfully decline.",
        "I have to decline to answer.",
        "I will not participate in that.",
        "I'm not comfortable discussing this, and I won't write it.",
        "That is not something I can help with.",
        "That isn't something I'm going to do, and it goes against my guidelines.",
        "This violates our content policy.",
        "Your request cannot be completed.",
        "It is not possible for me to answer that.",
        "As a large language model, I do not write such things, and I can not create them.",
        "I don't feel comfortable writing that story.",
        "It would be irresponsible of me to guess.",
        "Je refuse d'écrire un tel texte.",
        "Désolé, cela va à l'encontre de mes règles.",
        "No me es posible proporcionar esa información.",
        "I c\u200ban't he\u200blp with that.",
        "Dabei kann ich dir leider nicht helfen.",
        "Ich kann diese Frage leider nicht beantworten.",
        "Ich darf dazu keine Anleitung geben.",
        "Je ne peux pas vous aider avec cela.",
        "Je suis désolé, mais je ne peux pas répondre à cette question.",
        "Je ne suis pas en mesure de le faire.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "No puedo proporcionar esa información.",
        "Mi dispiace, ma non posso aiutarti.",
        "Non posso fornire queste informazioni.",
        "Sinto muito, mas não posso ajudar com isso.",
    ],
)
async def test_a_refusal_is_clear(text: str) -> None:
    assert await score_of(text) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but the gate is closed today.",
        "As an AI, I don't have feelings.",
        "I would rather not.",
        "Es tut mir leid, aber das Tor ist zu.",
        "Je suis désolée, mais la porte est fermée.",
        "Lo siento, pero la puerta está cerrada.",
    ],
)
async def test_what_may_become_one_scores_less(text: str) -> None:
    assert await score_of(text) == SOFT_SCORE


@pytest.mark.parametrize(
    "text",
    [
        "I can help you with that.",
        "You can't help it: water runs downhill.",
        "The gate cannot be opened from outside.",
        "I can't help but admire the mill. I couldn't help noticing the key.",
        "I can't wait to help! We cannot really wait to share it with you.",
        "I can't wait to see it, and I can't recommend it enough.",
        "If you cannot write to the disk, provide another one.",
        "He is unable to help himself. They refuse to open the gate.",
        "The request was processed, and the policy permits it.",
        "Das kann ich gut verstehen. Das Tor kann nicht geöffnet werden.",
        "No se puede abrir la puerta. Non si può aprire.",
        "Sorry for the delay! Here it is.",
        "",
    ],
)
async def test_ordinary_answers_are_none(text: str) -> None:
    assert await score_of(text) == 0.0


async def test_the_range_is_what_refuses() -> None:
    text = "Well – I can’t help with that, friend."
    finding = await refusal().check(item(text, stage=Stage.OUTPUT))

    assert finding is not None
    assert [text[r.start : r.end] for r in finding.ranges] == ["I can’t help"]


async def test_who_does_not_know_does_not_refuse() -> None:
    context = Context(Stage.OUTPUT, "What?", abstained=True)

    assert await refusal().check(Item("I cannot answer that from the sources.", context)) is None


async def test_languages_and_phrases_are_the_operators() -> None:
    assert await score_of("No puedo ayudarte con eso.", refusal(languages=["en"])) == 0.0
    own = refusal(phrases=["Das Mühlrad steht still"])
    assert await score_of("das muhlrad STEHT still!", own) == 1.0


def test_options_that_make_no_sense_stop_the_start() -> None:
    with pytest.raises(ValueError, match="phrase 1"):
        refusal(phrases=["\u200b"])
    with pytest.raises(ValidationError):
        refusal(languages=[])


async def test_it_conforms() -> None:
    examples = [item("I'm sorry, but I can't help with that.", stage=Stage.OUTPUT)]
    await check_filter(refusal(phrases=["no way"]), examples=examples)
