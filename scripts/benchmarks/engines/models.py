"""The same random weights in everybody's form; made once and kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from app.bundles import load_bundle
from scripts.benchmarks.engines.contenders import PEER_PYTHON, Contender, Kind
from scripts.benchmarks.engines.process import Absent
from scripts.benchmarks.engines.prompts import Prompts

VERSION = "1"
GENAI_BUILDER = "onnxruntime_genai.models.builder"
GGUF_WRITER = "scripts.benchmarks.peers.write_gguf"
OWN_MAKER = "scripts.export_generator"
CHECKPOINT_MAKER = "scripts.benchmarks.random_models"


class Models:
    """Checkpoints, bundles and what the peers read, below one folder.

    Args:
        folder: kept from run to run.
        tell: told what is being made.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell

    def path(self, contender: Contender, model: str) -> Path:
        """Return the model in the form that a contender reads; made if it is not there.

        Raises:
            Absent: what makes it is not installed, or failed.
        """
        checkpoint = self._folder / "checkpoints" / model
        if not checkpoint.exists():
            self._run(sys.executable, CHECKPOINT_MAKER, model, "--folder", str(checkpoint.parent))
        makers: dict[Kind, Callable[[Path, str], Path]] = {
            "checkpoint": lambda checkpoint, _: checkpoint,
            "bundle": self._bundle,
            "genai": self._genai,
            "gguf": self._gguf,
        }
        return makers[contender.kind](checkpoint, contender.precision)

    def prompts(self, model: str) -> Prompts:
        """Return what makes prompts for a model, from any of its bundles.

        Raises:
            Absent: it has none yet.
        """
        found = sorted((self._folder / "models").glob(f"{model}-*/{VERSION}"))
        if not found:
            raise Absent(f"no bundle of {model}: prompts are made with one")
        name = found[0].parent.name
        return Prompts(load_bundle(self._folder / "models", f"{name}@{VERSION}"))

    def _bundle(self, checkpoint: Path, precision: str) -> Path:
        models = self._folder / "models"
        path = models / f"{checkpoint.name}-{precision}" / VERSION
        if not path.exists():
            where = ["--name", checkpoint.name, "--models", str(models), "--version", VERSION]
            wanted = ["--precision", precision, "--random", "--tokens", "256"]
            self._run(sys.executable, OWN_MAKER, str(checkpoint), *wanted, *where)
        return path

    def _genai(self, checkpoint: Path, precision: str) -> Path:
        path = self._folder / "genai" / f"{checkpoint.name}-{precision}"
        if not (path / "genai_config.json").exists():
            draft = path.with_suffix(".part")
            shutil.rmtree(draft, ignore_errors=True)
            wanted = ["-i", str(checkpoint), "-o", str(draft), "-p", precision, "-e", "cpu"]
            cache = ["-c", str(self._folder / "genai" / "cache")]
            self._run(str(PEER_PYTHON), GENAI_BUILDER, *wanted, *cache)
            draft.rename(path)
        return path

    def _gguf(self, checkpoint: Path, kind: str) -> Path:
        path = self._folder / "gguf" / f"{checkpoint.name}-{kind}.gguf"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._run(str(PEER_PYTHON), GGUF_WRITER, str(checkpoint), str(path), "--type", kind)
        return path

    def _run(self, python: str, module: str, *arguments: str) -> None:
        self._tell(f"making it: {module} {' '.join(arguments)}")
        try:
            done = subprocess.run(
                [python, "-m", module, *arguments], capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise Absent("not installed: scripts/bench peers install") from None
        if done.returncode:
            words = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
            raise Absent(f"{module} failed: {words[:300]}")
