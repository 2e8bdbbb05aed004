"""Evaluations as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from app.cli import frame
from app.evaluation.counts import AtThreshold, Counts
from app.evaluation.evaluation import Evaluation
from app.evaluation.report import number, percent, timed
from app.evaluation.together import Together, together

_COLUMNS = ("id", "threshold", "", "caught", "false alarms", "AUC", "ECE", "ms p50 / p99")
_STAGE_COLUMNS = ("together", "bad", "caught", "harmless", "false alarms")
_GROUP_COLUMNS = ("group", "bad", "caught", "harmless", "false alarms", "AUC")


def show_figures(evaluations: Sequence[Evaluation]) -> None:
    """Print the figures of all instances, of their groups, and what weakens them."""
    rows = [row for one in evaluations for row in _rows(one)]
    frame.show_table(_COLUMNS, rows, "")
    typer.echo(f"\nTimed with {timed(evaluations[0].judged)}.")
    for stage in together(evaluations):
        _show_stage(stage)
    for one in evaluations:
        if one.groups:
            typer.echo(f"\n{one.id} by group, at the threshold in force\n")
            frame.show_table(_GROUP_COLUMNS, _group_rows(one), "")
    for one in evaluations:
        _show_calibration(one)
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
        yield (group.name, *_counted(group.at), number(group.auc))


def _show_stage(stage: Together) -> None:
    typer.echo(f"\nstage {stage.stage}: what any of {', '.join(stage.ids)} hits\n")
    rows = [("found by any", stage.found), ("blocked", stage.blocked), *stage.groups]
    frame.show_table(_STAGE_COLUMNS, ((name, *_counted(counts)) for name, counts in rows), "")


def _counted(counts: Counts) -> tuple[object, ...]:
    return counts.bad, percent(counts.recall), counts.harmless, percent(counts.alarm_rate)


def _show_calibration(found: Evaluation) -> None:
    if not (best := found.calibrated):
        return
    curve = best.calibration
    typer.echo(
        f"\n{found.id}: the scores are probabilities, as long as bad texts are as frequent as here, "
        f"with\n\n    calibration = {{ slope = {curve.slope}, bias = {curve.bias} }}\n\n"
        f"ECE {number(found.calibration_error)} becomes {number(best.error)} on texts that this was "
        f"not learnt from; the threshold in force reads {best.threshold:.4f} then."
    )


def _warn(found: Evaluation) -> None:
    for reason, count in found.judged.errors.items():
        frame.complain(f"{found.id}: {count} texts have no score ({reason}) and are left out.")
    if found.says_nothing:
        frame.complain(
            f"{found.id}: no text scored anything. Does it need a question, passages or instructions?"
        )
    if not found.now.bad or not found.now.harmless:
        frame.complain(
            f"{found.id}: the texts are all of one kind, which leaves most figures unknown."
        )
    elif found.target_rate < found.smallest_rate:
        frame.complain(
            f"{found.id}: {found.now.harmless} harmless texts are too few to show a false-alarm "
            f"rate of {found.target_rate:.2%}."
        )
