"""Keeping the GPU to one thread for the moment in which a run is recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class Turns:
    """Lets many use the GPU at once, or one alone; `with turns:` is one of the many.

    While CUDA records a run, whatever another thread of the process asks of it that may wait for
    the GPU (taking and giving back memory, copies, the end of a run) fails, and takes the
    recording along. Not reentrant: who is among the many must not ask to be alone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._num_inside = 0
        self._is_closed = False

    def __enter__(self) -> None:
        with self._changed:
            while self._is_closed:
                self._changed.wait()
            self._num_inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._num_inside -= 1
            self._changed.notify_all()

    @contextmanager
    def alone(self, timeout_s: float) -> Iterator[bool]:
        """Keep others out until the end; false if those inside did not leave in time."""
        with self._changed:
            is_alone = self._close(timeout_s)
        try:
            yield is_alone
        finally:
            if is_alone:
                with self._changed:
                    self._is_closed = False
                    self._changed.notify_all()

    def _close(self, timeout_s: float) -> bool:
        """Let nobody in any more, and wait for those inside."""
        if not self._changed.wait_for(lambda: not self._is_closed, timeout_s):
            return False
        self._is_closed = True
        if self._changed.wait_for(lambda: not self._num_inside, timeout_s):
            return True
        self._is_closed = False
        self._changed.notify_all()
        return False


GPU = Turns()
"""One for the process: recording a run of one model stops the runs of all others."""
