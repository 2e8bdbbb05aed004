"""Finishing an adopted decoder's bundle: what was measured, where it comes from, and its card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.bundles.bundle import read_manifest
from app.bundles.manifest import File
from scripts.bundling.card import CardText, render
from scripts.bundling.checkpoint import Checkpoint
from scripts.bundling.decoders import Precision
from scripts.folders import digest

CARD = "README.md"


def finish(
    folder: Path,
    checkpoint: Checkpoint,
    precision: Precision,
    metrics: Mapping[str, float],
    made: Mapping[str, str],
) -> None:
    """Write manifest and card of a bundle anew, with all that is known of it."""
    manifest = read_manifest(folder).model_copy(
        update={
            "quantization": precision.quantization,
            "base": f"the checkpoint {checkpoint.name}",
            "licence": checkpoint.licence,
            "metrics": {name: round(value, 6) for name, value in metrics.items()},
            "training": {"trained": "no", **made, "checkpoint_sha256": checkpoint.sha256},
        }
    )
    text = render(manifest, _text(checkpoint, precision), made["command"])
    (folder / CARD).write_text(text, encoding="utf-8")
    card = File(sha256=digest(folder / CARD), bytes=(folder / CARD).stat().st_size)
    manifest.model_copy(update={"files": {**manifest.files, CARD: card}}).write(folder)


def _text(checkpoint: Checkpoint, precision: Precision) -> CardText:
    is_exact = precision.quantization == "none"
    return CardText(
        purpose=f"The language model {checkpoint.name}, exported for "
        f"{'GPUs' if precision.is_for_gpu else 'CPUs'}.",
        intended_use="What the card of its checkpoint says: purpose, training data and weak points "
        "are told there.",
        weak_points=()
        if is_exact
        else (
            "Its weights are rounded: `perplexity.growth` says how much worse it predicts the held "
            "text, `parity.agreement` how often it holds the same token most probable.",
        ),
        limits=(
            "Perplexity was measured on the held text named below, in windows of 256 tokens; it "
            "compares variants of one checkpoint, never different models.",
        ),
    )
