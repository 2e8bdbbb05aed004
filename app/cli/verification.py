"""Try a bundle as the server would, and let it go again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.cli import frame

if TYPE_CHECKING:
    from app.bundles import Bundle
    from app.settings import Settings


def verified(reference: str) -> Bundle:
    """Load a bundle, run its canaries, and close it again.

    Raises:
        BundleError: something is wrong with it.
    """
    from app.bundles import load_bundle
    from app.telemetry import configure_logs

    settings = frame.settings()
    bundle = load_bundle(settings.models_dir, reference)
    writer = configure_logs("warning", "text")
    try:
        asyncio.run(_run_canaries(bundle, settings))
    finally:
        writer.close()
    return bundle


async def _run_canaries(bundle: Bundle, settings: Settings) -> None:
    """Open the bundle as what a server uses it for; opening runs the canaries."""
    from app.bundles import load_bundle
    from app.bundles.manifest import (
        FeatureExtraction,
        QuestionAnswering,
        TextClassification,
        TokenClassification,
    )
    from app.encoder import open_classifier, open_embedder, open_token_classifier
    from app.engine.opening import open_engine

    runtime = settings.runtime
    match bundle.manifest.model:
        case FeatureExtraction():
            await open_embedder(bundle, runtime).close()
        case TextClassification():
            await open_classifier(bundle, runtime).close()
        case TokenClassification():
            await open_token_classifier(bundle, runtime).close()
        case QuestionAnswering():
            encoder = load_bundle(settings.models_dir, settings.encoder)
            embedder = open_embedder(encoder, runtime)
            try:
                await (await open_engine(bundle, runtime, embedder)).close()
            finally:
                await embedder.close()
        case _:
            await (await open_engine(bundle, runtime, None)).close()
