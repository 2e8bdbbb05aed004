"""A checkpoint through `torch.onnx.export(dynamo=True)`, as its users do it. Run by `tests.exports`."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM
from transformers.cache_utils import DynamicCache

LENGTH, PAST = 3, 5
"""Of the traced example; they differ so that no dimension is taken for another."""


class WithCache(nn.Module):
    """A causal language model whose cache comes and goes as plain tensors."""

    def __init__(self, model: Any, *, with_positions: bool) -> None:
        super().__init__()
        self.model = model
        self.with_positions = with_positions

    def forward(self, input_ids: Tensor, attention_mask: Tensor, *rest: Tensor) -> list[Tensor]:
        """Return logits, then key and value of each layer."""
        past = rest[1:] if self.with_positions else rest
        said = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=rest[0] if self.with_positions else None,
            past_key_values=DynamicCache(list(zip(past[::2], past[1::2], strict=True))),
            use_cache=True,
        )
        cache = [(layer.keys, layer.values) for layer in said.past_key_values.layers]
        return [said.logits, *(tensor for pair in cache for tensor in pair)]


def export(checkpoint: Path, file: Path, *, opset: int, with_positions: bool = True) -> None:
    """Write the graph with free batch, length and past."""
    model: Any = AutoModelForCausalLM.from_pretrained(checkpoint, attn_implementation="sdpa")
    model.eval()
    config = model.config
    pairs = [f"{n}.{part}" for n in range(config.num_hidden_layers) for part in ("key", "value")]
    shape = (2, config.num_key_value_heads, PAST, config.hidden_size // config.num_attention_heads)
    ids = torch.ones(2, LENGTH, dtype=torch.int64)
    positions = torch.arange(PAST, PAST + LENGTH).expand(2, LENGTH)
    batch, sequence, past = map(torch.export.Dim, ("batch", "sequence", "past"))
    named: list[tuple[str, Tensor, dict[int, Any]]] = [
        ("input_ids", ids, {0: batch, 1: sequence}),
        (
            "attention_mask",
            torch.ones(2, PAST + LENGTH, dtype=torch.int64),
            {0: batch, 1: torch.export.Dim.DYNAMIC},
        ),
    ]
    if with_positions:
        named.append(("position_ids", positions, {0: batch, 1: sequence}))
    free = [dynamic for _, _, dynamic in named]
    named += [(f"past_key_values.{pair}", torch.randn(shape), {}) for pair in pairs]
    cache = tuple({0: batch, 2: past} for _ in pairs)
    rest = ((free[2], *cache),) if with_positions else (cache,)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            WithCache(model, with_positions=with_positions),
            tuple(tensor for _, tensor, _ in named),
            dynamo=True,
            verbose=False,
            opset_version=opset,
            input_names=[name for name, _, _ in named],
            output_names=["logits", *(f"present.{pair}" for pair in pairs)],
            dynamic_shapes=(free[0], free[1], *rest),
        )
    if program is None:
        raise RuntimeError("the exporter returned nothing")
    file.parent.mkdir(parents=True, exist_ok=True)
    program.save(file)
