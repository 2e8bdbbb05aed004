"""`penstock filters try`: one filter on one text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import frame
from app.cli.filters.choosing import Id, OfStage, Option, Threshold, chosen_entry
from app.cli.filters.group import AsJson, app

if TYPE_CHECKING:
    from app.chain.chain import Chain
    from app.exchange import Verdict
    from app.trial import Trial

_STYLES = {
    "block": "bold white on red",
    "error": "reverse",
    "rewrite": "black on magenta",
    "flag": "black on yellow",
    "allow": "underline",
}


@app.command("try")
def try_filter(  # noqa: PLR0913 (one parameter an option)
    name: Id,
    text: Annotated[
        str, typer.Argument(help="What to judge; without it, or for `-`, stdin, as UTF-8.")
    ] = "-",
    option: Option = None,
    stage: OfStage = None,
    threshold: Threshold = None,
    question: Annotated[
        str, typer.Option(help="At the output and for a passage: what the text answers.")
    ] = "",
    passage: Annotated[
        list[str] | None, typer.Option(help="A passage beside the text. May be given again.")
    ] = None,
    instruction: Annotated[
        list[str] | None,
        typer.Option(help="What a system message tells the model. May be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try a filter on a text: its score, where it found something, and what the chain would do.

    Ranges below the threshold are shown too. Nothing is sent to a server, and nothing is kept.
    """
    from app.cli.filters import opening
    from app.trial import Tried, try_chain
    from filters import Passage, Stage

    settings = frame.settings()
    entry = chosen_entry(settings, name, option, stage)
    if threshold is not None:
        entry = entry.model_copy(update={"threshold": threshold})
    passages = tuple(
        Passage(str(number), words, f"passage {number}")
        for number, words in enumerate(passage or (), 1)
    )
    judged = frame.stdin_text() if text == "-" else text
    tried = Tried(Stage(entry.stage), judged, question, passages, tuple(instruction or ()))

    async def work(chain: Chain) -> Trial:
        return await try_chain(chain, tried, settings.limits.request_s)

    trial = opening.run([entry], work)
    if as_json:
        frame.show_json(described(trial))
    else:
        _show(trial)
    if trial.failure:
        raise typer.Exit(1)


def described(trial: Trial) -> dict[str, Any]:
    """Return the trial of one filter as plain values."""
    from dataclasses import asdict

    (measured,) = trial.measured
    entry, found = measured.instance.entry, measured.alone
    return {
        "id": entry.id,
        "filter": entry.filter,
        "version": measured.instance.filter.version,
        "stage": entry.stage,
        "score": found.score if found else 0.0,
        "threshold": entry.threshold,
        "label": found.label if found else "",
        "scores": dict(found.scores) if found else {},
        "action": measured.action or "allow",
        "outcome": trial.outcome,
        "error": found.error if found else None,
        "ranges": [asdict(one) for one in found.ranges] if found else [],
        "evidence": [asdict(one) for one in found.evidence] if found else [],
        "passages": [asdict(one) for one in trial.passages_found],
        "released": trial.released,
        "duration_ms": found.duration_ms if found else 0.0,
    }


def _show(trial: Trial) -> None:
    from rich.text import Text

    shown = described(trial)
    console, style = frame.console(), _STYLES[shown["action"]]
    compared = "≥" if shown["score"] >= shown["threshold"] else "<"
    console.print(
        Text.assemble(
            (f" {shown['action']} ", style),
            f"  score {shown['score']:.3f} {compared} threshold {shown['threshold']:.3f}",
            f"  {frame.visible(shown['label'])}",
            (f"  {shown['duration_ms']:.2f} ms", "dim"),
        )
    )
    if shown["error"]:
        frame.complain(f"The filter broke ({shown['error']}): the text would not pass.")
    (measured,) = trial.measured
    console.print()
    console.print(_marked(trial, measured.alone, style), soft_wrap=True)
    if trial.edits and trial.outcome == "rewritten":
        console.print(Text.assemble("\n", ("it goes on as", "bold")))
        console.print(Text(frame.visible(trial.released)), soft_wrap=True)
    _show_ranges(shown)


def _marked(trial: Trial, found: Verdict | None, style: str) -> Any:
    """Return the text with every range in colour; what lies below the threshold is underlined."""
    from rich.text import Text

    from app.marks import Mark, segments

    (measured,) = trial.measured
    threshold = measured.instance.entry.threshold
    marks = [
        Mark(one.start, one.end, style if one.score >= threshold else _STYLES["allow"], "")
        for one in (found.ranges if found else ())
    ]
    text = Text()
    for part in segments(trial.tried.text, marks):
        shown = f"<{part.text}>" if part.is_sign else part.text
        text.append(shown, style if style in part.kinds else part.kinds)
    return text


def _show_ranges(shown: dict[str, Any]) -> None:
    ranges = [
        (one["start"], one["end"], f"{one['score']:.3f}", one["label"], one["replacement"] or "")
        for one in shown["ranges"]
    ]
    if ranges:
        columns = ("\nfrom", "\nto", "\nscore", "\nlabel", "\nreplacement")
        frame.show_table(columns, ranges, "")
    labels = sorted(shown["scores"].items(), key=lambda one: -one[1])
    if labels:
        rows = ((label, f"{score:.3f}") for label, score in labels)
        frame.show_table(("\nlabel", "\nscore"), rows, "")
    for passage in shown["passages"]:
        frame.show_table(("\npassage", "\nsource"), [(passage["text"], passage["source"])], "")
