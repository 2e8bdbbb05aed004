"""Decoders run by hand: an export as it is, and a normalised graph over a cache of garbage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.engine.graphs import Cache, DecoderLayout, PositionIds
from app.engine.graphs.layout import (
    ATTENTION_MASK,
    CACHE_BRANCH,
    INPUT_IDS,
    IS_PROMPT,
    LAST_TOKEN,
    LOGITS,
    POSITION_IDS,
    SEQLENS,
    TOTAL_LENGTH,
)
from app.runtime import Buffer, Graph

Logits = NDArray[np.float32]
ROOM = 96
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int8)": np.int8}


def run_whole(file: Path, tokens: Sequence[int]) -> Logits:
    """Run an export as it is over one whole text; returns logits [tokens, vocabulary]."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    known = {
        "input_ids": np.array([tokens]),
        "attention_mask": np.ones((1, len(tokens)), dtype=np.int64),
        "position_ids": np.arange(len(tokens))[None],
        "use_cache_branch": np.array([False]),
        "num_logits_to_keep": np.array(0),
    }
    feeds: dict[str, NDArray[Any]] = {}
    for entry in session.get_inputs():
        if entry.name.startswith("past"):
            feeds[entry.name] = np.zeros((1, 2, 0, 16), dtype=DTYPES[entry.type])
        else:
            feeds[entry.name] = known[entry.name]
        if entry.name == "position_ids" and len(entry.shape) == 3:
            feeds[entry.name] = np.repeat(known["position_ids"][None], 3, axis=0)
    found: Logits = session.run(["logits"], feeds)[0][0].astype(np.float32)
    return found


class Rows:
    """A normalised graph with some rows, each with tokens of its own in the cache.

    All memory holds finite garbage wherever nothing was written.
    """

    def __init__(self, graph: Graph, layout: DecoderLayout, num_rows: int) -> None:
        self.graph, self.layout = graph, layout
        self.lengths = np.zeros(num_rows, dtype=np.int32)
        self.random = np.random.default_rng(0)
        shape = (num_rows, layout.num_kv_heads, ROOM, layout.head_dim)
        self.cache = [self._garbage(shape) for _ in layout.past]

    def read(self, row: int, tokens: Sequence[int]) -> Logits:
        """Let one row read tokens; returns the logits [vocabulary] behind the last one."""
        run = self._shared if self.layout.cache is Cache.SHARED else self._concatenated
        found: Logits = run(row, np.array([tokens]))[0]
        return found

    def step(self, tokens: Sequence[int]) -> Logits:
        """Let every row read one token, together; returns logits [rows, vocabulary]."""
        if self.layout.cache is Cache.CONCATENATED:
            return self._concatenated(None, np.array(tokens)[:, None])
        return self._shared(None, np.array(tokens)[:, None])

    def _shared(self, row: int | None, tokens: NDArray[np.int64]) -> Logits:
        """Past and present are one memory."""
        (batch, num), layout = tokens.shape, self.layout
        first = row or 0
        rows = slice(first, first + batch)
        self.lengths[rows] += num
        small = {
            INPUT_IDS: tokens,
            SEQLENS: self.lengths[rows] - 1,
            TOTAL_LENGTH: self.lengths[rows].max(keepdims=True),
            LAST_TOKEN: np.full((batch, 1), num - 1),
        }
        if layout.prompt_past:
            small[IS_PROMPT] = np.array([False])  # what the export itself does
        caches = [Buffer.over(cache).rows(first, batch) for cache in self.cache]
        caches += [
            Buffer.over(np.zeros((1, layout.num_kv_heads, 1, layout.head_dim), np.float32))
        ] * len(layout.prompt_past)
        past = (*layout.past, *layout.prompt_past)
        present = (*layout.present, *layout.prompt_present)
        logits = self.graph.allocate((batch, layout.vocab_size), np.float32)
        bindings = self.graph.bind(
            {name: Buffer.over(values) for name, values in small.items()}
            | dict(zip(past, caches, strict=True)),
            {LOGITS: logits, **dict(zip(present, caches, strict=True))},
        )
        self.graph.run_bound(bindings)
        found: Logits = logits.array
        return found

    def _concatenated(self, row: int | None, tokens: NDArray[np.int64]) -> Logits:
        """Rows are padded on the left, with garbage in the padding."""
        (batch, num), layout = tokens.shape, self.layout
        rows = range(batch) if row is None else range(row, row + 1)
        past = int(self.lengths[rows].max())
        padding = past - self.lengths[rows]
        places = np.arange(past + num)
        mask = (places >= padding[:, None]).astype(np.int64)
        positions = np.maximum(0, places[None, past:] - padding[:, None]).astype(np.int64)
        if layout.position_ids is PositionIds.THREE_D:
            positions = np.repeat(positions[None], 3, axis=0)
        feeds = {
            INPUT_IDS: tokens,
            ATTENTION_MASK: mask,
            POSITION_IDS: positions,
            CACHE_BRANCH: np.array([past > 0]),
            LAST_TOKEN: np.full((batch, 1), num - 1),
        }
        for name, cache in zip(layout.past, self.cache, strict=True):
            packed = self._garbage((batch, layout.num_kv_heads, past, layout.head_dim))
            for place, each in enumerate(rows):
                packed[place, :, padding[place] :] = cache[each, :, : self.lengths[each]]
            feeds[name] = packed
        wanted = {tensor.name for tensor in self.graph.inputs}
        found = self.graph.run({name: feeds[name] for name in feeds if name in wanted})
        for name, cache in zip(layout.present, self.cache, strict=True):
            for place, each in enumerate(rows):
                length = self.lengths[each]
                cache[each, :, length : length + num] = found[name][place, :, past:]
        self.lengths[rows] += num
        return found[LOGITS]

    def _garbage(self, shape: tuple[int, ...]) -> NDArray[Any]:
        return self.random.normal(scale=30, size=shape).astype(self.layout.kv_dtype)
