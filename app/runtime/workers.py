"""The threads that run graphs, shared by all models so that they do not fight for the cores."""

from __future__ import annotations

import contextlib
import threading
from queue import Empty, SimpleQueue
from typing import Protocol

import structlog

from app.errors import ModelFailed

log = structlog.get_logger("penstock.runtime")


class Job(Protocol):
    """A piece of work for one thread."""

    def work(self) -> None:
        """Do it and tell whoever waits, also when it fails."""

    def drop(self, error: ModelFailed) -> None:
        """Tell whoever waits that it will never be done."""


class Workers:
    """Threads that take jobs in the order they came.

    A job reports its own errors. If one raises all the same, something is broken beyond this
    job: `is_alive` turns false for good, and what waits is dropped instead of hanging.
    """

    def __init__(self, num_threads: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._is_open = True
        self._threads = [
            threading.Thread(target=self._work, name=f"model-{number}", daemon=True)
            for number in range(num_threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether all threads are at work."""
        return self._is_open and all(thread.is_alive() for thread in self._threads)

    @property
    def num_threads(self) -> int:
        """How many jobs run side by side."""
        return len(self._threads)

    def submit(self, job: Job) -> None:
        """Queue a job. The queue itself has no bound; whoever submits keeps one.

        Raises:
            ModelFailed: the threads have been closed or one has died.
        """
        if not self.is_alive:
            raise ModelFailed
        self._jobs.put(job)
        if not self._is_open:  # closed in between: nobody may come to take it
            self._drop_all()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let running jobs end and drop the waiting ones."""
        self._is_open = False
        self._drop_all()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout_s)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job.work()
            except BaseException:
                self._is_open = False
                log.exception("model_thread_died")
                job.drop(ModelFailed())
                self._drop_all()
                return

    def _drop_all(self) -> None:
        waiting: list[Job | None] = []
        with contextlib.suppress(Empty):
            while True:
                waiting.append(self._jobs.get_nowait())
        for job in waiting:
            if job is None:
                self._jobs.put(None)  # `close` told a thread to end
            else:
                job.drop(ModelFailed())
