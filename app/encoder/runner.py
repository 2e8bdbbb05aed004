"""Runs windows through an encoder graph, many callers side by side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from app.encoder.calls import Batch, Call, Item, Row
from app.encoder.frames import Window
from app.encoder.memo import current_memo
from app.errors import EngineBusy, ModelFailed, ModelOutputInvalid, PenstockError
from app.runtime import Graph, Interrupt, Interrupted, Workers

log = structlog.get_logger("penstock.encoder")

SLICE = 32
"""Windows that one call has in the queue at once, so that a long text does not fill it."""
CPU_BATCH_TOKENS = 256
"""Batching pays on a CPU up to here: 2.3 times at 8 x 8 tokens, 1.4 at 8 x 32, nothing at 64."""
GPU_BATCH_TOKENS = 16_384
ONE_SCALE_A_BATCH = "DynamicQuantizeLinear"
"""With this operator a window's result depends on its neighbours in the batch."""


def batch_tokens(graph: Graph, operators: set[str]) -> int:
    """Return how many tokens one run may have; 0 is one window at a time."""
    if ONE_SCALE_A_BATCH in operators:
        return 0
    return GPU_BATCH_TOKENS if graph.is_on_gpu else CPU_BATCH_TOKENS


class EncoderRunner:
    """A graph behind a bounded queue.

    A window's result does not depend on what runs beside it, nor does its failure: when a batch
    fails, its windows run again alone.
    """

    def __init__(
        self, graph: Graph, workers: Workers, *, queue_size: int, batch_tokens: int = 0
    ) -> None:
        self._graph = graph
        self._workers = workers
        self._queue_size = queue_size
        self._batch_tokens = batch_tokens
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._dtypes = {tensor.name: np.dtype(tensor.dtype) for tensor in graph.inputs}
        self._per_token = {
            tensor.name
            for tensor in graph.outputs
            if len(tensor.shape) > 1 and isinstance(tensor.shape[1], str)
        }

    @property
    def is_alive(self) -> bool:
        """Whether the threads are at work."""
        return self._workers.is_alive

    @property
    def num_waiting(self) -> int:
        """How many windows nobody has begun."""
        return len(self._waiting)

    async def run(self, windows: Sequence[Window]) -> list[Row]:
        """Compute the outputs of each window. Cancelling drops what waits and stops what runs.

        What was computed before in the same request is not computed again.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the graph could not be run.
            ModelOutputInvalid: the result holds NaN or Inf or has a wrong shape.
        """
        memo = current_memo()
        return await (memo.rows(self, windows, self._run) if memo else self._run(windows))

    async def _run(self, windows: Sequence[Window]) -> list[Row]:
        if len(self._waiting) >= self._queue_size:
            raise EngineBusy
        rows: list[Row] = []
        for start in range(0, len(windows), SLICE):
            rows += await self._run_slice(windows[start : start + SLICE])
        return rows

    def run_now(self, windows: Sequence[Window]) -> list[Row]:
        """Compute in the calling thread, window by window; for the checks at load."""
        outcomes = [self._alone(window) for window in windows]
        for outcome in outcomes:
            if isinstance(outcome, PenstockError):
                raise outcome
        return [outcome for outcome in outcomes if not isinstance(outcome, PenstockError)]

    async def _run_slice(self, windows: Sequence[Window]) -> list[Row]:
        call, items = Call.of(windows)
        with self._lock:
            self._waiting.extend(items)
        try:
            for _ in items:
                self._workers.submit(self)
            await call.future
        finally:
            self._leave(call)
        return call.rows

    def _leave(self, call: Call) -> None:
        """Forget a call; after a cancellation or an error parts of it still wait or run."""
        with self._lock:
            call.is_over = True
            if call.num_missing:
                self._waiting = deque(item for item in self._waiting if item.call is not call)
            for batch in call.batches:
                if not batch.is_wanted:
                    batch.interrupt.set()

    def work(self) -> None:
        """Compute the oldest waiting window, with others that fit beside it (worker thread)."""
        with self._lock:
            if not self._waiting:
                return  # its caller has gone, or an earlier batch took it along
            batch = Batch(self._take())
            for item in batch.items:
                item.call.batches.append(batch)
        outcomes: Sequence[Row | PenstockError] = [ModelFailed()] * len(batch.items)
        try:
            outcomes = self._outcomes([item.window for item in batch.items], batch.interrupt)
        finally:
            self._settle(batch, outcomes)

    def drop(self, error: ModelFailed) -> None:
        """Fail everything that waits."""
        with self._lock:
            batch = Batch(list(self._waiting))
            self._waiting.clear()
        self._settle(batch, [error] * len(batch.items))

    def _settle(self, batch: Batch, outcomes: Sequence[Row | PenstockError]) -> None:
        with self._lock:
            for item, outcome in zip(batch.items, outcomes, strict=True):
                if batch in item.call.batches:
                    item.call.batches.remove(batch)
                item.call.settle(item.place, outcome)

    def _take(self) -> list[Item]:
        """Take the oldest item and the waiting ones nearest to it in length.

        On a CPU, as many stay as the other threads' share is.
        """
        share = ceil(
            len(self._waiting) / (1 if self._graph.is_on_gpu else self._workers.num_threads)
        )
        oldest = self._waiting.popleft()
        size = len(oldest.window.ids)
        if 2 * size > self._batch_tokens or share < 2:
            return [oldest]
        taken, longest = [oldest], size
        for item in sorted(self._waiting, key=lambda item: abs(len(item.window.ids) - size)):
            longest = max(longest, len(item.window.ids))
            if len(taken) == share or longest * (len(taken) + 1) > self._batch_tokens:
                break
            taken.append(item)
        chosen = set(map(id, taken))
        self._waiting = deque(item for item in self._waiting if id(item) not in chosen)
        return taken

    def _outcomes(
        self, windows: Sequence[Window], interrupt: Interrupt
    ) -> list[Row | PenstockError]:
        try:
            return self._compute(windows, interrupt)
        except PenstockError as error:
            if len(windows) == 1 or isinstance(error, Interrupted):
                return [error] * len(windows)
        except Exception:
            log.exception("encoder_failed")
            return [ModelFailed()] * len(windows)
        return [self._alone(window) for window in windows]

    def _alone(self, window: Window) -> Row | PenstockError:
        try:
            return self._compute([window])[0]
        except PenstockError as error:
            return error

    def _compute(
        self, windows: Sequence[Window], interrupt: Interrupt | None = None
    ) -> list[Row | PenstockError]:
        feeds = _feeds(windows)
        outputs = self._graph.run(
            {name: feeds[name].astype(dtype, copy=False) for name, dtype in self._dtypes.items()},
            interrupt,
        )
        shape = feeds["input_ids"].shape
        for name, values in outputs.items():
            wanted = shape if name in self._per_token else shape[:1]
            if values.shape[: len(wanted)] != wanted:
                raise ModelOutputInvalid
        return [self._row(outputs, place, window) for place, window in enumerate(windows)]

    def _row(
        self, outputs: dict[str, NDArray[Any]], place: int, window: Window
    ) -> Row | PenstockError:
        row = {
            name: values[place, : len(window.ids)] if name in self._per_token else values[place]
            for name, values in outputs.items()
        }
        if not all(np.isfinite(values).all() for values in row.values()):
            return ModelOutputInvalid()
        return row


def _feeds(windows: Sequence[Window]) -> dict[str, NDArray[np.int64]]:
    """Pad to the longest window; masked positions hold zeros."""
    shape = len(windows), max(len(window.ids) for window in windows)
    feeds = {
        name: np.zeros(shape, dtype=np.int64)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for place, window in enumerate(windows):
        size = len(window.ids)
        feeds["input_ids"][place, :size] = window.ids
        feeds["attention_mask"][place, :size] = 1
        feeds["token_type_ids"][place, :size] = window.types
    return feeds
