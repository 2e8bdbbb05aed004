"""Models as others publish them: folders in Hugging Face's form around tiny real graphs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

from tests.bundles import write_classifier, write_decoder, write_token_classifier
from tests.recital import END, START, TURN

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    "<|turn|>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>{% endif %}"
)


def write_language_model(
    folder: Path,
    script: Sequence[bytes] = (b"It is", b" Paris."),
    *,
    graph: str = "onnx/model.onnx",
    weights: str | None = None,
    **tokenizer_config: Any,
) -> Path:
    """Write a causal language model that recites; `weights` names a file for its weights."""
    bundle = _bundle(lambda place: write_decoder(place, script), folder / graph, weights)
    end = _token_id(bundle["tokenizer"], END)
    _write_json(
        folder,
        {
            "config.json": {
                "architectures": ["LlamaForCausalLM"],
                "max_position_embeddings": 64,
                "eos_token_id": end,
            },
            "tokenizer.json": bundle["tokenizer"],
            "tokenizer_config.json": {
                "bos_token": {"content": START},
                "eos_token": END,
                "pad_token": TURN,
                "model_max_length": 10**30,
                "chat_template": CHAT_TEMPLATE,
                **tokenizer_config,
            },
        },
    )
    return folder


def write_foreign_classifier(
    folder: Path, *, graph: str = "onnx/model.onnx", **config: Any
) -> Path:
    """Write a classifier of two labels, one of which wins where "darn" occurs."""
    words = {"rude": ["darn"], "fine": []}
    bundle = _bundle(
        lambda place: write_classifier(place, words, activation="softmax"), folder / graph, None
    )
    _write_json(
        folder,
        {
            "config.json": {
                "architectures": ["BertForSequenceClassification"],
                "id2label": {"0": "rude", "1": "fine"},
                "max_position_embeddings": 64,
                **config,
            },
            "tokenizer.json": bundle["tokenizer"],
            "tokenizer_config.json": {"model_max_length": 48},
        },
    )
    return folder


def write_foreign_token_classifier(folder: Path) -> Path:
    """Write a token classifier to which Anna is a person and Paris a place."""
    labels = {"B-PER": ["anna"], "I-PER": ["smith"], "B-LOC": ["paris"]}
    bundle = _bundle(
        lambda place: write_token_classifier(place, labels), folder / "onnx/model.onnx", None
    )
    _write_json(
        folder,
        {
            "config.json": {
                "architectures": ["BertForTokenClassification"],
                "id2label": {str(n): label for n, label in enumerate(["O", *labels])},
                "max_position_embeddings": 64,
            },
            "tokenizer.json": bundle["tokenizer"],
        },
    )
    return folder


def _bundle(write: Any, graph: Path, weights: str | None) -> dict[str, Any]:
    """Write a bundle elsewhere and take its graph; return its tokenizer."""
    graph.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        made: Path = write(Path(place))
        if weights is None:
            shutil.copy(made / "model.onnx", graph)
        else:
            model = onnx.load(made / "model.onnx")
            onnx.save(
                model, graph, save_as_external_data=True, location=weights, size_threshold=1_024
            )
        tokenizer: dict[str, Any] = json.loads((made / "tokenizer.json").read_text("utf-8"))
    return {"tokenizer": tokenizer}


def _token_id(tokenizer: Mapping[str, Any], text: str) -> int:
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    return int(ids[text])


def _write_json(folder: Path, files: Mapping[str, Any]) -> None:
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
