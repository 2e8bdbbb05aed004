"""Try a bundle as the server would, and let it go again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.cli import frame

if TYPE_CHECKING:
    from app.bundles import Bundle
    from app.settings import RuntimeSettings


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
        asyncio.run(_run_canaries(bundle, settings.runtime))
    finally:
        writer.close()
    return bundle


async def _run_canaries(bundle: Bundle, settings: RuntimeSettings) -> None:
    from app.bundles.manifest import FeatureExtraction
    from app.encoder import open_embedder
    from app.engine.opening import open_engine

    if isinstance(bundle.manifest.model, FeatureExtraction):
        await open_embedder(bundle, settings).close()
    else:
        await (await open_engine(bundle, settings, None)).close()
