"""Make the exports of one family: `python -m tests.exporting FAMILY FOLDER`. Run by `tests.exports`."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import shutil
import sys
from pathlib import Path

FILE = "model.onnx"
BUILDER = "onnxruntime_genai.models.builder"
BUILDS = {
    "builder-fp32": ("fp32", "cpu"),
    "builder-int8": ("int8", "cpu"),
    "builder-int4": ("int4", "cpu"),
    "builder-fp16": ("fp16", "cuda"),
    "builder-positions": ("fp16", "dml"),
}
"""Precision and execution provider: for a CPU there is no half precision, and with DirectML the
positions are an input."""


def main(family: str, folder: Path) -> None:
    """Write the family's exports into folders named as `tests.exports` names them."""
    import numpy as np
    import torch

    from scripts.bundling import kv_cache
    from tests.exporting import optimum
    from tests.exporting.checkpoint import VOCABULARY, write_checkpoint

    torch.set_num_threads(1)
    checkpoint = folder / "checkpoint"
    write_checkpoint(checkpoint, "qwen2" if family == "builder" else "llama")
    if family == "builder":
        for name, (precision, provider) in BUILDS.items():
            build(checkpoint, folder / name, precision, provider)
        positions = folder / "builder-positions" / FILE
        optimum.write(optimum.three_positions, positions, folder / "builder-mrope")
        for beside in positions.parent.glob("*.json"):
            shutil.copy(beside, folder / "builder-mrope")
        shutil.copytree(folder / "builder-fp32", folder / "builder-byte-cache")
        tokens = np.random.default_rng(0).integers(2, VOCABULARY, (8, 64)).tolist()
        kv_cache.rewrite(folder / "builder-byte-cache" / FILE, tokens)
    elif family == "dynamo":
        trace(checkpoint, folder)


def trace(checkpoint: Path, folder: Path) -> None:
    """Export by torch, and bring one of its exports into the layouts of optimum."""
    from tests.exporting import optimum
    from tests.exporting.dynamo import export

    export(checkpoint, folder / "dynamo-18" / FILE, opset=18)
    export(checkpoint, folder / "dynamo-23" / FILE, opset=23)
    export(checkpoint, folder / "dynamo-18-no-positions" / FILE, opset=18, with_positions=False)
    optimum.write(optimum.plain, folder / "dynamo-18" / FILE, folder / "optimum")
    optimum.write(optimum.merged, folder / "dynamo-18" / FILE, folder / "optimum-merged")
    optimum.write(optimum.three_positions, folder / "dynamo-18" / FILE, folder / "optimum-mrope")
    optimum.write(optimum.quantised, folder / "dynamo-18" / FILE, folder / "dynamo-18-int8")


def build(checkpoint: Path, folder: Path, precision: str, provider: str) -> None:
    """Run the model builder of onnxruntime-genai as its command line does."""
    old = sys.argv
    sys.argv = [BUILDER, "-i", str(checkpoint), "-o", str(folder), "-p", precision, "-e", provider]
    sys.argv += ["-c", str(folder / "cache")]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_module(BUILDER, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = old


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"  # noqa: TID251  must stand before transformers is imported
    main(sys.argv[1], Path(sys.argv[2]))
