"""Measure Penstock.

scripts/bench infer --json infer.json
"""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmarks import infer as infer_bench
from scripts.benchmarks import memory as memory_bench

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
    figures = infer_bench.measure(config, requests, seconds)
    infer_bench.show(figures)
    if json:
        json.write_text(figures.model_dump_json(indent=2) + "\n", encoding="utf-8")


@app.command()
def memory(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, too.")] = None,
    models_dir: Annotated[Path, typer.Option(help="Where the bundles lie.")] = Path("models"),
) -> None:
    """Each bundle in a process of its own: resident memory and time to open."""
    opened = memory_bench.measure(models_dir)
    memory_bench.show(opened)
    if json:
        rows = [one.model_dump() for one in opened]
        json.write_text(json_module.dumps(rows, indent=2) + "\n", encoding="utf-8")


app()
