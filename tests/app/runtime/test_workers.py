"""The threads that run graphs."""

from __future__ import annotations

import threading

import pytest

from app.errors import ModelFailed
from app.runtime import Workers


class Note:
    """A job that notes what became of it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.done = threading.Event()
        self.dropped: ModelFailed | None = None

    def work(self) -> None:
        if self.error:
            raise self.error
        self.done.set()

    def drop(self, error: ModelFailed) -> None:
        self.dropped = error
        self.done.set()


class Gate(Note):
    """A job that holds its thread until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.opened = threading.Event(), threading.Event()

    def work(self) -> None:
        self.begun.set()
        self.opened.wait()
        self.done.set()


def test_jobs_run_in_the_order_they_came() -> None:
    workers, order = Workers(1), []

    class Step(Note):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def work(self) -> None:
            order.append(self.number)
            self.done.set()

    steps = [Step(number) for number in range(20)]
    for step in steps:
        workers.submit(step)
    steps[-1].done.wait()
    workers.close()

    assert order == list(range(20))


def test_as_many_jobs_run_side_by_side_as_there_are_threads() -> None:
    workers = Workers(2)
    gates = [Gate(), Gate()]
    for gate in gates:
        workers.submit(gate)

    for gate in gates:
        assert gate.begun.wait(5)  # both at once, or this would time out

    for gate in gates:
        gate.opened.set()
    workers.close()
    assert workers.num_threads == 2


def test_closing_lets_running_jobs_end_and_drops_the_waiting() -> None:
    workers, gate, waiting = Workers(1), Gate(), Note()
    workers.submit(gate)
    gate.begun.wait()
    workers.submit(waiting)
    gate.opened.set()
    workers.close()

    assert gate.done.is_set()
    assert waiting.done.is_set()
    assert workers.is_alive is False
    assert not any(thread.is_alive() for thread in workers._threads)


def test_closing_drops_what_never_began() -> None:
    workers, gate, waiting = Workers(1), Gate(), Note()
    workers.submit(gate)
    gate.begun.wait()
    workers.submit(waiting)
    closing = threading.Thread(target=workers.close)
    closing.start()
    assert waiting.done.wait(5)
    gate.opened.set()
    closing.join()

    assert isinstance(waiting.dropped, ModelFailed)


def test_a_closed_pool_takes_nothing() -> None:
    workers = Workers(1)
    workers.close()

    with pytest.raises(ModelFailed):
        workers.submit(Note())


@pytest.mark.parametrize("error", [SystemExit(), RuntimeError("broken")])
def test_a_dead_thread_is_noticed_and_nobody_hangs(error: BaseException) -> None:
    workers, gate, bad, waiting = Workers(1), Gate(), Note(error), Note()
    workers.submit(gate)
    gate.begun.wait()
    workers.submit(bad)
    workers.submit(waiting)
    gate.opened.set()

    assert waiting.done.wait(5)
    assert isinstance(waiting.dropped, ModelFailed)
    assert isinstance(bad.dropped, ModelFailed)
    assert workers.is_alive is False
    with pytest.raises(ModelFailed):
        workers.submit(Note())
    workers.close()
