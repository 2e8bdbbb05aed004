"""Recording runs: once for each thread, never beside others, and not at all where it fails."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from app.errors import BundleError
from app.runtime import (
    Buffer,
    Graph,
    Interrupt,
    Interrupted,
    NotRecorded,
    Recording,
    RecordingGraph,
)
from app.runtime import cuda_graphs as module
from app.runtime.cuda_graphs import SETTING, open_recording
from app.runtime.graph import CUDA
from app.runtime.turns import GPU
from tests.normal_graphs import session_of
from tests.recorded import ReplayingSession, recording

VALUES = helper.make_tensor_value_info("values", TensorProto.FLOAT, [2])
TWICE = helper.make_tensor_value_info("twice", TensorProto.FLOAT, [2])
MODEL = helper.make_model(
    helper.make_graph(
        [helper.make_node("Add", ["values", "values"], ["twice"])], "twice", [VALUES], [TWICE]
    ),
    opset_imports=[helper.make_opsetid("", 17)],
    ir_version=10,
)


class Doubling:
    """A recording over two buffers."""

    def __init__(self, graph: Graph) -> None:
        self.values = np.zeros(2, dtype=np.float32)
        self.twice = np.zeros(2, dtype=np.float32)
        bindings = graph.bind(
            {"values": Buffer.over(self.values)}, {"twice": Buffer.over(self.twice)}
        )
        self.recording = Recording(bindings)

    def run(self, graph: RecordingGraph, value: float) -> list[float]:
        self.values[:] = value
        graph.replay(self.recording, Interrupt())
        found: list[float] = self.twice.tolist()
        return found


@pytest.fixture
def recorded() -> tuple[RecordingGraph, ReplayingSession]:
    return recording(MODEL)


Recorded = tuple[RecordingGraph, ReplayingSession]


def test_the_first_run_records_and_the_others_replay(recorded: Recorded) -> None:
    graph, session = recorded
    one, other = Doubling(graph), Doubling(graph)

    assert one.run(graph, 1) == [2, 2]
    assert other.run(graph, 5) == [10, 10]
    assert one.run(graph, 3) == [6, 6]
    assert (session.num_recorded, session.num_replayed) == (2, 1)


def test_each_thread_has_recordings_of_its_own(recorded: Recorded) -> None:
    graph, _ = recorded
    one = Doubling(graph)
    one.run(graph, 1)
    here = one.recording.thread
    thread = threading.Thread(target=one.run, args=(graph, 2))
    thread.start()
    thread.join(30)

    assert one.twice.tolist() == [4, 4]
    assert one.recording.thread not in (here, None)
    graph.forget(one.recording)  # not this thread's any more


def test_what_is_forgotten_is_given_back(recorded: Recorded) -> None:
    graph, session = recorded
    one = Doubling(graph)
    one.run(graph, 1)
    graph.forget(one.recording)

    assert session.recorded == {}


def test_while_others_are_busy_it_runs_unrecorded_and_waits_once_only(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, session = recorded
    one = Doubling(graph)
    monkeypatch.setattr(module, "ALONE_S", 0.01)
    waits: list[float] = []
    alone = GPU.alone

    def noted(timeout_s: float) -> AbstractContextManager[bool]:
        waits.append(timeout_s)
        return alone(timeout_s)

    monkeypatch.setattr(GPU, "alone", noted)
    with GPU:
        assert one.run(graph, 1) == [2, 2]
        assert one.run(graph, 2) == [4, 4]

    assert session.num_recorded == 0
    assert waits == [0.01]
    monkeypatch.setattr(graph, "_not_before", 0.0)
    assert one.run(graph, 3) == [6, 6]
    assert session.num_recorded == 1


def test_an_interrupted_run_does_not_begin(recorded: Recorded) -> None:
    graph, session = recorded
    interrupt = Interrupt()
    interrupt.set()

    with pytest.raises(Interrupted):
        graph.replay(Doubling(graph).recording, interrupt)
    assert session.num_recorded == 0


def test_after_a_failed_recording_the_graph_is_another(recorded: Recorded) -> None:
    graph, session = recorded
    session.breaks = RuntimeError("no capture")

    with pytest.raises(NotRecorded):
        Doubling(graph).run(graph, 1)

    assert not graph.records
    one = Doubling(graph)
    one.values[:] = 4
    graph.run_bound(one.recording.bindings)
    assert one.twice.tolist() == [8, 8]


class OnGpu(ReplayingSession):
    """Says what a session on a GPU says of itself."""

    def __init__(self, setting: str) -> None:
        super().__init__(session_of(MODEL))
        self._setting = setting

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {CUDA: {SETTING: self._setting}}


def test_a_session_that_took_the_setting_records() -> None:
    assert isinstance(open_recording(lambda _: OnGpu("1")), RecordingGraph)


@pytest.mark.parametrize("session", [OnGpu("0"), session_of(MODEL)])
def test_a_session_that_did_not_take_it_is_an_ordinary_one(session: Any) -> None:
    assert type(open_recording(lambda _: session)) is Graph


def test_a_graph_that_cannot_be_recorded_is_opened_without() -> None:
    wanted: list[bool] = []

    def open_session(wants: bool) -> Any:
        wanted.append(wants)
        if wants:
            raise BundleError("as all compute graph nodes have not been partitioned")
        return session_of(MODEL)

    assert type(open_recording(open_session)) is Graph
    assert wanted == [True, False]
