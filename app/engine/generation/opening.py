"""The stepper that a graph's cache asks for."""

from __future__ import annotations

import structlog

from app.engine.generation.buckets import BucketStepper
from app.engine.generation.concatenated import ConcatenatedStepper
from app.engine.generation.shared import SharedStepper
from app.engine.generation.slots import DeviceMover
from app.engine.generation.stepper import Bounds, Stepper
from app.engine.graphs import Cache, DecoderLayout
from app.errors import BundleError
from app.runtime import Copier, Graph

HALF = 2
"""Bytes of a number in the only caches for which GroupQueryAttention has a kernel for GPUs."""

log = structlog.get_logger("penstock.engine")


def open_stepper(graph: Graph, layout: DecoderLayout, bounds: Bounds) -> Stepper:
    """Return a stepper; it takes no memory before it is used.

    Raises:
        BundleError: the graph's cache is of a kind that is not served where the graph runs.
    """
    most = min(bounds.length, layout.max_positions or bounds.length)
    bounds = Bounds(bounds.slots, most, bounds.kv_bytes)
    if layout.cache is Cache.CONCATENATED:
        if graph.is_on_gpu:
            log.warning("cache_in_main_memory", better="an export with GroupQueryAttention")
        return ConcatenatedStepper(graph, layout, bounds)
    if not graph.is_on_gpu:
        return SharedStepper(graph, layout, bounds)
    if layout.prompt_past:
        raise BundleError(
            "its keys and values are kept in bytes, which is served on a CPU only: use an export in "
            'fp16, or set runtime.provider to "cpu"'
        )
    if layout.kv_dtype.itemsize > HALF:
        log.warning("attention_in_main_memory", better="an export in fp16 or bf16")
    mover = DeviceMover(Copier(layout.kv_dtype.itemsize, is_on_gpu=True))
    return BucketStepper(graph, layout, bounds, mover)
