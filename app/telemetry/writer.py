"""Write log lines from a thread, so that a blocked pipe never stops the service."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import TextIO

MAX_LINES = 10_000


class LineWriter:
    """Takes whole lines at once and writes them in order; drops and counts what does not fit."""

    def __init__(self, stream: TextIO, max_lines: int = MAX_LINES) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(max_lines)
        self._thread = threading.Thread(target=self._write_lines, name="log-writer", daemon=True)
        self.num_dropped = 0
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand over one line without its newline; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.num_dropped += 1

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is waiting, unless the stream takes too long."""
        try:
            self._lines.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            self._try(partial(self._stream.write, line + "\n"))
            if self._lines.empty():
                self._try(self._stream.flush)
        self._try(self._stream.flush)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except (OSError, ValueError):
            # The other end was closed. Nobody reads, but the queue must not fill up.
            self.num_dropped += 1
