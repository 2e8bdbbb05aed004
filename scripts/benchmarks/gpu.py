"""The engine on an NVIDIA GPU: where it runs, whether it says the same, how fast it is.

scripts/bench_gpu.sh
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from app.bundles import Bundle, load_bundle
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.graphs import DecoderLayout
from app.engine.graphs.opening import open_decoder
from app.engine.opening import open_engine
from app.errors import StartupError
from app.runtime import Graph
from app.settings import RuntimeSettings
from scripts.benchmarks.engines.contenders import Contender
from scripts.benchmarks.engines.measuring import Load, row_of
from scripts.benchmarks.engines.models import VERSION, Models
from scripts.benchmarks.engines.process import Absent, Process
from scripts.benchmarks.engines.prompts import Prompts

MODEL = "m135"
PRECISIONS = {"fp32": 32, "fp16": 16}
CONCURRENCY = (1, 2, 4, 8, 16, 32)
BANDWIDTH = 4.8e12
"""Bytes a second that an H200 reads, by its data sheet; only for the column `limit`."""
ALIKE_TOKENS = 16
CHECKED = 4
NO_GPU = "There is no NVIDIA GPU that ONNX Runtime can use here: nothing was measured."
NO_TESTS = 5
"""pytest's exit status."""
OWN_MODULE = "scripts.benchmarks.engines.own"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    name: str
    found: str
    is_well: bool | None
    """None says that nothing was judged."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("prepare", "run"), default="run")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"))
    options = parser.parse_args(arguments)
    console = Console()
    models = Models(options.folder, console.log)
    try:
        bundles = {name: models.path(contender(name), MODEL) for name in PRECISIONS}
    except Absent as error:
        console.print(f"The models could not be made: {error}")
        return 1
    if options.what == "prepare":
        console.print(f"the models are in {options.folder}")
        return 0
    checks = run(bundles, models.prompts(MODEL))
    if not checks:
        console.print(NO_GPU)
        return 3
    console.print(_table(checks))
    return 1 if any(check.is_well is False for check in checks) else 0


def contender(precision: str) -> Contender:
    """Return our engine in a precision for GPUs."""
    bits = PRECISIONS[precision]
    return Contender("penstock", precision, bits, bits, bits // 8, "bundle", OWN_MODULE)


def run(bundles: dict[str, Path], prompts: Prompts) -> list[Check]:
    """Return what was found; nothing where there is no GPU."""
    checks = []
    for precision, path in bundles.items():
        bundle = load_bundle(path.parent.parent, f"{path.parent.name}@{VERSION}")
        try:
            graph, layout = open_decoder(bundle, RuntimeSettings(provider="cuda"))
        except StartupError:
            return []
        checks += [*_memory(precision, graph, layout), _parity(precision, bundle, prompts)]
        del graph
        checks += _speeds(precision, path, prompts)
    checks.append(Check("decode with a CUDA graph", "the engine makes none", None))
    checks.append(_tests())
    return checks


def _memory(precision: str, graph: Graph, layout: DecoderLayout) -> list[Check]:
    buffer = graph.allocate((1, layout.num_kv_heads, 64, layout.head_dim), layout.kv_dtype)
    provider = "cuda" if graph.is_on_gpu else "cpu"
    return [
        Check(f"{precision}: provider", provider, graph.is_on_gpu),
        Check(f"{precision}: keys and values", buffer.device, buffer.device == "cuda"),
        Check(f"{precision}: cache", f"{layout.cache.value}, {np.dtype(layout.kv_dtype)}", None),
    ]


def _parity(precision: str, bundle: Bundle, prompts: Prompts) -> Check:
    """Compare the beginnings of greedy completions on both providers."""
    texts = [one.text for one in prompts.make(CHECKED, 96, seed=3)]
    said = {
        provider: asyncio.run(
            _complete(bundle, RuntimeSettings.model_validate({"provider": provider}), texts)
        )
        for provider in ("cpu", "cuda")
    }
    same = sum(one == other for one, other in zip(said["cpu"], said["cuda"], strict=True))
    found = f"{same} of {CHECKED} begin with the same {ALIKE_TOKENS} tokens"
    # With 16 bits a tie of random weights may fall either way.
    return Check(
        f"{precision}: CPU and CUDA", found, same >= (CHECKED if precision == "fp32" else 1)
    )


async def _complete(bundle: Bundle, settings: RuntimeSettings, texts: Sequence[str]) -> list[str]:
    engine = await open_engine(bundle, settings, None)
    parameters = SamplingParameters(max_tokens=ALIKE_TOKENS, min_tokens=ALIKE_TOKENS)
    try:
        return [
            "".join(
                [
                    delta.text
                    async for delta in engine.stream(
                        Prompt((ChatMessage("user", text),), parameters=parameters)
                    )
                ]
            )
            for text in texts
        ]
    finally:
        await engine.close()


def _speeds(precision: str, path: Path, prompts: Prompts) -> list[Check]:
    checks = []
    with Process(contender(precision), path, 0, provider="cuda") as process:
        process.write(prompts.make(2, 64, seed=0), 8)
        for number in CONCURRENCY:
            load = Load(MODEL, 64, 128, number)
            written = process.write(prompts.make(number, 64, seed=number), load.new_tokens)
            row = row_of(process.contender, load, written, BANDWIDTH)
            found = (
                f"{row.tokens_per_s:,.0f} tokens/s, first {row.ttft_ms:.0f} ms, "
                f"step {row.itl_p50_ms:.2f} ms (p99 {row.itl_p99_ms:.2f})"
            )
            checks.append(Check(f"{precision}: {number} at once", found, None))
    return checks


def _tests() -> Check:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = (done.stdout.strip().splitlines() or ["nothing said"])[-1]
    # Where no test is marked there is nothing to judge.
    is_well = None if done.returncode == NO_TESTS else done.returncode == 0
    return Check("tests marked gpu", last, is_well)


def _table(checks: Sequence[Check]) -> Table:
    words = {True: "well", False: "NOT WELL", None: ""}
    table = Table("check", "found", "")
    for check in checks:
        table.add_row(check.name, check.found, words[check.is_well])
    return table


if __name__ == "__main__":
    sys.exit(main())
