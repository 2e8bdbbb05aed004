"""`penstock filters eval`: how good filters are on labelled texts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.filters.choosing import OfStage, Option, Threshold, chosen_entry
from app.cli.filters.group import AsJson, app
from app.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.chain.chain import Chain
    from app.chain.instance import Instance
    from app.evaluation.evaluation import Evaluation, Scored
    from app.evaluation.labelled import Labelled
    from app.settings import ChainEntry


@app.command("eval")
def evaluate_filters(  # noqa: PLR0913 (one parameter an option)
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="file",
            help='JSON lines: {"text": "…", "bad": true}, and if need be "question", "passages", '
            '"instructions", "group".',
        ),
    ],
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            help="An id of the chain, or the name of a filter. May be given again; otherwise "
            "every filter of the chain that scores.",
        ),
    ] = None,
    option: Option = None,
    stage: OfStage = None,
    threshold: Threshold = None,
    target_far: Annotated[
        float, typer.Option(min=0, max=1, help="Share of harmless texts that may be hit.")
    ] = 0.01,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots here; it loads nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure filters on texts of which you know whether they are bad.

    Tells how well bad texts score above harmless ones, what the threshold in force means, and
    which threshold keeps the false alarms within a target. Each text is judged alone.
    """
    from app.cli.filters import opening
    from app.cli.filters.figures import show_figures
    from app.evaluation.labelled import read_labelled
    from app.evaluation.report import to_html, to_values

    rows = read_labelled(labelled)
    entries = _entries(ids, option, stage)
    if threshold is not None:
        entries = [entry.model_copy(update={"threshold": threshold}) for entry in entries]

    async def work(chain: Chain) -> list[Evaluation]:
        return [await _evaluate(instance, rows, target_far) for instance in chain.instances]

    evaluations = opening.run(entries, work)
    if html:
        _write(html, to_html(evaluations, labelled.name, _made()))
    if as_json:
        frame.show_json([to_values(one) for one in evaluations])
    else:
        show_figures(evaluations)
    if html:
        typer.echo(f"written  {html}", err=True)


def _entries(
    ids: list[str] | None, option: list[str] | None, stage: str | None
) -> list[ChainEntry]:
    """Return what is measured.

    Raises:
        FilterError: there is nothing to measure.
    """
    from app.exchange import Mode

    settings = frame.settings()
    scoring = [one for one in settings.chain if one.mode is not Mode.OFF]
    # Retrieval finds no fault with any text.
    named = ids or [entry.id for entry in scoring if entry.filter != "retrieval"]
    if not named:
        raise FilterError("The chain is empty: name a filter with --id.")
    return [chosen_entry(settings, name, option, stage) for name in dict.fromkeys(named)]


async def _evaluate(instance: Instance, rows: Sequence[Labelled], target_far: float) -> Evaluation:
    from app.evaluation.evaluation import evaluate

    scored = []
    with frame.bar() as bar:
        task = bar.add_task(instance.id, total=len(rows))
        for row in rows:
            scored.append(await _score(instance, row))
            bar.advance(task)
    if all(one.error for one in scored):
        raise FilterError(f"{instance.id!r} gave no text a score: {scored[0].error}.")
    return evaluate(
        scored,
        threshold=instance.entry.threshold,
        target_rate=target_far,
        id=instance.id,
        filter=instance.entry.filter,
        version=instance.filter.version,
        stage=str(instance.stage.value),
    )


async def _score(instance: Instance, row: Labelled) -> Scored:
    from app.evaluation.evaluation import Scored
    from app.trial import Tried, measure
    from filters import Passage

    passages = tuple(
        Passage(str(number), text, f"passage {number}")
        for number, text in enumerate(row.passages, 1)
    )
    tried = Tried(instance.stage, row.text, row.question, passages, row.instructions)
    started = perf_counter()
    verdict = await measure(instance, tried)
    took_ms = (perf_counter() - started) * 1_000
    score, error = (verdict.score, verdict.error) if verdict else (0.0, None)
    return Scored(row.bad, row.group, score, took_ms, error)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FilterError(f"{file} cannot be written: {error.strerror}.") from error


def _made() -> str:
    from app import __version__

    return f"Penstock {__version__}, {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
