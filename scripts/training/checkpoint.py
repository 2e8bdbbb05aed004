"""Checkpoints: complete and verified, or skipped.

    <run>/checkpoints/<step>/  model.safetensors  optimizer.safetensors  state.json  manifest.json

A checkpoint is written beside, synced, and renamed; `manifest.json`, with the sha256 of the
other files, is written last. Reading walks from the newest to the oldest and takes the first
whose files are what its manifest says. Nothing here is ever served.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from scripts.folders import digest, new_folder, remove_unfinished

MODEL, OPTIMIZER, STATE, MANIFEST = (
    "model.safetensors",
    "optimizer.safetensors",
    "state.json",
    "manifest.json",
)
DIGITS = 8


class DamagedCheckpoint(Exception):
    """A checkpoint is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that a run goes on from."""

    step: int
    """Steps done."""
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]
    """What was measured so far."""


class CheckpointFolder:
    """The checkpoints of one run."""

    def __init__(self, folder: Path, *, keep: int = 2) -> None:
        self._folder = folder
        self._keep = keep

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint, then delete what is no longer needed.

        Raises:
            OSError: the disk is full or broken; older checkpoints are untouched.
        """
        path = self._folder / f"{checkpoint.step:0{DIGITS}}"
        if path.exists():  # damaged, or it would have been resumed from
            shutil.rmtree(path)
        with new_folder(path) as draft:
            save_file(checkpoint.model, draft / MODEL)
            save_file(checkpoint.optimizer, draft / OPTIMIZER)
            state = {"step": checkpoint.step, **checkpoint.state}
            (draft / STATE).write_text(json.dumps(state), encoding="utf-8")
            digests = {name: digest(draft / name) for name in (MODEL, OPTIMIZER, STATE)}
            (draft / MANIFEST).write_text(json.dumps(digests, indent=2), encoding="utf-8")
        self._delete_old(best=checkpoint.state.get("best_step"))
        return path

    def newest(self, log: Callable[[str], None]) -> Checkpoint | None:
        """Return the newest whole checkpoint; damaged ones are logged and passed over."""
        for name in remove_unfinished(self._folder):
            log(f"deleted {name}, which was not finished")
        for step in reversed(self.steps()):
            try:
                return self.read(step)
            except DamagedCheckpoint as error:
                log(f"passed over checkpoint {step}: {error}")
        return None

    def read(self, step: int) -> Checkpoint:
        """Read one checkpoint.

        Raises:
            DamagedCheckpoint: a file is missing or is not what the manifest says.
        """
        path = self._folder / f"{step:0{DIGITS}}"
        try:
            digests: dict[str, str] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            for name in (MODEL, OPTIMIZER, STATE):
                if digest(path / name) != digests[name]:
                    raise DamagedCheckpoint(f"{name} is not what the manifest says")
            state = json.loads((path / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedCheckpoint(f"unreadable: {error}") from error
        return Checkpoint(
            state.pop("step"), load_file(path / MODEL), load_file(path / OPTIMIZER), state
        )

    def steps(self) -> list[int]:
        """Return the steps there is a checkpoint of, in order."""
        if not self._folder.is_dir():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdigit())

    def _delete_old(self, best: int | None) -> None:
        for step in self.steps()[: -self._keep]:
            if step != best:
                shutil.rmtree(self._folder / f"{step:0{DIGITS}}")
