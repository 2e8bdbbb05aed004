"""Judge texts for those whose model is elsewhere.

The pipeline does what it always does, with a given text in the model's place: the same filters,
deadlines and shadows, and the same log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from app.answer import readable
from app.chain.chain import Chain
from app.chain.instance import Instance
from app.engine import Delta, Engine, Prompt, Task
from app.errors import Overloaded
from app.exchange import Action, Exchange, Mode, Verdict
from app.pipeline import Pipeline, Records
from filters import Stage

ELSEWHERE = "(elsewhere)"
"""The model's name in the log and the metrics; no bundle can be called so."""
SIDE_BY_SIDE = 8
"""Texts of one request in work at once; more would crowd out other requests."""

_FOUND = frozenset({Action.FLAG, Action.REWRITE, Action.BLOCK})


@dataclass(frozen=True, slots=True)
class Check:
    """What one stage of the chain is to judge."""

    exchange: Exchange
    """With the prompt, which is judged at the stage `input` and known to the filters at the others, and
    the passages, which are judged at the stages `input` and `retrieval`."""
    stage: Stage
    written: str = ""
    """What the model wrote, judged at the stage `output`."""
    instances: frozenset[str] | None = None
    """Ids of those that judge it; None lets all of the stage."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A finished check; its exchange tells the rest."""

    exchange: Exchange
    messages: tuple[str, ...]
    """The prompt's messages as a model may read them; none if a filter blocked one."""

    @property
    def found(self) -> list[Verdict]:
        """The verdicts that count and are not `allow`; a broken filter says nothing of the text."""
        verdicts = self.exchange.verdicts
        return [v for v in verdicts if v.mode is Mode.ENFORCE and v.action in _FOUND]

    @property
    def blocked_by(self) -> Verdict | None:
        """The verdict that ended the text."""
        return next((v for v in self.found if v.action is Action.BLOCK), None)


class Checker:
    """Leads checks through the chain and into the log.

    Args:
        chain: whose filters judge.
        records: where the exchanges are kept.
        request_s: the deadline of one text.
        shadow_s: how long a text waits for shadow filters.
        at_once: texts of all requests in work at once; more would overfill the models' queues.
    """

    def __init__(
        self,
        chain: Chain,
        records: Records,
        request_s: float,
        shadow_s: float = 1.0,
        at_once: int = 64,
    ) -> None:
        self._chain = chain
        self._records = records
        self._request_s = request_s
        self._shadow_s = shadow_s
        self._places = asyncio.Semaphore(at_once)

    @property
    def instances(self) -> Sequence[Instance]:
        """All filter instances that may be asked for."""
        return self._chain.instances

    async def run(self, check: Check) -> Checked:
        """Judge one text and record its exchange; see `run_all`."""
        [checked] = await self.run_all([check])
        return checked

    async def run_all(self, checks: Sequence[Check]) -> list[Checked]:
        """Judge texts by one chain, some of them side by side; the first failure ends the others.

        Raises:
            PenstockError: one of them could not be judged; its exchange is recorded as failed.
            Overloaded: the chain was read anew since the instances were chosen; nothing is recorded.
        """
        with self._chain.lease():
            chosen = [(check, self._chosen(check)) for check in checks]
            if len(chosen) == 1:
                return [await self._judge(*chosen[0])]
            return await self._judge_all(chosen)

    async def _judge_all(self, chosen: Sequence[tuple[Check, Chain]]) -> list[Checked]:
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def judge(check: Check, chain: Chain) -> Checked:
            async with places:
                return await self._judge(check, chain)

        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(judge(*one)) for one in chosen]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in running]

    async def _judge(self, check: Check, chain: Chain) -> Checked:
        author = _Author(check.written)
        pipeline = Pipeline(chain, author, self._records, self._request_s, self._shadow_s)
        async with self._places:
            await pipeline.run(check.exchange)
        return Checked(check.exchange, author.read)

    def _chosen(self, check: Check) -> Chain:
        """Return the chain of those that judge; what others would conceal is not recorded at all."""
        every = self._chain.instances
        if check.instances is not None and not check.instances <= {one.id for one in every}:
            raise Overloaded("The chain was read anew while this was judged. Try again.")
        chosen = [one for one in every if _judges(one, check)]
        return Chain(chosen, {one.stage for one in every if one.conceals and one not in chosen})


def _judges(instance: Instance, check: Check) -> bool:
    wanted = check.instances is None or instance.id in check.instances
    return wanted and instance.stage is check.stage


class _Author:
    """Stands where a model would: reads the prompt, and has written its text already."""

    name = ELSEWHERE
    version = ""
    task = Task.TEXT_GENERATION
    is_alive = True
    num_waiting = 0

    def __init__(self, written: str) -> None:
        self._written = written
        self.read: tuple[str, ...] = ()

    def lease(self, name: str) -> AbstractContextManager[Engine]:
        """Give itself, whatever the name."""
        return nullcontext(self)

    async def check(self, prompt: Prompt) -> None:
        """Take any prompt."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Keep what the filters made of the prompt, and yield the text."""
        self.read = tuple(message.content for message in prompt.messages)
        yield Delta(readable(self._written), finish_reason="stop")

    async def close(self) -> None:
        """Hold nothing that could be released."""
