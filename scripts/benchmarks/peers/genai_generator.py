"""`Generator` of onnxruntime-genai: one static batch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scripts.benchmarks.peers.child import Asked, Clock, serve
from scripts.benchmarks.peers.genai_model import open_model


class Generating:
    """A model of onnxruntime-genai."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._model: Any = open_model(options)

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        import numpy as np
        import onnxruntime_genai as genai

        length = len(asked[0].tokens) + new_tokens
        parameters = genai.GeneratorParams(self._model)
        parameters.set_search_options(
            do_sample=False, max_length=length, min_length=length, batch_size=len(asked)
        )
        generator = genai.Generator(self._model, parameters)
        generator.append_tokens(np.array([one.tokens for one in asked], dtype=np.int32))
        for _ in range(new_tokens):
            generator.generate_next_token()
            generator.get_next_tokens()
            clock.note_all()


if __name__ == "__main__":
    serve(Generating)
