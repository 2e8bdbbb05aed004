"""Whether the engine says the same on a GPU as on a CPU, among others, and from recorded steps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import numpy as np

from app.bundles import Bundle
from app.engine import ChatMessage, Engine, Prompt, SamplingParameters
from app.engine.graphs.opening import open_decoder
from app.engine.opening import open_engine
from app.runtime import RecordingGraph
from app.settings import RuntimeSettings
from scripts.benchmarks.engines.prompts import Prompts
from scripts.benchmarks.gpu_checks import Check

NUM_TEXTS = 8
TEXT_TOKENS = 96
ALIKE_TOKENS = 16
GPU = RuntimeSettings(provider="cuda")
EAGER = RuntimeSettings(provider="cuda", cuda_graphs="off")
CPU = RuntimeSettings(provider="cpu")
ON_CPU = frozenset({"fp16"})
"""Precisions that a CPU knows as well."""


def checks(precision: str, bundle: Bundle, prompts: Prompts) -> Iterator[Check]:
    """Yield where the model lies, and what it says in different company.

    Raises:
        StartupError: there is no GPU.
    """
    yield from _places(precision, bundle)
    texts = [one.text for one in prompts.make(NUM_TEXTS, TEXT_TOKENS, seed=3)]
    alone, together = said(bundle, GPU, texts)
    yield same(f"{precision}: batched and alone", together, alone, least=NUM_TEXTS // 2)
    eager, _ = said(bundle, EAGER, texts)
    yield same(f"{precision}: CUDA graphs on and off", alone, eager, least=NUM_TEXTS)
    if precision in ON_CPU:
        # With 16 bits a tie of random weights may fall either way.
        yield same(f"{precision}: CPU and CUDA", alone, said(bundle, CPU, texts)[0], least=1)


def _places(precision: str, bundle: Bundle) -> Iterator[Check]:
    graph, layout = open_decoder(bundle, GPU)
    buffer = graph.allocate((1, layout.num_kv_heads, 64, layout.head_dim), layout.kv_dtype)
    records = isinstance(graph, RecordingGraph)
    yield Check(f"{precision}: provider", "cuda" if graph.is_on_gpu else "cpu", graph.is_on_gpu)
    yield Check(f"{precision}: keys and values", buffer.device, buffer.device == "cuda")
    yield Check(f"{precision}: cache", f"{layout.cache.value}, {np.dtype(layout.kv_dtype)}", None)
    yield Check(f"{precision}: CUDA graphs", "possible" if records else "refused", records)


def same(name: str, one: Sequence[str], other: Sequence[str], least: int) -> Check:
    """Compare texts; well if at least so many are equal."""
    number = sum(first == second for first, second in zip(one, other, strict=True))
    found = f"{number} of {len(one)} begin with the same {ALIKE_TOKENS} tokens"
    return Check(name, found, number >= least, {"same": number, "of": len(one)})


def said(
    bundle: Bundle, settings: RuntimeSettings, texts: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the greedy beginnings of what follows each text, alone and all at once."""
    return asyncio.run(_said(bundle, settings, texts))


async def _said(
    bundle: Bundle, settings: RuntimeSettings, texts: Sequence[str]
) -> tuple[list[str], list[str]]:
    engine = await open_engine(bundle, settings, None)
    try:
        alone = [await _complete(engine, text) for text in texts]
        together = await asyncio.gather(*(_complete(engine, text) for text in texts))
    finally:
        await engine.close()
    return alone, list(together)


async def _complete(engine: Engine, text: str) -> str:
    parameters = SamplingParameters(max_tokens=ALIKE_TOKENS)
    prompt = Prompt((ChatMessage("user", text),), parameters=parameters)
    return "".join([delta.text async for delta in engine.stream(prompt)])
