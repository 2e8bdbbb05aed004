"""Small untrained networks of the real kinds, and their graphs."""

from __future__ import annotations

from functools import cache

import onnx
import torch
from transformers import BertConfig, BertForQuestionAnswering, BertModel

from scripts.bundling.graph import to_onnx
from scripts.bundling.modules import PairClassifier, SentenceEncoder, SpanReader
from scripts.training.networks import PairNetwork

WORDS = 50
MAX_TOKENS = 32


def config(labels: int = 3) -> BertConfig:
    """Return the shape of a network with some thousand weights."""
    found = BertConfig(
        vocab_size=WORDS,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.5,
    )
    found.num_labels = labels
    found._attn_implementation = "eager"
    return found


@cache
def encoder() -> SentenceEncoder:
    """Return a sentence encoder."""
    torch.manual_seed(1)
    return SentenceEncoder(BertModel(config(), add_pooling_layer=False)).eval()


@cache
def judge() -> PairClassifier:
    """Return a classifier of pairs."""
    torch.manual_seed(1)
    return PairClassifier(PairNetwork(config())).eval()


@cache
def reader() -> SpanReader:
    """Return a span reader."""
    torch.manual_seed(1)
    return SpanReader(BertForQuestionAnswering(config(labels=2))).eval()


@cache
def judge_graph() -> onnx.ModelProto:
    """Return the judge's float graph."""
    return to_onnx(judge(), max_tokens=MAX_TOKENS)


def texts(count: int = 24) -> list[tuple[list[int], list[int]]]:
    """Return token ids and types of pairs of many lengths."""
    generator = torch.Generator().manual_seed(2)
    found = []
    for number in range(count):
        first, second = 3 + number % 11, 2 + number % 7
        ids = torch.randint(1, WORDS, (first + second,), generator=generator).tolist()
        found.append((ids, [0] * first + [1] * second))
    return found
