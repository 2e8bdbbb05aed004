"""Exports the base encoder as the bundle that embeds passages and questions; nothing is trained.

python -m scripts.export_encoder --models models
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from tokenizers import Tokenizer

from app.bundles.manifest import Canary, FeatureExtraction
from scripts.bundling import gates, parity
from scripts.bundling.bundle import Draft, revision, write_bundle
from scripts.bundling.card import CardText
from scripts.bundling.modules import SentenceEncoder
from scripts.bundling.session import GraphSession
from scripts.corpus import docstrings
from scripts.training import base

MAX_TOKENS = 256
DIMENSION = 384
CANARY_VALUES = 8
INT8_LIMITS = parity.Limits(mean=0.008, largest=0.04, agreement=1.0)
CANARY_TEXTS = (
    "How do I add a filter?",
    "A filter is one class in one file, with one test.",
    "The bank of the river was steep and muddy after the rain.",
)
CARD = CardText(
    purpose="Turns a sentence or a short passage into a vector of unit length: texts that mean "
    "the same lie close to each other.",
    intended_use="Finding the passages that fit a question, in English. Sources and questions "
    "must be embedded with the same bundle; vectors of another one cannot be compared.",
    weak_points=(
        "The int8 vectors differ a little from the float ones: `int8.mean`, one minus the cosine.",
        "Numbers, negation and code weigh little: `is supported` and `is not supported` are close.",
    ),
    limits=("English.", "At most 256 tokens at once; longer text must be cut before."),
)


def main(arguments: Sequence[str] | None = None) -> Path:
    """Export, gate and write the bundle; returns its folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--version", help="default: the next whole number")
    parser.add_argument("--texts", type=int, default=600, help="texts the gates compare on")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    console.print("exporting the encoder and comparing it with its source")
    texts = [text for _, text in docstrings.paragraphs()]
    path = write_bundle(
        draft(texts[:: max(1, len(texts) // options.texts)]), options.models, options.version
    )
    console.print(f"wrote {path}")
    return path


def draft(texts: Sequence[str]) -> Draft:
    """Make the graph and let it through the gates.

    Raises:
        GateRefused: a graph differs too much from the network.
    """
    tokenizer = base.tokenizer()
    rows = [_encode(tokenizer, text) for text in texts]
    exported = gates.export(
        SentenceEncoder(base.encoder()).eval(),
        rows,
        parity.embeddings,
        INT8_LIMITS,
        max_tokens=MAX_TOKENS,
    )
    return Draft(
        name="encoder",
        model=FeatureExtraction(dimension=DIMENSION),
        graph=exported.graph,
        tokenizer=tokenizer,
        max_tokens=MAX_TOKENS,
        canaries=_canaries(GraphSession(exported.graph), tokenizer),
        card=CARD,
        command="python -m scripts.export_encoder --models models",
        base=base.DESCRIPTION,
        metrics=exported.metrics,
        training={"trained": "no", "base_sha256": base.SHA256, "revision": revision()},
    )


def _encode(tokenizer: Tokenizer, text: str) -> gates.Encoded:
    ids = tokenizer.encode(text).ids
    if len(ids) > MAX_TOKENS:
        ids = [*ids[: MAX_TOKENS - 1], ids[-1]]
    return ids, [0] * len(ids)


def _canaries(session: GraphSession, tokenizer: Tokenizer) -> tuple[Canary, ...]:
    found = gates.run_alone(session, [_encode(tokenizer, text) for text in CANARY_TEXTS])
    return tuple(
        Canary(text=text, expected=tuple(round(float(v), 5) for v in outputs[0][:CANARY_VALUES]))
        for text, outputs in zip(CANARY_TEXTS, found, strict=True)
    )


if __name__ == "__main__":
    main()
