"""Where an exchange's time went, as bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_STAGES = (
    ("input_filters", "Input filters"),
    ("model", "Model"),
    ("output_filters", "Output filters"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage; `start` and `width` are shares of the whole in per cent."""

    name: str
    title: str
    milliseconds: float
    start: float
    width: float


def timeline(timings_ms: Mapping[str, float]) -> list[Bar]:
    """Return the stages one after the other; what is left of the total is `Other`.

    In a stream the model and the output filters take turns; their sums are shown.
    """
    named = [(name, title, timings_ms.get(name, 0.0)) for name, title in _STAGES]
    total = timings_ms.get("total", 0.0)
    rest = total - sum(milliseconds for *_, milliseconds in named)
    named.append(("other", "Everything else", max(rest, 0.0)))
    whole = max(total, sum(milliseconds for *_, milliseconds in named)) or 1.0
    bars: list[Bar] = []
    at = 0.0
    for name, title, milliseconds in named:
        if milliseconds > 0:
            width = 100 * milliseconds / whole
            bars.append(Bar(name, title, milliseconds, round(at, 3), round(width, 3)))
            at += width
    return bars
