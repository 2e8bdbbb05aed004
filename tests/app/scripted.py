"""Engines and records that are small, real and under a test's control."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.chain.instance import Instance
from app.engine import Delta, Prompt, Task
from app.engine.served import ServedEngines
from app.errors import ChainNotLoaded, ModelInUse, ModelNotLoaded, NotFound
from app.exchange import Exchange
from app.routes.lineup import ModelState


class ScriptedEngine:
    """Writes the same pieces for every prompt, and remembers what it was asked."""

    name = "scripted"
    version = "1"
    task = Task.TEXT_GENERATION
    is_alive = True
    num_waiting = 0

    def __init__(
        self,
        pieces: Sequence[str | Delta | Exception],
        *,
        finish_reason: str | None = "stop",
        delay_s: float = 0.0,
        refuses: Exception | None = None,
    ) -> None:
        self.pieces = pieces
        self.finish_reason = finish_reason
        self.delay_s = delay_s
        self.refuses = refuses
        self.prompts: list[Prompt] = []
        self.closed = 0
        self.written = 0

    async def check(self, prompt: Prompt) -> None:
        if self.refuses:
            raise self.refuses

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        try:
            for piece in self.pieces:
                await asyncio.sleep(self.delay_s)
                if isinstance(piece, Exception):
                    raise piece
                self.written += 1
                yield Delta(piece) if isinstance(piece, str) else piece
            if self.finish_reason:
                yield Delta(
                    finish_reason=self.finish_reason,
                    prompt_tokens=3,
                    completion_tokens=len(self.pieces),
                )
        finally:
            self.closed += 1

    async def close(self) -> None:
        """Nothing to release."""


class LengthEmbedder:
    """Embeds a text by whether its length is even."""

    reference = "encoder@1"
    dimension = 2

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(2, dtype=np.float32)[[len(text) % 2 for text in texts]]

    async def num_tokens(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) for text in texts)


class FixedLineup:
    """Serves what it was given; nothing can be loaded, and what is loaded says who wanted it."""

    def __init__(self, engines: ServedEngines) -> None:
        self.engines = engines
        self.wanted: list[tuple[str, ...]] = []

    def states(self) -> list[ModelState]:
        return [
            ModelState(name, engine.version, engine.task, in_settings=True)
            for name in self.engines.names
            if (engine := self.engines.get(name))
        ]

    async def load(self, name: str, version: str | None, by: str) -> None:
        self.wanted.append(("load", name, version or "", by))
        if name != "scripted":
            raise NotFound

    async def unload(self, name: str, by: str) -> None:
        self.wanted.append(("unload", name, by))
        raise ModelInUse

    async def roll_back(self, name: str, by: str) -> None:
        self.wanted.append(("rollback", name, by))
        raise ModelNotLoaded("It is damaged.")


class FixedFilters:
    """A chain that is what it was given; reading it again fails if `problem` says why."""

    def __init__(self, instances: Sequence[Instance] = ()) -> None:
        self.instances = tuple(instances)
        self.problem = ""
        self.wanted: list[str] = []

    async def reload(self, by: str) -> list[str]:
        self.wanted.append(by)
        if self.problem:
            raise ChainNotLoaded(self.problem)
        return ["limits"]


class KeptRecords:
    """Keeps exchanges in a list; `full` makes it refuse."""

    def __init__(self, full: Exception | None = None) -> None:
        self.full = full
        self.exchanges: list[Exchange] = []

    def check_room(self) -> None:
        if self.full:
            raise self.full

    async def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
