"""The page and the plain values of evaluations. Neither holds any of the judged texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.evaluation import plots
from app.evaluation.evaluation import Evaluation

_templates = Environment(
    loader=PackageLoader("app.evaluation"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def to_html(evaluations: Sequence[Evaluation], source: str, made: str) -> str:
    """Return one page with all figures and plots, which loads nothing.

    Args:
        evaluations: one for each instance.
        source: the name of the file with the labelled texts.
        made: when, and by which version.
    """
    drawn = [(one, [draw(one) for draw in _PLOTS]) for one in evaluations]
    page = _templates.get_template("report.html")
    return page.render(drawn=drawn, source=source, made=made, percent=percent, number=number)


def to_values(found: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain values, NaN as None; the curves are left out."""
    target = found.target
    values: dict[str, Any] = _known(
        {
            "id": found.id,
            "filter": found.filter,
            "version": found.version,
            "stage": found.stage,
            "texts": found.texts,
            "errors": found.errors,
            "roc_auc": found.auc,
            "average_precision": found.average_precision,
            "at_threshold": found.now.figures,
            "target_false_alarm_rate": found.target_rate,
            "at_target": target.figures if target else None,
            "calibration_error": found.calibration_error,
            "brier": found.brier,
            "latency_ms": {"p50": found.p50_ms, "p99": found.p99_ms},
            "groups": [
                {"name": group.name, "roc_auc": group.auc, **group.at.figures}
                for group in found.groups
            ],
        }
    )
    return values


def percent(share: float) -> str:
    """Write a share for people; what is not known is a dash."""
    return "-" if math.isnan(share) else f"{share:.2%}"


def number(value: float) -> str:
    """Write a figure for people; what is not known is a dash."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_PLOTS = (plots.roc, plots.precision_recall, plots.rates, plots.reliability)
