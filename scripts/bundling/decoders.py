"""From a checkpoint of a causal language model to a graph with a key/value cache, by precision.

The graph comes from onnxruntime-genai's builder: GroupQueryAttention, one cache for past and present.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from app.bundles.manifest import MODEL
from app.engine.graphs import DecoderLayout
from scripts.bundling import int8

BUILDER = "onnxruntime_genai.models.builder"
WEIGHTS = "model.onnx.data"
SMALL_BYTES = 1_024
"""Weights of fewer bytes stay in the graph's own file."""


class NotExported(Exception):
    """The builder is missing, or does not know the model."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How one variant is made, and how far it may be from the checkpoint."""

    built_as: str
    provider: str
    options: tuple[str, ...]
    quantization: str
    most_growth: float
    """The largest share by which the perplexity may grow."""
    most_divergence: float
    """The largest mean Kullback-Leibler divergence from the checkpoint, in nats a token."""
    is_for_gpu: bool = False
    is_for_gpu_only: bool = False
    """Whether no processor computes in it: it is compared in float32, with its own weights."""
    is_rewritten: bool = False
    """Whether float tables and products become bytes after building."""
    has_byte_cache: bool = False
    """Whether keys and values are kept in bytes."""


PRECISIONS: Mapping[str, Precision] = {
    "fp32": Precision("fp32", "cpu", (), "none", 0.001, 1e-4),
    "int8": Precision(
        "fp32",
        "cpu",
        (),
        "int8: weights and embeddings by output channel (8 bit), activations by token; keys and "
        "values by channel (8 bit)",
        0.03,
        0.05,
        is_rewritten=True,
        has_byte_cache=True,
    ),
    "int4": Precision(
        "int4",
        "cpu",
        ("int4_block_size=32", "int4_accuracy_level=4"),
        "int4: weights in blocks of 32, activations by token in blocks of 32 (8 bit); keys and "
        "values by channel (8 bit)",
        0.2,
        0.3,
        is_rewritten=True,
        has_byte_cache=True,
    ),
    "fp16": Precision("fp16", "cuda", (), "fp16", 0.01, 0.005, is_for_gpu=True),
    "bf16": Precision(
        "bf16", "cuda", (), "bf16", 0.01, 0.005, is_for_gpu=True, is_for_gpu_only=True
    ),
}


def export(checkpoint: Path, precision: Precision, folder: Path) -> None:
    """Write `model.onnx`, its weights and what else the builder writes into a folder.

    Raises:
        NotExported: the builder is missing, or does not know the model.
    """
    if find_spec("onnxruntime_genai") is None:
        raise NotExported("onnxruntime-genai is missing: pip install 'penstock[exporters]'")
    _build(checkpoint, precision, folder)
    if precision.is_rewritten:
        model = onnx.load(folder / MODEL)
        int8.quantise_in_place(model, int8.EIGHT_BITS)
        for name in (MODEL, WEIGHTS):
            (folder / name).unlink(missing_ok=True)
        onnx.save_model(
            model,
            folder / MODEL,
            save_as_external_data=True,
            location=WEIGHTS,
            size_threshold=SMALL_BYTES,
        )
        (folder / WEIGHTS).chmod(0o644)


def empty_cache(layout: DecoderLayout) -> dict[str, NDArray[Any]]:
    """Return what a decoder's cache is for one text before its first token."""
    shape = (1, layout.num_kv_heads, 0, layout.head_dim)
    return {name: np.zeros(shape, layout.kv_dtype) for name in layout.past}


def _build(checkpoint: Path, precision: Precision, folder: Path) -> None:
    """Run the builder in a process of its own: it takes twice the weights' memory."""
    command = [sys.executable, "-m", BUILDER, "-i", str(checkpoint), "-o", str(folder)]
    command += ["-p", precision.built_as, "-e", precision.provider, "-c", str(folder / "cache")]
    if precision.options:
        command += ["--extra_options", *precision.options]
    ended = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if ended.returncode or not (folder / MODEL).is_file():
        said = (ended.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotExported(f"the builder did not export {checkpoint}: {said}")


def _environment() -> dict[str, str]:
    import os

    alone = {"HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    return {**os.environ, **alone}  # noqa: TID251
