"""The story of one exchange: input filters, the model, output filters, the record.

The whole answer is the stream fed to its end, so both are equal by construction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from time import perf_counter
from typing import Protocol

import structlog

from app.answer import Answer
from app.chain.chain import Chain
from app.encoder import begin_memo
from app.engine import ChatMessage, Engine, Prompt, TokenLogprob
from app.errors import DeadlineExceeded, PenstockError
from app.exchange import Exchange, FinishReason, Outcome
from filters import Stage

log = structlog.get_logger(__name__)


class Records(Protocol):
    """Where exchanges are kept."""

    def check_room(self) -> None:
        """Raise RecorderFull if an exchange could not be kept."""

    async def record(self, exchange: Exchange) -> None:
        """Keep an exchange, as durably as the operator wants before its answer leaves.

        It is written before the first await, so a cancelled request is kept as well.
        """


class Engines(Protocol):
    """The engines by name."""

    def lease(self, name: str) -> AbstractContextManager[Engine]:
        """Give the engine behind a name; it stays open until the context ends.

        Raises:
            ModelNotFound: there is none.
        """


class Pipeline:
    """Leads exchanges through the chain and the model, and into the log."""

    def __init__(
        self,
        chain: Chain,
        engines: Engines,
        records: Records,
        request_s: float,
        shadow_s: float = 1.0,
    ) -> None:
        self._chain = chain
        self._engines = engines
        self._records = records
        self._request_s = request_s
        self._shadow_s = shadow_s

    @property
    def guards_output(self) -> bool:
        """Whether any filter may block or change what the models write."""
        return self._chain.guards(Stage.OUTPUT)

    @property
    def chain(self) -> Chain:
        """The chain that exchanges are led through."""
        return self._chain

    async def run(self, exchange: Exchange, tokens: list[TokenLogprob] | None = None) -> None:
        """Fill in everything the exchange lacks, and record it.

        Args:
            exchange: what is asked.
            tokens: takes the written tokens, if the exchange asks for log-probabilities; they
                are not judged, so see that a client gets none whose text was not released.

        Raises:
            PenstockError: the exchange failed; it is recorded as such.
        """
        async with aclosing(self.stream(exchange, tokens)) as released:
            async for _ in released:
                pass

    async def stream(
        self, exchange: Exchange, tokens: list[TokenLogprob] | None = None
    ) -> AsyncGenerator[str, None]:
        """Yield the completion as it is released; afterwards the exchange is complete and kept.

        Close the generator to cancel the work; the exchange is then recorded as cancelled, or as
        failed if `exchange.error_code` already says why the server itself cut it off.
        `tokens` as in `run`; it grows before the text is released.

        Raises:
            PenstockError: the exchange failed; it is recorded as such.
        """
        begin_memo()
        with self._engines.lease(exchange.model) as engine, self._chain.lease():
            async with aclosing(self._lead(exchange, engine, tokens)) as released:
                async for text in released:
                    yield text

    async def _lead(
        self, exchange: Exchange, engine: Engine, tokens: list[TokenLogprob] | None
    ) -> AsyncGenerator[str, None]:
        self._records.check_room()
        exchange.model, exchange.model_version = engine.name, engine.version
        answer = Answer(exchange, engine, self._chain, tokens)
        started = perf_counter()
        try:
            messages = tuple(ChatMessage(m.role, m.content) for m in exchange.messages)
            await engine.check(Prompt(messages, is_raw=exchange.is_raw))
            async with aclosing(self._work(answer)) as released:
                async for text in released:
                    yield text
        except (asyncio.CancelledError, GeneratorExit):
            _cut_off(exchange)
            raise
        except PenstockError as error:
            _end(exchange, Outcome.FAILED, FinishReason.ERROR, error.code)
            raise
        except Exception as error:
            _end(exchange, Outcome.FAILED, FinishReason.ERROR, PenstockError.code)
            log.exception("exchange_failed", exchange=str(exchange.id))
            raise PenstockError from error
        else:
            exchange.error_code = None  # what came too late to cut it off
        finally:
            answer.settle()
            exchange.timings_ms["total"] = (perf_counter() - started) * 1_000
            await self._record(exchange)

    async def _record(self, exchange: Exchange) -> None:
        started = perf_counter()
        await self._records.record(exchange)
        exchange.timings_ms["record"] = (perf_counter() - started) * 1_000

    async def _work(self, answer: Answer) -> AsyncGenerator[str, None]:
        """Yield what is released; then let the shadow filters measure in the time that is left."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._request_s
        async with aclosing(_until(answer.stream(), deadline)) as released:
            async for text in released:
                yield text
        await answer.run_shadows(min(deadline, clock() + self._shadow_s))


def _end(
    exchange: Exchange, outcome: Outcome, reason: FinishReason, code: str | None = None
) -> None:
    exchange.outcome, exchange.finish_reason, exchange.error_code = outcome, reason, code


def _cut_off(exchange: Exchange) -> None:
    if exchange.error_code:
        _end(exchange, Outcome.FAILED, FinishReason.ERROR, exchange.error_code)
    else:
        _end(exchange, Outcome.CANCELLED, FinishReason.CANCELLED)


async def _until(stream: AsyncGenerator[str, None], deadline: float) -> AsyncGenerator[str, None]:
    """Pass a stream on until its time is over; the reader's own time counts too."""
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    text = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise DeadlineExceeded from error
            yield text
