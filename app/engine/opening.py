"""Opening the engine that a bundle's task asks for."""

from __future__ import annotations

import asyncio

from app.bundles import Bundle
from app.bundles.manifest import QuestionAnswering, TextClassification, TextGeneration
from app.encoder import TextClassifier
from app.encoder.encoder import opening
from app.engine import Engine
from app.engine.answerer import Answerer
from app.engine.classifier import LabelEngine
from app.engine.generation.generator import Generator
from app.engine.graphs.opening import open_decoder
from app.engine.vectors import Embedder
from app.errors import BundleError
from app.runtime import Workers
from app.settings.model import RuntimeSettings


async def open_engine(
    bundle: Bundle,
    settings: RuntimeSettings,
    embedder: Embedder | None,
    workers: Workers | None = None,
) -> Engine:
    """Open a bundle as an engine and run its golden check.

    Args:
        bundle: what `load_bundle` returned.
        settings: provider, threads and queue.
        embedder: the server's sentence encoder, for question answering.
        workers: threads shared with other models; without, the engine gets its own.

    Raises:
        BundleError: the bundle cannot be loaded, fails the check or is no engine's.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    return await asyncio.to_thread(_open, bundle, settings, embedder, workers)


def _open(
    bundle: Bundle,
    settings: RuntimeSettings,
    embedder: Embedder | None,
    workers: Workers | None,
) -> Engine:
    match bundle.manifest.model:
        case QuestionAnswering():
            with opening(bundle, settings, workers) as encoder:
                return Answerer(encoder, embedder)
        case TextClassification():
            with opening(bundle, settings, workers) as encoder:
                return LabelEngine(bundle, TextClassifier(encoder))
        case TextGeneration():
            graph, layout = open_decoder(bundle, settings)
            return Generator(bundle, graph, layout, settings)
        case other:
            raise BundleError(f"bundle {bundle.reference} is for {other.task}: no engine runs that")
