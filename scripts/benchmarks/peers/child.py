"""The process of one engine: it is told what to write, and says when each token came.

Python's standard library only, because engines of others have environments of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt as text and as the tokens that the text has."""

    text: str
    tokens: list[int]


class Clock:
    """Notes when each request's tokens came, in seconds from the start."""

    def __init__(self, num_requests: int) -> None:
        self.times: list[list[float]] = [[] for _ in range(num_requests)]
        self._began = time.perf_counter()

    def begin(self) -> None:
        """The requests come only now: what was done before, a server does when it starts."""
        self._began = time.perf_counter()

    def note(self, request: int) -> None:
        """A token of this request is there."""
        self.times[request].append(time.perf_counter() - self._began)

    def note_all(self) -> None:
        """A token of every request is there."""
        for request in range(len(self.times)):
            self.note(request)


class Writer(Protocol):
    """An engine that is open."""

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """Write so many tokens behind each prompt, greedily; all requests come at once."""


def serve(open_writer: Callable[[argparse.Namespace], Writer]) -> None:
    """Open an engine and do what standard input says, a line of JSON each, until it ends.

    Answers go to standard output, which nothing else reaches: what libraries print goes to
    standard error.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", default="")
    parser.add_argument("--spin-us", type=int)
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--cuda-graphs", default="auto")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        writer = open_writer(options)
    except ImportError as error:
        _say(answers, {"absent": f"{error.name} is not installed"})
        return
    _say(answers, {"rss_mb": _memory_mb("VmRSS")})
    for line in sys.stdin:
        _say(answers, _answer(writer, json.loads(line)))


def _answer(writer: Writer, told: dict[str, Any]) -> dict[str, Any]:
    asked = [Asked(one["text"], one["tokens"]) for one in told["prompts"]]
    _forget_peak()
    clock = Clock(len(asked))
    try:
        writer.write(asked, told["new_tokens"], clock)
    except Exception as error:  # noqa: BLE001  whatever an engine raises is its result
        return {"error": f"{type(error).__name__}: {error}"[:500]}
    return {"times": clock.times, "peak_rss_mb": _memory_mb("VmHWM")}


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _memory_mb(kind: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{kind}:\s+(\d+) kB", status)
    return int(found[1]) * 1_024 / 1e6 if found else 0.0


def _forget_peak() -> None:
    """Let the peak begin anew at what is resident now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
