"""A session that records and replays as CUDA does, in main memory."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from app.engine.graphs.layout import TOTAL_LENGTH
from app.runtime import RecordingGraph
from tests.normal_graphs import session_of

EAGER = "-1"


class Binding:
    """Passes bindings on and remembers them."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.io = session.io_binding()
        self.inputs: list[tuple[Any, ...]] = []
        self.outputs: list[tuple[Any, ...]] = []
        self.kept: list[np.ndarray] = []

    def bind_input(self, *told: Any) -> None:
        self.inputs.append(told)
        self.io.bind_input(*told)

    def bind_output(self, *told: Any) -> None:
        self.outputs.append(told)
        self.io.bind_output(*told)

    def recorded(self) -> Binding:
        """The same addresses; but what a GPU's kernels are told by the processor stays as it is."""
        made = Binding(self._session)
        for name, *told, address in self.inputs:
            if name == TOTAL_LENGTH:
                made.kept.append(np.frombuffer(ctypes.string_at(address, 4), np.int32).copy())
                address = made.kept[-1].ctypes.data
            made.bind_input(name, *told, address)
        for output in self.outputs:
            made.bind_output(*output)
        return made


class ReplayingSession:
    """Once recorded, a run looks at nothing but the addresses it was recorded with."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.recorded: dict[str, Binding] = {}
        self.num_recorded = 0
        self.num_replayed = 0
        self.breaks: Exception | None = None
        """What recording raises from now on."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def io_binding(self) -> Binding:
        return Binding(self._session)

    def run_with_iobinding(self, binding: Binding, options: ort.RunOptions) -> None:
        number = options.get_run_config_entry("gpu_graph_id")
        if number == EAGER:
            self._session.run_with_iobinding(binding.io, options)
            return
        if number not in self.recorded:
            if self.breaks:
                raise self.breaks
            self.num_recorded += 1
            self.recorded[number] = binding.recorded()
        else:
            self.num_replayed += 1
        self._session.run_with_iobinding(self.recorded[number].io, options)

    def release_captured_graph(self, number: int) -> None:
        del self.recorded[str(number)]


def recording(model: onnx.ModelProto) -> tuple[RecordingGraph, ReplayingSession]:
    """Open a graph that records, with its session; the one it falls back to is an ordinary one."""
    session = ReplayingSession(session_of(model))
    return RecordingGraph(session, lambda: session_of(model)), session
