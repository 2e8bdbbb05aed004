"""Try filters on a text without asking a model: what each finds, and what the chain makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from time import perf_counter

from app.answer import readable
from app.chain.chain import Chain, StageRun
from app.chain.instance import Instance
from app.errors import DeadlineExceeded, PenstockError
from app.exchange import Action, Edit, Exchange, Message, Mode, Verdict
from filters import Context, Passage, Role, Stage


@dataclass(frozen=True, slots=True)
class Tried:
    """A text as it would come to a stage."""

    stage: Stage
    text: str
    """The last user message at the input, a passage at the stage `retrieval`, the whole completion at
    the output."""
    question: str = ""
    """What a completion or a passage answers."""
    passages: tuple[Passage, ...] = ()
    """At the input those that came along, at the output those that the model read."""
    instructions: tuple[str, ...] = ()
    """The system messages."""

    @property
    def passage_starts(self) -> list[int]:
        """Where each passage begins for ranges at the input, as in an exchange."""
        asked = Exchange((Message("user", self.text),), model="", passages=self.passages)
        return asked.passage_starts

    @property
    def context(self) -> Context:
        """What filters may know beside the text."""
        asked = self.text if self.stage is Stage.INPUT else self.question
        passages = tuple(replace(p, text=readable(p.text)) for p in self.passages)
        if self.stage is Stage.RETRIEVAL:
            passages = (Passage("1", readable(self.text), "passage 1"),)
        instructions = tuple(map(readable, self.instructions))
        return Context(self.stage, readable(asked), passages, instructions=instructions)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one instance found, and what the chain made of it."""

    instance: Instance
    alone: Verdict | None
    """All that it finds in the text as it came, also below its threshold, with the time it took;
    None if there was nothing for it to judge."""
    in_chain: Verdict | None
    """None if the chain never asked it: the text was blocked before."""

    @property
    def action(self) -> Action | None:
        """What the chain did; None if it was not asked."""
        return self.in_chain.action if self.in_chain else None


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a text at a stage."""

    tried: Tried
    measured: tuple[Measured, ...]
    released: str
    """The text that goes on; of a blocked one what would have been streamed before the block."""
    edits: tuple[Edit, ...]
    blocked_by: str | None = None
    """The id of the instance that found it unfit."""
    failure: PenstockError | None = None
    """Set where a filter that fails closed broke."""
    passages_found: tuple[Passage, ...] = ()
    took_ms: float = 0.0
    """How long the whole stage took, its filters side by side."""

    @property
    def outcome(self) -> str:
        """`blocked`, `failed`, `rewritten` or `completed`, as an exchange would end."""
        if self.failure:
            return "failed"
        if self.blocked_by:
            return "blocked"
        return "rewritten" if self.edits else "completed"


async def try_chain(chain: Chain, tried: Tried, limit_s: float) -> Trial:
    """Lead a text through a stage, then ask each of its filters alone.

    Raises:
        DeadlineExceeded: all of it took longer than `limit_s`.
    """
    try:
        with chain.lease():
            async with asyncio.timeout(limit_s):
                trial = await _through(chain, tried, limit_s)
                measured = [
                    replace(one, alone=await measure(one.instance, tried)) for one in trial.measured
                ]
    except TimeoutError as error:
        raise DeadlineExceeded from error
    return replace(trial, measured=tuple(measured))


async def measure(instance: Instance, tried: Tried) -> Verdict | None:
    """Return all that one instance finds, whatever its threshold, mode and action.

    The verdict's action is `flag` where anything was found at all, and `error` where the filter
    broke.
    """
    everything = {"threshold": 0.0, "action": "flag", "mode": Mode.ENFORCE}
    entry = instance.entry.model_copy(
        update={**everything, "on_error": "open", "on_timeout": "open"}
    )
    alone = copy(instance)  # the same filter, with its process and its circuit breaker if any
    alone.entry = entry
    run = Chain([alone]).stage(tried.stage)
    await _feed(run, tried)
    return next(iter(run.verdicts), None)


async def _through(chain: Chain, tried: Tried, limit_s: float) -> Trial:
    run, started = chain.stage(tried.stage), perf_counter()
    fate = await _feed(run, tried)
    took_ms = (perf_counter() - started) * 1_000
    await run.run_shadows(asyncio.get_running_loop().time() + limit_s)
    verdicts = {verdict.id: verdict for verdict in run.verdicts}
    asked = [i for i in chain.instances if i.stage is tried.stage]
    return Trial(
        tried=tried,
        measured=tuple(Measured(i, None, verdicts.get(i.id)) for i in asked),
        released=fate.released,
        edits=run.edits,
        blocked_by=fate.blocked_by,
        failure=fate.failure,
        passages_found=run.passages,
        took_ms=took_ms,
    )


@dataclass(slots=True)
class _Fate:
    released: str = ""
    blocked_by: str | None = None
    failure: PenstockError | None = field(default=None)


async def _feed(run: StageRun, tried: Tried) -> _Fate:
    """Give the stage the text, then at the input the passages, until something stops it."""
    fate = _Fate()
    for number, (text, base) in enumerate(_texts(tried)):
        context = replace(tried.context, role=Role.PASSAGE) if number else tried.context
        one = run.text(context, base, is_beside=number > 0)
        released = await one.feed(readable(text), last=True)
        fate.released = fate.released if number else released
        if one.stopped:
            fate.blocked_by = one.blocked_by.id if one.blocked_by else None
            fate.failure = one.failure
            break
    return fate


def _texts(tried: Tried) -> Iterable[tuple[str, int]]:
    """Yield the texts that the stage judges, each with the place where it begins."""
    yield tried.text, 0
    if tried.stage is Stage.INPUT:
        for passage, base in zip(tried.passages, tried.passage_starts, strict=True):
            yield passage.text, base
