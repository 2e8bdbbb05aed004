"""Small real bundles: an ONNX graph, a tokenizer and a manifest, written in milliseconds.

Each function writes `models_dir/<name>/<version>/` and returns that folder. The graphs compute
what their names say, so tests assert facts and not noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.bundles.manifest import (
    Canary,
    FeatureExtraction,
    Model,
    QuestionAnswering,
    TextClassification,
    TextGeneration,
    TokenClassification,
)
from tests import graphs
from tests.decoder_graph import HEAD_DIM, HEADS, decoder
from tests.recital import END, TEMPLATE, recital
from tests.sealing import MAX_TOKENS, canary_of, reseal, seal
from tests.vocabulary import SPECIAL, STOP_WORDS, tokenizer, vocabulary, words_of

__all__ = [
    "reseal",
    "seal",
    "write_classifier",
    "write_decoder",
    "write_embedder",
    "write_pair_classifier",
    "write_reader",
    "write_token_classifier",
]

NOTICE = "# A tiny bundle\n\nMade by the tests.\n"


def write_classifier(
    models_dir: Path,
    words: Mapping[str, Sequence[str]],
    *,
    name: str = "toxicity",
    version: str = "1",
    activation: str = "sigmoid",
    max_tokens: int = MAX_TOKENS,
) -> Path:
    """Write a classifier: a label scores 0.98 if one of its words occurs, else 0.02.

    With softmax, a label without words wins where no other label's word occurs.
    """
    tokens = vocabulary(word for some in words.values() for word in some)
    hits = np.zeros((len(tokens), len(words)), dtype=np.float32)
    for column, some in enumerate(words.values()):
        hits[[tokens.index(word.lower()) for word in some], column] = 8.0
    lazy = 0.0 if activation == "softmax" else -4.0
    bias = np.array([-4.0 if some else lazy for some in words.values()], dtype=np.float32)
    kind = TextClassification.model_validate(
        {"task": "text-classification", "labels": tuple(words), "activation": activation}
    )
    texts = ("a harmless text", *(some[0] for some in words.values() if some))
    return _write(
        models_dir / name / version,
        graphs.classifier(hits, bias),
        tokenizer(tokens),
        kind,
        texts,
        max_tokens=max_tokens,
    )


def write_token_classifier(
    models_dir: Path,
    words: Mapping[str, Sequence[str]],
    *,
    name: str = "names",
    version: str = "1",
    max_tokens: int = MAX_TOKENS,
) -> Path:
    """Write a token classifier: a label's words have it with 0.98, everything else is `O`.

    A word that is given as `##ing` is a piece inside of words.
    """
    tokens = vocabulary(word for some in words.values() for word in some)
    labels = ("O", *words)
    hits = np.zeros((len(tokens), len(labels)), dtype=np.float32)
    hits[:, 0] = 4.0
    for column, some in enumerate(words.values(), 1):
        hits[[tokens.index(word.lower()) for word in some], column] = 8.0
    return _write(
        models_dir / name / version,
        graphs.token_classifier(hits),
        tokenizer(tokens),
        TokenClassification(labels=labels),
        ("a harmless text", *(some[0] for some in words.values() if not some[0].startswith("##"))),
        max_tokens=max_tokens,
    )


def write_embedder(  # noqa: PLR0913  some test needs each of these
    models_dir: Path,
    *,
    texts: Iterable[str] = (),
    name: str = "encoder",
    version: str = "1",
    dimension: int = 64,
    max_tokens: int = MAX_TOKENS,
    graph: Callable[[NDArray[np.float32]], onnx.ModelProto] = graphs.embedder,
) -> Path:
    """Write an embedder: texts that share words, or beginnings of words, lie close together.

    The words of `texts` are known whole. Stop words count little. `graph` makes the graph from
    the tokens' rows.
    """
    tokens = vocabulary(words_of(texts))
    rows = np.stack([_row(token, dimension) for token in tokens])
    return _write(
        models_dir / name / version,
        graph(rows),
        tokenizer(tokens),
        FeatureExtraction(dimension=dimension),
        ("a harmless text", "gates and pipes"),
        max_tokens=max_tokens,
    )


def write_pair_classifier(
    models_dir: Path,
    *,
    texts: Iterable[str] = (),
    labels: tuple[str, str] = ("supported", "unsupported"),
    name: str = "grounding",
    version: str = "1",
    max_tokens: int = MAX_TOKENS,
) -> Path:
    """Write a judge of (passage, claim): the claim's words must stand in the passage."""
    tokens = vocabulary(words_of(texts))
    kind = TextClassification(labels=labels, activation="softmax", pair=True)
    return _write(
        models_dir / name / version,
        graphs.containment(_weights(tokens, piece=1.0)),
        tokenizer(tokens),
        kind,
        (("gates hold water", "gates hold water"), ("gates hold water", "birds fly south")),
        max_tokens=max_tokens,
    )


