"""A contender's process, seen from outside."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.benchmarks.asked_process import Absent, AskedProcess
from scripts.benchmarks.engines.contenders import PEER_PYTHON, Contender
from scripts.benchmarks.peers.child import Asked

__all__ = ["PATIENCE_S", "Absent", "Process", "Written"]

OPEN_S = 180.0
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Written:
    """One load, written."""

    times: list[list[float]]
    """When each token of each request came, in seconds from the start."""
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine runs."""

    provider: str = "cpu"
    cuda_graphs: str = "auto"
    """Of ours, the setting."""
    python: Path | None = None
    """Whose packages, if not the usual ones."""


ON_CPU = Place()


class Process(AskedProcess):
    """Opens an engine in a process of its own.

    Args:
        contender: which engine.
        model: what it reads.
        threads: how many it may use.
        spin_us: of ours, how long idle threads spin, if not as long as usual.
        place: where it runs.
        patience_s: how long one load may take.

    Raises:
        Absent: it is not installed, or it cannot open the model.
    """

    def __init__(
        self,
        contender: Contender,
        model: Path,
        threads: int,
        *,
        spin_us: int | None = None,
        place: Place = ON_CPU,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        python = place.python or (Path(sys.executable) if contender.is_own else PEER_PYTHON)
        if not python.exists():
            raise Absent("not installed: scripts/bench peers install")
        self.contender = contender
        command = [str(python), "-m", contender.module, str(model), "--threads", str(threads)]
        command += ["--precision", contender.precision, "--provider", place.provider]
        command += ["--cuda-graphs", place.cuda_graphs]
        command += [] if spin_us is None else ["--spin-us", str(spin_us)]
        super().__init__(command, OPEN_S)
        self.rss_mb: float = self.opened["rss_mb"]

    def write(self, asked: Sequence[Asked], new_tokens: int) -> Written:
        """Let it write so many tokens behind each prompt.

        Raises:
            Absent: it failed, or took longer than `patience_s`.
        """
        told = {"prompts": [asdict(one) for one in asked], "new_tokens": new_tokens}
        return Written(**self.ask(told, self._patience_s))
