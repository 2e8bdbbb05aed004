"""What a run is going to do, decided once and written down before the first step."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.folders import replace_file

PLAN = "plan.json"
LEARNING_RATE = 1.5e-4
UNITS = {"s": 1, "m": 60, "h": 3_600}


class OtherPlan(Exception):
    """The folder holds a run with other settings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the final weights depend on, beside the library versions."""

    task: str
    staged: str
    """Digest of the staged data's manifest."""
    vocabulary: str
    """Digest of the kept word pieces."""
    steps: int
    seed: int = 1
    batch_tokens: int = 2_048
    learning_rate: float = LEARNING_RATE
    warmup: float = 0.06
    """Share of the steps in which the learning rate rises; afterwards it falls to zero."""
    weight_decay: float = 0.01
    threads: int = 1
    """Sums depend on how work is cut up, so the same bits need the same threads."""
    precision: str = "float32"
    begun_from: str = ""
    """Digest of the weights of another run that this one begins with, if it does."""

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        rising = max(1, int(self.steps * self.warmup))
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        return self.learning_rate * (self.steps - step) / max(1, self.steps - rising)

    def write(self, run: Path) -> None:
        """Write `plan.json`."""
        run.mkdir(parents=True, exist_ok=True)
        replace_file(run / PLAN, json.dumps(asdict(self), indent=2).encode() + b"\n")


def read_plan(run: Path) -> Plan | None:
    """Return the plan of a run, or None if there is none yet."""
    path = run / PLAN
    return Plan(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def seconds(text: str) -> float:
    """Read a duration: `90s`, `25m`, `1.5h`.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not found:
        raise ValueError(f"{text!r} is not a duration: write 90s, 25m or 1.5h")
    return float(found[1]) * UNITS[found[2]]
