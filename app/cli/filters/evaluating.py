"""`penstock filters eval`: how good filters are on labelled texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import frame
from app.cli.filters.choosing import OfStage, Option, Threshold, chosen_entry
from app.cli.filters.group import AsJson, app
from app.errors import FilterError

if TYPE_CHECKING:
    from app.chain.chain import Chain
    from app.chain.instance import Instance
    from app.evaluation.evaluation import Evaluation
    from app.evaluation.labelled import LabelledTexts
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
    jobs: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Texts in measurement at once; the time of one then holds its waiting for others.",
        ),
    ] = 1,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots here; it loads nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure filters on texts of which you know whether they are bad.

    Tells how well bad texts score above harmless ones, what the threshold in force means, which
    threshold keeps the false alarms within a target, which calibration makes probabilities of the
    scores, and what the filters of a stage find together.
    """
    from app.cli.filters import opening
    from app.cli.filters.figures import show_figures
    from app.evaluation.labelled import open_labelled
    from app.evaluation.report import to_html, to_values

    entries = [_measured(entry, jobs, threshold) for entry in _entries(ids, option, stage)]
    if html:
        _check_writable(html)
    with open_labelled(labelled) as texts:

        async def work(chain: Chain) -> list[Evaluation]:
            return [await _evaluate(one, texts, jobs, target_far) for one in chain.instances]

        evaluations = opening.run(entries, work)
    if html:
        with _writing(html):
            html.write_text(to_html(evaluations, labelled.name, _made()), encoding="utf-8")
    if as_json:
        frame.show_json(to_values(evaluations))
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


async def _evaluate(
    instance: Instance, texts: LabelledTexts, jobs: int, target_far: float
) -> Evaluation:
    from app.cli.filters.judging import judge
    from app.evaluation.evaluation import evaluate

    with frame.bar() as bar:
        task = bar.add_task(instance.id, total=texts.count)
        judged = await judge(instance, texts, jobs, lambda: bar.advance(task))
    if not judged.known.any():
        reason = next(iter(judged.errors))
        raise FilterError(f"{instance.id!r} gave no text a score: {reason}.")
    version = instance.filter.version
    return evaluate(judged, instance.entry, version=version, target_rate=target_far)


def _measured(entry: ChainEntry, jobs: int, threshold: float | None) -> ChainEntry:
    """Return the entry as it is measured: every text is asked, however many failed before it.

    A deadline holds for a text alone; several at once share what the machine has.
    """
    changed: dict[str, object] = {"breaker_failures": 0, "deadline_ms": entry.deadline_ms * jobs}
    if threshold is not None:
        changed["threshold"] = threshold
    return entry.model_copy(update=changed)


def _check_writable(file: Path) -> None:
    """Find out before the measuring whether the page can be written after it."""
    with _writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("a").close()


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FilterError(f"{file} cannot be written: {error.strerror}.") from error


def _made() -> str:
    from app import __version__

    return f"Penstock {__version__}, {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
