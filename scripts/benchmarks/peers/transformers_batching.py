"""Continuous batching of transformers, with memory for what is measured instead of all there is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scripts.benchmarks.peers.child import Asked, Clock, serve

PAGE = 64
WAIT_S = 120.0
MOST_TOKENS = 32 * (1_024 + 128)


class Batching:
    """A model of transformers behind its own manager of batches."""

    def __init__(self, options: argparse.Namespace) -> None:
        import torch
        from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig

        torch.set_num_threads(options.threads)
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[options.precision]
        opened: Any = AutoModelForCausalLM.from_pretrained(
            options.model, dtype=dtype, attn_implementation="sdpa"
        )
        self._model = opened.eval()
        configure: Any = GenerationConfig
        greedy = configure(do_sample=False, eos_token_id=-1)
        self._manager: Any = self._model.init_continuous_batching(
            generation_config=greedy,
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=PAGE,
                num_blocks=MOST_TOKENS // PAGE + 64,
                max_batch_tokens=2_048,
                max_requests_per_batch=32,
                allow_block_sharing=False,
            ),
        )
        self._manager.start()
        self._count = 0

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        places: dict[str, int] = {}
        for place, one in enumerate(asked):
            self._count += 1
            name = f"bench-{self._count}"
            places[name] = place
            self._manager.add_request(
                one.tokens, name, max_new_tokens=new_tokens, streaming=True, eos_token_id=-1
            )
        left = set(places)
        while left:
            result = self._manager.get_result(timeout=WAIT_S)
            if result is None or result.error:
                raise RuntimeError(f"no result: {result and result.error}")
            place = places[result.request_id]
            for _ in range(len(result.generated_tokens) - len(clock.times[place])):
                clock.note(place)
            if result.is_finished():
                left.discard(result.request_id)


if __name__ == "__main__":
    serve(Batching)
