"""The stepper that a graph's cache asks for."""

from __future__ import annotations

from app.engine.generation.concatenated import ConcatenatedStepper
from app.engine.generation.shared import SharedStepper
from app.engine.generation.slots import HostMover
from app.engine.generation.stepper import Bounds, Stepper
from app.engine.graphs import Cache, DecoderLayout
from app.runtime import Graph


def open_stepper(graph: Graph, layout: DecoderLayout, bounds: Bounds) -> Stepper:
    """Return a stepper; it takes no memory before it is used."""
    most = min(bounds.length, layout.max_positions or bounds.length)
    bounds = Bounds(bounds.slots, most, bounds.kv_bytes)
    if layout.cache is Cache.CONCATENATED:
        return ConcatenatedStepper(graph, layout, bounds)
    return SharedStepper(graph, layout, bounds, HostMover())
