"""How exchanges look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from app.cli import frame, times

if TYPE_CHECKING:
    from app.exchange import Exchange, Verdict
    from app.store.query import ExchangeSummary

_BEGINNING = 60
_GONE = "(past its retention)"
_STYLES = {
    "blocked": "bold red",
    "failed": "bold red",
    "block": "bold red",
    "error": "bold red",
    "rewritten": "yellow",
    "rewrite": "yellow",
    "flag": "yellow",
}


def show_page(page: Sequence[ExchangeSummary], *, as_json: bool) -> None:
    """Print a page of the log."""
    for summary in page:
        show_line(summary, as_json=as_json)
    if not page and not as_json:
        typer.echo("There are no such exchanges.")


def show_line(summary: ExchangeSummary, *, as_json: bool) -> None:
    """Print one exchange of a list on one line."""
    if as_json:
        frame.show_json(asdict(summary), lines=True)
        return
    from rich.text import Text

    did = ", ".join(f"{verdict.id} {verdict.action}" for verdict in summary.verdicts)
    took = f"{summary.total_ms:.0f} ms" if summary.total_ms is not None else ""
    line = Text.assemble(
        (f"{summary.id}  {times.shown(summary.created_at)}  ", "dim"),
        (f"{summary.outcome:<10}", _STYLES.get(summary.outcome, "green")),
        f"{took:>8}  {_beginning(summary.prompt)}",
        (f"  [{frame.visible(did)}]" if did else "", "yellow"),
    )
    frame.console().print(line, soft_wrap=True)


def show_exchange(exchange: Exchange, *, as_json: bool) -> None:
    """Print everything that is known of one exchange."""
    if as_json:
        frame.show_json(asdict(exchange), lines=True)
        return
    who = {"user": exchange.user, "session": exchange.session, "key": exchange.key_id}
    facts = [f"{name} {value}" for name, value in who.items() if value]
    took = [f"{name} {ms:.1f} ms" for name, ms in exchange.timings_ms.items()]
    ended = exchange.error_code or exchange.finish_reason
    _title(f"{exchange.outcome} ({ended})", _STYLES.get(exchange.outcome, "bold green"))
    _lines(str(exchange.id), times.shown(exchange.created_at), *facts)
    _lines(exchange.model_reference, ", ".join(took))
    for message in exchange.messages:
        _title(message.role)
        _lines(message.content)
    for passage in exchange.passages:
        _title(f"passage · {passage.source} · {passage.title}", "cyan")
        _lines(passage.text)
    _title("completion")
    _lines(exchange.completion if exchange.messages else _GONE)
    if exchange.generated != exchange.completion:
        _title("what the model wrote", "yellow")
        _lines(exchange.generated)
    _title("verdicts")
    _show_verdicts(exchange.verdicts)


def _show_verdicts(verdicts: Sequence[Verdict]) -> None:
    rows = (
        (
            verdict.action,
            verdict.stage,
            verdict.id,
            f"{verdict.filter} {verdict.version}",
            f"{verdict.score:.3f} / {verdict.threshold:.3f}",
            verdict.label,
            verdict.error or verdict.mode,
            f"{verdict.duration_ms:.1f} ms",
        )
        for verdict in verdicts
    )
    columns = ("action", "stage", "id", "filter", "score / threshold", "label", "mode", "took")
    frame.show_table(columns, rows, "No filter ran.")


def _beginning(text: str | None) -> str:
    if text is None:
        return _GONE
    shown = frame.visible(" ".join(text.split()))
    return shown if len(shown) <= _BEGINNING else shown[: _BEGINNING - 1] + "…"


def _title(text: str, style: str = "bold") -> None:
    from rich.text import Text

    frame.console().print(Text("\n" + frame.visible(text), style=style), soft_wrap=True)


def _lines(*texts: str) -> None:
    for text in texts:
        typer.echo(frame.visible(text))
