"""Encoders over tiny graphs, whose runs are noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from app.encoder.encoder import Encoder
from app.runtime import Arrays, Graph, Interrupt
from app.settings.model import RuntimeSettings

TEXTS = ("gates", "hold the water", "a much longer text about gates and pipes", "x y z", "gates")
CPU = RuntimeSettings(provider="cpu", threads=1)


class NotedGraph(Graph):
    """A graph that notes the lengths of the windows of each run."""

    def __init__(self, ort_session: Any) -> None:
        super().__init__(ort_session)
        self.runs: list[list[int]] = []

    def run(self, feeds: Arrays, interrupt: Interrupt | None = None) -> dict[str, NDArray[Any]]:
        self.runs.append(list(feeds["attention_mask"].sum(axis=1)))
        return super().run(feeds, interrupt)


Make = Callable[..., tuple[Encoder, NotedGraph]]
