"""Who is measured: our engine in each precision, and what users would pick instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.benchmarks.random_models import SHAPES

Kind = Literal["bundle", "checkpoint", "genai", "gguf"]

OWN = "penstock"
PEER_PYTHON = Path(".venv-peers/bin/python")


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine with one precision of the weights."""

    engine: str
    precision: str
    weight_bits: int
    """As its name says; `stored_bits` counts scales, too."""
    stored_bits: float
    kv_bytes: int
    """Of one number in the cache."""
    kind: Kind
    module: str
    """What its process runs."""
    most_at_once: int | None = None
    """Sequences in one step, where the engine itself bounds them."""
    in_quick: bool = False

    @property
    def name(self) -> str:
        """Engine and precision."""
        return f"{self.engine} {self.precision}"

    @property
    def is_own(self) -> bool:
        """Whether it is ours."""
        return self.engine == OWN

    def step_bytes(self, model: str, sequences: int, tokens: float) -> float:
        """Return what one step reads: all weights once, and each sequence's keys and values."""
        shape = SHAPES[model]
        width = shape.hidden // shape.heads * shape.kv_heads
        layer = shape.hidden * (2 * shape.hidden + 2 * width + 3 * shape.intermediate)
        weights = shape.layers * layer + shape.vocabulary * shape.hidden
        at_once = min(sequences, self.most_at_once or sequences)
        cached = at_once * tokens * shape.layers * 2 * width * self.kv_bytes
        return weights * self.stored_bits / 8 + cached


def _own(precision: str, bits: int, stored_bits: float, kv_bytes: int) -> Contender:
    module = "scripts.benchmarks.engines.own"
    return Contender(OWN, precision, bits, stored_bits, kv_bytes, "bundle", module, in_quick=True)


def _transformers(kind: str, precision: str, bits: int, *, in_quick: bool) -> Contender:
    module = f"scripts.benchmarks.peers.transformers_{kind}"
    name = f"transformers {kind}"
    return Contender(
        name, precision, bits, bits, bits // 8, "checkpoint", module, in_quick=in_quick
    )


def _genai(kind: str, precision: str, bits: int, stored_bits: float, *, quick: bool) -> Contender:
    module = f"scripts.benchmarks.peers.genai_{kind.lower()}"
    most = 4 if kind == "Engine" else None  # of its engine on a CPU
    name = f"onnxruntime-genai {kind}"
    return Contender(name, precision, bits, stored_bits, 4, "genai", module, most, in_quick=quick)


def _llama(precision: str, bits: int, stored_bits: float, *, in_quick: bool) -> Contender:
    module = "scripts.benchmarks.peers.llama_cpp"
    return Contender(
        "llama.cpp", precision, bits, stored_bits, 2, "gguf", module, in_quick=in_quick
    )


CONTENDERS = (
    _own("fp32", 32, 32, kv_bytes=4),
    _own("int8", 8, 8, kv_bytes=1),
    _own("int4", 4, 5, kv_bytes=1),
    _genai("Generator", "fp32", 32, 32, quick=False),
    _genai("Generator", "int8", 8, 9, quick=False),
    _genai("Generator", "int4", 4, 5, quick=True),
    _genai("Engine", "fp32", 32, 32, quick=False),
    _genai("Engine", "int4", 4, 5, quick=True),
    _llama("F32", 32, 32, in_quick=False),
    _llama("Q8_0", 8, 8.5, in_quick=True),
    _llama("Q4_0", 4, 4.5, in_quick=True),
    _transformers("generate", "fp32", 32, in_quick=False),
    _transformers("generate", "bf16", 16, in_quick=True),
    _transformers("batching", "fp32", 32, in_quick=False),
    _transformers("batching", "bf16", 16, in_quick=True),
)
"""Interleaved in this order: ours, the fast ones, the slow ones."""
