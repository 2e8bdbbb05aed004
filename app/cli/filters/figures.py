"""Evaluations as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from app.cli import frame
from app.evaluation.evaluation import AtThreshold, Evaluation
from app.evaluation.report import number, percent

_COLUMNS = ("id", "threshold", "", "caught", "false alarms", "AUC", "ECE", "ms p50 / p99")
_GROUP_COLUMNS = ("group", "bad", "caught", "harmless", "false alarms", "AUC")


def show_figures(evaluations: Sequence[Evaluation]) -> None:
    """Print the figures of all instances, of their groups, and what weakens them."""
    rows = [row for one in evaluations for row in _rows(one)]
    frame.show_table(_COLUMNS, rows, "")
    for one in evaluations:
        if one.groups:
            typer.echo(f"\n{one.id} by group, at the threshold in force\n")
            frame.show_table(_GROUP_COLUMNS, _group_rows(one), "")
    for one in evaluations:
        _warn(one)


def _rows(found: Evaluation) -> Iterator[tuple[str, ...]]:
    yield (
        found.id,
        "in force",
        *_at(found.now),
        number(found.auc),
        number(found.calibration_error),
        f"{found.p50_ms:.2f} / {found.p99_ms:.2f}",
    )
    yield ("", f"for {percent(found.target_rate)} alarms", *_at(found.target), "", "", "")


def _at(at: AtThreshold | None) -> tuple[str, str, str]:
    if at is None:
        return "none", "-", "-"
    return f"{at.threshold:.4f}", percent(at.recall), percent(at.alarm_rate)


def _group_rows(found: Evaluation) -> Iterator[tuple[object, ...]]:
    for group in found.groups:
        at = group.at
        shares = (at.bad, percent(at.recall), at.harmless, percent(at.alarm_rate))
        yield (group.name, *shares, number(group.auc))


def _warn(found: Evaluation) -> None:
    for reason, count in found.errors.items():
        frame.complain(f"{found.id}: {count} texts have no score ({reason}) and are left out.")
    if found.target_rate < found.smallest_rate:
        frame.complain(
            f"{found.id}: {found.now.harmless} harmless texts are too few to show a false-alarm "
            f"rate of {found.target_rate:.2%}."
        )
