"""Writes a bundle: graph and tokenizer first, then the card, the manifest last."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from tokenizers import Tokenizer

from app.bundles import load_bundle
from app.bundles.manifest import Canary, Dataset, File, Manifest, Model
from scripts.bundling.card import CardText, render
from scripts.bundling.graph import tensors
from scripts.folders import digest, new_folder

QUANTIZATION = "int8: weights by column (7 bit), embeddings by row, activations by token"


@dataclass(frozen=True, slots=True)
class Draft:
    """A model that passed its gates and is ready to be written down."""

    name: str
    model: Model
    graph: onnx.ModelProto
    tokenizer: Tokenizer
    max_tokens: int
    canaries: tuple[Canary, ...]
    card: CardText
    command: str
    base: str
    datasets: tuple[Dataset, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    quantization: str = QUANTIZATION


def write_bundle(draft: Draft, models: Path, version: str | None = None) -> Path:
    """Write `models/<name>/<version>/`, read it back as the server would, and return its path.

    Raises:
        FileExistsError: this version is there already.
    """
    version = version or next_version(models / draft.name)
    path = models / draft.name / version
    with new_folder(path) as folder:
        (folder / "model.onnx").write_bytes(draft.graph.SerializeToString(deterministic=True))
        draft.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        manifest = _manifest(draft, version, folder)
        card = render(manifest, draft.card, draft.command)
        (folder / "README.md").write_text(card, encoding="utf-8")
        complete = manifest.model_copy(update={"files": _files(folder)})
        complete.write(folder)
    load_bundle(models, f"{draft.name}@{version}")
    return path


def next_version(folder: Path) -> str:
    """Return the whole number after the highest one in a bundle's folder."""
    numbers = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
    return str(max(numbers, default=0) + 1)


def revision() -> str:
    """Return the commit of the checkout, or `unknown` outside one."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    here = Path(__file__).parent
    try:
        found = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"


def _manifest(draft: Draft, version: str, folder: Path) -> Manifest:
    return Manifest(
        name=draft.name,
        version=version,
        created_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        model=draft.model,
        max_tokens=draft.max_tokens,
        inputs=tensors(list(draft.graph.graph.input)),
        outputs=tensors(list(draft.graph.graph.output)),
        files=_files(folder),
        quantization=draft.quantization,
        canaries=draft.canaries,
        licence=draft.licence,
        base=draft.base,
        datasets=draft.datasets,
        metrics=draft.metrics,
        training=draft.training,
    )


def _files(folder: Path) -> dict[str, File]:
    return {
        path.name: File(sha256=digest(path), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
    }
