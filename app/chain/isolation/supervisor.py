"""Keeps a filter's process at work: starts it, gives it items, replaces it when it is lost."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import structlog

from app.chain.failures import CheckFailed
from app.chain.isolation.process import END_S, FilterProcess, Job
from app.errors import FilterError
from filters import Finding

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
"""How often an idle process is looked at."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""Between attempts to start a process that does not start."""


@dataclass(frozen=True, slots=True)
class Call:
    """An item that waits for its finding."""

    item: dict[str, Any]
    future: Future[Finding | None] = field(default_factory=Future)


Calls = SimpleQueue[Call | None]
"""What waits for a process; None ends whoever takes it."""


class Supervisor:
    """One process, and the thread that looks after it.

    An item that has begun is not given up when its caller leaves: only its deadline, which begins
    when the process gets it, ends the process.

    Args:
        job: what the process does.
        calls: where its work comes from; other supervisors may take from it too.
    """

    def __init__(self, job: Job, calls: Calls) -> None:
        self._job = job
        self._calls = calls
        self._is_closing = threading.Event()
        self._process: FilterProcess | None = None
        self.started: Future[None] = Future()
        """Done when the filter is set up; has the FilterError if that failed."""
        self.restarts = 0
        self._thread = threading.Thread(target=self._work, name=f"filter-{job.id}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the process, by force if it must be, and the thread; its queue holds a None already."""
        self._is_closing.set()
        self._thread.join(END_S + 1.0)
        process = self._process
        if self._thread.is_alive() and process:
            process.kill()
        self._thread.join(END_S)

    def _work(self) -> None:
        if not self.started.set_running_or_notify_cancel():
            return
        try:
            self._start()
        except Exception as error:  # noqa: BLE001  whoever opens the filter is told
            self.started.set_exception(error)
            return
        self.started.set_result(None)
        while self._serve():
            self._replace()
        if self._process:
            self._process.kill()  # it may have been lost just when it was to end

    def _start(self) -> None:
        self._process = None
        self._process = FilterProcess(self._job)
        self._process.start()

    def _serve(self) -> bool:
        """Work until the process is lost; return whether to go on with another one."""
        process = self._process
        while process is not None and process.lost is None:
            try:
                call = self._calls.get(timeout=LOOK_EVERY_S)
            except Empty:
                if not process.is_running:
                    process.lost = "gone"
                continue
            if call is None:
                process.end()
                return False
            if call.future.set_running_or_notify_cancel():
                _answer(process, call)
        return not self._is_closing.is_set()

    def _replace(self) -> None:
        """Start a new process, again and again; what waits meanwhile fails at once."""
        if self._process:
            if self._process.lost == "memory":
                self._process.end()
            self._process.kill()
            lost, status = self._process.lost, self._process.exit_status
            log.error("filter_process_lost", filter=self._job.id, reason=lost, status=status)
        pause_s = FIRST_PAUSE_S
        while not self._is_closing.is_set():
            self.restarts += 1
            try:
                self._start()
            except (FilterError, OSError) as error:
                log.error("filter_process_not_started", filter=self._job.id, error=str(error))  # noqa: TRY400  a traceback would say no more
            else:
                return
            self._fail_all(monotonic() + pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _fail_all(self, until: float) -> None:
        while (left := until - monotonic()) > 0:
            try:
                call = self._calls.get(timeout=left)
            except Empty:
                return
            if call is None:
                self._is_closing.set()
                return
            if call.future.set_running_or_notify_cancel():
                call.future.set_exception(CheckFailed("crashed"))


def _answer(process: FilterProcess, call: Call) -> None:
    try:
        call.future.set_result(process.ask(call.item))
    except Exception as error:  # noqa: BLE001  whoever waits is told
        call.future.set_exception(error)
