"""How each task's network becomes a graph: its module, its gate and its card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig

from app.bundles.manifest import Model, QuestionAnswering, TextClassification
from scripts.bundling import cards, parity
from scripts.bundling.card import CardText
from scripts.bundling.modules import Exportable, PairClassifier, SpanReader, TextClassifier
from scripts.corpus.sets import grounding, injection, toxicity
from scripts.training import base
from scripts.training.tasks import TASKS

FINAL = "final.safetensors"
MAX_POSITIONS = 512


class WrongLabels(Exception):
    """What came back from a checkpoint has other labels than the task."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is special about exporting one task."""

    module: Callable[[Path, Tokenizer], Exportable]
    """The trained network of a run's folder, ready for export."""
    model: Model
    compare: parity.Compare
    limits: parity.Limits
    card: CardText


def _toxicity(run: Path, tokenizer: Tokenizer) -> Exportable:
    # Imported here: Detoxify takes seconds to import and no other task needs it.
    from scripts.bundling.detoxify_model import open_checkpoint, write_checkpoint

    config = _config(tokenizer, len(toxicity.LABELS))
    with TemporaryDirectory() as folder:
        path = write_checkpoint(
            Path(folder), load_file(run / FINAL), config, tokenizer, toxicity.LABELS
        )
        network, labels = open_checkpoint(path)
    if labels != toxicity.LABELS:
        raise WrongLabels(f"Detoxify read the labels {labels}")
    return TextClassifier(network).eval()


def _injection(run: Path, tokenizer: Tokenizer) -> Exportable:
    return TextClassifier(_network("injection", run, tokenizer)).eval()


def _grounding(run: Path, tokenizer: Tokenizer) -> Exportable:
    return PairClassifier(_network("grounding", run, tokenizer)).eval()


def _answer(run: Path, tokenizer: Tokenizer) -> Exportable:
    return SpanReader(_network("answer", run, tokenizer)).eval()


def _network(task: str, run: Path, tokenizer: Tokenizer) -> Any:
    network = TASKS[task].network(_config(tokenizer))
    network.load_state_dict(load_file(run / FINAL))
    network.bert.set_attn_implementation("eager")
    return network


def _config(tokenizer: Tokenizer, labels: int = 2) -> BertConfig:
    return BertConfig.from_pretrained(
        base.folder(), vocab_size=tokenizer.get_vocab_size(), num_labels=labels, pad_token_id=0
    )


RECIPES: dict[str, Recipe] = {
    "toxicity": Recipe(
        _toxicity,
        TextClassification(labels=toxicity.LABELS, activation="sigmoid"),
        parity.sigmoid_scores,
        parity.Limits(mean=0.02, largest=0.35, agreement=0.93),
        cards.TOXICITY,
    ),
    "injection": Recipe(
        _injection,
        TextClassification(labels=injection.LABELS, activation="sigmoid"),
        parity.sigmoid_scores,
        parity.Limits(mean=0.02, largest=0.35, agreement=0.97),
        cards.INJECTION,
    ),
    "grounding": Recipe(
        _grounding,
        TextClassification(labels=grounding.LABELS, activation="softmax", pair=True),
        parity.softmax_scores,
        parity.Limits(mean=0.03, largest=0.5, agreement=0.95),
        cards.GROUNDING,
    ),
    "answer": Recipe(
        _answer,
        QuestionAnswering(min_score=0.0),
        parity.spans,
        parity.Limits(mean=0.05, largest=0.8, agreement=0.85),
        cards.ANSWER,
    ),
}
