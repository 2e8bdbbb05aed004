"""Opening a verified bundle's graph on the provider that the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import structlog

from app.bundles import Bundle
from app.bundles.manifest import MODEL, Tensor
from app.errors import BundleError, StartupError
from app.runtime.cores import may_overflow
from app.runtime.cuda_graphs import SETTING, open_recording
from app.runtime.distribution import import_onnxruntime
from app.runtime.graph import CUDA, Graph, first_line
from app.runtime.hardware import expects_gpu
from app.runtime.turns import GPU
from app.settings.model import RuntimeSettings

CPU = "CPUExecutionProvider"
ERRORS = 3
FOLDED_BYTES = 64 * 2**20
"""The most that a constant computed at load may have: a small file must not become a huge one."""

log = structlog.get_logger("penstock.runtime")


def open_graph(
    bundle: Bundle,
    settings: RuntimeSettings,
    *,
    threads: int = 1,
    edited: bytes | None = None,
    records: bool = False,
) -> Graph:
    """Open a verified bundle's graph.

    Args:
        bundle: what `load_bundle` returned.
        settings: the provider to use.
        threads: how many one run may use. 1 lets many runs go side by side without waiting for
            each other.
        edited: a model made from the bundle's, to be opened in its stead; it may name stretches
            of any of the bundle's files, `model.onnx` included, as external weights.
        records: whether to get a `RecordingGraph` where that is possible and not switched off.

    Raises:
        BundleError: ONNX Runtime cannot load it, or it is not the graph the manifest describes.
        StartupError: ONNX Runtime is missing, or a GPU was demanded and not got.
    """

    def open_session(wants_cuda_graphs: bool) -> Any:
        return _open_session(bundle, settings, threads, edited, wants_cuda_graphs)

    may_record = records and settings.cuda_graphs == "auto" and expects_gpu(settings)
    graph = open_recording(open_session) if may_record else Graph(open_session(False))
    _check_provider(graph, settings)
    if edited is None:
        check_tensors(bundle, graph.inputs, graph.outputs)
    provider = "cuda" if graph.is_on_gpu else "cpu"
    log.info("graph_opened", bundle=bundle.reference, provider=provider, threads=threads)
    return graph


def _open_session(
    bundle: Bundle,
    settings: RuntimeSettings,
    threads: int,
    edited: bytes | None,
    wants_cuda_graphs: bool,
) -> Any:
    ort = import_onnxruntime()
    options = _options(ort, settings, threads)
    held = _hold_external_weights(bundle, options, with_model=edited is not None)
    content = bundle.read(MODEL) if edited is None else edited
    try:
        providers = _providers(ort, settings, wants_cuda_graphs)
        with GPU if len(providers) > 1 else nullcontext():
            session = ort.InferenceSession(content, options, providers=providers)
    except Exception as error:  # its errors have no base of their own
        raise BundleError(
            f"bundle {bundle.reference}: ONNX Runtime cannot load {MODEL} ({first_line(error)})"
        ) from error
    del held
    # The session keeps the file's bytes for opening it anew on another provider, which would hide
    # a lost GPU; without them it needs a third less memory.
    session.disable_fallback()
    session._model_bytes = None
    return session


def _options(ort: Any, settings: RuntimeSettings, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS
    # Plans of memory are kept for each shape, and texts come in hundreds of lengths.
    options.enable_mem_pattern = False
    spins = threads > 1 and settings.spin_us > 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spins else "0")
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(settings.spin_us))
    if may_overflow():  # exact then, and half as fast
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.add_session_config_entry(
        "optimization.constant_folding_max_output_size_in_bytes", str(FOLDED_BYTES)
    )
    return options


def _hold_external_weights(bundle: Bundle, options: Any, *, with_model: bool) -> list[memoryview]:
    """Give the runtime the verified bytes of external weights, so that it opens no file."""
    names = sorted({location for location, _, _ in bundle.graph.external})
    names += [MODEL] if with_model else []
    contents = [bundle.view(name) for name in names]
    if names:
        lengths = [len(content) for content in contents]
        options.add_external_initializers_from_files_in_memory(names, contents, lengths)
    return contents


def _providers(ort: Any, settings: RuntimeSettings, wants_cuda_graphs: bool) -> list[Any]:
    if settings.provider == "cpu" or CUDA not in ort.get_available_providers():
        return [CPU]
    ort.preload_dlls()  # from the NVIDIA wheels beside it
    # The default doubles the arena at each growth and starves the model beside it.
    options = {"arena_extend_strategy": "kSameAsRequested"}
    if wants_cuda_graphs:
        options[SETTING] = "1"
    return [(CUDA, options), CPU]


def _check_provider(graph: Graph, settings: RuntimeSettings) -> None:
    if settings.provider == "cuda" and not graph.is_on_gpu:
        raise StartupError(
            'runtime.provider is "cuda", but ONNX Runtime got no GPU. Check nvidia-smi, install '
            "'penstock[gpu]' instead of 'penstock[cpu]', or set runtime.provider to \"auto\"."
        )


def check_tensors(bundle: Bundle, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Compare a graph's inputs and outputs with what the manifest says.

    Raises:
        BundleError: they differ.
    """
    manifest = bundle.manifest
    for kind, said, got in (
        ("inputs", manifest.inputs, inputs),
        ("outputs", manifest.outputs, outputs),
    ):
        if {(t.name, t.dtype, len(t.shape)) for t in said} != {
            (t.name, t.dtype, len(t.shape)) for t in got
        }:
            names = ", ".join(f"{t.name} {t.dtype} {list(t.shape)}" for t in got)
            raise BundleError(
                f"bundle {bundle.reference}: the manifest describes other {kind} than the graph "
                f"has: {names}"
            )
