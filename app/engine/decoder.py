"""A causal language model graph with its key/value cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import TextGeneration
from app.errors import BundleError, ModelOutputInvalid
from app.runtime import Graph, Interrupt, checked

Cache = dict[str, NDArray[Any]]
"""Past keys and values by the name of their input."""

LOGITS = "logits"


class Decoder:
    """Computes the next token's logits; each step returns the cache for the one after.

    Raises:
        BundleError: inputs or outputs of the cache are missing.
    """

    def __init__(self, bundle: Bundle, model: TextGeneration, graph: Graph) -> None:
        self._graph = graph
        pairs = [f"{layer}.{part}" for layer in range(model.layers) for part in ("key", "value")]
        self._names = {f"past_key_values.{pair}": f"present.{pair}" for pair in pairs}
        self._dtypes = {tensor.name: np.dtype(tensor.dtype) for tensor in graph.inputs}
        outputs = {tensor.name for tensor in graph.outputs}
        known = {"input_ids", "attention_mask", "position_ids", *self._names}
        missing = {"input_ids", *self._names} - set(self._dtypes)
        missing |= {LOGITS, *self._names.values()} - outputs
        if missing or set(self._dtypes) - known:
            odd = sorted(missing | (set(self._dtypes) - known))
            raise BundleError(
                f"bundle {bundle.reference}: the graph lacks or does not know {', '.join(odd)}"
            )
        self._shape = (1, model.heads, 0, model.head_dim)

    def begin(self) -> Cache:
        """Return an empty cache."""
        return {name: np.zeros(self._shape, dtype=self._dtypes[name]) for name in self._names}

    def step(
        self, tokens: Sequence[int], cache: Cache, interrupt: Interrupt | None = None
    ) -> tuple[NDArray[np.float32], Cache]:
        """Read tokens behind the cached ones; return the next token's logits and the new cache.

        Raises:
            Interrupted: `interrupt` was set.
            Overloaded: there was not enough memory.
            ModelFailed: the graph could not be run.
            ModelOutputInvalid: the logits hold NaN or Inf or have a wrong shape.
        """
        past = next(iter(cache.values())).shape[2]
        total = past + len(tokens)
        feeds: dict[str, NDArray[Any]] = {
            "input_ids": np.array([tokens]),
            "attention_mask": np.ones((1, total)),
            "position_ids": np.arange(past, total)[None],
            **cache,
        }
        outputs = self._graph.run(
            {name: feeds[name].astype(dtype, copy=False) for name, dtype in self._dtypes.items()},
            interrupt,
        )
        logits = outputs[LOGITS]
        if logits.ndim != 3 or logits.shape[:2] != (1, len(tokens)):
            raise ModelOutputInvalid
        new = {name: outputs[present] for name, present in self._names.items()}
        if any(values.shape[2] != total for values in new.values()):
            raise ModelOutputInvalid
        return checked(logits[0, -1], logits.shape[2]), new
