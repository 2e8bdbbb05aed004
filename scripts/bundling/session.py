"""Running a graph that is not a bundle yet; the only place of the scripts with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

Batch = Mapping[str, NDArray[np.int64]]


class GraphSession:
    """A graph on one thread."""

    def __init__(self, model: onnx.ModelProto | bytes | Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        content = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model
        self._ort_session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = tuple(value.name for value in self._ort_session.get_inputs())

    def run(self, batch: Batch) -> list[NDArray[np.float32]]:
        """Return the outputs in the graph's order; names the graph does not know are left out."""
        outputs = self._ort_session.run(None, {name: batch[name] for name in self.inputs})
        return [np.asarray(output, np.float32) for output in outputs]

    def logits(
        self, tokens: Sequence[int], cache: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Return what a decoder says of one text, [tokens, vocabulary], from an empty cache on."""
        return np.asarray(
            self._ort_session.run(["logits"], self._fed(tokens, cache))[0][0], np.float32
        )

    def cached(
        self, tokens: Sequence[int], cache: Mapping[str, NDArray[Any]], present: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        """Return a decoder's keys and values of one text, each [1, heads, tokens, head_dim]."""
        return list(self._ort_session.run(list(present), self._fed(tokens, cache)))

    def _fed(
        self, tokens: Sequence[int], cache: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        known = {
            "input_ids": np.array([tokens]),
            "attention_mask": np.ones((1, len(tokens)), np.int64),
            "position_ids": np.arange(len(tokens))[None],
            **cache,
        }
        return {name: known[name] for name in self.inputs}


def padded(rows: Sequence[tuple[Sequence[int], Sequence[int]]]) -> dict[str, NDArray[np.int64]]:
    """Lay token ids and token types of several texts beside each other."""
    width = max(len(ids) for ids, _ in rows)
    batch = {
        name: np.zeros((len(rows), width), np.int64)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for at, (ids, types) in enumerate(rows):
        batch["input_ids"][at, : len(ids)] = ids
        batch["attention_mask"][at, : len(ids)] = 1
        batch["token_type_ids"][at, : len(ids)] = types
    return batch
