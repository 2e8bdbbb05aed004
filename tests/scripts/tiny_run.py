"""A network of some hundred weights on its way through a real plan, for killing.

python -m tests.scripts.tiny_run RUN_DIR
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from scripts.folders import digest
from scripts.training.checkpoint import CheckpointFolder
from scripts.training.examples import Batch, Example
from scripts.training.loop import Run, make_exact
from scripts.training.plan import Plan

STEPS = 120
EVERY = 4
WORDS = 40


class TinyNetwork(nn.Module):
    """Sums its words' vectors; drops units, so that chance matters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.words = nn.Embedding(WORDS, 8)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(8, 2)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> SimpleNamespace:
        """Return something with logits."""
        vectors = self.words(input_ids + 0 * token_type_ids) * attention_mask.unsqueeze(-1)
        return SimpleNamespace(logits=self.head(self.drop(vectors.sum(1))))


@dataclass(frozen=True)
class TinyTask:
    """Does the text hold word 7, does it hold word 8?"""

    name: str = "tiny"
    max_tokens: int = 16

    def encode(self, rows: Any, tokenizer: Any) -> list[Example]:
        raise NotImplementedError

    def network(self, config: Any) -> Any:
        return TinyNetwork()

    def loss(self, outputs: Any, batch: Batch) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(outputs.logits, batch.values)


def examples(count: int, seed: int) -> list[Example]:
    """Make texts of random words."""
    chance = random.Random(seed)  # noqa: S311  the same texts every time
    found = []
    for _ in range(count):
        ids = [chance.randrange(1, WORDS) for _ in range(chance.randrange(3, 16))]
        found.append(Example(ids, [0] * len(ids), (float(7 in ids), float(8 in ids))))
    return found


def new_run(steps: int = STEPS) -> Run:
    """Return the run at its beginning."""
    plan = Plan("tiny", staged="", vocabulary="", steps=steps, batch_tokens=64, learning_rate=0.01)
    make_exact(plan.threads)
    return Run(
        TinyTask(), TinyNetwork(), plan, {"train": examples(200, 1), "valid": examples(20, 2)}
    )


def finish(run: Run, folder: Path, report: Callable[[Run], None] = lambda _: None) -> str:
    """Train to the end and return the digest of the final weights."""
    run.train(CheckpointFolder(folder / "checkpoints"), every=EVERY, report=report)
    save_file(run.network.state_dict(), folder / "final.safetensors")
    return digest(folder / "final.safetensors")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: Path) -> None:
    """Go on where the last life ended."""
    folder.mkdir(parents=True, exist_ok=True)
    run = new_run()
    newest = CheckpointFolder(folder / "checkpoints").newest(_say)
    if newest:
        run.resume(newest)
    _say(f"begins at {run.step}")
    result = finish(run, folder, lambda run: _say(f"step {run.step}"))
    _say(json.dumps({"sha256": result}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