def write_reader(
    models_dir: Path,
    *,
    texts: Iterable[str] = (),
    name: str = "answer",
    version: str = "1",
    min_score: float = 0.0,
    max_tokens: int = MAX_TOKENS,
    **options: Any,
) -> Path:
    """Write a span reader: the answer is the new word near the question's words.

    The words of `texts` are known whole; give it the test's questions and passages.
    `options` are further fields of `QuestionAnswering`.
    """
    tokens = vocabulary(words_of(texts))
    return _write(
        models_dir / name / version,
        graphs.reader(_weights(tokens, piece=0.0), reach=6, null=1.4),
        tokenizer(tokens),
        QuestionAnswering(min_score=min_score, **options),
        (("gates hold what", "gates hold water"),),
        max_tokens=max_tokens,
    )


def write_decoder(
    models_dir: Path,
    script: Sequence[bytes] = (),
    *,
    name: str = "writer",
    version: str = "1",
    max_tokens: int = MAX_TOKENS,
    ends: bool = True,
    **options: Any,
) -> Path:
    """Write a causal language model with a cache that recites `script`, one piece a token.

    The pieces must differ from each other. Without `ends` it begins again after the last one;
    without a script it writes noise that depends on all it has read. `options` are further
    fields of `TextGeneration`.
    """
    words, table = recital(script, ends=ends)
    graph = decoder(table, mixing=1.0 if not script else 0.01)
    model = TextGeneration.model_validate(
        {
            "layers": 2,
            "heads": HEADS,
            "head_dim": HEAD_DIM,
            "eos_token_ids": [words.token_to_id(END)],
            "prompt_template": TEMPLATE,
            **options,
        }
    )
    folder = models_dir / name / version
    folder.mkdir(parents=True)
    onnx.save(graph, folder / "model.onnx")
    words.save(str(folder / "tokenizer.json"))
    (folder / "README.md").write_text(NOTICE, encoding="utf-8")
    said = b"".join(script).decode("utf-8") if script else None
    seal(folder, model, [Canary(text="begin", expected_text=said)], max_tokens=max_tokens)
    return folder


def _write(
    folder: Path,
    graph: onnx.ModelProto,
    words: Tokenizer,
    model: Model,
    texts: Sequence[str | tuple[str, str]],
    *,
    max_tokens: int,
) -> Path:
    folder.mkdir(parents=True)
    onnx.save(graph, folder / "model.onnx")
    words.save(str(folder / "tokenizer.json"))
    (folder / "README.md").write_text(NOTICE, encoding="utf-8")
    canaries = [canary_of(graph, words, model, text) for text in texts]
    seal(folder, model, canaries, max_tokens=max_tokens)
    return folder


def _row(token: str, dimension: int) -> NDArray[np.float32]:
    """Return the token's direction: the same in every vocabulary."""
    row = np.random.default_rng(crc32(token.encode())).normal(size=dimension)
    common = token in STOP_WORDS or token in SPECIAL or not token.isalnum()
    return np.asarray(row * (0.1 if common else 1.0), dtype=np.float32)


def _weights(tokens: Sequence[str], *, piece: float) -> NDArray[np.float32]:
    """Return what each token counts: special ones -1, stop words and punctuation 0."""

    def weight(token: str) -> float:
        if token in SPECIAL:
            return -1.0
        if token.startswith("##"):
            return piece
        return float(token.isalnum() and token not in STOP_WORDS)

    return np.array([weight(token) for token in tokens], dtype=np.float32)
