"""`generate` of transformers: one static batch, all rows end together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scripts.benchmarks.peers.child import Asked, Clock, serve


class Ticker:
    """What `generate` hands each step's tokens to; first of all it is handed the prompts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._has_prompts = False

    def put(self, tokens: Any) -> None:
        """A step has ended."""
        if self._has_prompts:
            self._clock.note_all()
        self._has_prompts = True

    def end(self) -> None:
        """All is written."""


class Generating:
    """A model of transformers."""

    def __init__(self, options: argparse.Namespace) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(options.threads)
        dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
        dtype = dtypes[options.precision]
        opened: Any = AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype)
        self._device = options.provider
        self._model = opened.eval().to(self._device)

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        import torch

        prompts = torch.tensor([one.tokens for one in asked], device=self._device)
        with torch.inference_mode():
            self._model.generate(
                prompts,
                attention_mask=torch.ones_like(prompts),
                max_new_tokens=new_tokens,
                min_new_tokens=new_tokens,
                do_sample=False,
                pad_token_id=0,
                streamer=Ticker(clock),
            )


if __name__ == "__main__":
    serve(Generating)
