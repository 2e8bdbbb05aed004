"""Measure Penstock.

scripts/bench infer --json infer.json
scripts/bench peers install
scripts/bench engine --quick --json engine.json
scripts/bench chain --quick --json chain.json
scripts/bench rules --json rules.json
scripts/bench keyword --json keyword.json
"""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from scripts.benchmarks import infer as infer_bench
from scripts.benchmarks import memory as memory_bench

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def bench() -> None:
    """Measure the server and its parts; machines are noisy, so compare within one run only."""


def _write(file: Path | None, figures: BaseModel) -> None:
    if file:
        file.write_text(figures.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _write_rows(file: Path | None, rows: Sequence[BaseModel]) -> None:
    if file:
        values = [row.model_dump() for row in rows]
        file.write_text(json_module.dumps(values, indent=2) + "\n", encoding="utf-8")


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
    _write(json, figures)


@app.command()
def memory(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, too.")] = None,
    models_dir: Annotated[Path, typer.Option(help="Where the bundles lie.")] = Path("models"),
) -> None:
    """Each bundle in a process of its own: resident memory and time to open."""
    opened = memory_bench.measure(models_dir)
    memory_bench.show(opened)
    _write_rows(json, opened)


@app.command()
def engine(  # noqa: PLR0913  each option may be wanted alone
    quick: Annotated[bool, typer.Option("--quick", help="Ends within ten minutes.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write a row for each measurement.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw tokens per second as SVG; beside it a table as .md.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="m15 or m135; more than once.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help='Engines: "penstock int8", "llama.cpp"; repeatable.')
    ] = None,
    concurrency: Annotated[list[int] | None, typer.Option(help="Requests at once.")] = None,
    prompt_tokens: Annotated[list[int] | None, typer.Option(help="64 or 1024.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 3,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin nothing after that.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="For each engine; 0 is one a core.")] = 0,
    spin_us: Annotated[
        int | None, typer.Option(min=0, help="Our engine with that runtime.spin_us.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the models are kept.")] = Path("var/bench"),
) -> None:
    """Our engine beside those of others: random weights, the same prompts and threads, in turns."""
    from scripts.benchmarks.engines import comparing  # torch is slow to import

    wishes = comparing.Wishes(
        is_quick=quick,
        models=model or (),
        engines=only or (),
        concurrency=concurrency or (),
        prompt_tokens=prompt_tokens or (),
        rounds=rounds,
        minutes=minutes,
        threads=threads,
        spin_us=spin_us,
    )
    try:
        outcome = comparing.compare(wishes, folder)
    except comparing.NothingToMeasure as error:
        raise typer.BadParameter(str(error)) from error
    comparing.report(outcome, wishes, json, picture)


@app.command()
def rules(
    name: Annotated[
        list[str] | None, typer.Argument(help="Filters; all unless some are named.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write a row for each filter and text.")] = None,
) -> None:
    """Each rule filter on English and Chinese, and on texts made to be slow."""
    from scripts.benchmarks import rules as rules_bench

    timed = rules_bench.measure(tuple(name or ()))
    rules_bench.show(timed)
    _write_rows(json, timed)


@app.command()
def keyword(
    words: Annotated[int, typer.Option(min=1_000, help="Words and phrases of a list.")] = 100_000,
    json: Annotated[Path | None, typer.Option(help="Write a row for each list.")] = None,
) -> None:
    """Long lists of the keyword filter: time to load, memory, and how fast texts are searched."""
    from scripts.benchmarks import keyword as keyword_bench

    searched = keyword_bench.measure(words)
    keyword_bench.show(searched)
    _write_rows(json, searched)


class Case(StrEnum):
    """What guards are measured on."""

    RULES = "rules"
    SIX = "six"
    STREAM = "stream"
    CLASSIFIER = "classifier"


@app.command()
def chain(
    quick: Annotated[bool, typer.Option("--quick", help="Two minutes instead of eight.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write a row for each measurement.")] = None,
    case: Annotated[
        list[Case] | None, typer.Option(help="rules, six, stream or classifier; repeatable.")
    ] = None,
    models_dir: Annotated[Path, typer.Option(help="Where the bundles lie.")] = Path("models"),
) -> None:
    """Our chain beside the guards of others: the same rules, texts and classifier, in turns.

    The case `six` is ours alone: six filters by rule, and what the chain costs around them.
    """
    from rich.console import Console

    from scripts.benchmarks.guards import comparing

    outcome = comparing.compare(
        models_dir,
        cases=[one.value for one in case] if case else comparing.CASES,
        is_quick=quick,
        tell=Console(stderr=True).print,
    )
    comparing.report(outcome, json)


@app.command()
def http(  # noqa: PLR0913  each option may be wanted alone
    json: Annotated[Path | None, typer.Option(help="Write the figures there, too.")] = None,
    precision: Annotated[str, typer.Option(help="fp32, int8 or int4.")] = "int8",
    clients: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 3,
    spin_us: Annotated[int | None, typer.Option(min=0, help="With that runtime.spin_us.")] = None,
    guard_answers: Annotated[
        bool, typer.Option("--guard-answers", help="The rules judge what the model writes, too.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the models are kept.")] = Path("var/bench"),
) -> None:
    """The whole server, streaming through the default rule filters, beside its bare engine."""
    from scripts.benchmarks import http as http_bench
    from scripts.benchmarks.engines.process import Absent

    wave = http_bench.Wave(
        precision, clients, rounds=rounds, spin_us=spin_us, guards_answers=guard_answers
    )
    try:
        figures = http_bench.measure(wave, folder)
    except Absent as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    http_bench.show(figures)
    _write(json, figures)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0, help="How long clients come.")] = 30.0,
    precision: Annotated[str, typer.Option(help="fp32, int8 or int4.")] = "int8",
    json: Annotated[Path | None, typer.Option(help="Write the figures there, too.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the models are kept.")] = Path("var/bench"),
) -> None:
    """70 % load with clients that go away in the middle; fails if anything is left of them."""
    from scripts.benchmarks import soak as soak_bench

    soaked = soak_bench.soak(minutes, precision, folder)
    soak_bench.show(soaked)
    _write(json, soaked)
    if soaked.problems:
        raise typer.Exit(1)


peers = typer.Typer(no_args_is_help=True, help="Engines and guards of others.")
app.add_typer(peers, name="peers")


@peers.callback()
def _peers() -> None:
    """Engines and guards of others, in environments of their own."""


@peers.command("install")
def install_peers(
    llama_cpp: Annotated[
        bool, typer.Option("--llama-cpp", help="Build llama.cpp, too: 8 to 40 minutes.")
    ] = False,
    without_amx: Annotated[
        bool,
        typer.Option("--without-amx", help="Build it so: in some virtual machines it crashes."),
    ] = False,
    filters: Annotated[
        bool, typer.Option("--filters", help="Guards instead: llm-guard, NeMo Guardrails; 2 GB.")
    ] = False,
) -> None:
    """Install transformers and onnxruntime-genai, and llama.cpp if it is asked for."""
    from scripts.benchmarks.peers import install

    try:
        if filters:
            install.install_guards()
        else:
            install.install(llama_cpp=llama_cpp, without_amx=without_amx)
    except install.NotInstalled as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
