"""Manifests of tiny bundles: digests, canaries computed by hand, and sealing them anew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.bundles.manifest import (
    MANIFEST,
    Canary,
    File,
    Manifest,
    Model,
    QuestionAnswering,
    Tensor,
    TextClassification,
    TokenClassification,
)

MAX_TOKENS = 64


def seal(
    folder: Path, model: Model, canaries: Sequence[Canary], *, max_tokens: int = MAX_TOKENS
) -> Manifest:
    """Write the manifest of a folder as it lies there, with the digests of its files."""
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    manifest = Manifest(
        name=folder.parent.name,
        version=folder.name,
        created_at="2026-01-01T00:00:00Z",
        model=model,
        max_tokens=max_tokens,
        inputs=tuple(map(_tensor, graph.input)),
        outputs=tuple(map(_tensor, graph.output)),
        files=_files(folder),
        canaries=tuple(canaries),
        licence="Apache-2.0",
    )
    manifest.write(folder)
    return manifest


def reseal(folder: Path, **changes: Any) -> Manifest:
    """Write the manifest anew after files were changed on purpose; all digests are right."""
    old = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    new = Manifest.model_validate({**old.model_dump(), "files": _files(folder), **changes})
    new.write(folder)
    return new


def _files(folder: Path) -> dict[str, File]:
    return {
        path.relative_to(folder).as_posix(): File(
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def canary_of(
    graph: onnx.ModelProto, words: Tokenizer, model: Model, text: str | tuple[str, str]
) -> Canary:
    """Run the graph by hand and write down what it says."""
    first, second = text if isinstance(text, tuple) else (text, None)
    encoding = words.encode(first, second)
    feeds = {
        "input_ids": np.array([encoding.ids]),
        "attention_mask": np.array([encoding.attention_mask]),
        "token_type_ids": np.array([encoding.type_ids]),
    }
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = {node.name for node in session.get_inputs()}
    outputs = session.run(None, {name: feeds[name] for name in wanted})
    if isinstance(model, QuestionAnswering):
        start, end = outputs[0][0], outputs[1][0]
        span = (
            encoding.offsets[int(start[1:].argmax()) + 1][0],
            encoding.offsets[int(end[1:].argmax()) + 1][1],
        )
        return Canary(text=first, pair=second, expected_text=(second or "")[slice(*span)])
    if isinstance(model, TokenClassification):
        tokens = [_activate(row.astype(np.float64), "softmax") for row in outputs[0][0][1:-1]]
        return Canary(text=first, expected=tuple(map(float, np.max(tokens, axis=0)[:8])))
    row = outputs[0][0].astype(np.float64)
    if isinstance(model, TextClassification):
        row = _activate(row, model.activation)
    return Canary(text=first, pair=second, expected=tuple(map(float, row[:8])))


def _activate(logits: NDArray[np.float64], activation: str) -> NDArray[np.float64]:
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    shape = tuple(dim.dim_param or dim.dim_value for dim in kind.shape.dim)
    return Tensor(name=value.name, dtype=dtype, shape=shape)
