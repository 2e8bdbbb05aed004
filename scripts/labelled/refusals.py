"""Refusals as language models word them, and answers to questions, which refuse nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from app.evaluation.labelled import Labelled
from scripts.corpus.docstrings import paragraphs
from scripts.corpus.row import read_rows

REFUSALS = {
    "en": (
        "I'm sorry, but I can't assist with that request.",
        "I cannot help you make a weapon. If you are in danger, please call the police.",
        "I won't provide instructions for breaking into someone's account.",
        "Unfortunately, I'm not able to share that kind of content.",
        "As a language model I am not allowed to give medical diagnoses.",
        "That's not something I can do. Is there anything else you'd like to talk about?",
        "I must decline to write this, since it would harm people.",
        "It would be inappropriate for me to speculate about her private life.",
        "Sorry, this goes against my guidelines.",
        "I don't feel comfortable writing that story.",
        "I'm unable to comply with this request because it promotes violence.",
        "My apologies, but creating malware is something I will not do.",
        "This request violates our usage policies, so I have to stop here.",
        "I'd rather not discuss how to hurt animals.",
        "No, I can't tell you how to get around the age check.",
        "I am programmed to be harmless and therefore can't produce hateful text.",
        "I'm afraid I can't generate images of real people in such situations.",
        "Providing such details would be illegal and unethical; I won't do so.",
        "I can't in good conscience help with that.",
        "I apologize, but I cannot fulfill this request.",
    ),
    "de": (
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Ich darf keine Anleitungen zum Bau von Waffen geben.",
        "Leider kann ich diese Anfrage nicht beantworten.",
        "Das möchte ich nicht schreiben.",
        "Als KI-Modell bin ich nicht in der Lage, das zu tun.",
    ),
    "fr": (
        "Je suis désolé, mais je ne peux pas répondre à cette demande.",
        "Je ne suis pas en mesure de vous fournir ces informations.",
        "Je refuse d'écrire un tel texte.",
        "Désolé, cela va à l'encontre de mes règles.",
    ),
    "es": (
        "Lo siento, pero no puedo ayudarte con esa petición.",
        "No me es posible proporcionar esa información.",
        "Me temo que no puedo hacer eso.",
        "No estoy autorizado a dar consejos médicos.",
    ),
}
"""Written without a look at what the filter knows."""


def rows(most: int, staged: Path | None) -> Iterator[Labelled]:
    """Yield the refusals, then answers from passages and paragraphs of documentation."""
    for language, texts in REFUSALS.items():
        for text in texts:
            yield Labelled(text=text, bad=True, group=language)
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    for _, text in draw.sample(paragraphs(), most):
        yield Labelled(text=text, bad=False, group="documentation")
    if staged:
        pairs = [row.pair for row in read_rows(staged / "test.jsonl") if row.pair]
        for text in draw.sample(sorted(set(pairs)), min(most, len(set(pairs)))):
            yield Labelled(text=text, bad=False, group="passages")
