"""A process that is told things on its standard input, and stands still while others are measured."""

from __future__ import annotations

import json
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self


class Absent(Exception):
    """What should be measured is not there or does not work; the message says what to do."""


class AskedProcess:
    """Starts a command that answers a line of JSON with a line of JSON.

    Args:
        command: what to run.
        open_s: how long it may take until it says that it is ready.

    Raises:
        Absent: it ends, or says that it cannot be opened.
    """

    def __init__(self, command: Sequence[str], open_s: float) -> None:
        self._said = tempfile.TemporaryFile(  # noqa: SIM115  closed with the process
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._process.stdout or 0, selectors.EVENT_READ)
        try:
            self.opened = self._answer(open_s)
        except BaseException:
            self.close()
            raise
        self._pause()

    def ask(self, told: object, patience_s: float) -> dict[str, Any]:
        """Let it do what it is told, and stand still again.

        Raises:
            Absent: it failed, or took longer than `patience_s`.
        """
        self._process.send_signal(signal.SIGCONT)
        try:
            assert self._process.stdin  # noqa: S101  a pipe was asked for
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
            return self._answer(patience_s)
        except BrokenPipeError as error:
            raise Absent("its process has ended") from error
        finally:
            self._pause()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._said, self._readable):
            if file:
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _pause(self) -> None:
        """Threads that spin would take the cores from the next one."""
        self._process.send_signal(signal.SIGSTOP)

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        if not self._readable.select(timeout_s):
            raise Absent(f"no answer within {timeout_s:.0f} s")
        assert self._process.stdout  # noqa: S101  a pipe was asked for
        line = self._process.stdout.readline()
        if not line:
            raise Absent(f"its process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        for problem in ("absent", "error"):
            if problem in answer:
                raise Absent(answer[problem])
        return answer

    def _last_words(self) -> str:
        self._said.seek(0)
        return (self._said.read().strip().splitlines() or ["nothing said"])[-1][:300]
