"""Our engine in a process of its own; a child like those of the peers."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from app.bundles import load_bundle
from app.engine import ChatMessage, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.settings import RuntimeSettings
from scripts.benchmarks.peers.child import Asked, Clock, serve


class Own:
    """A bundle behind the engine as the server opens it; `model` is `models/<name>/<version>`."""

    def __init__(self, options: argparse.Namespace) -> None:
        settings = RuntimeSettings(
            provider=options.provider, threads=options.threads, cuda_graphs=options.cuda_graphs
        )
        if options.spin_us is not None:
            settings = settings.model_copy(update={"spin_us": options.spin_us})
        models, reference = options.model.parent.parent, options.model.parent.name
        bundle = load_bundle(models, f"{reference}@{options.model.name}")
        self._loop = asyncio.Runner()
        self._engine = self._loop.run(open_engine(bundle, settings, None))

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        self._loop.run(self._write(asked, new_tokens, clock))

    async def _write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(asked):
                group.create_task(self._write_one(number, one, new_tokens, clock))

    async def _write_one(self, number: int, one: Asked, new_tokens: int, clock: Clock) -> None:
        parameters = SamplingParameters(max_tokens=new_tokens, min_tokens=new_tokens)
        prompt = Prompt((ChatMessage("user", one.text),), parameters=parameters)
        async for delta in self._engine.stream(prompt):
            # Half a character is held back until the next token: some pieces hold two.
            if len(clock.times[number]) < new_tokens:
                clock.note(number)
            if delta.finish_reason:
                _check(delta.prompt_tokens, len(one.tokens), "tokens read")
                _check(delta.completion_tokens, new_tokens, "tokens written")


def _check(got: int, wanted: int, what: str) -> None:
    if got != wanted:
        raise RuntimeError(f"{got} {what} instead of {wanted}")


if __name__ == "__main__":
    serve(Own)
