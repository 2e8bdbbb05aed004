"""The loss curve of a run, as PNG and SVG."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from scripts.training.loop import Progress

SMOOTH_SHARE = 0.02


def draw(progress: Progress, title: str, folder: Path) -> None:
    """Write `loss.png` and `loss.svg`."""
    matplotlib.rcParams["svg.hashsalt"] = "penstock"  # the same curve is the same file
    losses = np.asarray(progress.losses)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(np.arange(1, len(losses) + 1), losses, color="#c8d3dc", linewidth=0.8)
    width = max(1, int(len(losses) * SMOOTH_SHARE))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.plot(np.arange(width, len(losses) + 1), smooth, color="#1f5673", label="training")
    if progress.validation:
        steps, values = zip(*progress.validation, strict=True)
        axes.plot(steps, values, "o-", color="#b5542b", markersize=3, label="validation")
    axes.set(title=title, xlabel="step", ylabel="loss", ylim=(0, None))
    axes.grid(visible=True, color="#eeeeee")
    axes.legend(frameon=False)
    figure.savefig(folder / "loss.png", dpi=120)
    figure.savefig(folder / "loss.svg", metadata={"Date": None})
