"""The one thread that steps an engine, and the one that watches it."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from time import monotonic

import structlog

from app.engine.generation.delivery import Delivery
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.sequence import Sequence
from app.errors import ModelFailed

IDLE_S = 60.0
"""After so long without work memory is given back."""
MOST_FAILURES = 8
"""Runs that fail one after the other before the engine counts as dead."""

log = structlog.get_logger("penstock.engine")


class EngineThread:
    """Steps a scheduler as long as there is work.

    When the thread dies, when a step takes longer than `step_timeout_s`, or when the graph only
    fails, `is_alive` turns false for good and every request fails at once instead of hanging.
    """

    def __init__(
        self, scheduler: Scheduler, *, step_timeout_s: float, idle_s: float = IDLE_S
    ) -> None:
        self._scheduler = scheduler
        self._step_timeout_s = step_timeout_s
        self._idle_s = idle_s
        self._arrived: SimpleQueue[Sequence | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._live: set[Sequence] = set()
        self._is_open = True
        self._step_began: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="engine-watch", daemon=True)
        self._thread.start()
        self._watcher.start()

    @property
    def is_alive(self) -> bool:
        """Whether it is at work; once false, it stays false."""
        return self._is_open and self._thread.is_alive()

    @property
    def num_waiting(self) -> int:
        """Sequences without a place."""
        return self._arrived.qsize() + self._scheduler.num_waiting

    def submit(self, sequence: Sequence) -> None:
        """Hand a sequence over; `forget` it in the end, whatever becomes of it.

        Raises:
            ModelFailed: the engine is dead or closed.
        """
        with self._lock:
            if not self.is_alive:
                raise ModelFailed
            self._live.add(sequence)
        self._arrived.put(sequence)

    def forget(self, sequence: Sequence) -> None:
        """Nobody waits for it any more; if it has not ended, it is cancelled."""
        with self._lock:
            self._live.discard(sequence)
        if sequence.finish_reason is None:
            self._scheduler.cancel(sequence)

    def close(self, timeout_s: float = 5.0) -> None:
        """Fail what is left and wait for the thread."""
        self._shut()
        self._arrived.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        has_more = False
        try:
            while self._receive(block=not has_more):
                self._step_began = monotonic()
                has_more = self._scheduler.step()
                self._step_began = None
                if self._scheduler.failures_in_a_row >= MOST_FAILURES:
                    log.error("engine_only_fails", failures=MOST_FAILURES)
                    break
        except BaseException:
            log.exception("engine_thread_died")
        finally:
            self._shut()
            self._scheduler.drop()

    def _receive(self, *, block: bool) -> bool:
        """Let new sequences wait; return false when it is time to end."""
        if block:
            self._take(self._next())
        while not self._arrived.empty():
            self._take(self._arrived.get())
        return self._is_open

    def _next(self) -> Sequence | None:
        try:
            return self._arrived.get(timeout=self._idle_s)
        except Empty:
            self._scheduler.release()
            return self._arrived.get()

    def _take(self, sequence: Sequence | None) -> None:
        if sequence and not sequence.is_cancelled:
            self._scheduler.add(sequence)

    def _watch(self) -> None:
        while not self._over.wait(self._step_timeout_s / 4):
            began = self._step_began
            if began is not None and monotonic() - began > self._step_timeout_s:
                log.error("engine_stuck", step_timeout_s=self._step_timeout_s)
                self._shut()

    def _shut(self) -> None:
        """Take nothing more, stop the running step, and fail everything."""
        with self._lock:
            self._is_open = False
            left, self._live = self._live, set()
        self._over.set()
        self._scheduler.interrupt.set()
        delivery = Delivery()
        for sequence in left:
            sequence.interrupt.set()
            delivery.add(sequence, ModelFailed())
        delivery.flush()
