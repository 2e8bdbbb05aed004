from __future__ import annotations

from app.routes.draining import Drain


def test_draining_goes_before_the_cut() -> None:
    drain = Drain()
    cut: list[str] = []
    drain.add(lambda: cut.append("a"))

    drain.begin()
    assert drain.is_draining
    assert not drain.is_cut
    assert cut == []

    drain.cut()
    assert drain.is_cut
    assert cut == ["a"]


def test_what_is_finished_is_not_cut() -> None:
    drain = Drain()
    cut: list[str] = []

    def interrupt() -> None:
        cut.append("a")

    drain.add(interrupt)
    drain.discard(interrupt)
    drain.cut()

    assert cut == []


def test_what_begins_after_the_cut_is_cut_at_once() -> None:
    drain = Drain()
    drain.cut()
    cut: list[str] = []

    drain.add(lambda: cut.append("late"))

    assert drain.is_draining
    assert cut == ["late"]
