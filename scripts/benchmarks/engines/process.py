"""A contender's process, seen from outside; it stands still while others are measured."""

from __future__ import annotations

import json
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.benchmarks.engines.contenders import PEER_PYTHON, Contender
from scripts.benchmarks.peers.child import Asked

OPEN_S = 180.0
PATIENCE_S = 300.0


class Absent(Exception):
    """The engine is not there or does not work; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Written:
    """One load, written."""

    times: list[list[float]]
    """When each token of each request came, in seconds from the start."""
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine runs."""

    provider: str = "cpu"
    cuda_graphs: str = "auto"
    """Of ours, the setting."""
    python: Path | None = None
    """Whose packages, if not the usual ones."""


ON_CPU = Place()


class Process:
    """Opens an engine in a process of its own.

    Args:
        contender: which engine.
        model: what it reads.
        threads: how many it may use.
        spin_us: of ours, how long idle threads spin, if not as long as usual.
        place: where it runs.
        patience_s: how long one load may take.

    Raises:
        Absent: it is not installed, or it cannot open the model.
    """

    def __init__(
        self,
        contender: Contender,
        model: Path,
        threads: int,
        *,
        spin_us: int | None = None,
        place: Place = ON_CPU,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        python = place.python or (Path(sys.executable) if contender.is_own else PEER_PYTHON)
        if not python.exists():
            raise Absent("not installed: scripts/bench peers install")
        self.contender = contender
        self._said = tempfile.TemporaryFile(  # noqa: SIM115  closed with the process
            "w+", encoding="utf-8", errors="replace"
        )
        command = [str(python), "-m", contender.module, str(model), "--threads", str(threads)]
        command += ["--precision", contender.precision, "--provider", place.provider]
        command += ["--cuda-graphs", place.cuda_graphs]
        command += [] if spin_us is None else ["--spin-us", str(spin_us)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._process.stdout or 0, selectors.EVENT_READ)
        try:
            self.rss_mb: float = self._answer(OPEN_S)["rss_mb"]
        except BaseException:
            self.close()
            raise
        self._pause()

    def write(self, asked: Sequence[Asked], new_tokens: int) -> Written:
        """Let it write so many tokens behind each prompt.

        Raises:
            Absent: it failed, or took longer than `patience_s`.
        """
        told = {"prompts": [asdict(one) for one in asked], "new_tokens": new_tokens}
        self._process.send_signal(signal.SIGCONT)
        try:
            assert self._process.stdin  # noqa: S101  a pipe was asked for
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
            return Written(**self._answer(self._patience_s))
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
