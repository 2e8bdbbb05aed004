"""A guard's process, seen from outside."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.asked_process import Absent, AskedProcess
from scripts.benchmarks.guards.installed import folder_mb, serving_mb
from scripts.benchmarks.peers.install import LLM_GUARD_VENV, NEMO_VENV

OPEN_S = 180.0
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class System:
    """A guard, and where it is installed."""

    name: str
    module: str
    venv: Path | None = None
    """None is our own environment."""

    @property
    def python(self) -> Path:
        """What runs it."""
        return self.venv / "bin" / "python" if self.venv else Path(sys.executable)

    def install_mb(self) -> float:
        """Return what it takes on disk, with all it needs."""
        return folder_mb(self.venv / "lib") if self.venv else serving_mb()


SYSTEMS = (
    System("penstock", "scripts.benchmarks.guards.own"),
    System("llm-guard", "scripts.benchmarks.peers.llm_guard_scanners", LLM_GUARD_VENV),
    System("nemoguardrails", "scripts.benchmarks.peers.nemo_rails", NEMO_VENV),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One case at one number of clients."""

    times: list[float]
    """Seconds that each text took."""
    took_s: float
    ratio: float
    """Characters given to rules or model, over those of the text."""


class Process(AskedProcess):
    """Opens a guard in a process of its own.

    Raises:
        Absent: it is not installed, or cannot be opened.
    """

    def __init__(self, system: System, rules: Path) -> None:
        if not system.python.exists():
            raise Absent("not installed: scripts/bench peers install --filters")
        self.system = system
        began = time.perf_counter()
        super().__init__([str(system.python), "-m", system.module, str(rules)], OPEN_S)
        self.ready_s = time.perf_counter() - began
        self.cases: tuple[str, ...] = tuple(self.opened["cases"])

    def judge(self, case: str, clients: int, seconds: float) -> Judged:
        """Let so many clients ask for so long.

        Raises:
            Absent: it failed, or judged wrongly.
        """
        told = {"case": case, "clients": clients, "seconds": seconds}
        return Judged(**self.ask(told, PATIENCE_S))
