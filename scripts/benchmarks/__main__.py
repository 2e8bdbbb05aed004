"""Measure Penstock.

scripts/bench infer --json infer.json
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmarks.infer import measure, show

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def bench() -> None:
    """Measure the server and its parts; machines are noisy, so compare within one run only."""


@app.command()
def infer(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, too.")] = None,
    requests: Annotated[int, typer.Option(help="Requests of the single client.")] = 100,
    seconds: Annotated[float, typer.Option(help="How long 16 clients ask.")] = 15.0,
    config: Annotated[Path, typer.Option(help="Settings of the server.")] = Path("penstock.toml"),
) -> None:
    """POST /infer through the chain of the settings: latency, throughput, time per stage, memory."""
    figures = measure(config, requests, seconds)
    show(figures)
    if json:
        json.write_text(figures.model_dump_json(indent=2) + "\n", encoding="utf-8")


app()
