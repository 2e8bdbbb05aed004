"""Windows of many callers through one graph."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from app.bundles import load_bundle
from app.encoder.encoder import Encoder
from app.encoder.frames import Window
from app.encoder.runner import (
    CPU_BATCH_TOKENS,
    GPU_BATCH_TOKENS,
    SLICE,
    EncoderRunner,
    batch_tokens,
)
from app.errors import EngineBusy, ModelFailed, ModelOutputInvalid
from app.runtime import Arrays, Graph, Interrupt, Workers, open_graph
from tests.bundles import write_embedder
from tests.encoders import CPU, TEXTS, Make
from tests.gates import Death, Gate, until
from tests.graphs import embedder, endless, quantised

Rows = NDArray[np.float32]


def stuck_on_the_last_word(rows: Rows) -> onnx.ModelProto:
    """A graph that never ends with texts that hold `zzz`."""
    return endless(rows, len(rows) - 1)


def poisoned_in_the_last_word(rows: Rows) -> onnx.ModelProto:
    """A graph whose result is NaN with texts that hold `zzz`."""
    return embedder(np.vstack((rows[:-1], np.full_like(rows[-1:], np.nan))))


async def read_at_once(encoder: Encoder, workers: Workers) -> list[Rows]:
    """Read each text in a call of its own, all of them waiting together."""
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(encoder.read([text])) for text in TEXTS]
        await until(lambda: encoder.runner.num_waiting == len(TEXTS))
        gate.open()
    return [call.result()[0][0]["embedding"] for call in calls]


async def failure_of(encoder: Encoder, *windows: Window) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        await encoder.runner.run(windows)
    return caught.value


async def test_each_window_gets_its_own_row_in_order(make: Make) -> None:
    encoder, _ = make()
    windows = [encoder.tokens.windows(TEXTS[n % 5])[0] for n in range(2 * SLICE + 7)]

    rows = await encoder.runner.run(windows)

    for number, row in enumerate(rows):
        alone = encoder.read_now(TEXTS[number % 5])[0]
        np.testing.assert_allclose(row["embedding"], alone["embedding"], atol=1e-6)


async def test_nothing_gives_nothing(make: Make) -> None:
    assert await make()[0].runner.run([]) == []


async def test_batched_windows_give_what_they_give_alone(make: Make, workers: Workers) -> None:
    encoder, noted = make()

    together = await read_at_once(encoder, workers)

    assert [len(run) for run in noted.runs] == [5]
    for text, got in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(got, encoder.read_now(text)[0]["embedding"], atol=1e-6)


async def test_with_one_scale_a_batch_windows_run_alone(make: Make, workers: Workers) -> None:
    encoder, noted = make(quantised)

    together = await read_at_once(encoder, workers)

    assert [len(run) for run in noted.runs] == [1] * 5
    for text, got in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(got, encoder.read_now(text)[0]["embedding"])


async def test_such_a_graph_would_mix_neighbours_up(make: Make, workers: Workers) -> None:
    """The reason for the test above."""
    encoder, _ = make(quantised, batch_tokens=CPU_BATCH_TOKENS)

    together = await read_at_once(encoder, workers)

    alone = [encoder.read_now(text)[0]["embedding"] for text in TEXTS]
    assert np.abs(np.stack(together) - np.stack(alone)).max() > 1e-3


@pytest.mark.parametrize(
    ("is_on_gpu", "operators", "tokens"),
    [
        (False, {"MatMul"}, CPU_BATCH_TOKENS),
        (True, {"MatMul"}, GPU_BATCH_TOKENS),
        (False, {"MatMulInteger", "DynamicQuantizeLinear"}, 0),
        (True, {"DynamicQuantizeLinear"}, 0),
    ],
)
def test_how_much_runs_together_is_read_from_the_graph(
    tmp_path: Path, is_on_gpu: bool, operators: set[str], tokens: int
) -> None:
    write_embedder(tmp_path)
    graph = open_graph(load_bundle(tmp_path, "encoder"), CPU)
    graph.is_on_gpu = is_on_gpu

    assert batch_tokens(graph, operators) == tokens


async def test_a_batch_takes_the_oldest_and_those_nearest_in_length(
    make: Make, workers: Workers
) -> None:
    encoder, noted = make(batch_tokens=15)
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        for text in ("gates", "gates hold the water hold the", "gates hold the", "water", "zzz"):
            group.create_task(encoder.runner.run(encoder.tokens.windows(text)))
        await until(lambda: encoder.runner.num_waiting == 5)
        gate.open()

    assert noted.runs == [[3, 3, 3], [8], [5]]


async def test_a_batch_leaves_the_other_threads_their_share(make: Make) -> None:
    encoder, noted = make()
    workers = Workers(2)
    encoder.runner = EncoderRunner(noted, workers, queue_size=8, batch_tokens=256)
    gates = [Gate(workers), Gate(workers)]
    async with asyncio.TaskGroup() as group:
        group.create_task(encoder.read(["gates"] * 8))
        await until(lambda: encoder.runner.num_waiting == 8)
        gates[0].open()
    gates[1].open()
    workers.close()

    assert [len(run) for run in noted.runs] == [4, 2, 1, 1]


async def test_a_full_queue_is_refused_at_once(make: Make, workers: Workers) -> None:
    encoder, _ = make(queue_size=3)
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(encoder.read(["gates"])) for _ in range(3)]
        await until(lambda: encoder.runner.num_waiting == 3)
        with pytest.raises(EngineBusy):
            await encoder.read(["gates"])
        gate.open()

    assert all(len(call.result()) == 1 for call in calls)
    assert len(await encoder.read(["gates"])) == 1


async def test_a_long_call_that_was_let_in_goes_on(make: Make) -> None:
    encoder, _ = make(queue_size=1)

    assert len(await encoder.read(["gates"] * (3 * SLICE))) == 3 * SLICE


async def test_cancelling_drops_what_waits(make: Make, workers: Workers) -> None:
    encoder, noted = make()
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(encoder.read(TEXTS))
        await until(lambda: encoder.runner.num_waiting == len(TEXTS))
        call.cancel()

    assert encoder.runner.num_waiting == 0
    gate.open()
    await encoder.read(["gates"])
    assert noted.runs == [[3]]


async def test_cancelling_stops_what_runs(make: Make) -> None:
    encoder, noted = make(stuck_on_the_last_word)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(encoder.read(["zzz"]))
        await until(lambda: noted.runs)
        call.cancel()

    async with asyncio.timeout(30):
        assert len(await encoder.read(["gates"])) == 1  # the only thread is free again


async def test_a_deadline_stops_what_runs(make: Make) -> None:
    encoder, _ = make(stuck_on_the_last_word)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await encoder.read(["zzz"])

    async with asyncio.timeout(30):
        assert len(await encoder.read(["gates"])) == 1


async def test_a_run_goes_on_while_one_of_its_callers_waits(make: Make, workers: Workers) -> None:
    encoder, noted = make()
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(encoder.read(["gates"]))
        staying = group.create_task(encoder.read(["water"]))
        await until(lambda: encoder.runner.num_waiting == 2)
        gate.open()
        await until(lambda: noted.runs)
        leaving.cancel()

    assert len(staying.result()) == 1


async def test_one_bad_window_does_not_fail_its_neighbours(make: Make, workers: Workers) -> None:
    encoder, noted = make()
    unknown = Window(np.array([10**6]), np.array([0]))
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        good = group.create_task(encoder.read(["gates"]))
        bad = group.create_task(failure_of(encoder, unknown))
        await until(lambda: encoder.runner.num_waiting == 2)
        gate.open()

    assert [len(run) for run in noted.runs] == [2, 1, 1]
    assert len(good.result()) == 1
    assert bad.result().code == "model_failed"


async def test_nan_fails_only_its_own_window(make: Make, workers: Workers) -> None:
    encoder, _ = make(poisoned_in_the_last_word)
    gate = Gate(workers)
    async with asyncio.TaskGroup() as group:
        good = group.create_task(encoder.read(["gates"]))
        bad = group.create_task(failure_of(encoder, *encoder.tokens.windows("zzz")))
        await until(lambda: encoder.runner.num_waiting == 2)
        gate.open()

    assert np.isfinite(good.result()[0][0]["embedding"]).all()
    assert isinstance(bad.result(), ModelOutputInvalid)


async def test_a_result_for_another_number_of_windows_is_invalid(make: Make) -> None:
    def summed(rows: Rows) -> onnx.ModelProto:
        model = embedder(rows)
        model.graph.node[-1].output[0] = "each"
        add = onnx.helper.make_node("ReduceSum", ["each", "axis"], ["embedding"], keepdims=1)
        model.graph.node.append(add)
        axis = onnx.numpy_helper.from_array(np.array([0]), "axis")
        model.graph.initializer.append(axis)
        return model

    encoder, _ = make(summed)

    with pytest.raises(ModelOutputInvalid):
        encoder.runner._compute([encoder.tokens.windows(text)[0] for text in TEXTS])


async def test_a_dead_thread_fails_waiting_calls_and_shows(make: Make, workers: Workers) -> None:
    encoder, _ = make()
    gate = Gate(workers)
    workers.submit(Death())
    async with asyncio.TaskGroup() as group:
        call = group.create_task(failure_of(encoder, *encoder.tokens.windows("gates")))
        await until(lambda: encoder.runner.num_waiting)
        gate.open()

    assert call.result().code == "model_failed"
    assert encoder.is_alive is False
    with pytest.raises(ModelFailed):
        await encoder.read(["gates"])


async def test_an_unexpected_error_reaches_the_caller_and_the_thread_lives(make: Make) -> None:
    class Broken(Graph):
        def run(self, feeds: Arrays, interrupt: Interrupt | None = None) -> dict[str, Rows]:
            raise KeyError("surprise")

    encoder, noted = make()
    encoder.runner._graph = Broken(noted._session)

    assert (await failure_of(encoder, *encoder.tokens.windows("gates"))).code == "model_failed"
    assert encoder.is_alive
