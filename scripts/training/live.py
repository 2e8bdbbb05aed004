"""One line that tells how a run is doing: live on a terminal, now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.training.loop import Run

LOG_EVERY_S = 20.0


class LiveLine:
    """Shows step, loss and remaining time."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._steps = steps
        self._logged = time.monotonic()
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=steps)

    def __enter__(self) -> Self:
        """Start showing."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop showing."""
        self._bar.stop()

    def show(self, run: Run) -> None:
        """Show where the run is now."""
        validation = run.progress.validation
        said = f"loss {run.progress.smooth_loss:.4f}"
        if validation:
            said += f", validation {validation[-1][1]:.4f}"
        said += f", {run.progress.cpu_s:.0f} CPU s"
        self._bar.update(self._task, completed=run.step, description=said)
        is_due = time.monotonic() - self._logged >= LOG_EVERY_S or run.step == self._steps
        if not self._console.is_terminal and is_due:
            self._logged = time.monotonic()
            self._console.print(f"step {run.step}/{self._steps}: {said}")
