"""From a verified bundle to an opened graph in one of the two normal forms."""

from __future__ import annotations

from app.bundles import Bundle
from app.bundles.manifest import MODEL
from app.bundles.skeleton import skeleton
from app.engine.graphs.layout import Cache, DecoderLayout
from app.errors import BundleError
from app.runtime import Graph, check_tensors, expects_gpu, num_threads, open_graph
from app.settings.model import RuntimeSettings


def open_decoder(bundle: Bundle, settings: RuntimeSettings) -> tuple[Graph, DecoderLayout]:
    """Normalise a causal language model in memory and open it; its weights are never copied here.

    Raises:
        BundleError: the graph cannot be served; the message names the node and what would work.
        StartupError: ONNX Runtime is missing, or a GPU was demanded and not got.
    """
    edited, layout = _normalised(bundle, is_for_gpu=expects_gpu(settings))
    graph = open_graph(
        bundle,
        settings,
        threads=num_threads(settings.threads),
        edited=edited,
        records=layout.cache is Cache.SHARED,
    )
    return graph, layout


def _normalised(bundle: Bundle, *, is_for_gpu: bool) -> tuple[bytes, DecoderLayout]:
    import onnx  # costs a tenth of a second and 12 MB, and servers without generation need it not

    from app.engine.graphs.normalise import normalise, tensors
    from app.engine.graphs.recordable import make_recordable

    content = bundle.view(MODEL)
    try:
        model = onnx.load_model_from_string(skeleton(content, MODEL))
    except Exception as error:  # protobuf's errors have no base of their own
        raise BundleError(f"bundle {bundle.reference}: {MODEL} is no readable model") from error
    check_tensors(bundle, *tensors(model))
    try:
        layout = normalise(model)
    except BundleError as error:
        raise BundleError(f"bundle {bundle.reference}: {error.message}") from error
    if is_for_gpu and layout.cache is Cache.SHARED:
        make_recordable(model)
    return model.SerializeToString(), layout
