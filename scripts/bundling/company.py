"""The gate of neighbours: a text alone and among others must be written the same, to the last bit."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from app.bundles import Bundle
from app.engine import ChatMessage, Engine, Prompt, SamplingParameters, TokenLogprob
from app.engine.opening import open_engine
from app.settings import RuntimeSettings
from scripts.bundling.parity import GateRefused

TOKENS = 12
SHOWN = 4
"""Most probable tokens whose logarithms are compared, each number by number."""
PROMPTS = (
    "Hello",
    "What does the gate hold back, and when was it built?",
    "Count from one to twenty. " * 4,
    "One word: water.",
    "Tell me how a turbine works. Begin with the river, go on with the pipe, end with the grid.",
)
Said = list[TokenLogprob]


def check(bundle: Bundle, settings: RuntimeSettings) -> None:
    """Let the engine write some texts alone and together, greedily.

    Raises:
        GateRefused: a text is another among its neighbours.
    """
    alone, together = asyncio.run(_both(bundle, settings))
    for prompt, one, other in zip(PROMPTS, alone, together, strict=True):
        if one != other:
            raise GateRefused(f"beside others, {prompt[:20]!r} is continued in another way")


async def _both(bundle: Bundle, settings: RuntimeSettings) -> tuple[list[Said], list[Said]]:
    engine = await open_engine(bundle, settings, None)
    try:
        alone = [await _written(engine, prompt) for prompt in PROMPTS]
        together = await asyncio.gather(*(_written(engine, prompt) for prompt in PROMPTS))
        return alone, list(together)
    finally:
        await engine.close()


async def _written(engine: Engine, text: str) -> Said:
    parameters = SamplingParameters(max_tokens=TOKENS, min_tokens=TOKENS, logprobs=SHOWN)
    prompt = Prompt((ChatMessage("user", text),), parameters=parameters)
    said: Said = []
    async with aclosing(engine.stream(prompt)) as deltas:
        async for delta in deltas:
            said += delta.logprobs
    return said
