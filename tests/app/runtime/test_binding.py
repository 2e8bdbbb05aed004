"""Graphs run on memory that was set aside before."""

from __future__ import annotations

import threading

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from app.errors import ModelFailed
from app.runtime import Buffer, Graph, Interrupt, Interrupted


@pytest.fixture
def adding() -> Graph:
    """A graph of y = x + x with x [n, 3]."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    node = helper.make_node("Add", ["x", "x"], ["y"])
    graph = helper.make_graph([node], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return Graph(
        ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    )


def numbers(rows: int) -> NDArray[np.float32]:
    return np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)


def test_bound_once_and_run_many_times(adding: Graph) -> None:
    x, y = adding.allocate((2, 3), np.float32), adding.allocate((2, 3), np.float32)
    bindings = adding.bind({"x": x}, {"y": y})

    for factor in (1, 5):
        x.write(numbers(2) * factor)
        adding.run_bound(bindings)

        assert (y.read() == numbers(2) * factor * 2).all()


def test_past_and_present_may_be_one_memory(adding: Graph) -> None:
    buffer = Buffer.over(numbers(2))

    adding.run_bound(adding.bind({"x": buffer}, {"y": buffer}))

    assert (buffer.array == numbers(2) * 2).all()


def test_rows_are_views(adding: Graph) -> None:
    x, y = Buffer.over(numbers(4)), Buffer.empty((4, 3), np.float32)

    adding.run_bound(adding.bind({"x": x.rows(1, 2)}, {"y": y.rows(2, 2)}))

    assert (y.array[:2] == 0).all()
    assert (y.array[2:] == numbers(4)[1:3] * 2).all()


def test_a_stretch_may_take_another_shape(adding: Graph) -> None:
    memory = Buffer.empty((100,), np.float32)

    adding.run_bound(adding.bind({"x": Buffer.over(numbers(3))}, {"y": memory.shaped(3, 3)}))

    assert (memory.array[:9] == numbers(3).ravel() * 2).all()
    assert (memory.array[9:] == 0).all()
    assert memory.rows(4, 10).shaped(2, 5).array.shape == (2, 5)


def test_bindings_keep_the_memory_alive(adding: Graph) -> None:
    y = Buffer.empty((1_000, 3), np.float32)
    bindings = adding.bind({"x": Buffer.over(np.ones((1_000, 3), np.float32))}, {"y": y})
    noise = [np.full((1_000, 3), 9, np.float32) for _ in range(50)]

    adding.run_bound(bindings)

    assert (y.array == 2).all()
    assert len(noise) == 50


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (0, 5), (4, 1), (2, -1)])
def test_rows_that_do_not_exist_are_refused(first: int, count: int) -> None:
    with pytest.raises(ValueError, match="do not exist"):
        Buffer.empty((4, 3), np.float32).rows(first, count)


def test_a_shape_that_needs_more_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs more memory"):
        Buffer.empty((4, 3), np.float32).shaped(13)


def test_memory_with_gaps_is_refused() -> None:
    with pytest.raises(ValueError, match="C-contiguous"):
        Buffer.over(numbers(4)[:, :2])


@pytest.mark.parametrize("name", ["unknown", "y"])
def test_a_name_that_is_no_input_is_a_failed_model(adding: Graph, name: str) -> None:
    buffer = Buffer.empty((2, 3), np.float32)

    with pytest.raises(ModelFailed):
        adding.run_bound(adding.bind({name: buffer}, {"y": buffer}))


def test_a_shape_that_is_not_the_result_s_is_a_failed_model(adding: Graph) -> None:
    x, y = Buffer.over(numbers(2)), Buffer.empty((3, 3), np.float32)
    bindings = adding.bind({"x": x}, {"y": y})

    with pytest.raises(ModelFailed):
        adding.run_bound(bindings)


def test_an_interrupt_stops_a_bound_run(adding: Graph) -> None:
    buffer, interrupt = Buffer.empty((2, 3), np.float32), Interrupt()
    bindings = adding.bind({"x": buffer}, {"y": Buffer.empty((2, 3), np.float32)})
    interrupt.set()

    with pytest.raises(Interrupted):
        adding.run_bound(bindings, interrupt)

    adding.run_bound(bindings)


def test_half_precision_is_bound_by_its_own_type() -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, ["n"]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "g", values[:1], values[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    same = Graph(
        ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    )
    y = Buffer.empty((3,), np.float16)

    same.run_bound(same.bind({"x": Buffer.over(np.ones(3, np.float16))}, {"y": y}))

    assert (y.array == 1).all()
    assert y.nbytes == 6
    assert y.dtype == np.float16


def test_threads_may_run_different_bindings_of_one_graph(adding: Graph) -> None:
    outputs = [Buffer.empty((2, 3), np.float32) for _ in range(8)]
    bound = [
        adding.bind({"x": Buffer.over(numbers(2) * at)}, {"y": y}) for at, y in enumerate(outputs)
    ]
    threads = [threading.Thread(target=adding.run_bound, args=(each,)) for each in bound]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all((y.array == numbers(2) * at * 2).all() for at, y in enumerate(outputs))
