"""llama.cpp through llama-cpp-python, with the batches that its own server makes.

Each step decodes one token of every sequence, together with what is left of the prompts, up to
2,048 tokens.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scripts.benchmarks.peers.child import Asked, Clock, serve

BATCH = 2_048


class Sequences:
    """A GGUF model."""

    def __init__(self, options: argparse.Namespace) -> None:
        import llama_cpp

        self._threads = options.threads
        self._cpp: Any = llama_cpp
        self._silence = llama_cpp.llama_log_callback(lambda *said: None)  # kept: C calls it
        llama_cpp.llama_log_set(self._silence, None)
        llama_cpp.llama_backend_init()
        settings = llama_cpp.llama_model_default_params()
        settings.n_gpu_layers = 0
        self._model = self._cpp.llama_model_load_from_file(str(options.model).encode(), settings)
        if not self._model:
            raise RuntimeError("llama.cpp cannot load the model")
        vocabulary = self._cpp.llama_model_get_vocab(self._model)
        self._width: int = self._cpp.llama_vocab_n_tokens(vocabulary)

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        lengths = [len(one.tokens) + new_tokens for one in asked]
        context = self._context(len(asked), max(lengths))
        batch = self._cpp.llama_batch_init(BATCH, 0, 1)
        clock.begin()  # a server has its memory before the requests come
        try:
            self._write_all(context, batch, asked, lengths, clock)
        finally:
            self._cpp.llama_batch_free(batch)
            self._cpp.llama_free(context)

    def _context(self, sequences: int, length: int) -> Any:
        settings = self._cpp.llama_context_default_params()
        settings.n_ctx = sequences * (-(-length // 256) * 256)
        settings.n_seq_max = sequences
        settings.n_batch = BATCH
        settings.n_threads = settings.n_threads_batch = self._threads
        context = self._cpp.llama_init_from_model(self._model, settings)
        if not context:
            raise RuntimeError("llama.cpp cannot make a context")
        return context

    def _write_all(
        self, context: Any, batch: Any, asked: Sequence[Asked], lengths: list[int], clock: Clock
    ) -> None:
        known = [list(one.tokens) for one in asked]
        done = [0] * len(asked)
        while any(len(tokens) < most for tokens, most in zip(known, lengths, strict=True)):
            ends = self._fill(batch, known, done, lengths)
            if status := self._cpp.llama_decode(context, batch):
                raise RuntimeError(f"llama_decode returned {status}")
            for sequence, place in ends.items():
                known[sequence].append(self._likeliest(context, place))
                clock.note(sequence)

    def _fill(
        self, batch: Any, known: list[list[int]], done: list[int], lengths: list[int]
    ) -> dict[int, int]:
        """Put what is not computed yet into the batch; return where sequences end in it."""
        batch.n_tokens, ends = 0, {}
        for sequence in sorted(range(len(known)), key=lambda one: len(known[one]) - done[one]):
            tokens = known[sequence]
            if len(tokens) >= lengths[sequence]:
                continue
            part = range(done[sequence], min(len(tokens), done[sequence] + BATCH - batch.n_tokens))
            for position in part:
                self._put(batch, sequence, position, tokens[position])
            done[sequence] += len(part)
            if part and done[sequence] == len(tokens):
                ends[sequence] = batch.n_tokens - 1
                batch.logits[ends[sequence]] = 1
        return ends

    def _put(self, batch: Any, sequence: int, position: int, token: int) -> None:
        place = batch.n_tokens
        batch.token[place], batch.pos[place] = token, position
        batch.n_seq_id[place], batch.seq_id[place][0] = 1, sequence
        batch.logits[place] = 0
        batch.n_tokens = place + 1

    def _likeliest(self, context: Any, place: int) -> int:
        import numpy as np

        logits = self._cpp.llama_get_logits_ith(context, place)
        return int(np.ctypeslib.as_array(logits, shape=(self._width,)).argmax())


if __name__ == "__main__":
    serve(Sequences)
