"""How fast the engine writes on a GPU, beside transformers on the same one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from scripts.benchmarks.engines.contenders import PEER_PYTHON, Contender
from scripts.benchmarks.engines.measuring import Load, row_of
from scripts.benchmarks.engines.process import Absent, Place, Process
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.gpu_checks import Check

PRECISIONS = ("fp16",)
CUDA_GRAPHS = ("auto", "off")
CONCURRENCY = (1, 4, 16, 32)
MODEL = "m135"
PROMPT_TOKENS, NEW_TOKENS = 64, 128
BITS = 16
BANDWIDTH = 4.8e12
"""Bytes a second that an H200 reads, by its data sheet; only for `limit_share`."""
PROVIDER = "cuda"
PATIENCE_S = 60.0
"""So that one slow load cannot take all the time."""
PEER = Contender(
    "transformers generate",
    "fp16",
    BITS,
    BITS,
    BITS // 8,
    "checkpoint",
    "scripts.benchmarks.peers.transformers_generate",
)


def own(precision: str) -> Contender:
    """Return our engine in a precision for GPUs."""
    module = "scripts.benchmarks.engines.own"
    return Contender("penstock", precision, BITS, BITS, BITS // 8, "bundle", module)


def checks(
    contender: Contender, model: Path, prompts: Prompts, cuda_graphs: str = "auto"
) -> Iterator[Check]:
    """Yield one line for each number of requests at once; one that says why if there are none."""
    name = contender.name
    if contender.is_own:
        name += ", CUDA graphs on" if cuda_graphs == "auto" else ", CUDA graphs off"
    python = None if contender.is_own else peer_python()
    place = Place(PROVIDER, cuda_graphs, python)
    try:
        with Process(contender, model, 1, place=place, patience_s=PATIENCE_S) as process:
            for number in CONCURRENCY:
                yield _measured(process, name, number, prompts)
    except Absent as error:
        yield Check(name, f"not measured: {error}", False if contender.is_own else None)


def peer_python() -> Path:
    """Return whose transformers to run: the peers' own, or this environment's if it has any."""
    has_none = PEER_PYTHON.exists() or find_spec("transformers") is None
    return PEER_PYTHON if has_none else Path(sys.executable)


def _measured(process: Process, name: str, number: int, prompts: Prompts) -> Check:
    load = Load(MODEL, PROMPT_TOKENS, NEW_TOKENS, number)
    # The first time records, and takes memory.
    process.write(prompts.make(number, PROMPT_TOKENS, seed=number), NEW_TOKENS)
    asked = prompts.make(number, PROMPT_TOKENS, seed=100 + number)
    row = row_of(process.contender, load, process.write(asked, NEW_TOKENS), BANDWIDTH)
    found = (
        f"{row.tokens_per_s:,.0f} tokens/s, first {row.ttft_ms:.0f} ms, "
        f"step {row.itl_p50_ms:.2f} ms (p99 {row.itl_p99_ms:.2f})"
    )
    figures = {
        "concurrency": number,
        "tokens_per_s": row.tokens_per_s,
        "ttft_ms": row.ttft_ms,
        "itl_p50_ms": row.itl_p50_ms,
        "itl_p99_ms": row.itl_p99_ms,
    }
    return Check(f"{name}: {number} at once", found, None, figures)
