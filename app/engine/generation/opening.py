"""The stepper that a graph's cache asks for."""

from __future__ import annotations

import structlog

from app.engine.generation.concatenated import ConcatenatedStepper
from app.engine.generation.shared import SharedStepper
from app.engine.generation.slots import DeviceMover, HostMover, Mover
from app.engine.generation.stepper import Bounds, Stepper
from app.engine.graphs import Cache, DecoderLayout
from app.runtime import Copier, Graph

log = structlog.get_logger("penstock.engine")


def open_stepper(graph: Graph, layout: DecoderLayout, bounds: Bounds) -> Stepper:
    """Return a stepper; it takes no memory before it is used."""
    most = min(bounds.length, layout.max_positions or bounds.length)
    bounds = Bounds(bounds.slots, most, bounds.kv_bytes)
    if layout.cache is Cache.CONCATENATED:
        if graph.is_on_gpu:
            log.warning("cache_in_main_memory", better="an export with GroupQueryAttention")
        return ConcatenatedStepper(graph, layout, bounds)
    return SharedStepper(graph, layout, bounds, _mover(graph, layout))


def _mover(graph: Graph, layout: DecoderLayout) -> Mover:
    """Return what moves memory where the graph runs."""
    if graph.is_on_gpu:
        return DeviceMover(Copier(layout.kv_dtype.itemsize, is_on_gpu=True))
    return HostMover()
