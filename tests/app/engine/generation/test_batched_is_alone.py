"""What a sequence writes does not depend on who reads and writes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from app.engine.generation.rows import CHUNK
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.stepper import Bounds
from app.engine.graphs import Cache
from app.engine.graphs.recordable import make_recordable
from tests.exports import KINDS
from tests.normal_graphs import APART, LAYOUT, concatenated, shared
from tests.recorded import recording
from tests.sequences import (
    Asked,
    Model,
    alone,
    asked,
    export,
    finish,
    scheduler,
    scheduler_as_on_a_gpu,
    scheduler_in_buckets,
    ticking,
    tiny,
)

LONGEST = 250


@cache
def model_of(kind: str) -> Model:
    match kind:
        case "shared":
            return tiny(shared(), LAYOUT)
        case "concatenated":
            return tiny(concatenated(), APART)
        case "recorded":
            model = shared()
            make_recordable(model)
            return replace(tiny(model, LAYOUT), graph=recording(model)[0])
        case _:
            return export(kind)


@dataclass(frozen=True)
class Request:
    """One of a handful of texts up to some token, then something of its own."""

    common: int
    shared: int
    own: int
    max_tokens: int
    arrives: int
    leaves: int | None
    parameters: tuple[tuple[str, Any], ...] = field(default=())

    @property
    def prompt(self) -> list[int]:
        text = np.random.default_rng(self.common).integers(0, 250, self.shared)
        own = np.random.default_rng((self.common, self.own)).integers(0, 250, self.own)
        return [*map(int, text), *map(int, own)]

    def without_logprobs(self) -> Request:
        return replace(self, parameters=(*self.parameters, ("logprobs", None)))


SAMPLED = (("temperature", 1.5), ("top_p", 0.9), ("repetition_penalty", 1.3))
AMONG_FEW = (("temperature", 1.5), ("top_k", 20), ("top_p", 0.9))
requests = st.builds(
    Request,
    common=st.integers(0, 1),
    shared=st.sampled_from([0, 10, CHUNK, CHUNK + 1, 2 * CHUNK, 150]),
    own=st.integers(1, 80),
    max_tokens=st.integers(1, 12),
    arrives=st.integers(0, 12),
    leaves=st.one_of(st.none(), st.none(), st.integers(1, 10)),
    parameters=st.one_of(
        st.just(()),
        st.integers(0, 3).map(lambda number: (*SAMPLED, ("seed", number))),
        st.integers(0, 3).map(lambda number: (*AMONG_FEW, ("seed", number))),
    ),
)


@cache
def expected(kind: str, request: Request) -> tuple[str, list[int], str | None]:
    return alone(model_of(kind), request.prompt, request.max_tokens, **dict(request.parameters))


@pytest.mark.parametrize("kind", ["shared", "concatenated"])
@seed(20)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=1, max_size=9), slots=st.sampled_from([1, 3, 8]))
def test_batched_is_alone(kind: str, wanted: list[Request], slots: int) -> None:
    check(kind, wanted, slots)


@seed(20)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=3, max_size=9), slots=st.sampled_from([3, 8]))
def test_batched_is_alone_as_memory_moves_on_a_gpu(wanted: list[Request], slots: int) -> None:
    check("shared", wanted, slots, scheduler_as_on_a_gpu)


@seed(20)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=3, max_size=9), slots=st.sampled_from([1, 3, 8]))
def test_batched_is_alone_in_recorded_steps(wanted: list[Request], slots: int) -> None:
    check("recorded", wanted, slots, scheduler_in_buckets)


@seed(21)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=3, max_size=9), slots=st.sampled_from([3, 8]))
def test_few_logits_say_what_all_do(wanted: list[Request], slots: int) -> None:
    few = [request.without_logprobs() for request in wanted]

    check("recorded", few, slots, scheduler_in_buckets)


@pytest.mark.train
@pytest.mark.parametrize("kind", ["builder-fp16", "builder-fp32"])
@seed(20)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=3, max_size=9), slots=st.sampled_from([3, 8]))
def test_batched_is_alone_in_buckets_of_exports(
    kind: str, wanted: list[Request], slots: int
) -> None:
    check(kind, wanted, slots, scheduler_in_buckets)


@pytest.mark.train
@pytest.mark.parametrize("kind", KINDS)
@seed(20)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=3, max_size=9), slots=st.sampled_from([3, 8]))
def test_batched_is_alone_in_every_export(kind: str, wanted: list[Request], slots: int) -> None:
    check(kind, wanted, slots)


def check(
    kind: str,
    wanted: list[Request],
    slots: int,
    make: Callable[[Model, Bounds], Scheduler] = scheduler,
) -> None:
    """Let requests come and go beside each other, with room for a few of the longest only."""
    model = model_of(kind)
    stretches = 3 if model.layout.cache is Cache.SHARED else 9
    stretches += 4 * bool(model.layout.prompt_past)  # a prompt in full beside its bytes
    room = stretches * LONGEST * model.layout.kv_bytes_per_token
    engine = make(model, Bounds(slots, LONGEST, room))
    engine._clock = ticking(1, 5, 2)  # sometimes several chunks a step

    found = run(engine, model, wanted)

    for request, one in zip(wanted, found, strict=True):
        if one is not None:
            assert one.outcome == expected(kind, request)
    assert engine.num_running == engine.num_waiting == 0


def run(engine: Scheduler, model: Model, wanted: list[Request]) -> list[Asked | None]:
    """Let requests come and go at their steps; None is one that was cancelled on its way."""
    found: list[Asked | None] = [None] * len(wanted)
    for step in range(40):
        for place, request in enumerate(wanted):
            one = found[place]
            if request.arrives == step:
                found[place] = one = asked(
                    model, request.prompt, request.max_tokens, **dict(request.parameters)
                )
                engine.add(one.sequence)
            if one and not one.is_over and step == request.arrives + (request.leaves or 99):
                engine.cancel(one.sequence)
        engine.step()
    finish(engine)
    return [one if one and not one.sequence.is_cancelled else None for one in found]
