"""The page and the plain values of evaluations. Neither holds any of the judged texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.evaluation import plots
from app.evaluation.evaluation import Evaluation
from app.evaluation.judged import Judged
from app.evaluation.together import Together, together

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
        evaluations: one for each instance, of the same texts.
        source: the name of the file with the labelled texts.
        made: when, and by which version.
    """
    drawn = [(one, [draw(one) for draw in _PLOTS]) for one in evaluations]
    page = _templates.get_template("report.html")
    return page.render(
        drawn=drawn,
        stages=list(together(evaluations)),
        source=source,
        made=made,
        percent=percent,
        number=number,
        timed=timed,
    )


def to_values(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return evaluations as plain values, NaN as None; the curves are left out."""
    values: dict[str, Any] = _known(
        {
            "filters": [_filter_values(one) for one in evaluations],
            "together": [_together_values(one) for one in together(evaluations)],
        }
    )
    return values


def _filter_values(found: Evaluation) -> dict[str, Any]:
    target, judged, calibrated = found.target, found.judged, found.calibrated
    return {
        "id": found.id,
        "filter": found.entry.filter,
        "version": found.version,
        "stage": found.entry.stage.value,
        "texts": len(judged.scores),
        "errors": judged.errors,
        "roc_auc": found.auc,
        "average_precision": found.average_precision,
        "at_threshold": found.now.figures,
        "target_false_alarm_rate": found.target_rate,
        "at_target": target.figures if target else None,
        "calibration_error": found.calibration_error,
        "calibrated": calibrated
        and {
            "calibration": calibrated.calibration.model_dump(),
            "threshold": calibrated.threshold,
            "calibration_error": calibrated.error,
        },
        "brier": found.brier,
        "reliability": [asdict(one) for one in found.bins],
        "latency_ms": {"p50": found.p50_ms, "p99": found.p99_ms, "at_once": judged.at_once},
        "texts_per_s": found.texts_per_s,
        "groups": [
            {"name": group.name, "roc_auc": group.auc, **group.at.figures} for group in found.groups
        ],
    }


def _together_values(stage: Together) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "ids": stage.ids,
        "unscored": stage.unscored,
        "found": stage.found.figures,
        "blocked": stage.blocked.figures,
        "groups": [{"name": name, **counts.figures} for name, counts in stage.groups],
    }


def percent(share: float) -> str:
    """Write a share for people; what is not known is a dash."""
    return "-" if math.isnan(share) else f"{share:.2%}"


def number(value: float) -> str:
    """Write a figure for people; what is not known is a dash."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def timed(judged: Judged) -> str:
    """Say how the time of a text was measured."""
    if judged.at_once == 1:
        return "one text at a time"
    return f"{judged.at_once} texts at once, waiting for each other included"


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_PLOTS = (plots.roc, plots.precision_recall, plots.rates, plots.reliability)
