"""What each task learns: its network, its numbers and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertForQuestionAnswering, BertForSequenceClassification

from scripts.corpus.row import Row
from scripts.corpus.sets import grounding, injection, toxicity
from scripts.training import base
from scripts.training.examples import UNKNOWN, Batch, Example, answered, labelled
from scripts.training.networks import PairNetwork
from scripts.training.vocabulary import WORD_EMBEDDINGS, prune_weights

IMPOSSIBLE = -1e9


class Task(Protocol):
    """One thing to learn."""

    @property
    def name(self) -> str:
        """Its word on the command line; also the name of its bundle."""

    @property
    def max_tokens(self) -> int:
        """The longest input, special tokens included."""

    def encode(self, rows: Sequence[Row], tokenizer: Tokenizer) -> list[Example]:
        """Turn rows into numbers."""

    def network(self, config: BertConfig) -> Any:
        """Return the network, its head not yet trained."""

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        """Return the mean loss of a batch."""


@dataclass(frozen=True, slots=True)
class TextLabels:
    """Labels of one text, each with its own score; labels nobody was asked for do not count."""

    name: str
    labels: tuple[str, ...]
    max_tokens: int = 192

    def encode(self, rows: Sequence[Row], tokenizer: Tokenizer) -> list[Example]:
        """Encode single texts."""
        return [labelled(row, tokenizer, self.labels, self.max_tokens) for row in rows]

    def network(self, config: BertConfig) -> Any:
        """Return a sequence classification network, as Detoxify has them."""
        config.num_labels = len(self.labels)
        return BertForSequenceClassification(config)

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        """Binary cross entropy over the known labels."""
        known = batch.values != UNKNOWN
        each = nn.functional.binary_cross_entropy_with_logits(
            outputs.logits.float(), batch.values.clamp(min=0), reduction="none"
        )
        return (each * known).sum() / known.sum().clamp(min=1)


@dataclass(frozen=True, slots=True)
class Grounding:
    """One of three labels; a set that only rules one out leaves the rest open."""

    name: str = "grounding"
    labels: tuple[str, ...] = grounding.LABELS
    max_tokens: int = 320

    def encode(self, rows: Sequence[Row], tokenizer: Tokenizer) -> list[Example]:
        """Encode passage and claim."""
        return [labelled(row, tokenizer, self.labels, self.max_tokens) for row in rows]

    def network(self, config: BertConfig) -> Any:
        """Return a network that pools both texts apart."""
        config.num_labels = len(self.labels)
        return PairNetwork(config)

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        """Negative log of the probability that all labels not ruled out have together."""
        certain = (batch.values == 1).any(dim=1, keepdim=True)
        allowed = torch.where(certain, batch.values == 1, batch.values != 0)
        return _likelihood(outputs.logits.float(), allowed).mean()


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer starts and ends; place 0 is no answer."""

    name: str = "answer"
    max_tokens: int = 320

    def encode(self, rows: Sequence[Row], tokenizer: Tokenizer) -> list[Example]:
        """Encode question and passage."""
        return [answered(row, tokenizer, self.max_tokens) for row in rows]

    def network(self, config: BertConfig) -> Any:
        """Return a span network."""
        return BertForQuestionAnswering(config)

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        """Negative log of the probability of all places an answer may start and end at."""
        outside = (batch.types == 0) | (batch.mask == 0)
        outside[:, 0] = False
        losses = [
            _likelihood(logits.float().masked_fill(outside, IMPOSSIBLE), allowed)
            for logits, allowed in (
                (outputs.start_logits, batch.starts),
                (outputs.end_logits, batch.ends),
            )
        ]
        return torch.stack(losses).mean()


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        TextLabels("toxicity", toxicity.LABELS),
        TextLabels("injection", injection.LABELS),
        Grounding(),
        Answer(),
    )
}


def new_network(task: Task, kept: Sequence[str], *, seed: int) -> Any:
    """Return the task's network on the base weights with a smaller vocabulary.

    The word embeddings are frozen: half of the weights, and a small set would bend only the
    words it happens to have.
    """
    torch.manual_seed(seed)
    folder = base.folder()
    config = BertConfig.from_pretrained(
        folder, vocab_size=len(kept), attn_implementation="sdpa", pad_token_id=0
    )
    network = task.network(config)
    weights = prune_weights(load_file(folder / "model.safetensors"), base.tokenizer(), kept)
    network.bert.load_state_dict(weights, strict=False)
    network.bert.get_parameter(WORD_EMBEDDINGS).requires_grad_(False)
    return network


def begin_from(network: Any, weights: Path) -> None:
    """Take over what another run has learnt, as far as the networks are alike.

    Raises:
        WrongBase: they have another vocabulary.
    """
    own = network.state_dict()
    learnt = {name: tensor for name, tensor in load_file(weights).items() if name in own}
    if any(own[name].shape != tensor.shape for name, tensor in learnt.items()):
        raise base.WrongBase(f"the network of {weights} has another shape")
    network.load_state_dict(learnt, strict=False)


def _likelihood(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return each row's negative log share of the allowed places."""
    among = logits.masked_fill(~allowed, IMPOSSIBLE)
    return logits.logsumexp(dim=1) - among.logsumexp(dim=1)
