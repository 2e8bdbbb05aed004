"""How the server ends: first it says so, then it serves on, then it cuts what is left."""

from __future__ import annotations

from collections.abc import Callable


class Drain:
    """The way down, in two steps: `begin`, then `cut`."""

    def __init__(self) -> None:
        self.is_draining = False
        self.is_cut = False
        self._on_cut: set[Callable[[], None]] = set()

    def begin(self) -> None:
        """Say on `/readyz` that no more traffic should come; go on serving what does."""
        self.is_draining = True

    def cut(self) -> None:
        """End every request that is still in work: streams with a last event, others with 503."""
        self.is_draining = self.is_cut = True
        for interrupt in tuple(self._on_cut):
            interrupt()

    def add(self, interrupt: Callable[[], None]) -> None:
        """Call `interrupt` when the cut comes; at once if it came already."""
        self._on_cut.add(interrupt)
        if self.is_cut:
            interrupt()

    def discard(self, interrupt: Callable[[], None]) -> None:
        """Forget an `interrupt` whose work is done."""
        self._on_cut.discard(interrupt)
