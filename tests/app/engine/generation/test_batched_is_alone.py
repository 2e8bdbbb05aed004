"""What a sequence writes does not depend on who reads and writes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from app.engine.generation.rows import CHUNK
from app.engine.generation.stepper import Bounds
from app.engine.graphs import DecoderLayout
from app.runtime import Graph
from tests.normal_graphs import APART, LAYOUT, concatenated, opened, shared
from tests.sequences import Asked, alone, asked, finish, scheduler, vocabulary_of

LONGEST = 256
KINDS: dict[str, tuple[DecoderLayout, Callable[[], Any]]] = {
    "shared": (LAYOUT, shared),
    "concatenated": (APART, concatenated),
}


@cache
def graph_of(kind: str) -> tuple[DecoderLayout, Graph]:
    layout, make = KINDS[kind]
    return layout, opened(make())


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


SAMPLED = (("temperature", 1.5), ("top_p", 0.9), ("repetition_penalty", 1.3))
requests = st.builds(
    Request,
    common=st.integers(0, 1),
    shared=st.sampled_from([0, 10, CHUNK, CHUNK + 1, 2 * CHUNK, 150]),
    own=st.integers(1, 80),
    max_tokens=st.integers(1, 12),
    arrives=st.integers(0, 12),
    leaves=st.one_of(st.none(), st.none(), st.integers(1, 10)),
    parameters=st.one_of(
        st.just(()), st.integers(0, 3).map(lambda number: (*SAMPLED, ("seed", number)))
    ),
)


@cache
def expected(kind: str, request: Request) -> tuple[str, list[int], str | None]:
    layout, graph = graph_of(kind)
    return alone(graph, layout, request.prompt, request.max_tokens, **dict(request.parameters))


@pytest.mark.parametrize("kind", KINDS)
@seed(20)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(wanted=st.lists(requests, min_size=1, max_size=9), slots=st.sampled_from([1, 3, 8]))
def test_batched_is_alone(kind: str, wanted: list[Request], slots: int) -> None:
    layout, graph = graph_of(kind)
    room = 3 * LONGEST * layout.kv_bytes_per_token
    engine = scheduler(graph, layout, Bounds(slots, LONGEST, room * (1 if kind == "shared" else 3)))

    found = run(engine, vocabulary_of(layout), wanted)

    for request, one in zip(wanted, found, strict=True):
        if one is not None:
            assert one.outcome == expected(kind, request)
    assert engine.num_running == engine.num_waiting == 0


def run(engine: Any, words: Any, wanted: list[Request]) -> list[Asked | None]:
    """Let requests come and go at their steps; None is one that was cancelled on its way."""
    found: list[Asked | None] = [None] * len(wanted)
    for step in range(40):
        for place, request in enumerate(wanted):
            one = found[place]
            if request.arrives == step:
                found[place] = one = asked(
                    words, request.prompt, request.max_tokens, **dict(request.parameters)
                )
                engine.add(one.sequence)
            if one and not one.is_over and step == request.arrives + (request.leaves or 99):
                engine.cancel(one.sequence)
        engine.step()
    finish(engine)
    return [one if one and not one.sequence.is_cancelled else None for one in found]
