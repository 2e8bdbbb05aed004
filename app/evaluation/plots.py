"""Plots of shares as SVG, drawn with nothing but text; colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

from app.evaluation.counts import AtThreshold
from app.evaluation.curves import Bin, Curves
from app.evaluation.evaluation import Evaluation

SIDE = 240
"""Of the plot's square, in the picture's own units."""
LEFT, TOP, RIGHT, BOTTOM = 46, 12, 14, 40
MOST_POINTS = 400
"""Of a curve; more cannot be told apart."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A curve and its name, which is also that of its CSS class."""

    kind: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Dot:
    """A marked point; its title shows under the pointer and is read aloud."""

    kind: str
    point: Point
    title: str


def roc(found: Evaluation) -> str:
    """Draw what is caught over the false alarms."""
    points = _points(found.curves, found.curves.alarms, found.curves.caught)
    dots = [Dot(kind, (at.alarm_rate, at.recall), _said(at)) for kind, at in _thresholds(found)]
    chance = Line("chance", [(0, 0), (1, 1)])
    title = f"ROC curve, area {found.auc:.3f}"
    return _plot(title, "false alarms", "caught", [chance, Line("curve", points)], dots)


def precision_recall(found: Evaluation) -> str:
    """Draw the precision over what is caught."""
    points = _points(found.curves, found.curves.caught, found.curves.precision)
    dots = [Dot(kind, (at.recall, at.precision), _said(at)) for kind, at in _thresholds(found)]
    share = found.now.bad / ((found.now.bad + found.now.harmless) or 1)
    chance = Line("chance", [(0, share), (1, share)])
    title = f"Precision and recall, average precision {found.average_precision:.3f}"
    return _plot(title, "caught (recall)", "precision", [chance, Line("curve", points)], dots)


def rates(found: Evaluation) -> str:
    """Draw what is caught, and the false alarms, over the threshold."""
    curves = found.curves
    over = np.minimum(curves.thresholds, 1.0)
    lines = [
        Line("caught", _steps(_points(curves, over, curves.caught))),
        Line("alarms", _steps(_points(curves, over, curves.alarms))),
        *(Line(kind, [(at.threshold, 0), (at.threshold, 1)]) for kind, at in _thresholds(found)),
    ]
    return _plot("Caught and false alarms by threshold", "threshold", "share", lines, ())


def reliability(found: Evaluation) -> str:
    """Draw the share of bad texts over the score, with how many texts there are in bars."""
    filled = [one for one in found.bins if one.count]
    lines = [
        Line("chance", [(0, 0), (1, 1)]),
        Line("curve", [(one.score, one.bad) for one in filled]),
    ]
    dots = [
        Dot(
            "bin",
            (one.score, one.bad),
            f"{one.count} texts: score {one.score:.2f}, {one.bad:.0%} bad",
        )
        for one in filled
    ]
    title = f"Reliability, expected calibration error {found.calibration_error:.3f}"
    return _plot(title, "mean score", "share of bad texts", lines, dots, _bars(found.bins))


def _thresholds(found: Evaluation) -> list[tuple[str, AtThreshold]]:
    both = [("now", found.now)]
    return [*both, ("target", found.target)] if found.target else both


def _said(at: AtThreshold) -> str:
    return f"threshold {at.threshold:.4f}: {at.recall:.1%} caught, {at.alarm_rate:.2%} false alarms"


def _points(curves: Curves, x: np.ndarray, y: np.ndarray) -> list[Point]:
    """Return a curve's points, some left out where there are very many."""
    kept = np.unique(np.linspace(0, len(curves.thresholds) - 1, MOST_POINTS).astype(int))
    return [(float(a), float(b)) for a, b in zip(x[kept], y[kept], strict=True)]


def _steps(points: Sequence[Point]) -> list[Point]:
    """Let each share count for all thresholds down to the next score that occurs."""
    stairs = list(points[:1])
    for (_, before), (threshold, share) in pairwise(points):
        stairs += [(threshold, before), (threshold, share)]
    return stairs


def _plot(
    title: str,
    x_label: str,
    y_label: str,
    lines: Sequence[Line],
    dots: Sequence[Dot],
    behind: str = "",
) -> str:
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    middle = TOP + SIDE / 2
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
            behind,
            *_axes(),
            f'<text x="{LEFT + SIDE / 2}" y="{height - 6}" class="name">{escape(x_label)}</text>',
            f'<text x="12" y="{middle}" class="name" transform="rotate(-90 12 {middle})">'
            f"{escape(y_label)}</text>",
            *(_line(line) for line in lines),
            *(_dot(dot) for dot in dots),
            "</svg>",
        ]
    )


def _axes() -> list[str]:
    parts = []
    for fifth in range(6):
        share = fifth / 5
        x, y = _x(share), _y(share)
        parts += [
            f'<path class="grid" d="M{x} {TOP}V{TOP + SIDE}M{LEFT} {y}H{LEFT + SIDE}"/>',
            f'<text x="{x}" y="{TOP + SIDE + 15}" class="tick">{share:.1f}</text>',
            f'<text x="{LEFT - 6}" y="{y + 4}" class="tick side">{share:.1f}</text>',
        ]
    return parts


def _line(line: Line) -> str:
    known = [(x, y) for x, y in line.points if math.isfinite(x) and math.isfinite(y)]
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in known)
    return f'<polyline class="{line.kind}" points="{path}"/>'


def _dot(dot: Dot) -> str:
    x, y = dot.point
    if not (math.isfinite(x) and math.isfinite(y)):
        return ""
    return (
        f'<circle class="{dot.kind}" cx="{_x(x)}" cy="{_y(y)}" r="5">'
        f"<title>{escape(dot.title)}</title></circle>"
    )


def _bars(bins: Sequence[Bin]) -> str:
    most = max((one.count for one in bins), default=0) or 1
    return "".join(
        f'<rect class="bar" x="{_x(one.low) + 1}" y="{_y(one.count / most / 4)}" '
        f'width="{SIDE / len(bins) - 2:.1f}" height="{SIDE * one.count / most / 4:.1f}"/>'
        for one in bins
    )


def _x(share: float) -> float:
    return round(LEFT + SIDE * share, 1)


def _y(share: float) -> float:
    return round(TOP + SIDE * (1 - share), 1)
