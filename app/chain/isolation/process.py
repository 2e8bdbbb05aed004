"""A filter's process as the server sees it: started, asked, and killed when it must be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog

from app.chain.failures import CheckFailed, Kind
from app.chain.isolation import frames
from app.errors import FilterError
from filters import Finding

START_S = 30.0
"""Longest time for a process to start, with the filter's set-up."""
END_S = 2.0
"""Longest time for a process to end by itself."""
RENEWED_FROM = 0.75
"""Of its memory: a process that holds more between two items is replaced, before one fails by it."""
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from app.chain.isolation.worker import main; main(sys.argv[2:])"
)
_KINDS: frozenset[Kind] = frozenset({"raised", "unavailable", "invalid", "crashed", "overloaded"})


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What runs in the process, and its bounds."""

    id: str
    """The instance's."""
    filter: str
    """Where its class is: `module:name`."""
    options: dict[str, Any]
    deadline_s: float
    memory_bytes: int


class FilterProcess:
    """One process, which judges one item at a time.

    It belongs to the thread that made it: the kernel ends it with that thread.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self.lost: str | None = None
        """Why it cannot be asked any more."""
        self._connection, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = self._spawned(theirs.fileno())
            except BaseException:
                self._connection.close()
                raise
        self._most_resident = 0
        self._num_asked = 0

    def start(self) -> None:
        """Let the process make the filter and set it up.

        Raises:
            FilterError: it cannot be made or set up.
        """
        self._most_resident = self._greet() + int(RENEWED_FROM * self._job.memory_bytes)

    def ask(self, item: dict[str, Any]) -> Finding | None:
        """Let the filter judge an item; afterwards look at `lost`.

        Raises:
            CheckFailed: it raised, returned nonsense, took too long or brought the process down.
        """
        until = monotonic() + self._job.deadline_s
        self._num_asked += 1
        try:
            frames.send(self._connection, item | {"number": self._num_asked}, until)
            answer = frames.receive(self._connection, until)
            if answer["number"] != self._num_asked:
                raise ValueError("the answer to something else")  # noqa: TRY301  handled as any nonsense
            if int(answer["resident_bytes"]) > self._most_resident:
                self.lost = "memory"
        except TimeoutError as error:
            self.lost = "deadline"
            raise CheckFailed("timeout") from error
        except Exception as error:
            self.lost = "gone"
            raise CheckFailed("crashed") from error
        return self._finding(answer)

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How it ended; negative is a signal."""
        return self._process.poll()

    def end(self) -> None:
        """Let the filter close and the process end."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self.kill()

    def kill(self) -> None:
        """End the process at once, and those that it has started in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    @staticmethod
    def _spawned(connection: int) -> subprocess.Popen[bytes]:
        arguments = (json.dumps(sys.path), str(connection), str(os.getpid()))
        return subprocess.Popen(  # noqa: S603  our own interpreter and program
            [sys.executable, "-c", _PROGRAM, *arguments],
            pass_fds=[connection],
            stdin=subprocess.DEVNULL,
            stdout=2,  # where the log goes
            start_new_session=True,  # Ctrl-C is for the server, which ends it in order
        )

    def _greet(self) -> int:
        """Send it its job; return the memory it holds after the filter's set-up."""
        job, until = self._job, monotonic() + START_S
        greeting = {
            "filter": job.filter,
            "options": job.options,
            "memory_bytes": job.memory_bytes,
        }
        try:
            frames.send(self._connection, greeting, until)
            answer = frames.receive(self._connection, until)
            if "error" not in answer:
                return int(answer["resident_bytes"])
        except TimeoutError:
            why = f"its process was not ready within {START_S:.0f} s"
        except Exception:  # noqa: BLE001  whatever came, it is no process to work with
            self.kill()
            why = f"its process ended with status {self._process.wait()}"
        else:
            why = str(answer["error"])
        self.kill()
        raise FilterError(why)

    def _finding(self, answer: dict[str, Any]) -> Finding | None:
        failed = answer.get("failed")
        if failed in _KINDS:
            if failed == "crashed":
                self.lost = "memory"
            told = {name: str(answer.get(name))[:200] for name in ("error", "where")}
            log.error("filter_failed_in_its_process", filter=self._job.id, kind=failed, **told)
            raise CheckFailed(failed)
        try:
            written = answer["finding"]
            return None if written is None else frames.read_finding(written)
        except Exception as error:
            raise CheckFailed("invalid") from error
