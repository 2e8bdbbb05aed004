"""Many at once, or one alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.runtime.turns import Turns

LONG_S = 30.0


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_many_are_inside_at_once() -> None:
    turns, together = Turns(), threading.Barrier(3)

    def enter() -> None:
        with turns:
            together.wait(LONG_S)

    threads = [in_thread(enter) for _ in range(2)]
    with turns:
        together.wait(LONG_S)  # breaks if one of them stands outside
    for thread in threads:
        thread.join(LONG_S)


def test_who_is_alone_waits_for_those_inside_and_keeps_others_out() -> None:
    turns, order = Turns(), list[str]()
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with turns:
            inside.set()
            leave.wait(LONG_S)
            order.append("left")

    def enter() -> None:
        with turns:
            order.append("entered")

    first = in_thread(stay)
    inside.wait(LONG_S)
    threading.Timer(0.01, leave.set).start()
    with turns.alone(LONG_S) as is_alone:
        second = in_thread(enter)
        order.append("alone")
    second.join(LONG_S)
    first.join(LONG_S)

    assert is_alone
    assert order == ["left", "alone", "entered"]


def test_who_cannot_be_alone_in_time_lets_others_in() -> None:
    turns = Turns()
    with turns:
        with turns.alone(0.01) as is_alone:
            assert not is_alone
        with turns:
            pass


def test_only_one_is_alone() -> None:
    turns = Turns()
    with turns.alone(0.01) as first, turns.alone(0.01) as second:
        assert (first, second) == (True, False)
