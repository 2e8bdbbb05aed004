"""CUDA graphs: a run over fixed memory is recorded once, and replayed by one command to the GPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any

import structlog

from app.errors import BundleError, ModelFailed
from app.runtime.binding import Bindings
from app.runtime.distribution import import_onnxruntime
from app.runtime.graph import CUDA, ONLY_FATAL, Graph, Interrupt, Interrupted, first_line
from app.runtime.turns import GPU

SETTING = "enable_cuda_graph"
ALONE_S = 0.2
"""How long a recording waits for the runs of other models; they wait for it as long."""
PUT_OFF_S = 5.0
"""After that it is tried again; a model that is loading takes seconds."""

log = structlog.get_logger("penstock.runtime")
_numbers = count(1)


class NotRecorded(ModelFailed):
    """A run could not be recorded. The graph was opened anew and records no more.

    What was bound to it before is void; the memory is not.
    """


class Recording:
    """The run over one set of bindings, recorded at the first time.

    What lies in main memory (`total_sequence_length`) is read when it is recorded, and never again;
    what lies on the GPU is read at every run.
    """

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self.number = next(_numbers)
        self.thread: int | None = None
        """Whose it is: ONNX Runtime keeps one for each thread."""
        self.options = import_onnxruntime().RunOptions()
        self.options.log_severity_level = ONLY_FATAL
        self.options.add_run_config_entry("gpu_graph_id", str(self.number))


class RecordingGraph(Graph):
    """A graph all of whose nodes run on the GPU, so that its runs can be recorded.

    Args:
        ort_session: opened with `enable_cuda_graph`.
        reopen: returns a session without.
    """

    def __init__(self, ort_session: Any, reopen: Callable[[], Any]) -> None:
        super().__init__(ort_session)
        self._reopen = reopen
        self._not_before = 0.0
        self.records = True
        """Whether it still does."""

    def replay(self, recording: Recording, interrupt: Interrupt) -> None:
        """Run what was recorded; at the first time record it.

        Raises:
            NotRecorded: it cannot be.
            Interrupted: `interrupt` was set before; a run that has begun goes on to its end.
            ModelFailed: the run failed.
        """
        if interrupt.is_set:
            raise Interrupted
        if recording.thread == threading.get_ident():
            self._run_bound(recording.bindings, recording.options, interrupt)
        elif not self._record(recording):
            self.run_bound(recording.bindings, interrupt)

    def forget(self, recording: Recording) -> None:
        """Give a recording's memory back, on the thread whose it is."""
        if recording.thread == threading.get_ident():
            with GPU:
                self._session.release_captured_graph(recording.number)

    def _record(self, recording: Recording) -> bool:
        """Record and run, unless others are using the GPU for long.

        Raises:
            NotRecorded: it cannot be.
        """
        if monotonic() < self._not_before:
            return False
        try:
            with GPU.alone(ALONE_S) as is_alone:
                if is_alone:
                    self._session.run_with_iobinding(recording.bindings.io, recording.options)
        except Exception as error:  # its errors have no base of their own
            log.warning("cuda_graphs_off", reason=first_line(error))
            # The stream of that session may record on, so it is of no more use.
            self._session, self.records = self._reopen(), False
            raise NotRecorded from error
        if is_alone:
            recording.thread = threading.get_ident()
        else:
            self._not_before = monotonic() + PUT_OFF_S
        return is_alone


def open_recording(open_session: Callable[[bool], Any]) -> Graph:
    """Open a graph that records, or if it cannot, one that does not; the log says why.

    Args:
        open_session: called with whether CUDA graphs are wanted.

    Raises:
        BundleError: ONNX Runtime cannot load it either way.
    """
    try:
        session = open_session(True)
    except BundleError as error:
        log.warning("cuda_graphs_off", reason=error.message)
        return Graph(open_session(False))
    if _records(session):
        return RecordingGraph(session, lambda: open_session(False))
    return Graph(session)


def _records(session: Any) -> bool:
    options = session.get_provider_options().get(CUDA, {})
    return str(options.get(SETTING, "0")) == "1"
