"""Resident memory and opening time of each bundle, each in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
import time
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from app.bundles import Bundle, list_bundles, load_bundle
from app.bundles.manifest import FeatureExtraction, TextClassification
from app.encoder import TextClassifier, TextEmbedder, open_classifier, open_embedder
from app.engine import Engine
from app.engine.opening import open_engine
from app.runtime import import_onnxruntime
from app.settings import RuntimeSettings


class Opened(BaseModel):
    """What opening one bundle took: verified, loaded, checked against its canaries."""

    bundle: str
    disk_mb: float
    rss_mb: float
    open_s: float


def measure(models_dir: Path) -> list[Opened]:
    """Open every bundle of a folder, one process after the other."""
    references = [f"{found.name}@{found.version}" for found in list_bundles(models_dir)]
    return [_in_its_own_process(models_dir, reference) for reference in references]


def show(opened: list[Opened]) -> None:
    """Print a table."""
    table = Table("bundle", "disk MB", "RSS MB", "open s")
    for one in opened:
        table.add_row(one.bundle, f"{one.disk_mb:.1f}", f"{one.rss_mb:.0f}", f"{one.open_s:.2f}")
    Console().print(table)


def _in_its_own_process(models_dir: Path, reference: str) -> Opened:
    command = [sys.executable, "-m", "scripts.benchmarks.memory", str(models_dir), reference]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Opened.model_validate_json(done.stdout.splitlines()[-1])


def _measure_here(models_dir: Path, reference: str) -> Opened:
    settings = RuntimeSettings(threads=1)
    import_onnxruntime()
    bundle = load_bundle(models_dir, reference)
    is_engine = not isinstance(bundle.manifest.model, FeatureExtraction | TextClassification)
    embedder = open_embedder(load_bundle(models_dir, "encoder"), settings) if is_engine else None
    before = rss_mb()
    started = time.perf_counter()
    kept = _open(load_bundle(models_dir, reference), settings, embedder)
    open_s = time.perf_counter() - started
    gc.collect()
    after = rss_mb()
    asyncio.run(kept.close())
    size = sum(path.stat().st_size for path in bundle.path.iterdir())
    return Opened(bundle=reference, disk_mb=size / 1e6, rss_mb=after - before, open_s=open_s)


def _open(
    bundle: Bundle, settings: RuntimeSettings, embedder: TextEmbedder | None
) -> TextEmbedder | TextClassifier | Engine:
    match bundle.manifest.model:
        case FeatureExtraction():
            return open_embedder(bundle, settings)
        case TextClassification():
            return open_classifier(bundle, settings)
        case _:
            return asyncio.run(open_engine(bundle, settings, embedder))


def rss_mb() -> float:
    """Return the resident memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    print(_measure_here(Path(sys.argv[1]), sys.argv[2]).model_dump_json())
