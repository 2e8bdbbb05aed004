from __future__ import annotations

import pytest

from scripts.benchmarks.soak import Soaked, State

IDLE = State(rss_mb=400, descriptors=26, tasks=9, sequences=0)


def soaked(after: State, refused: int = 0) -> Soaked:
    return Soaked(
        minutes=1,
        requests_per_s=2,
        finished=100,
        left=30,
        refused=refused,
        before=IDLE,
        after=after,
    )


def test_a_server_that_is_where_it_was_is_well() -> None:
    assert soaked(IDLE).problems == []
    assert soaked(IDLE.model_copy(update={"rss_mb": 410, "tasks": 10})).problems == []


@pytest.mark.parametrize(
    ("name", "value"), [("rss_mb", 600), ("descriptors", 60), ("tasks", 20), ("sequences", 1)]
)
def test_what_stays_behind_is_named(name: str, value: float) -> None:
    (problem,) = soaked(IDLE.model_copy(update={name: value})).problems

    assert problem.startswith(f"{name}: {value} after ")


def test_a_refused_request_is_a_problem() -> None:
    assert soaked(IDLE, refused=2).problems == ["2 requests were refused or cut off"]
