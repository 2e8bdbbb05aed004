"""Write log lines from a thread, so that a blocked pipe never stops the service."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

MAX_LINES = 10_000
LINGER_S = 0.05
"""How long lines may gather: waking the thread for each would cost requests their time."""


class LineWriter:
    """Takes whole lines at once and writes them in order; drops and counts what does not fit."""

    def __init__(self, stream: TextIO, max_lines: int = MAX_LINES) -> None:
        self._stream = stream
        self._max_lines = max_lines
        self._lines: deque[str] = deque()
        self._work = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self.num_dropped = 0
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand over one line without its newline; never waits."""
        if len(self._lines) >= self._max_lines:
            self.num_dropped += 1
            return
        self._lines.append(line)
        if not self._work.is_set():
            self._work.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is waiting, unless the stream takes too long."""
        self._is_closing = True
        self._work.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_closing:
            self._work.wait()
            if not self._is_closing:
                time.sleep(LINGER_S)
            self._work.clear()
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        lines: list[str] = []
        with suppress(IndexError):
            while True:
                lines.append(self._lines.popleft())
        try:
            self._stream.write("".join(line + "\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):
            # The other end was closed. Nobody reads, but the lines must not pile up.
            self.num_dropped += len(lines)
